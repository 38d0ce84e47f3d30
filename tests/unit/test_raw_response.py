"""``with_raw_response`` and ``send_raw``: the response as received, and its parsing."""

from __future__ import annotations

import gzip
import pickle

import pytest
from tests.support.canary import WORDS
from tests.support.exposure import Exposures
from tests.support.transports import Scripted, ScriptedTransport, client_over, envelope
from tests.support.wire import call

from puretalk_client import (
    Call,
    CallIdMismatchError,
    EnvelopeError,
    NotFoundError,
    PuretalkError,
    RawResponse,
    ResponseDecodeError,
    ResponseTooLargeError,
)
from puretalk_generated.api.calls import get_call
from puretalk_generated.models import GetCallResponse

CALL = envelope(call("c-1"), future="kept")
HEADERS = {"X-Request-Id": "r-1", "X-Cost": "5"}


async def test_raw_response_has_everything() -> None:
    """Status, headers, request id, attempts, time and bytes; also what no model has a field for."""
    transport = ScriptedTransport(Scripted(503), Scripted(200, CALL.content, HEADERS))
    async with client_over(transport) as client:
        client._sender.pool.backoff.draw = lambda: 0.0
        response = await client.calls.with_raw_response.get("c-1")
        parsed = response.parse()
    assert (response.status_code, response.request_id, response.attempts) == (200, "r-1", 2)
    assert response.headers["x-cost"] == "5"
    assert response.content == CALL.content
    assert response.elapsed >= 0
    assert type(parsed) is Call
    assert parsed.call_id == "c-1"


async def test_body_is_decompressed() -> None:
    """And bounded, as for other requests."""
    packed = Scripted(200, gzip.compress(CALL.content), {"content-encoding": "gzip"})
    async with client_over(ScriptedTransport(packed)) as client:
        assert (await client.calls.with_raw_response.get("c-1")).content == CALL.content
    async with client_over(ScriptedTransport(packed), max_response_bytes=100) as client:
        with pytest.raises(ResponseTooLargeError):
            await client.calls.with_raw_response.get("c-1")


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"<html>", ResponseDecodeError), (envelope(call("another")).content, CallIdMismatchError),
     (b'{"err":true,"msg":"no"}', EnvelopeError), (b"", ResponseDecodeError)],
    ids=["html", "another-call", "error", "empty"],
)  # fmt: skip
async def test_body_that_cannot_be_trusted_is_for_parse_to_refuse(content: bytes, kind: type[Exception]) -> None:
    """The bytes are there; the error has the facts of the request, and shows nothing of the body."""
    async with client_over(ScriptedTransport(Scripted(200, content, HEADERS))) as client:
        response = await client.calls.with_raw_response.get("c-1")
        assert response.content == content
    error = failure_of(response)
    assert type(error) is kind
    assert (error.path, error.request_id) == ("/calls/c-1", "r-1")
    exposures = Exposures()
    exposures.inspect_result(error)
    assert exposures.of_words() == []


def failure_of(response: RawResponse[Call]) -> PuretalkError:
    """Return what parsing raises. No frame of the test, which knows the body, is in its traceback."""
    try:
        response.parse()
    except PuretalkError as error:
        return error
    raise AssertionError("it can be trusted")


async def test_drift_is_reported_when_it_is_parsed() -> None:
    """As for other requests; under ``strict`` parsing raises."""
    drifting = envelope({"call_id": "c-1", "is_billed": 1})
    found: list[object] = []
    async with client_over(ScriptedTransport(drifting), on_drift=found.append) as client:
        response = await client.calls.with_raw_response.get("c-1")
        assert found == []
        response.parse()
        assert len(found) == 1
        with pytest.raises(ResponseDecodeError):
            (await client.with_options(strict=True).calls.with_raw_response.get("c-1")).parse()


async def test_failure_by_its_status_is_an_error() -> None:
    """There is no success to return."""
    async with client_over(ScriptedTransport(Scripted(404, b'{"msg":"gone"}'))) as client:
        with pytest.raises(NotFoundError, match="gone"):
            await client.calls.with_raw_response.get("c-1")


async def test_every_operation_can_be_sent_raw() -> None:
    """With the generated model as its value, also where the document does not have the status."""
    async with client_over(ScriptedTransport(CALL, Scripted(204))) as client:
        response = await client.send_raw(get_call.request("c-1"), get_call.RESPONSES)
        assert isinstance(response.parse(), GetCallResponse)
        other = await client.send_raw(get_call.request("c-1"), get_call.RESPONSES)
        assert (other.status_code, other.content) == (204, b"")
        with pytest.raises(ResponseDecodeError, match="no response with status 204"):
            other.parse()


async def test_raw_response_shows_nothing() -> None:
    """Its repr has the size only, and it cannot be pickled, since it holds its client."""
    async with client_over(ScriptedTransport(CALL)) as client:
        response = await client.calls.with_raw_response.get("c-1")
    assert repr(response) == f"<RawResponse 200, {len(CALL.content)} bytes>"
    assert WORDS["turn"] not in repr(response)
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(response)
