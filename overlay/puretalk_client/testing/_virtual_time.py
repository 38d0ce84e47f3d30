"""Virtual time: an event loop whose clock jumps to the next timer instead of waiting for it."""

from __future__ import annotations

import asyncio
import functools
import inspect
import math
import selectors
import threading
import time
import warnings
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from types import FunctionType, MethodType, TracebackType
from typing import Any, NoReturn, ParamSpec, TypeVar, TypeVarTuple, Unpack, overload

from ..errors import ConfigurationError

P = ParamSpec("P")
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

    def run_in_executor(self, executor: Any, func: Callable[[Unpack[Ts]], T], *args: *Ts) -> asyncio.Future[T]:
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


class virtual_time:  # used like contextlib.suppress
    """Run code in virtual time: when all of it sleeps, the clock jumps to the next timer.

    Sleeps, timeouts, delays and rate limits take the time that they ask for by the clock of the event loop, and none
    in reality. The client follows that clock; ``time.time()`` and ``time.monotonic()`` stay real.

    As a decorator of an ``async def`` function, it makes a plain function that runs it in an event loop of its own, so
    that a test needs no plugin. As a decorator of any other function or as a context manager, it makes the event loops
    virtual that the same thread creates meanwhile, with ``asyncio.run`` for example; all of them share the
    ``VirtualClock`` that the context manager returns. A runner with a ``loop_factory`` takes ``VirtualTimeLoop``.

    The clock waits for jobs in executors (``asyncio.to_thread``), but does not know of other threads. A virtual event
    loop refuses sockets and subprocesses, because the clock would jump past their timeouts: use the sandbox in process.

    Raises:
        VirtualTimeError: It begins in an event loop that is running in real time. In virtual time: something needs a
            socket or a subprocess; or everything waits, and nothing can end that.
        RuntimeWarning: No event loop began in the block, so that nothing was virtual.
        TypeError: It decorates something that is not a function, or an asynchronous generator.
    """

    def __init__(self) -> None:
        self._entered: list[_Block] = []

    def __enter__(self) -> VirtualClock:
        loop = _running_loop()
        if loop is not None and not isinstance(loop, VirtualTimeLoop):
            raise VirtualTimeError(
                "virtual_time() must begin before the event loop runs: decorate the test function, "
                "or give VirtualTimeLoop to its runner as the loop_factory"
            )
        block = _Block(threading.get_ident(), VirtualClock() if loop is None else loop.clock)
        block.has_loop = loop is not None
        self._entered.append(block)
        _add(block)
        return block.clock

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        block = self._entered.pop()
        _remove(block)
        if error is None and not block.has_loop:
            # A runner of tests may have made its event loop before.
            message = "No event loop began in virtual_time(): give VirtualTimeLoop to the runner as the loop_factory"
            warnings.warn(message, RuntimeWarning, stacklevel=2)

    @overload
    def __call__(self, function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]: ...
    @overload
    def __call__(self, function: Callable[P, T]) -> Callable[P, T]: ...
    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Decorate a function."""
        if not isinstance(function, (FunctionType, MethodType)) or inspect.isasyncgenfunction(function):
            raise TypeError(
                "virtual_time() decorates functions. For an asynchronous fixture, give VirtualTimeLoop to the runner "
                "as the loop_factory"
            )
        if inspect.iscoroutinefunction(function):
            return _run_each(function)
        if inspect.isgeneratorfunction(function):
            return _iterate_each(function)

        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            with virtual_time():
                return function(*args, **kwargs)

        return run


def _run_each(function: Callable[..., Coroutine[Any, Any, T]]) -> Callable[..., T]:
    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> T:
        if _running_loop() is not None:
            raise VirtualTimeError(f"{function.__name__} runs in an event loop of its own, and one is running already")
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            return runner.run(function(*args, **kwargs))

    return run


def _iterate_each(function: Callable[..., Generator[Any, Any, T]]) -> Callable[..., Generator[Any, Any, T]]:
    @functools.wraps(function)
    def iterate(*args: Any, **kwargs: Any) -> Generator[Any, Any, T]:
        with virtual_time():
            return (yield from function(*args, **kwargs))

    return iterate


class _Block:
    """A ``with virtual_time()`` that is in progress in a thread."""

    def __init__(self, thread: int, clock: VirtualClock) -> None:
        self.thread, self.clock, self.has_loop = thread, clock, False


_blocks: list[_Block] = []
_blocks_lock = threading.Lock()
_real_new_event_loop = asyncio.new_event_loop


def _add(block: _Block) -> None:
    """Replace what ``asyncio.Runner`` makes event loops with. Policies, made for that, are removed in Python 3.16."""
    global _real_new_event_loop
    with _blocks_lock:
        if not _blocks:
            _real_new_event_loop = asyncio.new_event_loop
            asyncio.new_event_loop = asyncio.events.new_event_loop = _new_event_loop
        _blocks.append(block)


def _remove(block: _Block) -> None:
    with _blocks_lock:
        _blocks.remove(block)
        if not _blocks:
            asyncio.new_event_loop = asyncio.events.new_event_loop = _real_new_event_loop


def _new_event_loop() -> asyncio.AbstractEventLoop:
    for block in reversed(_blocks):
        if block.thread == threading.get_ident():
            block.has_loop = True
            return VirtualTimeLoop(block.clock)
    return _real_new_event_loop()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


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
