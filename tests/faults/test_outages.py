"""Batches through outages and rate limits, in virtual time: nothing is lost, and nobody hammers the server."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from tests.support.clock import now
from tests.support.transports import Scripted, ScriptedTransport, client_over, envelope

from puretalk_client import (
    AsyncPuretalk,
    AuthenticationError,
    Call,
    ConfigurationError,
    InvalidCallIdError,
    Retries,
    WaitTimeoutError,
)
from puretalk_client._core.retry import Backoff
from puretalk_client.testing import virtual_time

OUTAGE = (10.0, 190.0)
"""Three minutes of it."""


async def unavailable() -> Scripted:
    """Respond as a gateway without a server does."""
    await asyncio.sleep(0.05)
    return Scripted(503)


async def refuse() -> Scripted:
    """Refuse the connection."""
    raise httpx.ConnectError("refused")


async def reset() -> Scripted:
    """Break the connection."""
    await asyncio.sleep(0.05)
    raise httpx.ReadError("reset")


async def be_silent() -> Scripted:
    """Never respond."""
    await asyncio.sleep(1e6)
    raise AssertionError("unreachable")


class Server(ScriptedTransport):
    """Responds within 50 ms, but for the three minutes of its outage.

    Attributes:
        arrivals: When a request arrived, and for which call.
    """

    def __init__(self, fail: Callable[[], Any] | None = None) -> None:
        super().__init__(self._respond)
        self._fail = fail
        self.arrivals: list[tuple[float, str]] = []

    async def _respond(self, request: httpx.Request) -> Scripted:
        call_id = request.url.path.rpartition("/")[2]
        self.arrivals.append((now(), call_id))
        if self._fail is not None and OUTAGE[0] <= now() < OUTAGE[1]:
            response: Scripted = await self._fail()
            return response
        await asyncio.sleep(0.05)
        return envelope({"call_id": call_id, "status": "completed"})

    def most_within(self, seconds: float, start: float = 0.0, end: float = 1e9) -> int:
        """Return the largest number of requests that arrived within so many seconds, in a part of the time."""
        times = [time for time, _ in self.arrivals if start <= time < end]
        first, most = 0, 0
        for last, time in enumerate(times):
            while times[first] <= time - seconds:
                first += 1
            most = max(most, last - first + 1)
        return most


@contextlib.asynccontextmanager
async def open_client(server: Server, **options: Any) -> AsyncIterator[AsyncPuretalk]:
    """Open a client whose jitter is the same in each run."""
    async with client_over(server, **options) as client:
        client._sender.pool.backoff = Backoff(draw=random.Random(1).random)
        yield client


@pytest.mark.parametrize("fail", [unavailable, refuse, reset, be_silent])
@virtual_time()
async def test_thousand_requests_survive_an_outage_of_minutes(fail: Callable[[], Any]) -> None:
    """All are delivered. The server receives 36 retries and one more each second, and afterwards 36 at a time."""
    server = Server(fail)
    async with open_client(server, retries=Retries(), timeout=10) as client:
        await asyncio.sleep(OUTAGE[0])
        calls = await asyncio.gather(*(client.calls.get(f"c-{number}") for number in range(1000)))
        assert all(isinstance(call, Call) for call in calls)
        assert now() < OUTAGE[1] + 65
    first = {call_id: time for time, call_id in reversed(server.arrivals)}
    retries = [time for time, call_id in server.arrivals if time != first[call_id] and time < OUTAGE[1]]
    assert len(retries) <= 36 + 180
    settled = OUTAGE[0] + 130.0  # a silent server takes so long to have all first attempts, 100 each 10 s
    assert server.most_within(1, settled, OUTAGE[1]) <= 3
    assert server.most_within(10, settled, OUTAGE[1]) <= 12
    assert server.most_within(0.05, OUTAGE[1]) <= 37


@pytest.mark.parametrize("fail", [unavailable, refuse, reset, be_silent])
@virtual_time()
async def test_nightly_batch_survives_an_outage_of_minutes(fail: Callable[[], Any]) -> None:
    """Each call comes out once; during the outage, about one request each second, and afterwards 50 again."""
    server = Server(fail)
    async with open_client(server, retries=Retries(), timeout=10, rate_limit=50) as client:
        found = Counter([result.unwrap().call_id async for result in client.calls.get_many(map(str, range(2000)))])
    assert found == Counter(map(str, range(2000)))
    assert server.most_within(1) <= 51
    assert server.most_within(60, OUTAGE[0] + 25, OUTAGE[1]) <= 75
    assert now() < OUTAGE[1] + 65 + 30 if fail is not be_silent else now() < OUTAGE[1] + 90


@virtual_time()
async def test_without_patience_an_outage_is_many_errors() -> None:
    """Control: the same batch with the retries of an interactive request."""
    server = Server(unavailable)
    async with open_client(server, rate_limit=50) as client:
        failed = [result.error async for result in client.calls.get_many(map(str, range(2000))) if result.error]
    assert len(failed) > 1000
    assert all(error.__traceback__ is None for error in failed)


@virtual_time()
async def test_rate_is_held_over_a_minute() -> None:
    """50 in each second: within 2 % over 60 seconds, and 51 at most in any."""
    server = Server()
    async with (
        open_client(server, rate_limit=50) as client,
        client.calls.get_many(map(str, range(3050))) as results,
    ):
        async for _ in results:
            if now() > 60.2:
                break
    assert 0.98 * 3000 <= sum(time <= 60 for time, _ in server.arrivals) <= 1.02 * 3000
    assert server.most_within(1) <= 51
    assert min(sum(second <= time < second + 1 for time, _ in server.arrivals) for second in range(60)) >= 49


@pytest.mark.parametrize("rate", [0.2, 1, 3])
@virtual_time()
async def test_slow_rate_limit_fails_nobody(rate: float) -> None:
    """As many are in flight as the rate lets leave in time, and not as many as there are connections."""
    async with open_client(Server(), rate_limit=rate) as client:
        results = [result async for result in client.calls.get_many(map(str, range(100)))]
        assert all(result.error is None for result in results)
        assert now() == pytest.approx(99 / rate, abs=1)
        assert client.calls.get_many([], concurrency=7)._permits._value == 7


@virtual_time()
async def test_default_concurrency_is_that_of_the_connections() -> None:
    """Ten connections, and a consumer that takes its time."""
    server = Server()
    async with open_client(server, max_connections=10) as client:
        async with client.calls.get_many(map(str, range(100))) as results:
            async for _ in results:
                await asyncio.sleep(100)
                break
        assert len(server.arrivals) == 11


@virtual_time()
async def test_ids_that_cannot_be_sent_are_results() -> None:
    """Among others, which go on; each has the id that was passed."""
    ids: list[Any] = ["a", "", "..", "x" * 257, "\n", 5, None, ["b"], b"c", "d"]
    server = Server()
    async with open_client(server) as client:
        results = [result async for result in client.calls.get_many(ids, ordered=True)]
    assert [result.call_id for result in results] == ids
    assert [type(result.error) for result in results[1:-1]] == [InvalidCallIdError] * 8
    assert [call_id for _, call_id in server.arrivals] == ["a", "d"]


@virtual_time()
async def test_wrong_key_ends_the_batch() -> None:
    """By its error, and not by as many as there are calls."""
    transport = ScriptedTransport(Scripted(401))
    async with client_over(transport, max_connections=5) as client:
        with pytest.raises(AuthenticationError):
            [result async for result in client.calls.get_many(map(str, range(1000)))]
        assert client._sender.pool.slots.free in (5, 100)
    assert len(transport.requests) <= 5


@virtual_time()
async def test_client_that_is_closed_ends_the_batch() -> None:
    """Before it began, and while it runs."""
    async with open_client(Server(), max_connections=5) as client:
        found = 0
        results = aiter(client.calls.get_many(map(str, range(1000))))
        async for _ in results:
            found += 1
            if found == 20:
                await client.aclose()
                break
        with pytest.raises(ConfigurationError, match="closed"):
            [result async for result in results]
        with pytest.raises(ConfigurationError, match="closed"):
            [result async for result in client.calls.get_many(["a"])]
    assert asyncio.all_tasks() == {asyncio.current_task()}


@virtual_time()
async def test_two_batches_and_a_batch_within_a_batch() -> None:
    """They share the connections, and none waits for the other for ever."""
    async with open_client(Server(), max_connections=3) as client:

        async def count(prefix: str) -> int:
            return len([1 async for result in client.calls.get_many(f"{prefix}{n}" for n in range(30)) if result.call])

        async def count_nested(prefix: str) -> int:
            total = 0
            async for result in client.calls.get_many(f"{prefix}{n}" for n in range(5)):
                total += await count(f"{prefix}-{result.unwrap().call_id}-")
            return total

        assert [*await asyncio.gather(count("a"), count("b"), count_nested("c"))] == [30, 30, 150]
        assert asyncio.all_tasks() == {asyncio.current_task()}


@virtual_time()
async def test_timeout_of_a_batch_is_for_each_request() -> None:
    """A consumer that takes its time does not use it up."""
    async with open_client(Server(), max_connections=2) as client:
        async for result in client.calls.get_many("abcdef"[n] for n in range(6)):
            result.unwrap()
            await asyncio.sleep(1000)


@pytest.mark.parametrize("options", [{"timeout": 0}, {"timeout": float("nan")}, {"retries": 3}, {"concurrency": 0},
                                     {"concurrency": True}, {"concurrency": float("nan")}], ids=repr)  # fmt: skip
async def test_options_that_cannot_be_used(options: dict[str, Any]) -> None:
    """They are refused when they are passed."""
    async with client_over(ScriptedTransport(Scripted(500))) as client:
        with pytest.raises(ConfigurationError, match=next(iter(options))):
            client.calls.get_many(["a"], **options)


# Waiting for many.


@virtual_time()
async def test_waiting_for_many_survives_an_outage() -> None:
    """1,000 calls at a time wait over two connections."""
    server = Server(unavailable)
    async with open_client(server, max_connections=2) as client:
        results = [result async for result in client.calls.wait_many(map(str, range(1500)), until="final")]
        assert sum(result.unwrap().status.is_final for result in results) == 1500


@virtual_time()
async def test_waiting_for_many_has_errors_as_results() -> None:
    """A call that takes too long is one; what a function raises is none."""

    async def respond(request: httpx.Request) -> Scripted:
        call_id = request.url.path.rpartition("/")[2]
        return envelope({"call_id": call_id, "status": "queued" if call_id == "b" else "completed"})

    async with client_over(ScriptedTransport(respond)) as client:
        many = client.calls.wait_many(["a", "b", "", "c"], until="final", timeout=60, ordered=True)
        results = [result async for result in many]
        assert [type(result.error) for result in results] == [
            type(None),
            WaitTimeoutError,
            InvalidCallIdError,
            type(None),
        ]
        error = results[1].error
        assert isinstance(error, WaitTimeoutError)
        assert error.call is not None
        with pytest.raises(WaitTimeoutError) as caught:
            results[1].unwrap()
        assert (caught.value.call, caught.value.polls) == (error.call, error.polls)

        def broken(_: Call) -> bool:
            raise LookupError("mine")

        with pytest.raises(LookupError, match="mine"):
            [result async for result in client.calls.wait_many(["a"], until=broken)]


@pytest.mark.parametrize("options", [{"until": "over"}, {"timeout": -1}, {"poll_interval": float("nan")},
                                     {"concurrency": 0}, {"max_interval": 0.5}], ids=repr)  # fmt: skip
async def test_options_of_waiting_that_cannot_be_used(options: dict[str, Any]) -> None:
    """They are refused when they are passed."""
    async with client_over(ScriptedTransport(Scripted(500))) as client:
        with pytest.raises(ConfigurationError, match=next(iter(options))):
            client.calls.wait_many(["a"], **options)
