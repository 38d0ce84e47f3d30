"""Thousands of requests at once on few connections: each is delivered, and the first to wait is the first to go."""

from __future__ import annotations

import asyncio

import pytest
from tests.support.process import ServerProcess

from puretalk_client import Call

from .harness import base_url, new_id
from .scripts import ROWS
from .transports import TRANSPORTS

REQUESTS, CONNECTIONS = 2000, 20


@pytest.mark.parametrize("transport", ["httpx", "aiohttp"])
async def test_burst_is_delivered_in_order(transport: str, server: ServerProcess) -> None:
    """No connection takes too long to open because the event loop is busy with the others."""
    order: list[int] = []
    url = base_url(server, ROWS["good"])
    async with TRANSPORTS[transport](base_url=url, max_connections=CONNECTIONS, max_retries=0) as client:

        async def fetch(number: int) -> None:
            call = await client.calls.get(new_id("good"), timeout=600)
            assert isinstance(call, Call)
            order.append(number)

        await asyncio.gather(*(fetch(number) for number in range(REQUESTS)))
    assert sorted(order) == list(range(REQUESTS))
    # Requests on different connections may overtake each other, but by no more than there are connections.
    assert max(abs(place - number) for place, number in enumerate(order)) <= 5 * CONNECTIONS
