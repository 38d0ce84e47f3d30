"""The request loop: attempts, retries, rate limits, errors."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Any

import httpx
import pytest
from tests.support.canary import API_KEY, WORDS
from tests.support.exposure import Exposures
from tests.support.transports import BASE_URL, Scripted, ScriptedTransport
from tests.unit.core.senders import RESPONSES, THING, Thing, open_sender, outcome, send

from puretalk_client import (
    APIConnectionError,
    APIStatusError,
    CallIdMismatchError,
    Drift,
    PuretalkError,
    RateLimitError,
    ResponseDecodeError,
    ResponseTooLargeError,
    ServerError,
)
from puretalk_client._core.decoding import decode
from puretalk_client.testing import VirtualTimeLoop
from puretalk_generated.types import Body, Request

UNAVAILABLE = Scripted(503)


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Run these tests in virtual time."""
    return "asyncio", {"loop_factory": VirtualTimeLoop}


async def test_request_has_the_key_the_common_headers_and_its_own() -> None:
    """The key comes first, the request's own headers last; a query is percent-encoded."""
    transport = ScriptedTransport(THING)
    request = Request(
        method="POST",
        path="/things",
        params=(("q", "a b&c"), ("q", "/")),
        headers=(("X-Trace", "1"),),
        body=Body(content=b"{}", content_type="application/json"),
    )
    async with open_sender(transport) as (sender, _):
        assert await sender.send(request, RESPONSES, timeout=None) == Thing(size=5)
    [sent] = transport.requests
    assert (sent.method, str(sent.url)) == ("POST", f"{BASE_URL}/things?q=a%20b%26c&q=%2F")
    assert sent.headers.get_list("x-key") == [API_KEY]
    assert (sent.headers["accept"], sent.headers["x-trace"]) == ("application/json", "1")
    assert (sent.headers["content-type"], sent.content) == ("application/json", b"{}")


async def test_request_without_a_key_header_sends_no_key() -> None:
    """The API's document may have no key at all."""
    transport = ScriptedTransport(THING)
    async with open_sender(transport, key_place=None) as (sender, _):
        await send(sender)
    assert API_KEY not in str(transport.requests[0].headers.raw)


async def test_transient_failures_are_retried_with_backoff() -> None:
    """A status and a broken connection, then success."""
    transport = ScriptedTransport(UNAVAILABLE, httpx.ReadError("x"), THING)
    async with open_sender(transport) as (sender, clock):
        full = sender.pool.quota.tokens
        assert await send(sender) == Thing(size=5)
        assert sender.pool.quota.tokens == full  # a success releases what its retries acquired
    assert clock.delays == [0.5, 1.0]


@pytest.mark.parametrize("max_retries", [0, 1, 2, 5])
async def test_attempts_are_bounded_and_counted(max_retries: int) -> None:
    """At most ``max_retries`` + 1 requests; the error says how many and why."""
    transport = ScriptedTransport(Scripted(500, b"broken", {"x-request-id": "r-1"}))
    async with open_sender(transport, max_retries=max_retries) as (sender, clock):
        error = await outcome(sender)
    assert isinstance(error, ServerError)
    assert len(transport.requests) == error.attempts == max_retries + 1
    assert (error.method, error.path, error.status) == ("GET", "/things/1", 500)
    assert (error.msg, error.request_id) == ("broken", "r-1")
    assert error.elapsed == sum(clock.delays)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 501, 302])
async def test_lasting_failures_are_not_retried(status: int) -> None:
    """The same request would fail again; a redirect would lead the key elsewhere."""
    transport = ScriptedTransport(Scripted(status, headers={"location": "https://other.test/"}))
    async with open_sender(transport) as (sender, _):
        assert isinstance(await outcome(sender), APIStatusError)
    assert len(transport.requests) == 1


@pytest.mark.parametrize(
    ("response", "kind"),
    [(Scripted(200, b"<html>"), ResponseDecodeError), (Scripted(201, b"{}"), ResponseDecodeError),
     (Scripted(200, b" " * 100), ResponseTooLargeError)],
)  # fmt: skip
async def test_response_that_cannot_be_used_is_not_retried(response: Scripted, kind: type[PuretalkError]) -> None:
    """The server would only repeat it."""
    transport = ScriptedTransport(response)
    async with open_sender(transport, max_response_bytes=50) as (sender, _):
        error = await outcome(sender)
    assert isinstance(error, kind)
    assert (len(transport.requests), error.attempts) == (1, 1)


async def test_check_of_the_operation_can_refuse_a_value() -> None:
    """Its error is described like any other, and is not retried."""

    def check(thing: Thing) -> None:
        raise CallIdMismatchError(f"size {thing.size}")

    transport = ScriptedTransport(THING)
    async with open_sender(transport) as (sender, _):
        error = await outcome(sender, check=check)
    assert str(error) == "size 5 (GET /things/1, 1 attempt, 0.00 s)"
    assert len(transport.requests) == 1


