"""Profiles a fetch by this package: ``make profile``, or ``python -m tests.bench.profile_fetch``.

Prints where the time of a fetch goes, by own time, for each transport: 40-turn calls, 10 in flight.
cProfile adds about the same to every function, so that many small functions look slower than they are.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import itertools
import pstats
import sys

from . import server
from .clients import CLIENTS, LABELS
from .sample import call_ids
from .target import target
from .worker import keep_in_flight


async def profile(client: str, base_url: str, fetches: int, turns: int, in_flight: int) -> pstats.Stats:
    """Profile ``fetches`` fetches, after as many that warm up."""
    profiler = cProfile.Profile()
    async with CLIENTS[client](target(base_url, in_flight)) as fetch:
        ids = itertools.cycle(call_ids(turns))
        await keep_in_flight(fetch, itertools.islice(ids, fetches), in_flight)
        profiler.enable()
        await keep_in_flight(fetch, itertools.islice(ids, fetches), in_flight)
        profiler.disable()
    return pstats.Stats(profiler, stream=sys.stdout)


def main(arguments: list[str] | None = None) -> None:
    """Profile each client and print its table."""
    parser = argparse.ArgumentParser(description="Show where the time of a fetch goes.")
    parser.add_argument("--client", action="append", choices=list(CLIENTS), help="else both of ours")
    parser.add_argument("--fetches", type=int, default=2000)
    parser.add_argument("--turns", type=int, default=40)
    parser.add_argument("--in-flight", type=int, default=10)
    parser.add_argument("--rows", type=int, default=40)
    options = parser.parse_args(arguments)
    with server.running() as addresses:
        for client in options.client or ["ours-aiohttp", "ours-httpx"]:
            print(f"\n== {LABELS[client]}, {options.fetches} fetches ==")
            try:
                stats = asyncio.run(profile(client, addresses.http, options.fetches, options.turns, options.in_flight))
            except ImportError as error:
                print(f"left out: {error}")
                continue
            stats.strip_dirs().sort_stats("tottime").print_stats(options.rows)


if __name__ == "__main__":
    main()
