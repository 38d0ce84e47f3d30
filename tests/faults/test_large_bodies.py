"""Large and hostile bodies: the deadline bounds their decoding, and other tasks run meanwhile."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from tests.support.canary import API_KEY
from tests.support.clock import movable_loop, run_turns
from tests.support.eventually import PATIENCE, eventually
from tests.support.transports import Scripted, ScriptedTransport, client_over
from tests.support.wire import envelope

from puretalk_client import (
    APITimeoutError,
    Call,
    Drift,
    EnvelopeError,
    ResponseDecodeError,
    ResponseTooLargeError,
    ServerError,
)
from puretalk_client._core import decoding, response
from puretalk_client._core.decoding import MAX_DRIFTS, MAX_INLINE_BYTES, MAX_INLINE_CONTAINERS
from puretalk_client._core.redaction import MAX_EXCERPT, MAX_TEXT, Secret
from puretalk_client.models import CallEnvelope
from puretalk_generated.codec import decoder

MIB = 1 << 20
CALL_ID = "c"


def with_turns(size: int, turn: bytes) -> bytes:
    """Return the body of a call that repeats ``turn`` up to about ``size`` bytes."""
    start, end = envelope(CALL_ID, transcript_object=[0]).split(b"[0]")
    return start + b"[" + b",".join([turn] * ((size - len(start) - len(end)) // (len(turn) + 1))) + b"]" + end


TURN = b'{"role":"user","content":"' + b"x" * 100 + b'","interrupted":false}'
LARGE = with_turns(MAX_INLINE_BYTES + 10_000, TURN)
SMALL = with_turns(MAX_INLINE_BYTES - 10_000, TURN)


def compressed(body: bytes) -> Scripted:
    """Return a response with a compressed body."""
    return Scripted(200, gzip.compress(body, 1), {"content-encoding": "gzip"})


def replace_decoder(monkeypatch: pytest.MonkeyPatch, before: Callable[[], None]) -> list[int]:
    """Let ``before`` run before each body is decoded; return the threads in which that happens."""
    threads: list[int] = []

    def decode(content: bytes, hint: Any, *names: Any, containers: int) -> Any:
        threads.append(threading.get_ident())
        before()
        return decoding.decode(content, hint, *names, containers=containers)

    monkeypatch.setattr(response, "decode", decode)
    return threads


async def test_deadline_bounds_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    """The request fails when its time is over, though the thread is still busy; the client goes on."""
    release = threading.Event()
    threads = replace_decoder(monkeypatch, lambda: None if release.wait(PATIENCE) else pytest.fail("not released"))
    async with client_over(ScriptedTransport(Scripted(200, LARGE)), max_connections=1) as client:
        task = asyncio.create_task(client.calls.get(CALL_ID, timeout=5.0))
        try:
            await eventually(lambda: threads)
            await run_turns()
            assert not task.done()
            movable_loop().move(5.0)
            await asyncio.wait([task])
            assert not release.is_set()
        finally:
            release.set()
        error = task.exception()
        assert type(error) is APITimeoutError
        assert (error.message, error.status, error.attempts) == ("No response within 5 s", 200, 1)
        assert isinstance(await client.calls.get(CALL_ID), Call)


@pytest.mark.parametrize("turn", [TURN, b'{"role":1}'], ids=["valid", "mismatch"])
async def test_other_tasks_run_while_a_large_body_is_decoded(turn: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The decoder waits here until the event loop has run a hundred times, which it only does beside a thread."""
    body = LARGE[:-100].replace(TURN, turn, 1) + LARGE[-100:]
    assert len(body) > MAX_INLINE_BYTES
    turned = threading.Event()
    threads = replace_decoder(monkeypatch, lambda: None if turned.wait(PATIENCE) else pytest.fail("it stands still"))

    async def count() -> None:
        await eventually(lambda: threads)
        await run_turns(100)
        turned.set()

    counting = asyncio.create_task(count())
    async with client_over(ScriptedTransport(Scripted(200, body))) as client:
        assert isinstance(await client.calls.get(CALL_ID), Call)
    await counting
    assert threads != [threading.get_ident()]


async def test_small_body_is_decoded_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread would cost more than it saves; the largest such body is 160 KiB."""
    exact = SMALL + b" " * (MAX_INLINE_BYTES - len(SMALL))
    threads = replace_decoder(monkeypatch, lambda: None)
    async with client_over(ScriptedTransport(Scripted(200, exact), Scripted(200, exact + b" "))) as client:
        await client.calls.get(CALL_ID)
        assert threads == [threading.get_ident()]
        await client.calls.get(CALL_ID)
        assert threads[1] != threading.get_ident()


def with_containers(count: int) -> bytes:
    """Return the body of a call with ``count`` objects and arrays, most of them turns without any property."""
    body = envelope(CALL_ID, transcript_object=[{}] * count)
    surplus = body.count(b"{") + body.count(b"[") - count
    return body.replace(b"{}," * surplus, b"", 1).replace(b"{}", b"{" + b" " * 40 + b"}")


@pytest.mark.parametrize("surplus", [0, 1])
async def test_many_objects_are_not_built_wholly_in_c(surplus: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """C keeps the interpreter, also in another thread: 100 kB of empty objects would take 200 ms."""
    body = with_containers(MAX_INLINE_CONTAINERS + surplus)
    assert len(body) < MAX_INLINE_BYTES
    expected = decoder(CallEnvelope).decode(body)
    if surplus:
        monkeypatch.setattr(decoding, "_fast_decoder", lambda hint: pytest.fail("in C"))
    threads = replace_decoder(monkeypatch, lambda: None)
    async with client_over(ScriptedTransport(Scripted(200, body))) as client:
        assert await client.calls.get(CALL_ID) == expected.results
    assert (threads == [threading.get_ident()]) == (not surplus)


@pytest.mark.parametrize("container", [b"{}", b"[]", b"[[[[]]]]"])
async def test_dense_body_is_refused_before_it_is_parsed(container: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parsing a megabyte of empty arrays takes 300 ms, in which no other thread runs."""
    monkeypatch.setattr(decoding, "parse_json", lambda content: pytest.fail("it is parsed"))
    body = envelope(CALL_ID, variables=[0]).replace(b"[0]", b"[" + b",".join([container] * 50_000) + b"]")
    async with client_over(ScriptedTransport(Scripted(200, body))) as client:
        with pytest.raises(ResponseDecodeError, match="objects and arrays in"):
            await client.calls.get(CALL_ID)


