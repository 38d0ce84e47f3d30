"""Rate limits: what many requests do when the server refuses them, in virtual time and without sockets."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from tests.support.exposure import chain
from tests.support.transports import Scripted, ScriptedTransport, client_over, envelope

from puretalk_client import APIConnectionError, AsyncPuretalk, Call, PuretalkError
from puretalk_client._core.retry import Backoff, RetryQuota
from puretalk_client.testing import VirtualTimeLoop

LATENCY = 0.05
"""Seconds that the server needs for a response."""
RATE = 50
"""Requests that it allows in a second."""
GOOD = envelope({"call_id": "c"})


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Run tests in virtual time."""
    return "asyncio", {"loop_factory": VirtualTimeLoop}


class Server(ScriptedTransport):
    """A server that needs ``LATENCY`` for each response.

    Attributes:
        arrivals: When each request arrived.
        statuses: How often each status was sent.
    """

    def __init__(self, respond: Callable[[float], Scripted]) -> None:
        """Respond as ``respond`` decides when a request arrives, from the time."""
        super().__init__(self._step)
        self._respond = respond
        self.arrivals: list[float] = []
        self.statuses: Counter[int] = Counter()

    async def _step(self, request: httpx.Request) -> Scripted:
        now = asyncio.get_running_loop().time()
        self.arrivals.append(now)
        response = self._respond(now)
        self.statuses[response.status] += 1
        await asyncio.sleep(LATENCY)
        return response


def refusal(retry_after: float) -> Scripted:
    """Return a refusal that says how many seconds to wait."""
    return Scripted(429, b'{"err": true, "msg": "too many"}', {"retry-after": f"{retry_after:g}"})


def first(*responses: Scripted) -> Callable[[float], Scripted]:
    """Respond so to the first requests, and well to all others."""
    pending = deque(responses)
    return lambda now: pending.popleft() if pending else GOOD


def fixed_window() -> Callable[[float], Scripted]:
    """Allow ``RATE`` requests in each second of the clock."""
    counts: Counter[int] = Counter()

    def respond(now: float) -> Scripted:
        counts[int(now)] += 1
        return GOOD if counts[int(now)] <= RATE else refusal(1)

    return respond


def sliding_window() -> Callable[[float], Scripted]:
    """Allow ``RATE`` requests in any second."""
    allowed: deque[float] = deque()

    def respond(now: float) -> Scripted:
        while allowed and allowed[0] <= now - 1:
            allowed.popleft()
        if len(allowed) == RATE:
            return refusal(1)
        allowed.append(now)
        return GOOD

    return respond


@contextlib.asynccontextmanager
async def simulated(server: httpx.AsyncBaseTransport, **options: Any) -> AsyncIterator[AsyncPuretalk]:
    """Open a client of a server in virtual time, with a jitter that is the same in every run."""
    async with client_over(server, verify_call_id=False, **options) as client:
        client._sender.pool.backoff = Backoff(draw=random.Random(1).random)
        yield client


async def fetch_all(client: AsyncPuretalk, count: int, **options: Any) -> Counter[str]:
    """Fetch so many calls at once; count the outcomes by their class."""
    fetches = (client.calls.get("c", **options) for _ in range(count))
    return Counter(type(result).__name__ for result in await asyncio.gather(*fetches, return_exceptions=True))


def between(arrivals: list[float], start: float, end: float) -> int:
    """Count the requests that arrived after ``start`` and before ``end``."""
    return sum(start < arrival < end for arrival in arrivals)


async def test_retry_after_holds_back_requests_that_wait_for_a_connection() -> None:
    """200 requests on 5 connections, the first of them refused for 2 s: the others do not pass it."""
    server = Server(first(refusal(2)))
    async with simulated(server, max_connections=5, timeout=20.0) as client:
        assert await fetch_all(client, 200) == {"Call": 200}
    assert server.statuses == {200: 200, 429: 1}
    assert between(server.arrivals, -1, LATENCY) == 5  # had left before anybody knew
    assert between(server.arrivals, LATENCY, LATENCY + 2) == 0
    assert len(server.arrivals) == 201


async def test_retry_after_holds_back_requests_that_begin_later() -> None:
    """Those that begin in the pause wait for its end, on whatever connection."""
    server = Server(first(refusal(2)))
    async with simulated(server) as client:
        tasks = [asyncio.create_task(client.calls.get("c"))]
        for _ in range(10):
            await asyncio.sleep(0.1)
            tasks.append(asyncio.create_task(client.calls.get("c")))
        await asyncio.gather(*tasks)
    assert between(server.arrivals, 0, LATENCY + 2) == 0
    assert len(server.arrivals) == 12


async def test_requests_leave_at_a_pace_after_a_pause() -> None:
    """Not all that waited in one moment: in each tenth of a second at most twice what the server allows."""
    server = Server(fixed_window())
    async with simulated(server, timeout=60.0) as client:
        assert await fetch_all(client, 400) == {"Call": 400}
    refused_at = next(arrival for number, arrival in enumerate(server.arrivals) if number == RATE)
    resumed = min(arrival for arrival in server.arrivals if arrival > refused_at)
    assert resumed >= refused_at + 1
    later = [arrival for arrival in server.arrivals if arrival >= resumed]
    busiest = max(between(later, start - 1e-6, start + 0.1) for start in later)
    assert busiest <= 2 * RATE / 10


