"""A server on loopback that speaks HTTP/2 without TLS, and a client of httpx for it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import httpx
from tests.support.eventually import eventually
from tests.support.http2 import Connection, Stream
from tests.support.wire import http


class Http2Server:
    """Responds to every request with ``good``.

    Attributes:
        url: Its address.
        requests: The number of the connection of each request, from 1.
    """

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[int] = []
        self._open: set[int] = set()
        self._opened = 0
        self._may_respond = asyncio.Event()
        self._may_respond.set()

    def hold(self) -> None:
        """Let requests wait."""
        self._may_respond.clear()

    def go_on(self) -> None:
        """Respond to those that wait, and to all others."""
        self._may_respond.set()

    def is_closed(self, connection: int) -> bool:
        """Whether the client closed a connection."""
        return connection not in self._open

    async def closed(self, connection: int) -> None:
        """Wait until the client closed a connection."""
        await eventually(lambda: self.is_closed(connection))

    async def all_closed(self) -> None:
        """Wait until the client closed every connection."""
        await eventually(lambda: not self._open)

    async def received(self, count: int) -> None:
        """Wait until so many requests have arrived."""
        await eventually(lambda: len(self.requests) == count)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._opened += 1
        number = self._opened
        self._open.add(number)

        async def play(_: dict[str, str], stream: Stream) -> None:
            self.requests.append(number)
            await self._may_respond.wait()
            await stream.write(http(b"good"))

        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await Connection(reader, writer, play).serve(await reader.readuntil(b"\r\n\r\n"))
        self._open.discard(number)
        writer.close()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Http2Server]:
        """Serve for as long as this lasts."""
        async with await asyncio.start_server(self._serve, "127.0.0.1", 0) as listener:
            self.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
            yield self
            await self.all_closed()


@contextlib.asynccontextmanager
async def open_http2_client() -> AsyncIterator[tuple[Http2Server, httpx.AsyncClient]]:
    """Run a server, and open a client that speaks HTTP/2 only."""
    async with (
        Http2Server().running() as server,
        httpx.AsyncClient(http1=False, http2=True, trust_env=False, timeout=None) as client,
    ):
        yield server, client
