"""The envelope of responses, and the check of a call's id."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.support.transports import Scripted, ScriptedTransport, client_over, envelope

from puretalk_client import (
    CallIdMismatchError,
    EnvelopeError,
    MissingResultsError,
    NotFoundError,
    ResponseDecodeError,
)
from puretalk_client._envelope import Envelope, check_call
from puretalk_client.models import Call, CallEnvelope
from puretalk_generated.models import GetCallResponse


def decoded(**fields: Any) -> GetCallResponse:
    """Make an envelope, whichever of its fields the document requires."""
    envelope: GetCallResponse = CallEnvelope(**{"msg": None, "err": None, "results": None} | fields)
    return envelope


def check(body: bytes, value: Any, *, strict: bool = False) -> None:
    """Check a decoded body."""
    Envelope(strict=strict).check(value, body)


@pytest.mark.parametrize("results", [Call(call_id="c"), None, Call(call_id="x")])
def test_err_true_is_an_error_with_the_servers_message(results: Call | None) -> None:
    """A response with status 200 may report a failure."""
    with pytest.raises(EnvelopeError) as caught:
        check(b"", decoded(err=True, msg="Quota used up", results=results))
    assert type(caught.value) is EnvelopeError
    assert caught.value.msg == "Quota used up"


@pytest.mark.parametrize(("err", "msg"), [(False, "Success"), (False, None), (None, "Success")])
def test_envelope_without_results_has_its_own_error(err: bool | None, msg: str | None) -> None:
    """It reports no error, but there is nothing to return."""
    with pytest.raises(MissingResultsError) as caught:
        check(b"", decoded(err=err, msg=msg))
    assert caught.value.msg == msg


def test_json_without_any_field_of_the_envelope_is_another_apis() -> None:
    """It is not taken for an empty envelope."""
    with pytest.raises(ResponseDecodeError, match="not the API's envelope"):
        check(b"", decoded())


@pytest.mark.parametrize("value", [None, "text", 5, {"err": True}, Call(call_id="c")])
def test_value_that_is_not_an_envelope_passes(value: object) -> None:
    """Another operation may return something else."""
    check(b"", value)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b'{"err":true,"msg":"No such call"}', "No such call"), (b'{"msg":["a"]}', None), (b'{"msg":5}', None),
     (b"{}", None), (b"[]", None), (b"5", None), (b"", None), (b"<html>", None), (b'{"msg":"\xff"}', None),
     (b"[" * 100_000, None), (b'{"msg":"cut', None)],
)  # fmt: skip
def test_message_of_a_failure_is_its_msg(content: bytes, message: str | None) -> None:
    """Any other body has none, and none raises."""
    assert Envelope(strict=False).message(content) == message


REPEATED = [
    b'{"results":{},"results":{}}', b'{"err":true,"err":false,"results":{}}', b'{"results":1,"\\u0072esults":{}}',
    b'{"msg":1,"msg":2,"results":{}}', b'{"err":0, "err":0,"results":{"err":1}}', b'{"results":[1,2],"results":{}}',
]  # fmt: skip
NOT_REPEATED = [
    b'{"results":{"msg":"a"},"msg":"b"}', b'{"msg":"\\"msg\\"","results":{}}',
    b'{"msg":"msg","results":{"x":"results"}}',
    b'{"msg":"\\u006a","results":{"results":[]}}', b'{"results":{},"other":1,"other":2}',
    b'{ "msg" : "Success" , "err" : false , "results" : { } }',
]  # fmt: skip


@pytest.mark.parametrize("content", REPEATED)
def test_strict_refuses_an_envelope_that_repeats_a_field(content: bytes) -> None:
    """Only the outermost object counts, and escapes hide nothing: decoders disagree on which value counts."""
    with pytest.raises(ResponseDecodeError, match="twice"):
        check(content, decoded(results=Call(call_id="c")), strict=True)
    check(content, decoded(results=Call(call_id="c")))


@pytest.mark.parametrize("content", NOT_REPEATED)
def test_strict_accepts_names_that_repeat_elsewhere(content: bytes) -> None:
    """Names in values, in nested objects, and of undocumented fields."""
    check(content, decoded(results=Call(call_id="c")), strict=True)


@pytest.mark.parametrize(
    "content", [b'{"results":{},"msg":"\\ud83d"}', b'{"results":' + b"[" * 900 + b"]" * 900 + b"}"]
)
def test_strict_reads_whatever_the_decoder_reads(content: bytes) -> None:
    """Half a surrogate pair and deep nesting are not repeated names."""
    check(content, decoded(results=Call(call_id="c")), strict=True)


REPEATED_RESULTS = Scripted(content=b'{"err":false,"results":{"call_id":"other"},"results":{"call_id":"c-1"}}')


async def test_repeated_field_is_an_error_under_strict_only() -> None:
    """Without strict the client delivers the last value, as msgspec reads it, and does not scan the body."""
    async with client_over(ScriptedTransport(REPEATED_RESULTS)) as client:
        assert (await client.calls.get("c-1")).call_id == "c-1"
    async with client_over(ScriptedTransport(REPEATED_RESULTS), strict=True) as client:
        with pytest.raises(ResponseDecodeError, match="twice"):
            await client.calls.get("c-1")


async def test_body_is_not_scanned_unless_strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scan takes a seventh of the CPU of a fetch."""

    def loads(*_: Any, **__: Any) -> Any:
        raise AssertionError("scanned")

    monkeypatch.setattr(json, "loads", loads)
    async with client_over(ScriptedTransport(REPEATED_RESULTS)) as client:
        assert (await client.calls.get("c-1")).call_id == "c-1"