@pytest.mark.parametrize("window", [fixed_window, sliding_window])
async def test_a_rate_limit_costs_no_request(window: Callable[[], Callable[[float], Scripted]]) -> None:
    """1,000 requests at once, with the default options, to a server that allows 50 a second: all succeed.

    At least three quarters of the rate that the server allows are used.
    """
    server = Server(window())
    async with simulated(server) as client:
        start = asyncio.get_running_loop().time()
        assert await fetch_all(client, 1000) == {"Call": 1000}
        elapsed = asyncio.get_running_loop().time() - start
        assert client._sender.pool.quota.tokens == RetryQuota.CAPACITY
    assert 1000 / RATE / elapsed >= 0.75, server.statuses


async def test_wait_that_the_server_requests_spends_no_retry_quota() -> None:
    """35 retries empty the quota; twice as many after a Retry-After leave it full."""
    server = Server(first(*[refusal(0.5)] * 70))
    async with simulated(server) as client:
        assert await fetch_all(client, 70) == {"Call": 70}
        assert server.statuses == {429: 70, 200: 70}
        assert client._sender.pool.quota.tokens == RetryQuota.CAPACITY


async def test_refusal_without_retry_after_spends_retry_quota() -> None:
    """It is a failure like others: at most 35 retries, and one for each second that passes."""
    server = Server(lambda now: Scripted(429))
    start = asyncio.get_running_loop().time()
    async with simulated(server, timeout=1000.0) as client:
        assert await fetch_all(client, 100) == {"RateLimitError": 100}
    assert 100 < len(server.arrivals) <= 135 + asyncio.get_running_loop().time() - start


async def test_shorter_retry_after_does_not_shorten_a_longer_one() -> None:
    """Two requests leave together and are refused for 10 s and for 1 s: nothing leaves for 10 s."""
    for waits in ((10, 1), (1, 10)):
        server = Server(first(*map(refusal, waits)))
        start = asyncio.get_running_loop().time()
        async with simulated(server) as client:
            assert await fetch_all(client, 2) == {"Call": 2}
        assert between(server.arrivals, start, start + LATENCY + 10) == 0
        assert len(server.arrivals) == 4


class BreaksOff(httpx.AsyncByteStream):
    """A body that ends with the connection."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b'{"msg":'
        raise httpx.ReadError("reset")


async def test_retry_after_of_a_response_that_broke_off_is_not_honored() -> None:
    """It may be cut as well; the request is retried after the usual delay, and no other is held back."""

    class Transport(httpx.AsyncBaseTransport):
        arrivals: list[float] = []  # noqa: RUF012  # of this one test

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            self.arrivals.append(asyncio.get_running_loop().time())
            if len(self.arrivals) == 1:
                return httpx.Response(200, headers={"retry-after": "20"}, stream=BreaksOff())
            return httpx.Response(200, content=GOOD.content)

    start = asyncio.get_running_loop().time()
    async with simulated(Transport()) as client:
        assert isinstance(await client.calls.get("c"), Call)
        assert client._sender.pool.pace.resumes_at == 0
        assert client._sender.pool.quota.tokens == RetryQuota.CAPACITY  # spent, and released by the success
    assert len(Transport.arrivals) == 2
    assert Transport.arrivals[1] - start < 1


async def test_retry_after_of_another_failure_holds_back_only_its_request() -> None:
    """A 503 says nothing of the rate: it spends quota, and others go on."""
    server = Server(first(Scripted(503, headers={"retry-after": "5"})))
    async with simulated(server) as client:
        start = asyncio.get_running_loop().time()
        waiting = asyncio.create_task(client.calls.get("c"))
        await asyncio.sleep(1)
        assert isinstance(await client.calls.get("c"), Call)
        assert asyncio.get_running_loop().time() - start < 2
        assert client._sender.pool.quota.tokens < RetryQuota.CAPACITY
        await waiting
    assert asyncio.get_running_loop().time() - start >= 5


async def test_request_that_cannot_leave_in_time_fails_at_once() -> None:
    """The error says how long the wait would have been, and its request was not sent."""
    server = Server(first(refusal(60)))
    async with simulated(server, timeout=100.0) as client:
        waiting = asyncio.create_task(client.calls.get("c"))
        await asyncio.sleep(1)
        start = asyncio.get_running_loop().time()
        with pytest.raises(PuretalkError) as caught:
            await client.calls.get("c", timeout=10.0)
        assert asyncio.get_running_loop().time() == start
        assert caught.value.attempts == 0
        assert caught.value.retry_after == pytest.approx(60 - 1 + LATENCY, abs=0.01)
        assert not any(isinstance(link, APIConnectionError) for link in chain(caught.value))
        await waiting
