"""``client.calls.watch``: each changed state once, and a loop that can be left at any time. In virtual time."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.support.transports import Scripted, ScriptedTransport, Step, hang
from tests.support.virtual import CALL_ID, Timeline, analysed, call, virtual_client, virtual_loop

from puretalk_client import (
    AuthenticationError,
    Call,
    CallIdMismatchError,
    ConfigurationError,
    Drift,
    NotFoundError,
    WaitTimeoutError,
)
from puretalk_client.testing import VirtualTimeLoop

QUEUED, IN_PROGRESS, ENDED, DONE = call("queued"), call(), call("completed"), analysed()
NOT_FOUND = Scripted(404)


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Run tests in virtual time."""
    return "asyncio", {"loop_factory": VirtualTimeLoop}


async def states(*steps: Step, **options: Any) -> list[tuple[str, bool]]:
    """Watch a call that takes these steps; return status and whether there is an analysis."""
    async with virtual_client(ScriptedTransport(*steps), max_retries=0) as client:
        return [
            (call.status.value, call.call_analysis is not None) async for call in client.calls.watch(CALL_ID, **options)
        ]


async def collect(watch: AsyncIterator[Call], seen: list[Call]) -> None:
    """Keep what comes."""
    async for each in watch:
        seen.append(each)


async def test_each_changed_state_comes_once() -> None:
    """Those that are equal by value are not repeated; the last state is the one that ``wait`` returns."""
    same = call("queued", from_number=None)
    assert same.content != QUEUED.content
    found = await states(QUEUED, same, QUEUED, IN_PROGRESS, IN_PROGRESS, ENDED, ENDED, DONE)
    assert found == [("queued", False), ("in-progress", False), ("completed", False), ("completed", True)]


async def test_any_field_can_make_a_state() -> None:
    """A turn more in the transcript is one."""
    steps = [call(transcript_object=[{"content": "Hello"}] * count) for count in (1, 1, 2, 3)]
    assert len(await states(*steps, DONE)) == 4


async def test_state_that_comes_again_is_yielded_again() -> None:
    """A status that flaps is followed, and reported where it was final."""
    found: list[Drift] = []
    transport = ScriptedTransport(IN_PROGRESS, ENDED, IN_PROGRESS, ENDED, DONE)
    async with virtual_client(transport, on_drift=found.append) as client:
        seen = [call.status.value async for call in client.calls.watch(CALL_ID)]
    assert seen == ["in-progress", "completed", "in-progress", "completed", "completed"]
    assert [(drift.path, drift.kind) for drift in found] == [("$.results.status", "inconsistent")]


async def test_failures_and_404s_in_between_are_not_states() -> None:
    """They pass as for ``wait``."""
    found = await states(NOT_FOUND, QUEUED, NOT_FOUND, Scripted(503), QUEUED, DONE, not_found_for=100)
    assert found == [("queued", False), ("completed", True)]


@pytest.mark.parametrize(
    ("options", "count"),
    [({"until": "final"}, 3), ({"until": lambda call: call.status == "in-progress"}, 2), ({"analysis_grace": 0}, 3)],
)
async def test_ends_where_wait_would(options: dict[str, Any], count: int) -> None:
    """With the state that fulfils the condition, or without another one at the end of the grace."""
    assert len(await states(QUEUED, IN_PROGRESS, ENDED, DONE, **options)) == count
    assert len(await states(QUEUED, IN_PROGRESS, ENDED)) == 3


async def test_time_that_runs_out_is_raised_after_the_states() -> None:
    """As by ``wait``; then the iterator has ended."""
    async with virtual_client(ScriptedTransport(QUEUED, IN_PROGRESS)) as client:
        watch, seen = client.calls.watch(CALL_ID, timeout=60), list[Call]()
        with pytest.raises(WaitTimeoutError) as caught:
            await collect(watch, seen)
        assert virtual_loop().time() == pytest.approx(60)
        assert (len(seen), caught.value.call, caught.value.missing) == (2, seen[-1], "final")
        with pytest.raises(StopAsyncIteration):
            await anext(watch)


