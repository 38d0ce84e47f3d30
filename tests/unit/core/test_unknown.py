"""Unknown fields and enum values: found on request, and by the same code as ``puretalk drift``."""

from __future__ import annotations

import copy
import json
from enum import StrEnum
from typing import Any, Literal

import attrs
import pytest
from hypothesis import given, settings, strategies as st
from tests.support.canary import WORDS
from tests.support.payloads import calls_of_any_json, envelopes

from puretalk_client import Drift, ResponseDecodeError
from puretalk_client._core import decoding
from puretalk_client._core.decoding import MAX_DRIFTS, MAX_UNKNOWN, decode
from puretalk_client.drift import drift_report
from puretalk_client.models import NAMED_BY_CUSTOMERS, CallEnvelope
from puretalk_client.testing import sample_call


def envelope_of(call: Any) -> dict[str, Any]:
    """Wrap a call as the API does."""
    return {"msg": "Success", "err": False, "results": call}


def find(payload: Any, names: Any = NAMED_BY_CUSTOMERS) -> list[Drift]:
    """Decode an envelope as a client with ``on_drift`` does, and return the drifts."""
    drifts: list[Drift] = decode(json.dumps(payload).encode(), CallEnvelope, names)[1]
    return drifts


def unknown(path: str, actual: str) -> Drift:
    """An unknown field."""
    return Drift(path, "nothing", actual, "unknown field")


@pytest.mark.parametrize(
    ("call", "drift"),
    [({"voicemail_left": True}, unknown("$.results.voicemail_left", "boolean")),
     ({"request-id": None}, unknown("$.results['request-id']", "null")),
     ({"it's": 1}, unknown("$.results[*]", "number")),
     ({'a"b': 1}, unknown("$.results[*]", "number")),
     ({"+15550142": {"Maria": 1}}, unknown("$.results[*]", "object")),
     ({"": []}, unknown("$.results[*]", "array")),
     ({"call_analysis": {"mood": "good"}}, unknown("$.results.call_analysis.mood", "string")),
     ({"call_analysis": {"post_analysis_data": [{"Maria": 1}]}},
      unknown("$.results.call_analysis.post_analysis_data[*][*]", "number")),
     ({"transcript_object": [{"role": "user"}, {"words": []}, {"words": [1]}]},
      unknown("$.results.transcript_object[*].words", "array")),
     ({"transcript_object": [{"turn_latency": {"p95": 1}}]},
      unknown("$.results.transcript_object[*].turn_latency.p95", "number")),
     ({"status": "gone fishing"}, Drift("$.results.status", "CallStatus", "string", "unknown value")),
     ({"status": ""}, Drift("$.results.status", "CallStatus", "string", "unknown value"))],
)  # fmt: skip
def test_what_the_document_does_not_have_is_a_drift_on_request(call: Any, drift: Drift) -> None:
    """Without it the call is decoded in C, which does not see these."""
    assert find(envelope_of(call)) == [drift]
    assert find(envelope_of(call), None) == []


@pytest.mark.parametrize(
    "call",
    [{}, {"metadata": {"crm_id": 1, WORDS["metadata"]: {"a": [{"b": 1}]}}}, {"status": "In Progress"},
     {"transcript_object": [{"tool_calls": [{"name": "f", "arguments": {"x": 1}}, [1], "f"]}]}, sample_call()],
)  # fmt: skip
def test_what_the_document_allows_is_not(call: Any) -> None:
    """Own metadata, spellings of a status, and free-form values."""
    assert find(envelope_of(call)) == []


@settings(max_examples=100)
@given(envelopes())
def test_valid_payload_has_no_drift(payload: Any) -> None:
    """And is the same as from the fast decoder."""
    body = json.dumps(payload).encode()
    assert decode(body, CallEnvelope, NAMED_BY_CUSTOMERS) == decode(body, CallEnvelope)


VALUES: st.SearchStrategy[Any] = st.sampled_from([None, 1, "a", [1], {"Maria Meier": {}}])
NAMES = st.sampled_from(["status", "mood", "x-y", "+15550142", "it's", "a@b.test", "metadata", "results"])


