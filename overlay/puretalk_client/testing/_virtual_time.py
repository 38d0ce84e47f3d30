"""Running code in virtual time."""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading
import warnings
from collections.abc import Callable, Coroutine, Generator
from types import FunctionType, MethodType, TracebackType
from typing import Any, ParamSpec, TypeVar, overload

from ._virtual_loop import VirtualClock, VirtualTimeError, VirtualTimeLoop

P = ParamSpec("P")
T = TypeVar("T")


class virtual_time:  # used like contextlib.suppress
    """Run code in virtual time: when all tasks sleep, the clock of the event loop jumps to the next timer.

    Sleeps, timeouts, delays and rate limits take their time by that clock, and no real time. The client follows the
    clock; ``time.time()`` and ``time.monotonic()`` stay real.

    - A decorated ``async def`` function becomes a plain function that runs in an event loop of its own. A test then
      needs no plugin.
    - Any other decorated function, or a ``with`` block, makes the event loops virtual that the same thread creates
      inside, for example with ``asyncio.run``. They share the ``VirtualClock`` that the ``with`` statement returns.
    - A runner with a ``loop_factory`` accepts ``VirtualTimeLoop``.

    The clock waits for jobs in executors (``asyncio.to_thread``), but not for other threads. A virtual event loop
    refuses sockets and subprocesses, because the clock would jump past their timeouts: use the sandbox in process.

    Raises:
        VirtualTimeError: It begins while an event loop runs in real time. In virtual time: code needs a socket or a
            subprocess; or all tasks wait, and nothing can wake them.
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
