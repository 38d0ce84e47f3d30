"""Fetches many calls, some of them at a time: ``client.calls.get_many`` and ``client.calls.wait_many``."""

from __future__ import annotations

import asyncio
import copy
import uuid
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable
from typing import Self, TypeAlias

from attrs import frozen

from ._core.options import Retries, validate_int
from ._core.pool import current_task
from ._core.redaction import chain
from ._core.sender import Sender
from ._core.telemetry import Operation
from .errors import AuthenticationError, ConfigurationError, PermissionDeniedError, PuretalkError
from .models import Call

CallId: TypeAlias = str | uuid.UUID
CallIds: TypeAlias = Iterable[CallId] | AsyncIterable[CallId]

FATAL = (AuthenticationError, PermissionDeniedError, ConfigurationError)
"""Errors that every further request would end with, too."""


@frozen(repr=False)
class FetchResult:
    """The result for one id: a call or an error.

    Attributes:
        call_id: The id as it was passed.
        call: The call; None after a failure.
        error: The failure; None after a success. It has no traceback, because a batch may keep thousands of them.
    """

    call_id: CallId
    call: Call | None = None
    error: PuretalkError | None = None

    def unwrap(self) -> Call:
        """Return the call, or raise the error.

        Raises:
            PuretalkError: A copy of ``error``, which itself gets no traceback.
        """
        if self.error is not None:
            error = copy.copy(self.error)
            error.__dict__.update(self.error.__dict__)  # an error may leave out what no pickle should hold
            raise error from self.error.__cause__
        assert self.call is not None  # one of both is there
        return self.call

    def __repr__(self) -> str:
        return f"<FetchResult {'call' if self.error is None else type(self.error).__name__}>"


class FetchResults:
    """The results of ``client.calls.get_many`` and ``wait_many``. Iterate over them once, with ``async for``.

    If you leave the loop, the requests in progress end a moment later. To end them before the next line runs, use the
    results as an async context manager, or await ``aclose()``.
    """

    def __init__(
        self,
        fetch: Callable[[CallId], Awaitable[Call]],
        ids: CallIds,
        concurrency: int,
        *,
        ordered: bool,
        operation: Operation | None = None,
    ) -> None:
        """Refuse what cannot work; ``fetch`` is not used yet, and no id is read."""
        self._source, self._fetch, self._is_ordered = _Source(ids), fetch, ordered
        self._operation = Operation(None, "") if operation is None else operation
        # One for each id that was read and whose result was not taken: neither requests nor results pile up.
        self._permits = asyncio.Semaphore(validate_int("concurrency", concurrency, minimum=1))
        self._in_flight: dict[object, list[tuple[int, CallId]]] = {}
        self._results: dict[int, FetchResult] = {}  # by the position in which they are to be taken
        self._read_count = self._finished = self._taken = self._idle = 0
        self._news = asyncio.Event()
        # The task group has a task of its own: within a generator, a loop that is left would leave it to any task.
        self._runner: asyncio.Task[None] | None = None
        self._failure: BaseException | None = None
        self._is_started = self._is_stopping = False

    def __aiter__(self) -> AsyncGenerator[FetchResult, None]:
        """Start; only the loop refers to the iterator, which therefore ends with it."""
        if self._is_started or self._is_stopping:
            raise ConfigurationError("Results can be iterated only once: use get_many again")
        self._is_started = True
        return self._iterate()

    async def aclose(self) -> None:
        """End the requests in progress, and wait until they have ended."""
        self._stop()
        if self._runner is not None:
            await asyncio.wait({self._runner})

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"<FetchResults, {self._taken} taken>"

    async def _iterate(self) -> AsyncGenerator[FetchResult, None]:
        current_task()  # refuses any other library than asyncio
        self._runner = runner = asyncio.create_task(self._run())
        runner.add_done_callback(self._end)
        try:
            while True:
                while self._taken in self._results:
                    yield self._take()
                if runner.done():
                    break
                self._news.clear()
                await self._news.wait()
            if self._failure is not None:
                raise self._failure
        finally:
            self._failure = None  # its traceback refers to this frame
            await self.aclose()

    def _take(self) -> FetchResult:
        self._taken += 1
        self._permits.release()
        return self._results.pop(self._taken - 1)

    async def _run(self) -> None:
        with self._operation as operation:
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._work(group))
            except asyncio.CancelledError:
                if self._is_stopping:  # it failed, or the loop was left, which is not a failure
                    operation.fail(self._failure)
                raise

    async def _work(self, group: asyncio.TaskGroup) -> None:
        """Read an id and fetch its call, again and again. There is always one more who can read the next."""
        try:
            while True:
                self._idle += 1
                await self._permits.acquire()
                try:
                    call_id = await self._source.read()
                except StopAsyncIteration:
                    self._permits.release()  # for the next to see the end as well
                    return
                if self._is_stopping:  # an iterator may swallow the cancellation
                    return
                self._idle -= 1
                if not self._idle:
                    group.create_task(self._work(group))
                key, place = _key(call_id), (self._read_count, call_id)
                self._read_count += 1
                if key in self._in_flight:
                    self._in_flight[key].append(place)
                else:
                    self._in_flight[key] = [place]
                    await self._fetch_one(key, call_id)
        except BaseException as error:
            self._fail(error)  # not raised, since the group would wrap it

    async def _fetch_one(self, key: object, call_id: CallId) -> None:
        call: Call | None = None
        error: PuretalkError | None = None
        try:
            call = await self._fetch(call_id)
        except PuretalkError as failure:
            if isinstance(failure, FATAL):
                raise
            error = _without_frames(failure)
        for position, given in self._in_flight.pop(key):
            self._results[position if self._is_ordered else self._finished] = FetchResult(given, call, error)
            self._finished += 1
        self._news.set()

    def _fail(self, error: BaseException) -> None:
        """End with an error, unless the end has begun."""
        if not self._is_stopping:
            self._failure = error
        self._stop()

    def _stop(self) -> None:
        if not self._is_stopping and self._runner is not None:
            self._runner.cancel()
        self._is_stopping = True

    def _end(self, runner: asyncio.Task[None]) -> None:
        """Let the iterator see that no results are to come."""
        if runner.cancelled() or not self._source.is_over:  # somebody cancelled tasks
            self._fail(asyncio.CancelledError())
        self._news.set()


