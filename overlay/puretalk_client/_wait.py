"""Polls a call until it is as wanted: ``client.calls.wait`` and ``client.calls.watch``."""

from __future__ import annotations

import asyncio
import functools
import inspect
import math
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from http import HTTPStatus
from typing import get_args

from puretalk_generated.api.calls import get_call

from . import errors
from ._core.decoding import MAX_INLINE_BYTES
from ._core.exchange import Exchange
from ._core.options import validate_timeout
from ._core.retry import retry_after
from ._core.sender import Sender
from ._envelope import check_call
from ._types import Missing
from ._until import Seen, State, Until, contradictions, has_reached, seconds_since_end
from .models import Call

GROWTH = 1.5
"""By which the delay between two polls grows."""
_MISSING: Mapping[Missing, str] = {
    "call": "No poll returned the call",
    "final": "The call is not over",
    "analysis": "The call has no analysis",
    "recording": "The call has no recording",
    "predicate": "The predicate did not accept the call",
}


class Poller:
    """Fetches one call again and again, under one deadline. While it sleeps, it holds no connection."""

    __slots__ = (
        *("_alive_at", "_body", "_call_id", "_end", "_ended_at", "_expected_id", "_failure", "_grace", "_interval"),
        *("_max_interval", "_next_at", "_not_found_for", "_poll_interval", "_seen", "_sender", "_start", "_timeout"),
        *("_until", "is_done", "polls"),
    )

    def __init__(
        self,
        sender: Sender,
        call_id: str,
        *,
        verify_call_id: bool,
        until: Until,
        timeout: float,
        poll_interval: float,
        max_interval: float,
        not_found_for: float,
        analysis_grace: float,
    ) -> None:
        """Refuse what cannot work, by a ConfigurationError; nothing is sent yet, and the time does not run yet."""
        if not callable(until) and until not in get_args(State):
            raise errors.ConfigurationError('until must be "final", "analysis", "recording" or a function')
        self._timeout = validate_timeout("timeout", timeout)
        self._poll_interval = validate_timeout("poll_interval", poll_interval)
        self._max_interval = validate_timeout("max_interval", max_interval)
        if self._poll_interval > self._max_interval:
            raise errors.ConfigurationError("poll_interval must not be above max_interval")
        self._not_found_for = validate_timeout("not_found_for", not_found_for, may_be_zero=True)
        self._grace = validate_timeout("analysis_grace", analysis_grace, may_be_zero=True)
        self._sender, self._call_id = sender, call_id
        self._until: Until = until
        self._expected_id = call_id if verify_call_id else None
        self._interval = self._poll_interval
        self._start: float | None = None  # all times are those of the client's monotonic clock
        self._end = self._next_at = 0.0
        self._alive_at: float | None = None  # when the call was last seen with a status that is not final
        self._ended_at: float | None = None
        self._failure: errors.PuretalkError | None = None  # of the last poll
        self._seen: Seen | None = None
        self._body = b""  # of the response with the call as last seen, compressed
        self.polls: int = 0
        self.is_done: bool = False
        """Whether the call is as wanted."""

    async def wait(self) -> Call:
        """Return the call once it is as wanted."""
        while True:
            call = await self.poll()
            if self.is_done:
                return call
            del call  # ``_body`` needs less memory while this sleeps

    async def poll(self) -> Call:
        """Return the call as the next poll that succeeds has it; set ``is_done``.

        A cancellation leaves everything as it is: the next poll takes place when it would have.
        """
        if self._start is None:
            self._sender.pool.bind()
            self._start = self._next_at = self._sender.pool.clock.monotonic()
            self._end = self._start + self._timeout
        while True:
            await self._sleep()
            call = await self._fetch()
            if call is not None:
                self.is_done = await self._is_as_wanted(call)
                return call

    async def _sleep(self) -> None:
        """Wait for the time of the next poll, or for the deadline, if that comes first."""
        clock = self._sender.pool.clock
        if (delay := min(self._next_at, self._end) - clock.monotonic()) > 0:
            await clock.sleep(delay)
        if self._next_at >= self._end or clock.monotonic() >= self._end:
            raise self._timeout_error()

    async def _fetch(self) -> Call | None:
        """Fetch the call with the client's timeout and retries; return None after a transient failure."""
        sender, clock = self._sender, self._sender.pool.clock
        check = functools.partial(check_call, expected_id=self._expected_id)
        timeout = min(sender.options.timeout, self._end - clock.monotonic())
        exchange = Exchange(sender, get_call.request(self._call_id), get_call.RESPONSES, check, timeout, None)
        self.polls += 1
        call, requested, is_response = None, None, True
        try:
            call = (await exchange.run()).results
            self._note(call, exchange, await _compress(exchange.content))
        except errors.PuretalkError as error:
            if not self._is_transient(error):
                raise
            # Without the frames: a wait may sleep for long.
            self._failure, requested = error.with_traceback(None), error.retry_after
            is_response = isinstance(error, errors.APIStatusError) and error.status is not None
        if requested is None and is_response:
            requested = retry_after(exchange.headers, clock.wall())
        self._schedule(requested)
        return call

    def _is_transient(self, error: errors.PuretalkError) -> bool:
        """Whether the next poll can succeed after this failure.

        Beside what the class of the error says: a poll that had no connection, or no turn under the rate limit, before
        its time ran out may have one later. A body that cannot be decoded ends a wait as it ends ``get``: the next one
        would be like it, and a wrong base URL or a proxy's page must not look like a call that takes long.
        """
        if isinstance(error, errors.NotFoundError):
            return self._elapsed < self._not_found_for
        return error.retryable or isinstance(error, (errors.APITimeoutError, errors.RateLimitError))

    def _schedule(self, requested: float | None) -> None:
        """Set the time of the next poll; ``requested`` are the seconds of a Retry-After.

        All delays are random, so that the polls of many waits do not come at once.
        """
        now, draw = self._sender.pool.clock.monotonic(), self._sender.pool.backoff.draw
        jitter, left = (1 + draw()) / 2, self._end - now
        delay = self._interval * jitter
        self._interval = min(self._interval * GROWTH, self._max_interval)
        if requested is not None:
            delay = max(requested, self._poll_interval / 2) + self._poll_interval * (jitter - 0.5)
        elif math.inf > delay >= left > self._poll_interval:
            # One more look before the deadline, and then none: many waits have the same one.
            delay, self._interval = left * (jitter - 0.25), math.inf
        elif self._until == "analysis" and self._ended_at is not None and now < (over := self._ended_at + self._grace):
            delay = min(delay, over - now + 0.001)  # the sum may be rounded down
        self._next_at = now + delay

    def _note(self, call: Call, exchange: Exchange, body: bytes) -> None:
        """Keep the call, and report where it contradicts the one before."""
        before, self._seen, self._body, self._failure = self._seen, Seen.of(call), body, None
        now = self._sender.pool.clock.monotonic()
        if not call.status.is_final:
            self._alive_at, self._ended_at = now, None
        elif self._ended_at is None:
            since = seconds_since_end(call, exchange.headers.get("date"), self._sender.pool.clock.wall())
            # Whatever the clocks say, it was not over when a response said so.
            self._ended_at = now - (since if self._alive_at is None else min(since, now - self._alive_at))
        if before is not None and (drifts := contradictions(before, call)):
            try:
                self._sender.drift.report(drifts)
            except errors.PuretalkError as error:  # under ``strict``
                raise exchange.fail(error)  # noqa: B904  # it is the same error, with the facts of the request

    async def _is_as_wanted(self, call: Call) -> bool:
        if callable(self._until):
            return await self._satisfies(self._until, call)
        now = self._sender.pool.clock.monotonic()
        is_grace_over = self._ended_at is not None and now >= self._ended_at + self._grace
        return has_reached(self._until, call, is_grace_over=is_grace_over)

    async def _satisfies(self, predicate: Callable[[Call], object], call: Call) -> bool:
        """Ask the predicate, which may be async, within the time left. What it raises leaves as it is."""
        response = predicate(call)
        if not inspect.isawaitable(response):
            return bool(response)
        left = asyncio.timeout(self._end - self._sender.pool.clock.monotonic())
        try:
            async with left:
                return bool(await response)
        except TimeoutError:
            if not left.expired():
                raise
        raise self._timeout_error()

    @property
    def _elapsed(self) -> float:
        return self._sender.pool.clock.monotonic() - (self._start or 0.0)

    def _timeout_error(self) -> errors.WaitTimeoutError:
        """Return the error for a deadline that has passed."""
        missing: Missing = "predicate"
        if self._seen is None:
            missing = "call"
        elif not callable(self._until):
            missing = self._until if self._seen.status.is_final else "final"
        text = f"{_MISSING[missing]} after {self._timeout:g} s and {self.polls} poll{'' if self.polls == 1 else 's'}"
        if self._failure is not None:
            text += f"; the last one failed with {type(self._failure).__name__}"
        error = errors.WaitTimeoutError(
            text, call=self._last_call(), polls=self.polls, missing=missing, elapsed=self._elapsed
        )
        error.__cause__ = self._failure
        return error

    def _last_call(self) -> Call | None:
        if self._seen is None:
            return None
        content = zlib.decompress(self._body)
        call = self._sender.reader.read(get_call.RESPONSES, None, HTTPStatus.OK, content)[0].results
        assert isinstance(call, Call)
        return call


