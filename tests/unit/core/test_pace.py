"""The pace: pauses that the server requests, and the rate at which requests leave after them."""

from __future__ import annotations

import math

import pytest

from puretalk_client._core.pace import MAX_SUCCESSES, MIN_RATE, Pace


def leave(pace: Pace, count: int, *, at: float) -> list[float]:
    """Reserve for so many requests, and return when they may leave."""
    times = []
    for _ in range(count):
        times.append(pace.next_at(at))
        pace.reserve(times[-1])
    return times


def succeed(pace: Pace, count: int, *, at: float) -> None:
    """Note so many successes."""
    for _ in range(count):
        pace.succeed(at)


def burst(*, successes: int = 50, pause: float = 1.0) -> Pace:
    """Return a pace after a first burst at 100 s, so many successes, and a refusal in the same moment."""
    pace = Pace()
    leave(pace, 100, at=100.0)
    pace.refuse(100.0, pause)
    succeed(pace, successes, at=100.0)  # refusals return first, since they cost the server nothing
    return pace


def test_requests_leave_at_once_before_any_refusal() -> None:
    """However many, and whatever succeeded."""
    pace = Pace()
    assert leave(pace, 100, at=5.0) == [5.0] * 100
    succeed(pace, 100, at=6.0)
    assert leave(pace, 100, at=6.0) == [6.0] * 100
    assert pace.rate(1e6) == math.inf
    assert leave(Pace(), 2, at=0.0) == [0.0, 0.0]


def test_no_request_leaves_during_the_pause() -> None:
    """The first leaves exactly at its end."""
    pace = burst(pause=2.0)
    assert pace.next_at(100.5) == pace.next_at(101.9) == 102.0
    assert pace.next_at(103.0) == 103.0


def test_requests_leave_at_the_rate_that_the_server_bore() -> None:
    """50 successes from the burst to the end of the pause, 1 s later: one request each 20 ms."""
    assert leave(burst(), 4, at=101.0) == pytest.approx([101.0, 101.02, 101.04, 101.06], abs=1e-4)


def test_successes_during_the_pause_count() -> None:
    """The responses to requests that had left before it come later than the refusal."""
    pace = burst(successes=10)
    succeed(pace, 30, at=100.9)
    first, second = leave(pace, 2, at=101.0)
    assert second - first == pytest.approx(1 / 40)


def test_only_the_seconds_before_the_refusal_count() -> None:
    """A client that was nearly idle for an hour is not slower for it; nor do its successes count."""
    pace = Pace()
    for minute in range(60):
        leave(pace, 1, at=60.0 * minute)
        succeed(pace, 1, at=60.0 * minute)
    pace.refuse(3600.0, 1.0)
    succeed(pace, 50, at=3600.0)
    first, second = leave(pace, 2, at=3601.0)
    assert second - first == pytest.approx(1 / 50)


def test_longer_pauses_look_back_further() -> None:
    """A server that requests a minute counts by the minute."""
    pace = Pace()
    for second in range(40):
        succeed(pace, 4, at=1000.0 + second)
    pace.refuse(1040.0, 60.0)
    first, second_at = leave(pace, 2, at=1100.0)
    assert second_at - first == pytest.approx(100 / 160)


def test_time_of_the_estimate_begins_with_its_first_success() -> None:
    """One exactly as long before the refusal as the pause is counts, an earlier one does not."""
    pace = Pace()
    for at in (99.9, 100.0, 100.25, 100.75):
        pace.succeed(at)
    pace.refuse(101.0, 1.0)
    first, second = leave(pace, 2, at=102.0)
    assert second - first == pytest.approx(2 / 3)


def test_many_successes_do_not_fill_the_memory() -> None:
    """The last ones are enough for the rate."""
    pace = Pace()
    for number in range(10 * MAX_SUCCESSES):
        pace.succeed(number / 2000)
    pace.refuse(5.0, 1.0)
    assert len(pace._successes) == MAX_SUCCESSES
    pace.reserve(6.0)
    assert pace.rate(6.0) == pytest.approx(MAX_SUCCESSES / 1.5, rel=0.01)


def test_refusal_without_a_success_begins_slowly() -> None:
    """Not all in one moment, and not so slowly that nothing follows."""
    first, second, *_ = leave(burst(successes=0), 3, at=101.0)
    assert first == 101.0
    assert second - first == pytest.approx(1 / MIN_RATE)


def test_estimated_rate_grows_faster_and_faster() -> None:
    """It doubles in 2 s and is nine times as high after 4 s, since the estimate may be much too low."""
    pace = burst(successes=4)
    leave(pace, 1, at=101.0)
    rates = [pace.rate(101.0 + seconds) for seconds in (0, 2, 4)]
    assert rates == pytest.approx([4, 8, 36])


