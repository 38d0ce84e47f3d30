"""A listener whose connections fail in one way until it is turned on."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Awaitable, Callable

from .wire import http, reset

ALERT = bytes.fromhex("15030300020228")
"""A TLS alert: fatal, handshake_failure (RFC 8446, section 6)."""
GARBAGE = b"\x16\x03\x03\x00\x05hello"
"""A TLS record that says to be of a handshake, and is not."""
RESPONSES = {
    "alert": ALERT,
    "garbage": GARBAGE,
    "plain-http": http(b"no TLS here", "400 Bad Request"),
    "close-in-handshake": b"",
}
"""What a connection receives once the client has sent something, before it is closed."""

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Switch:
    """A port of loopback.

    Args:
        kind: ``refuse`` connections; ``close`` or ``reset`` them at once; be ``silent``; ``reset-in-handshake``, as
            soon as the client has sent something; a kind of ``RESPONSES``; or ``none``, which works from the start.
        serve: Serves a connection that works.
        tls: The context of the server, if it speaks TLS once it works.

    Attributes:
        begun: How many connections have sent something: a client that has, waits for the rest of the handshake.
    """

    def __init__(self, kind: str, serve: Serve, tls: ssl.SSLContext | None) -> None:
        self._kind, self._serve, self._tls = kind, serve, tls
        self._socket = socket.socket()
        self._is_on = kind == "none"
        self.begun = 0

    async def open(self) -> int:
        """Bind a port, and return its number."""
        self._socket.bind(("127.0.0.1", 0))
        if self._kind != "refuse":
            await self._listen()
        port: int = self._socket.getsockname()[1]
        return port

    async def turn_on(self) -> None:
        """Let connections work from now on."""
        if self._kind == "refuse":
            await self._listen()
        self._is_on = True

    async def _listen(self) -> None:
        await asyncio.start_server(self._accept, sock=self._socket)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            if self._is_on:
                if self._tls is not None:
                    await writer.start_tls(self._tls)
                await self._serve(reader, writer)
            else:
                await self._fail(reader, writer)
        writer.close()

    async def _fail(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._kind not in ("close", "reset"):
            self.begun += bool(await reader.read(65536))
        if self._kind == "silent":
            await reader.read()
        elif self._kind in ("reset", "reset-in-handshake"):
            reset(writer)
        elif self._kind in RESPONSES:
            writer.write(RESPONSES[self._kind])
