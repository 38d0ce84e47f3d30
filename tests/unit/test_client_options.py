"""Options of AsyncPuretalk that change what is sent, when, and by whom: rotation of keys, headers, limits, sharing."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import math
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from tests.support.canary import API_KEY
from tests.support.clock import run_turns
from tests.support.exposure import Exposures
from tests.support.key import KEY_HEADER
from tests.support.transports import BASE_URL, Scripted, ScriptedTransport, client_over, envelope, held_until

from puretalk_client import (
    APIStatusError,
    AsyncPuretalk,
    ConfigurationError,
    PoolTimeoutError,
    PuretalkError,
    ResponseDecodeError,
    ServerError,
)
from puretalk_client.testing import VirtualTimeLoop
from puretalk_generated.api.calls import get_call

pytestmark = pytest.mark.usefixtures("own_key_place")

CALL = envelope({"call_id": "c-1", "status": "completed"})
UNAVAILABLE = Scripted(503)


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Run these tests in virtual time."""
    return "asyncio", {"loop_factory": VirtualTimeLoop, "debug": False}


# The key


async def test_key_is_asked_before_each_attempt() -> None:
    """A key that was rotated during a delay is the one that the next attempt sends."""
    keys = iter(["first", "second", "third"])
    transport = ScriptedTransport(UNAVAILABLE, UNAVAILABLE, CALL)
    async with over(transport, lambda: next(keys)) as client:
        await client.calls.get("c-1")
    assert [request.headers[KEY_HEADER] for request in transport.requests] == ["first", "second", "third"]


async def test_key_may_come_from_an_async_function() -> None:
    """Such as one that asks a vault."""

    async def ask() -> str:
        await asyncio.sleep(0)
        return "from the vault"

    transport = ScriptedTransport(CALL)
    async with over(transport, ask) as client:
        await client.calls.get("c-1")
    assert transport.requests[0].headers[KEY_HEADER] == "from the vault"


def raising() -> str:
    """Fail with a text that holds the key."""
    raise KeyError(API_KEY)


@pytest.mark.parametrize(
    ("give", "message"),
    [(raising, "api_key raised KeyError"), (lambda: 5, "must be a str, not int"), (lambda: None, "must be a str"),
     (lambda: API_KEY + "\n", "white space"), (lambda: "", "is empty"), (lambda: API_KEY + "\u20ac", "character")],
    ids=["raises", "int", "none", "line-break", "empty", "not-ascii"],
)  # fmt: skip
async def test_key_that_cannot_be_had_is_a_configuration_error(give: Callable[[], Any], message: str) -> None:
    """Nothing is sent, nothing is retried, and no key shows."""
    transport = ScriptedTransport(CALL)
    exposures = Exposures()
    with exposures.capture_logs():
        async with over(transport, give) as client:
            [error] = await asyncio.gather(client.calls.get("c-1"), return_exceptions=True)
            exposures.inspect_client(client)
    assert isinstance(error, ConfigurationError)
    assert message in str(error)
    assert (error.attempts, error.request_sent, transport.requests) == (0, False, [])
    exposures.inspect_result(error)
    assert exposures.of_key() == []


async def test_rotated_key_is_struck_out_of_what_the_server_repeats() -> None:
    """As a fixed one is."""

    async def repeat(request: httpx.Request) -> Scripted:
        return Scripted(401, request.headers[KEY_HEADER].encode())

    async with over(ScriptedTransport(repeat), lambda: API_KEY) as client:
        with pytest.raises(APIStatusError) as caught:
            await client.calls.get("c-1")
    assert caught.value.excerpt == "***"


async def test_deadline_bounds_the_function_that_gives_the_key() -> None:
    """A vault that does not respond does not keep the request."""

    async def never() -> str:
        await asyncio.Event().wait()
        raise AssertionError

    async with over(ScriptedTransport(CALL), never) as client:
        with pytest.raises(PuretalkError, match=r"No response within 0\.01 s") as caught:
            await client.calls.get("c-1", timeout=0.01)
    assert (caught.value.attempts, caught.value.request_sent) == (0, False)


