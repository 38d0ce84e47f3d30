"""Plays rows of the fault table, and compares their outcome with the table."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import ssl
import uuid
import warnings
from collections.abc import AsyncIterator, Awaitable
from typing import Any

from attrs import define, field
from tests.support.clock import movable_loop, run_turns, skip_delays
from tests.support.eventually import eventually
from tests.support.exposure import Exposures
from tests.support.process import ServerProcess
from tests.support.scripted_server import CERTIFICATE

from puretalk_client import AsyncPuretalk, Call, Drift, errors

from .rows import Row, Stall
from .transports import TRANSPORTS

SCRIPTS = "tests.faults.scripts"
"""The module that a scripted server loads for the fault table."""
GUARD = 20.0
"""Seconds beyond its deadline after which a request counts as hanging, and is cancelled."""
MAX_ATTEMPTS = 3


def base_url(server: ServerProcess, row: Row) -> str:
    """Return the URL that the client of a row uses."""
    ports = server.ports
    address = {
        "plain": f"http://127.0.0.1:{ports['plain']}",
        "refused": f"http://127.0.0.1:{ports['refused']}",
        "unresolvable": "https://nowhere.invalid",
        "tls": f"https://127.0.0.1:{ports['tls']}",
        "tls-trusted": f"https://127.0.0.1:{ports['tls']}",
        "tls-to-plain": f"https://127.0.0.1:{ports['plain']}",
        "tls-to-silent": f"https://127.0.0.1:{ports['silent']}",
    }[row.target]
    return f"{address}/{row.name}"


def new_id(script: str) -> str:
    """Make a call id that names the script to play."""
    return f"{script}--{uuid.uuid4().hex}"


async def result_of(fetch: Awaitable[Call]) -> Call | Exception:
    """Return the call, or the error that was raised. The frame of the caller is not in the error's traceback."""
    try:
        return await fetch
    except Exception as error:
        return error


@define(kw_only=True)
class Outcome:
    """One row as it was played over one transport."""

    row: Row
    transport: str
    url: str
    """The base URL that the client used."""
    result: str = "nothing"
    """``Call``, or the class of the error."""
    error: errors.PuretalkError | None = None
    requests: int = 0
    """Requests that the server saw."""
    elapsed: float = 0.0
    """Seconds by the clock of the event loop, which is moved where a row stalls."""
    moved: float = 0.0
    """The part of these seconds by which the clock was moved: all that the client's own clock shows."""
    slept: float = 0.0
    """Seconds of all delays of the client, also before this request."""
    problems: list[str] = field(factory=list)

    @property
    def overrun(self) -> float:
        """Seconds beyond the deadline."""
        return max(0.0, self.elapsed - self.row.timeout)


async def play(row: Row, transport: str, server: ServerProcess) -> Outcome:
    """Play a row on the running ``MovableLoop``, and note in the outcome where it is not as the table says."""
    exposures, drifts = Exposures(), list[Drift]()
    outcome = Outcome(row=row, transport=transport, url=base_url(server, row))
    options: dict[str, Any] = {"base_url": outcome.url, "on_drift": drifts.append, **row.options}
    if row.target == "tls-trusted":
        options["verify"] = ssl.create_default_context(cafile=str(CERTIFICATE))
    if row.target == "unresolvable":
        fail_to_resolve()
    call_id = str(uuid.uuid4()) if row.call_id == "uuid" else new_id(row.name)
    with exposures.capture_logs():
        async with TRANSPORTS[transport](**options) as client:
            clock = skip_delays(client)
            for script in row.before:
                await result_of(client.calls.get(new_id(script), timeout=row.timeout))
            async with in_progress(client, row.meanwhile, server):
                result = await fetch(client, call_id, outcome, server)
            outcome.requests = server.ask(f"requests {call_id}")
            outcome.slept = clock.slept
            if row.then_good:
                after = await result_of(client.calls.get(new_id("good"), timeout=row.timeout))
                if not isinstance(after, Call):
                    outcome.problems.append(f"the next request failed: {type(after).__name__}")
            exposures.inspect_client(client)
    if row.target == "tls-to-silent":
        collect_half_open()
    exposures.inspect_result(result)
    exposures.add("drifts", repr(drifts))
    outcome.problems += mismatches(outcome, result, call_id)
    outcome.problems += [f"shows the key: {where}" for where in exposures.of_key()]
    outcome.problems += [f"shows {word}" for word in exposures.of_words()]
    if server.ask("elsewhere") != [0, ""]:
        outcome.problems.append("another host received something")
    return outcome


