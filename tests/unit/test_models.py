"""Call: the fields that are re-declared over the generated model, and its repr."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import attrs
import msgspec
import pytest
from tests.support.canary import WORDS

from puretalk_client import Call, CallStatus
from puretalk_client.models import CallAnalysis, CallEnvelope, PostAnalysisItem, TranscriptTurn
from puretalk_generated import models as generated
from puretalk_generated.codec import decoder, structure


def envelope(**fields: Any) -> generated.GetCallResponse:
    """Make an envelope, whichever of its fields the document requires."""
    made: generated.GetCallResponse = CallEnvelope(**{"msg": None, "err": None, "results": None} | fields)
    return made


SAID = WORDS["transcript"]


def decode_by_each(value: Any) -> list[Call]:
    """Decode a call with msgspec alone, and by walking the model."""
    value = {"call_id": "c", **value}
    return [decoder(Call).decode(msgspec.json.encode(value)), structure(value, Call)]


def decode_leniently(value: Any) -> tuple[Call, list[tuple[str, ...]]]:
    """Decode a call that need not match the document, and list the paths of its mismatches."""
    paths: list[tuple[str, ...]] = []
    call = structure({"call_id": "c", **value}, Call, lambda path, expected, actual: paths.append(path))
    assert isinstance(call, Call)
    return call, paths


@pytest.mark.parametrize("text", ["in progress", "in-progress", "IN_PROGRESS"])
def test_each_decoder_reads_every_spelling_of_a_status(text: str) -> None:
    """The document's two spellings of one status are one member."""
    for call in decode_by_each({"status": text}):
        assert call.status is CallStatus.IN_PROGRESS


@pytest.mark.parametrize(("value", "text"), [(None, ""), (5, "5"), (True, "true"), ({"a": 1}, '{"a":1}'), ([], "[]")])
def test_status_is_always_a_status(value: Any, text: str) -> None:
    """A loop may always read ``is_final``: a value of another type becomes an unknown status, its JSON text."""
    call, paths = decode_leniently({"status": value})
    assert type(call.status) is CallStatus
    assert call.status == text
    assert not call.status.is_final
    assert paths == [("status",)]


def test_absent_status_is_unknown_and_matches() -> None:
    """The document does not require a status."""
    call, paths = decode_leniently({})
    assert (call.status, call.status.is_known, paths) == ("", False, [])


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
    assert repr(Call(call_id=None)) == "<Call without id, unknown status, unknown type, no duration, 0 turns>"


FULL_CALL = Call(
    call_id="c",
    from_number=WORDS["from_number"],
    transcript=SAID,
    transcript_object=[TranscriptTurn(role=SAID, content=SAID, function_args=SAID, tool_calls=[SAID])],
    call_analysis=CallAnalysis(
        summary=WORDS["summary"],
        post_analysis_data=[
            PostAnalysisItem(name=SAID, value=WORDS["post_analysis"]),
            PostAnalysisItem(value=float(WORDS["post_figure"])),
        ],
    ),
    call_recording_url=f"https://api.test/{WORDS['recording']}",
    variables=[SAID],
)
MISMATCHED_CALL = decode_leniently(
    {field.name: WORDS["mismatch"] for field in attrs.fields(Call) if field.name != "call_id"}
)[0]


@pytest.mark.parametrize(
    "value",
    [
        FULL_CALL,
        MISMATCHED_CALL,
        FULL_CALL.transcript_object,
        FULL_CALL.call_analysis,
        FULL_CALL.call_analysis and FULL_CALL.call_analysis.post_analysis_data,
        FULL_CALL.post_analysis,
        envelope(msg=SAID, results=FULL_CALL),
        generated.Call(call_id="c", transcript=SAID),
        generated.GetCallResponse(msg=SAID, err=None, results=FULL_CALL),
    ],
    ids=lambda value: type(value).__name__,
)
def test_no_repr_shows_personal_data(value: object) -> None:
    """What people said, their numbers and recordings, also in place of other values."""
    shown = f"{value!r} {value}"
    assert [word for word in WORDS.values() if word in shown] == []
    assert "\n" not in shown


def test_repr_of_a_generated_model_shows_which_fields_are_set() -> None:
    """Flags and numbers with their value, texts without."""
    turn = TranscriptTurn(content=SAID, interrupted=True)
    assert repr(turn) == "TranscriptTurn(content=..., interrupted=True)"


@pytest.mark.parametrize(
    "value",
    [{}, {"call_analysis": None}, {"call_analysis": {}}, {"call_analysis": {"post_analysis_data": None}},
     {"call_analysis": "text"}, {"call_analysis": {"post_analysis_data": "text"}},
     {"call_analysis": {"post_analysis_data": [None, 5, "x", {}]}}],
)  # fmt: skip
def test_post_analysis_is_always_a_view(value: dict[str, Any]) -> None:
    """A missing, null or mismatched analysis reads as an empty view."""
    call, _ = decode_leniently(value)
    assert dict(call.post_analysis) == {}


def test_each_decoder_keeps_the_json_types_of_post_analysis_values() -> None:
    """4 is an int, 4.0 a float, true is never 1, and a 30-digit integer loses no digit."""
    values = [4, 4.0, True, 123456789012345678901234567890, "x", None]
    items = [{"name": str(number), "value": value} for number, value in enumerate(values)]
    for call in decode_by_each({"call_analysis": {"post_analysis_data": items}}):
        assert repr(list(call.post_analysis.values())) == repr(values)


def test_call_is_a_value() -> None:
    """It is frozen, and survives pickling and copying."""
    call, _ = decode_leniently({"call_id": "c", "status": "on-hold", "start_time": "2025-05-19T10:15:22-04:00"})
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        call.call_id = "other"  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(call)) == call == copy.deepcopy(call)
    assert attrs.evolve(call, call_id="d").status == "on-hold"


def test_statuses_can_be_given_as_text() -> None:
    """Tests of applications build calls themselves."""
    assert Call(call_id="c", status="completed").status is CallStatus.COMPLETED
