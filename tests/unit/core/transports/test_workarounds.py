"""The private names of aiohttp that the package uses: that they exist, and what they are for."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest

from puretalk_client._core.transports.workarounds import ConnectionWatch, disable_resends

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
