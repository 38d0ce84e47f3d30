"""When ``wait`` polls, what it holds meanwhile, and what is left behind when it ends early. In virtual time."""

from __future__ import annotations

import asyncio
import gc
import itertools
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from tests.support.transports import Scripted, ScriptedTransport, Step
from tests.support.virtual import CALL_ID, Timeline, analysed, call, virtual_client, virtual_loop

from puretalk_client import AsyncPuretalk, Call, WaitTimeoutError
from puretalk_client.testing import VirtualTimeLoop

IN_PROGRESS, DONE = call(), analysed()


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Run tests in virtual time."""
    return "asyncio", {"loop_factory": VirtualTimeLoop}


async def arrivals_of(*steps: Step, draw: float = 1.0, max_retries: int = 0, **options: Any) -> list[float]:
    """Return when the polls of a wait arrive that plays these steps, and then gets what it wants."""
    pending, arrivals = [*steps, DONE], list[float]()
    start = virtual_loop().time()

    async def respond(request: httpx.Request) -> Scripted:
        arrivals.append(virtual_loop().time() - start)
        step = pending.pop(0)
        if isinstance(step, BaseException):
            raise step
        assert isinstance(step, Scripted)
        return step

    async with virtual_client(ScriptedTransport(respond), draw=lambda: draw, max_retries=max_retries) as client:
        await client.calls.wait(CALL_ID, **options)
    return [round(time, 6) for time in arrivals]


async def test_delay_starts_at_poll_interval_and_grows_to_max_interval() -> None:
    """By half with each poll. The smallest random number halves each delay."""
    delays = [1.0, 1.5, 2.25, 3.375, 5.0625, 7.59375, 11.390625, 17.085938, 20.0, 20.0]
    arrivals = await arrivals_of(*[IN_PROGRESS] * 10)
    assert [later - sooner for sooner, later in itertools.pairwise(arrivals)] == pytest.approx(delays, abs=1e-5)
    halves = await arrivals_of(*[IN_PROGRESS] * 10, draw=0.0)
    assert [later - sooner for sooner, later in itertools.pairwise(halves)] == pytest.approx(
        [delay / 2 for delay in delays], abs=1e-5
    )
    assert await arrivals_of(*[IN_PROGRESS] * 4, poll_interval=3, max_interval=4) == [0, 3, 7, 11, 15]


async def test_failures_grow_the_delay_like_responses() -> None:
    """An outage is not polled faster than a call in progress."""
    assert await arrivals_of(IN_PROGRESS, Scripted(503), httpx.ConnectError("x")) == [0, 1, 2.5, 4.75]


async def test_delay_that_would_pass_the_deadline_is_cut_for_one_last_look() -> None:
    """The next poll would be after 32.2 seconds."""
    transport = Timeline((0, IN_PROGRESS))
    async with virtual_client(transport) as client:
        with pytest.raises(WaitTimeoutError, match="after 30 s and 8 polls"):
            await client.calls.wait(CALL_ID, timeout=30)
        assert transport.arrivals[-2:] == pytest.approx([20.78125, 20.78125 + 0.75 * (30 - 20.78125)])
        with pytest.raises(WaitTimeoutError, match=r"after 0\.5 s and 1 poll$"):
            await client.calls.wait(CALL_ID, timeout=0.5)


# Retry-After.


@pytest.mark.parametrize("status", [429, 503, 404, 200])
@pytest.mark.parametrize("seconds", [30, 119, 300])
async def test_retry_after_goes_first(status: int, seconds: int) -> None:
    """With a failure, with a call that is not there yet, and with a call in progress; also if it takes minutes."""
    step = Scripted(status, IN_PROGRESS.content if status == 200 else b"", {"retry-after": str(seconds)})
    first, second, third = await arrivals_of(step, IN_PROGRESS, not_found_for=10)
    assert (first, second, round(third - second, 3)) == (0, seconds + 0.5, 1.5)


async def test_retry_after_may_be_a_date_or_milliseconds() -> None:
    """As in any other request."""
    until = datetime.fromtimestamp(virtual_loop().wall_time(), UTC) + timedelta(seconds=90)
    date = Scripted(503, headers={"retry-after": format_datetime(until, usegmt=True)})
    assert (await arrivals_of(date))[1] == pytest.approx(90, abs=1.5)
    assert (await arrivals_of(Scripted(503, headers={"retry-after-ms": "45000"})))[1] == 45.5


@pytest.mark.parametrize("value", ["0", "0.001", "Thu, 01 Jan 1970 00:00:00 GMT", "-5", "soon", "9e9", ""])
async def test_retry_after_that_makes_no_sense_does_not_flood_the_server(value: str) -> None:
    """At least half of ``poll_interval`` is between two polls."""
    arrivals = await arrivals_of(*[Scripted(503, headers={"retry-after": value})] * 5, draw=0.0)
    assert min(later - sooner for sooner, later in itertools.pairwise(arrivals)) >= 0.5


async def test_retry_after_beyond_the_deadline_ends_with_the_deadline() -> None:
    """No further poll, and no error before the time is over."""
    transport = ScriptedTransport(Scripted(503, headers={"retry-after": "9000"}))
    async with virtual_client(transport) as client:
        with pytest.raises(WaitTimeoutError, match="after 900 s and 1 poll; the last one failed with ServerError"):
            await client.calls.wait(CALL_ID)
    assert virtual_loop().time() == pytest.approx(900)


# Many waits.


async def test_polls_of_many_waits_do_not_synchronize() -> None:
    """Started in one moment with one deadline: soon, no tenth of a second has more than some of their polls."""
    count, transport = 300, Timeline((0, IN_PROGRESS))
    async with virtual_client(transport, draw=random.Random(7).random, max_connections=count) as client:
        waits = [client.calls.wait(CALL_ID, timeout=120) for _ in range(count)]
        results = await asyncio.gather(*waits, return_exceptions=True)
    assert {type(result) for result in results} == {WaitTimeoutError}
    later = transport.arrivals[count:]
    assert len(later) == len(set(later)) > 8 * count
    tenths = Counter(int(time * 10) for time in later if time > 20)
    assert max(tenths.values()) < count / 15


async def test_each_poll_passes_the_rate_limit_of_the_client() -> None:
    """Two hundred waits at 20 requests in a second."""
    transport = Timeline((0, IN_PROGRESS), (60, DONE))
    async with virtual_client(transport, draw=random.Random(7).random, rate_limit=20) as client:
        await asyncio.gather(*(client.calls.wait(CALL_ID) for _ in range(200)))
    gaps = [later - sooner for sooner, later in itertools.pairwise(transport.arrivals)]
    assert min(gaps) >= 0.05 - 1e-6


async def test_wait_has_no_task_of_its_own_and_holds_no_connection_while_it_sleeps() -> None:
    """A client with one connection serves others between two polls."""
    transport = ScriptedTransport(IN_PROGRESS)
    async with virtual_client(transport, max_connections=1) as client:
        others = asyncio.all_tasks()
        waiting = [asyncio.create_task(client.calls.wait(CALL_ID)) for _ in range(5)]
        await asyncio.sleep(7)
        assert asyncio.all_tasks() - others == set(waiting)
        assert client._sender.pool.slots.free == 1
        assert await client.calls.get(CALL_ID, timeout=0.5)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def test_sleeping_wait_does_not_hold_the_call() -> None:
    """Only its response, compressed: with its turns, a call takes many times that."""
    turns = [{"role": "user", "content": f"Turn {number}"} for number in range(400)]
    async with virtual_client(ScriptedTransport(call(call_id="asleep", transcript_object=turns))) as client:
        waiting = asyncio.create_task(client.calls.wait("asleep"))
        await asyncio.sleep(7)
        gc.collect()
        assert not [each for each in gc.get_objects() if isinstance(each, Call) and each.call_id == "asleep"]
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


# Cancellation.


def timers() -> list[asyncio.TimerHandle]:
    """Return the timers that would fire, but the one of the client's deadlines."""
    scheduled: list[asyncio.TimerHandle] = virtual_loop()._scheduled  # type: ignore[attr-defined]
    return [timer for timer in scheduled if not timer.cancelled() and "Deadlines" not in repr(timer)]