async def test_hostile_body_is_refused_with_bounded_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """15 kB of gzip, 15 MiB of ``1,1,1`` where turns belong: a thousand mismatches are looked at, not 8 million."""
    noted = 0

    class CountedDrift(Drift):
        def __init__(self, *args: Any) -> None:
            nonlocal noted
            noted += 1
            super().__init__(*args)

    monkeypatch.setattr(decoding, "Drift", CountedDrift)
    body = with_turns(15 * MIB, b"1")
    hostile = compressed(body)
    assert len(hostile.content) < 100_000
    async with client_over(ScriptedTransport(hostile), max_response_bytes=16 * MIB) as client:
        tracemalloc.start()
        try:
            with pytest.raises(ResponseDecodeError, match=f"in more than {MAX_DRIFTS} places"):
                await client.calls.get(CALL_ID)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert noted == MAX_DRIFTS + 1
    assert peak < 12 * len(body)


async def test_hostile_body_is_too_large_by_default() -> None:
    """It is not decompressed to its end."""
    async with client_over(ScriptedTransport(compressed(with_turns(15 * MIB, b"1")))) as client:
        with pytest.raises(ResponseTooLargeError):
            await client.calls.get(CALL_ID)


@pytest.mark.parametrize("count", [MAX_DRIFTS, MAX_DRIFTS + 1])
async def test_mismatches_are_bounded(count: int) -> None:
    """A thousand are delivered and reported; more are refused, and none of them is reported."""
    drifts: list[Drift] = []
    body = envelope(CALL_ID, variables=[1] * count)
    async with client_over(ScriptedTransport(Scripted(200, body)), on_drift=drifts.append) as client:
        if count <= MAX_DRIFTS:
            variables: list[Any] | None = (await client.calls.get(CALL_ID)).variables
            assert variables == [1] * count
        else:
            with pytest.raises(ResponseDecodeError, match="in more than"):
                await client.calls.get(CALL_ID)
    assert len(drifts) == (count if count <= MAX_DRIFTS else 0)


@pytest.mark.parametrize("status", [200, 500])
async def test_long_msg_is_cut_before_it_is_worked_on(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The search for the key sees at most a few thousand characters, and still finds it."""
    lengths: list[int] = []
    strike = Secret.strike

    def counted(self: Secret, text: str) -> str:
        lengths.append(len(text))
        return strike(self, text)

    monkeypatch.setattr(Secret, "strike", counted)
    size = MIB if status == 200 else 50_000  # less is read of a failure's body
    body = json.dumps({"msg": f"{API_KEY} " + "%41 \u200b" * (size // 6), "err": True}, ensure_ascii=False).encode()
    async with client_over(ScriptedTransport(Scripted(status, body)), max_retries=0) as client:
        with pytest.raises((EnvelopeError, ServerError)) as caught:
            await client.calls.get(CALL_ID)
    msg = caught.value.msg or ""
    assert msg.startswith("***")
    assert len(msg) <= MAX_EXCERPT
    assert 0 < max(lengths) <= MAX_TEXT


async def test_nesting_at_the_edge_is_a_call_or_refused() -> None:
    """How deep JSON may nest depends on the interpreter's stack, and differs between the parsers of one response."""

    async def outcome(depth: int, *, strict: bool) -> str:
        body = envelope(CALL_ID, metadata={"a": 0}).replace(b'"a":0', b'"a":' + b"[" * depth + b"]" * depth)
        async with client_over(ScriptedTransport(Scripted(200, body)), strict=strict) as client:
            [result] = await asyncio.gather(client.calls.get(CALL_ID), return_exceptions=True)
            return type(result).__name__

    accepted, refused = 100, 120_000
    assert await outcome(accepted, strict=False) == "Call"
    assert await outcome(refused, strict=False) == "ResponseDecodeError"
    while refused - accepted > 1:
        middle = (accepted + refused) // 2
        if await outcome(middle, strict=False) == "Call":
            accepted = middle
        else:
            refused = middle
    found = {await outcome(depth, strict=True) for depth in range(accepted - 20, refused + 2)}
    assert found == {"Call", "ResponseDecodeError"}
