"""Prints the longest stall of the event loop while one large body is decoded: ``python -m tests.bench.stalls``.

A task that sleeps for a millisecond at a time measures how late it wakes up, while the client fetches a call from a
server in memory. Each figure is the least of ``REPEATS`` requests: other processes on the machine only add to it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable

from tests.support.transports import Scripted, ScriptedTransport, client_over

from puretalk_client import PuretalkError

from .sample import call_id, envelope

KIB = 1024
SIZES = {
    "256 KiB": 256 * KIB,
    "1 MiB": 1024 * KIB,
    "2 MiB": 2048 * KIB,
    "4 MiB": 4 * 1024 * KIB,
    "15 MiB": 15 * 1024 * KIB,
}
REPEATS = 7
NAP = 0.001
"""Seconds between two looks at the clock."""
COLUMNS = "{:<28} {:>8} {:>13} {:>11}  {}"

CALL_ID = call_id(1, 0)
START, END = envelope(1, CALL_ID), b""
TURN = json.dumps(json.loads(START)["results"]["transcript_object"][0], separators=(",", ":")).encode()
START, _, END = START.partition(TURN)


def turns(size: int, turn: bytes, first: bytes | None = None) -> bytes:
    """Make the body of a call whose turns fill ``size`` bytes; ``first`` takes the place of one of them."""
    count = (size - len(START) - len(END) - len(first or b"")) // (len(turn) + 1)
    items = [turn] * count
    if first is not None:
        items.insert(0, first)
    return START + b",".join(items) + END


def error(size: int) -> bytes:
    """Make the body of an error with a message of nearly ``size`` bytes."""
    return b'{"err":true,"msg":"' + b"x%41 " * ((size - 40) // 5) + b'"}'


BAD_TURN = b'{"role":1,"content":2,"interrupted":"no"}'
KINDS: dict[str, Callable[[int], bytes]] = {
    "as the document says": lambda size: turns(size, TURN),
    "one mismatch": lambda size: turns(size, TURN, BAD_TURN),
    "a mismatch in every turn": lambda size: turns(size, BAD_TURN),
    "1,1,1 in place of turns": lambda size: turns(size, b"1"),
    "{} in place of turns": lambda size: turns(size, b"{}"),
    "turns of spaces": lambda size: turns(size, b"{" + b" " * 32 + b"}"),
    "arrays of arrays": lambda size: turns(size, b"[[[]]]" + b" " * 70),
    "1,1,1 and one 1e999": lambda size: turns(size, b"1", b"1e999"),
    "half surrogate pairs": lambda size: turns(size, b'{"content":"%s"}' % (b"\\ud83d" * 5000)),
    "cut off": lambda size: turns(size, b"1")[:-1],
    "err: true with a long msg": error,
}


async def longest_nap(done: asyncio.Event) -> float:
    """Return by how many seconds the event loop woke up too late at most, until ``done``."""
    worst, last = 0.0, time.perf_counter()
    while not done.is_set():
        await asyncio.sleep(NAP)
        now = time.perf_counter()
        worst, last = max(worst, now - last - NAP), now
    return worst


async def measure(body: bytes) -> tuple[float, float, str]:
    """Fetch the call; return the longest stall and the time in seconds, and the outcome."""
    done = asyncio.Event()
    async with client_over(ScriptedTransport(Scripted(200, body)), max_response_bytes=1 << 30) as client:
        watching = asyncio.create_task(longest_nap(done))
        await asyncio.sleep(5 * NAP)
        start = time.perf_counter()
        try:
            outcome = type(await client.calls.get(CALL_ID, timeout=600)).__name__
        except PuretalkError as raised:
            outcome = type(raised).__name__
        elapsed = time.perf_counter() - start
        done.set()
        return await watching, elapsed, outcome


def main() -> None:
    """Print the table."""
    logging.disable(logging.WARNING)  # mismatches are reported
    print(COLUMNS.format("body", "size", "longest stall", "request", "outcome"))
    for kind, make in KINDS.items():
        for size, count in SIZES.items():
            body = make(count)
            runs = [asyncio.run(measure(body)) for _ in range(REPEATS)]
            stall, elapsed = min(run[0] for run in runs), min(run[1] for run in runs)
            print(COLUMNS.format(kind, size, f"{stall * 1000:.0f} ms", f"{elapsed * 1000:.0f} ms", runs[0][2]))


if __name__ == "__main__":
    main()
