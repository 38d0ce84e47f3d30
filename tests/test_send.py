"""The send loop, with a transport, a clock and a random of the test's own."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable
from multiprocessing import get_context
from typing import Any

import httpx
import pytest

from puretalk_client import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncPuretalk,
    Drift,
    PuretalkError,
    RateLimitError,
    ResponseDecodeError,
    ServerError,
    WrongCallError,
)
from puretalk_client._retry import Backoff
from puretalk_client._send import Clock

Step = tuple[int, dict[str, str], bytes] | Exception
GOOD: Step = (200, {}, b'{"msg":"Success","err":false,"results":{"status":"completed"}}')


class Script(httpx.AsyncBaseTransport):
    """Answers with one step of a script after the other; the last is repeated."""

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.requests = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Play the next step."""
        step = self.steps[min(self.requests, len(self.steps) - 1)]
        self.requests += 1
        if isinstance(step, Exception):
            raise step
        status, headers, content = step
        return httpx.Response(status, headers=headers, content=content)


class Time:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)

    def clock(self) -> Clock:
        """Return a clock that reads this time."""
        return Clock(monotonic=lambda: self.now, wall=lambda: self.now, sleep=self.sleep)


def run(
    script: Script, use: Callable[[AsyncPuretalk, Time], Any] | None = None, draw: float = 1.0, **options: Any
) -> tuple[Any, Time]:
    """Fetch over ``script``, or do what ``use`` says; return the result or the error, and the time spent."""

    async def main() -> tuple[Any, Time]:
        time = Time()
        async with httpx.AsyncClient(transport=script) as http:
            client = AsyncPuretalk("k-secret", base_url="https://api.test", http_client=http, **options)
            client._sender.clock = time.clock()
            client._sender.backoff = Backoff(draw=lambda: draw)
            try:
                return await (use(client, time) if use else client.calls.get("c")), time
            except PuretalkError as error:
                return error, time

    return asyncio.run(main())


def test_success_after_failures_is_a_success() -> None:
    """Two failures that pass, then the call; the waits are those of the backoff."""
    script = Script((503, {}, b""), httpx.ReadError("cut"), GOOD)
    call, time = run(script)
    assert call.status == "completed"
    assert time.slept == [0.5, 1.0]


@pytest.mark.parametrize("max_retries", [0, 1, 2, 5])
def test_attempts_are_counted_and_bounded(max_retries: int) -> None:
    """At most max_retries + 1 requests, and the error says how many."""
    script = Script((500, {}, b'{"err":true,"msg":"broken"}'))
    error, _ = run(script, max_retries=max_retries)
    assert isinstance(error, ServerError)
    assert script.requests == error.attempts == max_retries + 1
    assert error.msg == "broken"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 501, 302])
def test_lasting_failures_are_not_repeated(status: int) -> None:
    """One request, one error."""
    script = Script((status, {}, b""))
    error, _ = run(script)
    assert isinstance(error, APIStatusError)
    assert script.requests == 1


def test_whole_body_that_does_not_decode_is_not_repeated() -> None:
    """The server would only say it again."""
    script = Script((200, {}, b"<html>"))
    error, _ = run(script)
    assert isinstance(error, ResponseDecodeError)
    assert script.requests == 1


def test_retry_after_is_waited_for_exactly() -> None:
    """The server's time takes the place of the backoff, without jitter."""
    _, time = run(
        Script((503, {"retry-after": "7"}, b""), (429, {"retry-after-ms": "1500"}, b""), GOOD), draw=0.3
    )
    assert time.slept == [7.0, 1.5]


@pytest.mark.parametrize(("header", "timeout"), [("121", 600.0), ("30", 30.0), ("86400", 30.0)])
def test_retry_after_that_is_too_long_fails_at_once(header: str, timeout: float) -> None:
    """Beyond 120 s or the deadline nobody waits; the error says how long it would have been."""
    script = Script((429, {"retry-after": header}, b""))
    error, time = run(script, timeout=timeout)
    assert isinstance(error, RateLimitError)
    assert (script.requests, time.slept, error.retry_after) == (1, [], float(header))
    assert f"retry after {header} s" in str(error)