async def _compress(content: bytes) -> bytes:
    """Compress a body: that takes an eighth of the memory of a call with its turns."""
    if len(content) > MAX_INLINE_BYTES:
        compressed = await asyncio.to_thread(zlib.compress, content, zlib.Z_BEST_SPEED)
    else:
        compressed = zlib.compress(content, zlib.Z_BEST_SPEED)
    # Copied out of the buffer that it was compressed into: in Python 3.15, 5,000 of these keep 15 MiB from others' use.
    return bytes(memoryview(compressed))


class CallWatch(AsyncIterator[Call]):
    """An async iterator over the states of a call, each once; made by ``CallsResource.watch``.

    It has no task of its own, and holds no connection and no timer between two items, so you can leave the loop at any
    time. After a cancellation, such as that by ``asyncio.wait_for``, you can go on iterating. After an error, the
    iteration has ended.
    """

    def __init__(self, poller: Poller) -> None:
        self._poller: Poller | None = poller
        self._shown: Call | None = None

    async def __anext__(self) -> Call:
        while (poller := self._poller) is not None and not poller.is_done:
            try:
                call = await poller.poll()
            except Exception:
                self._poller = None
                raise
            if call != self._shown:
                self._shown = call
                return call
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """End the iteration."""
        self._poller = None
