"""Deadlines, each over everything that one request does."""

from __future__ import annotations

import asyncio
import math
from types import TracebackType
from typing import Any


class Deadlines:
    """The deadlines of the requests that are in progress in one event loop.

    One timer serves all of them: most requests end in time, and their timers would only be started and cancelled.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._ends: dict[Deadline, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._timer_end = math.inf

    def add(self, deadline: Deadline, seconds: float) -> None:
        """Start a deadline."""
        end = self._ends[deadline] = self._loop.time() + seconds
        if end < self._timer_end:
            self._start_timer(end)

    def remove(self, deadline: Deadline) -> None:
        """Forget a deadline. The timer stays, since the next request needs one too."""
        self._ends.pop(deadline, None)

    def _start_timer(self, end: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_end = end
        self._timer = self._loop.call_at(end, self._fire)

    def _fire(self) -> None:
        """End what is due by now, and wait for the next."""
        self._timer, self._timer_end = None, math.inf
        now = self._loop.time()
        for deadline in [deadline for deadline, end in self._ends.items() if end <= now]:
            del self._ends[deadline]
            deadline.expire()
        if self._ends:
            self._start_timer(min(self._ends.values()))


class Deadline:
    """Cancels ``task``, which runs within it, after ``seconds``, and raises a TimeoutError in place of that.

    It does what ``asyncio.timeout`` does, in a fraction of the time. Every request needs one.
    """

    __slots__ = ("_all", "_cancellations", "_is_over", "_seconds", "_task")

    def __init__(self, seconds: float, task: asyncio.Task[Any], deadlines: Deadlines) -> None:
        self._seconds, self._task, self._all, self._is_over = seconds, task, deadlines, False

    def __enter__(self) -> None:
        self._cancellations = self._task.cancelling()
        self._all.add(self, self._seconds)

    def expire(self) -> None:
        """Cancel the task."""
        self._is_over = True
        self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._all.remove(self)
        # Where somebody else cancelled the task too, that cancellation goes on.
        if self._is_over and self._task.uncancel() <= self._cancellations and kind is asyncio.CancelledError:
            raise TimeoutError
