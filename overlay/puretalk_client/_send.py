"""The send loop: attempts under one deadline, and nothing but values and errors of this package out of it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from puretalk_generated.client import encoded
from puretalk_generated.spec import API_KEY_HEADER
from puretalk_generated.types import Request, Responses

from . import _answers, _retry, _transports
from ._body import MAX_ERROR_BYTES, read_body
from ._decoding import Drift
from .errors import APIStatusError, APITimeoutError, PuretalkError, RateLimitError, WrongCallError

T = TypeVar("T")
log = logging.getLogger("puretalk_client")


# Plain classes here and in _retry: attrs compiles each of its classes at import, which takes a millisecond.
class Clock:
    """Time, as the loop reads and spends it; tests put their own here."""

    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.monotonic = monotonic
        self.wall = wall
        self.sleep = sleep


class Sender:
    """Sends requests for one client, whose quota and cooldown all its calls share."""

    def __init__(
        self,
        *,
        transport: _transports.Transport,
        base_url: str,
        headers: _transports.Headers,
        secret: str,
        verify: bool | ssl.SSLContext,
        connect_timeout: float,
        max_retries: int,
        max_response_bytes: int,
        on_drifts: Callable[[list[Drift]], None],
    ) -> None:
        """Take the settings of a client.

        Args:
            transport: The HTTP library.
            base_url: Where the API is, without a trailing slash.
            headers: Sent with every request, as names and values; the API key is among them.
            secret: The API key, to be struck out of whatever the server says.
            verify: What verifies certificates, for recordings, which come over connections of their own.
            connect_timeout: Seconds that connecting for a recording may take.
            max_retries: How often a request is sent again.
            max_response_bytes: Bytes that a body may have, decompressed.
            on_drifts: Called with the strays of one answer.
        """
        self.transport = transport
        self.base_url = base_url
        self.headers = headers
        self.secret = secret
        self.verify = verify
        self.connect_timeout = connect_timeout
        self.max_retries = max_retries
        self.max_response_bytes = max_response_bytes
        self.on_drifts = on_drifts
        self.backoff = _retry.Backoff()
        self.quota = _retry.RetryQuota()
        self.clock = Clock()
        self.resume_at = 0.0  # when the cooldown that a 429 asked for ends, by the monotonic clock

    async def run(
        self, request: Request, responses: Responses[T], check: Callable[[T], None] | None, timeout: float
    ) -> T:
        """Send ``request`` until it succeeds, must not be repeated, or ``timeout`` seconds are over.

        Raises:
            PuretalkError: Whatever went wrong, with all its context.
        """
        call = _Call(self, request, self.clock.monotonic(), timeout)
        try:
            with self.transport.quiet_logs():
                async with asyncio.timeout(timeout):
                    while True:
                        await call.cool_down()
                        try:
                            value = await call.attempt(responses, check)
                        except PuretalkError as error:
                            await call.sleep_or_raise(error)
                        else:
                            self.quota.give_back(call.attempts - 1)
                            return value
        except PuretalkError as error:
            call.describe(error)
            # Without the frames below this one, and those of what was handled there: their locals hold the body.
            error.__context__ = None
            raise error.with_traceback(None) from error.__cause__
        except (asyncio.CancelledError, KeyboardInterrupt) as error:
            error.__context__ = None
            raise error.with_traceback(None) from None  # those frames hold the key too
        except TimeoutError:
            late = APITimeoutError(f"no answer within {timeout:g} s")
            call.describe(late)
        # Outside of the handler, so that the cancellation, which knows those frames too, is no context of it.
        raise late

    @property
    def key_header(self) -> dict[str, str]:
        """The header that holds the API key."""
        return {API_KEY_HEADER: self.secret} if API_KEY_HEADER else {}

    def open(self, request: Request) -> Awaitable[_transports.Reply]:
        """Send a request once."""
        url = self.base_url + request.path
        if request.params:
            url += "?" + urlencode(request.params, quote_via=quote)
        headers, content = self.headers, None
        if request.body is not None:
            content, content_type = encoded(request.body)
            headers = [*headers, ("Content-Type", content_type)]
        if request.headers:
            headers = [*headers, *request.headers]
        return self.transport.open(request.method, url, headers, content)


class _Call:
    """One call of a method: its attempts, its time, and what is known of its last answer."""

    def __init__(self, sender: Sender, request: Request, start: float, timeout: float) -> None:
        self.sender = sender
        self.request = request
        self.start = start
        self.deadline = start + timeout
        self.attempts = 0
        self.status: int | None = None
        self.answer_headers: Mapping[str, str] = {}

    async def attempt(self, responses: Responses[T], check: Callable[[T], None] | None) -> T:
        """Send the request once, and read the answer."""
        self.attempts += 1
        self.status, self.answer_headers = None, {}
        try:
            reply = await self.sender.open(self.request)
        except PuretalkError:
            raise
        except Exception as error:
            _transports.raise_from(error, self.sender.transport)
        drop = False
        try:
            value, drifts = await self._read(reply, responses)
            if check is not None:
                check(value)
        except WrongCallError:
            drop = True
            raise
        finally:
            with contextlib.suppress(Exception):  # what counts was read, or has failed already
                await reply.close(drop=drop)
        if drifts:
            self.sender.on_drifts(drifts)
        result: T = value
        return result

    async def _read(self, reply: _transports.Reply, responses: Responses[Any]) -> tuple[Any, list[Drift]]:
        self.status, self.answer_headers = reply.status, reply.headers
        if not 200 <= reply.status <= 299:
            content = b""
            with contextlib.suppress(Exception):  # the status counts, whatever became of the body
                content = await read_body(reply, MAX_ERROR_BYTES, cut=True)
            raise _answers.status_error(reply.status, content, self.sender.secret)
        try:
            content = await read_body(reply, self.sender.max_response_bytes)
        except PuretalkError:
            raise
        except Exception as error:
            _transports.raise_from(error, self.sender.transport)
        return _answers.read(reply.status, content, responses, self.sender.secret)

    async def cool_down(self) -> None:
        """Wait out the pause that the server asked all calls of this client to make."""
        sender = self.sender
        while (pause := sender.resume_at - sender.clock.monotonic()) > 0:
            if sender.resume_at >= self.deadline:
                raise RateLimitError(
                    "the server asked to pause for longer than this call may take", retry_after=pause
                )
            await sender.clock.sleep(pause)

    async def sleep_or_raise(self, error: PuretalkError) -> None:
        """Wait before the next attempt, or raise ``error`` where none should follow."""
        sender = self.sender
        wait = _retry.retry_after(self.answer_headers, sender.clock.wall())
        if not isinstance(error, APIStatusError):
            wait = None  # a Retry-After says nothing about an answer that broke off
        left = self.deadline - sender.clock.monotonic()
        if wait is not None and isinstance(error, RateLimitError) and wait <= _retry.MAX_RETRY_AFTER:
            sender.resume_at = max(sender.resume_at, sender.clock.monotonic() + wait)
        pause = wait or sender.backoff.seconds(self.attempts - 1)
        if wait is not None and (wait > _retry.MAX_RETRY_AFTER or wait >= left):
            error.retry_after = wait
            raise error
        if (
            self.attempts > sender.max_retries
            or not _retry.is_retryable(error, self.request.method, self.answer_headers)
            or pause >= left
            or not sender.quota.take()
        ):
            raise error
        if log.isEnabledFor(logging.DEBUG):
            log.debug(
                "%s %s: %s, again in %.2f s", self.request.method, self.request.path, error.message, pause
            )
        await sender.clock.sleep(pause)

    def describe(self, error: PuretalkError) -> None:
        """Add to ``error`` what is known of the call."""
        error.method, error.path = self.request.method, self.request.path
        error.attempts, error.status = self.attempts, self.status
        error.elapsed = self.sender.clock.monotonic() - self.start
        request_id = _answers.server_text(self.answer_headers.get("x-request-id"), self.sender.secret)
        error.request_id = request_id
