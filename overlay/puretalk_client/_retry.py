"""When to try again, and how long to wait before it: pure decisions, no I/O and no clock of their own."""

from __future__ import annotations

import email.utils
import math
import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from .errors import (
    APIConnectionError,
    APIStatusError,
    PoolTimeoutError,
    PuretalkError,
    TLSError,
    WrongCallError,
)

RETRIED_STATUSES = frozenset({408, 429, 500, 502, 503, 504, *range(520, 525), 529})
"""Statuses of failures that pass: RFC 9110 and RFC 6585, and what Cloudflare and overloaded servers use."""

IDEMPOTENT_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})
"""Methods that may be sent twice with the effect of once (RFC 9110, section 9.2.2)."""

MAX_RETRY_AFTER = 120.0
"""Seconds of Retry-After that are waited for; a call that is told to wait longer fails at once."""


def is_retryable(error: PuretalkError, method: str, headers: Mapping[str, str]) -> bool:
    """Whether a failed attempt may be followed by another.

    Args:
        error: What the attempt came to.
        method: HTTP method; one that is not idempotent is only sent again when it cannot have had an effect.
        headers: Headers of the answer, where there is one.
    """
    if isinstance(error, APIStatusError):
        told = headers.get("x-should-retry")
        if told in ("true", "false"):
            return told == "true"
        if method not in IDEMPOTENT_METHODS:
            return error.status == 429
        return error.status in RETRIED_STATUSES
    if isinstance(error, (TLSError, PoolTimeoutError, WrongCallError)) or not isinstance(
        error, APIConnectionError
    ):
        return False
    return method in IDEMPOTENT_METHODS or not error.request_sent


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Read how many seconds the server asks to wait (RFC 9110, section 10.2.3).

    Args:
        headers: Headers of the answer. ``retry-after-ms``, which some gateways send, goes first.
        now: Seconds since the epoch, for a Retry-After that is a date.

    Returns:
        Seconds from now, 0 for a date that is past; None where no sane value is given.
    """
    milliseconds = _finite(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    if value is None:
        return None
    seconds = _finite(value)
    return seconds if seconds is not None else _until(value, now)


def _finite(value: str | None) -> float | None:
    """Read a plain, non-negative number of up to nine digits before the point."""
    if value is None or not value.isascii() or len(value) > 20 or not value.replace(".", "", 1).isdigit():
        return None
    number = float(value)
    return number if math.isfinite(number) and number < 1e9 else None


def _until(value: str, now: float) -> float | None:
    """Read an HTTP-date (RFC 9110, section 5.6.7) as seconds from ``now``."""
    if len(value) > 64:
        return None
    try:
        moment = email.utils.parsedate_to_datetime(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = (moment - datetime.fromtimestamp(now, UTC)).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return max(seconds, 0.0)


class Backoff:
    """Full jitter: a random share of a ceiling that doubles with each retry, up to a cap."""

    def __init__(
        self, base: float = 0.5, cap: float = 8.0, draw: Callable[[], float] = random.random
    ) -> None:
        """Set the ceilings.

        Args:
            base: Ceiling of the first wait, in seconds.
            cap: Ceiling of any wait, in seconds.
            draw: Gives numbers from 0 to 1.
        """
        self.base = base
        self.cap = cap
        self.draw = draw

    def seconds(self, retry: int) -> float:
        """Return how long to wait before the ``retry``-th retry, the first being 0."""
        # 2**retry is a float beyond 1023 retries only as inf, and no int of that size is needed.
        return self.draw() * min(self.cap, self.base * 2.0 ** min(retry, 64))


class RetryQuota:
    """A token bucket that all calls of one client share, so that an outage is not answered with a storm.

    As in the standard mode of the AWS SDKs: each retry takes tokens, and success gives them back.
    """

    CAPACITY = 500
    COST = 14
    """Tokens a retry takes: 35 retries empty a full bucket."""

    def __init__(self) -> None:
        self.tokens = self.CAPACITY

    def take(self) -> bool:
        """Take the tokens of one retry, if they are there."""
        if self.tokens < self.COST:
            return False
        self.tokens -= self.COST
        return True

    def give_back(self, retries: int) -> None:
        """Give back what a call took that succeeded after ``retries`` retries; one token for none."""
        if self.tokens < self.CAPACITY:
            self.tokens = min(self.CAPACITY, self.tokens + (self.COST * retries or 1))
