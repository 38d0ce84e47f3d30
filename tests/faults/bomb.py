"""Fetches a gzip bomb in a process of its own, and prints what that cost: ``python -m tests.faults.bomb``."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from .harness import TRANSPORTS, outcome

TICK = 0.001


async def longest_stall(done: asyncio.Event) -> float:
    """Return the longest time, in seconds, that the loop took to come back to a task that asks for a turn."""
    worst = 0.0
    while not done.is_set():
        before = time.perf_counter()
        await asyncio.sleep(TICK)
        worst = max(worst, time.perf_counter() - before - TICK)
    return worst


def peak() -> int:
    """Return the most resident memory that this process had since ``forget_peak``, in KiB."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


def forget_peak() -> None:
    """Set the peak to what is resident now (Linux: proc(5), clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5")


async def fetch(base_url: str, transport: str, call_id: str) -> dict[str, Any]:
    """Fetch the bomb after a good call, so that only the bomb's own cost shows."""
    done = asyncio.Event()
    async with TRANSPORTS[transport](base_url=base_url) as client:
        await client.calls.get("good--warm-up")
        forget_peak()
        before = peak()
        ticker = asyncio.create_task(longest_stall(done))
        got = await outcome(client.calls.get(call_id))
        done.set()
        stall = await ticker
    return {"got": type(got).__name__, "growth_mib": (peak() - before) / 1024, "stall_ms": stall * 1000}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(fetch(*sys.argv[1:4]))))
