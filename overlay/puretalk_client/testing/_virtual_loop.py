"""The event loop of virtual time, and its clock."""

from __future__ import annotations

import asyncio
import math
import selectors
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from contextvars import Context
from typing import Any, NoReturn, TypeVar, TypeVarTuple, Unpack

from ..errors import ConfigurationError

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_PATIENCE = 5.0
"""Real seconds that other threads get to wake an event loop that has nothing else to do."""
_MAX_WAITING_TASKS = 5


class VirtualTimeError(ConfigurationError, RuntimeError):
    """Code cannot run in virtual time. As an error of the client, it is not retried, and keeps its message."""


class VirtualClock:
    """The clock of one or more virtual event loops.

    Attributes:
        elapsed: Seconds that have passed since the clock started at 0.
    """

    def __init__(self) -> None:
        self.elapsed: float = 0.0
        self._epoch = time.time()

    def __repr__(self) -> str:
        return f"<VirtualClock elapsed={self.elapsed:g}>"

    def time(self) -> float:
        """Return ``elapsed``, which is also the ``time()`` of the event loop."""
        return self.elapsed

    def wall_time(self) -> float:
        """Return the seconds since the epoch: the real time at which the clock started, and ``elapsed``."""
        return self._epoch + self.elapsed

    def _advance(self, seconds: float) -> None:
        elapsed = self.elapsed + seconds
        # An event loop fires timers that are due within a nanosecond. Where floats are further apart than that,
        # after months, a timer would stay due and never fire, unless the clock is a little late.
        unit = math.ulp(elapsed)
        self.elapsed = elapsed if unit < 1e-10 else elapsed + 2 * unit


class _Selector(selectors.DefaultSelector):
    """Lets a clock jump instead of waiting. It watches only the pipe that wakes the event loop from other threads."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__()
        self.loop: VirtualTimeLoop | None = None  # once it is constructed, and has registered its pipe
        self._clock = clock

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        """Refuse all but the pipe."""
        if self.loop is not None:
            _refuse("waiting for a file descriptor")
        return super().register(fileobj, events, data)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return at once what other threads sent, if anything; else let the clock jump by ``timeout``."""
        ready = super().select(0)
        if ready or timeout == 0:
            self._clock._advance(0)
            return ready
        assert self.loop is not None
        if self.loop.threads:
            # Threads work in real time. A thread may wait for a timer itself, so the patience is limited.
            ready = super().select(None if timeout is None else max(timeout, _PATIENCE))
        elif timeout is None:
            is_alone = threading.active_count() == 1
            ready = super().select(0 if is_alone else _PATIENCE)
            if not ready:
                raise VirtualTimeError(_describe_deadlock(self.loop))
        if not ready and timeout is not None:
            self._clock._advance(timeout)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time, for a runner that takes a ``loop_factory``. See ``virtual_time``.

    Args:
        clock: Its clock; a new one by default.

    Attributes:
        clock: Its clock.
        threads: How many jobs of executors are in progress. The clock does not jump meanwhile.
    """

    def __init__(self, clock: VirtualClock | None = None) -> None:
        self.clock: VirtualClock = clock or VirtualClock()
        self.threads: int = 0
        selector = _Selector(self.clock)
        super().__init__(selector)
        selector.loop = self

    def time(self) -> float:
        """Return the time by which timers fire."""
        return self.clock.elapsed

    def wall_time(self) -> float:
        """Return the seconds since the epoch."""
        return self.clock.wall_time()

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Schedule a callback. A time that never comes is not scheduled: the clock could not jump to it."""
        if when == math.inf:
            return asyncio.TimerHandle(when, callback, args, self, context)
        return super().call_at(when, callback, *args, context=context)

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Run a function in a thread. The clock waits for it."""
        future = super().run_in_executor(executor, func, *args)
        self.threads += 1
        future.add_done_callback(self._end_job)
        return future

    def _end_job(self, _: object) -> None:
        self.threads -= 1

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """Wait for the threads of the executor, in real time: a virtual timeout would be over at once."""
        self.threads += 1
        try:
            await super().shutdown_default_executor()
        finally:
            self.threads -= 1


def _refuse(what: str) -> NoReturn:
    raise VirtualTimeError(
        f"No sockets and subprocesses in virtual time ({what}): its clock would jump past their timeouts. "
        "Use the sandbox in process, with httpx.ASGITransport, or real time"
    )


def _refusing(name: str) -> Callable[..., Coroutine[Any, Any, NoReturn]]:
    async def refuse(self: VirtualTimeLoop, *args: Any, **kwargs: Any) -> NoReturn:
        _refuse(name)

    refuse.__name__ = name
    return refuse


# Refused here, before a socket is open. The selector refuses what is left, such as add_reader.
for _name in (
    *("create_connection", "create_server", "create_datagram_endpoint", "create_unix_connection", "create_unix_server"),
    *("connect_accepted_socket", "connect_read_pipe", "connect_write_pipe", "subprocess_exec", "subprocess_shell"),
    *("getaddrinfo", "getnameinfo", "sock_accept", "sock_connect", "sock_recv", "sock_recv_into", "sock_recvfrom"),
    *("sock_recvfrom_into", "sock_sendall", "sock_sendfile", "sock_sendto"),
):
    setattr(VirtualTimeLoop, _name, _refusing(_name))


def _describe_deadlock(loop: asyncio.AbstractEventLoop) -> str:
    """Say which tasks wait, and where."""
    places = []
    for task in sorted(asyncio.all_tasks(loop), key=lambda task: task.get_name()):
        frames = task.get_stack(limit=1)
        place = f" at {frames[0].f_code.co_filename}:{frames[0].f_lineno}" if frames else ""
        places.append(task.get_name() + place)
    shown = ", ".join(places[:_MAX_WAITING_TASKS])
    more = f" and {len(places) - _MAX_WAITING_TASKS} more" if len(places) > _MAX_WAITING_TASKS else ""
    return f"Everything waits in virtual time, and no timer or thread can end that. Waiting: {shown or 'nothing'}{more}"
