"""The server behind a gateway: ``python -m tests.faults.upstream PORT``. It is killed and started again on its port.

It returns the call that a request names, in one piece or in several, with a length or in chunks, at once or a little
later, so that it is killed at any point of a response. It ends with its standard input.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import sys

from tests.support.wire import chunk, envelope, http

PIECES = 4


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Respond to the requests of one connection."""
    with contextlib.suppress(asyncio.IncompleteReadError, OSError):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            await respond(writer, head.split(b" ")[1].rpartition(b"/")[2].decode())
    writer.close()


async def respond(writer: asyncio.StreamWriter, call_id: str) -> None:
    """Write a response."""
    pick = random.Random(call_id)
    # Larger than what a gateway keeps in memory, now and then.
    body = envelope(call_id, transcript="t" * pick.choice([1, 1_000, 20_000, 300_000]))
    if pick.random() < 0.5:
        writer.write(http(body))
    else:
        writer.write(http(b"", "200 OK", "Transfer-Encoding: chunked", length=False))
        size = len(body) // PIECES + 1
        for start in range(0, len(body), size):
            writer.write(chunk(body[start : start + size]))
            await writer.drain()
            await asyncio.sleep(pick.choice([0, 0, 0.001, 0.01]))
        writer.write(chunk(b""))
    await writer.drain()


async def main(port: int) -> None:
    """Serve until standard input ends."""
    server = await asyncio.start_server(serve, "127.0.0.1", port, backlog=512)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    commands = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    await commands.read()
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
