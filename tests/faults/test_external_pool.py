"""An external client of httpx survives requests that ran into their deadlines."""

from __future__ import annotations

import asyncio
from collections import Counter

import httpx
from tests.support.canary import API_KEY
from tests.support.clock import movable_loop, run_turns
from tests.support.eventually import eventually
from tests.support.wire import envelope
from tests.unit.core.local_server import local_server, response

from puretalk_client import AsyncPuretalk

CONNECTIONS = 10
ROUNDS = 6
PER_ROUND = 40
TIMEOUT = 5.0


async def fetch_all(client: AsyncPuretalk, count: int, *, timeout: float | None = None) -> Counter[str]:
    """Fetch so many calls at once; count the outcomes by their class."""
    fetches = (client.calls.get("c", timeout=timeout) for _ in range(count))
    return Counter(type(result).__name__ for result in await asyncio.gather(*fetches, return_exceptions=True))


async def test_external_client_survives_deadlines() -> None:
    """Six rounds of 40 requests, of which 10 are sent and 30 wait, and none in time; then all succeed.

    httpcore 1.0.9 loses a connection of its pool for good when a request is cancelled that was just assigned it
    (encode/httpcore#1093), so no more requests may reach the pool than it has connections.
    """
    is_open = asyncio.Event()

    async def respond(head: str) -> bytes:
        await is_open.wait()
        return response(envelope("c"))

    limits = httpx.Limits(max_connections=CONNECTIONS)
    async with (
        local_server(respond) as server,
        httpx.AsyncClient(limits=limits, trust_env=False, timeout=None) as http_client,
        AsyncPuretalk(API_KEY, base_url=server.url, http_client=http_client, max_retries=0) as client,
    ):
        for _ in range(ROUNDS):
            is_open.clear()
            sent = len(server.requests)
            first = asyncio.create_task(fetch_all(client, PER_ROUND // 2, timeout=TIMEOUT))
            await eventually(lambda: len(server.requests) == sent + CONNECTIONS)  # noqa: B023
            movable_loop().move(TIMEOUT / 2)
            second = asyncio.create_task(fetch_all(client, PER_ROUND // 2, timeout=TIMEOUT))
            await run_turns()
            movable_loop().move(TIMEOUT / 2)  # those of the second half get their connections in this moment
            assert await first == {"APITimeoutError": CONNECTIONS, "PoolTimeoutError": PER_ROUND // 2 - CONNECTIONS}
            movable_loop().move(TIMEOUT / 2)
            assert sum((await second).values()) == PER_ROUND // 2
            is_open.set()
            assert await fetch_all(client, PER_ROUND) == {"Call": PER_ROUND}
