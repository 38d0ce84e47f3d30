"""A server in memory for ``httpx.AsyncClient``, and a client that sends its requests to it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import msgspec
from attrs import field, frozen

from puretalk_client import AsyncPuretalk

from .canary import API_KEY

BASE_URL = "https://api.test/api"


@frozen
class Scripted:
    """A response to play."""

    status: int = 200
    content: bytes = b""
    headers: dict[str, str] = field(factory=dict)


Step = Scripted | BaseException | Callable[[httpx.Request], Awaitable[Scripted]]
"""What happens to a request: a response, an exception to raise, or a function that does either in its own time."""


class ScriptedTransport(httpx.AsyncBaseTransport):
    """Plays one step for each request, in order, and repeats the last one.

    Attributes:
        requests: The requests received.
    """

    def __init__(self, *steps: Step) -> None:
        self._steps = steps
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Play the next step."""
        step = self._steps[min(len(self.requests), len(self._steps) - 1)]
        self.requests.append(request)
        if isinstance(step, BaseException):
            raise step
        response = step if isinstance(step, Scripted) else await step(request)
        return httpx.Response(response.status, headers=response.headers, content=response.content)


def envelope(results: Any, **fields: Any) -> Scripted:
    """Return the response to a successful ``GET /calls/{call_id}``, with other ``fields`` of the envelope."""
    return Scripted(content=msgspec.json.encode({"msg": "Success", "err": False, "results": results, **fields}))


async def hang(_: httpx.Request) -> Scripted:
    """Never respond."""
    await asyncio.Event().wait()
    raise AssertionError("unreachable")


def held_until(event: asyncio.Event, response: Scripted) -> Step:
    """Return a step that responds once ``event`` is set."""

    async def step(_: httpx.Request) -> Scripted:
        await event.wait()
        return response

    return step


@contextlib.asynccontextmanager
async def client_over(transport: httpx.AsyncBaseTransport, **options: Any) -> AsyncIterator[AsyncPuretalk]:
    """Open a client with the key of ``canary`` whose requests go to ``transport``, some connections at a time."""
    connections = options.pop("max_connections", 100)
    async with (
        httpx.AsyncClient(transport=transport) as http,
        AsyncPuretalk(API_KEY, base_url=BASE_URL, http_client=http, **options) as client,
    ):
        client._sender.pool.max_connections = connections
        yield client