async def test_retry_after_replaces_the_backoff() -> None:
    """It is waited for exactly, without jitter."""
    transport = ScriptedTransport(
        Scripted(503, headers={"retry-after": "7"}), Scripted(429, headers={"retry-after-ms": "1500"}), THING
    )
    async with open_sender(transport, draw=0.3) as (sender, clock):
        await send(sender)
    assert clock.delays == [7.0, 1.5]


@pytest.mark.parametrize(("header", "timeout"), [("121", 600.0), ("30", 30.0), ("86400", 30.0)])
async def test_retry_after_beyond_two_minutes_or_the_deadline_fails_at_once(header: str, timeout: float) -> None:
    """The error says how long the wait would have been."""
    transport = ScriptedTransport(Scripted(429, headers={"retry-after": header}))
    async with open_sender(transport, timeout=timeout) as (sender, clock):
        error = await outcome(sender)
    assert isinstance(error, RateLimitError)
    assert (len(transport.requests), clock.delays, error.retry_after) == (1, [], float(header))
    assert f"retry after {header} s" in str(error)


async def test_retry_after_of_two_minutes_is_waited_for() -> None:
    """The longest wait."""
    transport = ScriptedTransport(Scripted(503, headers={"retry-after": "120"}), THING)
    async with open_sender(transport, timeout=600.0) as (sender, clock):
        await send(sender)
    assert clock.delays == [120.0]


async def test_backoff_beyond_the_deadline_fails_at_once() -> None:
    """No delay that no attempt can follow."""
    transport = ScriptedTransport(UNAVAILABLE)
    async with open_sender(transport, timeout=0.4) as (sender, clock):
        assert isinstance(await outcome(sender), ServerError)
    assert (len(transport.requests), clock.delays) == (1, [])


async def test_an_outage_makes_at_most_1035_requests_of_1000() -> None:
    """All requests of a client share one retry quota, if no time passes in which it recovers."""
    transport = ScriptedTransport(UNAVAILABLE)
    async with open_sender(transport, draw=0.0) as (sender, _):
        for _ in range(1000):
            assert isinstance(await outcome(sender), ServerError)
    assert 1000 < len(transport.requests) <= 1035


async def test_rate_limit_holds_back_all_requests_of_a_client() -> None:
    """After a 429 with Retry-After no request is sent before that time."""
    sent_at: list[float] = []

    async def respond(_: httpx.Request) -> Scripted:
        sent_at.append(clock.monotonic())
        return THING if len(sent_at) > 1 else Scripted(429, headers={"retry-after": "5"})

    async with open_sender(ScriptedTransport(respond)) as (sender, clock):
        start = clock.monotonic()
        first = asyncio.create_task(send(sender))
        while not sent_at:
            await asyncio.sleep(0)
        await asyncio.gather(first, *(send(sender) for _ in range(3)))
    assert sent_at[0] == start
    assert len(sent_at) == 5
    assert min(sent_at[1:]) >= start + 5


async def test_rate_limit_beyond_the_deadline_fails_at_once() -> None:
    """A request that cannot be sent in time fails without being sent."""
    transport = ScriptedTransport(THING)
    async with open_sender(transport) as (sender, clock):
        sender.pool.pace.refuse(clock.monotonic(), 60)
        error = await outcome(sender, timeout=10.0)
    assert isinstance(error, RateLimitError)
    assert (len(transport.requests), error.attempts, error.retry_after) == (0, 0, 60.0)


async def test_request_that_waits_for_the_pace_observes_a_pause_that_changes() -> None:
    """A refusal in the meantime counts for those that have reserved their time already."""
    async with open_sender(ScriptedTransport(THING)) as (sender, clock):
        sender.pool.pace.refuse(clock.monotonic(), 0.0)
        await send(sender)
        sleep = clock.sleep

        async def refused_meanwhile(seconds: float) -> None:
            await sleep(seconds)
            if len(clock.delays) == 1:
                sender.pool.pace.refuse(clock.monotonic(), 5.0)

        clock.sleep = refused_meanwhile  # type: ignore[method-assign]
        await send(sender)
    assert clock.delays == pytest.approx([1.0, 5.0])


@pytest.mark.parametrize("seconds", [121, 86_400])
async def test_absurd_retry_after_does_not_stop_the_client(seconds: int) -> None:
    """Only a wait that the client would honor holds back other requests."""
    transport = ScriptedTransport(Scripted(429, headers={"retry-after": str(seconds)}), THING)
    async with open_sender(transport) as (sender, clock):
        assert isinstance(await outcome(sender), RateLimitError)
        assert await send(sender) == Thing(size=5)
    assert clock.delays == []


