"""Time that a test can move: delays pass at once, and a deadline expires when the test lets it."""

from __future__ import annotations

import asyncio

from puretalk_client import AsyncPuretalk
from puretalk_client._core.pool import Clock
from puretalk_client._core.retry import Backoff

from .wire import NOW


class MovableLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock a test can move forward; every timer that is due then fires.

    Attributes:
        moved: Seconds that the clock was moved forward in all.
    """

    moved = 0.0

    def time(self) -> float:
        """Return the time by which timers fire."""
        return super().time() + self.moved

    def move(self, seconds: float) -> None:
        """Move the clock forward; a negative number changes nothing."""
        self.moved += max(0.0, seconds)


def now() -> float:
    """Return the time of the running event loop, virtual or not."""
    return asyncio.get_running_loop().time()


def movable_loop() -> MovableLoop:
    """Return the running event loop of a test whose backend is ``MovableLoop``."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, MovableLoop)
    return loop


async def run_turns(count: int = 10) -> None:
    """Let the event loop run so many iterations: what other tasks can do without waiting is done."""
    for _ in range(count):
        await asyncio.sleep(0)


async def pass_time(seconds: float) -> None:
    """Move the clock forward, and let the tasks whose timers are due go on."""
    movable_loop().move(seconds)
    await run_turns()


class MovableClock(Clock):
    """The sender's clock on a ``MovableLoop``: it stands still until a delay or a test moves the loop's clock.

    Attributes:
        slept: Seconds of all delays.
    """

    def __init__(self, loop: MovableLoop) -> None:
        self._loop = loop
        self.slept = 0.0

    def follow(self, loop: asyncio.AbstractEventLoop) -> None:
        """Stay with the loop it has."""

    def monotonic(self) -> float:
        """Return the seconds that the clock was moved."""
        return self._loop.moved

    def wall(self) -> float:
        """Return the same in seconds since the epoch."""
        return NOW + self._loop.moved

    async def sleep(self, seconds: float) -> None:
        """Move the clock instead of waiting."""
        self.slept += seconds
        self._loop.move(seconds)
        await asyncio.sleep(0)


def skip_delays(client: AsyncPuretalk) -> MovableClock:
    """Let the delays of a client pass at once, and without jitter; return its clock."""
    clock = MovableClock(movable_loop())
    client._sender.pool.backoff = Backoff(draw=lambda: 0.0)
    client._sender.pool.clock = clock
    return clock
