"""A list operation of other items than calls, all of whose fields are required."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from puretalk_generated.types import Request, Responses


@frozen(kw_only=True)
class ListedThing:
    """An item."""

    name: str


@frozen(kw_only=True)
class ListThingsResponse:
    """A page."""

    count: int
    next_: str | None
    results: list[ListedThing]


RESPONSES: Final[Responses[ListThingsResponse]] = Responses(())


def request(*, page: int | None = None) -> Request:
    """Build the request of ``list_things``."""
    return Request(method="GET", path=f"/things/{page}")
