"""A call on a terminal, while it changes."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

import attrs
from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from .._display.values import turns_of
from ..models import Call
from .console import make_console
from .page import call_page
from .progress import stopwatch

_TURNS = 6
"""How many of the last turns are shown while the call changes."""


@contextlib.contextmanager
def live_call(*, slow: float) -> Iterator[Callable[[Call], None]]:
    """Return a function that shows a state in the place of the one before. The last one stays, with all turns."""
    console, elapsed = make_console(sys.stdout), stopwatch()
    seen: list[Call] = []

    def screen() -> RenderableType:
        if not seen:
            return Text(f"Waiting for the call, {elapsed():.0f} s", "dim")
        call = seen[-1]
        hidden = len(turns := turns_of(call)) - _TURNS
        if hidden > 0:
            call = attrs.evolve(call, transcript_object=turns[-_TURNS:])
        after = f"\n{hidden} earlier turns, " if hidden > 0 else "\n"
        return Group(call_page(call, console, slow=slow), Text(f"{after}{elapsed():.0f} s", "dim"))

    with Live(console=console, get_renderable=screen, transient=True, redirect_stdout=False, redirect_stderr=False):
        yield seen.append
    console.print(call_page(seen[-1], console, slow=slow))
