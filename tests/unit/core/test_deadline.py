"""The deadline of a request, beside cancellations by others."""

from __future__ import annotations

import asyncio
import functools

import pytest
from tests.support.clock import movable_loop, pass_time, run_turns

from puretalk_client._core.deadline import Deadline, Deadlines


@functools.cache
def deadlines(loop: asyncio.AbstractEventLoop) -> Deadlines:
    """Return those of an event loop."""
    return Deadlines(loop)


def within(seconds: float) -> Deadline:
    """Return a deadline of the running event loop."""
    task = asyncio.current_task()
    assert task is not None
    return Deadline(seconds, task, deadlines(task.get_loop()))


async def test_deadline_that_passes_is_a_timeout() -> None:
    """The task goes on as if it had never been cancelled."""

    async def wait() -> str:
        with pytest.raises(TimeoutError) as caught, within(5.0):
            await asyncio.sleep(60)
        task = asyncio.current_task()
        assert task is not None
        await asyncio.sleep(0)
        return f"{type(caught.value.__context__).__name__}, {task.cancelling()} cancellations"

    task = asyncio.create_task(wait())
    await run_turns()
    await pass_time(4.9)
    assert not task.done()
    await pass_time(0.2)
    assert task.result() == "CancelledError, 0 cancellations"


async def test_deadline_in_the_past_passes_at_the_first_wait() -> None:
    """What needs no waiting is done."""
    with within(-1.0):
        assert asyncio.current_task()
    with pytest.raises(TimeoutError), within(-1.0):
        await asyncio.sleep(60)


@pytest.mark.parametrize("is_over", [False, True])
async def test_task_cancelled_from_outside_stays_cancelled(is_over: bool) -> None:
    """Also where the deadline passes in the same iteration of the event loop."""

    async def wait() -> None:
        with within(5.0):
            await asyncio.sleep(60)

    task = asyncio.create_task(wait())
    await run_turns()
    if is_over:
        movable_loop().move(6.0)
        asyncio.get_running_loop().call_soon(task.cancel)
    else:
        task.cancel()
    await run_turns()
    assert task.cancelled()


async def test_cancellation_before_the_deadline_counts_as_somebody_elses() -> None:
    """A task that is being cancelled may still send requests, which time out as always."""

    async def wait() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            with pytest.raises(TimeoutError), within(0.0):
                await asyncio.sleep(60)
            raise

    task = asyncio.create_task(wait())
    await run_turns()
    task.cancel()
    await run_turns()
    assert task.cancelled()


@pytest.mark.parametrize("error", [None, ValueError])
async def test_end_leaves_no_timer(error: type[Exception] | None) -> None:
    """An exception passes; neither cancels the task later."""

    async def finish() -> str:
        try:
            with within(5.0):
                await asyncio.sleep(0)
                if error is not None:
                    raise error
        except ValueError:
            pass
        await asyncio.sleep(10)
        return "done"

    task = asyncio.create_task(finish())
    await run_turns()
    await pass_time(6.0)
    assert not task.done()
    await pass_time(6.0)
    assert task.result() == "done"


async def test_inner_deadline_is_its_own() -> None:
    """The outer one goes on."""
    with within(60.0):
        with pytest.raises(TimeoutError), within(0.0):
            await asyncio.sleep(60)
        await asyncio.sleep(0)


async def test_each_of_several_deadlines_passes_at_its_own_time() -> None:
    """Whatever their order, and though one timer serves all of them."""
    passed: list[float] = []

    async def wait(seconds: float) -> None:
        with pytest.raises(TimeoutError), within(seconds):
            await asyncio.sleep(60)
        passed.append(seconds)

    tasks = [asyncio.create_task(wait(seconds)) for seconds in (5.0, 20.0, 1.0, 10.0, 5.0)]
    await run_turns()
    for seconds, expected in ((0.9, []), (0.2, [1.0]), (4.0, [1.0, 5.0, 5.0]), (20.0, [1.0, 5.0, 5.0, 10.0, 20.0])):
        await pass_time(seconds)
        assert sorted(passed) == expected
    await asyncio.gather(*tasks)


async def test_timer_of_a_request_that_ended_serves_the_next() -> None:
    """A later deadline does not pass with it."""
    with within(5.0):
        await asyncio.sleep(0)
    movable_loop().move(4.0)
    task = asyncio.create_task(hold(5.0))
    await run_turns()
    await pass_time(2.0)
    assert not task.done()
    await pass_time(4.0)
    assert task.done()


async def hold(seconds: float) -> None:
    """Wait until a deadline passes."""
    with pytest.raises(TimeoutError), within(seconds):
        await asyncio.sleep(60)
