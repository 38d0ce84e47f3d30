"""``puretalk wait`` and ``puretalk watch``: follow a call until it is as wanted."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from .._display.clean import clean
from .._display.values import turns_of
from ..models import Call
from .client import Connection, run_async
from .formats import Format
from .output import SUCCESS, is_terminal, write
from .progress import showing, stopwatch


def wait(call_id: str, form: Format, connection: Connection, **options: Any) -> int:
    """Wait for a call and print it; return the exit code."""
    return run_async(_wait(call_id, form, connection, options))


async def _wait(call_id: str, form: Format, connection: Connection, options: dict[str, Any]) -> int:
    call = await _follow(call_id, connection, options, lambda _: None)
    write(form.head + str(form.one(call)) + form.tail)
    return SUCCESS


def watch(call_id: str, form: Format | None, connection: Connection, *, slow: float, **options: Any) -> int:
    """Show each state of a call; return the exit code."""
    return run_async(_watch(call_id, form, connection, slow, options))


async def _watch(
    call_id: str, form: Format | None, connection: Connection, slow: float, options: dict[str, Any]
) -> int:
    if form is None and is_terminal(sys.stdout):
        from .live_call import live_call

        async with connection.open() as client:
            with live_call(slow=slow) as show:
                async for call in client.calls.watch(call_id, **options):
                    show(call)
        return SUCCESS
    line = (lambda call: f"{clean(str(call.call_id))}  {state_line(call)}\n") if form is None else form.one
    await _follow(call_id, connection, options, lambda call: write(line(call)), among_calls=True)
    return SUCCESS


async def _follow(
    call_id: str,
    connection: Connection,
    options: dict[str, Any],
    show: Callable[[Call], None],
    *,
    among_calls: bool = False,
) -> Call:
    """Show each state of a call, and progress; return the last one."""
    seen: Call | None = None
    async with connection.open() as client:
        elapsed = stopwatch()

        def describe() -> str:
            return f"{call_id}: {'not seen yet' if seen is None else state_line(seen)}, {elapsed():.0f} s"

        async with showing(describe, among_calls=among_calls):
            async for call in client.calls.watch(call_id, **options):
                seen = call
                show(call)
    assert seen is not None  # the iteration ends with a call or with an error
    return seen


def state_line(call: Call) -> str:
    """Return the state of a call in a few words."""
    count = len(turns_of(call))
    parts = [clean(call.status.value) or "no status", f"{count} turn{'' if count == 1 else 's'}"]
    parts += ["analysis"] if call.call_analysis is not None else []
    parts += ["recording"] if call.call_recording_url is not None else []
    return ", ".join(parts)