UUID = "be8b84ed-16d8-459e-b71c-b0f54fce5ec1"


@pytest.mark.parametrize(
    ("expected", "actual"),
    [(UUID, UUID.upper()), (UUID, UUID.replace("-", "")), (f"{{{UUID}}}", UUID), (f"urn:uuid:{UUID}", UUID),
     ("Call-A", "call-a"), ("STRASSE", "straße"), ("5", 5), ("x", None), (None, "x"), (None, 5)],
)  # fmt: skip
def test_same_id_in_another_spelling_is_the_same_call(expected: str | None, actual: Any) -> None:
    """UUIDs compare as UUIDs, other ids without regard to case; a response without an id is accepted."""
    check_call(decoded(results=Call(call_id=actual)), expected)


@pytest.mark.parametrize("actual", ["other", "", 5, True, ["c"], UUID])
def test_another_id_is_another_call(actual: Any) -> None:
    """The call's data are not delivered, and no message repeats either id."""
    with pytest.raises(CallIdMismatchError) as caught:
        check_call(decoded(results=Call(call_id=actual)), "c")
    assert str(caught.value) == "The response carries the id of another call"


@pytest.mark.parametrize("results", ["text", 5, [1], True])
@pytest.mark.parametrize("expected", ["c", None])
def test_results_that_are_not_an_object_are_not_a_call(results: Any, expected: str | None) -> None:
    """The lenient decoder keeps any value, but a call is always a Call."""
    with pytest.raises(ResponseDecodeError, match="results is not an object"):
        check_call(decoded(results=results), expected)


@pytest.mark.parametrize("results", ["text", 5, [1], True])
async def test_client_delivers_a_call_or_raises(results: object) -> None:
    """The same over the wire."""
    async with client_over(ScriptedTransport(envelope(results))) as client:
        with pytest.raises(ResponseDecodeError, match="results is not an object"):
            await client.calls.get("c-1")


async def test_failure_has_the_servers_message() -> None:
    """``msg`` of the schema ``Error`` follows the status."""
    transport = ScriptedTransport(Scripted(404, b'{"err":true,"msg":"Call not found"}'))
    async with client_over(transport) as client:
        with pytest.raises(NotFoundError, match="404 Not Found: Call not found") as caught:
            await client.calls.get("c-1")
    assert caught.value.msg == "Call not found"
