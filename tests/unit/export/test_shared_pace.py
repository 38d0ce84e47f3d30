"""A rate that processes share: here, tasks in virtual time, with messages that take their time."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Sequence

import pytest

from puretalk_client import AsyncPuretalk
from puretalk_client.export._shared_pace import SLOT_SECONDS, SharedPace, Slots
from puretalk_client.testing import virtual_time


class Cluster:
    """Processes that send as fast as they may.

    Attributes:
        sent: When requests left.
    """

    def __init__(self, rate: float, latency: float = 0.0) -> None:
        self.sent: list[float] = []
        self._rate, self._latency = rate, latency
        self._clock = asyncio.get_running_loop().time
        self._slots = Slots(rate, self._clock)
        self._sends: list[asyncio.Task[None]] = []

    async def reserve(self) -> float:
        await asyncio.sleep(self._latency)
        delay = self._slots.reserve()
        await asyncio.sleep(self._latency)
        return delay

    def start(self, concurrency: int = 5) -> asyncio.Task[None]:
        """Start a process."""
        pace = SharedPace(self._rate, self.reserve)

        async def send() -> None:
            while True:
                async with pace:
                    self.sent.append(self._clock())
                await asyncio.sleep(0.01)

        async def process() -> None:
            async with asyncio.TaskGroup() as group:
                for _ in range(concurrency):
                    group.create_task(send())

        return asyncio.create_task(process())


def most_in(times: Sequence[float], seconds: float) -> int:
    """Return the most requests in any so many seconds."""
    return max(bisect_left(times, start + seconds) - index for index, start in enumerate(times))


@virtual_time()
@pytest.mark.parametrize("rate", [0.5, 3, 50, 300])
@pytest.mark.parametrize("latency", [0.0, 0.002])
async def test_processes_keep_a_rate_while_their_number_changes(rate: float, latency: float) -> None:
    """One, then four, then two of them: together they never exceed it, and nearly reach it."""
    cluster, seconds = Cluster(rate, latency), 40 / rate + 10
    processes = [cluster.start()]
    await asyncio.sleep(seconds)
    processes += [cluster.start() for _ in range(3)]
    await asyncio.sleep(seconds)
    for process in processes[:2]:
        process.cancel()
    await asyncio.sleep(seconds)
    for process in processes:
        process.cancel()
    await asyncio.gather(*processes, return_exceptions=True)
    sent = cluster.sent
    window = 10 / rate + 1
    assert sorted(sent) == sent
    assert most_in(sent, window) <= rate * (window + SLOT_SECONDS) + 1
    for part in range(3):
        in_part = [time for time in sent if part * seconds <= time < (part + 1) * seconds]
        assert len(in_part) > 0.9 * rate * seconds - 3


@virtual_time()
async def test_no_request_makes_up_for_a_pause() -> None:
    """A slot that was not used is lost."""
    cluster = Cluster(100)
    pace, clock = SharedPace(100, cluster.reserve), asyncio.get_running_loop().time
    for _ in range(2):
        async with pace:
            pass
    await asyncio.sleep(5)
    start = clock()
    for _ in range(11):
        async with pace:
            pass
    assert clock() - start == pytest.approx(0.1)


@virtual_time()
async def test_a_canceled_request_stops_no_other() -> None:
    """One that waits for its time is canceled."""
    pace, clock = SharedPace(1, Cluster(1).reserve), asyncio.get_running_loop().time

    async def send() -> float:
        async with pace:
            return clock()

    start = clock()
    first, canceled, last = (asyncio.create_task(send()) for _ in range(3))
    await asyncio.sleep(0.5)
    canceled.cancel()
    assert [await first - start, await last - start] == [0, 2]


async def test_is_a_rate_limit_of_a_client() -> None:
    """Of the kind that each attempt enters."""
    async with AsyncPuretalk("k", rate_limit=SharedPace(5, Cluster(5).reserve)) as client:
        assert client is not None
