"""``client.calls.wait``: when it polls, what ends it, and what it survives. In virtual time."""

from __future__ import annotations

import asyncio
import functools
import pickle
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from tests.support.canary import WORDS
from tests.support.exposure import Exposures
from tests.support.transports import Scripted, ScriptedTransport, Step, envelope, hang
from tests.support.virtual import CALL_ID, Timeline, analysed, call, virtual_client, virtual_loop

from puretalk_client import (
    APIStatusError,
    APITimeoutError,
    AsyncPuretalk,
    AuthenticationError,
    Call,
    CallIdMismatchError,
    ConfigurationError,
    Drift,
    EnvelopeError,
    InvalidCallIdError,
    MissingResultsError,
    NotFoundError,
    PermissionDeniedError,
    PoolTimeoutError,
    PuretalkError,
    RateLimitError,
    ResponseDecodeError,
    ResponseTooLargeError,
    ServerError,
    WaitTimeoutError,
)
from puretalk_client.testing import VirtualTimeLoop

IN_PROGRESS, ENDED, DONE = call(), call("completed"), analysed()
NOT_FOUND = Scripted(404, b'{"err": true, "msg": "Call not found"}')
BUSY = Scripted(503)


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Run tests in virtual time."""
    return "asyncio", {"loop_factory": VirtualTimeLoop}


async def timed_out(client: AsyncPuretalk, **options: Any) -> WaitTimeoutError:
    """Wait in vain; the error must come at the deadline, to the microsecond."""
    start = virtual_loop().time()
    with pytest.raises(WaitTimeoutError) as caught:
        await client.calls.wait(CALL_ID, **options)
    assert virtual_loop().time() - start == pytest.approx(options.get("timeout", 900.0), abs=1e-6)
    assert caught.value.elapsed == pytest.approx(options.get("timeout", 900.0), abs=1e-6)
    return caught.value


# What it waits for.


@pytest.mark.parametrize(
    ("until", "expected"),
    [("final", {"status": "completed"}), ("analysis", {"summary": "It went well"}), ("recording", {"url": True})],
)
async def test_returns_the_call_once_it_is_as_wanted(until: Any, expected: dict[str, Any]) -> None:
    """And not before."""
    recorded = analysed(call_recording_url="https://recordings.test/1")
    transport = ScriptedTransport(call("queued"), IN_PROGRESS, ENDED, DONE, recorded)
    async with virtual_client(transport) as client:
        found = await client.calls.wait(CALL_ID, until=until)
    assert type(found) is Call
    assert len(transport.requests) == {"final": 3, "analysis": 4, "recording": 5}[until]
    assert found.call_analysis is None if until == "final" else found.call_analysis is not None


@pytest.mark.parametrize("status", ["failed", "busy", "no-answer", "canceled", "completed"])
async def test_every_final_state_is_returned_and_not_raised(status: str) -> None:
    """A call that failed is a result; without a conversation it has no analysis to wait for."""
    transport = ScriptedTransport(call("ringing"), call(status))
    async with virtual_client(transport) as client:
        assert (await client.calls.wait(CALL_ID, until="final")).status == status
        assert (await client.calls.wait(CALL_ID)).status == status
    grace = len(transport.requests) - 3
    assert (grace > 0) is (status == "completed")


async def test_unknown_status_is_not_final() -> None:
    """It does not say that the call is over."""
    async with virtual_client(ScriptedTransport(call("gone fishing"))) as client:
        for until in ("final", "analysis", "recording"):
            assert (await timed_out(client, until=until, timeout=60.0)).missing == "final"


@pytest.mark.parametrize("answer", [True, 1, "yes", [0]])
async def test_predicate_is_asked_about_each_fetched_call(answer: Any) -> None:
    """A value that is not a bool counts by its truth. The function may be async, a partial, or an object."""
    seen: list[str] = []

    def as_function(call: Call) -> Any:
        seen.append(call.status)
        return answer if call.status.is_final else type(answer)()

    async def as_coroutine(call: Call) -> Any:
        await asyncio.sleep(0.1)
        return as_function(call)

    class AsObject:
        async def __call__(self, call: Call) -> Any:
            return as_function(call)

    predicates: list[Callable[[Call], Any]] = [
        as_function, as_coroutine, AsObject(), functools.partial(as_coroutine), lambda call: as_coroutine(call)
    ]  # fmt: skip
    for until in predicates:
        transport = ScriptedTransport(call("queued"), IN_PROGRESS, ENDED)
        async with virtual_client(transport) as client:
            assert (await client.calls.wait(CALL_ID, until=until)).status == "completed"
        assert seen == ["queued", "in-progress", "completed"]
        seen.clear()


@pytest.mark.parametrize(
    "error", [KeyError("x"), TimeoutError("own"), APITimeoutError("own"), asyncio.CancelledError()]
)
async def test_exception_of_a_predicate_comes_out_as_it_is(error: BaseException) -> None:
    """Whatever it is: a timeout of its own is not the end of the wait's time, nor a transient failure."""

    def fail(call: Call) -> bool:
        raise error

    async def fail_later(call: Call) -> bool:
        await asyncio.sleep(1)
        raise error

    async with virtual_client(ScriptedTransport(DONE)) as client:
        for until in (fail, fail_later):
            with pytest.raises(type(error)) as caught:
                await client.calls.wait(CALL_ID, until=until)
            assert caught.value is error


