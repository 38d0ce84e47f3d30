"""A list operation as the generator writes one, and what a server plays for it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qs

import httpx
import msgspec
import pytest
from attrs import field, frozen

from puretalk_client import Paginator, PuretalkError
from puretalk_generated import models as generated
from puretalk_generated.types import DocumentedResponse, Request, Responses, encode_query

from .transports import Scripted, ScriptedTransport, Step, hang
from .wire import End, ReceivedRequest, Script, call, http


@frozen(kw_only=True, repr=False)
class ListCallsResponse:
    """A page."""

    count: int | None = None
    next_: str | None = field(default=None, metadata={"json_name": "next"})
    previous: str | None = None
    results: list[generated.Call] | None = None


RESPONSES: Final[Responses[ListCallsResponse]] = Responses((DocumentedResponse(200, 200, "json", ListCallsResponse),))


def request(*, page: int | None = None, limit: int | None = None, from_number: str | None = None) -> Request:
    """Build the request of ``list_calls``."""
    params = encode_query([("page", page), ("limit", limit), ("from_number", from_number)])
    return Request(method="GET", path="/calls", params=params, operation="list_calls", path_template="/calls")


def body(number: int, *, ids: int = 2, following: object = None, **fields: Any) -> dict[str, Any]:
    """Make the page ``number``: calls p1-1, p1-2 and so on, with every one of the canary's words."""
    calls = [call(f"p{number}-{position}") for position in range(1, ids + 1)]
    return {"count": 6, "next": following, "previous": None, "results": calls, **fields}


def link(number: int, host: str = "https://api.test") -> str:
    """Write a URL of a page."""
    return f"{host}/api/calls?limit=2&page={number}"


THREE: Mapping[int, Any] = {1: body(1, following=link(2)), 2: body(2, following=link(3)), 3: body(3)}
"""Six calls on three pages."""
ALL = ["p1-1", "p1-2", "p2-1", "p2-2", "p3-1", "p3-2"]
"""Their ids."""


def serve(pages: Mapping[int, Any], *, first: int = 1) -> Step:
    """Serve pages by number, ``first`` by default, and 404 for others."""

    async def step(received: httpx.Request) -> Scripted:
        page = pages.get(int(received.url.params.get("page", first)))
        return Scripted(404) if page is None else Scripted(content=msgspec.json.encode(page))

    return step


def hold_second() -> tuple[ScriptedTransport, list[str]]:
    """Serve the first page and hold any other; return also what becomes of those requests."""
    outcomes: list[str] = []

    async def step(received: httpx.Request) -> Scripted:
        if "page" not in received.url.params:
            return Scripted(content=msgspec.json.encode(THREE[1]))
        outcomes.append("begun")
        try:
            return await hang(received)
        finally:
            outcomes.append("ended")

    return ScriptedTransport(step), outcomes


async def ids_of(pages: Paginator[Any], failure: type[PuretalkError] | None = None) -> list[Any]:
    """Return the ids of all items, up to the failure that must end them."""
    found: list[Any] = []
    with pytest.raises(failure or StopAsyncIteration):  # noqa: PT012
        while True:
            found.append((await anext(pages)).call_id)
    with pytest.raises(StopAsyncIteration):  # for good
        await anext(pages)
    return found


def sent(transport: ScriptedTransport) -> list[str]:
    """Return the queries of the requests."""
    return [request.url.query.decode() for request in transport.requests]


async def drain(pages: AsyncIterator[Any]) -> None:
    """Use up all items and keep none."""
    try:
        while True:
            await anext(pages)
    except StopAsyncIteration:
        pass


def as_items(value: Any) -> list[Any]:
    """Return a value with what it holds, if it is a collection."""
    return [value, *value] if hasattr(type(value), "__len__") and not isinstance(value, str) else [value]


def _number(received: ReceivedRequest) -> int:
    """Return the page that a request asks for."""
    return int(parse_qs(received.call_id.partition("?")[2]).get("page", ["1"])[0])


def _pages(received: ReceivedRequest) -> Iterator[bytes]:
    yield http(json.dumps(THREE[_number(received)]).encode())


def _cut_second(received: ReceivedRequest) -> Iterator[bytes | End]:
    response = http(json.dumps(THREE[_number(received)]).encode())
    if _number(received) == 2:
        yield response[: len(response) // 2]
        yield End.RESET
    yield response


def _hold_second(received: ReceivedRequest) -> Iterator[bytes | End]:
    if _number(received) == 2:
        yield End.HOLD
    yield http(json.dumps(THREE[_number(received)]).encode())


def _elsewhere(received: ReceivedRequest) -> Iterator[bytes]:
    number = _number(received)
    page = body(number, following=link(number + 1, received.elsewhere) if number < 3 else None)
    yield http(json.dumps(page).encode())


SCRIPTS: Mapping[str, Script] = {
    "pages": _pages, "cut-second": _cut_second, "hold-second": _hold_second, "elsewhere": _elsewhere
}  # fmt: skip