async def fetch(
    client: AsyncPuretalk, call_id: str, outcome: Outcome, server: ServerProcess
) -> Call | Exception | None:
    """Fetch the call of a row, let its time run out where the row stalls, and end it where it hangs."""
    loop, row = movable_loop(), outcome.row
    accepted = server.ask("silent")
    start, moved = loop.time(), loop.moved
    task = asyncio.create_task(result_of(client.calls.get(call_id, timeout=row.timeout)))
    keeper = asyncio.create_task(run_out(row, call_id, start, accepted, server))
    await asyncio.wait({task}, timeout=row.timeout + GUARD)
    outcome.elapsed, outcome.moved = loop.time() - start, loop.moved - moved
    for unfinished in (task, keeper):
        unfinished.cancel()
    await asyncio.gather(task, keeper, return_exceptions=True)
    if not keeper.cancelled():
        keeper.result()
    if task.cancelled():
        outcome.problems.append(f"hangs {GUARD:g} s beyond its deadline")
        return None
    result = task.result()
    outcome.result = type(result).__name__
    outcome.error = result if isinstance(result, errors.PuretalkError) else None
    return result


async def run_out(row: Row, call_id: str, start: float, accepted: int, server: ServerProcess) -> None:
    """Move the clock of the event loop to the end of the time that a stalled request has.

    Not before the request has come to the point where it stalls: how long that takes depends on the machine.

    Args:
        row: The row.
        call_id: The id that is fetched.
        start: When the request began, by the clock of the event loop.
        accepted: Connections that the silent listener had accepted then.
        server: The server.
    """
    loop = movable_loop()
    match row.stall:
        case None:
            return
        case Stall.RESPONSE:
            await eventually(lambda: server.ask(f"pauses {call_id}"))
        case Stall.HANDSHAKE | Stall.CONNECTING:
            for attempt in range(1, (row.attempts or 1) + 1):
                await eventually(lambda: server.ask("silent") >= accepted + attempt)  # noqa: B023
                await run_turns()
                if row.stall is Stall.CONNECTING:
                    loop.move(row.options["connect_timeout"])
        case Stall.QUEUE:
            pass  # waiting for a connection takes no I/O
    await run_turns()
    if row.stall is not Stall.CONNECTING:
        loop.move(start + row.timeout - loop.time())


def mismatches(outcome: Outcome, result: object, call_id: str) -> list[str]:
    """Say where an outcome is not as the table says."""
    row, found = outcome.row, []
    if outcome.result not in row.expect.split(" or "):
        found.append(f"received {outcome.result}")
    if isinstance(result, Call) and result.call_id is not None and row.options.get("verify_call_id", True):
        received, expected = (text.replace("-", "").lower() for text in (str(result.call_id), call_id))
        if received != expected:
            found.append("received another call")
    expected_requests = row.attempts if row.requests is None else row.requests
    if outcome.requests > MAX_ATTEMPTS or (expected_requests not in (None, outcome.requests)):
        found.append(f"{outcome.requests} requests, not {expected_requests}")
    if row.waits is not None and not is_close(outcome.slept, row.waits):
        found.append(f"delays of {outcome.slept:g} s, not {row.waits} s")
    if outcome.error is not None:
        found += facts_missing(outcome.error, row, call_id)
        if not is_close(outcome.error.elapsed, outcome.moved):
            found.append(f"the error reports {outcome.error.elapsed:g} s, not {outcome.moved:g} s")
    return found


def facts_missing(error: errors.PuretalkError, row: Row, call_id: str) -> list[str]:
    """Say which facts an error does not report as the table says."""
    found = []
    if row.attempts is not None and error.attempts != row.attempts:
        found.append(f"the error reports {error.attempts} attempts, not {row.attempts}")
    if error.method != "GET" or error.path is None or not error.path.endswith(call_id):
        found.append("the error does not report its request")
    if row.retry_after is not None and not is_close(error.retry_after, row.retry_after):
        found.append(f"retry_after is {error.retry_after}, not {row.retry_after}")
    return found


def is_close(value: float | None, expected: float) -> bool:
    """Whether a number of seconds is there and as expected, apart from rounding."""
    return value is not None and abs(value - expected) < 1e-6


@contextlib.asynccontextmanager
async def in_progress(client: AsyncPuretalk, script: str | None, server: ServerProcess) -> AsyncIterator[None]:
    """Keep another request in progress."""
    if script is None:
        yield
        return
    call_id = new_id(script)
    task = asyncio.create_task(client.calls.get(call_id, timeout=1000))
    await eventually(lambda: server.ask(f"requests {call_id}"))
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def fail_to_resolve() -> None:
    """Let no name resolve on the running loop: tests must not depend on the machine's resolver."""

    async def getaddrinfo(*_: object, **__: object) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    asyncio.get_running_loop().getaddrinfo = getaddrinfo  # type: ignore[method-assign]


def collect_half_open() -> None:
    """Collect sockets whose TLS handshake was cancelled.

    httpcore 1.0.9 closes them on an Exception, not on a CancelledError, and so leaves them to the collector.
    Everything else must be closed without it: an unclosed socket fails the test in which it is found.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
