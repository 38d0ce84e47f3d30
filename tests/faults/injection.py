"""Plays a request again and again, each time with an exception at another step.

The steps are not listed here. A profiler records each function of the package that a request or a download enters,
and each function of other libraries, written in C or not, that the package enters itself. Each is then replaced once
by an exception. A new step is covered as soon as a request takes it.

Until the server has a request, scenarios that differ only in what it responds are the same: of these steps, a scenario
plays those that the first one does not take.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import functools
import gc
import logging
import re
import sys
import warnings
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from attrs import define, field
from tests.support.canary import API_KEY, WORDS
from tests.support.clock import skip_delays
from tests.support.exposure import Exposures
from tests.unit.core.local_server import local_server

import puretalk_client
import puretalk_generated
from puretalk_client import AsyncPuretalk, PuretalkError
from puretalk_client._core.retry import Backoff

PACKAGES = tuple(str(Path(package.__file__ or "").parent) for package in (puretalk_client, puretalk_generated))
BOUNDARY = {
    "Exchange.run": {"Exchange.fail"},
    "Exchange.fail": {"contain"},
    "download": {"_Fetcher.__init__", "MovableClock.monotonic", "isinstance", "contain"},
}
"""The functions that map every exception, each with what it enters outside of that."""

WEAK_REFERENCES = ("weakref.py", "_weakrefset.py")
"""Modules whose functions the garbage collector enters."""

Fetch = Callable[[AsyncPuretalk, str], Awaitable[object]]


class InjectedError(Exception):
    """An exception that nobody expects."""


def inject(kind: type[BaseException]) -> None:
    """Raise an exception whose arguments, cause, context and frames show the key and people's words."""
    words = [API_KEY, *WORDS.values()]
    try:
        try:
            raise LookupError(*words)
        except LookupError as context:
            raise ValueError(*words) from context
    except ValueError as cause:
        if issubclass(kind, OSError):
            raise kind(errno.ENOSPC, "No space left on device") from cause
        raise kind(*words) from cause


@functools.cache
def in_package(file: str) -> bool:
    """Whether a file belongs to the package."""
    return file.startswith(PACKAGES)


