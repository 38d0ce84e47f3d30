"""``client.paginate``: pages one ahead, errors at the right item, and servers that do not keep to the rules."""

from __future__ import annotations

import asyncio
import gc
import inspect
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support import pages as list_calls
from tests.support.canary import API_KEY, WORDS
from tests.support.eventually import PATIENCE, eventually
from tests.support.exposure import Exposures, format_frames
from tests.support.pages import (
    ALL,
    THREE,
    ListCallsResponse,
    as_items,
    body,
    drain,
    hold_second,
    ids_of,
    link,
    sent,
    serve,
)
from tests.support.process import ServerProcess, scripted_server
from tests.support.transports import ScriptedTransport, client_over, envelope

from puretalk_client import AsyncPuretalk, Call, CallStatus, errors
from puretalk_client._pagination import MAX_EMPTY_PAGES, page_number
from puretalk_generated.api.calls import get_call

pytestmark = pytest.mark.usefixtures("own_key_place")


async def test_items_come_in_order_over_all_pages() -> None:
    """They are this package's calls, each page has the parameters of the first, and the iterator knows its page."""
    transport = ScriptedTransport(serve(THREE))
    async with client_over(transport) as client:
        pages = client.paginate(list_calls, limit=2, from_number=WORDS["from_number"])
        assert (repr(pages), pages.page, transport.requests) == ("<Paginator of list_calls, page ?>", None, [])
        found = [(call.call_id, pages.page) async for call in pages]
        assert found == list(zip(ALL, [1, 1, 2, 2, 3, 3], strict=True))
        assert (pages.count, repr(pages)) == (6, "<Paginator of list_calls, page 3>")
        first = await anext(client.paginate(list_calls))
        whole = await client.send(list_calls.request(), list_calls.RESPONSES)
    query = "limit=2&from_number=%2B15550142"
    assert sent(transport)[:3] == [query, f"page=2&{query}", f"page=3&{query}"]
    assert type(first) is Call
    assert first.status is CallStatus.COMPLETED
    assert isinstance(whole, ListCallsResponse)
    assert whole.results is not None
    assert whole.results[0] == first


async def test_next_page_is_fetched_while_items_of_the_present_one_are_used() -> None:
    """One page ahead, and not two."""
    transport = ScriptedTransport(serve(THREE))
    async with client_over(transport) as client, client.paginate(list_calls) as pages:
        for position, requests in enumerate((2, 2, 3, 3, 3, 3)):
            assert (await anext(pages)).call_id == ALL[position]
            await eventually(lambda: len(transport.requests) == requests)  # noqa: B023
            for _ in range(20):
                await asyncio.sleep(0)
            assert len(transport.requests) == requests
        with pytest.raises(StopAsyncIteration):
            await anext(pages)


async def test_end_of_the_block_ends_the_request_for_the_next_page() -> None:
    """It has ended when the block has, and so it has with ``aclose``; further items there are none."""
    transport, outcomes = hold_second()
    async with client_over(transport, timeout=1e6) as client, asyncio.timeout(PATIENCE):
        async with client.paginate(list_calls) as pages:
            async for _ in pages:
                await eventually(lambda: outcomes == ["begun"])
                break
        assert outcomes == ["begun", "ended"]
        assert client._sender.pool.slots.free == 100
        with pytest.raises(StopAsyncIteration):
            await anext(pages)
        await pages.aclose()


async def test_loop_that_is_left_early_ends_the_request_too() -> None:
    """Without a block, once nothing refers to the iterator, and without the garbage collector."""
    transport, outcomes = hold_second()
    gc.disable()
    try:
        async with client_over(transport) as client:
            async for _ in client.paginate(list_calls):
                await eventually(lambda: outcomes == ["begun"])
                break
            await eventually(lambda: outcomes == ["begun", "ended"])
    finally:
        gc.enable()


async def test_cancellation_ends_the_request_too() -> None:
    """The task that waits for the second page is cancelled, and nothing is left behind."""
    transport, outcomes = hold_second()
    async with client_over(transport) as client:
        others = asyncio.all_tasks()
        task = asyncio.create_task(ids_of(client.paginate(list_calls)))
        await eventually(lambda: outcomes == ["begun"])
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert outcomes == ["begun", "ended"]
        assert asyncio.all_tasks() == others


async def test_failure_of_a_page_that_nobody_wants_is_silent() -> None:
    """The next page has failed when the loop is left: asyncio does not report it as forgotten."""
    reported: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    transport = ScriptedTransport(serve({1: THREE[1]}))
    async with client_over(transport) as client:
        async with client.paginate(list_calls) as pages:
            others = asyncio.all_tasks()
            await anext(pages)
            await eventually(lambda: len(transport.requests) == 2 and asyncio.all_tasks() == others)
        del pages
        gc.collect()
        await asyncio.sleep(0)
    assert reported == []


