"""An external httpx client over HTTP/2 and TLS, and Hypercorn, a server that is not ours."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import ssl
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from attrs import frozen
from tests.support.canary import API_KEY
from tests.support.clock import MovableLoop, movable_loop, run_turns, skip_delays
from tests.support.eventually import PATIENCE, eventually
from tests.support.exposure import Exposures
from tests.support.process import EXIT_SECONDS, ROOT

from puretalk_client import (
    APITimeoutError,
    AsyncPuretalk,
    Call,
    CallIdMismatchError,
    NotFoundError,
    PermissionDeniedError,
    PuretalkError,
)

pytest.importorskip("hypercorn", reason="Hypercorn is not installed")
pytest.importorskip("h2", reason="h2 is not installed")

TIMEOUT = 120.0
"""Seconds for requests that should not reach their deadline, on a loaded machine either."""


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Run these tests on a loop whose clock they can move."""
    return "asyncio", {"loop_factory": MovableLoop, "debug": False}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Start the server, and end it by ending its input."""
    command = [sys.executable, "-m", "tests.interop.http2_server"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(API_KEY + "\n")
        process.stdin.flush()
        yield int(process.stdout.readline())
        process.stdin.close()
        try:
            process.wait(EXIT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


def new_id(kind: str) -> str:
    """Make a call id that names what the server does."""
    return f"{kind}--{uuid.uuid4().hex}"


@frozen
class Client:
    """A client of the server, with the external client that it uses."""

    calls: AsyncPuretalk
    http: httpx.AsyncClient
    observer: httpx.AsyncClient
    base_url: str

    async def get(self, kind: str = "good", timeout: float = TIMEOUT) -> Call:
        """Fetch a call."""
        return await self.calls.calls.get(new_id(kind), timeout=timeout)

    async def seen(self) -> dict[str, list[tuple[str, int]]]:
        """Return the HTTP version and the client's port of each request, by call id."""
        seen: dict[str, list[tuple[str, int]]] = (await self.observer.get(f"{self.base_url}/seen")).json()
        return seen

    async def wait_for(self, *call_ids: str) -> None:
        """Wait until the server has received requests for these calls, and what it sent at once has arrived."""
        async with asyncio.timeout(PATIENCE):
            while not set(call_ids) <= (await self.seen()).keys():
                pass
        await run_turns(200)


