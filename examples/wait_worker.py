"""A worker that waits for calls: it reads their ids as they come, and prints the outcome of each as a line of JSON.

Run it with ``python wait_worker.py < ids.txt``, or behind anything that writes ids to a pipe. It ends when its input
ends and the last call is over and analysed.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from typing import TextIO

from puretalk_client import AsyncPuretalk, WaitTimeoutError


async def ids_from(stream: TextIO) -> AsyncIterator[str]:
    """Read ids, one on a line, without blocking the event loop."""
    while line := await asyncio.to_thread(stream.readline):
        if call_id := line.strip():
            yield call_id


async def work(client: AsyncPuretalk, ids: AsyncIterator[str], report: Callable[[dict[str, object]], object]) -> None:
    """Wait for calls, a thousand at a time, and report each when it is over."""
    async for result in client.calls.wait_many(ids, timeout=3600):
        outcome: dict[str, object] = {"call_id": str(result.call_id)}
        if result.call is not None:
            outcome |= {"status": result.call.status, "booked": result.call.post_analysis.get("appointment_booked")}
        elif isinstance(result.error, WaitTimeoutError):
            outcome |= {"missing": result.error.missing}
        else:
            outcome |= {"error": type(result.error).__name__}
        report(outcome)


async def main() -> None:
    """Work on the ids from standard input."""
    async with AsyncPuretalk() as client:
        await work(client, ids_from(sys.stdin), lambda outcome: print(json.dumps(outcome), flush=True))


if __name__ == "__main__":
    asyncio.run(main())
