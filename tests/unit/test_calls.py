"""client.calls: the requests it sends, and the ids it refuses."""

from __future__ import annotations

import pickle
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given, strategies as st
from tests.support.canary import API_KEY
from tests.support.key import sent_keys
from tests.support.transports import BASE_URL, Scripted, ScriptedTransport, client_over, envelope

from puretalk_client import (
    Call,
    CallIdMismatchError,
    ConfigurationError,
    DownloadError,
    InvalidCallIdError,
    NotFoundError,
)
from puretalk_client._envelope import validate_call_id

CALL = envelope({"status": "queued"})


async def test_get_sends_one_request_with_the_key() -> None:
    """GET, the documented path below the base URL, and the key where the document says."""
    transport = ScriptedTransport(CALL)
    async with client_over(transport) as client:
        call = await client.calls.get("c-1")
    assert type(call) is Call
    assert call.status == "queued"
    [request] = transport.requests
    assert (request.method, str(request.url.copy_with(query=None))) == ("GET", f"{BASE_URL}/calls/c-1")
    assert sent_keys(request) == [API_KEY]
    assert request.content == b""


@given(st.text(min_size=1, max_size=40).filter(lambda text: text not in (".", "..")))
async def test_any_id_reaches_the_server_as_one_segment_or_is_refused(call_id: str) -> None:
    """Slashes, percent signs, dots and any script decode to the id; a refused id sends nothing."""
    transport = ScriptedTransport(CALL)
    async with client_over(transport) as client:
        try:
            await client.calls.get(call_id)
        except InvalidCallIdError:
            assert transport.requests == []
            return
    [request] = transport.requests
    prefix, _, segment = request.url.copy_with(query=None).raw_path.decode().rpartition("/")
    assert prefix == "/api/calls"
    assert unquote(segment, errors="strict") == call_id
    assert segment not in (".", "..")


UNSENDABLE = [
    "", ".", "..", "a\nb", "a\r\nX: y", "\x00", "a\x7f", "a\x85", "\ud800", "x\udfff", "x" * 257, None, 5, b"x",
]  # fmt: skip


@pytest.mark.parametrize("call_id", UNSENDABLE)
def test_id_that_cannot_be_sent_is_refused(call_id: Any) -> None:
    """It would reach another path, or break the request."""
    with pytest.raises(InvalidCallIdError, match=r"^(The|A) call id "):
        validate_call_id(call_id)


@pytest.mark.parametrize("call_id", UNSENDABLE)
async def test_refused_id_sends_nothing(call_id: Any) -> None:
    """The check is before any I/O."""
    transport = ScriptedTransport(CALL)
    async with client_over(transport) as client:
        with pytest.raises(InvalidCallIdError):
            await client.calls.get(call_id)
    assert transport.requests == []


@pytest.mark.parametrize("call_id", ["x", "...", ".a", "a/../b", "%2e%2e", " ", "é", "x" * 256, "a?b#c", "\u202e"])
def test_any_other_text_is_an_id(call_id: str) -> None:
    """The server decides whether it exists."""
    assert validate_call_id(call_id) == call_id


async def test_error_has_the_facts_of_request_and_response() -> None:
    """Method, path, status, request id and attempts are attributes, and in the message."""
    transport = ScriptedTransport(Scripted(404, headers={"x-request-id": "req-7"}))
    async with client_over(transport) as client:
        with pytest.raises(NotFoundError) as caught:
            await client.calls.get("c-1")
    error = caught.value
    assert (error.method, error.path, error.status) == ("GET", "/calls/c-1", 404)
    assert (error.request_id, error.attempts) == ("req-7", 1)
    assert str(error).startswith("404 Not Found (GET /calls/c-1, 1 attempt, ")
    assert str(error).endswith(", request id req-7)")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


async def test_another_calls_response_is_refused_unless_the_check_is_off() -> None:
    """``verify_call_id=False`` trusts the server."""
    transport = ScriptedTransport(envelope({"call_id": "other"}))
    async with client_over(transport) as client:
        with pytest.raises(CallIdMismatchError):
            await client.calls.get("c-1")
    assert len(transport.requests) == 1
    async with client_over(transport, verify_call_id=False) as client:
        assert (await client.calls.get("c-1")).call_id == "other"


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), "30", True])
async def test_timeout_of_a_request_is_validated(timeout: Any) -> None:
    """Before anything is sent."""
    transport = ScriptedTransport(CALL)
    async with client_over(transport) as client:
        with pytest.raises(ConfigurationError, match=r"^timeout must be a number of seconds above 0"):
            await client.calls.get("c-1", timeout=timeout)
        await client.calls.get("c-1", timeout=5)
    assert len(transport.requests) == 1


async def test_call_without_a_recording_cannot_be_downloaded() -> None:
    """Nothing is sent, and the target is not opened."""
    transport = ScriptedTransport(CALL)
    async with client_over(transport) as client:
        with pytest.raises(DownloadError, match="The call has no recording"):
            await client.calls.download_recording(Call(call_id="c"), "never-written")
    assert transport.requests == []
