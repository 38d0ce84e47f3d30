"""Measures one client in a fresh process: reads a plan from standard input, prints the measurements.

One process for each client and round, because everything that a process holds makes its garbage collections slower:
in one process, each client would pay for the modules and pools of the others.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import json
import sys
import time
from collections.abc import Iterator
from typing import Any

from .clients import CLIENTS
from .sample import call_ids
from .target import Fetch, leave, target, use_paths_of_a_service


class Ids:
    """Ids to fetch, until enough were handed out and enough CPU time is spent.

    Attributes:
        count: How many were handed out.
    """

    def __init__(self, ids: Iterator[str], least: int, seconds: float) -> None:
        self.count = 0
        self._ids = ids
        self._least = least
        self._end = time.process_time() + seconds

    def __iter__(self) -> Ids:
        return self

    def __next__(self) -> str:
        if self.count >= self._least and time.process_time() >= self._end:
            raise StopIteration
        self.count += 1
        return next(self._ids)


async def keep_in_flight(fetch: Fetch, ids: Iterator[str], in_flight: int) -> None:
    """Fetch all of ``ids``, with ``in_flight`` fetches in flight at any time."""

    async def fetch_on() -> None:
        for call_id in ids:
            await fetch(call_id)

    await asyncio.gather(*(fetch_on() for _ in range(in_flight)))


def check(call: Any, call_id: str, turns: int) -> None:
    """Compare a model, or the dict of an untyped client, with what was fetched.

    Raises:
        ValueError: It is another call.
    """
    fields = (
        call if isinstance(call, dict) else {name: getattr(call, name) for name in ("call_id", "transcript_object")}
    )
    if len(fields["transcript_object"] or ()) != turns or str(fields["call_id"]) != call_id:
        raise ValueError("this is not the call that was fetched")


async def measure(
    client: str, base_url: str, in_flight: int, turns: int, least: int, seconds: float
) -> tuple[float, float]:
    """Measure one cell of the table with a client of its own.

    Args:
        client: A name of CLIENTS.
        base_url: Where the server is; over https, its certificate is trusted.
        in_flight: Fetches in flight.
        turns: The size of the calls.
        least: Fetches to warm up, which opens the connections; at least half as many again are measured.
        seconds: CPU time to spend at least, so that fast clients are measured as reliably as slow ones.

    Returns:
        Microseconds of CPU time per fetch, and fetches per second.
    """
    async with CLIENTS[client](target(base_url, in_flight)) as fetch:
        ids = itertools.cycle(call_ids(turns))
        call_id = next(ids)
        call = await fetch(call_id)
        check(call, call_id, turns)
        del call
        use_paths_of_a_service()
        await keep_in_flight(fetch, itertools.islice(ids, least), in_flight)
        gc.collect()  # a collection of the whole heap, once in thousands of fetches, would distort a few cells
        measured_ids = Ids(ids, least + least // 2, seconds)
        cpu, wall = time.process_time(), time.perf_counter()
        await keep_in_flight(fetch, measured_ids, in_flight)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        return cpu / measured_ids.count * 1e6, measured_ids.count / wall


async def run(client: str, base_url: str, cells: list[tuple[int, int, int, float]]) -> list[tuple[float, float]]:
    """Measure each cell (in flight, turns, fetches at least, seconds at least)."""
    return [await measure(client, base_url, *cell) for cell in cells]


if __name__ == "__main__":
    try:
        measured = asyncio.run(run(**json.load(sys.stdin)))
    except Exception as error:
        sys.exit(f"{type(error).__name__}: {str(error)[:300]}")
    print(json.dumps(measured))
    leave()
