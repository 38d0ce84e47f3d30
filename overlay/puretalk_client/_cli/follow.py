"""``puretalk wait`` and ``puretalk watch``: follow a call until it is as wanted."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

from ..models import Call
from .clean import clean
from .client import Connection, run_async
from .formats import Format
from .output import SUCCESS, is_terminal, write
from .progress import showing
from .values import turns_of


def wait(call_id: str, form: Format, connection: Connection, **options: Any) -> int:
    """Wait for a call and print it; return the exit code."""
    return run_async(_wait(call_id, form, connection, options))


async def _wait(call_id: str, form: Format, connection: Connection, options: dict[str, Any]) -> int:
    start, seen = monotonic(), None
    async with connection.open() as client:
        states = client.calls.watch(call_id, **options)

        def describe() -> str:
            state = "not seen yet" if seen is None else state_line(seen)
            return f"{call_id}: {state}, {monotonic() - start:.0f} s"

        async with showing(describe):
            async for call in states:
                seen = call
    assert seen is not None  # the iteration ends with a call or with an error
    write(form.head + str(form.one(seen)) + form.tail)
    return SUCCESS


def watch(call_id: str, form: Format | None, connection: Connection, *, slow: float, **options: Any) -> int:
    """Show each state of a call; return the exit code."""
    return run_async(_watch(call_id, form, connection, slow, options))


async def _watch(
    call_id: str, form: Format | None, connection: Connection, slow: float, options: dict[str, Any]
) -> int:
    async with connection.open() as client:
        with _screen(form, slow) as show:
            async for call in client.calls.watch(call_id, **options):
                show(call)
    return SUCCESS


@contextlib.contextmanager
def _screen(form: Format | None, slow: float) -> Iterator[Callable[[Call], None]]:
    """Return a function that shows a state: in place on a terminal, else as a line."""
    if form is not None:
        yield lambda call: write(form.one(call))
    elif is_terminal(sys.stdout):
        from .live_call import live_call

        with live_call(slow=slow) as show:
            yield show
    else:
        yield lambda call: write(f"{clean(str(call.call_id))}  {state_line(call)}\n")


def state_line(call: Call) -> str:
    """Return the state of a call in a few words."""
    count = len(turns_of(call))
    parts = [clean(call.status.value) or "no status", f"{count} turn{'' if count == 1 else 's'}"]
    parts += ["analysis"] if call.call_analysis is not None else []
    parts += ["recording"] if call.call_recording_url is not None else []
    return ", ".join(parts)
