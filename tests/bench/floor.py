"""The practical floor: httptools over an asyncio Protocol, and msgspec into our models.

Only for the benchmark. It has no timeouts, no errors, no proxies, and trusts the server.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from .target import HEADERS, Fetch, Target, call_decoder, deliver


class Connection(asyncio.Protocol):
    """One connection, kept alive, with one request at a time."""

    def __init__(self, parser_class: Any) -> None:
        self.parser = parser_class(self)
        self.chunks: list[bytes] = []
        self.response: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.response is not None and not self.response.done():
            self.response.set_exception(exc or ConnectionError("the server closed the connection"))

    def on_body(self, chunk: bytes) -> None:
        self.chunks.append(chunk)

    def on_message_complete(self) -> None:
        assert self.response is not None
        self.response.set_result((self.parser.get_status_code(), b"".join(self.chunks)))

    def send(self, request: bytes) -> asyncio.Future[tuple[int, bytes]]:
        """Send a request; the result is the status and the body."""
        self.chunks.clear()
        self.response = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self.response


@contextlib.asynccontextmanager
async def floor(target: Target) -> AsyncIterator[Fetch]:
    """Open connections as they are needed; the one that was used last is used first."""
    parser_class, decode = import_module("httptools").HttpResponseParser, call_decoder()
    url, loop = urlsplit(target.base_url), asyncio.get_running_loop()
    fields = {"Host": url.netloc, "Accept": "application/json", **HEADERS}
    head = " HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items()) + "\r\n"
    slots, idle = asyncio.Semaphore(target.max_connections), list[Connection]()

    async def connect() -> Connection:
        _, made = await loop.create_connection(
            lambda: Connection(parser_class), url.hostname or "", url.port or 0, ssl=target.tls
        )
        return made

    async def fetch(call_id: str) -> Any:
        async with slots:
            connection = idle.pop() if idle else await connect()
            status, content = await connection.send(f"GET {url.path}/calls/{call_id}{head}".encode())
            idle.append(connection)
        return deliver(status, content, decode)

    try:
        yield fetch
    finally:
        for connection in idle:
            connection.transport.close()