@contextlib.asynccontextmanager
async def over(transport: httpx.AsyncBaseTransport, api_key: Any, **options: Any) -> AsyncIterator[AsyncPuretalk]:
    """Open a client whose requests go to ``transport``."""
    async with (
        httpx.AsyncClient(transport=transport) as http,
        AsyncPuretalk(api_key, base_url=BASE_URL, http_client=http, **options) as client,
    ):
        yield client


# Headers


async def test_default_headers_and_user_agent_are_sent() -> None:
    """Beside those of the client."""
    transport = ScriptedTransport(CALL)
    options = {"default_headers": {"X-Team": "billing", "Authorization": "Bearer of-a-gateway"}}
    async with client_over(transport, user_agent_suffix="nightly/2.1", **options) as client:
        await client.calls.get("c-1")
        shown = repr(client) + repr(client._sender.options)
    headers = transport.requests[0].headers
    assert (headers["x-team"], headers["authorization"]) == ("billing", "Bearer of-a-gateway")
    assert headers["user-agent"].startswith("puretalk-client/")
    assert headers["user-agent"].endswith(" nightly/2.1")
    assert headers[KEY_HEADER] == API_KEY
    assert "of-a-gateway" not in shown


@pytest.mark.parametrize(
    "headers",
    [{KEY_HEADER: "k"}, {KEY_HEADER.lower(): "k"}, {"Host": "a.test"}, {"Accept-Encoding": "br"},
     {"Content-Length": "1"},
     {"User-Agent": "u"}, {"Bad name": "v"}, {"": "v"}, {"X-A": "sesame\r\nX-B: w"}, {"X-A": 5}, {5: "v"},
     {"X-A": "\u20ac"}, [("X-A", "v")], "X-A: v"],
    ids=repr,
)  # fmt: skip
def test_unusable_default_headers_are_refused(headers: Any) -> None:
    """Those that the client sends itself, and malformed ones (RFC 9110, section 5); values are not quoted."""
    with pytest.raises(ConfigurationError, match="default_headers") as caught:
        AsyncPuretalk("k", default_headers=headers)
    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize("suffix", ["", " ", "a\nb", 5, "\u20ac"], ids=repr)
def test_unusable_user_agent_suffix_is_refused(suffix: Any) -> None:
    """It would end the header, or cannot be one."""
    with pytest.raises(ConfigurationError, match="user_agent_suffix"):
        AsyncPuretalk("k", user_agent_suffix=suffix)


# The connections


async def test_clients_of_with_options_share_connections_and_closing() -> None:
    """Each with its own options; the first client's do not change."""
    transport = ScriptedTransport(UNAVAILABLE, UNAVAILABLE, envelope({"is_billed": 1}))
    async with client_over(transport, max_retries=2) as client:
        strict = client.with_options(timeout=3.0, max_retries=1, strict=True)
        assert (strict.timeout, strict.max_retries, client.timeout, client.max_retries) == (3.0, 1, 30.0, 2)
        with pytest.raises(ServerError) as caught:
            await strict.calls.get("c-1")
        assert caught.value.attempts == 2
        with pytest.raises(ResponseDecodeError):
            await strict.calls.get("c-1")
        assert (await client.calls.get("c-1")).is_billed == 1
        assert strict._sender.pool is client._sender.pool
        await strict.aclose()
        with pytest.raises(ConfigurationError, match="closed"):
            await client.calls.get("c-1")


@pytest.mark.parametrize(
    "options", [{"timeout": 0}, {"max_retries": -1}, {"rate_limit": 0}, {"on_attempt": 5}, {"timeout": None}], ids=repr
)
def test_unusable_option_of_with_options_is_refused(options: dict[str, Any]) -> None:
    """By name, as at construction."""
    with pytest.raises(ConfigurationError, match=next(iter(options))):
        AsyncPuretalk("k").with_options(**options)


async def test_verify_call_id_stays_as_it_was() -> None:
    """It is not among the options that change."""
    async with client_over(ScriptedTransport(CALL), verify_call_id=False) as client:
        assert (await client.with_options(timeout=5).calls.get("another")).call_id == "c-1"


