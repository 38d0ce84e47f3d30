"""A sender of another API than Puretalk's, over a transport in memory."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import httpx
from attrs import evolve, frozen
from tests.support.canary import API_KEY
from tests.support.transports import BASE_URL, Scripted

from puretalk_client._core.options import DEFAULT_RETRIES, Options
from puretalk_client._core.pool import Clock, Pool
from puretalk_client._core.redaction import Secret
from puretalk_client._core.replacing import Replacements
from puretalk_client._core.retry import Backoff
from puretalk_client._core.sender import Sender
from puretalk_client._core.transports import open_transport
from puretalk_client._core.transports.httpx import ExternalTransport
from puretalk_generated.types import DocumentedResponse, KeyPlace, Request, Responses


@frozen(kw_only=True)
class Thing:
    """The model that requests return."""

    size: int


THING = Scripted(200, b'{"size":5}')
REQUEST = Request(method="GET", path="/things/1")
RESPONSES: Responses[Thing] = Responses((DocumentedResponse(200, 200, "json", Thing),))
OPTIONS = Options(
    base_url=BASE_URL,
    api_key=Secret(API_KEY),
    key_place=KeyPlace("header", "X-KEY"),
    headers=(),
    timeout=30.0,
    connect_timeout=5.0,
    retries=DEFAULT_RETRIES,
    max_connections=100,
    max_response_bytes=1 << 20,
    strict=False,
    on_drift=None,
    verify=True,
)


class Conventions:
    """A failure has its message as text; successes need no check, and no model is replaced."""

    def check(self, value: Any, content: bytes) -> None:
        """Accept every success."""

    named_by_customers: frozenset[str] = frozenset()
    replaced: Mapping[Any, Any] = Replacements({}, lambda model, values: model(**values))

    def message(self, content: bytes) -> str | None:
        """Return the body."""
        return content.decode() or None


class RecordingClock(Clock):
    """A clock that lists delays."""

    def __init__(self) -> None:
        self.delays: list[float] = []
        self.follow(asyncio.get_running_loop())

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        self.delays.append(seconds)
        await asyncio.sleep(seconds)


def options_with(*, max_retries: int = 2, **options: Any) -> Options:
    """Return ``OPTIONS`` with others."""
    return evolve(OPTIONS, **{"retries": evolve(DEFAULT_RETRIES, max_retries=max_retries), **options})


@contextlib.asynccontextmanager
async def open_sender(
    transport: httpx.AsyncBaseTransport, *, draw: float = 1.0, **options: Any
) -> AsyncIterator[tuple[Sender, RecordingClock]]:
    """Open a sender, and return its clock too; ``draw`` takes the place of the jitter."""
    async with httpx.AsyncClient(transport=transport) as http:
        used = options_with(**options)
        sender = Sender(used, Pool(ExternalTransport(http, BASE_URL), used.max_connections), Conventions())
        sender.pool.clock = clock = RecordingClock()
        sender.pool.backoff = Backoff(draw=lambda: draw)
        yield sender, clock
        await sender.aclose()


@contextlib.asynccontextmanager
async def open_sender_over(kind: str, base_url: str, **options: Any) -> AsyncIterator[Sender]:
    """Open a sender over sockets, without retries: ``httpx``, ``aiohttp``, or an ``external`` client."""
    async with contextlib.AsyncExitStack() as stack:
        used = options_with(**{"base_url": base_url, "max_retries": 0, **options})
        client: httpx.AsyncClient | None = None
        if kind == "external":
            client = await stack.enter_async_context(httpx.AsyncClient(trust_env=False))
        transport = open_transport(kind, used, client)
        sender = Sender(used, Pool(transport, used.max_connections), Conventions())
        stack.push_async_callback(sender.aclose)
        yield sender


async def send(sender: Sender, *, timeout: float | None = None, check: Callable[[Thing], None] | None = None) -> Thing:
    """Send ``REQUEST``."""
    return await sender.send(REQUEST, RESPONSES, timeout=timeout, check=check)


async def outcome(sender: Sender, **options: Any) -> Any:
    """Send ``REQUEST``, and return the value or the exception."""
    [result] = await asyncio.gather(send(sender, **options), return_exceptions=True)
    return result
