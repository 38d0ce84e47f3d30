"""What ``get_many`` costs: ``python -m tests.bench.many [IDS]``. Fails where a figure is above its bound."""

from __future__ import annotations

import asyncio
import gc
import logging
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterator

import httpx
from tests.faults.harness import SCRIPTS
from tests.support.process import scripted_server

from puretalk_client import AsyncPuretalk, Call
from puretalk_client._many import CallId, FetchResults
from puretalk_client.testing import Sandbox, sample_call

from .memory import memory

ROUNDS = 7
FETCHES = 2_000
CONCURRENCY = 50
MAX_SHARE = 0.05
"""Of a fetch on aiohttp that ``get_many`` may add."""
MAX_GROWTH = 20.0
"""MiB of resident memory that all ids after the first 1,000 may add."""

Fetch = Callable[[CallId], Awaitable[Call]]


def ids(count: int, prefix: str = "good--") -> Iterator[str]:
    """Make so many ids."""
    return (f"{prefix}{number}" for number in range(count))


async def with_workers(fetch: Fetch, count: int) -> None:
    """Fetch with as little as possible around it."""
    numbers = ids(count)

    async def work() -> None:
        for call_id in numbers:
            await fetch(call_id)

    async with asyncio.TaskGroup() as group:
        for _ in range(CONCURRENCY):
            group.create_task(work())


async def with_get_many(fetch: Fetch, count: int) -> None:
    """Fetch as ``get_many`` does."""
    async for result in FetchResults(fetch, ids(count), CONCURRENCY, ordered=False):
        result.unwrap()


async def cpu_microseconds(run: Callable[[Fetch, int], Awaitable[None]], fetch: Fetch, count: int) -> float:
    """Return the CPU time for each id."""
    gc.collect()
    start = time.process_time()
    await run(fetch, count)
    return (time.process_time() - start) / count * 1e6


async def measure_overhead(base_url: str) -> tuple[float, float]:
    """Return the CPU time of a fetch on aiohttp, and of ``get_many`` around a fetch that only waits a turn."""
    call = Call()

    async def turn(_: CallId) -> Call:
        await asyncio.sleep(0)
        return call

    fetches, overheads = [], []
    async with AsyncPuretalk("k", base_url=base_url, transport="aiohttp") as client:
        await with_workers(client.calls.get, FETCHES)
        for _ in range(ROUNDS):
            fetches.append(await cpu_microseconds(with_workers, client.calls.get, FETCHES))
            around = await cpu_microseconds(with_get_many, turn, 10 * FETCHES)
            overheads.append(around - await cpu_microseconds(with_workers, turn, 10 * FETCHES))
    return statistics.median(fetches), statistics.median(overheads)


async def measure_growth(count: int) -> float:
    """Return the MiB that the ids after the first 1,000 add, against the sandbox in process."""
    sandbox = Sandbox()
    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(app=sandbox)) as http,
        AsyncPuretalk(sandbox.api_key, base_url=sandbox.base_url, http_client=http) as client,
    ):
        start, taken = 0.0, 0
        # Some calls are there and some are not, and no id is in flight twice: that would be a single request.
        found = [sandbox.add_call(sample_call(call_id=f"c-{number}")) for number in range(500)]
        source = (found[number % 500] if number % 10 else f"no-{number}" for number in range(count))
        async for result in client.calls.get_many(source):
            taken += 1
            assert result.call is not None or result.error is not None
            if taken == 1000:
                start = memory("VmRSS")
        return memory("VmRSS") - start


def main(count: int = 100_000) -> int:
    """Print the figures; return the exit status."""
    logging.getLogger("puretalk_client").setLevel(logging.ERROR)
    with scripted_server(SCRIPTS) as server:
        fetch, overhead = asyncio.run(measure_overhead(f"http://127.0.0.1:{server.ports['plain']}/good"))
    print(f"get_many adds {overhead:.1f} us to a fetch of {fetch:.0f} us on aiohttp: {overhead / fetch:.1%}", end=" ")
    print(f"(at most {MAX_SHARE:.0%})", flush=True)
    growth = asyncio.run(measure_growth(count))
    print(f"{count:,} ids add {growth:+.1f} MiB to the memory after the first 1,000 (at most {MAX_GROWTH:g})")
    return 1 if overhead / fetch > MAX_SHARE or growth > MAX_GROWTH else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
