"""Virtual time: what takes no real time, and how it begins and ends."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import math
import threading
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from tests.support.clock import now
from tests.unit.testing.recording import client_of

from puretalk_client import APITimeoutError, Attempt, RateLimitError
from puretalk_client.testing import (
    SAMPLE_CALL_ID,
    Fault,
    Sandbox,
    VirtualClock,
    VirtualTimeError,
    VirtualTimeLoop,
    virtual_time,
)

DAY = 86400.0


async def fail(error: type[BaseException]) -> None:
    """Sleep, and raise an error."""
    await asyncio.sleep(1)
    raise error


class TestClock:
    @virtual_time()
    async def test_sleeps_take_their_time_by_the_clock(self) -> None:
        """A day of sleep is a day for the event loop."""
        assert now() == 0
        await asyncio.sleep(DAY)
        assert now() == DAY

    @virtual_time()
    async def test_timers_fire_in_order(self) -> None:
        """Ten thousand sleeps of all tasks end in the order of their times, each at its time."""
        ends: list[tuple[float, float]] = []

        async def sleep(seconds: float) -> None:
            await asyncio.sleep(seconds)
            ends.append((seconds, now()))

        await asyncio.gather(*(sleep(number * 7919 % 10007 / 100) for number in range(10_000)))
        assert ends == sorted(ends)
        assert all(actual == pytest.approx(expected, abs=1e-8) for expected, actual in ends)

    @virtual_time()
    async def test_work_takes_no_time(self) -> None:
        """The clock stands still while there is something to do."""
        for _ in range(1000):
            await asyncio.sleep(0)
        assert now() == 0

    @virtual_time()
    async def test_timeouts(self) -> None:
        """What takes too long ends when its timeout is over, and what does not, is not disturbed."""
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(900):
                await asyncio.Event().wait()
        assert now() == 900
        async with asyncio.timeout(900):
            await asyncio.sleep(899)
        assert now() == 1799

    @virtual_time()
    async def test_cancelled_timers(self) -> None:
        """The clock does not stop at the time of a timer that was cancelled."""
        loop = asyncio.get_running_loop()
        loop.call_later(5, pytest.fail, "it was cancelled").cancel()
        await asyncio.sleep(10)
        assert now() == 10

    @pytest.mark.parametrize("years", [1, 100])
    def test_far_future(self, years: int) -> None:
        """Timers fire too where floats are further apart than the resolution of asyncio."""

        @virtual_time()
        async def check() -> None:
            await asyncio.sleep(years * 365 * DAY)
            for delay in (0.001, 1e-9, 0.0, 1.0):
                fired = asyncio.Event()
                asyncio.get_running_loop().call_later(delay, fired.set)
                await fired.wait()
            assert now() == pytest.approx(years * 365 * DAY)

        check()

    @virtual_time()
    async def test_time_that_never_comes(self) -> None:
        """A task that sleeps for ever does not keep the clock from jumping, and can be cancelled."""
        task = asyncio.create_task(asyncio.sleep(math.inf))
        await asyncio.sleep(60)
        assert now() == 60
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    def test_debug_mode(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The debug mode of asyncio, which measures callbacks, works."""
        monkeypatch.setenv("PYTHONASYNCIODEBUG", "1")
        with virtual_time() as clock:
            asyncio.run(asyncio.sleep(10), debug=True)
        assert clock.elapsed == 10

    def test_wall_time_moves_along(self) -> None:
        """The date is the real one at the start, and moves with the clock."""
        before = time.time()
        clock = VirtualClock()
        start = clock.wall_time()
        assert before <= start <= time.time()
        with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(clock)) as runner:
            runner.run(asyncio.sleep(DAY))
        assert clock.wall_time() == pytest.approx(start + DAY)
        assert repr(clock) == "<VirtualClock elapsed=86400>"


