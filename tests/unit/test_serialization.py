"""Call to JSON and back: nothing of the model is lost."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from types import MappingProxyType
from typing import Any

import attrs
import msgspec
import pytest
from hypothesis import given, settings
from tests.support.canary import WORDS
from tests.support.exposure import Exposures
from tests.support.payloads import CALL, DOCUMENT, INTEGERS, Maker, calls_of_any_json

from puretalk_client import Call, CallStatus, ResponseDecodeError
from puretalk_client._core.decoding import MAX_DRIFTS, decode
from puretalk_client.models import CallAnalysis, CallMetadata, PostAnalysisItem, TranscriptTurn, TurnLatency
from puretalk_client.testing import sample_call

VALID_CALLS = Maker(DOCUMENT, max_depth=8, integers=INTEGERS).payloads(CALL)


def without_nulls(value: Any) -> Any:
    """Leave out null properties of the models, which equal absent ones; keep those that the document does not name."""
    return {
        name: {key: item for key, item in value[name].items() if item is not None} if name == "turn_latency" else item
        for name, item in value.items()
        if item is not None
    }


@settings(max_examples=300)
@given(VALID_CALLS)
def test_valid_call_is_the_same_after_a_round_trip(payload: dict[str, Any]) -> None:
    """By dict, and by JSON."""
    call = Call.from_dict(payload)
    assert call == decode(json.dumps(payload).encode(), Call)[0]
    assert Call.from_dict(call.to_dict()) == call
    assert Call.from_json(call.to_json()) == call
    assert json.loads(call.to_json()) == call.to_dict()


@settings(max_examples=300)
@given(calls_of_any_json())
def test_call_of_any_json_is_the_same_after_a_round_trip(payload: dict[str, Any]) -> None:
    """Values that do not match come back with their types."""
    call, _ = decode(json.dumps(payload).encode(), Call)
    for again in (
        Call.from_dict(call.to_dict()),
        Call.from_json(call.to_json()),
        Call.from_json(call.to_json().encode()),
    ):
        assert again == call
        assert repr(again.to_dict()) == repr(call.to_dict())


def test_dict_is_what_the_api_sent() -> None:
    """But for properties that are null, which the models do not tell apart from absent ones."""
    sent = sample_call()
    sent["transcript_object"] = [without_nulls(turn) for turn in sent["transcript_object"]]
    sent["metadata"] = {"crm_id": None, "model": "m", "nested": {"a": [None]}}
    returned = Call.from_dict(sent).to_dict()
    assert returned == {name: value for name, value in sent.items() if value is not None}
    assert json.loads(json.dumps(returned)) == returned


@pytest.mark.parametrize(
    ("field", "value"),
    [("status", "gone fishing"), ("status", ""), ("status", 5), ("status", True), ("status", {"a": [1]}),
     ("status", "5"), ("metadata", "text"), ("metadata", []), ("metadata", {}),
     ("metadata", {"crm_id": None, "it's": '"'}), ("metadata", {"model": 5}),
     ("call_duration_seconds", "12"), ("call_duration_seconds", 10**29),
     ("call_duration_seconds", 1.5), ("start_time", "yesterday"), ("start_time", "2025-05-19T10:15:22"),
     ("start_time", "2025-05-19T10:15:22.230876-04:00"), ("start_time", "2025-05-19T10:15:22Z"),
     ("end_time", "2025-05-19T10:15:22+05:30"), ("variables", {"a": "b"}), ("variables", [1, None, {"a": 1}]),
     ("transcript_object", ["text", {"role": "user"}, None, [{"role": 5}]]), ("transcript", "\u2028 😀 \x00"),
     ("call_analysis", {"post_analysis_data": [{"name": "n", "value": 10**29}, {"value": 4.0}, {"value": 4}]}),
     ("call_analysis", {"post_analysis_data": [{"name": "n", "value": {"a": [1]}}, 5]})],
    ids=lambda value: ascii(value)[:50],
)  # fmt: skip
def test_value_is_written_as_received(field: str, value: Any) -> None:
    """Unknown statuses, numbers of any size with their type, offsets, and whatever does not match."""
    payload = {"call_id": "c", field: value}
    call, _ = decode(json.dumps(payload).encode(), Call)
    assert repr(sorted(call.to_dict().items())) == repr(sorted(payload.items()))
    assert Call.from_dict(payload) == Call.from_json(json.dumps(payload)) == call


@pytest.mark.parametrize("spelling", ["in progress", "IN_PROGRESS", "in-progress"])
def test_known_status_is_written_in_one_spelling(spelling: str) -> None:
    """That of its member, which is one of the document's two."""
    assert Call.from_dict({"status": spelling}).to_dict() == {"status": "in-progress"}


def test_fields_that_are_not_set_are_left_out() -> None:
    """At every depth."""
    assert Call().to_dict() == {}
    assert Call().to_json() == "{}"
    call = Call(
        call_analysis=CallAnalysis(post_analysis_data=[PostAnalysisItem(name="a")]),
        transcript_object=[TranscriptTurn(turn_latency=TurnLatency()), TranscriptTurn()],
    )
    assert call.to_dict() == {
        "call_analysis": {"post_analysis_data": [{"name": "a"}]},
        "transcript_object": [{"turn_latency": {}}, {}],
    }


