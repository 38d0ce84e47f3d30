"""Fetches a gzip bomb in a process of its own and prints its costs: ``python -m tests.faults.bomb``."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from .harness import result_of
from .transports import ALL_TRANSPORTS

TIMEOUT = 300.0
"""Seconds for each request, on a loaded machine."""
TICK = 0.001
"""Seconds that the task asks to sleep which measures how long the event loop is blocked."""


async def longest_stall(done: asyncio.Event) -> float:
    """Return the longest time in seconds by which the event loop was late for a sleeping task."""
    worst = 0.0
    while not done.is_set():
        before = time.perf_counter()
        await asyncio.sleep(TICK)
        worst = max(worst, time.perf_counter() - before - TICK)
    return worst


def peak_kib() -> int:
    """Return the largest resident memory of this process since ``reset_peak``, in KiB."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


def reset_peak() -> None:
    """Set the peak to what is resident now (Linux: proc(5), clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5")


async def fetch(base_url: str, transport: str, call_id: str) -> dict[str, Any]:
    """Fetch the bomb after a good call, so that only the bomb's own costs show."""
    done = asyncio.Event()
    async with ALL_TRANSPORTS[transport](base_url=base_url) as client:
        await client.calls.get("good--warm-up", timeout=TIMEOUT)
        reset_peak()
        before = peak_kib()
        ticker = asyncio.create_task(longest_stall(done))
        result = await result_of(client.calls.get(call_id, timeout=TIMEOUT))
        done.set()
        stall = await ticker
    return {
        "result": type(result).__name__,
        "growth_mib": (peak_kib() - before) / 1024,
        "stall_ms": stall * 1000,
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(fetch(*sys.argv[1:4]))))