@pytest.mark.parametrize(
    ("step", "kind"),
    [(Scripted(401), AuthenticationError), (NOT_FOUND, NotFoundError), (call(call_id="x"), CallIdMismatchError)],
)
async def test_error_ends_it(step: Step, kind: type[Exception]) -> None:
    """What ends a ``wait`` does; then the iterator has ended."""
    async with virtual_client(ScriptedTransport(QUEUED, step, DONE)) as client:
        watch = client.calls.watch(CALL_ID)
        assert (await anext(watch)).status == "queued"
        with pytest.raises(kind):
            await anext(watch)
        with pytest.raises(StopAsyncIteration):
            await anext(watch)


async def test_time_runs_from_the_first_item_and_while_items_are_used() -> None:
    """Nothing is fetched before; a poll that was due meanwhile takes place at once; a slow user runs out of time."""
    transport = Timeline((0, QUEUED), (50, IN_PROGRESS), (100, ENDED))
    async with virtual_client(transport) as client:
        watch = client.calls.watch(CALL_ID, timeout=200)
        await asyncio.sleep(500)
        assert transport.arrivals == []
        assert (await anext(watch)).status == "queued"
        await asyncio.sleep(60)
        assert (await anext(watch)).status == "in-progress"
        assert transport.arrivals == [0, 60]
        await asyncio.sleep(150)
        with pytest.raises(WaitTimeoutError, match="not over after 200 s and 2 polls"):
            await anext(watch)


async def test_loop_that_is_left_leaves_nothing_behind() -> None:
    """``break``, an exception in the body, or no further item: no task, no slot, no timer, nothing to collect."""
    async with virtual_client(ScriptedTransport(QUEUED, IN_PROGRESS)) as client:
        tasks = asyncio.all_tasks()
        await client.calls.get(CALL_ID)
        timers = len(virtual_loop()._scheduled)  # type: ignore[attr-defined]
        gc.disable()
        try:
            async for _ in client.calls.watch(CALL_ID):
                break
            with contextlib.suppress(ZeroDivisionError):
                async for _ in client.calls.watch(CALL_ID):
                    raise ZeroDivisionError
            await anext(client.calls.watch(CALL_ID))
            assert asyncio.all_tasks() == tasks
            assert len(virtual_loop()._scheduled) == timers  # type: ignore[attr-defined]
            assert client._sender.pool.slots.free == 100
        finally:
            gc.enable()


async def test_aclose_ends_the_iteration() -> None:
    """Also as ``contextlib.aclosing`` uses it, more than once, and before the first item."""
    transport = ScriptedTransport(QUEUED, IN_PROGRESS)
    async with virtual_client(transport) as client:
        async with contextlib.aclosing(client.calls.watch(CALL_ID)) as watch:
            await anext(watch)
        for closed in (watch, client.calls.watch(CALL_ID)):
            await closed.aclose()
            await closed.aclose()
            assert [call async for call in closed] == []
    assert len(transport.requests) == 1


@pytest.mark.parametrize("where", ["delay", "fetch", "predicate"])
async def test_goes_on_after_a_cancellation_and_loses_no_state(where: str) -> None:
    """``asyncio.wait_for`` over each item is a way to do something else in between."""
    second: Step = hang if where == "fetch" else IN_PROGRESS
    transport = Timeline((0, QUEUED), (1, second), (30, IN_PROGRESS), (60, DONE))

    async def slow(call: Call) -> bool:
        await asyncio.sleep(3 if where == "predicate" and call.status == "in-progress" else 0)
        return call.call_analysis is not None

    async with virtual_client(transport, timeout=20.0) as client:
        watch, seen = client.calls.watch(CALL_ID, until=slow, timeout=500, poll_interval=5), list[str]()
        await anext(watch)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(watch), 7 if where != "delay" else 2)
        assert client._sender.pool.slots.free == 100
        seen += [call.status.value async for call in watch]
    assert seen == ["in-progress", "completed"]


async def test_closed_client_ends_it() -> None:
    """At the next poll."""
    async with virtual_client(ScriptedTransport(QUEUED)) as client:
        watch = client.calls.watch(CALL_ID)
        await anext(watch)
        await client.aclose()
        with pytest.raises(ConfigurationError, match="closed"):
            await anext(watch)


async def test_watch_shows_nothing_of_the_call() -> None:
    """Its repr is that of any object."""
    async with virtual_client(ScriptedTransport(QUEUED)) as client:
        watch = client.calls.watch(CALL_ID)
        await anext(watch)
        assert CALL_ID not in repr(watch)
