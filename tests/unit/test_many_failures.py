"""``client.calls.get_many``: which failures are results, and which end it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import traceback
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from tests.unit.many import IDS, Fetcher, as_async, both_orders, cancel_after, outcome

from puretalk_client import (
    AuthenticationError,
    Call,
    ConfigurationError,
    FetchResults,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    WaitTimeoutError,
)
from puretalk_client.testing import virtual_time


@both_orders
@virtual_time()
async def test_failure_of_one_call_is_a_result(ordered: bool) -> None:
    """The others go on, and ``unwrap`` raises it."""
    failures: dict[Any, BaseException] = {"c-3": NotFoundError("x", status=404), "c-7": RateLimitError("y", status=429)}
    results = {result.call_id: result async for result in Fetcher(1, failures).many(ordered=ordered)}
    assert len(results) == 30
    assert {call_id: result.error for call_id, result in results.items() if result.error} == failures
    assert all((result.call is None) is (result.error is not None) for result in results.values())
    with pytest.raises(NotFoundError):
        results["c-3"].unwrap()


class Local:
    """Something that the frames of a request refer to."""


@virtual_time()
async def test_error_keeps_no_frame_alive() -> None:
    """Neither its own frames nor those of causes and contexts, and ``unwrap`` adds none, however often."""
    alive: list[weakref.ref[Local]] = []

    async def fetch(_: Any) -> Call:
        local = Local()
        alive.append(weakref.ref(local))
        try:
            try:
                raise ServerError("first", status=500)
            except ServerError as cause:
                raise NotFoundError("x", status=404, msg="gone") from cause
        except NotFoundError as context:
            raise WaitTimeoutError("y", call=Call(call_id="c"), polls=3) from context

    gc.disable()
    try:
        [result] = [result async for result in FetchResults(fetch, ["c"], 1, ordered=False)]
        assert [ref() for ref in alive] == [None]
        error = result.error
        assert isinstance(error, WaitTimeoutError)
        for _ in range(3):
            with pytest.raises(WaitTimeoutError, match="y") as caught:
                result.unwrap()
            assert len(traceback.extract_tb(caught.value.__traceback__)) == 2
            assert (caught.value.call, caught.value.polls) == (Call(call_id="c"), 3)
            assert caught.value.__cause__ is error.__cause__
        assert (error.__traceback__, error.__context__) == (None, None)
        assert isinstance(error.__cause__, NotFoundError)
        assert error.__cause__.__traceback__ is None
    finally:
        gc.enable()


@both_orders
@pytest.mark.parametrize(
    "error",
    [AuthenticationError("x", status=401), PermissionDeniedError("x", status=403), ConfigurationError("closed"),
     ValueError("a predicate"), KeyboardInterrupt(), asyncio.CancelledError("of its own")],
    ids=repr,
)  # fmt: skip
@virtual_time()
async def test_what_ends_every_request_ends_all(error: BaseException, ordered: bool) -> None:
    """It comes out as it is after the results that had arrived; the other requests have ended when it does."""
    fetcher = Fetcher(lambda call_id: {"c-5": 1.5}.get(call_id, 1), {"c-5": error})
    found, raised = await outcome(fetcher.many(ordered=ordered))
    assert raised is error
    assert set(found) == set(IDS[:5] if ordered else [*IDS[:5], *IDS[6:8]])
    assert fetcher.running == 0
    assert len(fetcher.begun) < 15
    assert asyncio.all_tasks() == {asyncio.current_task()}


@both_orders
@pytest.mark.parametrize("kind", [iter, as_async])
@pytest.mark.parametrize("position", [0, 1, 4, 10])
@pytest.mark.parametrize("error", [OSError("db"), NotFoundError("x"), KeyboardInterrupt(), SystemExit(2)], ids=repr)
@virtual_time()
async def test_iterable_that_raises(
    kind: Callable[[Any], Any], position: int, error: BaseException, ordered: bool
) -> None:
    """Its exception comes out as it is, and the requests have ended then."""

    def broken() -> Iterator[str]:
        yield from IDS[:position]
        raise error

    fetcher = Fetcher(0.05)
    found, raised = await outcome(fetcher.many(kind(broken()), ordered=ordered))
    assert raised is error
    assert set(found) <= set(IDS[:position])
    assert fetcher.running == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}


@virtual_time()
async def test_async_iterable_that_is_cancelled_by_itself() -> None:
    """Its CancelledError comes out, as it does from any ``async for``."""

    async def broken() -> AsyncIterator[str]:
        yield "c-0"
        raise asyncio.CancelledError("its own")

    found, raised = await outcome(Fetcher(5).many(broken()))
    assert (found, str(raised)) == ([], "its own")
    assert asyncio.current_task().cancelling() == 0  # type: ignore[union-attr]


@virtual_time()
async def test_async_iterable_that_hangs_holds_back_no_result() -> None:
    """Results of the ids that were read come out; then the consumer waits, and can be cancelled."""
    ended: list[str] = []

    async def hanging() -> AsyncIterator[str]:
        yield "c-0"
        yield "c-1"
        try:
            await asyncio.sleep(1e6)
        finally:
            ended.append("ended")

    found: list[Any] = []

    async def consume() -> None:
        async for result in Fetcher().many(hanging()):
            found.append(result.call_id)

    await cancel_after(consume(), 100)
    assert (found, ended) == (["c-0", "c-1"], ["ended"])
    assert asyncio.all_tasks() == {asyncio.current_task()}


@virtual_time()
async def test_async_iterable_that_swallows_a_cancellation() -> None:
    """It is not read any further, and nothing hangs."""
    read: list[str] = []

    class Stubborn:
        def __aiter__(self) -> Stubborn:
            return self

        async def __anext__(self) -> str:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(1)
            read.append("c")
            return f"c-{len(read)}"

    fetcher = Fetcher(1e5)
    async with asyncio.timeout(100):
        async with fetcher.many(Stubborn()) as results:
            task = asyncio.create_task(outcome(results))
            await asyncio.sleep(2.5)
    assert (await task)[0] == []
    assert len(read) == 3
    assert (len(fetcher.begun), fetcher.running) == (2, 0)
