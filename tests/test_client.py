"""AsyncPuretalk and client.calls, over transports in memory."""

from __future__ import annotations

import asyncio
import pickle
from urllib.parse import unquote

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from puretalk_client import (
    APIConnectionError,
    AsyncPuretalk,
    Call,
    ConfigurationError,
    InvalidCallIdError,
    NotFoundError,
    PuretalkError,
    ResponseDecodeError,
)
from puretalk_generated.api.calls.get_call import get_call

CANARY = "pt-canary-5f0c1b"


class Recorder(httpx.AsyncBaseTransport):
    """Answers every request alike, and keeps what came."""

    def __init__(
        self, status: int = 200, results: object = None, headers: dict[str, str] | None = None
    ) -> None:
        self.requests: list[httpx.Request] = []
        self.status = status
        self.body = msgspec.json.encode(
            {"msg": "Success", "err": False, "results": results or {"status": "queued"}}
        )
        self.headers = headers or {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        self.requests.append(request)
        return httpx.Response(self.status, headers=self.headers, content=self.body)


def fetch(transport: httpx.AsyncBaseTransport, call_id: str = "c-1") -> Call:
    """Fetch one call over ``transport``."""

    async def run() -> Call:
        async with (
            httpx.AsyncClient(transport=transport) as http,
            AsyncPuretalk(CANARY, base_url="https://api.test/api", http_client=http) as client,
        ):
            return await client.calls.get(call_id)

    return asyncio.run(run())


def test_get_sends_one_request_with_the_key() -> None:
    """GET, the spec's path below the base URL, and the key in the spec's header."""
    transport = Recorder()
    assert fetch(transport).status == "queued"
    (request,) = transport.requests
    assert (request.method, str(request.url)) == ("GET", "https://api.test/api/calls/c-1")
    assert request.headers.get_list("x-api-key") == [CANARY]


@given(st.text(min_size=1, max_size=40).filter(lambda text: text not in (".", "..")))
def test_any_text_reaches_the_server_as_one_segment(call_id: str) -> None:
    """Slashes, percent signs, dots and any script: one segment that decodes to the id, or a refusal."""
    transport = Recorder()
    try:
        fetch(transport, call_id)
    except InvalidCallIdError:
        assert transport.requests == []
        return
    (request,) = transport.requests
    path = request.url.raw_path.decode()
    prefix, _, segment = path.rpartition("/")
    assert prefix == "/api/calls"
    assert unquote(segment, errors="strict") == call_id
    assert segment not in (".", "..")


@pytest.mark.parametrize("call_id", ["", ".", "..", "a\r\nX: y"])
def test_refused_id_sends_nothing(call_id: str) -> None:
    """An id that would reach another path never leaves."""
    transport = Recorder()
    with pytest.raises(InvalidCallIdError):
        fetch(transport, call_id)
    assert transport.requests == []


def test_error_says_what_was_asked_and_what_came() -> None:
    """Method, path, status, request id and attempts are on the error and in its message."""
    transport = Recorder(status=404, headers={"x-request-id": "req-7"})
    with pytest.raises(NotFoundError) as caught:
        fetch(transport)
    error = caught.value
    assert (error.method, error.path, error.status) == ("GET", "/calls/c-1", 404)
    assert (error.request_id, error.attempts) == ("req-7", 1)
    assert "GET /calls/c-1: 404 Not Found" in str(error)
    assert "req-7" in str(error)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


@pytest.mark.parametrize("results", ["text", 5, [1], True])
def test_results_that_are_no_object_are_refused(results: object) -> None:
    """The tolerant decoder keeps strays, but a call is always a Call."""
    with pytest.raises(ResponseDecodeError) as caught:
        fetch(Recorder(results=results))
    assert caught.value.path == "/calls/c-1"


def test_redirects_are_not_followed() -> None:
    """The key never goes where a redirect points, even over a pool that follows redirects."""

    async def run() -> None:
        transport = Recorder(status=302, headers={"location": "https://evil.test/"})
        http = httpx.AsyncClient(transport=transport, follow_redirects=True)
        async with http, AsyncPuretalk(CANARY, http_client=http) as client:
            with pytest.raises(PuretalkError):
                await client.calls.get("c")
        assert len(transport.requests) == 1

    asyncio.run(run())


def test_generated_operation_takes_this_client() -> None:
    """Every operation of the generated package works with all guarantees."""

    async def run() -> None:
        async with httpx.AsyncClient(transport=Recorder(status=404)) as http:
            client = AsyncPuretalk("k", http_client=http)
            with pytest.raises(NotFoundError):
                await get_call(client, "c")

    asyncio.run(run())


def test_own_pool_is_closed_and_a_lent_one_is_left_open() -> None:
    """aclose() closes what the client opened."""

    async def run() -> None:
        async with AsyncPuretalk("k") as client:
            pass
        with pytest.raises(ConfigurationError, match="closed"):
            await client.calls.get("c")
        async with httpx.AsyncClient() as lent:
            async with AsyncPuretalk("k", http_client=lent):
                pass
            assert not lent.is_closed

    asyncio.run(run())


def test_connection_failure_is_a_connection_error() -> None:
    """A refused connection is an error of this package, with its cause."""

    async def run() -> None:
        async with AsyncPuretalk(CANARY, base_url="http://127.0.0.1:1/api") as client:
            with pytest.raises(APIConnectionError) as caught:
                await client.calls.get("c")
        assert isinstance(caught.value.__cause__, httpx.ConnectError)

    asyncio.run(run())


def test_client_does_not_pickle() -> None:
    """A pickle would hold the key."""
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(AsyncPuretalk(CANARY))
