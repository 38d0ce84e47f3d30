"""The server of the benchmark, in a process of its own: HTTP/1.1 with responses made beforehand, also over TLS.

Run as ``python -m tests.bench.server``. It prints its two ports, and ends with its standard input, and so with its
parent.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import subprocess
import sys
from collections.abc import Iterator
from typing import NamedTuple

from . import tls
from .sample import ROOT, call_id, envelope


class Addresses(NamedTuple):
    """The base URLs of the server."""

    http: str
    https: str


@functools.cache
def body(turns: int) -> tuple[bytes, bytes]:
    """Return the body of a call of this size, before and after its id."""
    placeholder = call_id(turns, 0)
    before, _, after = envelope(turns, placeholder).partition(placeholder.encode())
    return before, after


@functools.cache
def respond(path: bytes) -> bytes:
    """Return the response to a request for ``path``."""
    identifier = path.rpartition(b"/")[2]
    before, after = body(int(identifier[:8]))
    content = before + identifier + after
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(content)
    return head + content


class Connection(asyncio.Protocol):
    """One connection, kept alive. Requests have no body."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.pending = b""

    def data_received(self, data: bytes) -> None:
        self.pending += data
        while b"\r\n\r\n" in self.pending:
            request, _, self.pending = self.pending.partition(b"\r\n\r\n")
            self.transport.write(respond(request.split(b" ", 2)[1]))


async def serve() -> None:
    """Serve on two free ports of loopback until standard input ends."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    plain = await loop.create_server(Connection, "127.0.0.1", 0, backlog=1024)
    encrypted = await loop.create_server(Connection, "127.0.0.1", 0, backlog=1024, ssl=tls.server_context())
    print(*(server.sockets[0].getsockname()[1] for server in (plain, encrypted)), flush=True)
    loop.add_reader(sys.stdin.fileno(), ended.set)
    await ended.wait()


@contextlib.contextmanager
def running() -> Iterator[Addresses]:
    """Run the server while the block lasts; yield its base URLs."""
    command = [sys.executable, "-m", "tests.bench.server"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            plain, encrypted = process.stdout.readline().split()
            yield Addresses(f"http://127.0.0.1:{int(plain)}/api", f"https://127.0.0.1:{int(encrypted)}/api")
        finally:
            process.stdin.close()


if __name__ == "__main__":
    asyncio.run(serve())
