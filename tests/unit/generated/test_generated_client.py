"""The generated package is a working async client by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from puretalk_generated import Client, UnexpectedContent, UnexpectedStatus
from puretalk_generated.api.calls import get_call
from puretalk_generated.models import Error, GetCallResponse
from puretalk_generated.spec import API_KEY, SERVER

KEY = "key-of-the-test-0123456789"
SECRET = "My dog is called Waldemar"
CALL = (
    b'{"msg":"Success","err":false,"results":{"call_id":"c-1","start_time":"2025-05-19T10:15:22Z",'
    b'"transcript":"My dog is called Waldemar","variables":["a"],"sentiment":null,"later":[1],'
    b'"call_analysis":{"post_analysis_data":[{"name":"n","value":123456789012345678901234567890}]}}}'
)

Handler = Callable[[httpx.Request], httpx.Response]


def respond(status: int = 200, content: bytes = CALL, seen: list[httpx.Request] | None = None) -> Handler:
    """A server that sends the same response to every request, and records the requests."""

    def handle(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        return httpx.Response(status, content=content)

    return handle


def key_in(request: httpx.Request) -> str | None:
    """The API key of a request, wherever the document wants it."""
    assert API_KEY is not None
    holder = request.url.params if API_KEY.location == "query" else request.headers
    return str(holder.get(API_KEY.name)).removeprefix(f"{API_KEY.scheme} ")


async def fetch(handler: Handler, call_id: str = "c-1", base_url: str = SERVER) -> GetCallResponse:
    """Fetch a call with the plain client; the server is a function."""
    http = httpx.AsyncClient(transport=httpx.MockTransport(handler))
    async with Client(api_key=KEY, http=http, base_url=base_url) as client:
        return await get_call.get_call(client, call_id)


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and those that it was raised from."""
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


async def test_call_arrives_as_models() -> None:
    """A documented response is decoded into nested models without rounding; an unknown property is ignored."""
    response = await fetch(respond())
    assert isinstance(response, GetCallResponse)
    assert response.err is False
    call = response.results
    assert call is not None
    assert (call.call_id, call.variables, call.sentiment, call.end_time) == ("c-1", ["a"], None, None)
    assert call.start_time == datetime(2025, 5, 19, 10, 15, 22, tzinfo=UTC)
    assert call.call_analysis is not None
    assert call.call_analysis.post_analysis_data is not None
    assert call.call_analysis.post_analysis_data[0].value == 123456789012345678901234567890


@pytest.mark.parametrize("base_url", [SERVER, "https://api.test/v2", "https://api.test/v2/"])
async def test_request_goes_to_the_server_with_the_key(base_url: str) -> None:
    """To that of the document by default; base URL and path are joined with one slash."""
    seen: list[httpx.Request] = []
    await fetch(respond(seen=seen), base_url=base_url)
    [request] = seen
    assert (request.method, str(request.url.copy_with(query=None))) == ("GET", f"{base_url.rstrip('/')}/calls/c-1")
    assert key_in(request) == KEY


async def test_default_pool_is_closed_with_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without ``http`` the client opens its own pool, sends the key through it, and closes it."""
    seen: list[httpx.Request] = []

    async def handle(self: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        return respond(seen=seen)(request)

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", handle)
    async with Client(api_key=KEY) as client:
        await get_call.get_call(client, "c-1")
    assert client.http.is_closed
    assert [key_in(request) for request in seen] == [KEY]


@pytest.mark.parametrize(
    ("status", "content", "parsed"),
    [
        (404, b'{"err":true,"msg":"No such call"}', Error(err=True, msg="No such call")),
        (404, b"<html>", None), (404, b"", None), (404, b'{"err":"yes"}', None),
        (404, CALL, Error(err=False, msg="Success")),
        (500, CALL, None), (302, b"", None), (206, CALL, None), (520, b"\xff", None),
    ],
)  # fmt: skip
async def test_other_status_is_an_error_that_does_not_quote_the_body(status: int, content: bytes, parsed: Any) -> None:
    """It has the status, the body, and what the document says of it, but neither message nor repr shows the body."""
    with pytest.raises(UnexpectedStatus, match=str(status)) as raised:
        await fetch(respond(status, content))
    if get_call.RESPONSES.match(status) is None:
        parsed = None  # the document no longer describes it
    assert (raised.value.status, raised.value.content, raised.value.parsed) == (status, content, parsed)
    assert SECRET not in f"{raised.value} {raised.value!r}"


@pytest.mark.parametrize(
    "content",
    [
        b"", b"<html>", b"[]", b"null", CALL[:-1], CALL + b"}", b"[" * 100_000, CALL.replace(b"Waldemar", b"\xff"),
        CALL.replace(b"2025-05-19T10:15:22Z", b"yesterday"), CALL.replace(b"10:15:22Z", b"10:15:22"),
        CALL.replace(b'"sentiment":null', b'"sentiment":"Waldemar"'),
        CALL.replace(b'"results":{', b'"results":{"transcript_object":{},'),
    ],
    ids=range(12),
)  # fmt: skip
async def test_undocumented_body_is_an_error_that_does_not_quote_it(content: bytes) -> None:
    """A body that does not match the document raises UnexpectedContent, which does not show the body."""
    with pytest.raises(UnexpectedContent) as raised:
        await fetch(respond(200, content))
    for error in chain(raised.value):
        assert "Waldemar" not in f"{error} {error!r}"
        assert SECRET[:9] not in f"{error} {error!r}"


async def test_no_repr_shows_the_key_or_personal_data() -> None:
    """The repr of the client does not show the key, and that of a model no text."""
    client = Client(api_key=KEY)
    assert KEY not in repr(client)
    await client.aclose()
    response = await fetch(respond())
    for shown in (repr(response), repr(response.results), str(response)):
        assert "Waldemar" not in shown
    assert "transcript=..." in repr(response.results)


CALL_IDS = [
    "a/b",
    "a b",
    "a?b=c",
    "a#b",
    "%2e%2e",
    "..%2f",
    "../agents",
    "a;b",
    "ü",
    "話",
    "a\\b",
    "+",
    "{call_id}",
    "...",
]


@pytest.mark.parametrize("call_id", CALL_IDS)
async def test_path_parameter_stays_one_segment(call_id: str) -> None:
    """Any path parameter reaches the server as one path segment that decodes to the same text."""
    seen: list[httpx.Request] = []
    await fetch(respond(seen=seen), call_id)
    [request] = seen
    *below, segment = request.url.raw_path.decode("ascii").partition("?")[0].split("/")
    assert below[-1] == "calls"
    assert unquote(segment) == call_id


@pytest.mark.parametrize("call_id", ["", ".", ".."])
async def test_path_parameter_that_changes_the_path_is_refused(call_id: str) -> None:
    """An empty text and the dot segments (RFC 3986, section 5.2.4) raise before anything is sent."""
    seen: list[httpx.Request] = []
    with pytest.raises(ValueError, match="path parameter"):
        await fetch(respond(seen=seen), call_id)
    assert seen == []


async def test_connection_error_is_not_wrapped() -> None:
    """The plain client raises the exception of httpx."""

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(httpx.ConnectError):
        await fetch(refuse)
