"""AsyncPuretalk: options, attributes, closing, and its use as a sender of generated operations."""

from __future__ import annotations

import copy
import pickle
import ssl
import subprocess
import sys
from collections.abc import Callable
from typing import Any
from unittest.mock import create_autospec

import httpx
import pytest
from tests.support.canary import API_KEY
from tests.support.exposure import Exposures
from tests.support.key import sent_keys
from tests.support.transports import Scripted, ScriptedTransport, client_over, envelope

import puretalk_generated
from puretalk_client import (
    APIStatusError,
    AsyncPuretalk,
    Call,
    CallsResource,
    ConfigurationError,
    Drift,
    NotFoundError,
    ResponseDecodeError,
    ResponseTooLargeError,
)
from puretalk_generated.api.calls import get_call
from puretalk_generated.models import GetCallResponse
from puretalk_generated.spec import SERVER

CALL = envelope({"call_id": "c-1", "status": "completed"})
SETTINGS = {
    "base_url": "https://api.test", "timeout": 5.0, "max_retries": 1, "max_connections": 3, "max_response_bytes": 4096,
}  # fmt: skip


def test_settings_can_be_read() -> None:
    """As they were given, or their defaults."""
    client = AsyncPuretalk("k", **SETTINGS)  # type: ignore[arg-type]
    assert {name: getattr(client, name) for name in SETTINGS} == SETTINGS
    client = AsyncPuretalk("k")
    assert (client.base_url, client.timeout, client.max_retries, client.max_connections) == (SERVER, 30.0, 2, 100)


@pytest.mark.parametrize("name", [*SETTINGS, "calls"])
def test_settings_are_read_only(name: str) -> None:
    """Requests in progress rely on them."""
    client = AsyncPuretalk("k", **SETTINGS)  # type: ignore[arg-type]
    before = getattr(client, name)
    with pytest.raises(AttributeError):
        setattr(client, name, before)
    with pytest.raises(AttributeError):
        delattr(client, name)
    assert getattr(client, name) is before


@pytest.mark.parametrize("name", ["api_key", "http", "http_client"])
def test_neither_the_key_nor_the_pool_is_an_attribute(name: str) -> None:
    """The key cannot be read back, and the pool cannot be used around the client."""
    assert not hasattr(AsyncPuretalk("k"), name)


def test_environment_is_the_fallback_of_key_and_base_url(monkeypatch: pytest.MonkeyPatch) -> None:
    """``PURETALK_API_KEY`` and ``PURETALK_BASE_URL``."""
    with pytest.raises(ConfigurationError, match="PURETALK_API_KEY is not set"):
        AsyncPuretalk()
    monkeypatch.setenv("PURETALK_API_KEY", "k")
    monkeypatch.setenv("PURETALK_BASE_URL", "https://staging.test/api/")
    assert AsyncPuretalk().base_url == "https://staging.test/api"


@pytest.mark.parametrize(
    "options",
    [{"timeout": 0}, {"timeout": float("nan")}, {"timeout": "30"}, {"connect_timeout": -1}, {"max_retries": -1},
     {"max_retries": 1.5}, {"max_connections": 0}, {"max_response_bytes": 0}, {"base_url": "api.test"},
     {"base_url": "http://api.test"}, {"transport": ""}, {"transport": "requests"}],
    ids=repr,
)  # fmt: skip
def test_unusable_option_is_refused_by_name(options: dict[str, Any]) -> None:
    """At construction. Tools that print the locals of frames find no key in those of this package."""
    with pytest.raises(ConfigurationError) as caught:
        AsyncPuretalk(API_KEY, **options)
    [name] = options
    assert name in str(caught.value)
    exposures = Exposures()
    exposures.inspect_result(caught.value)
    assert exposures.of_key() == []


def test_unusable_key_is_refused_without_showing_it() -> None:
    """In a message, an attribute or a frame."""
    with pytest.raises(ConfigurationError, match="api_key begins or ends with white space") as caught:
        AsyncPuretalk(API_KEY + "\n")
    exposures = Exposures()
    exposures.inspect_result(caught.value)
    assert exposures.of_key() == []