class TestContextManager:
    def test_loops_share_the_clock(self) -> None:
        """The time goes on from one event loop to the next, and is left after the block."""
        with virtual_time() as clock:
            asyncio.run(asyncio.sleep(5))
            with asyncio.Runner() as runner:
                runner.run(asyncio.sleep(6))
            loop = asyncio.new_event_loop()
            loop.run_until_complete(asyncio.sleep(7))
            loop.close()
            assert clock.elapsed == 18
        assert clock.elapsed == 18

    def test_everything_is_as_before(self) -> None:
        """After the block, event loops are real again, after an error too."""
        before = asyncio.new_event_loop, asyncio.events.new_event_loop
        for error in (RuntimeError, KeyboardInterrupt, asyncio.CancelledError):
            with pytest.raises(error), virtual_time():
                asyncio.run(fail(error))
            assert (asyncio.new_event_loop, asyncio.events.new_event_loop) == before
        loop = asyncio.new_event_loop()
        assert not isinstance(loop, VirtualTimeLoop)
        loop.close()

    def test_nested(self) -> None:
        """An inner block has a clock of its own; after it, the outer one goes on."""
        with virtual_time() as outer:
            asyncio.run(asyncio.sleep(1))
            with virtual_time() as inner:
                asyncio.run(asyncio.sleep(10))
            asyncio.run(asyncio.sleep(2))
        assert (outer.elapsed, inner.elapsed) == (3, 10)

    def test_same_object_nested(self) -> None:
        """One ``virtual_time()`` can be entered again, while it is entered and afterwards."""
        once = virtual_time()
        with once as outer:
            with once as inner:
                asyncio.run(asyncio.sleep(10))
            asyncio.run(asyncio.sleep(1))
        with once as again:
            asyncio.run(asyncio.sleep(2))
        assert (outer.elapsed, inner.elapsed, again.elapsed) == (1, 10, 2)

    @virtual_time()
    async def test_in_virtual_time(self) -> None:
        """In an event loop in virtual time, it returns the clock of that loop."""
        await asyncio.sleep(5)
        with virtual_time() as clock:
            await asyncio.sleep(5)
            assert clock.elapsed == now() == 10

    def test_in_real_time(self) -> None:
        """An event loop that runs already cannot become virtual: it says so, and not nothing."""

        async def enter() -> None:
            with pytest.raises(VirtualTimeError, match="must begin before the event loop"), virtual_time():
                pass

        with contextlib.closing(asyncio.SelectorEventLoop()) as loop:
            loop.run_until_complete(enter())

    def test_without_an_event_loop(self) -> None:
        """A block in which no event loop begins has no effect, and warns; unless an error ends it."""
        with pytest.warns(RuntimeWarning, match="give VirtualTimeLoop to the runner") as caught, virtual_time():
            pass
        assert caught[0].filename == __file__
        with pytest.raises(ZeroDivisionError), virtual_time():
            _ = 1 / 0

    def test_other_threads_are_not_affected(self) -> None:
        """Another thread that makes an event loop meanwhile gets a real one."""

        def kind_of_loop() -> type[object]:
            with contextlib.closing(asyncio.new_event_loop()) as loop:
                return type(loop)

        with ThreadPoolExecutor() as threads, virtual_time():
            assert threads.submit(kind_of_loop).result() is not VirtualTimeLoop
            assert kind_of_loop() is VirtualTimeLoop

    def test_many_threads(self) -> None:
        """Blocks of several threads overlap in any order, and each thread has its own clock."""
        before = asyncio.new_event_loop
        together = threading.Barrier(8)

        def run(seconds: float) -> float:
            together.wait()
            with virtual_time() as clock:
                for _ in range(20):
                    asyncio.run(asyncio.sleep(seconds))
                return clock.elapsed

        with ThreadPoolExecutor(8) as threads:
            elapsed = list(threads.map(run, range(1, 9)))
        assert elapsed == [20 * number for number in range(1, 9)]
        assert asyncio.new_event_loop is before