async def test_deadline_covers_an_async_predicate() -> None:
    """It is cancelled, and what it does about that is done."""
    ended: list[str] = []

    async def never(call: Call) -> bool:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")
        return True

    async with virtual_client(ScriptedTransport(DONE)) as client:
        error = await timed_out(client, until=never, timeout=7.0)
    assert (error.missing, error.polls, ended) == ("predicate", 1, ["cancelled"])


# The grace of the analysis.


async def grace_of(*steps: Step, **options: Any) -> float:
    """Return how many seconds a wait takes that returns a call without analysis."""
    async with virtual_client(Timeline(*zip((0.0, 10.0), steps, strict=False)), **options) as client:
        start = virtual_loop().time()
        assert (await client.calls.wait(CALL_ID)).call_analysis is None
        return virtual_loop().time() - start


def ended(seconds_ago: float, *, skew: float = 0.0, server_date: bool = True) -> Scripted:
    """Return a completed call that ended so long ago, from a server whose clock is off by ``skew``."""
    now = datetime.fromtimestamp(virtual_loop().wall_time() + skew, UTC)
    headers = {"date": format_datetime(now, usegmt=True)} if server_date else {}
    return call("completed", end_time=(now - timedelta(seconds=seconds_ago)).isoformat(), headers=headers)


async def test_grace_begins_when_the_end_is_first_seen() -> None:
    """Nothing says when the call ended; no poll comes much later than the end of the grace."""
    assert await grace_of(ENDED) == pytest.approx(120, abs=0.01)
    # Polls at 8.1 and 13.2 seconds: the second sees the end.
    assert await grace_of(IN_PROGRESS, ENDED) == pytest.approx(133.2, abs=0.05)


async def test_grace_begins_with_end_time_where_the_clocks_agree() -> None:
    """A call that ended yesterday is returned at once, one that ended a minute ago has a minute left."""
    assert await grace_of(ended(86400)) == 0
    assert await grace_of(ended(60)) == pytest.approx(60, abs=1.1)


@pytest.mark.parametrize("hours", [-30, -2, 2, 30])
async def test_server_whose_clock_is_hours_off_does_not_end_the_grace(hours: float) -> None:
    """Its end_time seems long ago, or in the future; nor is it believed without a Date."""
    assert await grace_of(ended(0, skew=hours * 3600)) == pytest.approx(120, abs=0.01)
    assert await grace_of(ended(-hours * 3600, server_date=False)) == pytest.approx(120, abs=0.01)


@pytest.mark.parametrize("end_time", ["2001-01-01T00:00:00", "yesterday", 5, "", "9999-12-31T23:59:59Z", None])
async def test_end_time_that_says_nothing_does_not_end_the_grace(end_time: Any) -> None:
    """Without an offset, not ISO, in the far future, or missing."""
    date = {"date": format_datetime(datetime.now(UTC), usegmt=True)}
    assert await grace_of(call("completed", end_time=end_time, headers=date)) == pytest.approx(120, abs=0.01)


async def test_call_that_was_not_over_a_moment_ago_did_not_end_yesterday() -> None:
    """Whatever end_time says: the end lies between two polls."""
    assert await grace_of(IN_PROGRESS, ended(86400)) == pytest.approx(8.125 + 120, abs=0.05)


