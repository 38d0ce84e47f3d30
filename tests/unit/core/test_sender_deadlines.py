"""The request loop: deadlines, the bound on concurrent requests, cancellation and closing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.support.canary import API_KEY
from tests.support.clock import run_turns
from tests.support.eventually import eventually
from tests.support.exposure import Exposures
from tests.support.transports import BASE_URL, Scripted, ScriptedTransport, hang, held_until
from tests.unit.core.senders import OPTIONS, THING, Conventions, Thing, open_sender, outcome, send

from puretalk_client import APITimeoutError, ConfigurationError, NotFoundError, PoolTimeoutError, ServerError
from puretalk_client._core.pool import Clock, Pool
from puretalk_client._core.sender import Sender
from puretalk_client._core.transports.httpx import ExternalTransport
from puretalk_client.testing import VirtualTimeLoop


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Run these tests in virtual time."""
    return "asyncio", {"loop_factory": VirtualTimeLoop}


async def expire(sender: Sender, transport: ScriptedTransport, *, timeout: float | None = None) -> Any:
    """Send a request that the transport never responds to, and let its time run out; return the exception."""
    sent = len(transport.requests) + 1
    task = asyncio.create_task(send(sender, timeout=timeout))
    await asyncio.wait([task])
    assert len(transport.requests) == sent
    return task.exception()


async def test_deadline_bounds_a_transport_that_hangs() -> None:
    """The client's timeout, or that of the request, which may be longer; the error counts the attempt."""
    transport = ScriptedTransport(hang)
    async with open_sender(transport, timeout=5.0) as (sender, _):
        for timeout, text in ((None, "5 s"), (0.25, "0.25 s"), (60.0, "60 s")):
            error = await expire(sender, transport, timeout=timeout)
            assert type(error) is APITimeoutError
            assert error.message == f"No response within {text}"
            assert (error.attempts, error.request_sent) == (1, True)
            assert error.elapsed == (timeout or 5.0)


async def test_request_does_not_expire_before_its_time() -> None:
    """A response just in time counts."""
    event = asyncio.Event()
    transport = ScriptedTransport(held_until(event, THING))
    async with open_sender(transport, timeout=5.0) as (sender, _):
        task = asyncio.create_task(send(sender))
        await eventually(lambda: transport.requests)
        await asyncio.sleep(4.0)
        event.set()
        assert await task == Thing(size=5)


async def test_one_deadline_covers_all_attempts_and_delays() -> None:
    """Two failures and 1.5 s of delays leave 3.5 of 5 seconds to the third attempt."""
    transport = ScriptedTransport(Scripted(503), Scripted(503), hang)
    async with open_sender(transport, timeout=5.0) as (sender, clock):
        error = await outcome(sender)
    assert type(error) is APITimeoutError
    assert (error.attempts, error.status, clock.delays) == (3, None, [0.5, 1.0])


