"""One request: its attempts under one deadline."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import math
import types
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from puretalk_generated.types import Request, Responses

from .. import errors
from .._types import Attempt, Drift
from . import redaction, retry
from .body import MAX_ERROR_BYTES, read_body
from .channel import Channel
from .deadline import Deadline
from .decoding import count_containers, is_large
from .options import RateLimit, Retries, ask_api_key
from .pace import Interval, entered
from .pool import Pool, Slots
from .redaction import Secret
from .response import Check, status_error
from .telemetry import AttemptSpan
from .transports import Transport, TransportResponse

log = logging.getLogger("puretalk_client")


class Exchange:
    """One request, and what is known of its last response. Without ``responses`` the result is the body."""

    attempts: int = 0
    charged: int = 0  # retries that the quota paid for
    is_queued: bool = False
    slots: Slots | None = None  # those of this event loop, once it has one of them
    secret: Secret = Secret("")
    attempt_start: float | None = None  # of the attempt that is in progress
    span: AttemptSpan | None = None  # likewise
    waiting_since: float | None = None  # the end of the last attempt that had a span
    status: int | None = None
    headers: Mapping[str, str] = types.MappingProxyType({})
    content: bytes = b""  # of a success
    start: float | None = None  # known once ``run`` has found the event loop, whose clock it is
    deadline: float = math.inf

    def __init__(
        self,
        channel: Channel,
        request: Request,
        responses: Responses[Any] | None,
        check: Check[Any] | None,
        timeout: float | None,
        retries: int | Retries | None,
    ) -> None:
        options = channel.options
        self.channel: Channel = channel
        self.pool: Pool = channel.pool
        self.request: Request = request
        self._responses, self._check = responses, check
        self.timeout: float = options.timeout if timeout is None else timeout
        self.attempt_timeout: float | None = None
        self.retries: Retries = options.retries if retries is None else options.retries.replaced_by(retries)
        if self.retries.deadline is not None:
            self.timeout, self.attempt_timeout = self.retries.deadline, self.timeout
        self.transport: Transport = self.pool.transport
        # A number is held by an Interval, which all requests of the client share.
        self.limiter: RateLimit | None = options.rate_limit if channel.limit is None else None
        self.is_plain: bool = self.limiter is None and self.attempt_timeout is None

    @property
    def elapsed(self) -> float:
        """Seconds since the start of the request."""
        return 0.0 if self.start is None else self.pool.clock.monotonic() - self.start

    @property
    def request_id(self) -> str | None:
        """The ``x-request-id`` of the last response."""
        return self.secret.excerpt(self.headers.get("x-request-id"))

    async def run(self) -> Any:
        """Make attempts until one succeeds or none may follow; let only what may leave a request pass."""
        pool = self.pool
        try:
            task = pool.bind()
            self.start = start = pool.clock.monotonic()
            self.deadline = start + self.timeout
            with redaction.quiet_logs(), Deadline(self.timeout, task, pool.deadlines):
                await self._acquire_slot()
                while True:
                    if pool.pace.changes or self.channel.limit is not None:
                        await self._wait_for_pace()
                    if pool.is_closed:
                        raise errors.ConfigurationError("This client is closed")
                    try:
                        # Not in a variable: a traceback may show those of this function.
                        return self._succeed(await (self._attempt() if self.is_plain else self._limited_attempt()))
                    except errors.PuretalkError as error:
                        delay = self._delay(error)
                    if delay is not None:
                        self._release_slot()
                        await pool.clock.sleep(delay)
                        if self.attempt_timeout is not None:
                            await pool.wait_for_quota()
                        await self._acquire_slot()
        except BaseException as error:
            if self.channel.telemetry is not None and self.attempt_start is None:
                self.channel.telemetry.abandon(self)
            failure = self.fail(error)
        # Raised outside of the handler: there it would get what was handled as its context, with all frames.
        raise failure

    def _timeout_error(self) -> errors.APITimeoutError:
        """Return the error for a deadline that has passed."""
        was_sent = self.attempts > 0
        if not self.is_queued:
            return errors.APITimeoutError(f"No response within {self.timeout:g} s", request_sent=was_sent)
        count = self.pool.max_connections
        in_use = "The only connection was" if count == 1 else f"All {count} connections were"
        return errors.PoolTimeoutError(f"{in_use} in use for {self.timeout:g} s", request_sent=was_sent)

    async def _acquire_slot(self) -> None:
        """Wait for a connection, first in, first out."""
        slots = self.pool.slots
        if not slots.take():
            self.is_queued = True
            await slots.wait()
            self.is_queued = False
        self.slots = slots

    def _release_slot(self) -> None:
        if self.slots is not None:
            self.slots.release()
            self.slots = None

    async def _wait_for_pace(self) -> None:
        """Wait until this request may leave. The slot stays reserved: no other request could use it meanwhile."""
        pace, limit, clock = self.pool.pace, self.channel.limit, self.pool.clock
        while True:
            now, changes = clock.monotonic(), pace.changes
            is_paused, leaves_at = now < pace.resumes_at, pace.next_at(now)
            if leaves_at >= self.deadline:
                raise errors.RateLimitError(
                    "The server asked to wait longer than the time left for this request",
                    retry_after=leaves_at - now,
                    request_sent=self.attempts > 0,
                )
            if not is_paused:
                if limit is not None:
                    leaves_at = self._reserve(limit, leaves_at)
                pace.reserve(leaves_at)
            if leaves_at > now:
                await clock.sleep(leaves_at - now)
            if not is_paused and pace.changes == changes:
                return

    def _reserve(self, limit: Interval, earliest: float) -> float:
        """Return when ``rate_limit`` lets this request leave."""
        leaves_at = limit.next_at(earliest)
        if leaves_at >= self.deadline:
            raise errors.PoolTimeoutError("rate_limit leaves no time for this request")
        limit.reserve(leaves_at)
        return leaves_at

    async def _limited_attempt(self) -> Any:
        """Make an attempt within the caller's own limiter, and within its own time."""
        if self.limiter is None:
            return await self._timed_attempt()
        assert isinstance(self.limiter, AbstractAsyncContextManager)
        async with entered(self.limiter):
            return await self._timed_attempt()

    async def _timed_attempt(self) -> Any:
        """Make an attempt within its own time, if it has one."""
        if self.attempt_timeout is None:
            return await self._attempt()
        try:
            with Deadline(self.attempt_timeout, self.pool.bind(), self.pool.deadlines):
                return await self._attempt()
        except TimeoutError as error:
            if isinstance(error, errors.PuretalkError):
                raise
            raise errors.APITimeoutError(f"No response within {self.attempt_timeout:g} s") from None

    async def _attempt(self) -> Any:
        """Send the request once, and read the response."""
        key = self.channel.options.api_key
        self.secret = await ask_api_key(key) if callable(key.reveal()) else key
        self.attempts += 1
        self.attempt_start = self.pool.clock.monotonic()
        self.status, self.headers = None, {}
        transport = self.transport = self.pool.transport_to(self.channel.server_of(self.request))
        url, headers, body = self.channel.prepare(self.request, self.secret)
        send = transport.send
        if (telemetry := self.channel.telemetry) is not None and (span := telemetry.start(self)) is not None:
            self.span, send = span, functools.partial(span.send, transport)
        try:
            response = await send(self.request.method, url, headers, body)
        except errors.PuretalkError:
            raise
        except Exception as error:
            raise transport.map_error(error)  # noqa: B904  # it sets the cause itself
        drop = False
        try:
            value, drifts = await self._read(response)
        except errors.APIResponseError as error:
            drop = error.closes_connection
            raise
        finally:
            try:  # noqa: SIM105  # contextlib.suppress takes longer
                await response.close(drop=drop)
            except Exception:
                pass  # the response was read, or has failed already
        if drifts:
            self.channel.drift.report(drifts)
        return value

    async def _read(self, response: TransportResponse) -> tuple[Any, list[Drift]]:
        self.status, self.headers = response.status, response.headers
        if not 200 <= response.status <= 299:
            content = b""
            with contextlib.suppress(Exception):  # the status counts, whatever happens to the body
                content = await read_body(response, MAX_ERROR_BYTES, truncate=True)
            self._show(content)
            raise status_error(response.status, content, self.secret, self.channel.conventions)
        try:
            self.content = content = await read_body(response, self.channel.options.max_response_bytes)
        except errors.PuretalkError:
            raise
        except Exception as error:
            raise self.transport.map_error(error)  # noqa: B904
        self._show(content)
        if self._responses is None:
            return content, []
        containers = count_containers(content)
        read: Callable[..., tuple[Any, list[Drift]]] = self.channel.reader.read
        if is_large(content, containers):
            return await asyncio.to_thread(read, self._responses, self._check, response.status, content, containers)
        return read(self._responses, self._check, response.status, content, containers)

    def _show(self, content: bytes) -> None:
        """Show a response to what records them."""
        if self.pool.on_response is not None and self.status is not None:
            self.pool.on_response(self.request, self.status, self.headers, content, self.secret)

    def _delay(self, error: errors.PuretalkError) -> float | None:
        """Return the seconds to wait for the next attempt without the slot; raise ``error`` if none may follow.

        A refusal that says when to come back holds back all requests of the client, and costs no retry quota: None.
        """
        pool, retries, now = self.pool, self.retries, self.pool.clock.monotonic()
        longest = max(retry.MAX_RETRY_AFTER, retries.max_delay)
        # A Retry-After says nothing about a response that broke off.
        is_response = isinstance(error, errors.APIStatusError) and error.status is not None
        requested = retry.retry_after(self.headers, pool.clock.wall()) if is_response else None
        remaining = self.deadline - now
        is_refusal = isinstance(error, errors.RateLimitError) and requested is not None
        if requested is not None:
            if is_refusal and requested <= longest:
                pool.pace.refuse(now, requested)
            if requested > longest or requested >= remaining:
                error.retry_after = requested
                raise error
        delay = requested or pool.backoff.delay(self.attempts - 1, retries.max_delay)
        if (
            self.attempts > retries.limit
            or not retry.may_retry(error, self.request.method, self.headers)
            or delay >= remaining
            or not (is_refusal or self.attempt_timeout is not None or pool.quota.acquire(now))
        ):
            raise error
        self._report(type(error).__name__, delay)
        self.charged += not is_refusal
        return None if is_refusal else delay

    def _succeed(self, value: Any) -> Any:
        """Note a success, and return its value."""
        self._release_slot()
        self._report(None, None)
        self.pool.quota.release(self.charged)
        self.pool.pace.succeed(self.pool.clock.monotonic())
        return value

    def _report(self, error: str | None, retry_in: float | None) -> None:
        """Tell the application, and the log at DEBUG, how an attempt ended."""
        start, self.attempt_start = self.attempt_start, None
        if self.span is not None and start is not None:
            self.span.end(self, start, error)
            self.span = None
        on_attempt = self.channel.options.on_attempt
        is_logged = log.isEnabledFor(logging.DEBUG)
        if start is None or (on_attempt is None and not is_logged):
            return
        request = self.request
        attempt = Attempt(
            operation=request.operation,
            method=request.method,
            path_template=request.path_template,
            number=self.attempts,
            status_code=self.status,
            error=error,
            elapsed=self.pool.clock.monotonic() - start,
            retry_in=retry_in,
            request_id=self.request_id,
        )
        if is_logged:
            log.debug("%s", attempt)
        if on_attempt is not None:
            try:
                on_attempt(attempt)
            except Exception as defect:
                log.error("on_attempt raised %s", type(defect).__name__)  # its text may quote anything

    def fail(self, error: BaseException) -> BaseException:
        """Return what may leave in place of ``error``, with what is known of the request; report the attempt."""
        try:
            self._release_slot()
            if isinstance(error, TimeoutError) and not isinstance(error, errors.PuretalkError):
                error = self._timeout_error()
            error = redaction.contain(error)
            if self.attempt_start is not None:
                self._report(type(error).__name__, None)
            if isinstance(error, errors.PuretalkError):
                error.method, error.path = self.request.method, self.request.path
                error.attempts, error.status = self.attempts, self.status
                error.elapsed, error.request_id = self.elapsed, self.request_id
                error.msg = self.secret.excerpt(error.msg)
        except Exception as defect:
            return redaction.contain(defect)
        return error
