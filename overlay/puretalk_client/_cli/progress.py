"""Progress on standard error: a live line on a terminal, else a plain line every ten seconds."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from time import monotonic

from .clean import clean
from .output import is_terminal, note

INTERVAL = 10.0


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
    """

    total: int | None
    done: int = 0
    failed: int = 0
    start: float = field(default_factory=monotonic)

    def describe(self) -> str:
        """Return the counts, the rate and the time left in a line."""
        rate = self.done / max(monotonic() - self.start, 1e-9)
        of_total = "" if self.total is None else f" of {self.total:,}"
        parts = [f"{self.done:,}{of_total} calls", f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.1f}/s"]
        if self.total is not None and self.done:
            parts.append(f"{(self.total - self.done) / rate:,.0f} s left")
        if self.failed:
            parts.append(f"{self.failed:,} failed")
        return ", ".join(parts)


@contextlib.asynccontextmanager
async def showing(
    describe: Callable[[], str], *, fraction: Callable[[], float | None] | None = None
) -> AsyncIterator[Progress]:
    """Show progress while the block runs.

    Args:
        describe: Returns the line to show. It can contain text from the server.
        fraction: Returns how much is done, from 0 to 1, if that is known.
    """
    # Where both streams are one terminal, the calls on it are the progress.
    if is_terminal(sys.stderr) and not is_terminal(sys.stdout):
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
