"""Waits for 5,000 calls at once and prints what that costs: ``python -m tests.faults.waits [httpx | aiohttp]``.

Each call is in progress and has 40 turns, so that what a sleeping wait remembers of it counts.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections.abc import Iterator
from typing import Any

from tests.bench.memory import memory
from tests.support.process import scripted_server
from tests.support.wire import ReceivedRequest, Step, envelope, http

from puretalk_client import Attempt

from .requests import new_id
from .transports import TRANSPORTS

COUNT = 5000
POLLS = 2
"""How often each call is fetched, on average, before the cost is measured."""
WORDS = [
    f"{first}{second}{third}"
    for first in ("ap", "con", "mor", "ther", "s", "re", "in", "wa")
    for second in ("point", "ti", "nu", "la", "ci", "ve")
    for third in ("ment", "nue", "ning", "day", "s")
]
"""They compress about as badly as what people say."""


def in_progress(request: ReceivedRequest) -> Iterator[Step]:
    """Respond with a call of 40 turns that is not over."""
    pick = random.Random(request.call_id)
    said = [" ".join(pick.choices(WORDS, k=12)) for _ in range(40)]
    latency = {"latency": pick.random(), "eou_delay": pick.random(), "llm_latency": pick.random()}
    turns = [{"role": "user", "content": text, "interrupted": False, "turn_latency": latency} for text in said]
    changes = {"status": "in progress", "transcript": "\n".join(said), "transcript_object": turns}
    yield http(envelope(request.call_id, **changes))


SCRIPTS = {"in-progress": in_progress}
"""What the server of this program plays."""


async def measure(base_url: str, transport: str) -> dict[str, Any]:
    """Start the waits, let each poll a few times, and cancel them; return the cost."""
    attempts = 0

    def count(attempt: Attempt) -> None:
        nonlocal attempts
        attempts += 1

    async with TRANSPORTS[transport](base_url=base_url, on_attempt=count, timeout=300.0) as client:
        await asyncio.gather(*(client.calls.get(new_id("in-progress")) for _ in range(500)))
        before, attempts = memory("VmRSS"), 0
        async with asyncio.TaskGroup() as group:
            waits = [
                group.create_task(client.calls.wait(new_id("in-progress"), poll_interval=10, timeout=3600))
                for _ in range(COUNT)
            ]
            while attempts < COUNT * POLLS:
                await asyncio.sleep(0.1)
            resident, peak, tasks = memory("VmRSS"), memory("VmHWM"), len(asyncio.all_tasks())
            start = time.process_time()
            for wait in waits:
                wait.cancel()
    return {
        "waits": COUNT,
        "polls": attempts,
        "growth_mib": round(resident - before, 1),
        "peak_growth_mib": round(peak - before, 1),
        "tasks_of_their_own": tasks - COUNT - 1,
        "seconds_to_cancel": round(time.process_time() - start, 2),
    }


def main(transport: str = "httpx") -> None:
    """Measure against a server in another process."""
    with scripted_server("tests.faults.waits") as server:
        print(json.dumps(asyncio.run(measure(f"http://127.0.0.1:{server.ports['plain']}", transport))))


if __name__ == "__main__":
    main(*sys.argv[1:])
