"""``Retries``: how long requests are patient, what their parts take, and how the shared quota recovers."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
from attrs import evolve
from attrs.exceptions import FrozenInstanceError
from hypothesis import given, strategies as st
from tests.support.clock import now
from tests.support.transports import Scripted, ScriptedTransport, client_over, envelope, hang

from puretalk_client import (
    APITimeoutError,
    AsyncPuretalk,
    Attempt,
    ConfigurationError,
    PoolTimeoutError,
    RateLimitError,
    Retries,
    ServerError,
)
from puretalk_client._core.options import DEFAULT_RETRIES
from puretalk_client._core.retry import Backoff, RetryQuota
from puretalk_client.testing import virtual_time
from puretalk_generated.api.calls import get_call

GOOD = envelope({"call_id": "c"})
UNAVAILABLE = Scripted(503)


@contextlib.asynccontextmanager
async def patient(
    transport: httpx.AsyncBaseTransport, *, draw: float = 1.0, **options: Any
) -> AsyncIterator[AsyncPuretalk]:
    """Open a client with ``Retries()`` if nothing else is said; ``draw`` takes the place of the jitter."""
    async with client_over(transport, **{"retries": Retries(), **options}) as client:
        client._sender.pool.backoff = Backoff(draw=lambda: draw)
        yield client


async def failure(client: AsyncPuretalk, **options: Any) -> Any:
    """Fetch a call in vain, and return the error."""
    [result] = await asyncio.gather(client.calls.get("c", **options), return_exceptions=True)
    assert isinstance(result, BaseException), result
    return result


# The value.


def test_value() -> None:
    """It cannot be changed, compares by its parts, and its defaults are patient."""
    assert Retries() == Retries(max_retries=None, max_delay=60.0, deadline=900.0)
    assert repr(Retries(max_retries=8)) == "Retries(max_retries=8, max_delay=60.0, deadline=900.0)"
    assert evolve(Retries(), max_retries=0) != Retries()
    with pytest.raises(FrozenInstanceError):
        Retries().max_delay = 1  # type: ignore[misc]
    with pytest.raises(TypeError):
        Retries(8)  # type: ignore[call-arg]
    assert Retries(max_retries=2, max_delay=8.0, deadline=None) == DEFAULT_RETRIES


@pytest.mark.parametrize("name", ["max_retries", "max_delay", "deadline"])
@pytest.mark.parametrize("value", [-1, True, float("nan"), float("inf"), "8", 10**400, [], -0.5], ids=repr)
def test_value_that_cannot_be_used(name: str, value: Any) -> None:
    """The error names the option; ``max_retries`` may be any number of attempts, 0 included."""
    if name == "max_retries" and value == 10**400:
        assert Retries(max_retries=value).limit == value
        return
    with pytest.raises(ConfigurationError, match=name):
        Retries(**{name: value})


@pytest.mark.parametrize(("name", "value"), [("max_retries", 1.0), ("max_delay", 0), ("max_delay", None),
                                             ("deadline", 0)])  # fmt: skip
def test_value_at_the_edge(name: str, value: Any) -> None:
    """No time at all is not a time, and the delay always has an end."""
    with pytest.raises(ConfigurationError, match=name):
        Retries(**{name: value})


@pytest.mark.parametrize(
    ("options", "message"),
    [({"max_retries": 3, "retries": Retries()}, "pass one of both"), ({"retries": 3}, "must be a Retries, not int"),
     ({"retries": {"deadline": 3}}, "must be a Retries, not dict"), ({"max_retries": -1}, "max_retries")],
    ids=repr,
)  # fmt: skip
async def test_options_that_exclude_each_other(options: dict[str, Any], message: str) -> None:
    """Wherever they can be given, and before anything is sent."""
    transport = ScriptedTransport(GOOD)
    async with client_over(transport) as client:
        operation = (get_call.request("c"), get_call.RESPONSES)
        for refuse in (
            lambda: client.calls.get("c", **options),
            lambda: client.calls.with_raw_response.get("c", **options),
            lambda: client.send(*operation, **options),
            lambda: client.send_raw(*operation, **options),
        ):
            with pytest.raises(ConfigurationError, match=message):
                await refuse()
        with pytest.raises(ConfigurationError, match=message):
            client.with_options(**options)
        with pytest.raises(ConfigurationError, match=message):
            AsyncPuretalk("k", **options)
        if "max_retries" not in options:
            with pytest.raises(ConfigurationError, match=message):
                client.calls.get_many([], **options)
    assert transport.requests == []


async def test_clients_share_and_change_them() -> None:
    """A number changes only the number, in a client and in a request; None is refused."""
    async with client_over(ScriptedTransport(GOOD)) as client:
        assert (client.retries, client.max_retries) == (DEFAULT_RETRIES, 2)
        other = client.with_options(retries=Retries(deadline=60))
        assert (other.retries, other.max_retries) == (Retries(deadline=60), None)
        assert other.with_options(max_retries=1).retries == Retries(deadline=60, max_retries=1)
        assert other.with_options(timeout=5).retries == Retries(deadline=60)
        assert client.retries == DEFAULT_RETRIES
        for name in ("max_retries", "retries"):
            with pytest.raises(ConfigurationError, match="None"):
                client.with_options(**{name: None})  # type: ignore[arg-type]


# What the time is for.


@pytest.mark.parametrize("send", ["get", "raw", "send", "send_raw", "get_many"])
@virtual_time()
async def test_timeout_is_for_each_attempt(send: str) -> None:
    """The first has no response; the second has, and the request has taken longer than ``timeout``."""
    transport = ScriptedTransport(hang, GOOD)
    async with patient(transport, retries=DEFAULT_RETRIES) as client:
        options: dict[str, Any] = {"timeout": 10, "retries": Retries(deadline=60)}
        operation = (get_call.request("c"), get_call.RESPONSES)
        match send:
            case "get":
                await client.calls.get("c", **options)
            case "raw":
                await client.calls.with_raw_response.get("c", **options)
            case "send":
                await client.send(*operation, **options)
            case "send_raw":
                await client.send_raw(*operation, **options)
            case _:
                [result] = [result async for result in client.calls.get_many(["c"], **options)]
                result.unwrap()
        assert now() == pytest.approx(10.5)
    assert len(transport.requests) == 2


@virtual_time()
async def test_attempts_that_hang_end_with_the_deadline() -> None:
    """Each takes its time, and the last the rest; every error says how long that was."""
    found: list[Attempt] = []
    transport = ScriptedTransport(hang)
    async with patient(transport, retries=Retries(deadline=25), on_attempt=found.append) as client:
        error = await failure(client, timeout=10)
        assert type(error) is APITimeoutError
        assert str(error).startswith("No response within 25 s (GET /calls/c, 3 attempts, 25.00 s")
    assert [attempt.error for attempt in found] == ["APITimeoutError"] * 3
    assert [attempt.retry_in for attempt in found] == [0.5, 1.0, None]


@virtual_time()
async def test_attempt_and_deadline_that_end_together() -> None:
    """The deadline counts; nothing is cancelled but the request."""
    async with patient(ScriptedTransport(hang), retries=Retries(deadline=10)) as client:
        error = await failure(client, timeout=10)
        assert type(error) is APITimeoutError
        assert now() == pytest.approx(10)
        assert asyncio.current_task().cancelling() == 0  # type: ignore[union-attr]


@virtual_time()
async def test_message_of_an_attempt_names_its_own_time() -> None:
    """Where no retry may follow."""
    async with patient(ScriptedTransport(hang)) as client:
        error = await failure(client, timeout=10, max_retries=0)
        assert type(error) is APITimeoutError
        assert str(error).startswith("No response within 10 s ")
        assert now() == pytest.approx(10)


@virtual_time()
async def test_waiting_for_a_connection_takes_nothing_from_the_attempt() -> None:
    """Four requests of 25 s over one connection: only patient ones have the time."""

    async def slow(_: httpx.Request) -> Scripted:
        await asyncio.sleep(25)
        return GOOD

    async with patient(ScriptedTransport(slow), max_connections=1) as client:
        await asyncio.gather(*(client.calls.get("c") for _ in range(4)))
        assert now() == pytest.approx(100)
        hasty = client.with_options(retries=DEFAULT_RETRIES)
        results = await asyncio.gather(*(hasty.calls.get("c") for _ in range(4)), return_exceptions=True)
    assert [type(result) for result in results].count(PoolTimeoutError) == 2


@virtual_time()
async def test_own_limiter_takes_nothing_from_the_attempt() -> None:
    """It is left after each attempt, also after one whose time ran out."""
    entered: list[str] = []

    class Limiter:
        async def __aenter__(self) -> None:
            await asyncio.sleep(20)
            entered.append("in")

        async def __aexit__(self, *exc_info: object) -> None:
            entered.append(f"out {exc_info[0]}")

    async with patient(ScriptedTransport(hang, GOOD), rate_limit=Limiter()) as client:
        await client.calls.get("c", timeout=10)
        assert now() == pytest.approx(20 + 10 + 0.5 + 20)
    assert entered == ["in", "out None"] * 2


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@virtual_time()
async def test_attempt_that_may_have_had_an_effect_is_not_repeated(method: str) -> None:
    """Its time ran out, and nobody knows what the server did."""
    transport = ScriptedTransport(hang, GOOD)
    async with patient(transport) as client:
        with pytest.raises(APITimeoutError):
            await client.send(
                msgspec.structs.replace(get_call.request("c"), method=method), get_call.RESPONSES, timeout=10
            )
    assert len(transport.requests) == 1


# Delays.


@virtual_time()
async def test_max_delay_is_the_cap() -> None:
    """The ceilings double up to it, and with ``max_retries`` the attempts have an end."""
    found: list[Attempt] = []
    async with patient(ScriptedTransport(UNAVAILABLE), on_attempt=found.append) as client:
        await failure(client, retries=Retries(max_retries=9, max_delay=60))
        await failure(client, retries=Retries(max_retries=3, max_delay=0.75, deadline=None))
    delays = [attempt.retry_in for attempt in found]
    assert delays == [0.5, 1, 2, 4, 8, 16, 32, 60, 60, None, 0.5, 0.75, 0.75, None]


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("retries", "seconds", "is_followed"),
    [(Retries(max_delay=1), 100, True), (Retries(max_delay=1), 121, False), (Retries(max_delay=300), 290, True),
     (Retries(max_delay=300), 301, False), (Retries(deadline=100), 99, True), (Retries(deadline=100), 101, False),
     (DEFAULT_RETRIES, 121, False), (evolve(DEFAULT_RETRIES, max_delay=300.0), 290, True)],
    ids=repr,
)  # fmt: skip
@virtual_time()
async def test_retry_after(status: int, retries: Retries, seconds: int, *, is_followed: bool) -> None:
    """It is followed for up to two minutes, or ``max_delay`` where that is longer, if there is time."""
    transport = ScriptedTransport(Scripted(status, headers={"retry-after": str(seconds)}), GOOD)
    async with patient(transport) as client:
        if is_followed:
            await client.calls.get("c", timeout=1000, retries=retries)
            assert now() == pytest.approx(seconds)
        else:
            error = await failure(client, timeout=1000, retries=retries)
            assert isinstance(error, RateLimitError if status == 429 else ServerError)
            assert (error.retry_after, now()) == (seconds, 0)


@virtual_time()
async def test_delay_beyond_the_deadline_fails_at_once() -> None:
    """With the error of the last attempt, and not after a wait for nothing."""
    async with patient(ScriptedTransport(UNAVAILABLE), retries=Retries(deadline=5)) as client:
        error = await failure(client)
        assert type(error) is ServerError
        assert now() == pytest.approx(0.5 + 1 + 2)


# The quota that all requests of a client share.


@given(st.lists(st.floats(0, 3), max_size=200))
def test_quota_allows_one_retry_for_each_second(pauses: list[float]) -> None:
    """However the retries lie in time, in ``t`` seconds there are at most 36 + ``t``."""
    quota, time = RetryQuota(), 1000.0
    acquired: list[float] = []
    for pause in pauses:
        time += pause
        while quota.acquire(time):
            acquired.append(time)
    for first in range(len(acquired)):
        assert len(acquired) - first <= 36 + time - acquired[first] + 1e-6


def test_quota_recovers_in_35_seconds() -> None:
    """And not beyond its size."""
    quota = RetryQuota()
    assert sum(quota.acquire(5.0) for _ in range(100)) == 35
    assert sum(quota.acquire(15.0) for _ in range(100)) == 10
    assert sum(quota.acquire(1e6) for _ in range(100)) == 35


@virtual_time()
async def test_without_a_deadline_an_empty_quota_fails() -> None:
    """As ever: 35 retries, and none is waited for."""
    transport = ScriptedTransport(UNAVAILABLE)
    async with patient(transport, retries=DEFAULT_RETRIES, draw=0.0) as client:
        results = await asyncio.gather(*(client.calls.get("c") for _ in range(100)), return_exceptions=True)
        assert {type(result) for result in results} == {ServerError}
        assert now() < 1
    assert len(transport.requests) == 135


@virtual_time()
async def test_with_a_deadline_the_quota_is_waited_for_in_turn() -> None:
    """First come, first served, one each second; what waits holds no connection."""
    sent: list[tuple[str, float]] = []

    async def note(request: httpx.Request) -> Scripted:
        sent.append((request.url.path.rpartition("/")[2], now()))
        return UNAVAILABLE

    async with patient(ScriptedTransport(note), draw=0.0, max_connections=5) as client:
        pool = client._sender.pool
        pool.quota.tokens = 0
        tasks = [asyncio.create_task(client.calls.get(f"c-{n}")) for n in range(8)]
        await asyncio.sleep(0.5)
        assert (len(sent), pool.slots.free) == (8, 5)
        await asyncio.sleep(8)
        assert [call_id for call_id, _ in sent[8:]] == [f"c-{n}" for n in range(8)]
        times = [time for _, time in sent[8:]]
        assert [later - earlier for earlier, later in itertools.pairwise(times)] == pytest.approx([1] * 7, abs=0.11)
        tasks[0].cancel()  # its turn is the next one's
        await asyncio.sleep(1)
        assert sent[-1][0] == "c-1"
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assert all(task.cancelled() for task in tasks)
        assert pool.slots.free == 5
        assert not pool._retry_turn.locked()


@virtual_time()
async def test_deadline_passes_while_the_quota_is_waited_for() -> None:
    """The request ends then, with its facts."""
    async with patient(ScriptedTransport(UNAVAILABLE), draw=0.0, retries=Retries(deadline=20)) as client:
        started = now()
        results = await asyncio.gather(*(client.calls.get("c") for _ in range(100)), return_exceptions=True)
        assert {type(result) for result in results} == {APITimeoutError}
        assert all(result.status == 503 for result in results if isinstance(result, APITimeoutError))
        assert now() - started == pytest.approx(20)
        assert not client._sender.pool._retry_turn.locked()


@virtual_time()
async def test_client_that_closes_while_the_quota_is_waited_for() -> None:
    """All that wait end at once."""
    async with patient(ScriptedTransport(UNAVAILABLE), draw=0.0) as client:
        tasks = [asyncio.create_task(client.calls.get("c")) for _ in range(100)]
        await asyncio.sleep(5)
        await client.aclose()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(result) for result in results} == {ConfigurationError}
        assert now() < 6


@pytest.mark.parametrize("step", [UNAVAILABLE, hang, httpx.ReadError("x")], ids=["503", "hang", "reset"])
@virtual_time()
async def test_cancellation_at_every_moment(step: Any) -> None:
    """Of an attempt, a delay, a turn and a wait for quota: the request ends, and holds nothing."""
    for tenths in range(60):
        async with patient(ScriptedTransport(step), max_connections=2) as client:
            pool = client._sender.pool
            pool.quota.tokens = 0
            tasks = [asyncio.create_task(client.calls.get("c", timeout=1)) for _ in range(3)]
            await asyncio.sleep(tenths / 10)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            assert all(task.cancelled() for task in tasks)
            assert (pool.slots.free, pool._retry_turn.locked()) == (2, False)
    assert asyncio.all_tasks() == {asyncio.current_task()}


@virtual_time()
async def test_error_that_no_patience_helps_is_raised_at_once() -> None:
    """Patience is for transient failures."""
    transport = ScriptedTransport(Scripted(404))
    async with patient(transport) as client:
        error = await failure(client)
        assert (getattr(error, "status", None), now()) == (404, 0)
    assert len(transport.requests) == 1


@pytest.mark.parametrize("draw", [0.0, 1.0])
@virtual_time()
async def test_single_request_survives_an_outage_of_minutes(draw: float) -> None:
    """Whatever the jitter is, as long as the deadline allows."""

    async def respond(_: httpx.Request) -> Scripted:
        if now() < 600:
            raise httpx.ConnectError("refused")
        return GOOD

    transport = ScriptedTransport(respond)
    async with patient(transport, draw=draw) as client:
        await client.calls.get("c")
        assert 600 <= now() <= 660
    assert len(transport.requests) <= 640