def test_call_of_an_application_is_written() -> None:
    """With datetimes, statuses and metadata that were given as such; ``from_dict`` takes datetimes too."""
    start = datetime(2025, 5, 19, 10, 15, 22, tzinfo=timezone(timedelta(hours=-4)))
    times: Any = {"start_time": start, "end_time": start.astimezone(UTC)}
    call = Call(**times, status=CallStatus.BUSY, metadata={"a": 1})
    assert call.to_dict() == {
        "start_time": "2025-05-19T10:15:22-04:00",
        "end_time": "2025-05-19T14:15:22Z",
        "status": "busy",
        "metadata": {"a": 1},
    }
    assert Call.from_dict({**call.to_dict(), "start_time": start}).to_dict() == call.to_dict()
    assert type(call.to_dict()["status"]) is str


def test_dict_is_a_copy() -> None:
    """Changing it does not change the call."""
    call = Call.from_dict(
        {"metadata": {"a": [1]}, "transcript_object": [{"tool_calls": [{"name": "f"}]}], "variables": [5]}
    )
    returned = call.to_dict()
    returned["metadata"]["a"].append(2)
    returned["variables"].append(2)
    returned["transcript_object"][0]["tool_calls"][0]["name"] = "g"
    assert call.to_dict() == {
        "metadata": {"a": [1]},
        "transcript_object": [{"tool_calls": [{"name": "f"}]}],
        "variables": [5],
    }


def test_any_mapping_is_read_and_a_subclass_returns_itself(tmp_path: Path) -> None:
    """And JSON from a file, as text or bytes."""

    @attrs.frozen(kw_only=True, repr=False)
    class OwnCall(Call):
        note: str | None = None

    call = OwnCall.from_dict(MappingProxyType({"call_id": "c", "note": "n"}))
    assert (type(call), call.note, call.to_dict()) == (OwnCall, "n", {"call_id": "c", "note": "n"})
    file = tmp_path / "call.json"
    file.write_text(call.to_json(), encoding="utf-8")
    assert OwnCall.from_json(file.read_text(encoding="utf-8")) == OwnCall.from_json(file.read_bytes()) == call


def test_many_small_turns_survive() -> None:
    """A response is refused if it is dense; a stored call is not: without its nulls it may be denser."""
    call = Call(transcript_object=[TranscriptTurn(role="user")] * 5_000)
    assert Call.from_json(call.to_json()) == call


@pytest.mark.parametrize(
    "text",
    ["{}", '{{"transcript":"{}"', '{{"transcript":"{}"}} x', '["{}"]', '"{}"', '{{"transcript":"{}","x":NaN}}',
     '{{"transcript":"{}\ud800"}}', "{}\x00"],
    ids=ascii,
)  # fmt: skip
def test_text_that_is_not_a_call_is_an_error_without_the_text(text: str) -> None:
    """Neither its message nor what it holds shows any of it."""
    content = text.format(WORDS["transcript"])
    with pytest.raises(ResponseDecodeError) as caught:
        Call.from_json(content)
    error = caught.value
    assert (error.__cause__, error.__context__) == (None, None)
    exposures = Exposures()
    exposures.inspect_result(type(error)(*error.args))
    assert exposures.of_words() == []


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b"null", b"5", b'"x"', b"[" * 30_000, b'{"a":' * 30_000])
def test_bytes_that_are_not_a_call_are_an_error(content: bytes) -> None:
    """Also another encoding, another JSON type, and nesting that no interpreter follows."""
    with pytest.raises(ResponseDecodeError):
        Call.from_json(content)


@pytest.mark.parametrize("value", [None, 5, "text", [], [("call_id", "c")], b"{}", Call()], ids=repr)
def test_value_that_is_not_a_mapping_is_an_error(value: Any) -> None:
    """``from_dict`` guesses nothing."""
    with pytest.raises(ResponseDecodeError, match="instead of Call"):
        Call.from_dict(value)


def test_number_of_mismatches_is_bounded() -> None:
    """As in a response."""
    assert Call.from_dict({"variables": [1] * MAX_DRIFTS}).variables
    with pytest.raises(ResponseDecodeError, match="more than"):
        Call.from_dict({"variables": [1] * (MAX_DRIFTS + 1)})


def test_msgspec_encodes_a_call_with_a_hook() -> None:
    """The recipe of the documentation, inside a Struct of an application."""

    class Report(msgspec.Struct):
        call: Any

    def encode_other(value: Any) -> Any:
        if isinstance(value, CallMetadata):
            return value.received
        raise NotImplementedError

    call = Call.from_dict({"call_id": "c", "metadata": {"crm_id": 1}, "start_time": "2025-05-19T10:15:22-04:00"})
    encoded = msgspec.json.encode(Report(call), enc_hook=encode_other)
    assert Call.from_dict(msgspec.json.decode(encoded)["call"]) == call