async def test_grace_may_be_none_or_endless() -> None:
    """With 0, the end is enough; a grace beyond the deadline ends with a WaitTimeoutError."""
    async with virtual_client(ScriptedTransport(ENDED)) as client:
        assert (await client.calls.wait(CALL_ID, analysis_grace=0)).status == "completed"
        error = await timed_out(client, analysis_grace=1e6)
    assert (error.missing, error.call is not None) == ("analysis", True)


async def test_call_that_turns_back_starts_its_grace_anew() -> None:
    """Completed, in progress again, completed: the second end counts."""
    transport = Timeline((0, ENDED), (60, IN_PROGRESS), (110, ENDED))
    async with virtual_client(transport, draw=lambda: 0.5) as client:
        assert (await client.calls.wait(CALL_ID)).status == "completed"
    end = next(time for time in transport.arrivals if time >= 110)
    assert transport.arrivals[-1] == pytest.approx(end + 120, abs=0.01)


# What ends it.


ENDINGS: dict[str, tuple[Step, type[PuretalkError]]] = {
    "401": (Scripted(401), AuthenticationError),
    "403": (Scripted(403), PermissionDeniedError),
    "400": (Scripted(400), APIStatusError),
    "404": (NOT_FOUND, NotFoundError),
    "another call": (envelope({"call_id": "other"}), CallIdMismatchError),
    "page of a proxy": (Scripted(200, b"<html>Log in</html>"), ResponseDecodeError),
    "undocumented status": (Scripted(204), ResponseDecodeError),
    "no call": (envelope(5), ResponseDecodeError),
    "err": (envelope(None, err=True), EnvelopeError),
    "no results": (envelope(None), MissingResultsError),
    "too large": (Scripted(200, b" " * 3 * 2**20), ResponseTooLargeError),
}


@pytest.mark.parametrize("name", ENDINGS)
async def test_failure_that_is_not_transient_ends_it(name: str) -> None:
    """At once, also in the middle, with the facts of that request."""
    step, kind = ENDINGS[name]
    transport = ScriptedTransport(IN_PROGRESS, step)
    async with virtual_client(transport) as client:
        with pytest.raises(kind) as caught:
            await client.calls.wait(CALL_ID)
    assert (caught.value.method, caught.value.path, caught.value.attempts) == ("GET", f"/calls/{CALL_ID}", 1)
    assert len(transport.requests) == 2


async def test_closed_client_ends_it() -> None:
    """Before the first poll, or at the next one."""
    async with virtual_client(ScriptedTransport(IN_PROGRESS)) as client:
        waiting = asyncio.create_task(client.calls.wait(CALL_ID))
        await asyncio.sleep(5)
        await client.aclose()
        for wait in (waiting, client.calls.wait(CALL_ID)):
            with pytest.raises(ConfigurationError, match="closed"):
                await wait


# What it survives.


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 520, 522, 524, 529])
async def test_status_that_is_transient_does_not_end_it(status: int) -> None:
    """Whether the client retries or not."""
    for max_retries in (0, 2):
        transport = Timeline((0, IN_PROGRESS), (3, Scripted(status)), (300, DONE))
        async with virtual_client(transport, max_retries=max_retries) as client:
            assert await client.calls.wait(CALL_ID)
        assert 300 <= transport.arrivals[-1] <= 330


@pytest.mark.parametrize(
    "failure",
    [httpx.ConnectError("x"), httpx.ReadError("x"), httpx.ReadTimeout("x"), httpx.RemoteProtocolError("x"), hang],
    ids=lambda failure: getattr(failure, "__name__", type(failure).__name__),
)
async def test_outage_of_minutes_does_not_end_it(failure: Step) -> None:
    """Connections that fail, break, or hang until the client's timeout."""
    transport = Timeline((0, IN_PROGRESS), (10, failure), (400, DONE))
    async with virtual_client(transport, timeout=15.0) as client:
        assert (await client.calls.wait(CALL_ID)).call_analysis is not None
    assert 400 <= transport.arrivals[-1] <= 440


async def test_outage_from_the_first_poll_to_the_deadline_is_the_cause() -> None:
    """The error says that no poll returned the call, and why."""
    async with virtual_client(ScriptedTransport(BUSY)) as client:
        error = await timed_out(client, not_found_for=5)
    assert (error.call, error.missing) == (None, "call")
    assert isinstance(error.__cause__, ServerError)
    assert str(error).endswith("; the last one failed with ServerError")