async def as_predicate(call: Call) -> bool:
    """Want a call that is over, after some thought."""
    await asyncio.sleep(0.2)
    return call.status.is_final


async def wait_for_it(client: AsyncPuretalk) -> object:
    """Wait, with an async predicate."""
    return await client.calls.wait(CALL_ID, until=as_predicate, timeout=60)


async def watch_it(client: AsyncPuretalk) -> object:
    """Watch, with an async predicate."""
    return [call async for call in client.calls.watch(CALL_ID, until=as_predicate, timeout=60)]


@pytest.mark.parametrize("use", [wait_for_it, watch_it])
async def test_cancellation_at_any_point_leaves_nothing_behind(
    use: Callable[[AsyncPuretalk], Awaitable[object]],
) -> None:
    """At each turn of the event loop, while it fetches, sleeps, or asks the predicate, until there are no more."""
    turns = 0
    for turns in itertools.count():
        steps = [call("queued"), Scripted(503), Scripted(429, headers={"retry-after": "2"}), IN_PROGRESS, DONE]
        async with virtual_client(ScriptedTransport(*steps), max_connections=1) as client:
            pool = client._sender.pool
            pool.bind()
            others, before = asyncio.all_tasks(), timers()
            task = asyncio.ensure_future(use(client))
            for turn in range(turns):
                # Now and then, the clock jumps: it does not while anything is ready.
                await asyncio.sleep(0.1 if turn % 4 == 3 else 0)
            is_over = task.done()
            task.cancel()
            (result,) = await asyncio.gather(task, return_exceptions=True)
            assert is_over or isinstance(result, asyncio.CancelledError)
            assert (asyncio.all_tasks(), timers()) == (others, before)
            assert pool.slots.free == 1
            pool.pace.resumes_at = 0.0
            assert await client.calls.get(CALL_ID, max_retries=5)
        if is_over:
            break
    assert turns > 100
