"""``client.calls.get_many``: nothing goes on when a loop is left, in whatever way."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.support.clock import run_turns
from tests.unit.many import IDS, Fetcher, both_kinds, both_orders, cancel_after, number, outcome

from puretalk_client import (
    Call,
    ConfigurationError,
    FetchResults,
)
from puretalk_client.testing import virtual_time


async def leave_by_break(results: FetchResults) -> None:
    """Leave after the second result."""
    count = 0
    async for _ in results:
        count += 1
        if count == 2:
            break


async def leave_by_error(results: FetchResults) -> None:
    """Raise in the body."""
    with contextlib.suppress(LookupError):
        async for _ in results:
            raise LookupError


async def leave_by_return(results: FetchResults) -> None:
    """Return from the body."""
    async for _ in results:
        return


async def leave_by_cancellation(results: FetchResults) -> None:
    """Be cancelled in the body."""

    async def consume() -> None:
        async for _ in results:
            await asyncio.sleep(1e6)

    await cancel_after(consume(), 10)


async def leave_while_waiting(results: FetchResults) -> None:
    """Be cancelled while waiting for a result."""
    await cancel_after(outcome_of_cancelled(results), 0.5)


async def outcome_of_cancelled(results: FetchResults) -> None:
    """Take all results."""
    async for _ in results:
        pass


async def leave_by_dropping_the_iterator(results: FetchResults) -> None:
    """Take one result by hand."""
    await anext(aiter(results))


WAYS = [leave_by_break, leave_by_error, leave_by_return, leave_by_cancellation, leave_while_waiting]


@pytest.mark.parametrize("leave", [*WAYS, leave_by_dropping_the_iterator], ids=lambda way: way.__name__)
@both_orders
@both_kinds
@virtual_time()
async def test_loop_that_is_left_ends_the_requests(
    leave: Callable[[FetchResults], Awaitable[None]], kind: Callable[[Any], Any], ordered: bool
) -> None:
    """Within some turns of the event loop, without the garbage collector, also if something refers to the object."""
    fetcher = Fetcher(lambda call_id: 1 if number(call_id) < 3 else 1e5)
    ids = kind(IDS)
    results = fetcher.many(ids, ordered=ordered)
    gc.disable()
    try:
        await leave(results)
        await run_turns(10)
        assert fetcher.running == 0
        assert asyncio.all_tasks() == {asyncio.current_task()}
        with pytest.raises(ConfigurationError, match="once"):
            aiter(results)
    finally:
        gc.enable()


@pytest.mark.parametrize("leave", WAYS, ids=lambda way: way.__name__)
@virtual_time()
async def test_end_of_the_block_is_the_end_of_the_requests(leave: Callable[[FetchResults], Awaitable[None]]) -> None:
    """At once, even if something still refers to the iterator."""
    fetcher = Fetcher(lambda call_id: 1 if number(call_id) < 3 else 1e5)
    async with fetcher.many() as results:
        held = aiter(results)
        await anext(held)
        with contextlib.suppress(ConfigurationError):
            await leave(results)
        assert fetcher.running > 0
    assert fetcher.running == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}


@virtual_time()
async def test_error_in_the_block_comes_out_as_it_is() -> None:
    """Not in a group, and without a context."""
    error = LookupError("body")

    async def fail() -> None:
        async with Fetcher().many() as results:
            async for _ in results:
                raise error

    with pytest.raises(LookupError) as caught:
        await fail()
    assert caught.value is error
    assert error.__context__ is None


@both_orders
@both_kinds
@virtual_time()
async def test_cancellation_at_every_point(kind: Callable[[Any], Any], ordered: bool) -> None:
    """After any number of turns of the event loop: no task and no request is left, and it is a cancellation."""
    cancelled = 0
    for count in range(120):
        fetcher = Fetcher(0)
        task = asyncio.create_task(outcome_of_cancelled(fetcher.many(kind(IDS[:8]), concurrency=3, ordered=ordered)))
        await run_turns(count)
        task.cancel()
        await asyncio.wait({task})
        cancelled += task.cancelled()
        assert fetcher.running == 0
        assert asyncio.all_tasks() == {asyncio.current_task()}, count
    assert cancelled > 10


@virtual_time()
async def test_second_cancellation_while_the_first_is_at_work() -> None:
    """The consumer ends at once then; the request that takes its time to end does so on its own."""
    ended: list[str] = []

    async def fetch(_: Any) -> Call:
        try:
            await asyncio.sleep(1e5)
        finally:
            await asyncio.sleep(5)
            ended.append("ended")
        raise AssertionError("unreachable")

    task = asyncio.create_task(outcome_of_cancelled(FetchResults(fetch, ["c"], 1, ordered=False)))
    await asyncio.sleep(1)
    task.cancel()
    await asyncio.sleep(1)
    assert not task.done()  # it waits for the request to end
    task.cancel()
    await run_turns(3)
    assert (task.cancelled(), ended) == (True, [])
    await asyncio.sleep(5)
    assert ended == ["ended"]
    assert asyncio.all_tasks() == {asyncio.current_task()}


@virtual_time()
async def test_cancellation_of_a_single_request_ends_all() -> None:
    """Somebody cancels every task but the consumer's: it gets a CancelledError, and does not wait for ever."""
    fetcher = Fetcher(100)
    task = asyncio.create_task(outcome(fetcher.many()))
    await asyncio.sleep(1)
    victims = asyncio.all_tasks() - {asyncio.current_task(), task}
    victims.pop().cancel()
    found, error = await task
    assert (found, type(error), fetcher.running) == ([], asyncio.CancelledError, 0)


