"""Every row of the fault table over every transport, and the guarantees that one row cannot show."""

from __future__ import annotations

import asyncio
import pickle
import socket
import ssl
import subprocess
import sys
from typing import Any

import httpx
import pytest
from tests.support.canary import API_KEY
from tests.support.clock import MovableClock, movable_loop, run_turns, skip_delays
from tests.support.eventually import eventually
from tests.support.process import ServerProcess

import puretalk_client
from puretalk_client import AsyncPuretalk, Call, CallIdMismatchError, PuretalkError

from .harness import base_url, new_id, play, result_of
from .rows import Row
from .scripts import ROWS
from .transports import ALL_TRANSPORTS

over_each_transport = pytest.mark.parametrize("transport", ALL_TRANSPORTS)
LINES = {
    f"{row.name}-{transport}": (row, transport)
    for row in ROWS.values()
    for transport in ALL_TRANSPORTS
    if transport not in row.left_out
}
"""The lines of the table. The program of the table prints which it leaves out, and why."""


@pytest.mark.parametrize(("row", "transport"), LINES.values(), ids=LINES)
async def test_fault(row: Row, transport: str, server: ServerProcess) -> None:
    """Outcome, requests, delays and deadline are as the table says; nothing shows the key or people's words."""
    assert (await play(row, transport, server)).problems == []


async def error_of(name: str, transport: str, server: ServerProcess) -> PuretalkError:
    """Play a row that ends with an error."""
    outcome = await play(ROWS[name], transport, server)
    assert outcome.error is not None
    return outcome.error


@over_each_transport
async def test_errors_report_the_facts(transport: str, server: ServerProcess) -> None:
    """An error carries status, message, request id and time; the server's text is bounded and printable."""
    error = await error_of("msg-is-endless", transport, server)
    assert (error.status, len(error.msg or "")) == (404, 500)
    assert str(await error_of("msg-with-control-characters", transport, server)).isprintable()
    assert (await error_of("key-in-request-id", transport, server)).request_id == "req ***"
    assert (await error_of("429-with-two-seconds", transport, server)).elapsed == pytest.approx(4)


REASONS = {
    "refused": (ConnectionRefusedError, "could not connect to 127.0.0.1:{port}: connection refused"),
    "unresolvable-name": (socket.gaierror, "could not connect to nowhere.invalid:443: name or service not known"),
    "untrusted-certificate": (
        ssl.SSLCertVerificationError,
        "127.0.0.1:{port} failed: certificate verify failed: self",
    ),
    "tls-to-plain-port": (ssl.SSLError, "handshake with 127.0.0.1:{port} failed: wrong version number"),
    "reset-before-headers": (ConnectionResetError, "connection reset by peer"),
}
"""The class of the cause, and a part of the message in lower case, by row."""


@over_each_transport
@pytest.mark.parametrize("name", REASONS)
async def test_failures_of_the_network_keep_their_reason(name: str, transport: str, server: ServerProcess) -> None:
    """Message and cause say what the system or OpenSSL said, and to which host and port."""
    kind, words = REASONS[name]
    outcome = await play(ROWS[name], transport, server)
    assert outcome.error is not None
    assert words.format(port=httpx.URL(outcome.url).port) in outcome.error.message.lower()
    assert type(outcome.error.__cause__) is kind


ERRORS = {name for name in dir(puretalk_client) if name.endswith("Error")} - {
    # These only have subclasses, or are not raised because of a connection or a response.
    "APIResponseError",
    "ConfigurationError",
    "DownloadError",
    "InvalidCallIdError",
    "PostAnalysisMissingError",
    "PostAnalysisTypeError",
    "PuretalkError",
}


async def test_errors_reach_another_process(server: ServerProcess) -> None:
    """The table has an error of each class, and each says the same when it is unpickled elsewhere."""
    found: dict[str, PuretalkError] = {}
    for row in ROWS.values():
        if "httpx" not in row.left_out and row.expect in ERRORS and row.expect not in found:
            found[row.expect] = await error_of(row.name, "httpx", server)
    assert found.keys() == ERRORS
    facts = [(name, str(error), error.attempts, error.status) for name, error in found.items()]
    assert unpickle_elsewhere([*found.values()]) == facts


