"""``on_attempt`` and the log at DEBUG: what they say of each attempt, and what they never do."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from attrs import asdict, fields
from attrs.exceptions import FrozenInstanceError
from tests.support.canary import API_KEY, WORDS
from tests.support.clock import run_turns
from tests.support.exposure import Exposures
from tests.support.key import KEY_HEADER
from tests.support.transports import Scripted, ScriptedTransport, client_over, envelope, hang
from tests.support.wire import call

from puretalk_client import (
    APITimeoutError,
    Attempt,
    CallIdMismatchError,
    PermissionDeniedError,
    PuretalkError,
    ServerError,
)
from puretalk_client._core.retry import Backoff
from puretalk_client.testing import VirtualTimeLoop
from puretalk_generated.api.calls import get_call
from puretalk_generated.types import Request

pytestmark = pytest.mark.usefixtures("own_key_place")

CALL = envelope(call("c-1"))
UNAVAILABLE = Scripted(503, b'{"msg":"busy"}', {"x-request-id": "r-1"})


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Run these tests in virtual time."""
    return "asyncio", {"loop_factory": VirtualTimeLoop, "debug": False}


async def attempts_of(*steps: Any, outcome: type[BaseException] | None = None, **options: Any) -> list[Attempt]:
    """Fetch a call over these steps, without jitter; return what ``on_attempt`` received."""
    found: list[Attempt] = []
    async with client_over(ScriptedTransport(*steps), on_attempt=found.append, **options) as client:
        client._sender.pool.backoff = Backoff(draw=lambda: 0.5)
        [result] = await asyncio.gather(client.calls.get("c-1"), return_exceptions=True)
    assert type(result) is outcome if outcome else not isinstance(result, BaseException), repr(result)
    return found


async def test_success_is_one_attempt() -> None:
    """With the operation and the path as in the document."""
    [attempt] = await attempts_of(CALL)
    assert attempt == Attempt(
        operation="get_call", method="GET", path_template=get_call.request("1").path_template, number=1,
        status_code=200, error=None, elapsed=attempt.elapsed, retry_in=None, request_id=None,
    )  # fmt: skip
    with pytest.raises(FrozenInstanceError):
        attempt.number = 2  # type: ignore[misc]


async def test_each_attempt_is_reported_when_it_ends() -> None:
    """With the error's class, and the seconds until the next one."""
    refused = Scripted(429, headers={"retry-after": "2"})
    found = await attempts_of(UNAVAILABLE, refused, CALL)
    facts = [(one.number, one.status_code, one.error, one.retry_in, one.request_id) for one in found]
    assert facts == [
        (1, 503, "ServerError", 0.25, "r-1"),
        (2, 429, "RateLimitError", 2.0, None),
        (3, 200, None, None, None),
    ]


@pytest.mark.parametrize(
    ("step", "outcome"),
    [(UNAVAILABLE, ServerError), (envelope(call("another")), CallIdMismatchError)],
    ids=["status", "another-call"],
)
async def test_last_failure_is_reported_once(step: Any, outcome: type[BaseException]) -> None:
    """No attempt follows it."""
    found = await attempts_of(step, outcome=outcome, max_retries=0)
    assert [(one.number, one.error, one.retry_in) for one in found] == [(1, outcome.__name__, None)]


async def test_attempt_that_the_deadline_ends_is_reported() -> None:
    """It was sent, and metrics have to count it."""
    found: list[Attempt] = []
    async with client_over(ScriptedTransport(hang), on_attempt=found.append) as client:
        with pytest.raises(APITimeoutError):
            await client.calls.get("c-1", timeout=5.0)
    assert [(one.error, one.status_code, one.retry_in) for one in found] == [("APITimeoutError", None, None)]


async def test_cancelled_attempt_is_reported() -> None:
    """And the cancellation goes on."""
    found: list[Attempt] = []
    async with client_over(ScriptedTransport(hang), on_attempt=found.append) as client:
        task = asyncio.create_task(client.calls.get("c-1"))
        await run_turns()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert [one.error for one in found] == ["CancelledError"]


async def test_request_that_was_not_sent_is_no_attempt() -> None:
    """One that is refused before."""
    found: list[Attempt] = []
    async with client_over(ScriptedTransport(CALL), on_attempt=found.append) as client:
        await client.aclose()
        with pytest.raises(PuretalkError):
            await client.calls.get("c-1")
    assert found == []


@pytest.mark.parametrize("error", [ValueError(API_KEY), KeyError(WORDS["turn"])], ids=["key", "words"])
async def test_exceptions_of_the_callback_are_logged_and_swallowed(error: Exception) -> None:
    """By their class: their text may hold anything."""

    def callback(_: Attempt) -> None:
        raise error

    exposures = Exposures()
    with exposures.capture_logs():
        async with client_over(ScriptedTransport(CALL), on_attempt=callback) as client:
            await client.calls.get("c-1")
    assert any(f"on_attempt raised {type(error).__name__}" in text for _, text in exposures._texts)
    assert (exposures.of_key(), exposures.of_words()) == ([], [])


async def test_attempt_shows_neither_call_nor_key() -> None:
    """Not even where the server repeats them."""

    async def repeat(request: Any) -> Scripted:
        return Scripted(403, WORDS["turn"].encode(), {"x-request-id": request.headers[KEY_HEADER]})

    exposures = Exposures()
    found = await attempts_of(repeat, outcome=PermissionDeniedError, max_retries=0)
    exposures.add("attempt", repr(found) + str(asdict(found[0])))
    assert (exposures.of_key(), exposures.of_words()) == ([], [])
    assert "c-1" not in repr(found)
    assert found[0].request_id == "***"


async def test_log_at_debug_has_one_line_for_each_attempt(caplog: pytest.LogCaptureFixture) -> None:
    """With the same facts; at INFO, a success says nothing."""
    async with client_over(ScriptedTransport(UNAVAILABLE, CALL)) as client:
        with caplog.at_level(logging.INFO, "puretalk_client"):
            await client.calls.get("c-1")
        assert caplog.records == []
        with caplog.at_level(logging.DEBUG, "puretalk_client"):
            await client.calls.get("c-1")
    [record] = [record for record in caplog.records if record.name == "puretalk_client"]
    text = record.getMessage()
    assert all(name.name in text for name in fields(Attempt))
    assert "c-1" not in text


async def test_request_without_an_operation_has_no_template() -> None:
    """One that was built by hand: its path may hold anything."""
    found: list[Attempt] = []
    async with client_over(ScriptedTransport(CALL), on_attempt=found.append) as client:
        await client.send(Request(method="GET", path="/calls/c-1"), get_call.RESPONSES)
    assert [(one.operation, one.path_template) for one in found] == [(None, None)]