async def test_deadline_covers_the_body() -> None:
    """A body that never ends; the error has the status that arrived."""

    class Endless(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b"{"
            reading.set()
            await asyncio.Event().wait()

    class Transport(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return httpx.Response(200, stream=Endless())

    reading = asyncio.Event()
    async with open_sender(Transport(), timeout=5.0) as (sender, _):
        task = asyncio.create_task(send(sender))
        await reading.wait()
        await asyncio.wait([task])
    error = task.exception()
    assert type(error) is APITimeoutError
    assert error.status == 200


async def test_concurrent_requests_are_bounded() -> None:
    """The sender bounds an external client too; a request that ends makes room for the next."""
    events = [asyncio.Event() for _ in range(4)]
    transport = ScriptedTransport(*(held_until(event, THING) for event in events))
    async with open_sender(transport, max_connections=2) as (sender, _):
        tasks = [asyncio.create_task(send(sender)) for _ in range(4)]
        for number, event in enumerate(events):
            await run_turns()
            assert len(transport.requests) == min(number + 2, 4)
            event.set()
            await tasks[number]


async def test_failed_request_leaves_its_connection_to_the_next() -> None:
    """Whether the server refused it or the deadline ended it."""
    transport = ScriptedTransport(Scripted(404, b""), hang, THING)
    async with open_sender(transport, max_connections=1) as (sender, _):
        assert isinstance(await outcome(sender), NotFoundError)
        assert isinstance(await expire(sender, transport), APITimeoutError)
        assert await send(sender) == Thing(size=5)


@pytest.mark.parametrize("max_connections", [1, 2])
async def test_request_that_only_waits_for_a_connection_was_not_sent(max_connections: int) -> None:
    """Its deadline covers the wait; the error says that the request had no effect, and is not retried."""
    transport = ScriptedTransport(hang)
    async with open_sender(transport, max_connections=max_connections) as (sender, _):
        others = [asyncio.create_task(send(sender)) for _ in range(max_connections)]
        waiting = asyncio.create_task(send(sender, timeout=5.0))
        await eventually(lambda: len(transport.requests) == max_connections)
        await run_turns()
        await asyncio.wait([waiting])
        error = waiting.exception()
        assert type(error) is PoolTimeoutError
        in_use = "The only connection was" if max_connections == 1 else f"All {max_connections} connections were"
        assert error.message == f"{in_use} in use for 5 s"
        assert (error.attempts, error.request_sent, error.retryable) == (0, False, False)
        assert len(transport.requests) == max_connections
        for other in others:
            other.cancel()
        await asyncio.wait(others)


async def test_request_that_waited_in_vain_leaves_no_slot_occupied() -> None:
    """Nor does one that failed, expired or was cancelled: afterwards the only connection is free."""
    release = asyncio.Event()
    transport = ScriptedTransport(held_until(release, THING), Scripted(500), hang, hang, THING)
    async with open_sender(transport, max_connections=1, max_retries=0) as (sender, _):
        first = asyncio.create_task(send(sender, timeout=60.0))
        await eventually(lambda: len(transport.requests) == 1)
        expired = asyncio.create_task(outcome(sender, timeout=5.0))
        await run_turns()
        assert isinstance(await expired, PoolTimeoutError)
        release.set()
        await first
        assert isinstance(await outcome(sender), ServerError)
        assert isinstance(await expire(sender, transport, timeout=5.0), APITimeoutError)
        cancelled = asyncio.create_task(send(sender))
        await eventually(lambda: len(transport.requests) == 4)
        cancelled.cancel()
        await asyncio.wait([cancelled])
        assert await send(sender) == Thing(size=5)


@pytest.mark.parametrize("end", ["cancel", "timeout", "wait_for"])
async def test_cancellation_passes_without_the_frames_of_the_request(end: str) -> None:
    """A cancellation from outside is not an error of the request, and shows as little as one."""
    transport = ScriptedTransport(hang)
    async with open_sender(transport) as (sender, _):

        async def run() -> None:
            if end == "timeout":
                async with asyncio.timeout(5.0):
                    await send(sender)
            elif end == "wait_for":
                await asyncio.wait_for(send(sender), 5.0)
            else:
                await send(sender)

        task = asyncio.create_task(run())
        await eventually(lambda: transport.requests)
        if end == "cancel":
            task.cancel()
        [caught] = await asyncio.gather(task, return_exceptions=True)
    assert type(caught) is (asyncio.CancelledError if end == "cancel" else TimeoutError)
    exposures = Exposures()
    exposures.inspect_result(caught)
    assert exposures.of_key() == []


@pytest.mark.parametrize("raised", [KeyboardInterrupt, SystemExit])
async def test_interrupt_passes(raised: type[BaseException]) -> None:
    """It is not an error of a request."""
    async with open_sender(ScriptedTransport(raised())) as (sender, _):
        with pytest.raises(raised) as caught:
            await send(sender)
    assert API_KEY not in "".join(repr(entry.frame.f_locals) for entry in caught.traceback)


async def test_closed_sender_refuses_requests() -> None:
    """Before anything is sent."""
    transport = ScriptedTransport(THING)
    async with open_sender(transport) as (sender, _):
        await sender.aclose()
        error = await outcome(sender)
    assert isinstance(error, ConfigurationError)
    assert (error.message, error.attempts, transport.requests) == ("This client is closed", 0, [])


async def test_request_that_waits_while_the_sender_closes_is_refused() -> None:
    """Whether it waits for a connection or before a retry; the request that is being sent may succeed."""
    release, retrying = asyncio.Event(), asyncio.Event()

    class StoppedClock(Clock):
        @staticmethod
        async def sleep(seconds: float) -> None:
            retrying.set()
            await release.wait()

    transport = ScriptedTransport(Scripted(503), held_until(release, THING))
    async with open_sender(transport, max_connections=1) as (sender, _):
        sender.pool.clock = StoppedClock()
        tasks = [asyncio.create_task(outcome(sender)) for _ in range(3)]
        await retrying.wait()
        await eventually(lambda: len(transport.requests) == 2)
        await sender.aclose()
        release.set()
        before_retry, being_sent, waiting = await asyncio.gather(*tasks)
    assert being_sent == Thing(size=5)
    for error, attempts in ((before_retry, 1), (waiting, 0)):
        assert isinstance(error, ConfigurationError)
        assert (error.message, error.attempts) == ("This client is closed", attempts)
    assert len(transport.requests) == 2


@pytest.mark.parametrize("is_external", [False, True])
def test_connections_of_its_own_belong_to_one_event_loop(is_external: bool) -> None:
    """A request in another loop is refused before an attempt; an external pool is its owner's business."""
    transport = ExternalTransport(httpx.AsyncClient(transport=ScriptedTransport(THING)), BASE_URL)
    transport.is_external = is_external
    sender = Sender(OPTIONS, Pool(transport, OPTIONS.max_connections), Conventions())
    with asyncio.Runner() as first, asyncio.Runner() as second:
        assert first.run(outcome(sender)) == Thing(size=5)
        result = second.run(outcome(sender))
        if is_external:
            assert result == Thing(size=5)
        else:
            assert isinstance(result, ConfigurationError)
            assert "event loop of its first request" in result.message
            assert result.attempts == 0
        assert first.run(outcome(sender)) == Thing(size=5)
        first.run(sender.aclose())


def test_each_event_loop_has_its_own_bound() -> None:
    """A request that ends in one loop makes no room in another, whose requests an external client carries too."""
    release = asyncio.Event()
    transport = ScriptedTransport(held_until(release, THING), THING, hang)
    external = ExternalTransport(httpx.AsyncClient(transport=transport), BASE_URL)
    sender = Sender(OPTIONS, Pool(external, 1), Conventions())

    async def start(count: int) -> list[asyncio.Task[Thing]]:
        tasks = [asyncio.create_task(send(sender)) for _ in range(count)]
        await run_turns()
        return tasks

    async def finish(task: asyncio.Task[Thing]) -> Thing:
        release.set()
        return await task

    async def cancel(tasks: list[asyncio.Task[Thing]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    with asyncio.Runner() as first, asyncio.Runner() as second:
        [task] = first.run(start(1))
        assert second.run(send(sender)) == Thing(size=5)
        assert first.run(finish(task)) == Thing(size=5)
        tasks = second.run(start(2))
        assert len(transport.requests) == 3
        second.run(cancel(tasks))
