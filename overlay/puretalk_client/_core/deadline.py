"""One deadline over everything that a request does."""

from __future__ import annotations

import asyncio
from types import TracebackType


class Deadline:
    """Cancels what runs within it after ``seconds``, and raises a TimeoutError in place of that cancellation.

    It does what ``asyncio.timeout`` does, in half of the time: that one enters and leaves through a coroutine each,
    and can be rescheduled. Every request needs one.
    """

    __slots__ = ("_cancellations", "_handle", "_is_over", "_seconds", "_task")

    def __init__(self, seconds: float) -> None:
        self._seconds, self._is_over = seconds, False

    def __enter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None  # a coroutine that runs, runs in a task
        self._task = task
        self._cancellations = task.cancelling()
        self._handle = task.get_loop().call_later(self._seconds, self._end)

    def _end(self) -> None:
        self._is_over = True
        self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._handle.cancel()
        # Where somebody else cancelled the task too, that cancellation goes on.
        if self._is_over and self._task.uncancel() <= self._cancellations and kind is asyncio.CancelledError:
            raise TimeoutError