async def test_exhausted_retry_quota_does_not_end_it() -> None:
    """Fifty waits use it up in the outage; each returns."""
    transport = Timeline((0, BUSY), (100, DONE))
    async with virtual_client(transport, draw=random.Random(1).random, max_retries=5) as client:
        calls = await asyncio.gather(*(client.calls.wait(CALL_ID) for _ in range(50)))
        assert len(calls) == 50


async def test_turn_that_does_not_come_does_not_end_it() -> None:
    """All connections are in use, or the rate limit leaves no time: the next poll may have its turn."""
    for options in ({"max_connections": 1}, {"rate_limit": 0.2}):
        transport = Timeline((0, ENDED), latency=3.0)
        async with virtual_client(transport, timeout=4.0, draw=random.Random(1).random, **options) as client:
            waits = [client.calls.wait(CALL_ID, until="final", timeout=1e4) for _ in range(20)]
            assert len(await asyncio.gather(*waits)) == 20
        assert len(transport.arrivals) >= 20


async def test_pause_after_a_429_does_not_end_it() -> None:
    """The server asked another request to wait for longer than the client's timeout."""
    transport = ScriptedTransport(Scripted(429, headers={"retry-after": "100"}), DONE)
    async with virtual_client(transport) as client:
        with pytest.raises(RateLimitError):
            await client.calls.get(CALL_ID)
        start = virtual_loop().time()
        assert await client.calls.wait(CALL_ID)
        assert 100 <= virtual_loop().time() - start <= 101.1
    assert len(transport.requests) == 2


# Calls that are not there yet.


async def test_404_counts_as_not_there_yet_for_a_while() -> None:
    """Within ``not_found_for`` seconds of the start, and not after."""
    transport = Timeline((0, NOT_FOUND), (10, IN_PROGRESS), (12, NOT_FOUND), (20, DONE))
    async with virtual_client(transport) as client:
        assert (await client.calls.wait(CALL_ID, not_found_for=20)).call_analysis is not None
    assert [time for time in transport.arrivals if time < 10]
    assert [time for time in transport.arrivals if 12 <= time < 20]


@pytest.mark.parametrize("not_found_for", [0, 5, 30])
async def test_404_after_that_ends_it(not_found_for: float) -> None:
    """The first poll after the time, whether the call was there meanwhile or not."""
    for transport in (Timeline((0, NOT_FOUND)), Timeline((0, NOT_FOUND), (1, IN_PROGRESS), (2, NOT_FOUND))):
        async with virtual_client(transport) as client:
            with pytest.raises(NotFoundError):
                await client.calls.wait(CALL_ID, not_found_for=not_found_for)
        refused = [time for time in transport.arrivals if time >= not_found_for]
        assert len(refused) == 1


async def test_time_for_the_call_to_appear_ends_with_the_deadline() -> None:
    """The error says what was missing, and the cause is the 404."""
    async with virtual_client(ScriptedTransport(NOT_FOUND)) as client:
        error = await timed_out(client, not_found_for=1000, timeout=60)
    assert (error.missing, error.call, type(error.__cause__)) == ("call", None, NotFoundError)


# The deadline.


async def test_deadline_covers_a_poll_in_progress() -> None:
    """Neither the client's timeout nor its retries take longer."""
    for transport in (ScriptedTransport(hang), ScriptedTransport(IN_PROGRESS, hang)):
        async with virtual_client(transport, timeout=1000.0) as client:
            error = await timed_out(client, timeout=42.5)
            assert client._sender.pool.slots.free == 100
        assert isinstance(error.__cause__, APITimeoutError)
        assert error.polls == len(transport.requests)


async def test_deadline_covers_the_queue_for_a_connection() -> None:
    """The only connection is in use all the time."""
    async with virtual_client(ScriptedTransport(hang), max_connections=1, timeout=1e5) as client:
        other = asyncio.create_task(client.calls.get(CALL_ID))
        await asyncio.sleep(1)
        error = await timed_out(client, timeout=10)
        other.cancel()
    assert isinstance(error.__cause__, PoolTimeoutError)


async def test_timeout_of_the_caller_passes_through() -> None:
    """It is not a WaitTimeoutError."""
    async with virtual_client(ScriptedTransport(IN_PROGRESS)) as client:
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(50):
                await client.calls.wait(CALL_ID)
    assert not isinstance(caught.value, PuretalkError)


