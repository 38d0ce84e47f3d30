"""What exports cost: ``python -m tests.bench.exports [IDS]``. Fails where a figure does not keep its bound.

Rates are calls in a second of CPU time, Arrow's threads included, against a server in another process. Memory is that
of a process that exports IDS calls, 1,000,000 by default, to Parquet, over a transport that makes responses in process.
pandas cannot be imported there: where it is installed, pyarrow imports it, which takes another 34 MiB.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx

from puretalk_client import AsyncPuretalk, Call
from puretalk_client.export import export, to_batches
from puretalk_client.testing import sample_call

from . import server
from .memory import memory
from .sample import ROOT, call_ids, envelope

CALLS = 1000
ROUNDS = 7
MIN_SHARE = 0.6
"""Of the rate of plain fetching on aiohttp that an export to Parquet has."""
MAX_MEMORY = 150.0
"""MiB of resident memory."""


async def rate(run: Callable[[], Awaitable[object]]) -> float:
    """Return calls in a second of CPU time: what one core does, also where other processes need it."""
    start = time.process_time()
    await run()
    return CALLS / (time.process_time() - start)


async def measure_rates(base_url: str, folder: Path) -> dict[str, float]:
    """Return the median rate of fetching, and of exports, in rounds that take turns."""
    rates: dict[str, list[float]] = {}
    async with AsyncPuretalk("k", base_url=base_url, transport="aiohttp", max_connections=50) as client:

        async def fetch() -> None:
            async for result in client.calls.get_many(call_ids(40)):
                result.unwrap()

        def exporting(format: Any) -> Callable[[], Awaitable[object]]:
            return lambda: export(client, call_ids(40), folder / format, format=format, overwrite=True)

        runs = {"plain fetching": fetch, "parquet": exporting("parquet"), "jsonl": exporting("jsonl")}
        for number in range(ROUNDS + 1):
            for name, run in runs.items():
                value = await rate(run)
                if number:  # the first one imports modules and opens connections
                    rates.setdefault(name, []).append(value)
    return {name: statistics.median(values) for name, values in rates.items()}


def measure_batches() -> float:
    """Return the microseconds of one call of 40 turns in ``to_batches``."""
    calls = [Call.from_dict(sample_call(call_id=str(number))) for number in range(500)]
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        assert sum(batch.num_rows for batch in to_batches(calls)) == 500
        times.append((time.perf_counter() - start) / 500 * 1e6)
    return min(times)


class InProcess(httpx.AsyncBaseTransport):
    """Responds with a call of 40 turns, at once."""

    def __init__(self) -> None:
        self._before, _, self._after = envelope(40, "PLACEHOLDER").partition(b"PLACEHOLDER")

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        content = self._before + request.url.path.rpartition("/")[2].encode() + self._after
        return httpx.Response(200, content=content, headers={"Content-Type": "application/json"})


class WithoutPandas:
    """Lets nothing import pandas."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        """Refuse it, and leave all else to the finders that follow."""
        if name.partition(".")[0] == "pandas":
            raise ModuleNotFoundError(name, name=name)


async def export_in_process(count: int, folder: Path) -> None:
    """Export so many calls, and print the memory meanwhile and at the end."""
    done = 0

    def show(progress: Any) -> None:
        nonlocal done
        done += 1
        if done in (5_000, 20_000) or done % 100_000 == 0:
            print(f"{done:>9,} calls: {memory('VmRSS'):.0f} MiB now, {memory('VmHWM'):.0f} MiB at most", flush=True)

    async with (
        httpx.AsyncClient(transport=InProcess()) as http,
        AsyncPuretalk("k", base_url="http://127.0.0.1/api", http_client=http) as client,
    ):
        ids = (f"c-{number}" for number in range(count))
        report = await export(client, ids, folder, on_progress=show)
    assert report.rows == count
    print(memory("VmHWM"))


def measure_memory(count: int) -> float:
    """Return the most memory that a process needs to export so many calls."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.bench.exports", "--in-process", str(count), folder]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            *lines, last = (line for line in process.stdout if not print(line, end="", flush=True))
            del lines
        return float(last)


def main(count: int = 1_000_000) -> int:
    """Print the figures; return the exit status."""
    print(f"to_batches takes {measure_batches():.0f} us for a call of 40 turns")
    with server.running() as addresses, tempfile.TemporaryDirectory() as folder:
        rates = asyncio.run(measure_rates(addresses.http, Path(folder)))
        for name in ("parquet", "jsonl"):
            size = sum(part.stat().st_size for part in Path(folder, name).glob("part-*"))
            print(f"{name}: {size / CALLS:,.0f} bytes for a call; as received, {len(envelope(40, 'c')):,}")
    fetching = rates.pop("plain fetching")
    print(f"plain fetching on aiohttp: {fetching:,.0f} calls in a second")
    for name, value in rates.items():
        print(f"export to {name}: {value:,.0f} calls in a second, {value / fetching:.2f} of it (at least {MIN_SHARE})")
    most = measure_memory(count)
    print(f"memory of {count:,} calls: {most:.0f} MiB (at most {MAX_MEMORY:.0f})")
    return 1 if rates["parquet"] / fetching < MIN_SHARE or most > MAX_MEMORY else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--in-process"]:
        sys.meta_path.insert(0, WithoutPandas)
        asyncio.run(export_in_process(int(sys.argv[2]), Path(sys.argv[3])))
    else:
        sys.exit(main(*map(int, sys.argv[1:])))