@pytest.mark.parametrize("moment", [0.0, 0.5, 50.0])
@both_orders
@virtual_time()
async def test_cancellation_of_all_tasks_but_the_consumer_loses_no_id_silently(moment: float, ordered: bool) -> None:
    """Before they begin, while they fetch, and while all results wait to be taken: a CancelledError comes last."""
    fetcher = Fetcher()
    found: list[Any] = []

    async def consume() -> None:
        async for result in fetcher.many(concurrency=2, ordered=ordered):
            found.append(result.call_id)
            await asyncio.sleep(100)

    victims = set[asyncio.Task[Any]]()
    for count in range(4):  # turns, of which the tasks need some to begin
        found.clear()
        task = asyncio.create_task(consume())
        await run_turns(count)
        await asyncio.sleep(moment)
        victims = asyncio.all_tasks() - {asyncio.current_task(), task}
        for victim in victims:
            victim.cancel()
        if victims:
            with pytest.raises(asyncio.CancelledError):
                await task
            assert found == (IDS[:3] if moment == 50 else [])
        task.cancel()
        await asyncio.wait({task})
    assert victims


@pytest.mark.parametrize("concurrency", [1, 4])
@virtual_time()
async def test_iterator_over_a_queue_is_not_read_after_its_end(concurrency: int) -> None:
    """It says once that it is over, and would then wait for ever."""

    class Queue:
        def __init__(self) -> None:
            self.items: list[Any] = [*IDS[:6], None]

        def __aiter__(self) -> Queue:
            return self

        async def __anext__(self) -> str:
            await asyncio.sleep(0.1 if self.items else 1e6)
            item: str | None = self.items.pop(0)
            if item is None:
                raise StopAsyncIteration
            return item

    found, error = await outcome(Fetcher().many(Queue(), concurrency=concurrency, ordered=True))
    assert (found, error) == (IDS[:6], None)
    assert asyncio.get_running_loop().time() < 100


@virtual_time()
async def test_close_ends_an_iteration_elsewhere() -> None:
    """Another task that waits for a result sees the end."""
    results = Fetcher(100).many()
    task = asyncio.create_task(outcome(results))
    await asyncio.sleep(1)
    await results.aclose()
    await results.aclose()
    assert await task == ([], None)
    unused = Fetcher().many()
    await unused.aclose()
    with pytest.raises(ConfigurationError, match="once"):
        aiter(unused)


def test_end_of_the_program_leaves_nothing() -> None:
    """``asyncio.run`` ends while an iterator is held: no warning, no error and no task that was destroyed."""
    reported: list[Any] = []
    held: list[Any] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
        iterator = aiter(Fetcher(lambda call_id: 0 if call_id == "c-0" else 1e5).many())
        held.append(iterator)
        await anext(iterator)

    with virtual_time():
        asyncio.run(main())
    gc.collect()
    assert reported == []
