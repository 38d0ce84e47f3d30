"""``client.calls.get_many``: how far it reads ahead, what ends it, and that nothing goes on when a loop is left."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import traceback
import uuid
import weakref
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from typing import Any

import pytest
from tests.support.canary import WORDS

from puretalk_client import (
    AuthenticationError,
    Call,
    ConfigurationError,
    FetchResult,
    FetchResults,
    NotFoundError,
    PermissionDeniedError,
    PuretalkError,
    RateLimitError,
    ServerError,
    WaitTimeoutError,
)
from puretalk_client.testing import virtual_time

IDS = [f"c-{number}" for number in range(30)]


class Fetcher:
    """Fetches calls in so many seconds of virtual time, some of them in vain.

    Attributes:
        begun: The ids, in the order in which fetching began.
        running: How many are being fetched.
    """

    def __init__(
        self,
        seconds: float | Callable[[Any], float] = 1.0,
        failures: dict[Any, BaseException] | None = None,
    ) -> None:
        self._seconds, self._failures = seconds, failures or {}
        self.begun: list[Any] = []
        self.running = 0

    async def __call__(self, call_id: Any) -> Call:
        """Fetch a call."""
        self.begun.append(call_id)
        self.running += 1
        try:
            await asyncio.sleep(self._seconds(call_id) if callable(self._seconds) else self._seconds)
        finally:
            self.running -= 1
        if call_id in self._failures:
            raise self._failures[call_id]
        return Call(call_id=str(call_id))

    def many(self, ids: Any = IDS, *, concurrency: int = 4, ordered: bool = False) -> FetchResults:
        """Fetch many."""
        return FetchResults(self, ids, concurrency, ordered=ordered)


def number(call_id: str) -> int:
    """Return the number of one of ``IDS``."""
    return int(call_id.removeprefix("c-"))


async def as_async(ids: Iterable[Any]) -> AsyncIterator[Any]:
    """Iterate asynchronously."""
    for call_id in ids:
        await asyncio.sleep(0.1)
        yield call_id


async def outcome(results: FetchResults) -> tuple[list[Any], BaseException | None]:
    """Return the ids of the results, and the error that ended them."""
    found: list[Any] = []
    try:
        async for result in results:
            found.append(result.call_id)
    except BaseException as error:
        return found, error
    return found, None


async def turns(count: int) -> None:
    """Let the event loop run so many iterations."""
    for _ in range(count):
        await asyncio.sleep(0)


both_orders = pytest.mark.parametrize("ordered", [False, True])


class Minimal:
    """Iterable, and its iterator is not."""

    def __init__(self, ids: Iterable[Any]) -> None:
        self._ids = iter(ids)

    def __iter__(self) -> Any:
        class Iterator:
            __next__ = self._ids.__next__

        return Iterator()


both_kinds = pytest.mark.parametrize("kind", [list, iter, as_async])


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
        await turns(5)
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


# Failures.


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


# A loop that is left.


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


async def cancel_after(work: Any, seconds: float) -> None:
    """Cancel a task after some time, and see that it ends by that."""
    task = asyncio.create_task(work)
    await asyncio.sleep(seconds)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


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
        await turns(10)
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
        await turns(count)
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
    await turns(3)
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
        await turns(count)
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