async def test_retries_of_one_request() -> None:
    """``max_retries`` of a request goes before the client's, for every way to send one."""
    transport = ScriptedTransport(UNAVAILABLE)
    async with client_over(transport) as client:
        send, raw = client.send, client.calls.with_raw_response
        for request in (
            client.calls.get("c-1", max_retries=0),
            raw.get("c-1", max_retries=0),
            send(get_call.request("c-1"), get_call.RESPONSES, max_retries=0),
        ):
            with pytest.raises(ServerError) as caught:
                await request
            assert caught.value.attempts == 1
        with pytest.raises(ConfigurationError, match="max_retries"):
            await client.calls.get("c-1", max_retries=-1)


@pytest.mark.parametrize(
    "options",
    [{"transport": "httpx"}, {"verify": True}, {"connect_timeout": 5.0}, {"max_connections": 100}, {"verify": False}],
    ids=repr,
)
async def test_settings_of_an_external_client_are_its_own(options: dict[str, Any]) -> None:
    """An option that it would ignore is refused."""
    async with httpx.AsyncClient() as http:
        with pytest.raises(ConfigurationError, match=f"without {next(iter(options))}"):
            AsyncPuretalk("k", http_client=http, **options)


@pytest.mark.parametrize("client", [object(), httpx.Client, "httpx", 5], ids=["object", "sync", "text", "number"])
def test_what_is_no_client_is_refused(client: Any) -> None:
    """A synchronous client, too."""
    used: Any = client() if client is httpx.Client else client
    with pytest.raises(ConfigurationError, match="http_client"):
        AsyncPuretalk("k", http_client=used)


async def test_call_id_may_be_a_uuid() -> None:
    """It is sent in its canonical spelling."""
    call_id = uuid.uuid4()
    transport = ScriptedTransport(envelope({"call_id": str(call_id).upper()}))
    async with client_over(transport) as client:
        await client.calls.get(call_id)
        await client.calls.with_raw_response.get(call_id)
    assert {request.url.path for request in transport.requests} == {f"/api/calls/{call_id}"}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_client_that_is_collected_open_warns() -> None:
    """With a message that names what to do. A client that was never used, or an external one, does not."""
    client = AsyncPuretalk("k", base_url="http://127.0.0.1:9", max_retries=0)
    with contextlib.suppress(PuretalkError):
        await client.calls.get("c-1")
    clients = [client]
    del client
    with pytest.warns(ResourceWarning, match="AsyncPuretalk was not closed: use 'async with'"):
        collect(clients)
    AsyncPuretalk("k")
    gc.collect()


def collect(clients: list[AsyncPuretalk]) -> None:
    """Let go of the only references to clients."""
    clients.clear()
    gc.collect()


@pytest.mark.parametrize(
    "request_call",
    [
        lambda client: client.calls.get("c-1"),
        lambda client: client.calls.wait("c-1"),
        lambda client: anext(client.calls.watch("c-1")),
        lambda client: anext(aiter(client.calls.get_many(["c-1"]))),
    ],
    ids=["get", "wait", "watch", "get_many"],
)
def test_other_event_loops_than_asyncio_are_refused(request_call: Callable[[AsyncPuretalk], Any]) -> None:
    """Under trio there is no running loop of asyncio: the coroutine is driven here as trio drives it."""
    coroutine = request_call(AsyncPuretalk("k")).__await__()
    with pytest.raises(ConfigurationError, match="puretalk-client needs asyncio") as caught:
        coroutine.send(None)
    assert (caught.value.attempts, caught.value.request_sent) == (0, False)


# The rate limit


async def test_rate_limit_spaces_attempts_evenly() -> None:
    """Retries count too; nothing makes up for a pause."""
    times: list[float] = []
    async with client_over(ScriptedTransport(UNAVAILABLE, CALL), rate_limit=4.0) as client:
        client._sender.pool.backoff.draw = lambda: 0.0
        client._sender.pool.transport.send = noting(client, times)  # type: ignore[method-assign]
        for _ in range(5):
            await client.calls.get("c-1")
        assert [round(later - earlier, 6) for earlier, later in itertools.pairwise(times)] == [0.25] * 5
        await asyncio.sleep(10)
        await client.calls.get("c-1")
        await client.calls.get("c-1")
    assert round(times[-1] - times[-2], 6) == 0.25