def unverified() -> ssl.SSLContext:
    """Return a context that accepts the certificate of tests."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@contextlib.asynccontextmanager
async def open_client(port: int, **options: Any) -> AsyncIterator[Client]:
    """Open a client over HTTP/2, without retries unless ``options`` say so."""
    base_url = f"https://127.0.0.1:{port}/api"
    settings: dict[str, Any] = {"verify": unverified(), "trust_env": False, "timeout": None}
    async with httpx.AsyncClient(http2=True, **settings) as http, httpx.AsyncClient(**settings) as observer:
        used = {"base_url": base_url, "max_retries": 0, "http_client": http, **options}
        async with AsyncPuretalk(API_KEY, **used) as client:
            skip_delays(client)
            yield Client(client, http, observer, base_url)


async def outcome(client: Client, kind: str, timeout: float = TIMEOUT) -> Call | PuretalkError:
    """Fetch a call, and return it or the error; let time run out where the server stalls."""
    call_id = new_id(kind)
    task = asyncio.create_task(client.calls.calls.get(call_id, timeout=timeout))
    if kind.startswith("stalls"):
        await client.wait_for(call_id)
        movable_loop().move(timeout)
    [result] = await asyncio.gather(task, return_exceptions=True)
    assert isinstance(result, (Call, PuretalkError)), repr(result)
    return result


async def test_key_and_words_are_in_no_log(port: int) -> None:
    """All loggers are at DEBUG, those of h2 and hpack too, which httpx imports with its first client over HTTP/2."""
    exposures = Exposures()
    results: list[object] = []
    names = set[str]()
    with all_loggers_at_debug(), exposures.capture_logs(), names_of_loggers(names):
        async with open_client(port) as client:
            for kind in ("good", "echoes-key", "missing", "of-another-call", "good"):
                results.append(await outcome(client, kind))
            results.append(await outcome(client, "stalls-within-body", 5.0))
            exposures.inspect_client(client.calls)
            # Requests of others on the same connection log the headers that they evict from its table.
            for number in range(60):
                await client.http.get(f"{client.base_url}/seen", headers={f"x-filler-{number}": "f" * 200})
    for result in results:
        if not isinstance(result, Call):
            exposures.inspect_result(result)
    assert [type(result) for result in results] == [
        Call, PermissionDeniedError, NotFoundError, CallIdMismatchError, Call, APITimeoutError,
    ]  # fmt: skip
    assert (exposures.of_key(), exposures.of_words()) == ([], [])
    assert {"hpack.hpack", "hpack.table", "httpcore.http2"} <= names, "they log, and this test would notice what"


@contextlib.contextmanager
def all_loggers_at_debug() -> Iterator[None]:
    """Set every logger to DEBUG, whatever an earlier test chose for it."""
    loggers = [logger for logger in logging.root.manager.loggerDict.values() if isinstance(logger, logging.Logger)]
    levels = [(logger, logger.level) for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        for logger, level in levels:
            logger.setLevel(level)


@contextlib.contextmanager
def names_of_loggers(names: set[str]) -> Iterator[None]:
    """Keep the names of the loggers that log anything."""

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            names.add(record.name)

    handler = Handler()
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)


async def test_concurrent_requests_share_one_connection(port: int) -> None:
    """50 calls arrive, each at the request that fetched it."""
    async with open_client(port) as client:
        await client.get()  # opens the connection
        ids = [new_id("good") for _ in range(50)]
        calls = await asyncio.gather(*(client.calls.calls.get(call_id, timeout=TIMEOUT) for call_id in ids))
        seen = await client.seen()
    assert [call.call_id for call in calls] == ids
    assert {version for call_id in ids for version, _ in seen[call_id]} == {"2"}
    assert len({port for call_id in ids for _, port in seen[call_id]}) == 1
    assert all(len(seen[call_id]) == 1 for call_id in ids)


@pytest.mark.parametrize("kind", ["stalls-before-head", "stalls-within-body"])
async def test_deadline_ends_a_stalled_response(kind: str, port: int) -> None:
    """And the client goes on."""
    async with open_client(port) as client:
        await client.get()
        error = await outcome(client, kind, timeout=7.0)
        assert isinstance(error, APITimeoutError)
        assert error.attempts == 1
        assert (await client.get()).call_id is not None


async def test_client_survives_many_deadlines(port: int) -> None:
    """What arrives for requests that nobody waits for counts against the window of the connection: 16 MiB."""
    async with open_client(port) as client:
        for _ in range(6):
            ids = [new_id("stalls-within-body") for _ in range(50)]
            tasks = [asyncio.create_task(client.calls.calls.get(call_id, timeout=TIMEOUT)) for call_id in ids]
            await client.wait_for(*ids)
            movable_loop().move(TIMEOUT)
            results = await asyncio.gather(*tasks, return_exceptions=True)
            assert {type(result) for result in results} == {APITimeoutError}
        assert isinstance(await client.get(), Call)


async def test_refusal_is_retried_when_the_server_asks(port: int) -> None:
    """After Retry-After, and not before."""
    async with open_client(port, max_retries=1) as client:
        start = movable_loop().moved
        call = await client.get("busy-once")
        assert movable_loop().moved - start >= 3.0
        assert len((await client.seen())[str(call.call_id)]) == 2


async def test_missing_call_is_an_error_and_keeps_the_connection(port: int) -> None:
    """Nothing is wrong with it."""
    async with open_client(port) as client:
        before, error, after = await client.get(), await outcome(client, "missing"), await client.get()
        assert isinstance(error, NotFoundError)
        seen = await client.seen()
        assert seen[str(before.call_id)] == seen[str(after.call_id)]


async def test_response_of_another_call_closes_the_connection(port: int) -> None:
    """Its responses may be out of step; the next request opens another one."""
    async with open_client(port) as client:
        before, error, after = await client.get(), await outcome(client, "of-another-call"), await client.get()
        assert isinstance(error, CallIdMismatchError)
        seen = await client.seen()
        assert seen[str(before.call_id)] != seen[str(after.call_id)]


async def test_response_of_another_call_costs_others_only_retries(port: int) -> None:
    """Requests that share its connection are sent again, on a busy machine more than once: no delay passes here."""
    async with open_client(port, max_retries=8) as client:
        await client.get()
        kinds = ["good"] * 10 + ["of-another-call"] + ["good"] * 10
        results = await asyncio.gather(*(outcome(client, kind) for kind in kinds))
    assert [type(result) for result in results] == [
        CallIdMismatchError if kind == "of-another-call" else Call for kind in kinds
    ]


# httpcore 1.0.9 leaves the socket of a cancelled TLS handshake to the garbage collector (see collect_half_open).
@pytest.mark.filterwarnings("ignore:.*unclosed:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
async def test_cancelled_requests_leave_the_connection_usable(port: int) -> None:
    """At any point: before and after the request was sent, and within the body."""
    async with open_client(port) as client:
        before = await client.get()
        for turns in range(60):
            kind = ("good", "stalls-before-head", "stalls-within-body")[turns % 3]
            task = asyncio.create_task(client.calls.calls.get(new_id(kind), timeout=TIMEOUT))
            await run_turns(turns)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        assert isinstance(await client.get(), Call)
        assert before.call_id is not None
        call_id = new_id("stalls-within-body")
        task = asyncio.create_task(client.calls.calls.get(call_id, timeout=TIMEOUT))
        await client.wait_for(call_id)
        task.cancel()
        await eventually(task.done)
        assert task.cancelled()
        assert isinstance(await client.get(), Call)
    del task
    gc.collect()