def test_retry_after_of_two_minutes_is_honoured() -> None:
    """120 s is the most that is waited."""
    _, time = run(Script((503, {"retry-after": "120"}, b""), GOOD), timeout=600)
    assert time.slept == [120.0]


def test_backoff_beyond_the_deadline_fails_at_once() -> None:
    """No sleep that nothing can follow."""
    script = Script((503, {}, b""))
    error, time = run(script, timeout=0.4)
    assert isinstance(error, ServerError)
    assert (script.requests, time.slept) == (1, [])


def test_1000_straight_failures_make_at_most_1035_requests() -> None:
    """The quota is shared by all calls of a client."""
    script = Script((503, {}, b""))

    async def many(client: AsyncPuretalk, time: Time) -> None:
        for _ in range(1000):
            with pytest.raises(ServerError):
                await client.calls.get("c")

    run(script, many)
    assert 1000 < script.requests <= 1035


def test_cooldown_holds_back_the_other_calls() -> None:
    """After a 429 with Retry-After no call of this client sends before that time."""
    script = Script((429, {"retry-after": "5"}, b""), GOOD)
    sent_at: list[float] = []

    async def several(client: AsyncPuretalk, time: Time) -> None:
        transport = client._sender.transport
        plain = transport.open

        async def noting(*request: Any) -> Any:
            sent_at.append(time.now)
            return await plain(*request)

        transport.open = noting  # type: ignore[method-assign,assignment]
        first = asyncio.create_task(client.calls.get("a"))
        for _ in range(100):
            await asyncio.sleep(0)
        await asyncio.gather(first, *(client.calls.get(f"b{n}") for n in range(3)))

    run(script, several)
    assert sent_at[0] == 1000.0
    assert len(sent_at) == 5
    assert all(moment >= 1005.0 for moment in sent_at[1:])


def test_cooldown_beyond_the_deadline_fails_at_once() -> None:
    """A call that could not be sent in time says so, having sent nothing."""

    async def use(client: AsyncPuretalk, time: Time) -> PuretalkError:
        client._sender.resume_at = time.now + 60
        return await client.calls.get("c", timeout=10)  # type: ignore[return-value]

    script = Script(GOOD)
    error, _ = run(script, use)
    assert isinstance(error, RateLimitError)
    assert (script.requests, error.attempts, error.retry_after) == (0, 0, 60.0)


@pytest.mark.parametrize("seconds", [121, 86_400])
def test_absurd_retry_after_does_not_stop_the_client(seconds: int) -> None:
    """Only a wait that would be honoured holds back other calls."""

    async def use(client: AsyncPuretalk, _: Time) -> Any:
        with pytest.raises(RateLimitError):
            await client.calls.get("a")
        return await client.calls.get("b")

    call, time = run(Script((429, {"retry-after": str(seconds)}, b""), GOOD), use)
    assert call.status == "completed"
    assert time.slept == []


@pytest.mark.parametrize(
    "raised",
    [
        httpx.ReadError("x"),
        OSError("x"),
        RuntimeError("x"),
        ValueError("x"),
        KeyError("x"),
        TimeoutError(),
        EOFError(),
    ],
)
def test_no_exception_of_a_transport_escapes(raised: Exception) -> None:
    """Whatever a library raises is an APIConnectionError, with its cause."""
    error, _ = run(Script(raised), max_retries=0)
    assert isinstance(error, APIConnectionError)
    assert error.__cause__ is raised
    assert raised.__traceback__ is None


