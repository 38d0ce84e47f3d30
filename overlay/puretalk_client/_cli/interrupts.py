"""Ctrl-C: before and after the work it ends the process at once, and during the work it is a KeyboardInterrupt."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator

from .output import INTERRUPTED


def exit_at_once() -> None:
    """Let Ctrl-C end the process: while modules are imported, an exception would print a traceback.

    A SIGINT that is ignored, as for a job in the background, stays ignored.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _exit)


@contextlib.contextmanager
def raising_interrupts() -> Iterator[None]:
    """Let Ctrl-C raise a KeyboardInterrupt in the block, which asyncio turns into a cancellation."""
    if signal.getsignal(signal.SIGINT) is not _exit:
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, _exit)


def _exit(*_: object) -> None:
    os._exit(INTERRUPTED)
