"""Options of a client that decide when requests leave: rate limits, and few connections for many requests."""

from __future__ import annotations

import asyncio
import uuid

from tests.support.wire import good, http

from puretalk_client import AsyncPuretalk, Call

from .rows import respond

BURST = 300


async def burst(client: AsyncPuretalk) -> None:
    """Fetch hundreds of calls at once."""
    ids = [f"good--{uuid.uuid4().hex}" for _ in range(BURST)]
    calls = await asyncio.gather(*(client.calls.get(each, timeout=1000) for each in ids))
    assert all(isinstance(call, Call) for call in calls)
    assert [call.call_id for call in calls] == ids


respond(
    "rate-limit-counts-retries",
    "Call",
    lambda request: http(b"", 503) if request.attempt == 1 else good(request),
    attempts=2,
    before=("good",),
    options={"rate_limit": 0.5},
    waits=4,
)
respond(
    "rate-limit-after-a-429",
    "Call",
    lambda request: http(b"", 429, "Retry-After: 10") if request.attempt == 1 else good(request),
    attempts=2,
    before=("good",),
    options={"rate_limit": 0.5},
    waits=12,
)
respond(
    "rate-limit-that-leaves-no-time",
    "PoolTimeoutError",
    good,
    attempts=0,
    before=("good",),
    options={"rate_limit": 0.01},
)
respond("after-a-burst", "Call", good, options={"max_connections": 3}, prepare=burst)
