"""A server that plays scripts: ``python -m tests.support.scripted_server MODULE``.

It uses plain sockets in a process of its own, so that nothing in it can help or block the client. The request's
path names the script: ``/SCRIPT--SUFFIX`` as the call id, or ``/SCRIPT`` as the first segment of the base URL.
``MODULE.SCRIPTS`` maps names to scripts.

It ends with its standard input, and so with its parent. It reads commands there, one a line, and writes one line
of JSON for each to standard output; see ``ScriptedServer.command``. The first line that it writes is its ports.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import os
import socket
import ssl
import struct
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from .wire import End, ReceivedRequest, Script, http

CERTIFICATE = Path(__file__).with_name("untrusted-test-cert.pem")
CERTIFICATE_KEY = Path(__file__).with_name("untrusted-test-key.pem")
MAX_HEAD = 64 * 1024
TLS_HANDSHAKE = b"\x16"
"""First byte of a ClientHello (RFC 8446, section 5.1)."""


class ScriptedServer:
    """Counts what arrives, and plays the script that each request names."""

    def __init__(self, scripts: Mapping[str, Script]) -> None:
        self._scripts = scripts
        self._requests: Counter[str] = Counter()
        self._pauses: Counter[str] = Counter()
        self._open_connections = 0
        self._silent_connections = 0
        self._broken_scripts: list[str] = []
        self._elsewhere = bytearray()
        self._elsewhere_connections = 0
        self._elsewhere_url = ""
        self._refusing = socket.socket()  # bound, so that nobody else gets its port, and never listening

    async def start(self) -> dict[str, int]:
        """Listen, and return the ports by name."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE, CERTIFICATE_KEY)
        ports = {}
        for name, handler, tls in (
            ("plain", self._serve, None),
            ("tls", self._serve, context),
            ("silent", self._ignore, None),
            ("elsewhere", self._eavesdrop, None),
        ):
            server = await asyncio.start_server(handler, "127.0.0.1", 0, ssl=tls, limit=MAX_HEAD, backlog=512)
            ports[name] = server.sockets[0].getsockname()[1]
        self._elsewhere_url = f"http://127.0.0.1:{ports['elsewhere']}"
        self._refusing.bind(("127.0.0.1", 0))
        return {**ports, "refused": self._refusing.getsockname()[1]}

    def command(self, line: str) -> object:
        """Carry out a command.

        ``requests ID`` counts the requests with this call id. ``pauses ID`` counts the pauses and silences of its
        script. ``connections`` counts the open connections, ``silent`` all connections that were accepted and never
        served. ``elsewhere`` returns how many connections the other host got since the last time, and what it
        received. ``broken`` lists the exceptions of scripts.
        """
        name, _, argument = line.strip().partition(" ")
        match name:
            case "requests":
                return self._requests[argument]
            case "pauses":
                return self._pauses[argument]
            case "connections":
                return self._open_connections
            case "silent":
                return self._silent_connections
            case "broken":
                return self._broken_scripts
            case "elsewhere":
                received = [self._elsewhere_connections, self._elsewhere.decode("latin-1")]
                self._elsewhere_connections, self._elsewhere = 0, bytearray()
                return received
            case _:
                raise ValueError(line)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve the requests of one connection."""
        self._open_connections += 1
        try:
            while await self._respond(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the client closed the connection, or does not speak HTTP
        except Exception as error:
            self._broken_scripts.append(repr(error))
        finally:
            self._open_connections -= 1
            writer.close()

    async def _respond(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Read one request and play its script; return whether the connection can take another."""
        first = await reader.readexactly(1)
        if first == TLS_HANDSHAKE:
            writer.write(http(b"", "400 Bad Request"))
            return False
        head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        name, request = self._parse(head)
        for step in self._scripts[name](request):
            if isinstance(step, bytes):
                writer.write(step)
                await writer.drain()
            elif isinstance(step, float):
                self._pauses[request.call_id] += 1
                await asyncio.sleep(step)
            elif step is End.HOLD:
                self._pauses[request.call_id] += 1
                await reader.read()
                return False
            elif step is End.RESET:
                linger = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                writer.transport.abort()
                return False
            else:
                return False
        return True

    def _parse(self, head: str) -> tuple[str, ReceivedRequest]:
        """Return the name of the script for a request, and the request."""
        request_line, *lines = head.split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        *_, prefix, _, call_id = request_line.split(" ")[1].split("/")
        self._requests[call_id] += 1
        request = ReceivedRequest(
            call_id=call_id,
            attempt=self._requests[call_id],
            key=headers.get("x-api-key", ""),
            cookie=headers.get("cookie", ""),
            elsewhere=self._elsewhere_url,
        )
        return (call_id.partition("--")[0] if "--" in call_id else prefix), request

    async def _ignore(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Accept a connection and never write."""
        self._silent_connections += 1
        with contextlib.suppress(OSError):
            while await reader.read(65536):
                pass
        writer.close()

    async def _eavesdrop(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Keep whatever is sent to the other host."""
        self._elsewhere_connections += 1
        self._elsewhere += await reader.read(65536)
        writer.close()


async def main(module: str) -> None:
    """Serve until standard input ends."""
    server = ScriptedServer(importlib.import_module(module).SCRIPTS)
    loop = asyncio.get_running_loop()
    commands = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    sys.stdout.write(json.dumps(await server.start()) + "\n")
    sys.stdout.flush()
    while line := await commands.readline():
        sys.stdout.write(json.dumps(server.command(line.decode())) + "\n")
        sys.stdout.flush()
    os._exit(0)  # connections that are still open need not be closed in order


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
