"""Call: what is re-declared over the generated model."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import attrs
import msgspec
import pytest

from puretalk_client import Call, CallStatus
from puretalk_client._decoding import decode, tolerant
from puretalk_client.models import CallAnalysis, PostAnalysisItem, TranscriptTurn
from puretalk_generated import models as generated

SAID = "the patient said CANARY"


def test_status_is_tidied_by_either_decoder() -> None:
    """Both spellings of the spec come out as one member."""
    for spelling in ("in progress", "in-progress", "IN_PROGRESS"):
        body = msgspec.json.encode({"status": spelling})
        assert decode(body, Call)[0].status is CallStatus.IN_PROGRESS
        assert tolerant({"status": spelling}, Call)[0].status is CallStatus.IN_PROGRESS


@pytest.mark.parametrize(
    ("raw", "text"), [(None, ""), (5, "5"), (True, "true"), ({"a": 1}, '{"a":1}'), ([], "[]")]
)
def test_status_is_a_status_whatever_came(raw: Any, text: str) -> None:
    """A polling loop may always ask is_final: what is no text becomes an unknown status of its JSON text."""
    call, drifts = decode(msgspec.json.encode({"status": raw}), Call)
    assert call.status == text
    assert not call.status.is_final
    assert [drift.path for drift in drifts] == ["$.status"]


def test_absent_status_is_unknown_and_no_drift() -> None:
    """The spec does not require a status."""
    call, drifts = decode(b"{}", Call)
    assert (call.status, call.status.is_known, drifts) == ("", False, [])


def test_repr_is_one_line_of_facts() -> None:
    """Id, status, type, duration and number of turns."""
    call = Call(
        call_id="c-1",
        status=CallStatus.COMPLETED,
        call_type="outgoing",
        call_duration_seconds=61,
        transcript_object=[TranscriptTurn(content=SAID)] * 3,
    )
    assert repr(call) == "<Call c-1, completed, outgoing, 61 s, 3 turns>"
    assert repr(Call()) == "<Call without id, unknown status, unknown type, no duration, 0 turns>"


def test_nothing_personal_is_in_any_repr() -> None:
    """What people said, their numbers and recordings stay out of reprs, also where they stray."""
    personal = {name: SAID for name in (field.name for field in attrs.fields(Call)) if name != "call_id"}
    strayed, _ = tolerant(personal, Call)
    whole = Call(
        from_number="+15550100 CANARY",
        transcript=SAID,
        transcript_object=[TranscriptTurn(role=SAID, content=SAID, function_args=SAID, tool_calls=[SAID])],
        call_analysis=CallAnalysis(
            summary=SAID,
            post_analysis_data=[PostAnalysisItem(name="mood", value=SAID), PostAnalysisItem(value=5)],
        ),
        call_recording_url="https://api.test/CANARY",
        variables=[SAID],
    )
    parts = [strayed, whole, whole.transcript_object, whole.call_analysis, whole.post_analysis]
    parts += [generated.Call(transcript=SAID), generated.GetCallResponse(msg=SAID, results=whole)]
    parts += whole.call_analysis.post_analysis_data or [] if whole.call_analysis else []
    for part in parts:
        assert "CANARY" not in repr(part)
        assert "CANARY" not in str(part)
        assert "\n" not in repr(part)


def test_generated_repr_shows_which_fields_are_set() -> None:
    """Flags and figures are shown, texts only named."""
    turn = TranscriptTurn(content=SAID, interrupted=True)
    assert repr(turn) == "TranscriptTurn(content=..., interrupted=True)"


@pytest.mark.parametrize(
    "body",
    [{}, {"call_analysis": None}, {"call_analysis": {}}, {"call_analysis": {"post_analysis_data": None}},
     {"call_analysis": "text"}, {"call_analysis": {"post_analysis_data": "text"}},
     {"call_analysis": {"post_analysis_data": [None, 5, "x", {}]}}],
)  # fmt: skip
def test_post_analysis_is_a_view_whatever_came(body: dict[str, Any]) -> None:
    """Missing, null and strayed analyses read as an empty view."""
    call, _ = decode(msgspec.json.encode(body), Call)
    assert dict(call.post_analysis) == {}


def test_post_analysis_values_keep_their_json_types() -> None:
    """4 is int, 4.0 float, true is never 1, and a 30-digit integer loses no digit, in both decoders."""
    body = (
        b'{"call_analysis":{"post_analysis_data":[{"name":"a","value":4},{"name":"b","value":4.0},'
        b'{"name":"c","value":true},{"name":"d","value":123456789012345678901234567890},'
        b'{"name":"e","value":"x"},{"name":"f","value":null}]}}'
    )
    for call in (decode(body, Call)[0], tolerant(msgspec.json.decode(body), Call)[0]):
        assert repr(dict(call.post_analysis)) == (
            "{'a': 4, 'b': 4.0, 'c': True, 'd': 123456789012345678901234567890, 'e': 'x', 'f': None}"
        )


def test_call_is_frozen_pickles_and_copies() -> None:
    """A call is a value."""
    call, _ = decode(b'{"call_id":"c","status":"odd one","start_time":"2025-05-19T10:15:22-04:00"}', Call)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        call.call_id = "other"
    assert pickle.loads(pickle.dumps(call)) == call == copy.deepcopy(call)
    assert attrs.evolve(call, call_id="d").status == "odd one"
