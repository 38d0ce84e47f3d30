"""``client.calls.get_many``: its results, how far it reads ahead, and the ids that it takes."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from tests.support.canary import WORDS
from tests.support.clock import run_turns
from tests.unit.many import IDS, Fetcher, as_async, both_kinds, both_orders, number, outcome

from puretalk_client import (
    Call,
    ConfigurationError,
    FetchResult,
    FetchResults,
    NotFoundError,
    PuretalkError,
)
from puretalk_client.testing import virtual_time


class Minimal:
    """Iterable, and its iterator is not."""

    def __init__(self, ids: Iterable[Any]) -> None:
        self._ids = iter(ids)

    def __iter__(self) -> Any:
        class Iterator:
            __next__ = self._ids.__next__

        return Iterator()


@both_orders
@pytest.mark.parametrize("kind", [list, iter, as_async, Minimal])
@pytest.mark.parametrize("concurrency", [1, 4, 1000])
@virtual_time()
async def test_each_id_has_its_result(kind: Callable[[Any], Any], concurrency: int, ordered: bool) -> None:
    """Lists, iterators and async iterators; also with more places than ids."""
    fetcher = Fetcher(lambda call_id: 30 - number(call_id))
    results = [result async for result in fetcher.many(kind(IDS), concurrency=concurrency, ordered=ordered)]
    assert Counter(result.call_id for result in results) == Counter(IDS)
    assert all(result.unwrap().call_id == result.call_id for result in results)
    if ordered or concurrency == 1:
        assert [result.call_id for result in results] == IDS
    assert asyncio.all_tasks() == {asyncio.current_task()}


@virtual_time()
async def test_results_come_as_they_arrive() -> None:
    """A slow one holds back nothing unless the order counts, and then only as many as may be read ahead."""
    fetcher = Fetcher(lambda call_id: 100 if call_id == "c-0" else 1)
    assert [result.call_id async for result in fetcher.many()][-1] == "c-0"
    fetcher = Fetcher(lambda call_id: 100 if call_id == "c-0" else 1)
    results = aiter(fetcher.many(ordered=True))
    first = asyncio.ensure_future(anext(results))
    await asyncio.sleep(50)
    assert (fetcher.begun, fetcher.running) == (IDS[:4], 1)
    assert (await first).call_id == "c-0"


@virtual_time()
async def test_no_ids() -> None:
    """There is nothing to wait for."""
    assert await outcome(Fetcher().many([])) == ([], None)
    assert await outcome(Fetcher().many(as_async([]))) == ([], None)


@both_orders
@both_kinds
@pytest.mark.parametrize("concurrency", [1, 3, 8])
@virtual_time()
async def test_slow_consumer_bounds_what_is_read(kind: Callable[[Any], Any], concurrency: int, ordered: bool) -> None:
    """Never more than ``concurrency`` ids are read and not taken, repeated ids included; nor fewer."""
    read: list[str] = []

    def source() -> Iterator[str]:
        for call_id in [call_id for call_id in IDS for _ in range(2)]:
            read.append(call_id)
            yield call_id

    taken = 0
    async for _ in Fetcher().many(kind(source()) if kind is not list else source(), concurrency=concurrency):
        assert len(read) - taken <= concurrency
        taken += 1
        await asyncio.sleep(10)
        assert len(read) - taken == min(concurrency, 60 - taken)
    assert taken == 60


@virtual_time()
async def test_nothing_is_read_before_the_first_result_is_requested() -> None:
    """Not by making the object, entering the block or asking for the iterator."""
    read: list[int] = []
    results = Fetcher().many(read.append(1) or "c" for _ in range(3))  # type: ignore[func-returns-value]
    async with results:
        iterator = aiter(results)
        await run_turns(5)
        assert (read, repr(results)) == ([], "<FetchResults, 0 taken>")
        await anext(iterator)
        assert (len(read), repr(results)) == (3, "<FetchResults, 1 taken>")


@virtual_time()
async def test_infinite_iterable() -> None:
    """It is not read to its end."""

    def endless() -> Iterator[str]:
        while True:
            yield str(uuid.uuid4())

    fetcher = Fetcher()
    async with fetcher.many(endless(), concurrency=10) as results:
        count = 0
        async for _ in results:
            count += 1
            if count == 100:
                break
    assert len(fetcher.begun) <= 110
    assert fetcher.running == 0


# Ids.


@both_orders
@virtual_time()
async def test_repeated_ids_in_flight_are_fetched_once(ordered: bool) -> None:
    """Each occurrence has its own result, with the id as it was passed, be it text or UUID."""
    one = uuid.uuid4()
    ids = ["a", one, "a", str(one), "b", "a"]
    fetcher = Fetcher()
    results = [result async for result in fetcher.many(ids, concurrency=10, ordered=ordered)]
    assert fetcher.begun == ["a", one, "b"]
    assert Counter(map(repr, (result.call_id for result in results))) == Counter(map(repr, ids))
    if ordered:
        assert [result.call_id for result in results] == ids
    assert next(result.call for result in results) is results[0].call


@virtual_time()
async def test_repeated_ids_that_are_not_in_flight_are_fetched_again() -> None:
    """A call changes; only what would be in progress twice is spared."""
    fetcher = Fetcher()
    assert len([result async for result in fetcher.many(["a", "b", "a", "b"], concurrency=1)]) == 4
    assert fetcher.begun == ["a", "b", "a", "b"]


@virtual_time()
async def test_repeated_ids_share_a_failure() -> None:
    """Each occurrence has it."""
    fetcher = Fetcher(1, {"a": NotFoundError("x")})
    results = [result async for result in fetcher.many(["a", "a"])]
    assert [type(result.error) for result in results] == [NotFoundError] * 2
    assert fetcher.begun == ["a"]


class Hostile(str):
    """A text that compares and hashes as it likes."""

    __slots__ = ()

    def __hash__(self) -> int:
        raise TypeError("unhashable")

    def __eq__(self, other: object) -> bool:
        raise TypeError("incomparable")

    def __str__(self) -> str:
        raise TypeError("no text")


@virtual_time()
async def test_ids_that_compare_as_they_like() -> None:
    """True, 1 and 1.0 are equal, and lists have no hash: none is taken for another, and each has its result."""
    ids: list[Any] = [1, True, 1.0, ["a"], {}, None, b"a", Hostile("a"), "a", Hostile("a")]
    begun: list[Any] = []

    async def fetch(call_id: Any) -> Call:
        begun.append(call_id)
        await asyncio.sleep(1)
        return Call()

    results = [result async for result in FetchResults(fetch, ids, 100, ordered=True)]
    assert [id(result.call_id) for result in results] == list(map(id, ids))
    assert [type(call_id) for call_id in begun] == [int, bool, float, list, dict, type(None), bytes, Hostile]


# Bad input.


@pytest.mark.parametrize(
    "ids", ["c-1", b"c-1", 5, None, uuid.uuid4(), object(), Call(call_id="c")], ids=lambda value: type(value).__name__
)
def test_ids_that_cannot_be_iterated(ids: Any) -> None:
    """A text is a single id and not many of one character."""
    with pytest.raises(ConfigurationError, match=r"^ids must be an iterable") as caught:
        Fetcher().many(ids)
    assert "c-1" not in str(caught.value)


@pytest.mark.parametrize("concurrency", [0, -1, 1.0, float("nan"), float("inf"), True, "4", None], ids=repr)
def test_concurrency_that_cannot_be_used(concurrency: Any) -> None:
    """The error names the option."""
    with pytest.raises(ConfigurationError, match="concurrency must be an integer of at least 1"):
        Fetcher().many(concurrency=concurrency)


def test_iterable_that_raises_before_its_first_item() -> None:
    """``__iter__`` and ``__aiter__`` raise at once."""

    class Broken:
        def __iter__(self) -> Any:
            raise TypeError("my own")

    with pytest.raises(TypeError, match="my own"):
        Fetcher().many(Broken())


@virtual_time()
async def test_repr_shows_nothing() -> None:
    """No id, and nothing that was said."""
    call_id = WORDS["metadata"]
    error = NotFoundError("x", msg=WORDS["transcript"])
    shown = repr([FetchResult(call_id, Call(transcript=WORDS["transcript"])), FetchResult(call_id, None, error)])
    assert shown == "[<FetchResult call>, <FetchResult NotFoundError>]"
    results = Fetcher(0).many([call_id])
    assert repr(results) + repr([each async for each in results]) == "<FetchResults, 0 taken>[<FetchResult call>]"


def test_result_is_a_value() -> None:
    """It cannot be changed, compares by its parts, and can be matched."""
    result = FetchResult("c", Call(call_id="c"))
    assert result == FetchResult("c", Call(call_id="c"), None)
    with pytest.raises(AttributeError):
        result.call = None  # type: ignore[misc]
    match result:
        case FetchResult(call_id, Call(), None):
            assert call_id == "c"
        case _:
            pytest.fail("no match")
    with pytest.raises(PuretalkError):
        FetchResult("c", None, PuretalkError("x")).unwrap()
