"""``Handshakes``: how long opening a connection may take, and how many are opened at a time."""

from __future__ import annotations

import asyncio

import pytest
from tests.support.clock import movable_loop, pass_time, run_turns

from puretalk_client._core.transports.base import LATE, MAX_HANDSHAKES, Handshakes

TIMEOUT = 60.0


async def opening(handshakes: Handshakes, done: asyncio.Event) -> str:
    """Open a connection that is there when ``done`` is set."""
    async with handshakes.one():
        await done.wait()
    return "open"


async def pass_time_until(task: asyncio.Task[str]) -> None:
    """Let time pass until a task is done, in steps that are not late."""
    for _ in range(3000):
        if task.done():
            return
        movable_loop().move(LATE / 2)
        await run_turns(3)
    raise AssertionError("it is still waiting")


async def test_handshake_that_takes_too_long_ends() -> None:
    """When its time is over, and not before."""
    start = movable_loop().time()
    task = asyncio.create_task(opening(Handshakes(TIMEOUT), asyncio.Event()))
    await run_turns()
    await pass_time_until(task)
    assert isinstance(task.exception(), TimeoutError)
    assert movable_loop().time() - start >= TIMEOUT


async def test_timer_that_fires_late_starts_again() -> None:
    """The loop stood still for a minute: what arrived meanwhile, it has not seen."""
    done = asyncio.Event()
    task = asyncio.create_task(opening(Handshakes(TIMEOUT), done))
    await run_turns()
    await pass_time(TIMEOUT + 60)
    assert not task.done()
    done.set()
    assert await task == "open"


async def test_loop_that_is_late_once_does_not_wait_for_ever() -> None:
    """Once it is on time again, the timer is as strict as ever."""
    task = asyncio.create_task(opening(Handshakes(TIMEOUT), asyncio.Event()))
    await run_turns()
    await pass_time(TIMEOUT + 2 * LATE + 1)
    assert not task.done()
    await pass_time_until(task)
    assert isinstance(task.exception(), TimeoutError)


async def test_connection_that_is_there_when_the_timer_fires_is_kept() -> None:
    """Both happen in one turn of the loop, which handles what arrived before the timers."""
    done = asyncio.Event()
    task = asyncio.create_task(opening(Handshakes(TIMEOUT), done))
    await run_turns()
    movable_loop().move(TIMEOUT)
    movable_loop().call_soon(done.set)
    assert await task == "open"


async def test_few_connections_are_opened_at_a_time() -> None:
    """First in, first out; waiting for a turn takes nothing from the time of a handshake."""
    handshakes, events = Handshakes(TIMEOUT), [asyncio.Event() for _ in range(MAX_HANDSHAKES + 2)]
    tasks = [asyncio.create_task(opening(handshakes, event)) for event in events]
    await run_turns()
    for event in events[MAX_HANDSHAKES:]:
        event.set()
    await run_turns()
    assert not any(task.done() for task in tasks)
    movable_loop().move(TIMEOUT / 2)
    events[0].set()
    assert await tasks[0] == "open"
    assert await tasks[MAX_HANDSHAKES] == "open"
    for event in events:
        event.set()
    assert await asyncio.gather(*tasks) == ["open"] * len(tasks)


async def test_cancellation_passes_and_frees_the_place() -> None:
    """At either point."""
    handshakes = Handshakes(TIMEOUT)
    tasks = [asyncio.create_task(opening(handshakes, asyncio.Event())) for _ in range(MAX_HANDSHAKES + 1)]
    await run_turns()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert all(task.cancelled() for task in tasks)
    ready = asyncio.Event()
    ready.set()
    assert await opening(handshakes, ready) == "open"
    with pytest.raises(ZeroDivisionError):
        async with handshakes.one():
            raise ZeroDivisionError