def paced(*, rate: float = 50.0) -> Pace:
    """Return a pace of about ``rate`` that was refused while requests left at it, at 103 s for 1 s."""
    pace = burst(successes=round(rate))
    leave(pace, 1, at=101.0)
    pace._growth = 1e9  # a rate that does not change
    for number in range(round(2 * rate)):
        pace.succeed(101.0 + number / rate)
    pace.refuse(103.0, 1.0)
    return pace


def test_refusal_at_a_rate_slows_down_a_little() -> None:
    """13 % less, the old rate after 8 s and the double after 24 s."""
    pace = paced()
    leave(pace, 1, at=104.0)
    rates = [pace.rate(104.0 + seconds) for seconds in (0, 8, 23.8)]
    assert rates == pytest.approx([50 * 0.87, 50, 100], rel=0.01)


def test_rate_of_a_refusal_is_the_rate_of_the_successes() -> None:
    """Where it had grown beyond what the server let through, but by no more than 30 % at a time."""
    for successes, peak in ((45, 45), (30, 35)):
        pace = Pace()
        pace._peak, pace._growth = 50.0, 1e9
        succeed(pace, successes, at=1.5)
        pace.refuse(2.0, 1.0)
        assert pace._peak == pytest.approx(peak)


@pytest.mark.parametrize(("pause", "successes", "is_kept"), [(1.0, 25, True), (1.0, 24, False), (10.0, 240, False)])
def test_rate_of_which_less_than_half_was_used_is_estimated_anew(pause: float, successes: int, is_kept: bool) -> None:
    """By the successes in as many seconds as the pause has: 25 a second is half of 50."""
    pace = Pace()
    pace._peak, pace._growth = 50.0, 1e9
    succeed(pace, successes, at=10.5)
    pace.refuse(11.0, pause)
    assert (pace._peak == 35.0) is pace._is_estimated is is_kept


def test_rate_that_was_not_used_is_estimated_anew() -> None:
    """After a quiet time the old rate says nothing."""
    pace = paced()
    pace.refuse(500.0, 1.0)
    succeed(pace, 20, at=500.0)
    first, second = leave(pace, 2, at=501.0)
    assert second - first == pytest.approx(1 / 20)


def test_time_that_was_not_used_is_not_made_up_for() -> None:
    """After a quiet time the next request leaves at once, and the one after it later."""
    pace = paced()
    leave(pace, 1, at=104.0)
    first, second = leave(pace, 2, at=110.0)
    assert first == 110.0
    assert second - first > 0.01


@pytest.mark.parametrize("pauses", [(10.0, 1.0), (1.0, 10.0)])
def test_pause_is_prolonged_and_never_shortened(pauses: tuple[float, float]) -> None:
    """By other responses of the same moment, and by later ones."""
    pace = Pace()
    for pause in pauses:
        pace.refuse(1.0, pause)
    pace.refuse(5.0, 1.0)
    assert (pace.resumes_at, pace.next_at(6.0)) == (11.0, 11.0)


def test_each_change_of_the_pause_is_counted() -> None:
    """Those who wait look again; a refusal that changes nothing does not wake them."""
    pace = Pace()
    counts = []
    for now, pause in ((1.0, 1.0), (1.5, 0.1), (1.5, 0.5), (1.5, 1.0), (4.0, 1.0), (5.0, 0.0), (6.0, 0.0)):
        pace.refuse(now, pause)
        counts.append(pace.changes)
    assert counts == [1, 1, 1, 2, 3, 4, 5]


def test_reservations_do_not_outlive_a_refusal() -> None:
    """A hundred that waited reserve again from the end of the new pause on."""
    pace = burst()
    leave(pace, 100, at=101.0)
    pace.refuse(101.5, 1.0)
    assert pace.next_at(101.5) == 102.5


def test_many_refusals_of_one_moment_slow_down_once() -> None:
    """They were sent at the same rate, so all but the first say nothing new."""
    once, often = paced(), paced()
    for _ in range(50):
        often.refuse(103.0, 1.0)
    leave(once, 1, at=104.0)
    leave(often, 1, at=104.0)
    assert once.rate(104.0) == often.rate(104.0)


def test_pause_of_no_seconds_is_a_refusal_too() -> None:
    """Retry-After: 0 lets requests leave at once, but at a rate."""
    pace = Pace()
    succeed(pace, 10, at=1.0)
    pace.refuse(1.5, 0.0)
    first, second = leave(pace, 2, at=1.5)
    assert first == 1.5
    assert 0 < second - first < 1