class TestDecorator:
    def test_makes_a_plain_function(self) -> None:
        """An ``async def`` becomes a function that runs it, with its name, its docstring and its parameters."""

        @virtual_time()
        async def wait(seconds: float, *, factor: int = 2) -> float:
            """Wait."""
            await asyncio.sleep(seconds * factor)
            return now()

        assert not inspect.iscoroutinefunction(wait)
        assert (wait.__name__, wait.__doc__) == ("wait", "Wait.")
        assert list(inspect.signature(wait).parameters) == ["seconds", "factor"]
        assert wait(5) == 10
        assert wait(5, factor=3) == 15  # each run has a clock of its own

    @pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, asyncio.CancelledError])
    def test_errors_come_out(self, error: type[BaseException]) -> None:
        """An error leaves the function as it is, and tasks that are left are cancelled."""
        cancelled: list[bool] = []

        async def background() -> None:
            try:
                await asyncio.sleep(DAY)
            except asyncio.CancelledError:
                cancelled.append(True)
                raise

        @virtual_time()
        async def fail() -> None:
            tasks.append(asyncio.create_task(background()))
            await asyncio.sleep(1)
            raise error

        tasks: list[asyncio.Task[None]] = []
        with pytest.raises(error):
            fail()
        assert cancelled == [True]

    def test_cancellation(self) -> None:
        """A task that is cancelled while it sleeps ends at that time."""

        @virtual_time()
        async def cancel() -> float:
            task = asyncio.create_task(asyncio.sleep(DAY))
            await asyncio.sleep(10)
            task.cancel()
            await asyncio.wait({task})
            return now()

        assert cancel() == 10

    def test_function(self) -> None:
        """The event loops that a plain function creates are virtual."""

        @virtual_time()
        def run() -> float:
            async def sleep() -> float:
                await asyncio.sleep(DAY)
                return now()

            return asyncio.run(sleep())

        assert run() == DAY
        assert run() == DAY

    def test_generator(self) -> None:
        """With a fixture that yields, virtual time lasts until the fixture ends."""

        @virtual_time()
        def fixture() -> Iterator[str]:
            yield "value"

        before = asyncio.new_event_loop
        steps = fixture()
        assert next(steps) == "value"
        assert asyncio.new_event_loop is not before
        asyncio.run(asyncio.sleep(DAY))
        assert next(steps, None) is None
        assert asyncio.new_event_loop is before

    def test_in_a_thread(self) -> None:
        """It works outside of the main thread."""

        @virtual_time()
        async def sleep() -> float:
            await asyncio.sleep(DAY)
            return now()

        with ThreadPoolExecutor() as threads:
            assert threads.submit(sleep).result() == DAY

    @virtual_time()
    async def test_in_a_running_loop(self) -> None:
        """A decorated ``async def`` function cannot run inside of another event loop, and leaves no coroutine."""

        @virtual_time()
        async def inner() -> None:
            """Do nothing."""

        with pytest.raises(VirtualTimeError, match="inner runs in an event loop of its own"):
            inner()

    @pytest.mark.parametrize("wrong", [int, 1, "text", None, classmethod, object(), staticmethod(print)])
    def test_what_is_not_a_function(self, wrong: Any) -> None:
        """It decorates functions and methods only."""
        with pytest.raises(TypeError, match="decorates functions"):
            virtual_time()(wrong)

    def test_asynchronous_generator(self) -> None:
        """An asynchronous fixture runs in the event loop of its runner: the error says what to do instead."""

        async def fixture() -> AsyncIterator[None]:
            yield

        with pytest.raises(TypeError, match="VirtualTimeLoop"):
            virtual_time()(fixture)


@pytest.fixture
@virtual_time()
def loops_are_virtual() -> Iterator[None]:
    """Make the event loops of a test virtual."""
    before = asyncio.new_event_loop
    yield
    assert asyncio.new_event_loop is before


@pytest.mark.usefixtures("loops_are_virtual")
def test_fixture() -> None:
    """Virtual time lasts for the test that uses a decorated fixture."""

    async def sleep() -> float:
        await asyncio.sleep(DAY)
        return now()

    assert asyncio.run(sleep()) == DAY


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Run ``async def`` tests that are not decorated as a user with anyio's plugin would."""
    return "asyncio", {"loop_factory": VirtualTimeLoop}


async def test_loop_factory() -> None:
    """The event loop of anyio's plugin is virtual."""
    start = now()
    await asyncio.sleep(DAY)
    assert now() == start + DAY