async def test_options_reach_the_request() -> None:
    """``max_response_bytes``, ``max_retries``, ``strict`` and ``on_drift``."""
    found: list[Drift] = []
    drifting = envelope({"is_billed": 1})
    async with client_over(ScriptedTransport(drifting), on_drift=found.append) as client:
        await client.calls.get("c-1")
    assert found == [Drift("$.results.is_billed", "bool | None", "number", "wrong type")]
    async with client_over(ScriptedTransport(drifting), strict=True) as client:
        with pytest.raises(ResponseDecodeError):
            await client.calls.get("c-1")
    async with client_over(ScriptedTransport(CALL), max_response_bytes=10) as client:
        with pytest.raises(ResponseTooLargeError):
            await client.calls.get("c-1")
    transport = ScriptedTransport(Scripted(503))
    async with client_over(transport, max_retries=0) as client:
        with pytest.raises(APIStatusError):
            await client.calls.get("c-1")
    assert len(transport.requests) == 1


def test_turning_verification_off_warns_where_the_client_is_made() -> None:
    """``verify=False`` is never silent; an SSL context of your own is."""
    with pytest.warns(UserWarning, match="not verified") as caught:
        AsyncPuretalk("k", verify=False)
    assert caught[0].filename == __file__
    AsyncPuretalk("k", verify=ssl.create_default_context())


async def test_repr_shows_the_base_url_and_whether_it_is_closed() -> None:
    """And no key; nor does the repr of anything that the client holds."""
    client = AsyncPuretalk(API_KEY, base_url="https://api.test")
    exposures = Exposures()
    exposures.inspect_client(client)
    assert exposures.of_key() == []
    assert repr(client) == "<AsyncPuretalk https://api.test over httpx>"
    await client.aclose()
    assert repr(client) == "<AsyncPuretalk https://api.test over httpx (closed)>"


@pytest.mark.parametrize("duplicate", [pickle.dumps, copy.copy, copy.deepcopy])
def test_client_is_neither_pickled_nor_copied(duplicate: Callable[[AsyncPuretalk], object]) -> None:
    """It holds the key and connections."""
    with pytest.raises(TypeError, match="cannot be pickled"):
        duplicate(AsyncPuretalk("k"))


async def test_closed_client_refuses_requests() -> None:
    """Closing twice changes nothing."""
    async with AsyncPuretalk("k") as client:
        pass
    await client.aclose()
    with pytest.raises(ConfigurationError, match="This client is closed"):
        await client.calls.get("c-1")


async def test_external_client_stays_open() -> None:
    """Its owner closes it."""
    async with httpx.AsyncClient() as http:
        async with AsyncPuretalk("k", http_client=http):
            pass
        assert not http.is_closed


async def test_redirects_are_not_followed() -> None:
    """The key never goes where a redirect leads, even over an external client that follows redirects."""
    transport = ScriptedTransport(Scripted(302, headers={"location": "https://other.test/"}))
    async with (
        httpx.AsyncClient(transport=transport, follow_redirects=True) as http,
        AsyncPuretalk("k", http_client=http) as client,
    ):
        with pytest.raises(APIStatusError):
            await client.calls.get("c-1")
    assert len(transport.requests) == 1


async def test_settings_of_an_external_client_do_not_leak_into_requests() -> None:
    """Neither its cookies nor its authentication are sent; its own headers are."""
    transport = ScriptedTransport(CALL)
    async with (
        httpx.AsyncClient(
            transport=transport, cookies={"a": "1"}, auth=("user", "word"), headers={"X-Trace": "1"}
        ) as http,
        AsyncPuretalk("k", http_client=http) as client,
    ):
        await client.calls.get("c-1")
    headers = transport.requests[0].headers
    assert "cookie" not in headers
    assert "authorization" not in headers
    assert headers["x-trace"] == "1"


async def test_generated_operation_runs_over_this_client() -> None:
    """With its errors, and with the generated models."""
    async with client_over(ScriptedTransport(CALL, Scripted(404))) as client:
        response = await get_call.get_call(client, "c-1")
        assert isinstance(response, GetCallResponse)
        assert isinstance(response.results, Call)
        assert response.results.status == "completed"
        with pytest.raises(NotFoundError):
            await get_call.get_call(client, "c-1")