def default_concurrency(sender: Sender, timeout: float | None, retries: Retries | None) -> int:
    """Return how many requests use all connections, but do not wait for half of their time for a ``rate_limit``."""
    options, connections = sender.options, sender.pool.max_connections
    if not isinstance(options.rate_limit, (int, float)):
        return connections
    seconds = (retries or options.retries).deadline or timeout or options.timeout
    return min(connections, max(1, int(options.rate_limit * seconds / 2)))


class _Source:
    """Reads ids, one at a time, and none after the last: an iterator over a queue would wait for ever.

    Attributes:
        is_over: Whether the last has been read.
    """

    def __init__(self, ids: CallIds) -> None:
        self.is_over = False
        self._turn = asyncio.Lock()  # an async generator cannot run twice at a time
        self._async: AsyncIterator[CallId] | None = None
        if isinstance(ids, AsyncIterable):
            self._async = aiter(ids)
        elif isinstance(ids, Iterable) and not isinstance(ids, (str, bytes)):
            self._sync = iter(ids)
        else:
            raise ConfigurationError(f"ids must be an iterable or an async iterable of ids, not {type(ids).__name__}")

    async def read(self) -> CallId:
        """Return the next id; after the last, raise StopAsyncIteration."""
        try:
            if self._async is None:
                return next(self._sync)
            async with self._turn:
                if self.is_over:
                    raise StopAsyncIteration
                return await anext(self._async)
        except (StopIteration, StopAsyncIteration):
            self.is_over = True
        raise StopAsyncIteration


def _key(call_id: object) -> object:
    """Return the same key for ids of the same call. An id that cannot be sent has a key of its own."""
    if isinstance(call_id, uuid.UUID):
        return str(call_id)
    # A subclass of str may compare and hash as it likes.
    return str.__str__(call_id) if isinstance(call_id, str) else object()


def _without_frames(error: PuretalkError) -> PuretalkError:
    """Let go of the frames that an error and its causes came through."""
    for link in chain(error):
        link.__traceback__ = None
    error.__context__ = None
    return error
