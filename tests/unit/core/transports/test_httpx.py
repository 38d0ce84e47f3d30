"""The external client, and exceptions of httpx and httpcore."""

from __future__ import annotations

import asyncio
import errno
import sys
from typing import Any

import httpx
import pytest
from tests.support.transports import ScriptedTransport, client_over, envelope
from tests.unit.core.local_http2 import open_http2_client
from tests.unit.core.local_server import CONNECTION_REFUSED, CONNECTION_RESET

from puretalk_client import (
    APIConnectionError,
    APITimeoutError,
    AsyncPuretalk,
    ConfigurationError,
    PoolTimeoutError,
    ProtocolError,
)
from puretalk_client._core.transports.httpx import ExternalTransport, map_error


def caused_by(error: Exception, cause: Exception) -> Exception:
    """Raise ``error`` from ``cause``, as httpx does."""
    error.__cause__ = cause
    return error


REFUSED = ConnectionRefusedError(errno.ECONNREFUSED, "x")
RESET = ConnectionResetError(errno.ECONNRESET, "x")


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (httpx.PoolTimeout("x"), PoolTimeoutError, "All connections of the external client were in use"),
        (httpx.ConnectTimeout("x"), APITimeoutError, "Connecting to api.test:443 took too long"),
        (httpx.ReadTimeout("x"), APITimeoutError, "The response took too long"),
        (httpx.WriteTimeout("x"), APITimeoutError, "The response took too long"),
        (TimeoutError(), APITimeoutError, "The response took too long"),
        (caused_by(httpx.ConnectError("x"), REFUSED), APIConnectionError,
         f"Could not connect to api.test:443: {CONNECTION_REFUSED}"),
        (httpx.ProxyError("x"), APIConnectionError, "Could not connect to the proxy p.test:1: no reason given"),
        (httpx.RemoteProtocolError("x"), ProtocolError,
         "api.test:443 disconnected or sent malformed HTTP (RemoteProtocolError)"),
        (httpx.LocalProtocolError("x"), ProtocolError,
         "api.test:443 disconnected or sent malformed HTTP (LocalProtocolError)"),
        (caused_by(httpx.ReadError("x"), RESET), APIConnectionError,
         f"The connection to api.test:443 broke: {CONNECTION_RESET}"),
        (RESET, APIConnectionError, f"The connection to api.test:443 broke: {CONNECTION_RESET}"),
        (ValueError("x"), APIConnectionError, "The connection to api.test:443 broke: ValueError"),
    ],
)  # fmt: skip
def test_exceptions_of_httpx_are_mapped(error: Exception, kind: type[APIConnectionError], message: str) -> None:
    """Each to the class and the message that say what it means."""
    proxy = "the proxy p.test:1" if isinstance(error, httpx.ProxyError) else None
    mapped = map_error(error, httpx, "api.test:443", proxy)
    assert type(mapped) is kind
    assert mapped.message == message


async def test_closing_leaves_an_external_client_open() -> None:
    """Its owner closes it."""
    async with httpx.AsyncClient() as http:
        await ExternalTransport(http, "https://api.test").aclose()
        assert not http.is_closed


async def test_external_client_works_over_any_transport() -> None:
    """HTTP/2, an ASGI application, or a script."""
    async with client_over(ScriptedTransport(envelope({"status": "completed"}))) as client:
        assert (await client.calls.get("c-1")).status.is_final


async def test_closed_external_client_is_a_configuration_error() -> None:
    """A client that its owner closed is not a failure of the network, and is not retried."""
    async with httpx.AsyncClient() as http:
        pass
    async with AsyncPuretalk("k", base_url="https://api.test", http_client=http) as client:
        with pytest.raises(ConfigurationError, match="http_client is closed") as caught:
            await client.calls.get("c-1")
    assert caught.value.attempts == 1


@pytest.mark.parametrize(
    ("options", "size"),
    [({"limits": httpx.Limits(max_connections=7)}, 7), ({}, 100), ({"limits": httpx.Limits()}, sys.maxsize),
     ({"transport": ScriptedTransport()}, sys.maxsize), ({"http2": True}, sys.maxsize)],
)  # fmt: skip
def test_external_client_takes_as_many_requests_as_it_has_connections(options: dict[str, Any], size: int) -> None:
    """Further requests wait in front of its pool, which loses connections when requests in it are cancelled."""
    assert ExternalTransport(httpx.AsyncClient(**options), "https://api.test").max_connections == size


@pytest.mark.parametrize(
    ("is_read", "drop", "connections"), [(True, False, [1, 1]), (True, True, [1, 2]), (False, False, [1, 2])]
)
async def test_http2_connection_is_kept_after_a_complete_response_only(
    is_read: bool, drop: bool, connections: list[int]
) -> None:
    """The rest of a body that nobody reads would count against the window of the connection for ever."""
    async with open_http2_client() as (server, client):
        transport = ExternalTransport(client, server.url)
        received = await transport.send("GET", server.url, (), None)
        if is_read:
            assert [chunk async for chunk in received.chunks()] == [b"good"]
        await received.close(drop=drop)
        await client.get(server.url)
        assert server.requests == connections


async def test_http2_connection_of_a_cancelled_request_is_retired() -> None:
    """Its header table may be out of step. Other requests on it get their responses."""
    async with open_http2_client() as (server, client):
        transport = ExternalTransport(client, server.url)
        server.hold()
        cancelled = asyncio.create_task(transport.send("GET", server.url, (), None))
        other = asyncio.create_task(client.get(server.url))
        await server.received(2)
        cancelled.cancel()
        await asyncio.wait([cancelled])
        assert cancelled.cancelled()
        server.go_on()
        await client.get(server.url)
        assert (await other).text == "good"
        assert server.requests == [1, 1, 2]
        await server.closed(1)