@pytest.mark.parametrize("raised", [KeyboardInterrupt, SystemExit, asyncio.CancelledError])
def test_what_ends_the_task_passes_through(raised: type[BaseException]) -> None:
    """Cancellation and interrupts are not errors of a call."""

    class Ending(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            raise raised

    async def main() -> None:
        async with httpx.AsyncClient(transport=Ending()) as http:
            client = AsyncPuretalk("k", http_client=http)
            with pytest.raises(raised):
                await client.calls.get("c")

    asyncio.run(main())


def test_deadline_bounds_a_transport_that_hangs() -> None:
    """The real clock, and a transport that never answers."""

    class Hanging(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.Event().wait()
            raise AssertionError

    async def main() -> None:
        async with httpx.AsyncClient(transport=Hanging()) as http:
            client = AsyncPuretalk("k", http_client=http, timeout=0.05)
            with pytest.raises(APITimeoutError, match=r"within 0\.05 s") as caught:
                await client.calls.get("c")
            assert caught.value.attempts == 1
            with pytest.raises(APITimeoutError, match=r"within 0\.02 s"):
                await client.calls.get("c", timeout=0.02)

    asyncio.run(main())


UUID = "be8b84ed-16d8-459e-b71c-b0f54fce5ec1"


@pytest.mark.parametrize(
    ("asked", "got"),
    [(UUID, UUID.upper()), (UUID, UUID.replace("-", "")), (f"{{{UUID}}}", UUID), ("Call-A", "call-a"), ("5", 5),
     ("x", None)],
)  # fmt: skip
def test_same_id_in_another_spelling_is_the_same_call(asked: str, got: Any) -> None:
    """UUIDs are compared as UUIDs, other ids without regard to case; no id is no mismatch."""
    body = httpx.Response(200, json={"msg": "Success", "err": False, "results": {"call_id": got}}).content
    call, _ = run(Script((200, {}, body)), lambda client, _: client.calls.get(asked))
    assert call.call_id == got


@pytest.mark.parametrize("got", ["other", "", 5, True, ["c"], UUID])
def test_answer_of_another_call_is_an_error(got: Any) -> None:
    """Another call's data is never handed over, and asking again is not safer."""
    body = httpx.Response(200, json={"msg": "Success", "err": False, "results": {"call_id": got}}).content
    script = Script((200, {}, body))
    error, _ = run(script)
    assert isinstance(error, WrongCallError)
    assert script.requests == 1
    call, _ = run(Script((200, {}, body)), verify_call_id=False)
    assert call.call_id == got


STRAYED = b'{"msg":"Success","err":false,"results":{"is_billed":"CANARY","transcript_object":[{"role":1},{"role":2}]}}'


def test_drifts_are_handed_over_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """Each stray is told, each path logged once for the client, and no value is in either."""
    found: list[Drift] = []

    async def twice(client: AsyncPuretalk, _: Time) -> Any:
        await client.calls.get("c")
        return await client.calls.get("c")

    call, _ = run(Script((200, {}, STRAYED)), twice, on_drift=found.append)
    assert call.is_billed == "CANARY"
    role = Drift("$.results.transcript_object[*].role", "str | None", "number")
    assert found == [Drift("$.results.is_billed", "bool | None", "string"), role, role] * 2
    assert len(caplog.records) == 2
    assert "CANARY" not in caplog.text + repr(found)


def test_failing_on_drift_does_not_fail_the_call(caplog: pytest.LogCaptureFixture) -> None:
    """The caller's listener is its own business."""

    def broken(drift: Drift) -> None:
        raise RuntimeError("CANARY")

    call, _ = run(Script((200, {}, STRAYED)), on_drift=broken)
    assert call.is_billed == "CANARY"
    assert "CANARY" not in caplog.text
    assert "on_drift raised RuntimeError" in caplog.text


def test_strict_raises_with_the_drifts() -> None:
    """strict=True trades the call for an error that names the paths."""
    error, _ = run(Script((200, {}, STRAYED)), strict=True)
    assert isinstance(error, ResponseDecodeError)
    assert error.drifts[0].path == "$.results.is_billed"
    assert "CANARY" not in str(error)
    assert pickle.loads(pickle.dumps(error)).drifts == error.drifts


def _raise(error: PuretalkError) -> PuretalkError:
    return error


def test_errors_cross_processes() -> None:
    """An error raised in a worker arrives as it was."""
    error, _ = run(
        Script((429, {"retry-after": "500", "x-request-id": "r-1"}, b'{"err":true,"msg":"slow down"}'))
    )
    with get_context("spawn").Pool(1) as pool:
        arrived = pool.apply(_raise, (error,))
    assert type(arrived) is RateLimitError
    assert str(arrived) == str(error)
    assert arrived.__dict__ == error.__dict__
