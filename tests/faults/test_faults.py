"""Every line of the fault table over every transport, and the promises that one line cannot show."""

from __future__ import annotations

import asyncio
import pickle
import subprocess
import sys

import pytest

from puretalk_client import AsyncPuretalk, Call, PuretalkError
from puretalk_client.errors import WrongCallError

from .harness import PATIENCE, TRANSPORTS, Result, base_url, hasten, new_id, outcome, played
from .process import FaultServer
from .table_rows import ROWS

over_each_transport = pytest.mark.parametrize("transport", TRANSPORTS)


@over_each_transport
@pytest.mark.parametrize("name", ROWS)
def test_fault(name: str, transport: str, server: FaultServer) -> None:
    """The outcome, the requests on the wire, the waits and the end by the deadline are what the table says."""
    assert played(name, transport, server).problems == []


@over_each_transport
def test_errors_tell_what_is_known(transport: str, server: FaultServer) -> None:
    """Status, server's message, request id and time are on an error, and bounded."""
    error = played("msg-is-endless", transport, server).error
    assert error is not None
    assert (error.status, len(error.msg or "")) == (404, 500)
    assert 0 < error.elapsed < 5
    hostile = played("msg-with-control-characters", transport, server).error
    assert hostile is not None
    assert str(hostile).isprintable()
    repeated = played("key-in-request-id", transport, server).error
    assert repeated is not None
    assert repeated.request_id == "req ***"


@over_each_transport
def test_every_failure_of_the_network_has_its_cause(transport: str, server: FaultServer) -> None:
    """What the HTTP library said is chained, for those who must debug a network."""
    for name in ("refused", "untrusted-certificate", "reset-within-body", "status-line-is-html"):
        error = played(name, transport, server).error
        assert error is not None
        assert error.__cause__ is not None, name


def test_errors_reach_another_process(server: FaultServer) -> None:
    """Pickled here and unpickled elsewhere, an error of each class says the same."""
    found = {type(result.error): result.error for result in all_played(server) if result.error is not None}
    assert len(found) > 12
    there = (
        "import pickle, sys; errors = pickle.load(sys.stdin.buffer);"
        "sys.stdout.buffer.write(pickle.dumps([(type(e).__name__, str(e), e.attempts, e.status) for e in errors]))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", there],
        input=pickle.dumps([*found.values()]),
        stdout=subprocess.PIPE,
        check=True,
    )
    assert pickle.loads(ran.stdout) == [
        (type(error).__name__, str(error), error.attempts, error.status) for error in found.values()
    ]


def all_played(server: FaultServer) -> list[Result]:
    """Play the whole table over the first transport."""
    return [played(name, next(iter(TRANSPORTS)), server) for name in ROWS]


@over_each_transport
def test_connection_of_a_wrong_call_is_dropped(transport: str, server: FaultServer) -> None:
    """Whatever else lies on a connection that lost step, nobody reads it."""

    async def run() -> None:
        async with TRANSPORTS[transport](base_url=base_url(server, ROWS["good"])) as client:
            assert isinstance(await outcome(client.calls.get(new_id("good"))), Call)
            assert server.ask("connections") == 1
            assert isinstance(await outcome(client.calls.get(new_id("id-of-another-call"))), WrongCallError)
            async with asyncio.timeout(PATIENCE):
                while server.ask("connections"):
                    await asyncio.sleep(0.001)

    asyncio.run(run())


@over_each_transport
def test_straight_failures_meet_the_quota(transport: str, server: FaultServer) -> None:
    """1,000 failures in a row make at most 1,035 requests; then each still makes its one."""

    async def run() -> int:
        async with TRANSPORTS[transport](base_url=base_url(server, ROWS["good"])) as client:
            hasten(client)
            call_ids = [new_id("status-503") for _ in range(1000)]
            for call_id in call_ids:
                assert isinstance(await outcome(client.calls.get(call_id)), PuretalkError)
        return sum(server.ask(f"requests {call_id}") for call_id in call_ids)

    assert 1000 < asyncio.run(run(), debug=False) <= 1035


@over_each_transport
def test_cooldown_holds_back_all_calls_of_a_client(transport: str, server: FaultServer) -> None:
    """After a 429 with Retry-After, 20 calls wait until then, and no request is sent before."""

    async def run() -> None:
        async with TRANSPORTS[transport](base_url=base_url(server, ROWS["good"]), max_retries=0) as client:
            clock = hasten(client)
            held = asyncio.Event()

            async def wait(_: float) -> None:
                await held.wait()

            jump, clock.sleep = clock.sleep, wait
            assert isinstance(await outcome(client.calls.get(new_id("429-with-two-seconds"))), PuretalkError)
            call_ids = [new_id("good") for _ in range(20)]
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(client.calls.get(call_id)) for call_id in call_ids]
                for _ in range(100):
                    await asyncio.sleep(0)
                assert [server.ask(f"requests {call_id}") for call_id in call_ids] == [0] * 20
                clock.sleep = jump
                clock.waited += 2
                held.set()
            assert {task.result().call_id for task in tasks} == set(call_ids)

    asyncio.run(run())


@over_each_transport
def test_callers_own_tasks_are_cancelled_at_once(transport: str, server: FaultServer) -> None:
    """Cancellation is no PuretalkError, is not retried, and does not wait for the server."""

    async def run() -> None:
        async with TRANSPORTS[transport](base_url=base_url(server, ROWS["good"])) as client:
            call_id = new_id("never-answers")
            task = asyncio.create_task(client.calls.get(call_id))
            while not server.ask(f"requests {call_id}"):
                await asyncio.sleep(0.001)
            task.cancel()
            async with asyncio.timeout(PATIENCE):
                with pytest.raises(asyncio.CancelledError):
                    await task
            assert server.ask(f"requests {call_id}") == 0  # it was told once, and nothing came since

    asyncio.run(run())


def test_outer_timeout_of_the_caller_passes_through(server: FaultServer) -> None:
    """A caller's own asyncio.timeout is not taken for the deadline of the call."""

    async def run() -> None:
        async with AsyncPuretalk("k", base_url=base_url(server, ROWS["good"])) as client:
            with pytest.raises(TimeoutError) as caught:
                async with asyncio.timeout(0.05):
                    await client.calls.get(new_id("never-answers"))
            assert not isinstance(caught.value, PuretalkError)

    asyncio.run(run())
