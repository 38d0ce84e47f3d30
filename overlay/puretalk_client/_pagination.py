"""The items of a list operation, page after page: ``client.paginate``."""

from __future__ import annotations

import asyncio
import math
import re
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Generic, Protocol, Self, TypeVar, get_args, get_origin
from urllib.parse import parse_qs, urlsplit

import attrs

from puretalk_generated.codec import hints
from puretalk_generated.types import Request, Responses

from . import errors
from ._core.decoding import fields_by_json_name
from ._core.options import validate_int
from ._core.redaction import Secret
from ._core.sender import Sender
from .models import replaced

T_co = TypeVar("T_co", covariant=True)

MAX_EMPTY_PAGES = 10
"""Empty pages in a row that are followed by another: a filter of the server may leave some, but not any number."""

_NUMBER = re.compile("[0-9]{1,18}")


class Page(Protocol[T_co]):
    """The body of a list operation: ``count``, ``next``, ``previous`` and ``results``."""

    @property
    def results(self) -> Sequence[T_co] | None:
        """The items of this page."""
        ...


class ListOperation(Protocol[T_co]):
    """A module of ``puretalk_generated.api`` whose operation returns one page of a list."""

    @property
    def RESPONSES(self) -> Responses[Page[T_co]]:
        """The documented responses."""
        ...

    @property
    def request(self) -> Callable[..., Request]:
        """Builds the request; it has a parameter ``page``."""
        ...


@attrs.define
class _Position:
    page: int | None
    count: int | None = None


class Paginator(AsyncIterator[T_co], Generic[T_co]):
    """An async iterator over the items of a list operation, in the server's order; made by ``AsyncPuretalk.paginate``.

    While you use the items of a page, the client fetches the next one. If you leave the loop early, that request ends
    once nothing refers to the iterator. To end it at once, use the iterator as an async context manager, or await
    ``aclose()``.
    """

    def __init__(
        self, sender: Sender, operation: ListOperation[T_co], parameters: Secret, max_items: int | None
    ) -> None:
        """Refuse what cannot work; nothing is sent yet. A filter among ``parameters`` can be a phone number."""
        self._name: str | None = None
        self._position = _Position(None)  # here, since a traceback may show this object
        name = operation.request(**parameters.reveal()).operation  # a TypeError names a parameter that it does not have
        documented = operation.RESPONSES.match(200)
        model: Any = replaced[documented.type] if documented is not None else None
        fields = fields_by_json_name(model)[0] if attrs.has(model) else {}
        if not {"next", "results"} <= fields.keys() or "page" not in operation.request.__annotations__:
            raise errors.ConfigurationError(f"{name} is not a list operation with page, next and results")
        page = parameters.reveal().get("page")
        if page is not None:
            validate_int("page", page, minimum=0)
        if max_items is not None:
            validate_int("max_items", max_items, minimum=1)

        async def fetch(number: int | None) -> Any:
            request = operation.request(**{**parameters.reveal(), "page": number})
            return await sender.send(request, operation.RESPONSES, check=_check_page)

        self._name, self._position.page = name, page
        # It does not refer to this object: otherwise only the garbage collector would end it.
        self._items: AsyncGenerator[T_co, None] = _iterate(
            fetch, self._position, math.inf if max_items is None else max_items, _item_type(hints(model)["results"])
        )

    @property
    def page(self) -> int | None:
        """The page to start at to resume: that of the last item, or the one that is awaited or has failed.

        None before the first response, unless ``page`` was passed.
        """
        return self._position.page

    @property
    def count(self) -> int | None:
        """The number of all items according to the last page; None if the server does not send it."""
        return self._position.count

    async def __anext__(self) -> T_co:
        return await self._items.__anext__()

    async def aclose(self) -> None:
        """End the iteration and the request for the next page."""
        await self._items.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"<Paginator of {self._name}, page {'?' if self.page is None else self.page}>"


async def _iterate(
    fetch: Callable[[int | None], Awaitable[Any]], position: _Position, left: float, item_type: Any
) -> AsyncGenerator[Any, None]:
    """Yield up to ``left`` items from ``position`` on. No error finds an item in a local of this frame."""
    ahead: asyncio.Future[Any] | None = asyncio.ensure_future(fetch(position.page))
    empty_pages = 0
    try:
        while ahead is not None:
            items, following, failure = _read(await ahead, position)
            empty_pages = 0 if items else empty_pages + 1
            if following is not None and empty_pages > MAX_EMPTY_PAGES:
                following = None
                failure = errors.ResponseDecodeError(f"More than {MAX_EMPTY_PAGES} pages in a row are empty")
            has_more = following is not None and len(items) < left
            ahead = asyncio.ensure_future(fetch(following)) if has_more else None
            while items and left:
                if not isinstance(items[0], item_type):
                    items.clear()
                    raise errors.ResponseDecodeError(f"An item of page {position.page} is not an object")
                left -= 1
                yield items.popleft()
            if failure is not None and left:
                raise failure
            if ahead is not None:
                position.page = following
    finally:
        if ahead is not None:
            ahead.cancel()
            await asyncio.gather(ahead, return_exceptions=True)  # its error, if it has failed, concerns nobody


def _read(page: Any, position: _Position) -> tuple[deque[Any], int | None, errors.PuretalkError | None]:
    """Return the items of a page, and the number of the next one or why there is none to be trusted."""
    fields = fields_by_json_name(page.__class__)[0]
    count = getattr(page, fields.get("count", ""), None)
    position.count = count if type(count) is int else None
    link = getattr(page, fields["next"])
    if link is None or link == "":
        position.page = 1 if position.page is None else position.page
        return deque(page.results), None, None
    following = page_number(link)
    if following is not None and position.page is None:
        position.page = following - 1
    if following is None or position.page is None or following <= max(position.page, 0):
        where = "the first page" if position.page is None else f"page {position.page}"
        failure = errors.ResponseDecodeError(f"next of {where} does not lead to a later page")
        return deque(page.results), None, failure
    return deque(page.results), following, None


def page_number(link: Any) -> int | None:
    """Return the number in ``next``, which is a number or a URL; None if it has none.

    Only the number is used. The URL is the server's, and the API key must not follow it.
    """
    if type(link) is int:
        return link
    try:
        values = parse_qs(urlsplit(link).query).get("page", []) if isinstance(link, str) else []
    except ValueError:
        return None
    text = values[0] if len(values) == 1 else link
    return int(text) if isinstance(text, str) and _NUMBER.fullmatch(text) else None


def _check_page(page: Any) -> None:
    """Refuse a page without an array of results."""
    if page.results is None:
        raise errors.MissingResultsError("The page holds no results")
    if not isinstance(page.results, list):
        raise errors.ResponseDecodeError("The results of the page are not an array")


def _item_type(hint: Any) -> Any:
    """Return the model of the items in ``list[Model] | None``; ``object`` where they have another type."""
    items = [get_args(part)[0] for part in (hint, *get_args(hint)) if get_origin(part) is list]
    return items[0] if items and attrs.has(items[0]) else object