@define
class Profiler:
    """Notes the steps of the current task, and raises an exception at one of them.

    Attributes:
        target: The step at which to raise.
        kind: The exception.
        steps: The steps, in order, each once.
        before: Those of them before the server had a request.
    """

    target: str = ""
    kind: type[BaseException] = InjectedError
    steps: dict[str, None] = field(factory=dict)
    before: frozenset[str] = frozenset()
    _task: asyncio.Task[Any] | None = None
    _callee: str = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Note what the target enters."""
        self._callee = self.target.rpartition(" -> ")[2]

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Watch the current task."""
        self._task = asyncio.current_task()
        before = sys.getprofile()
        gc.disable()  # its callbacks, such as that of hypothesis, would be steps at any place
        sys.setprofile(self._on_event)
        try:
            yield
        finally:
            sys.setprofile(before)
            gc.enable()

    def _on_event(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == "call" and frame.f_back is not None:
            caller, callee = frame.f_back, frame.f_code.co_qualname
        elif event == "c_call":
            caller, callee = frame, argument.__qualname__
        else:
            return
        if self._callee not in ("", callee):
            return  # cheap, and enough for nearly all events of a run with a target
        is_step = in_package(frame.f_code.co_filename) or in_package(caller.f_code.co_filename)
        if (
            not is_step
            or "__del__" in (callee.rpartition(".")[2], caller.f_code.co_name)
            or frame.f_code.co_filename.endswith(WEAK_REFERENCES)
        ):
            return  # the last two are the garbage collector's, which runs anywhere
        if asyncio.current_task() is not self._task or not is_within_boundary(caller, callee):
            return
        step = f"{caller.f_code.co_qualname} -> {callee}"
        self.steps.setdefault(step)
        if step == self.target:
            self.target = ""
            inject(self.kind)


def is_within_boundary(caller: FrameType | None, entered: str) -> bool:
    """Whether what a frame enters is below the boundary."""
    while caller is not None:
        name = caller.f_code.co_qualname
        if name in BOUNDARY and in_package(caller.f_code.co_filename):
            return entered not in BOUNDARY[name]
        caller, entered = caller.f_back, name
    return False


async def outcome_of(fetch: Awaitable[object], profiler: Profiler) -> object:
    """Return what a request returned or raised."""
    try:
        with profiler.running():
            return await fetch
    except BaseException as error:
        return error


@define
class Injection:
    """Plays one scenario again and again, each time with an exception at another step.

    Attributes:
        client: Opens a client.
        respond: Makes the responses of the server, for one time.
        fetch: Sends the request.
        options: More arguments of the client.
        first: The scenario that another test plays, with the same client and the same request, if it is another one.
        passing: Exceptions that leave as they are.
        targets: Steps whose OSError leaves as it is, as a regular expression.
        steps: All steps of the scenario.
        problems: What leaked, by step.
        outcomes: The outcomes, by step.
    """

    client: Callable[..., contextlib.AbstractAsyncContextManager[AsyncPuretalk]]
    respond: Callable[[], Callable[[str], bytes]]
    fetch: Fetch
    options: dict[str, Any] = field(factory=dict)
    first: Injection | None = None
    passing: tuple[type[BaseException], ...] = (asyncio.CancelledError, KeyboardInterrupt)
    targets: str = "(?!)"
    steps: dict[str, None] = field(factory=dict)
    problems: list[str] = field(factory=list)
    outcomes: dict[str, object] = field(factory=dict)

    async def play(self, profiler: Profiler) -> tuple[object, Exposures]:
        """Play the scenario once, with a client of its own."""
        exposures, respond = Exposures(), self.respond()

        def respond_noting(head: str) -> bytes:
            profiler.before = profiler.before or frozenset(profiler.steps)
            return respond(head)

        async with local_server(respond_noting) as server:
            with exposures.capture_logs():
                logging.getLogger("asyncio").debug("control")
                async with self.client(base_url=server.url, **self.options) as client:
                    skip_delays(client)
                    client._sender.pool.backoff = Backoff(draw=lambda: 1.0)
                    # In a task of its own: a timeout of asyncio that breaks would cancel it later.
                    result = await asyncio.create_task(outcome_of(self.fetch(client, server.url), profiler))
        return result, exposures

    async def record(self) -> Profiler:
        """Play it without an exception, and return the profiler, which has its steps."""
        recorder = Profiler()
        await self.play(Profiler())  # what is cached takes no step the second time
        await self.play(recorder)
        return recorder

    async def play_all(self, kind: type[BaseException] = InjectedError) -> None:
        """Play it with ``kind`` at each step, apart from those that the first scenario has with the same past."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # coroutines that are not awaited, sockets that are not closed
            recorder = await self.record()
            self.steps = recorder.steps
            shared = recorder.before & (await self.first.record()).before if self.first else frozenset[str]()
            for step in (step for step in recorder.steps if step not in shared):
                profiler = Profiler(step, kind)
                result, exposures = await self.play(profiler)
                if profiler.target:
                    self.problems.append(f"{step}: was not reached again")
                self.outcomes[step] = result
                self._inspect(step, result, exposures, kind)
            gc.collect()

    def _inspect(self, step: str, result: object, exposures: Exposures, kind: type[BaseException]) -> None:
        if isinstance(result, BaseException):
            passes = kind in self.passing or (kind is OSError and re.search(self.targets, step))
            if type(result) is kind and passes:
                result.args = result.args if isinstance(result, OSError) else ()  # those that were injected
            elif not isinstance(result, PuretalkError):
                self.problems.append(f"{step}: {type(result).__name__} left the request")
                return
            exposures.inspect_result(result)
        self.problems += [f"{step}: key in {where}" for where in exposures.of_key()]
        self.problems += [f"{step}: {word}" for word in exposures.of_words()]
