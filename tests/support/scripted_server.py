"""A server that plays scripts: ``python -m tests.support.scripted_server MODULE``.

It uses plain sockets in a process of its own, so that nothing in it can help or block the client. The request's
path names the script: ``/SCRIPT--SUFFIX`` as the call id, or ``/SCRIPT`` as the last segment of the base URL.
``MODULE.SCRIPTS`` maps names to scripts. A client that begins with HTTP/2 gets the same responses over HTTP/2.

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
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from . import http2
from .key import KEY_HEADER
from .switch import Switch
from .wire import End, Frame, ReceivedRequest, Script, http, reset

CERTIFICATE = Path(__file__).with_name("untrusted-test-cert.pem")
CERTIFICATE_KEY = Path(__file__).with_name("untrusted-test-key.pem")
MAX_HEAD = 64 * 1024
TLS_HANDSHAKE = b"\x16"
"""First byte of a ClientHello (RFC 8446, section 5.1)."""


class Response(Protocol):
    """Where a script writes to. ``end`` returns when the client closed the connection, or need not."""

    async def write(self, data: bytes) -> None: ...
    async def write_frame(self, frame: Frame) -> None: ...
    async def end(self, end: End) -> None: ...


class Http1Response:
    """Writes a response to a connection, which its reader closes afterwards."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def write(self, data: bytes) -> None:
        """Write bytes as they are."""
        self._writer.write(data)
        await self._writer.drain()

    async def write_frame(self, frame: Frame) -> None:
        """Refuse a script that is for HTTP/2 only."""
        raise AssertionError("HTTP/1.1 has no frames")

    async def end(self, end: End) -> None:
        """Wait until the client closes the connection, or reset it."""
        if end is End.HOLD:
            await self._reader.read()
        elif end is End.RESET:
            reset(self._writer)


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
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._switches: dict[int, Switch] = {}

    async def start(self) -> dict[str, int]:
        """Listen, and return the ports by name."""
        self._tls.load_cert_chain(CERTIFICATE, CERTIFICATE_KEY)
        self._tls.set_alpn_protocols(["h2", "http/1.1"])
        ports = {}
        for name, handler, tls in (
            ("plain", self._serve, None),
            ("tls", self._serve, self._tls),
            ("silent", self._ignore, None),
            ("elsewhere", self._eavesdrop, None),
        ):
            server = await asyncio.start_server(handler, "127.0.0.1", 0, ssl=tls, limit=MAX_HEAD, backlog=512)
            ports[name] = server.sockets[0].getsockname()[1]
        self._elsewhere_url = f"http://127.0.0.1:{ports['elsewhere']}"
        self._refusing.bind(("127.0.0.1", 0))
        return {**ports, "refused": self._refusing.getsockname()[1]}

    async def command(self, line: str) -> object:
        """Carry out a command.

        ``requests ID`` counts the requests with this call id. ``pauses ID`` counts the pauses and silences of its
        script. ``connections`` counts the open connections, ``silent`` all connections that have sent something
        and are never served. ``elsewhere`` returns how many connections the other host got since the last time, and
        what it received. ``broken`` lists the exceptions of scripts.

        ``switch KIND SCHEME`` opens a port that fails in one way (see ``switch.Switch``) and returns its number;
        ``on PORT`` makes it work; ``begun PORT`` counts the connections that have sent something.
        """
        name, *arguments = line.split()
        argument = arguments[0] if arguments else ""
        match name:
            case "switch":
                switch = Switch(argument, self._serve, self._tls if arguments[1] == "https" else None)
                port = await switch.open()
                self._switches[port] = switch
                return port
            case "on":
                await self._switches[int(argument)].turn_on()
                return None
            case "begun":
                return self._switches[int(argument)].begun
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
        head = first + await reader.readuntil(b"\r\n\r\n")
        if head == http2.PREFACE:
            await http2.Connection(reader, writer, self._play).serve(head)
            return False
        request_line, *lines = head.decode("latin-1").split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        return await self._play({**fields, ":path": request_line.split(" ")[1]}, Http1Response(reader, writer))

    async def _play(self, fields: Mapping[str, str], response: Response) -> bool:
        """Play the script of a request; return whether the connection can take another."""
        name, request = self._parse(fields)
        for step in self._scripts[name](request):
            if isinstance(step, bytes):
                await response.write(step)
            elif isinstance(step, Frame):
                await response.write_frame(step)
            elif isinstance(step, End):
                self._pauses[request.call_id] += step is End.HOLD
                await response.end(step)
                return False
            else:
                self._pauses[request.call_id] += 1
                await asyncio.sleep(step)
        return True

    def _parse(self, fields: Mapping[str, str]) -> tuple[str, ReceivedRequest]:
        """Return the name of the script for a request, and the request."""
        *_, prefix, _, call_id = fields[":path"].split("/")
        self._requests[call_id] += 1
        request = ReceivedRequest(
            call_id=call_id,
            attempt=self._requests[call_id],
            key=fields.get(KEY_HEADER.lower(), ""),
            cookie=fields.get("cookie", ""),
            elsewhere=self._elsewhere_url,
        )
        return (call_id.partition("--")[0] if "--" in call_id else prefix), request

    async def _ignore(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Accept a connection and never write."""
        with contextlib.suppress(OSError):
            self._silent_connections += bool(await reader.read(65536))
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
        sys.stdout.write(json.dumps(await server.command(line.decode())) + "\n")
        sys.stdout.flush()
    os._exit(0)  # connections that are still open need not be closed in order


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
