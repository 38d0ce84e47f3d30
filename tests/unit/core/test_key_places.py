"""The API key is sent where the document says, and shows nowhere; operations may have a server of their own."""

from __future__ import annotations

import base64

import httpx
import pytest
from attrs import evolve
from tests.support.canary import API_KEY
from tests.support.exposure import Exposures
from tests.support.transports import BASE_URL, Scripted, ScriptedTransport, Step
from tests.unit.core.senders import OPTIONS, REQUEST, RESPONSES, THING, Conventions, open_sender, outcome

from puretalk_client._core.pool import Pool
from puretalk_client._core.redaction import install_log_filters
from puretalk_client._core.sender import Sender
from puretalk_client._core.transports.httpx import ExternalTransport
from puretalk_generated.types import KeyPlace, Request

BASIC = base64.b64encode(f"{API_KEY}:".encode()).decode()
PLACES = [
    (KeyPlace("header", "X-KEY"), "x-key", API_KEY),
    (KeyPlace("header", "Authorization", "Bearer"), "authorization", f"Bearer {API_KEY}"),
    (KeyPlace("header", "Authorization", "Basic"), "authorization", f"Basic {BASIC}"),
    (KeyPlace("cookie", "session"), "cookie", f"session={API_KEY}"),
    (KeyPlace("query", "api_key"), "url", f"{BASE_URL}/things/1?api_key={API_KEY}"),
]


@pytest.mark.parametrize(("place", "header", "value"), PLACES, ids=range(len(PLACES)))
async def test_key_is_in_its_place_and_shows_nowhere(place: KeyPlace, header: str, value: str) -> None:
    """Not in a redirect, an error that repeats the request, a broken connection, a log or a repr."""
    failures: list[Step] = [
        Scripted(302, headers={"location": f"https://other.test/?key={API_KEY}"}),
        Scripted(400, f"bad: {value} {BASIC}".encode()),
        httpx.ReadError(f"broken: {value}"),
    ]
    install_log_filters()  # as a client does
    exposures = Exposures()
    for failure in failures:
        transport = ScriptedTransport(failure, THING)
        async with open_sender(transport, key_place=place, max_retries=0) as (sender, _):
            with exposures.capture_logs():
                exposures.inspect_result(await outcome(sender))
            exposures.inspect_result(sender.options)
        [sent] = transport.requests
        shown = {**sent.headers, "url": str(sent.url)}
        assert [name for name, text in shown.items() if API_KEY in text or BASIC in text] == [header]
        assert shown[header] == value
    assert exposures.of_key() == []
    exposed_basic = [text for _, text in exposures._texts if BASIC in text]
    assert exposed_basic == []


async def test_cookie_of_the_key_and_of_a_parameter_are_one_header() -> None:
    """A request must not have two (RFC 6265, section 5.4)."""
    transport = ScriptedTransport(THING)
    request = Request(method="GET", path="/", headers=(("Cookie", "theme=dark"),))
    async with open_sender(transport, key_place=KeyPlace("cookie", "session")) as (sender, _):
        await sender.send(request, RESPONSES)
    assert transport.requests[0].headers.get_list("cookie") == [f"session={API_KEY}; theme=dark"]


async def test_operation_may_need_no_key_or_have_it_elsewhere() -> None:
    """Then the usual place stays empty."""
    transport = ScriptedTransport(THING)
    async with open_sender(transport) as (sender, _):
        await sender.send(Request(method="GET", path="/", key=None), RESPONSES)
        await sender.send(Request(method="GET", path="/", key=KeyPlace("query", "k")), RESPONSES)
    without, elsewhere = transport.requests
    assert (API_KEY in str(without.headers.raw), API_KEY in str(elsewhere.headers.raw)) == (False, False)
    assert dict(elsewhere.url.params) == {"k": API_KEY}


@pytest.mark.parametrize(("accept", "sent"), [(None, "application/json"), ("audio/*", "audio/*")])
async def test_request_says_what_it_accepts(accept: str | None, sent: str) -> None:
    """JSON, unless the operation's responses are something else."""
    transport = ScriptedTransport(THING)
    async with open_sender(transport) as (sender, _):
        await sender.send(Request(method="GET", path="/", accept=accept), RESPONSES)
    assert transport.requests[0].headers.get_list("accept") == [sent]


@pytest.mark.parametrize("uses_servers", [True, False])
async def test_server_of_an_operation(uses_servers: bool) -> None:
    """It has a transport of its own, which is closed with the others; another base URL replaces it."""
    opened: list[str] = []
    usual, other = ScriptedTransport(THING), ScriptedTransport(THING)
    async with httpx.AsyncClient(transport=usual) as http, httpx.AsyncClient(transport=other) as http_of_other:

        def open_other(url: str) -> ExternalTransport:
            opened.append(url)
            return ExternalTransport(http_of_other, url)

        options = evolve(OPTIONS, uses_servers=uses_servers)
        sender = Sender(options, Pool(ExternalTransport(http, BASE_URL), 1, open_other), Conventions())
        for _ in range(2):
            await sender.send(Request(method="GET", path="/a", base_url="https://files.test"), RESPONSES)
        await sender.send(REQUEST, RESPONSES)
        await sender.aclose()
    urls = [str(request.url) for request in (*other.requests, *usual.requests)]
    own = "https://files.test/a" if uses_servers else f"{BASE_URL}/a"
    assert urls == [own, own, f"{BASE_URL}/things/1"]
    assert opened == (["https://files.test"] if uses_servers else [])
