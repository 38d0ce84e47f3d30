"""The private names of aiohttp and httpcore that the package uses: that they exist, and what they are for."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import aiohttp
import httpcore
import httpx
import pytest
from tests.support.transports import ScriptedTransport
from tests.unit.core.local_http2 import Http2Server, open_http2_client
from tests.unit.core.local_server import local_server, response

from puretalk_client._core.transports.workarounds import (
    ConnectionWatch,
    disable_resends,
    pool_size,
    remove_locks,
    retire_http2,
)

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@asynccontextmanager
async def open_response() -> AsyncIterator[tuple[aiohttp.ClientSession, aiohttp.ClientResponse, asyncio.StreamWriter]]:
    """Open a response whose body is still to come; yield what writes it, too."""
    connected: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD)
        await connected.put(writer)

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listener, aiohttp.ClientSession() as session:
        port = listener.sockets[0].getsockname()[1]
        response = await session.get(f"http://127.0.0.1:{port}")
        writer = await connected.get()
        try:
            yield session, response, writer
        finally:
            response.close()
            writer.close()


async def test_aiohttp_has_the_private_names() -> None:
    """A version that lacks one fails here, and not in an application."""
    async with open_response() as (session, response, _):
        assert session._retry_connection is True, "aiohttp resends by default; see disable_resends"
        protocol: Any = response._protocol
        assert isinstance(protocol.closed, asyncio.Future)
        assert callable(protocol.close)
        assert callable(response.content.set_exception)
        assert response.content.exception() is None
        assert not response.content.is_eof()


async def test_resends_are_disabled() -> None:
    """The setting is the one that requests read."""
    async with aiohttp.ClientSession() as session:
        disable_resends(session)
        assert session._retry_connection is False


async def test_body_with_a_malformed_chunk_ends() -> None:
    """Aiohttp closes the connection, and leaves the reader waiting."""
    async with open_response() as (_, response, writer):
        watch = ConnectionWatch(response)
        reading = asyncio.create_task(response.content.read())
        writer.write(b"not a size\r\n")
        with pytest.raises(aiohttp.ClientError):
            await reading
        watch.end(close=True)


async def test_connection_is_closed_although_the_body_is_complete() -> None:
    """The response released it for other requests as soon as the body was there."""
    async with open_response() as (session, response, writer):
        watch = ConnectionWatch(response)
        writer.write(b"1\r\nx\r\n0\r\n\r\n")
        assert await response.content.read() == b"x"
        connector: Any = session.connector
        assert len(connector._conns) == 1
        watch.end(close=True)
        [[(protocol, _)]] = connector._conns.values()
        assert not protocol.is_connected() or protocol.transport.is_closing()


@pytest.mark.parametrize("is_watched", [True, False])
async def test_connection_that_breaks_when_it_carries_no_response_is_nobodys_error(is_watched: bool) -> None:
    """The event loop reports exceptions that nobody retrieves: without the watch, this one."""
    reported: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: reported.append(context))
    closed: asyncio.Future[None] = loop.create_future()
    response: Any = SimpleNamespace(
        content=SimpleNamespace(is_eof=lambda: False), _protocol=SimpleNamespace(closed=closed)
    )
    if is_watched:
        ConnectionWatch(response).end(close=False)
    closed.set_exception(ConnectionResetError("reset by peer"))
    await asyncio.sleep(0)
    del closed, response
    gc.collect()
    assert [context["message"] for context in reported] == (
        [] if is_watched else ["Future exception was never retrieved"]
    )
    reported.clear()


def locks(connection: Any) -> list[str]:
    """Return the names of the locks of a connection, and of those that it wraps."""
    if not hasattr(connection, "__dict__"):
        return []
    own = [name for name, value in vars(connection).items() if type(value).__name__ == "AsyncLock"]
    return own + locks(vars(connection).get("_connection"))


@pytest.mark.parametrize("secure", [True, False])
@pytest.mark.parametrize("proxy", [None, "http://proxy.test:1"])  # SOCKS needs a package that is not here
async def test_connections_of_httpcore_lose_their_locks(proxy: str | None, secure: bool) -> None:
    """Direct ones and those through a proxy; a version that names them otherwise fails here."""
    async with httpcore.AsyncConnectionPool(proxy=None if proxy is None else httpcore.Proxy(proxy)) as pool:
        connection = pool.create_connection(httpcore.URL("https://x.test" if secure else "http://x.test").origin)
    assert locks(connection)
    remove_locks(connection)
    assert locks(connection) == []


async def test_connection_without_locks_carries_further_requests() -> None:
    """The lock of the protocol is there once the connection is open."""
    async with local_server(lambda head: response(b"x")) as server:
        url = httpcore.URL(server.url)
        async with httpcore.AsyncHTTPConnection(url.origin) as connection:
            assert (await connection.request("GET", url)).content == b"x"
            assert locks(connection) == ["_request_lock", "_state_lock"]
            remove_locks(connection)
            assert locks(connection) == []
            assert (await connection.request("GET", url)).content == b"x"
    assert server.connections == 1


async def test_httpcore_has_the_private_names() -> None:
    """A version that lacks one fails here, and not in an application."""
    async with open_http2_client() as (server, client):
        await client.get(server.url)
        transport: Any = client._transport
        [connection] = transport._pool.connections
        assert connection._connection._used_all_stream_ids is False
        assert connection._connection._events == {}
        assert client._mounts == {}


async def test_idle_connection_is_retired_at_once() -> None:
    """The next request opens another one."""
    async with open_http2_client() as (server, client):
        await client.get(server.url)
        await retire_http2(client)
        await server.all_closed()
        await client.get(server.url)
        assert server.requests == [1, 2]


async def test_retired_connection_closes_with_its_last_response() -> None:
    """Whoever waits for one gets it; requests that come later use another connection."""
    async with open_http2_client() as (server, client):
        server.hold()
        waiting = [asyncio.create_task(client.get(server.url)) for _ in range(3)]
        await server.received(3)
        await retire_http2(client)
        server.go_on()
        await client.get(server.url)
        assert [(await task).text for task in waiting] == ["good"] * 3
        assert server.requests == [1, 1, 1, 2]
        await server.closed(1)
        assert not server.is_closed(2)


async def test_other_connections_are_not_retired() -> None:
    """HTTP/1.1 closes a connection whose request failed; transports of others have none."""
    mounts = {"all://a.test": None, "all://b.test": ScriptedTransport()}
    async with (
        local_server(lambda head: response(b"x")) as server,
        httpx.AsyncClient(mounts=mounts, trust_env=False) as client,
        httpx.AsyncClient(transport=ScriptedTransport()) as scripted,
    ):
        for _ in range(2):
            await client.get(server.url)
            await retire_http2(client)
        assert server.connections == 1
        await retire_http2(scripted)


async def test_connections_of_mounts_are_retired() -> None:
    """A client may have a transport for each host."""
    async with Http2Server().running() as server:
        mounts = {"http://127.0.0.1": httpx.AsyncHTTPTransport(http1=False, http2=True)}
        async with httpx.AsyncClient(mounts=mounts, trust_env=False) as client:
            await client.get(server.url)
            await retire_http2(client)
            await server.all_closed()


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({"limits": httpx.Limits(max_connections=7)}, 7),
        ({}, 100),
        ({"limits": httpx.Limits(max_connections=None)}, sys.maxsize),
        ({"http2": True}, sys.maxsize),
        ({"transport": httpx.MockTransport(lambda _: httpx.Response(200))}, sys.maxsize),
    ],
    ids=["7", "default", "unlimited", "http2", "no-pool"],
)
def test_size_of_the_pool_of_an_external_client_is_known(options: dict[str, Any], size: int) -> None:
    """A connection of HTTP/2 carries many requests, and other transports say nothing."""
    assert pool_size(httpx.AsyncClient(**options)) == size
