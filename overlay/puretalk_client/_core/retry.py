"""When to retry, and how long to wait before it: pure decisions without I/O and without a clock."""

from __future__ import annotations

import email.utils
import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from ..errors import APIStatusError, PuretalkError, RateLimitError

IDEMPOTENT_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})
"""Methods that may be sent twice with the effect of once (RFC 9110, section 9.2.2)."""

MAX_RETRY_AFTER = 120.0
"""Seconds of Retry-After that the client waits; a request that should wait longer fails at once."""


def may_retry(error: PuretalkError, method: str, headers: Mapping[str, str]) -> bool:
    """Whether an attempt that failed with ``error`` may be followed by another.

    A request that is not idempotent is repeated only if it had no effect. The response header ``x-should-retry``
    takes precedence.
    """
    if isinstance(error, APIStatusError):
        verdict = headers.get("x-should-retry")
        if verdict in ("true", "false"):
            return verdict == "true"
    if not error.retryable:
        return False
    return method in IDEMPOTENT_METHODS or not error.request_sent or isinstance(error, RateLimitError)


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return how many seconds the server asks to wait (RFC 9110, section 10.2.3); None if it does not say.

    ``retry-after-ms``, which some gateways send, takes precedence. ``now``, in seconds since the epoch, is for a
    Retry-After that is a date; one in the past is 0 seconds.
    """
    milliseconds = _finite(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    if value is None:
        return None
    seconds = _finite(value)
    if seconds is None and (seconds := seconds_until(value, now)) is not None:
        return max(seconds, 0.0)
    return seconds


def _finite(value: str | None) -> float | None:
    """Read a plain, non-negative number of up to nine digits before the point."""
    if value is None or not value.isascii() or len(value) > 20 or not value.replace(".", "", 1).isdigit():
        return None
    number = float(value)
    return number if number < 1e9 else None


def seconds_until(value: str, now: float) -> float | None:
    """Read an HTTP-date (RFC 9110, section 5.6.7) as seconds from ``now``; None if it is not one."""
    try:
        moment = email.utils.parsedate_to_datetime(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return (moment - datetime.fromtimestamp(now, UTC)).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


class Backoff:
    """Full jitter: a random share of a ceiling that doubles with each retry, up to a cap."""

    def __init__(self, base: float = 0.5, cap: float = 8.0, draw: Callable[[], float] = random.random) -> None:
        """Set the first and the highest ceiling, in seconds; ``draw`` returns numbers from 0 to 1."""
        self.base: float = base
        self.cap: float = cap
        self.draw: Callable[[], float] = draw

    def delay(self, retry: int) -> float:
        """Return the seconds to wait before a retry, the first being number 0."""
        # The exponent is bounded because 2.0**1024 overflows.
        return self.draw() * min(self.cap, self.base * 2.0 ** min(retry, 64))


class RetryQuota:
    """A token bucket that all requests of a client share, so that an outage does not cause a retry storm.

    As in the standard mode of the AWS SDKs: each retry acquires tokens, and success releases them.
    """

    CAPACITY = 500
    COST = 14
    """Tokens of one retry: 35 retries empty a full bucket."""

    def __init__(self) -> None:
        self.tokens: int = self.CAPACITY

    def acquire(self) -> bool:
        """Acquire the tokens of one retry; False if there are too few."""
        if self.tokens < self.COST:
            return False
        self.tokens -= self.COST
        return True

    def release(self, retries: int) -> None:
        """Release what a request acquired that succeeded after ``retries`` retries; one token for none."""
        self.tokens = min(self.CAPACITY, self.tokens + (self.COST * retries or 1))