def unpickle_elsewhere(found: list[PuretalkError]) -> Any:
    """Unpickle errors in another process; return the class, the text and two facts of each."""
    script = (
        "import pickle, sys; errors = pickle.load(sys.stdin.buffer);"
        "sys.stdout.buffer.write(pickle.dumps([(type(e).__name__, str(e), e.attempts, e.status) for e in errors]))"
    )
    command = [sys.executable, "-c", script]
    return pickle.loads(subprocess.run(command, input=pickle.dumps(found), stdout=subprocess.PIPE, check=True).stdout)


@over_each_transport
async def test_connection_of_another_call_is_closed(transport: str, server: ServerProcess) -> None:
    """Whatever else lies on a connection that is out of step, nobody reads it."""
    await eventually(lambda: not server.ask("connections"))  # those of other tests
    async with ALL_TRANSPORTS[transport](base_url=base_url(server, ROWS["good"])) as client:
        assert isinstance(await result_of(client.calls.get(new_id("good"))), Call)
        assert server.ask("connections") == 1
        assert isinstance(await result_of(client.calls.get(new_id("id-of-another-call"))), CallIdMismatchError)
        await eventually(lambda: not server.ask("connections"))


@over_each_transport
async def test_quota_bounds_the_retries_of_an_outage(transport: str, server: ServerProcess) -> None:
    """200 failures in a row make at most 235 requests, and each request still makes its first attempt."""
    async with ALL_TRANSPORTS[transport](base_url=base_url(server, ROWS["good"])) as client:
        skip_delays(client)
        call_ids = [new_id("status-503") for _ in range(200)]
        for call_id in call_ids:
            assert isinstance(await result_of(client.calls.get(call_id)), PuretalkError)
    requests = [server.ask(f"requests {call_id}") for call_id in call_ids]
    assert min(requests) == 1
    assert 200 < sum(requests) <= 235


@over_each_transport
async def test_rate_limit_holds_back_all_requests_of_a_client(transport: str, server: ServerProcess) -> None:
    """After a 429 with Retry-After, 20 requests wait until then, and none is sent before."""
    released = asyncio.Event()

    class HeldClock(MovableClock):
        async def sleep(self, seconds: float) -> None:
            await released.wait()

    async with ALL_TRANSPORTS[transport](base_url=base_url(server, ROWS["good"]), max_retries=0) as client:
        client._sender.pool.clock = HeldClock(movable_loop())
        assert isinstance(await result_of(client.calls.get(new_id("429-with-two-seconds"))), PuretalkError)
        call_ids = [new_id("good") for _ in range(20)]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(client.calls.get(call_id)) for call_id in call_ids]
            await run_turns()
            assert [server.ask(f"requests {call_id}") for call_id in call_ids] == [0] * 20
            movable_loop().move(2)
            released.set()
        assert [task.result().call_id for task in tasks] == call_ids


@over_each_transport
async def test_cancellation_ends_a_request_at_once(transport: str, server: ServerProcess) -> None:
    """Cancellation is not a PuretalkError, is not retried, and does not wait for the server."""
    async with ALL_TRANSPORTS[transport](base_url=base_url(server, ROWS["good"])) as client:
        call_id = new_id("never-responds")
        task = asyncio.create_task(client.calls.get(call_id))
        await eventually(lambda: server.ask(f"requests {call_id}"))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert isinstance(await result_of(client.calls.get(new_id("good"))), Call)
        assert server.ask(f"requests {call_id}") == 1


async def test_timeout_of_the_caller_passes_through(server: ServerProcess) -> None:
    """A caller's own asyncio.timeout is not confused with the deadline of the request."""
    async with AsyncPuretalk(API_KEY, base_url=base_url(server, ROWS["good"])) as client:
        call_id = new_id("never-responds")

        async def fetch() -> None:
            async with asyncio.timeout(1000):
                await client.calls.get(call_id, timeout=2000)

        task = asyncio.create_task(fetch())
        await eventually(lambda: server.ask(f"requests {call_id}"))
        movable_loop().move(1000)
        with pytest.raises(TimeoutError) as caught:
            await task
        assert not isinstance(caught.value, PuretalkError)