async def test_generated_operation_runs_over_the_plain_client_alike() -> None:
    """Both are senders: the request and the values are the same."""
    transport = ScriptedTransport(CALL)
    async with client_over(transport) as client:
        expected = await get_call.get_call(client, "c-1")
    http = httpx.AsyncClient(transport=transport)
    async with puretalk_generated.Client(api_key=API_KEY, base_url="https://api.test/api", http=http) as plain:
        response = await get_call.get_call(plain, "c-1")
    assert (response.msg, response.err) == (expected.msg, expected.err)
    assert response.results is not None
    assert expected.results is not None
    assert (response.results.call_id, response.results.status) == (expected.results.call_id, expected.results.status)
    first, second = transport.requests
    assert (first.method, first.url.path) == (second.method, second.url.path)
    assert sent_keys(first) == sent_keys(second) == [API_KEY]


def test_neither_client_inherits_from_the_other() -> None:
    """Nor from the protocol: a subclass could break its contract unnoticed."""
    assert AsyncPuretalk.__mro__ == (AsyncPuretalk, object)
    assert puretalk_generated.Client.__mro__ == (puretalk_generated.Client, object)


@pytest.mark.parametrize("timeout", [0, -1, "5"])
async def test_timeout_of_a_generated_operations_request_is_validated(timeout: Any) -> None:
    """``send`` takes one."""
    async with client_over(ScriptedTransport(CALL)) as client:
        with pytest.raises(ConfigurationError, match="timeout"):
            await client.send(get_call.request("c-1"), get_call.RESPONSES, timeout=timeout)
        await client.send(get_call.request("c-1"), get_call.RESPONSES, timeout=5)


async def test_autospec_of_the_client_has_the_resource() -> None:
    """``calls.get`` is awaitable, and arguments are checked."""
    client = create_autospec(AsyncPuretalk, instance=True)
    call = Call(call_id="c-1")
    client.calls.get.return_value = call
    assert await client.calls.get("c-1", timeout=5) is call
    client.calls.get.assert_awaited_once_with("c-1", timeout=5)
    for arguments, options in (((), {}), (("c-1", 5), {}), (("c-1",), {"patience": 5})):
        with pytest.raises(TypeError):
            await client.calls.get(*arguments, **options)
    with pytest.raises(AttributeError):
        client.calls.fetch  # noqa: B018
    with pytest.raises(AttributeError):
        client.api_key  # noqa: B018


def test_resource_on_the_class_is_its_class() -> None:
    """Where documentation tools and autospec look."""
    assert AsyncPuretalk.calls is CallsResource
    assert isinstance(AsyncPuretalk("k").calls, CallsResource)


IMPORTED = (
    "import sys; before = set(sys.modules); from puretalk_client import AsyncPuretalk; "
    "print(*sorted(set(sys.modules) - before))"
)
THIRD_PARTY = {"attr", "attrs", "httpx", "httpcore", "h11", "anyio", "idna", "certifi", "msgspec", "typing_extensions",
               "sniffio"}  # fmt: skip
OF_HTTPX = {"click", "rich", "pygments", "markdown_it", "mdurl", "h2", "hpack", "hyperframe"}
"""httpx imports its own command, and httpcore HTTP/2, where these are installed."""


def test_import_loads_no_extra() -> None:
    """The command, the sandbox, drift reports and aiohttp are loaded when they are used."""
    result = subprocess.run([sys.executable, "-c", IMPORTED], capture_output=True, text=True, check=True)
    modules = result.stdout.split()
    for absent in ("_cli", "testing", "drift", "_core.transports.aiohttp"):
        assert f"puretalk_client.{absent}" not in modules
    assert "argparse" not in modules
    top = {name.partition(".")[0] for name in modules if not name.startswith("_")} - sys.stdlib_module_names
    assert top - OF_HTTPX - {"puretalk_client", "puretalk_generated"} <= THIRD_PARTY
    assert top >= {"attrs", "httpx", "msgspec"}