async def test_error_comes_after_the_items_before_it_and_names_where_to_resume() -> None:
    """``page`` is the page that failed; started there, no item is repeated or lost."""
    async with client_over(ScriptedTransport(serve({1: THREE[1], 2: THREE[2]}))) as client:
        pages = client.paginate(list_calls)
        assert await ids_of(pages, errors.NotFoundError) == ALL[:4]
        assert pages.page == 3
    transport = ScriptedTransport(serve(THREE))
    async with client_over(transport) as client:
        assert await ids_of(client.paginate(list_calls, page=pages.page)) == ALL[4:]
    assert sent(transport) == ["page=3"]


@pytest.mark.parametrize(("value", "number"), [
    (2, 2), ("2", 2), ("?page=2", 2), (link(2, "https://elsewhere.test:1"), 2), ("//elsewhere.test/?a=1&page=2#x", 2),
    (True, None), (2.0, None), ("x", None), ("", None), ("-2", None), ("²", None), ("9" * 19, None), ([2], None),
    ("?page=", None), ("?page=2&page=3", None), ("?page=two", None), ("https://[/?page=2", None), ("?cursor=a", None),
])  # fmt: skip
def test_next_is_a_number_or_has_one(value: Any, number: int | None) -> None:
    """Any host will do, since only the number is read."""
    assert page_number(value) == number


@pytest.mark.parametrize("following", [2, link(2), 1, 0, -3, True, "soon", link(1), ["3"], {}, "?page=2&page=3"])
async def test_next_that_leads_to_no_later_page_ends_with_an_error(following: Any) -> None:
    """The items of that page come first. A server that returns the same next for ever ends there too."""
    transport = ScriptedTransport(serve({1: THREE[1], 2: body(2, following=following)}))
    async with client_over(transport) as client:
        assert await ids_of(client.paginate(list_calls, max_items=50), errors.ResponseDecodeError) == ALL[:4]
        assert await ids_of(client.paginate(list_calls, max_items=4)) == ALL[:4]
    assert len(transport.requests) == 4


async def test_pages_may_begin_with_zero() -> None:
    """The first request names no page, so that the server's own first page comes first."""
    transport = ScriptedTransport(serve({0: body(0, following=1), 1: body(1, following="")}, first=0))
    async with client_over(transport) as client:
        pages = client.paginate(list_calls)
        assert [(call.call_id, pages.page) async for call in pages][::2] == [("p0-1", 0), ("p1-1", 1)]
    assert sent(transport) == ["", "page=1"]


async def test_empty_pages_are_followed_but_not_for_ever() -> None:
    """Ten in a row, as a filter of the server may leave them."""
    empty = {number: body(number, ids=0, following=number + 1) for number in range(2, 100)}
    async with client_over(ScriptedTransport(serve({**THREE, **empty, MAX_EMPTY_PAGES + 2: body(9)}))) as client:
        assert await ids_of(client.paginate(list_calls)) == [*ALL[:2], "p9-1", "p9-2"]
    transport = ScriptedTransport(serve({**THREE, **empty}))
    async with client_over(transport) as client:
        assert await ids_of(client.paginate(list_calls), errors.ResponseDecodeError) == ALL[:2]
    assert len(transport.requests) == MAX_EMPTY_PAGES + 2


BAD_PAGES: list[tuple[Any, type[errors.PuretalkError]]] = [
    (body(2, results=None), errors.MissingResultsError),
    ({"count": 0, "next": None}, errors.MissingResultsError),
    (body(2, results={"call_id": "1"}), errors.ResponseDecodeError),
    (body(2, results="none"), errors.ResponseDecodeError),
    ({"err": True, "msg": "quota used up"}, errors.EnvelopeError),
    ({"err": True, "msg": "quota used up", "results": []}, errors.EnvelopeError),
    ([body(2)], errors.ResponseDecodeError),
    (None, errors.NotFoundError),
]


@pytest.mark.parametrize(("page", "kind"), BAD_PAGES)
async def test_page_without_an_array_of_results_is_an_error(page: Any, kind: type[errors.PuretalkError]) -> None:
    """After the items of the page before it; an error of the server keeps its message."""
    async with client_over(ScriptedTransport(serve({**THREE, 2: page}))) as client:
        pages = client.paginate(list_calls)
        assert [(await anext(pages)).call_id for _ in range(2)] == ALL[:2]
        with pytest.raises(kind) as caught:
            await anext(pages)
    assert type(caught.value) is kind
    assert (caught.value.method, caught.value.path, caught.value.attempts) == ("GET", "/calls", 1)
    assert caught.value.msg == ("quota used up" if kind is errors.EnvelopeError else None)