@pytest.mark.parametrize(
    "raised",
    [httpx.ReadError(WORDS["turn"]), OSError(WORDS["turn"]), RuntimeError(WORDS["turn"]), ValueError(WORDS["turn"]),
     KeyError(WORDS["turn"]), TimeoutError(), EOFError(), ExceptionGroup(WORDS["turn"], [OSError()])],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
async def test_any_exception_of_a_transport_is_a_connection_error(raised: Exception) -> None:
    """With neither the library's exception nor its frames and text."""
    async with open_sender(ScriptedTransport(raised), max_retries=0) as (sender, _):
        error = await outcome(sender)
    assert isinstance(error, APIConnectionError)
    exposures = Exposures()
    exposures.inspect_result(error)
    assert exposures.of_words() == exposures.of_key() == []


async def test_error_has_no_frame_of_the_request() -> None:
    """The frames hold headers and bodies; only the exchange's outermost one and those of its callers stay."""
    async with open_sender(ScriptedTransport(Scripted(401, API_KEY.encode()))) as (sender, _):
        error = await outcome(sender)
    names = []
    traceback = error.__traceback__
    while traceback is not None:
        names.append(traceback.tb_frame.f_code.co_name)
        traceback = traceback.tb_next
    assert names[-2:] == ["send", "run"]
    assert not {"_run", "_attempt", "handle_async_request"} & set(names)
    assert (error.__cause__, error.__context__) == (None, None)
    exposures = Exposures()
    exposures.inspect_result(error)
    assert exposures.of_key() == []


async def test_defect_is_an_error_of_this_package() -> None:
    """One ``except PuretalkError`` catches even a bug; the message says where it is."""

    def check(_: Thing) -> None:
        raise ZeroDivisionError(WORDS["turn"])

    async with open_sender(ScriptedTransport(THING)) as (sender, _):
        error = await outcome(sender, check=check)
    assert type(error) is PuretalkError
    assert "Unexpected ZeroDivisionError in test_sender.py:" in str(error)
    assert (error.__cause__, error.__context__) == (None, None)
    exposures = Exposures()
    exposures.inspect_result(error)
    assert exposures.of_words() == exposures.of_key() == []


@pytest.mark.parametrize("is_large", [False, True])
async def test_large_body_is_decoded_in_a_thread(is_large: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the event loop goes on meanwhile; ``decoding.is_large`` decides."""
    threads: list[int] = []

    def read(*arguments: Any, **options: Any) -> Any:
        threads.append(threading.get_ident())
        return decode(*arguments, **options)

    monkeypatch.setattr("puretalk_client._core.response.decode", read)
    monkeypatch.setattr("puretalk_client._core.exchange.is_large", lambda content, containers: is_large)
    async with open_sender(ScriptedTransport(THING)) as (sender, _):
        assert await send(sender) == Thing(size=5)
    assert (threads != [threading.get_ident()]) is is_large


DRIFTING = Scripted(200, b'{"size":"canary-mismatch-82c4"}')


async def test_drift_is_reported_and_the_value_delivered() -> None:
    """Once the connection is released."""
    found: list[Drift] = []
    async with open_sender(ScriptedTransport(DRIFTING), on_drift=found.append) as (sender, _):
        thing = await send(sender)
    assert thing == Thing(size=WORDS["mismatch"])  # type: ignore[arg-type]
    assert found == [Drift("$.size", "int", "string", "wrong type")]


async def test_strict_raises_instead_and_does_not_retry() -> None:
    """The error is described like any other."""
    transport = ScriptedTransport(DRIFTING)
    async with open_sender(transport, strict=True) as (sender, _):
        error = await outcome(sender)
    assert isinstance(error, ResponseDecodeError)
    assert error.drifts == (Drift("$.size", "int", "string", "wrong type"),)
    assert (error.attempts, len(transport.requests)) == (1, 1)
    assert WORDS["mismatch"] not in str(error)


async def test_attempts_are_logged_at_debug(caplog: pytest.LogCaptureFixture) -> None:
    """With the status, the reason and the delay."""
    with caplog.at_level(logging.DEBUG, logger="puretalk_client"):
        async with open_sender(ScriptedTransport(UNAVAILABLE, THING)) as (sender, _):
            await send(sender)
    first, second = [record.getMessage() for record in caplog.records if record.name == "puretalk_client"]
    assert all(text in first for text in ("number=1", "status_code=503", "error='ServerError'", "retry_in=0.5"))
    assert all(text in second for text in ("number=2", "status_code=200", "error=None", "retry_in=None"))


async def test_long_body_of_a_failure_still_has_its_message() -> None:
    """Its start is what counts."""
    async with open_sender(ScriptedTransport(Scripted(400, b"No such thing " + b"x" * 100_000))) as (sender, _):
        error = await outcome(sender)
    assert error.msg.startswith("No such thing xxx")
