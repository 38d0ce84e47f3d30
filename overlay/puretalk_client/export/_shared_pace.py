"""A rate that the requests of several processes share, however many there are.

One process holds ``Slots``. The others have a ``SharedPace`` each, which reserves a slot of time there and lets its
requests leave in it, evenly spaced: one message for several requests.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

SLOT_SECONDS = 0.05
"""Length of a slot, unless the gap between two requests is longer."""


def requests_in_slot(rate: float) -> int:
    """Return how many requests leave in a slot."""
    return max(1, round(rate * SLOT_SECONDS))


class Slots:
    """Gives away the time in which requests may leave, each slot once."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Set the rate, in requests per second."""
        self._length = requests_in_slot(rate) / rate
        self._clock = clock
        self._next_at = 0.0

    def reserve(self) -> float:
        """Reserve the next slot, and return in how many seconds it begins: machines have different clocks."""
        now = self._clock()
        starts_at = max(now, self._next_at)
        self._next_at = starts_at + self._length
        return starts_at - now


class SharedPace:
    """The ``rate_limit`` of a client whose requests leave in slots.

    The rate holds over the length of a few slots: requests of two processes can come closer to each other, by as much
    as the messages of one take longer. Time that a process does not use is lost, so that none makes up for it.
    """

    def __init__(self, rate: float, reserve: Callable[[], Awaitable[float]]) -> None:
        """Set the rate of all processes together; ``reserve`` runs ``Slots.reserve`` where the slots are."""
        self._gap, self._size, self._reserve = 1 / rate, requests_in_slot(rate), reserve
        self._lock = asyncio.Lock()  # first in, first out; one slot at a time, which is all that a crash loses
        self._left, self._next_at, self._ends_at = 0, 0.0, 0.0

    async def __aenter__(self) -> None:
        clock = asyncio.get_running_loop().time
        async with self._lock:
            if not self._left or clock() >= self._ends_at:
                delay = await self._reserve()
                self._left, self._next_at = self._size, clock() + delay
                self._ends_at = self._next_at + self._size * self._gap
            leaves_at = self._next_at
            self._left, self._next_at = self._left - 1, leaves_at + self._gap
            await asyncio.sleep(max(0.0, leaves_at - clock()))

    async def __aexit__(self, *_: object) -> None:
        """Do nothing: what counts is when a request leaves."""