class TestClient:
    @virtual_time()
    async def test_deadline(self) -> None:
        """A request that gets no response fails when its timeout is over."""
        sandbox = Sandbox()
        sandbox.fail_next(Fault(delay=DAY))
        async with client_of(sandbox) as client:
            with pytest.raises(APITimeoutError) as caught:
                await client.calls.get(SAMPLE_CALL_ID, timeout=900)
        assert caught.value.elapsed == now() == 900

    @pytest.mark.parametrize("is_date", [False, True])
    def test_retry_after(self, is_date: bool) -> None:
        """The client waits as long as the server says, in seconds or with a date, and no real time."""

        @virtual_time()
        async def fetch() -> None:
            attempts: list[Attempt] = []
            sandbox = Sandbox()
            await asyncio.sleep(DAY)  # the date of the client moves along with its clock
            loop = asyncio.get_running_loop()
            assert isinstance(loop, VirtualTimeLoop)
            moment = datetime.fromtimestamp(math.ceil(loop.wall_time()), UTC) + timedelta(seconds=100)
            value = format_datetime(moment, usegmt=True) if is_date else "100"
            sandbox.fail_next(Fault(status=429, headers={"Retry-After": value}))
            async with client_of(sandbox, timeout=300, on_attempt=attempts.append) as client:
                await client.calls.get(SAMPLE_CALL_ID)
            assert 100 <= now() - DAY <= 101
            assert [attempt.retry_in for attempt in attempts] == [pytest.approx(now() - DAY), None]

        fetch()

    @virtual_time()
    async def test_retry_after_that_leaves_no_time(self) -> None:
        """A wait that is longer than the timeout is not begun."""
        sandbox = Sandbox()
        sandbox.fail_next(Fault(status=429, headers={"Retry-After": "100"}))
        async with client_of(sandbox) as client:
            with pytest.raises(RateLimitError):
                await client.calls.get(SAMPLE_CALL_ID)
        assert now() == 0

    @virtual_time()
    async def test_delays_of_retries(self) -> None:
        """Without jitter to be seen, attempts are as far apart as the client says."""
        attempts: list[Attempt] = []
        sandbox = Sandbox()
        sandbox.fail_next(*[Fault(status=503, delay=1)] * 2)
        async with client_of(sandbox, on_attempt=attempts.append) as client:
            await client.calls.get(SAMPLE_CALL_ID)
        assert [attempt.elapsed for attempt in attempts] == pytest.approx([1, 1, 0])
        assert now() == pytest.approx(2 + sum(attempt.retry_in or 0 for attempt in attempts))

    @virtual_time()
    async def test_rate_limit(self) -> None:
        """A number as ``rate_limit`` is kept exactly: 101 requests at 10 per second leave in ten seconds."""
        async with client_of(Sandbox(), rate_limit=10.0) as client:
            await asyncio.gather(*(client.calls.get(SAMPLE_CALL_ID) for _ in range(101)))
        assert now() == pytest.approx(10)

    @virtual_time()
    async def test_elapsed(self) -> None:
        """``elapsed`` of a raw response is virtual, for the first request of a client too."""
        sandbox = Sandbox()
        sandbox.fail_next(Fault(delay=7), Fault(delay=8))
        await asyncio.sleep(100)
        async with client_of(sandbox) as client:
            elapsed = [(await client.calls.with_raw_response.get(SAMPLE_CALL_ID)).elapsed for _ in range(2)]
        assert elapsed == pytest.approx([7, 8])

    @virtual_time()
    async def test_large_body(self) -> None:
        """A body that is decoded in a thread takes no virtual time."""
        sandbox = Sandbox()
        call_id = sandbox.add_call(
            {"call_id": "large", "transcript_object": [{"role": "user", "content": "x"}] * 20_000}
        )
        async with client_of(sandbox) as client:
            call = await client.calls.get(call_id, timeout=0.001)
        assert len(call.transcript_object or ()) == 20_000
        assert now() == 0

    @virtual_time()
    async def test_ten_minutes_of_polling(self) -> None:
        """A loop that polls each second for ten virtual minutes sees the state it waits for."""
        sandbox = Sandbox()
        call_id = sandbox.add_lifecycle({"call_id": "1"}, ["in progress"] * 600 + ["completed"])
        async with client_of(sandbox) as client:
            while not (await client.calls.get(call_id)).status.is_final:
                await asyncio.sleep(1)
        assert now() == 600
