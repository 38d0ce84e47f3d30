"""Exports that are killed: ``python -m tests.support.killed_exports FOLDER FORMAT SEED KILLS``.

It exports once undisturbed into FOLDER/undisturbed. Then it exports into FOLDER/0, in processes that SIGKILL ends at
random points, and goes on until the export is complete; and again into FOLDER/1, and so on, until there were KILLS. It
prints a line for each kill, and the names of the folders.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from itertools import count
from pathlib import Path
from typing import Any, cast

import httpx

from puretalk_client import AsyncPuretalk
from puretalk_client.export import export
from puretalk_client.testing import Sandbox, sample_call

SANDBOX = Sandbox()
IDS = [
    SANDBOX.add_call(sample_call(call_id=f"c-{number}", status="completed" if number % 5 else "ringing"))
    for number in range(30)
]
IDS += ["no-1", "no-2", "c-3"]
ROWS = 4


async def run(target: Path, format: str) -> None:
    """Export, or go on with it."""
    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(app=SANDBOX)) as http,
        AsyncPuretalk(SANDBOX.api_key, base_url=SANDBOX.base_url, http_client=http) as client,
    ):
        await export(client, IDS, target, rows=ROWS, format=cast("Any", format), resume=True)


class Killer:
    """Counts the functions that begin, and kills this process when there were so many.

    Attributes:
        count: How many there were.
    """

    def __init__(self, limit: int) -> None:
        self.count = 0
        self._limit = limit

    def __call__(self, frame: object, event: str, argument: object) -> None:
        if event in ("call", "c_call"):
            self.count += 1
            if self.count == self._limit:
                os.kill(os.getpid(), signal.SIGKILL)


def run_killed(target: Path, format: str, limit: int) -> bool:
    """Run in a copy of this process, which has all modules already; return whether it was killed."""
    child = os.fork()
    if not child:
        try:
            sys.setprofile(Killer(limit))
            asyncio.run(run(target, format))
            os._exit(0)
        except BaseException as error:
            print(f"failed: {error!r}", flush=True)
            os._exit(1)
    status = os.waitpid(child, 0)[1]
    assert status in (0, signal.SIGKILL), status
    return status == signal.SIGKILL


def main(folder: Path, format: str, seed: int, kills: int) -> None:
    """Export, and kill."""
    asyncio.run(run(folder / "undisturbed", format))  # it imports modules and fills caches
    killer = Killer(sys.maxsize)
    sys.setprofile(killer)
    asyncio.run(run(folder / "counted", format))
    sys.setprofile(None)
    points, killed = random.Random(seed), 0
    for number in count():
        target = folder / str(number)
        while True:
            limit = points.randrange(1, killer.count // 2) if killed < kills else sys.maxsize
            if not run_killed(target, format, limit):
                break
            killed += 1
            print(f"kill {killed} at function {limit} of {killer.count}: {len(list(target.glob('part-*')))} files")
        print(target)
        if killed >= kills:
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
