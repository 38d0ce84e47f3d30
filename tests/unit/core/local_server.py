"""A server on loopback whose responses a test writes as bytes."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

from attrs import define, field

Respond = Callable[[str], bytes | Awaitable[bytes]]
"""Returns the response to a request, given as its head; one without Content-Length ends the connection."""


@define
class LocalServer:
    """What a server received.

    Attributes:
        port: The port that it listens on.
        requests: The heads of the requests.
        connections: How many connections were opened.
    """

    port: int
    requests: list[str] = field(factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        """Its address, without TLS."""
        return f"http://127.0.0.1:{self.port}"


def response(body: bytes = b"", status: str = "200 OK", *headers: str) -> bytes:
    """Write a response (RFC 9112)."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def redirect(location: str, status: str = "302 Found") -> bytes:
    """Write a redirect."""
    return response(b"", status, f"Location: {location}")


@contextlib.asynccontextmanager
async def local_server(
    respond: Respond,
    tls: ssl.SSLContext | None = None,
    *,
    closes: bool = False,
    on_end: Callable[[], object] = lambda: None,
) -> AsyncIterator[LocalServer]:
    """Serve until the end of the ``with`` block, which ends every connection.

    Args:
        respond: Returns the response to a request.
        tls: The context of the server, if it speaks TLS.
        closes: Close each connection after its first response.
        on_end: Called when a connection ended.
    """
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                server.requests.append(head)
                returned = respond(head)
                content = returned if isinstance(returned, bytes) else await returned
                writer.write(content)
                await writer.drain()
                if closes or b"Content-Length" not in content:
                    break
        except (asyncio.IncompleteReadError, OSError):
            pass  # the client closed the connection
        finally:
            writer.close()
            on_end()

    def start(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(serve(reader, writer)))

    # A client that does not trust the certificate breaks off the handshake, which CPython 3.15 reports to the loop.
    asyncio.get_running_loop().set_exception_handler(_ignore_handshakes)
    listener = await asyncio.start_server(start, "127.0.0.1", 0, ssl=tls)
    server = LocalServer(listener.sockets[0].getsockname()[1])
    async with listener:
        try:
            yield server
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def _ignore_handshakes(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    if not isinstance(context.get("exception"), (ConnectionResetError, ssl.SSLError)):
        loop.default_exception_handler(context)


@contextlib.contextmanager
def refusing_port() -> Iterator[int]:
    """Hold a port of loopback that refuses connections."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def _system_words(number: int) -> str:
    """Return what the operating system says of an error number, as messages quote it."""
    text = os.strerror(number)
    return text[:1].lower() + text[1:]


CONNECTION_REFUSED = _system_words(errno.ECONNREFUSED)
CONNECTION_RESET = _system_words(errno.ECONNRESET)
