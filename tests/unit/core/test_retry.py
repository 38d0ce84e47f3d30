"""When to retry, and how long to wait: pure decisions."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, strategies as st

from puretalk_client import (
    APIConnectionError,
    APIStatusError,
    CallIdMismatchError,
    PoolTimeoutError,
    PuretalkError,
    RateLimitError,
    ResponseDecodeError,
    TLSError,
)
from puretalk_client._core.retry import MAX_RETRY_AFTER, Backoff, RetryQuota, may_retry, retry_after

NOW = 1_763_798_400.0  # 2025-11-22T08:00:00Z


@pytest.mark.parametrize(
    "error",
    [APIConnectionError("x"), APIStatusError("x", status=503), APIStatusError("x", status=400), TLSError("x"),
     PoolTimeoutError("x"), CallIdMismatchError("x"), ResponseDecodeError("x"), PuretalkError("x")],
    ids=repr,
)  # fmt: skip
def test_class_of_the_error_decides(error: PuretalkError) -> None:
    """For an idempotent method nothing else counts."""
    assert may_retry(error, "GET", {}) is error.retryable


@pytest.mark.parametrize(
    ("verdict", "status", "expected"),
    [("true", 400, True), ("false", 503, False), ("", 503, True), ("TRUE", 400, False), ("no", 503, True)],
)
def test_server_may_decide(verdict: str, status: int, expected: bool) -> None:
    """``x-should-retry`` precedes the status; values other than true and false are ignored."""
    assert may_retry(APIStatusError("x", status=status), "GET", {"x-should-retry": verdict}) is expected


def test_server_decides_about_its_own_responses_only() -> None:
    """Headers of a response that broke off do not make another failure retryable."""
    assert not may_retry(ResponseDecodeError("x"), "GET", {"x-should-retry": "true"})


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize(
    ("error", "expected"),
    [(APIStatusError("x", status=503), False), (RateLimitError("x", status=429), True),
     (APIConnectionError("x"), False), (APIConnectionError("x", request_sent=False), True)],
)  # fmt: skip
def test_request_that_may_have_had_an_effect_is_not_repeated(method: str, error: PuretalkError, expected: bool) -> None:
    """A method that is not idempotent is repeated only when the request was not sent or was refused."""
    assert may_retry(error, method, {}) is expected


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"])
def test_idempotent_methods_are_repeated(method: str) -> None:
    """RFC 9110, section 9.2.2."""
    assert may_retry(APIConnectionError("x"), method, {})


def test_backoff_doubles_up_to_its_cap() -> None:
    """The ceilings: the delays with a draw of 1."""
    backoff = Backoff(draw=lambda: 1.0)
    assert [backoff.delay(retry, 8.0) for retry in range(7)] == [0.5, 1, 2, 4, 8, 8, 8]
    assert backoff.delay(10_000, 60.0) == 60


def test_backoff_is_spread_evenly_below_its_ceiling() -> None:
    """Full jitter: of 10,000 delays each decile holds a tenth, and the mean is half the ceiling."""
    backoff = Backoff(draw=random.Random(7).random)
    delays = [backoff.delay(2, 8.0) for _ in range(10_000)]
    assert 0 <= min(delays) < 0.01
    assert 1.99 < max(delays) < 2
    assert abs(sum(delays) / len(delays) - 1) < 0.02
    for decile in range(10):
        share = sum(decile * 0.2 <= delay < (decile + 1) * 0.2 for delay in delays)
        assert 850 < share < 1150


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({}, None), ({"retry-after": "7"}, 7), ({"retry-after": "0"}, 0), ({"retry-after": "1.5"}, 1.5),
     ({"retry-after": "Sat, 22 Nov 2025 08:00:30 GMT"}, 30), ({"retry-after": "Saturday, 22-Nov-25 08:00:30 GMT"}, 30),
     ({"retry-after": "Sat Nov 22 08:00:30 2025"}, 30), ({"retry-after": "Fri, 21 Nov 2025 08:00:00 GMT"}, 0),
     ({"retry-after": "Sat, 22 Nov 2025 10:00:30 +0200"}, 30), ({"retry-after-ms": "250"}, 0.25),
     ({"retry-after-ms": "250", "retry-after": "9"}, 0.25), ({"retry-after-ms": "x", "retry-after": "9"}, 9),
     ({"retry-after": "999999999.9"}, 999_999_999.9), ({"retry-after": "0" * 19 + "7"}, 7)],
)  # fmt: skip
def test_retry_after_is_read_in_all_its_forms(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds, the three formats of HTTP-date, other time zones, and milliseconds."""
    assert retry_after(headers, NOW) == seconds


@pytest.mark.parametrize(
    "value",
    ["-10", "nan", "inf", "-inf", "1e3", "", " ", "soon", "0x10", "1_000", "٣", "9" * 400, "1000000000", "0" * 20 + "7",
     "Sat, 99 Nov 2025 08:00:30 GMT",
     "Sat, 22 Nov 100000 08:00:30 GMT", "Sat, 22 Nov 2025 08:00:30 +9999", "Sat, 22 Nov 2025 08:00:30 -99999999",
     "\x00", "," * 5000, "1.2.3"],
)  # fmt: skip
def test_hostile_retry_after_is_ignored(value: str) -> None:
    """It raises nothing, and leads to no negative or endless delay."""
    assert retry_after({"retry-after": value}, NOW) is None
    assert retry_after({"retry-after-ms": value}, NOW) is None


@given(st.text(), st.floats(0, 4e9))
def test_no_retry_after_raises(value: str, now: float) -> None:
    """Any text is a finite number of seconds from 0, or nothing."""
    for name in ("retry-after", "retry-after-ms"):
        seconds = retry_after({name: value}, now)
        assert seconds is None or 0 <= seconds < 1e12


def test_longest_delay_that_a_server_can_ask_for_is_two_minutes() -> None:
    """README.md says so."""
    assert MAX_RETRY_AFTER == 120


def test_quota_allows_35_retries_and_success_refills_it() -> None:
    """An outage costs a client 35 retries, however many requests it makes."""
    quota = RetryQuota()
    assert sum(quota.acquire(0.0) for _ in range(1000)) == 35
    quota.release(2)
    assert [quota.acquire(0.0) for _ in range(3)] == [True, True, False]
    for _ in range(10_000):
        quota.release(0)
    assert quota.tokens == RetryQuota.CAPACITY


def test_success_releases_what_its_retries_acquired_or_one_token() -> None:
    """A retry is allowed as soon as there are as many tokens as it takes."""
    quota = RetryQuota()
    while quota.acquire(0.0):
        pass
    left = int(quota.tokens)
    assert left == 500 - 35 * RetryQuota.COST
    for missing in range(RetryQuota.COST - left, 0, -1):
        assert not quota.acquire(0.0)
        quota.release(0)
        assert quota.tokens == RetryQuota.COST - missing + 1
    assert quota.acquire(0.0)
    quota.release(3)
    assert quota.tokens == 3 * RetryQuota.COST
