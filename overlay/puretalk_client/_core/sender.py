"""The request loop: attempts under one deadline; only values and errors of this package leave it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from puretalk_generated.bodies import encode_body
from puretalk_generated.types import Request, Responses

from .. import errors
from .._types import Drift
from . import redaction, retry
from .body import ACCEPT_ENCODING, MAX_ERROR_BYTES, read_body
from .decoding import is_large
from .options import Options
from .pace import Pace
from .response import Conventions, DriftReporter, read_success, status_error
from .transports import Headers, Transport, TransportResponse

T = TypeVar("T")
Check = Callable[[T], None]

log = logging.getLogger("puretalk_client")


class Clock:
    """Time as the request loop reads and spends it; tests over real sockets skip its delays."""

    monotonic: Callable[[], float] = staticmethod(time.monotonic)
    wall: Callable[[], float] = staticmethod(time.time)
    sleep: Callable[[float], Awaitable[None]] = staticmethod(asyncio.sleep)


class Sender:
    """Sends the requests of one client, which share connections, retry quota and rate limit."""

    def __init__(self, options: Options, transport: Transport, conventions: Conventions) -> None:
        self.options: Options = options
        self.transport: Transport = transport
        self.conventions: Conventions = conventions
        self.drift: DriftReporter = DriftReporter(strict=options.strict, on_drift=options.on_drift)
        self.key_headers: Headers = ((options.key_header, options.api_key.reveal()),) if options.key_header else ()
        self._headers: Headers = (*self.key_headers, *options.headers, ("Accept-Encoding", ACCEPT_ENCODING))
        self.backoff: retry.Backoff = retry.Backoff()
        self.quota: retry.RetryQuota = retry.RetryQuota()
        self.clock: Clock = Clock()
        self.pace: Pace = Pace()
        self.is_closed: bool = False
        self.max_connections: int = min(options.max_connections, transport.max_connections)
        self._loop: asyncio.AbstractEventLoop | None = None
        self.slots: asyncio.Semaphore = asyncio.Semaphore(self.max_connections)

    async def send(
        self, request: Request, responses: Responses[T], *, timeout: float | None, check: Check[T] | None = None
    ) -> T:
        """Send ``request`` until it succeeds, must not be repeated, or ``timeout`` seconds are over.

        ``check`` raises a PuretalkError if the decoded body cannot be trusted. Nothing but a PuretalkError or a
        cancellation leaves this function.
        """
        exchange = _Exchange(self, request, self.options.timeout if timeout is None else timeout)
        try:
            self._bind()
            with redaction.quiet_logs():
                return await exchange.run(responses, check)
        except BaseException as error:
            failure = exchange.describe(redaction.contain(error))
        # Raised outside of the handler: there it would get what was handled as its context, with all frames.
        raise failure

    def _bind(self) -> None:
        """Refuse requests of a closed client, and in another event loop than that of its connections."""
        loop = asyncio.get_running_loop()
        if self.is_closed:
            raise errors.ConfigurationError("This client is closed")
        if loop is self._loop:
            return
        if self._loop is not None and not self.transport.is_external:
            raise errors.ConfigurationError(
                "A client belongs to the event loop of its first request: make one for each loop"
            )
        self._loop, self.slots = loop, asyncio.Semaphore(self.max_connections)

    def prepare(self, request: Request) -> tuple[str, Headers, bytes | None]:
        """Return the URL, the headers and the content of a request."""
        url, headers, content = self.options.base_url + request.path, self._headers, None
        if request.params:
            url += "?" + urlencode(request.params, quote_via=quote)
        if request.body is not None:
            content, content_type = encode_body(request.body)
            headers = (*headers, ("Content-Type", content_type))
        if request.headers:
            headers = (*headers, *request.headers)
        return url, headers, content

    async def aclose(self) -> None:
        """Close the connections. Requests that wait for one fail."""
        self.is_closed = True
        await self.transport.aclose()


class _Exchange:
    """One request: its attempts, its deadline, and what is known of its last response."""

    def __init__(self, sender: Sender, request: Request, timeout: float) -> None:
        self.sender, self.request, self.timeout = sender, request, timeout
        self.start = sender.clock.monotonic()
        self.deadline = self.start + timeout
        self.attempts, self.charged = 0, 0  # charged: retries that the quota paid for
        self.is_queued = False
        self.slots: asyncio.Semaphore | None = None  # those of this event loop, once it has one of them
        self.status: int | None = None
        self.headers: Mapping[str, str] = {}

    async def run(self, responses: Responses[T], check: Check[T] | None) -> T:
        """Make attempts until one succeeds or none may follow."""
        try:
            async with asyncio.timeout(self.timeout):
                return await self._run(responses, check)
        except errors.PuretalkError:
            raise  # an APITimeoutError is a TimeoutError too
        except TimeoutError:
            if self.is_queued:
                limit = f"at most {self.sender.max_connections} at a time"
                raise errors.PoolTimeoutError(f"No connection was free for {self.timeout:g} s ({limit})") from None
            raise errors.APITimeoutError(f"No response within {self.timeout:g} s") from None

    async def _run(self, responses: Responses[T], check: Check[T] | None) -> T:
        sender = self.sender
        try:
            await self._acquire_slot()
            while True:
                await self._wait_for_pace()
                if sender.is_closed:
                    raise errors.ConfigurationError("This client is closed")
                try:
                    value = await self._attempt(responses, check)
                except errors.PuretalkError as error:
                    if delay := self._delay(error):
                        self._release_slot()
                        await sender.clock.sleep(delay)
                        await self._acquire_slot()
                else:
                    sender.quota.release(self.charged)
                    sender.pace.succeed(sender.clock.monotonic())
                    return value
        finally:
            self._release_slot()

    async def _acquire_slot(self) -> None:
        """Wait for a connection, first in, first out."""
        slots = self.sender.slots
        self.is_queued = True
        await slots.acquire()
        self.is_queued, self.slots = False, slots

    def _release_slot(self) -> None:
        if self.slots is not None:
            self.slots.release()
            self.slots = None

    async def _wait_for_pace(self) -> None:
        """Wait until this request may leave. The slot stays reserved: no other request could use it meanwhile."""
        pace, clock = self.sender.pace, self.sender.clock
        while True:
            now, changes = clock.monotonic(), pace.changes
            is_paused, leaves_at = now < pace.resumes_at, pace.next_at(now)
            if leaves_at >= self.deadline:
                raise errors.RateLimitError(
                    "The server asked to wait longer than the time left for this request", retry_after=leaves_at - now
                )
            if not is_paused:
                pace.reserve(leaves_at)
            if leaves_at > now:
                await clock.sleep(leaves_at - now)
            if not is_paused and pace.changes == changes:
                return

    async def _attempt(self, responses: Responses[T], check: Check[T] | None) -> T:
        """Send the request once, and read the response."""
        self.attempts += 1
        self.status, self.headers = None, {}
        response = await self._send()
        drop = False
        try:
            value, drifts = await self._read(response, responses)
            if check is not None:
                check(value)
        except errors.APIResponseError as error:
            drop = error.closes_connection
            raise
        finally:
            with contextlib.suppress(Exception):  # the response was read, or has failed already
                await response.close(drop=drop)
        if drifts:
            self.sender.drift.report(drifts)
        result: T = value
        return result

    async def _send(self) -> TransportResponse:
        sender = self.sender
        url, headers, content = sender.prepare(self.request)
        try:
            return await sender.transport.send(self.request.method, url, headers, content)
        except errors.PuretalkError:
            raise
        except Exception as error:
            raise sender.transport.map_error(error)  # noqa: B904  # it sets the cause itself

    async def _read(self, response: TransportResponse, responses: Responses[Any]) -> tuple[Any, list[Drift]]:
        options = self.sender.options
        self.status, self.headers = response.status, response.headers
        if not 200 <= response.status <= 299:
            content = b""
            with contextlib.suppress(Exception):  # the status counts, whatever happens to the body
                content = await read_body(response, MAX_ERROR_BYTES, truncate=True)
            raise status_error(response.status, content, options.api_key, self.sender.conventions)
        try:
            content = await read_body(response, options.max_response_bytes)
        except errors.PuretalkError:
            raise
        except Exception as error:
            raise self.sender.transport.map_error(error)  # noqa: B904
        arguments = response.status, content, responses, self.sender.conventions
        if is_large(content):
            return await asyncio.to_thread(read_success, *arguments)
        return read_success(*arguments)

    def _delay(self, error: errors.PuretalkError) -> float:
        """Return the seconds to wait before the next attempt, or raise ``error`` if none may follow.

        A refusal that says when to come back slows down all requests of the client, and costs no retry quota.
        """
        sender, now = self.sender, self.sender.clock.monotonic()
        # A Retry-After says nothing about a response that broke off.
        is_response = isinstance(error, errors.APIStatusError) and error.status is not None
        requested = retry.retry_after(self.headers, sender.clock.wall()) if is_response else None
        remaining = self.deadline - now
        is_refusal = isinstance(error, errors.RateLimitError) and requested is not None
        if requested is not None:
            if is_refusal and requested <= retry.MAX_RETRY_AFTER:
                sender.pace.refuse(now, requested)
            if requested > retry.MAX_RETRY_AFTER or requested >= remaining:
                error.retry_after = requested
                raise error
        delay = requested or sender.backoff.delay(self.attempts - 1)
        if (
            self.attempts > sender.options.max_retries
            or not retry.may_retry(error, self.request.method, self.headers)
            or delay >= remaining
            or not (is_refusal or sender.quota.acquire())
        ):
            raise error
        self.charged += not is_refusal
        if log.isEnabledFor(logging.DEBUG):
            request = self.request
            log.debug("%s %s: %s; retry in %.2f s", request.method, request.path, error.message, delay)
        return 0.0 if is_refusal else delay

    def describe(self, error: BaseException) -> BaseException:
        """Add to an error of this package what is known of the request."""
        try:
            if isinstance(error, errors.PuretalkError):
                secret = self.sender.options.api_key
                error.method, error.path = self.request.method, self.request.path
                error.attempts, error.status = self.attempts, self.status
                error.elapsed = self.sender.clock.monotonic() - self.start
                error.request_id = secret.excerpt(self.headers.get("x-request-id"))
                error.msg = secret.excerpt(error.msg)
        except Exception as defect:
            return redaction.contain(defect)
        return error
