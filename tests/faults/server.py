"""The fault server: plain sockets in a process of its own, so that nothing it does can help or hide the client.

It ends when its standard input ends, and so with its parent. On standard input it takes commands, one a line,
and answers each with one line of JSON on standard output.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import ssl
import struct
import sys
from collections import Counter
from pathlib import Path

from .table_rows import ROWS
from .wire import Ask, End, http

HERE = Path(__file__).parent
CERTIFICATE, CERTIFICATE_KEY = HERE / "untrusted-test-cert.pem", HERE / "untrusted-test-key.pem"
MAX_HEAD = 64 * 1024
TLS_HANDSHAKE = b"\x16"
"""First byte of a ClientHello (RFC 8446, section 5.1)."""


class Server:
    """Counts what arrives, and plays the script that each request names."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.open_connections = 0
        self.broken_scripts: list[str] = []
        self.elsewhere = bytearray()
        self.elsewhere_connections = 0
        self.elsewhere_url = ""

    async def start(self) -> dict[str, int]:
        """Listen, and return the port of each listener."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE, CERTIFICATE_KEY)
        ports = {}
        for name, handler, tls in (
            ("plain", self.serve, None),
            ("tls", self.serve, context),
            ("silent", self.ignore, None),
            ("elsewhere", self.overhear, None),
        ):
            server = await asyncio.start_server(handler, "127.0.0.1", 0, ssl=tls, limit=MAX_HEAD, backlog=512)
            ports[name] = server.sockets[0].getsockname()[1]
        self.elsewhere_url = f"http://127.0.0.1:{ports['elsewhere']}"
        return ports

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve the requests of one connection."""
        self.open_connections += 1
        try:
            while await self.answer(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the client went, or what came is no HTTP
        except Exception as error:
            self.broken_scripts.append(repr(error))
        finally:
            self.open_connections -= 1
            writer.close()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Read one request and play its script; whether the connection can take another."""
        first = await reader.readexactly(1)
        if first == TLS_HANDSHAKE:
            writer.write(http(b"", "400 Bad Request"))
            return False
        head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        request_line, *lines = head.split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        *_, prefix, _, call_id = request_line.split(" ")[1].split("/")
        self.requests[call_id] += 1
        name = call_id.partition("--")[0] if "--" in call_id else prefix
        ask = Ask(
            call_id=call_id,
            attempt=self.requests[call_id],
            key=headers.get("x-api-key", ""),
            cookie=headers.get("cookie", ""),
            elsewhere=self.elsewhere_url,
        )
        for step in ROWS[name].script(ask):
            if isinstance(step, bytes):
                writer.write(step)
                await writer.drain()
            elif step is End.RESET:
                linger = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                writer.transport.abort()
                return False
            elif step is End.CLOSE:
                return False
            elif step is End.HOLD:
                await reader.read()
                return False
            else:
                await asyncio.sleep(step)
        return True

    async def ignore(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a connection and never answer."""
        with contextlib.suppress(OSError):
            while await reader.read(65536):
                pass
        writer.close()

    async def overhear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Keep whatever is sent to the other host."""
        self.elsewhere_connections += 1
        self.elsewhere += await reader.read(65536)
        writer.close()

    def command(self, line: str) -> object:
        """Answer a command. What was counted is told once."""
        name, _, argument = line.strip().partition(" ")
        if name == "requests":
            return self.requests.pop(argument, 0)
        if name == "connections":
            return self.open_connections
        if name == "broken":
            return self.broken_scripts
        assert name == "elsewhere", line
        heard = [self.elsewhere_connections, self.elsewhere.decode("latin-1")]
        self.elsewhere_connections, self.elsewhere = 0, bytearray()
        return heard


async def main() -> None:
    """Serve until standard input ends."""
    loop = asyncio.get_running_loop()
    commands = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    server = Server()
    sys.stdout.write(json.dumps(await server.start()) + "\n")
    sys.stdout.flush()
    while line := await commands.readline():
        sys.stdout.write(json.dumps(server.command(line.decode())) + "\n")
        sys.stdout.flush()
    os._exit(0)  # connections that are still open need no farewell


if __name__ == "__main__":
    asyncio.run(main())