async def test_error_has_the_call_and_shows_nothing_of_it() -> None:
    """Neither its id nor people's words are in text, repr, pickle or logs; ``.call`` equals the last response."""
    words = {"transcript": WORDS["transcript"], "from_number": WORDS["from_number"]}
    turns = [{"role": "user", "content": WORDS["turn"]}]
    last = call("in progress", **words, transcript_object=turns)
    exposures = Exposures()
    with exposures.capture_logs():
        async with virtual_client(ScriptedTransport(call("queued"), last)) as client:
            error = await timed_out(client, timeout=30.0)
    assert error.call == Call.from_dict(
        {"call_id": CALL_ID, "status": "in progress", **words, "transcript_object": turns}
    )
    assert str(error) == f"The call is not over after 30 s and {error.polls} polls"
    assert CALL_ID not in f"{error} {error!r}"
    assert isinstance(error, TimeoutError)
    exposures.inspect_result(error)
    assert (exposures.of_key(), exposures.of_words()) == ([], [])
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.polls, copy.missing, copy.call) == (error.polls, "final", None)


# Contradictions.


async def test_status_that_turns_back_is_followed_and_reported() -> None:
    """So is a time that goes backwards; the log names each path once."""
    late, early = "2026-03-01T12:00:00Z", "2026-03-01T11:00:00Z"
    steps = (call("completed", end_time=late), IN_PROGRESS, call("completed", end_time=late), analysed(end_time=early))
    found: list[Drift] = []
    async with virtual_client(ScriptedTransport(*steps), on_drift=found.append) as client:
        last = await client.calls.wait(CALL_ID)
    assert (last.status, last.call_analysis is not None) == ("completed", True)
    assert [(drift.path, drift.kind) for drift in found] == [
        ("$.results.status", "inconsistent"), ("$.results.end_time", "inconsistent")
    ]  # fmt: skip


async def test_strict_raises_for_a_contradiction() -> None:
    """As for anything that the document does not lead to expect, with the facts of the request."""
    async with virtual_client(ScriptedTransport(ENDED, IN_PROGRESS), strict=True) as client:
        with pytest.raises(ResponseDecodeError, match="status contradicts an earlier response") as caught:
            await client.calls.wait(CALL_ID)
    assert (caught.value.method, caught.value.path) == ("GET", f"/calls/{CALL_ID}")
    assert [drift.kind for drift in caught.value.drifts] == ["inconsistent"]


async def test_drift_within_one_response_is_reported_as_by_get() -> None:
    """Unknown fields too."""
    found: list[Drift] = []
    async with virtual_client(ScriptedTransport(analysed(mood=1)), on_drift=found.append) as client:
        await client.calls.wait(CALL_ID)
    assert [drift.kind for drift in found] == ["unknown field"]


# Bad input.

BAD: list[dict[str, Any]] = [
    {"until": "analyzed"}, {"until": None}, {"until": True}, {"until": ["final"]}, {"until": "Final"},
    {"poll_interval": 20.5}, {"poll_interval": 2, "max_interval": 1},
    *({name: value} for name in ("timeout", "poll_interval", "max_interval", "not_found_for", "analysis_grace")
      for value in (-1, float("nan"), float("inf"), "5", True, None, 2e6)),
    {"timeout": 0}, {"poll_interval": 0}, {"max_interval": 0},
]  # fmt: skip


@pytest.mark.parametrize("options", BAD, ids=repr)
async def test_bad_option_is_refused_before_anything_is_sent(options: dict[str, Any]) -> None:
    """The error names it. ``watch`` refuses it where it is used, and not where the loop begins."""
    transport = ScriptedTransport(DONE)
    async with virtual_client(transport) as client:
        with pytest.raises(ConfigurationError, match=f"^{next(iter(options))} must "):
            await client.calls.wait(CALL_ID, **options)
        with pytest.raises(ConfigurationError, match=f"^{next(iter(options))} must "):
            client.calls.watch(CALL_ID, **options)
        for call_id in ("", "..", "a\nb", 5):
            with pytest.raises(InvalidCallIdError):
                await client.calls.wait(call_id)  # type: ignore[arg-type]
            with pytest.raises(InvalidCallIdError):
                client.calls.watch(call_id)  # type: ignore[arg-type]
    assert transport.requests == []