@pytest.mark.parametrize("item", [None, "call", 5, [], True])
async def test_item_that_is_not_an_object_is_an_error_at_its_place(item: Any) -> None:
    """Like anything else that is not a call."""
    mixed = body(2, ids=1, following=3)
    mixed["results"].append(item)
    async with client_over(ScriptedTransport(serve({**THREE, 2: mixed}))) as client:
        assert await ids_of(client.paginate(list_calls), errors.ResponseDecodeError) == ALL[:3]


@pytest.mark.parametrize(("count", "requests"), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (6, 3), (7, 3)])
async def test_max_items_bounds_items_and_requests(count: int, requests: int) -> None:
    """No page is fetched of which no item is wanted."""
    transport = ScriptedTransport(serve(THREE))
    async with client_over(transport) as client:
        assert await ids_of(client.paginate(list_calls, max_items=count)) == ALL[:count]
        await asyncio.sleep(0)
    assert len(transport.requests) == requests


@pytest.mark.parametrize(("count", "known"), [(1, 1), (10**9, 10**9), (-1, -1), ("many", None), (None, None)])
async def test_count_decides_nothing(count: Any, known: int | None) -> None:
    """It may be wrong; the iterator shows it where it is an integer."""
    transport = ScriptedTransport(serve({number: {**page, "count": count} for number, page in THREE.items()}))
    async with client_over(transport) as client:
        pages = client.paginate(list_calls)
        assert await ids_of(pages) == ALL
    assert pages.count == known


async def test_what_cannot_work_is_refused_before_anything_is_sent() -> None:
    """At the line that asks for it, and not at the loop."""
    async with client_over(ScriptedTransport(envelope({}))) as client:
        call_id, *_ = inspect.signature(get_call.request).parameters
        with pytest.raises(errors.ConfigurationError, match="get_call is not a list operation"):
            client.paginate(get_call, **{call_id: "1"})  # type: ignore[call-overload]
        with pytest.raises(TypeError, match="statsu") as caught:
            client.paginate(list_calls, statsu="completed", from_number=WORDS["from_number"])
        shown = "".join(format_frames(caught.value))
        assert WORDS["from_number"] not in shown
        refused: list[dict[str, Any]] = [{"max_items": 0}, {"max_items": True}, {"page": -1}, {"page": "2"}]
        for options in refused:
            with pytest.raises(errors.ConfigurationError, match="must be an integer of at least"):
                client.paginate(list_calls, **options)


SAID = body(2)["results"]
LEAKING = {"item": body(2, results=[5, *SAID]), "null": body(2, results=None), "end": body(2, following=2)}


@pytest.mark.parametrize("second", LEAKING)
async def test_no_error_shows_what_people_said(second: str) -> None:
    """Its text, its chain and the locals of its frames have no item, no key, and no filter."""
    exposures = Exposures()
    with exposures.capture_logs():
        async with client_over(ScriptedTransport(serve({1: THREE[1], 2: LEAKING[second]}))) as client:
            pages = client.paginate(list_calls, from_number=WORDS["to_number"])
            with pytest.raises(errors.PuretalkError) as caught:
                await drain(pages)
    frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)]
    held = [item for frame in frames for value in frame.f_locals.values() for item in as_items(value)]
    assert "_iterate" in {frame.f_code.co_name for frame in frames}
    assert [item for item in held if isinstance(item, (Call, ListCallsResponse))] == []
    exposures.inspect_result(caught.value)
    assert (exposures.of_key(), exposures.of_words()) == ([], [])


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    """A server in a process of its own."""
    with scripted_server("tests.support.pages") as process:
        yield process


@pytest.mark.parametrize("transport", ["httpx", "aiohttp"])
async def test_over_a_network(server: ServerProcess, transport: Any) -> None:
    """A page that breaks off is an error in its place, a held one ends with the loop, no other host gets the key."""

    def client(script: str) -> AsyncPuretalk:
        url = f"http://127.0.0.1:{server.ports['plain']}/{script}/api"
        return AsyncPuretalk(API_KEY, base_url=url, transport=transport, max_retries=0)

    server.ask("elsewhere")
    for script in ("pages", "elsewhere"):
        async with client(script) as opened:
            assert await ids_of(opened.paginate(list_calls)) == ALL
    assert server.ask("elsewhere") == [0, ""]
    async with client("cut-second") as opened:
        assert await ids_of(opened.paginate(list_calls), errors.APIConnectionError) == ALL[:2]
    pauses = server.ask("pauses calls?page=2")
    async with client("hold-second") as opened:
        async with opened.paginate(list_calls) as pages:
            await anext(pages)
            await eventually(lambda: server.ask("pauses calls?page=2") > pauses)
        assert opened._sender.pool.slots.free == 100
    await eventually(lambda: server.ask("connections") == 0)