@st.composite
def drifting_envelopes(draw: st.DrawFn) -> Any:
    """Draw an envelope with new properties at any depth, and any JSON in the fields of the call."""
    payload = envelope_of(copy.deepcopy({**sample_call(), **draw(calls_of_any_json())}))

    def objects(value: Any) -> list[Any]:
        items = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
        return [value] * isinstance(value, dict) + [found for item in items for found in objects(item)]

    for _ in range(draw(st.integers(0, 3))):
        draw(st.sampled_from(objects(payload)))[draw(NAMES)] = draw(
            st.sampled_from([None, 1, "a", [1], {"Maria Meier": {}}])
        )
    return payload


@settings(max_examples=300, deadline=None)
@given(drifting_envelopes())
def test_client_and_report_agree(payload: Any) -> None:
    """On kinds, paths, expected and actual types; the report also counts."""
    if not isinstance(payload["results"], (dict, type(None))):
        return
    reported = drift_report([json.dumps(payload)]).drifts
    assert set(find(payload)) == {Drift(each.path, each.expected, each.actual, each.kind) for each in reported}
    shown = repr(reported)
    assert not any(name in shown for name in ("15550142", "it's", "a@b.test", "Maria"))


def test_new_field_in_every_turn_is_one_drift() -> None:
    """A vendor may add fields, and more of them than a response may have mismatches: the call is delivered."""
    turns = [{"role": "user", f"new_{number % 3}": 1} for number in range(3 * MAX_DRIFTS)]
    drifts = find(envelope_of({"transcript_object": turns}))
    assert [drift.path for drift in drifts] == [f"$.results.transcript_object[*].new_{number}" for number in range(3)]


def test_number_of_unknown_fields_is_bounded() -> None:
    """A hostile response fills neither memory nor time, and is delivered."""
    names = [
        f"{first}{second}{third}_" for first in "abcdefghij" for second in "abcdefghij" for third in "abcdefghijkl"
    ]
    assert len(names) > MAX_DRIFTS
    assert len(find(envelope_of(dict.fromkeys(names, 1)))) == MAX_DRIFTS


def test_looking_for_unknown_fields_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """After MAX_UNKNOWN of them."""
    made = 0

    class CountedDrift(Drift):
        def __init__(self, *args: Any) -> None:
            nonlocal made
            made += 1
            super().__init__(*args)

    monkeypatch.setattr(decoding, "Drift", CountedDrift)
    find(envelope_of({"transcript_object": [{"mood": "x" * 24}] * (2 * MAX_UNKNOWN)}))
    assert made == MAX_UNKNOWN


def test_mismatches_are_still_bounded() -> None:
    """They are kept as received, so many of them are refused."""
    with pytest.raises(ResponseDecodeError, match="more than"):
        find(envelope_of({"variables": [1] * (MAX_DRIFTS + 1)}))


class Mood(StrEnum):
    """An enum that makes a member of any text, as CallStatus does."""

    GOOD = "good"

    @classmethod
    def _missing_(cls, value: object) -> Mood:
        other = str.__new__(cls, str(value))
        other._name_ = other._value_ = str(value)
        return other


@attrs.frozen(kw_only=True)
class Note:
    """A model of another API, with every construct that the walk knows."""

    note_id: str = attrs.field(metadata={"json_name": "note-id"})
    mood: Mood | None = attrs.field(default=None, converter=attrs.converters.optional(Mood))
    kind: Literal["a", 1] | None = None
    labels: dict[str, Note] | None = None
    parts: list[Note] | None = None
    others: dict[str, Note] = attrs.field(factory=dict, metadata={"additional_properties": True})


@attrs.frozen(kw_only=True)
class Closed:
    """A model without additional properties."""

    notes: list[Note] | None = None


def test_any_model_is_walked() -> None:
    """Renamed fields, maps, additional properties and open enums; missing properties are drifts as before."""
    note = {"note-id": "n", "mood": "bad"}
    value = {
        "notes": [{**note, "labels": {"Maria": {}}, "parts": [{"note-id": "n", "kind": "b"}], "Jo": note}],
        "size": 1,
    }
    _, drifts = decode(json.dumps(value).encode(), Closed, frozenset())
    assert {(drift.kind, drift.path) for drift in drifts} == {
        ("missing", "$.notes[*].labels[*]['note-id']"),
        ("unknown value", "$.notes[*].parts[*].kind"),
        ("unknown value", "$.notes[*].mood"),
        ("unknown value", "$.notes[*][*].mood"),
        ("unknown field", "$.size"),
    }
