"""Slots: how many requests may use the connections at a time, and who is next."""

from __future__ import annotations

import asyncio
import random

import pytest
from tests.support.clock import run_turns

from puretalk_client._core.pool import Slots


async def waiting(slots: Slots, count: int, order: list[int]) -> list[asyncio.Task[None]]:
    """Start tasks that wait for a slot, and note their numbers as they get one."""

    async def wait(number: int) -> None:
        await slots.wait()
        order.append(number)

    tasks = [asyncio.create_task(wait(number)) for number in range(count)]
    await run_turns()
    return tasks


async def test_slots_are_taken_until_there_is_none() -> None:
    """A refusal takes nothing."""
    slots = Slots(2)
    assert [slots.take() for _ in range(4)] == [True, True, False, False]
    slots.release()
    assert slots.free == 1


async def test_slot_goes_to_who_waited_longest() -> None:
    """And to one of them only; who comes later does not pass by those that wait."""
    slots, order = Slots(0), list[int]()
    tasks = await waiting(slots, 3, order)
    slots.release()
    assert not slots.take()
    await run_turns()
    assert order == [0]
    slots.release()
    slots.release()
    await asyncio.gather(*tasks)
    assert (order, slots.free) == ([0, 1, 2], 0)


async def test_slot_passes_who_left() -> None:
    """A request that was cancelled, or whose time was over, does not take the slot with it."""
    slots, order = Slots(0), list[int]()
    tasks = await waiting(slots, 3, order)
    tasks[0].cancel()
    await run_turns()
    slots.release()
    await run_turns()
    assert order == [1]


async def test_request_that_is_cancelled_as_its_turn_comes_hands_the_slot_on() -> None:
    """The slot and the cancellation arrive in the same iteration of the event loop."""
    slots, order = Slots(0), list[int]()
    tasks = await waiting(slots, 2, order)
    slots.release()
    tasks[0].cancel()
    await run_turns()
    assert (order, tasks[0].cancelled()) == ([1], True)
    slots.release()
    assert slots.free == 1


@pytest.mark.parametrize("seed", range(20))
async def test_no_slot_is_lost_or_made_by_cancellations(seed: int) -> None:
    """Whatever the order of releases and cancellations."""
    draw = random.Random(seed)
    slots, used, most = Slots(3), 0, 0

    async def use() -> None:
        nonlocal used, most
        if not slots.take():
            await slots.wait()
        used += 1
        most = max(most, used)
        try:
            for _ in range(draw.randrange(4)):
                await asyncio.sleep(0)
        finally:
            used -= 1
            slots.release()

    tasks = [asyncio.create_task(use()) for _ in range(200)]
    while not all(task.done() for task in tasks):
        draw.choice(tasks).cancel()
        await asyncio.sleep(0)
    assert (slots.free, used, most) == (3, 0, 3)
