"""Measures what needs a process of its own: ``python -m tests.bench.one_client TASK CLIENT BASE_URL ...``.

cold CALL_ID     fetches one call, and prints when it was decoded and the CPU time until then
fetch COUNT      fetches COUNT calls, for a counter of instructions around this process; prints nothing
tasks COUNT      starts COUNT tasks that fetch a call each; prints how many got it, and the peak memory

It imports little itself, because all of that counts in the cold start.
"""

from __future__ import annotations

import asyncio
import sys
import time

from .clients import CLIENTS
from .target import leave, target, use_paths_of_a_service

IN_FLIGHT, TURNS = 10, 40


async def cold(client: str, base_url: str, call_id: str) -> None:
    """Fetch one call; print the system's monotonic clock, which the parent reads too, and the CPU time."""
    async with CLIENTS[client](target(base_url, 1)) as fetch:
        await fetch(call_id)
        print(time.monotonic(), time.process_time())


async def fetch(client: str, base_url: str, count: str) -> None:
    """Open the connections, and then fetch ``count`` calls."""
    import gc
    import itertools

    from .sample import call_ids
    from .worker import keep_in_flight

    async with CLIENTS[client](target(base_url, IN_FLIGHT)) as fetch_call:
        ids = itertools.cycle(call_ids(TURNS))
        await keep_in_flight(fetch_call, itertools.islice(ids, 2 * IN_FLIGHT), IN_FLIGHT)
        use_paths_of_a_service()
        # A collection of the whole heap, once in thousands of fetches, would otherwise fall on a few hundred.
        gc.collect()
        gc.freeze()
        await keep_in_flight(fetch_call, itertools.islice(ids, int(count)), IN_FLIGHT)


async def tasks(client: str, base_url: str, count: str) -> None:
    """Start all tasks at once, on the default number of connections; no task keeps its call."""
    import itertools

    from .memory import memory
    from .sample import call_ids

    async def fetch_one(call_id: str) -> bool:
        try:
            await fetch_call(call_id)
        except Exception:
            return False
        return True

    async with CLIENTS[client](target(base_url, 1)) as fetch_call:
        ids = itertools.islice(itertools.cycle(call_ids(TURNS)), int(count))
        delivered = await asyncio.gather(*(fetch_one(call_id) for call_id in ids))
    print(sum(delivered), memory("VmHWM"))


if __name__ == "__main__":
    task, *arguments = sys.argv[1:]
    asyncio.run({"cold": cold, "fetch": fetch, "tasks": tasks}[task](*arguments))
    leave()
