"""TCP and TLS over asyncio, behind httpcore's interface for network backends.

httpcore's own backend for asyncio is anyio. Its streams, locks and checks take a third of the time of a request.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ssl
from collections.abc import AsyncIterator, Iterable
from typing import Any

import httpcore

from .base import Handshakes

MAX_BUFFERED = 256 * 1024
"""Received bytes that a stream holds before it stops reading from its socket."""

MAX_READ = 10 * 1024
"""Bytes that a read returns. h11 takes 50 us for each 1xx response, of which there may be a flood of 25 bytes each."""

HAPPY_EYEBALLS_DELAY = 0.25
"""Seconds before the next address of a host is tried as well (RFC 8305, section 5)."""


class Stream(asyncio.Protocol, httpcore.AsyncNetworkStream):
    """One connection. The deadline of the request bounds reads and writes, so their timeouts are not used."""

    def __init__(self, handshakes: Handshakes) -> None:
        self._handshakes = handshakes
        self._chunks: list[bytes] = []
        self._buffered = 0
        self._is_paused = False
        self._has_ended = False
        self._reads_on = False  # whether the last read found its data there
        self._error: Exception | None = None
        self._readable: asyncio.Future[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport | None = None

    @property
    def transport(self) -> asyncio.Transport:
        """The transport, which is there as soon as the connection is."""
        assert self._transport is not None
        return self._transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._chunks.append(data)
        self._buffered += len(data)
        if self._buffered > MAX_BUFFERED and not self._is_paused:
            self._is_paused = True
            self.transport.pause_reading()
        _wake(self._readable)

    def eof_received(self) -> bool:
        self._has_ended = True
        _wake(self._readable)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._has_ended, self._error = True, exc
        _wake(self._readable)
        _wake(self._writable)

    def pause_writing(self) -> None:
        self._writable = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        _wake(self._writable)
        self._writable = None

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        max_bytes = min(max_bytes, MAX_READ)
        if self._chunks and self._reads_on:
            await asyncio.sleep(0)
        self._reads_on = bool(self._chunks)
        while not self._chunks:
            if self._error is not None:
                raise httpcore.ReadError from self._error
            if self._has_ended:
                return b""
            self._readable = asyncio.get_running_loop().create_future()
            await self._readable
        data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        if len(data) > max_bytes:
            self._chunks.append(data[max_bytes:])
            data = data[:max_bytes]
        self._buffered -= len(data)
        if self._is_paused and self._buffered <= MAX_BUFFERED:
            self._is_paused = False
            self.transport.resume_reading()
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if not buffer:
            return
        if self._has_ended:
            raise httpcore.WriteError from self._error
        self.transport.write(buffer)
        if self._writable is not None:
            await self._writable

    async def aclose(self) -> None:
        self.transport.abort()  # whatever is still to be sent or to come, nobody wants it

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> Stream:
        encrypted = Stream(self._handshakes)
        try:
            async with _connecting(self._handshakes):
                encrypted._transport = await asyncio.get_running_loop().start_tls(
                    self.transport, encrypted, ssl_context, server_hostname=server_hostname
                )
        except BaseException:
            self.transport.abort()
            raise
        return encrypted

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":  # on an idle connection: the server closed it, or sent what nobody requested
            return self._has_ended or bool(self._chunks)
        return self.transport.get_extra_info(info)


class AsyncioBackend(httpcore.AsyncNetworkBackend):
    """Opens streams. Only ``handshakes`` bounds how long that takes."""

    def __init__(self, handshakes: Handshakes) -> None:
        self._handshakes = handshakes

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> Stream:
        async with _connecting(self._handshakes):
            _, stream = await asyncio.get_running_loop().create_connection(
                functools.partial(Stream, self._handshakes), host, port, happy_eyeballs_delay=HAPPY_EYEBALLS_DELAY
            )
        return stream


def _wake(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)


@contextlib.asynccontextmanager
async def _connecting(handshakes: Handshakes) -> AsyncIterator[None]:
    """Bound connecting, and raise what httpcore's callers expect."""
    try:
        async with handshakes.one():
            yield
    except TimeoutError as error:
        raise httpcore.ConnectTimeout from error
    except (OSError, ssl.SSLError, UnicodeError) as error:
        raise httpcore.ConnectError from error
