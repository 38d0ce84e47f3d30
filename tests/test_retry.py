"""The retry policy: pure decisions."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from puretalk_client import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    PoolTimeoutError,
    ProtocolError,
    PuretalkError,
    ResponseDecodeError,
    TLSError,
    WrongCallError,
)
from puretalk_client._retry import Backoff, RetryQuota, is_retryable, retry_after

NOW = 1_763_798_400.0  # 2025-11-22T08:00:00Z
RETRIED = {408, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529}


@pytest.mark.parametrize("status", range(300, 600))
def test_statuses_that_pass_are_retried_and_no_others(status: int) -> None:
    """408, 429, 500, 502, 503, 504, 520 to 524 and 529."""
    assert is_retryable(APIStatusError("x", status=status), "GET", {}) is (status in RETRIED)


@pytest.mark.parametrize(
    ("error", "expected"),
    [(APIConnectionError("x"), True), (ProtocolError("x"), True), (APITimeoutError("x"), True),
     (TLSError("x"), False), (PoolTimeoutError("x"), False), (WrongCallError("x"), False),
     (ResponseDecodeError("x"), False), (PuretalkError("x"), False)],
)  # fmt: skip
def test_failures_of_the_connection_are_retried(error: PuretalkError, expected: bool) -> None:
    """But for TLS, a full pool, another call's answer and a whole body that does not decode."""
    assert is_retryable(error, "GET", {}) is expected


@pytest.mark.parametrize(
    ("told", "status", "expected"), [("true", 400, True), ("false", 503, False), ("", 503, True)]
)
def test_server_may_say_whether_to_retry(told: str, status: int, expected: bool) -> None:
    """x-should-retry goes before the status; anything but true and false is ignored."""
    assert is_retryable(APIStatusError("x", status=status), "GET", {"x-should-retry": told}) is expected


def test_what_may_have_had_an_effect_is_not_sent_twice() -> None:
    """A POST is repeated only when it cannot have been carried out."""
    assert not is_retryable(APIStatusError("x", status=503), "POST", {})
    assert is_retryable(APIStatusError("x", status=429), "POST", {})
    assert not is_retryable(APIConnectionError("x"), "POST", {})
    assert is_retryable(APIConnectionError("x", request_sent=False), "POST", {})


def test_backoff_doubles_up_to_its_cap() -> None:
    """The ceilings, as random = 1 gives them."""
    backoff = Backoff(draw=lambda: 1.0)
    assert [backoff.seconds(retry) for retry in range(7)] == [0.5, 1, 2, 4, 8, 8, 8]
    assert backoff.seconds(10_000) == 8


def test_backoff_is_spread_evenly_below_its_ceiling() -> None:
    """Full jitter: over 10,000 draws the deciles hold a tenth each, and the mean is half the ceiling."""
    backoff = Backoff(draw=random.Random(7).random)
    draws = [backoff.seconds(2) for _ in range(10_000)]
    assert 0 <= min(draws) < 0.01
    assert 1.99 < max(draws) < 2
    assert abs(sum(draws) / len(draws) - 1) < 0.02
    for decile in range(10):
        share = sum(decile * 0.2 <= draw < (decile + 1) * 0.2 for draw in draws)
        assert 850 < share < 1150


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({}, None), ({"retry-after": "7"}, 7), ({"retry-after": "0"}, 0), ({"retry-after": "1.5"}, 1.5),
     ({"retry-after": "Sat, 22 Nov 2025 08:00:30 GMT"}, 30), ({"retry-after": "Saturday, 22-Nov-25 08:00:30 GMT"}, 30),
     ({"retry-after": "Sat Nov 22 08:00:30 2025"}, 30), ({"retry-after": "Fri, 21 Nov 2025 08:00:00 GMT"}, 0),
     ({"retry-after": "Sat, 22 Nov 2025 10:00:30 +0200"}, 30), ({"retry-after-ms": "250"}, 0.25),
     ({"retry-after-ms": "250", "retry-after": "9"}, 0.25), ({"retry-after-ms": "x", "retry-after": "9"}, 9)],
)  # fmt: skip
def test_retry_after_is_read_in_all_its_forms(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds, the three HTTP-dates of RFC 9110, other zones, and milliseconds."""
    assert retry_after(headers, NOW) == seconds


@pytest.mark.parametrize(
    "value",
    ["-10", "nan", "inf", "-inf", "1e3", "", " ", "soon", "0x10", "1_000", "٣", "9" * 400,
     "Sat, 99 Nov 2025 08:00:30 GMT",
     "Sat, 22 Nov 100000 08:00:30 GMT", "Sat, 22 Nov 2025 08:00:30 +9999", "Sat, 22 Nov 2025 08:00:30 -99999999",
     "\x00", "," * 5000, "1.2.3"],
)  # fmt: skip
def test_hostile_retry_after_is_ignored(value: str) -> None:
    """Never an exception, never a negative or endless wait."""
    assert retry_after({"retry-after": value}, NOW) is None
    assert retry_after({"retry-after-ms": value}, NOW) is None


@given(st.text(), st.floats(0, 4e9))
def test_no_retry_after_raises(value: str, now: float) -> None:
    """Any text gives a finite number from 0, or nothing."""
    for name in ("retry-after", "retry-after-ms"):
        seconds = retry_after({name: value}, now)
        assert seconds is None or 0 <= seconds < 1e12


def test_quota_allows_35_retries_and_success_refills_it() -> None:
    """1,000 straight failures make at most 1,035 requests."""
    quota = RetryQuota()
    assert sum(quota.take() for _ in range(1000)) == 35
    quota.give_back(2)
    assert [quota.take() for _ in range(3)] == [True, True, False]
    for _ in range(10_000):
        quota.give_back(0)
    assert quota.tokens == RetryQuota.CAPACITY
