"""Progress on standard error: a live line on a terminal, else a plain line every ten seconds."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from .._display.clean import clean
from .output import is_terminal, note

INTERVAL = 10.0


def stopwatch() -> Callable[[], float]:
    """Return a function that returns the seconds since now, by the clock of the event loop, in any thread."""
    time = asyncio.get_running_loop().time
    start = time()
    return lambda: time() - start


@dataclass
class Progress:
    """How far a command has come.

    Attributes:
        describe: Returns the line to show.
        print_line: Prints a line of another kind, such as an error, without disturbing the progress.
    """

    describe: Callable[[], str]
    print_line: Callable[[str], None] = note


@dataclass
class Tally:
    """Counts calls.

    Attributes:
        total: How many there will be, if that is known.
        done: How many there were, failures included.
        failed: How many of them failed.
        before: How many of ``total`` an earlier run has fetched.
    """

    total: int | None
    done: int = 0
    failed: int = 0
    before: int = 0

    def __post_init__(self) -> None:
        self._elapsed = stopwatch()

    def describe(self) -> str:
        """Return the counts, the rate, the time left and the failures in a line."""
        rate = self.done / max(self._elapsed(), 1e-9)
        of_total = "" if self.total is None else f" of {self.total:,}"
        parts = [f"{self.before + self.done:,}{of_total} calls", f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.1f}/s"]
        if self.total is None:
            parts.append("time left unknown")
        elif self.done:
            parts.append(f"{_duration((self.total - self.before - self.done) / rate)} left")
        if self.failed:
            parts.append(f"{self.failed:,} failed")
        return ", ".join(parts)

    def fraction(self) -> float | None:
        """Return how much is done, from 0 to 1, if that is known."""
        return (self.before + self.done) / self.total if self.total else None


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min" if hours else f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


@contextlib.asynccontextmanager
async def showing(
    describe: Callable[[], str], *, fraction: Callable[[], float | None] = lambda: None, among_calls: bool = False
) -> AsyncIterator[Progress]:
    """Show progress while the block runs.

    Args:
        describe: Returns the line to show. It can contain text from the server.
        fraction: Returns how much is done, from 0 to 1, if that is known.
        among_calls: Whether the block writes calls to standard output. On one terminal, they are the progress.
    """
    if is_terminal(sys.stderr) and not (among_calls and is_terminal(sys.stdout)):
        from .live_progress import live_progress

        with live_progress(describe, fraction) as progress:
            yield progress
        return
    ticking = asyncio.create_task(_tick(describe))
    try:
        yield Progress(describe)
    finally:
        ticking.cancel()


async def _tick(describe: Callable[[], str]) -> None:
    while True:
        await asyncio.sleep(INTERVAL)
        note(f"puretalk: {clean(describe())}")