def noting(client: AsyncPuretalk, times: list[float]) -> Any:
    """Return a ``send`` of the transport that notes when each request leaves."""
    pool = client._sender.pool
    send = pool.transport.send

    async def noted(*arguments: Any) -> Any:
        times.append(pool.clock.monotonic())
        return await send(*arguments)

    return noted


async def test_request_that_the_rate_limit_gives_no_time_fails_at_once() -> None:
    """It was not sent, and takes no place from others."""
    async with client_over(ScriptedTransport(CALL), rate_limit=0.1) as client:
        await client.calls.get("c-1")
        with pytest.raises(PoolTimeoutError, match="rate_limit leaves no time") as caught:
            await client.calls.get("c-1", timeout=5.0)
        assert (caught.value.attempts, caught.value.request_sent) == (0, False)
        await client.calls.get("c-1", timeout=15.0)


class Limiter:
    """Counts who is inside, and fails at one of its ends."""

    def __init__(self, fails_to: str = "") -> None:
        self.fails_to, self.inside, self.entered = fails_to, 0, 0
        self.seen: list[tuple[object, ...]] = []

    def __len__(self) -> int:
        return self.inside  # nobody is inside at first, which makes it false

    async def __aenter__(self) -> None:
        if self.fails_to == "enter":
            raise KeyError(API_KEY)
        self.inside += 1
        self.entered += 1

    async def __aexit__(self, *error: object) -> bool:
        self.inside -= 1
        self.seen.append(error)
        if self.fails_to == "leave":
            raise KeyError(API_KEY)
        return True  # it would swallow an exception


@pytest.mark.parametrize("fails_to", ["", "leave"])
async def test_each_attempt_enters_a_limiter(fails_to: str) -> None:
    """It is left after each, and sees no exception, which could hold what people said."""
    limiter = Limiter(fails_to)
    async with client_over(ScriptedTransport(UNAVAILABLE, CALL, UNAVAILABLE), rate_limit=limiter) as client:
        await client.calls.get("c-1")
        assert (limiter.entered, limiter.inside) == (2, 0)
        with pytest.raises(ServerError):
            await client.calls.get("c-1", max_retries=0)
    assert limiter.seen == [(None, None, None)] * 3


async def test_limiter_that_fails_is_a_configuration_error() -> None:
    """By its class only."""
    async with client_over(ScriptedTransport(CALL), rate_limit=Limiter("enter")) as client:
        with pytest.raises(ConfigurationError, match="rate_limit raised KeyError") as caught:
            await client.calls.get("c-1")
    exposures = Exposures()
    exposures.inspect_result(caught.value)
    assert exposures.of_key() == []


async def test_limiter_may_be_a_lock() -> None:
    """Any async context manager: here one request at a time."""
    release = asyncio.Event()
    transport = ScriptedTransport(held_until(release, CALL))
    async with client_over(transport, rate_limit=asyncio.Semaphore(1)) as client:
        tasks = [asyncio.create_task(client.calls.get("c-1")) for _ in range(3)]
        await run_turns()
        assert len(transport.requests) == 1
        release.set()
        await asyncio.gather(*tasks)


@pytest.mark.parametrize("limit", [0, -1, math.nan, math.inf, True, "5", [5]], ids=repr)
def test_unusable_rate_limit_is_refused(limit: Any) -> None:
    """By name."""
    with pytest.raises(ConfigurationError, match="rate_limit"):
        AsyncPuretalk("k", rate_limit=limit)


@pytest.mark.parametrize("name", ["on_attempt", "on_drift"])
def test_unusable_callback_is_refused(name: str) -> None:
    """Values that cannot be called, and a coroutine function, which nobody would await."""

    async def callback(_: object) -> None:
        raise AssertionError

    for value in (5, "print", callback):
        options: dict[str, Any] = {name: value}
        with pytest.raises(ConfigurationError, match=name):
            AsyncPuretalk("k", **options)
