"""Calls as Arrow tables: the schema, what the values become, and that the data never changes a type."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pyarrow as pa
import pytest
from attrs import fields_dict
from hypothesis import given, settings, strategies as st
from tests.support.payloads import JSON_VALUES, calls_of_any_json

from puretalk_client import Call, ConfigurationError
from puretalk_client._core.decoding import decode
from puretalk_client.export import CONTACTS, SPEECH, schema, to_batches, turns, turns_schema
from puretalk_client.models import CallAnalysis, PostAnalysisItem, TranscriptTurn, TurnLatency
from puretalk_client.testing import example_call, sample_call

SCHEMA = """\
call_analysis: struct<summary: string, call_completion_summary: string, call_completion: string, \
task_completion_summary: string, task_completion: string, post_analysis_data: list<item: struct<name: string, \
type: string, text: string, number: double, boolean: bool, json: string>>>
protocol: string
call_id: string
from_number: string
to_number: string
assistant_id: string
assistant_name: string
voice_id: string
voice_name: string
start_time: timestamp[us, tz=UTC]
end_time: timestamp[us, tz=UTC]
call_duration_seconds: int64
call_type: string
transcript: string
transcript_object: list<item: struct<role: string, content: string, function_name: string, interrupted: bool, \
function_args: string, tool_calls: string, turn_latency: struct<latency: double, eou_delay: double, \
llm_latency: double, tts_latency: double>>>
provider_call_id: string
variables: list<item: string>
answered_by: string
call_recording_enabled: bool
call_recording_url: string
campaign_id: string
sentiment: string
is_billed: bool
status: string
metadata: string
_drift: list<item: string>
_unknown: string"""

TURNS_SCHEMA = """\
call_id: string
turn: int32
role: string
content: string
function_name: string
interrupted: bool
function_args: string
tool_calls: string
latency: double
eou_delay: double
llm_latency: double
tts_latency: double"""


def written(fields: pa.Schema) -> str:
    """Return a schema as a text that shows every type in full."""
    return "\n".join(f"{field.name}: {field.type}" for field in fields)


def table(calls: Iterable[Any], **options: Any) -> pa.Table:
    """Return calls as one table."""
    return pa.Table.from_batches(to_batches(calls, **options), schema(columns=options.get("columns")))


def row(call: Any, **options: Any) -> dict[str, Any]:
    """Return the row of one call, amid others."""
    options = {"rows": 2, **options}
    before, after = sample_call(call_id="before"), example_call(call_id="after")
    row: dict[str, Any] = table([before, call, after], **options).to_pylist()[1]
    return row


def test_schema_is_recorded() -> None:
    """A column that changes or goes fails here; a new field of the document is a new column, as the changelog says."""
    recorded = SCHEMA.splitlines()
    new = fields_dict(Call).keys() - {line.partition(":")[0] for line in recorded}
    found = written(schema()).splitlines()
    assert [line for line in found if line.partition(":")[0] not in new] == recorded
    assert len(found) == len(recorded) + len(new)
    assert written(turns_schema()) == TURNS_SCHEMA
    assert schema(columns=["status", "_drift"]).names == ["call_id", "status", "_drift"]


def test_sample_call() -> None:
    """Every field of a call, with the values of the model."""
    call = Call.from_dict(sample_call())
    found = row(call)
    assert call.transcript_object is not None
    for name in SCHEMA.splitlines():
        field = name.partition(":")[0]
        if name.endswith((": string", ": int64", ": bool")) and field not in ("metadata", "_unknown"):
            assert found[field] == getattr(call, field)
    assert found["start_time"] == call.start_time
    assert found["start_time"].utcoffset() == timedelta(0)
    assert found["variables"] == call.variables
    assert json.loads(found["metadata"]) == dict(call.metadata)
    assert (found["_drift"], found["_unknown"]) == ([], None)
    assert [turn["content"] for turn in found["transcript_object"]] == [t.content for t in call.transcript_object]
    for turn, model in zip(found["transcript_object"], call.transcript_object, strict=True):
        assert json.loads(turn["tool_calls"]) == model.tool_calls
        latency = model.turn_latency
        assert turn["turn_latency"] == (latency and {key: getattr(latency, key) for key in turn["turn_latency"]})


def test_post_analysis() -> None:
    """A value is in the field of its type, and in ``json`` with every digit."""
    items = row(sample_call())["call_analysis"]["post_analysis_data"]
    assert [(item["type"], item["json"]) for item in items[1:]] == [
        ("number", "4"),
        ("number", "129.5"),
        ("number", "4.0"),
        ("boolean", "true"),
        ("boolean", "false"),
        ("number", "314159265358979323846264338327"),
        ("text", '""'),
    ]
    assert items[0]["text"] == json.loads(items[0]["json"])
    numbers = [item["number"] for item in items]
    assert numbers == [
        None,
        4.0,
        129.5,
        4.0,
        None,
        None,
        float(314159265358979323846264338327),
        None,
    ]
    assert [item["boolean"] for item in items[3:6]] == [None, True, False]


def test_post_analysis_against_the_document() -> None:
    """Arrays, objects, nulls, what is not an item, and numbers that no double holds."""
    values = [[1], {"a": None}, None, 10**400]
    analysis = {"post_analysis_data": [*({"name": "n", "value": value} for value in values), "text", {"name": 5}]}
    found = row({"call_id": "c", "call_analysis": analysis})
    items = found["call_analysis"]["post_analysis_data"]
    assert [item and (item["type"], item["json"]) for item in items[:4]] == [
        ("array", "[1]"),
        ("object", '{"a":null}'),
        ("null", "null"),
        ("number", str(10**400)),
    ]
    assert items[3]["number"] is None
    assert items[4] is None
    assert items[5]["name"] is None
    path = "$.call_analysis.post_analysis_data[*]"
    assert sorted(found["_drift"]) == [path, f"{path}.name", f"{path}.value"]


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("call_duration_seconds", "12", None), ("call_duration_seconds", 10**29, None),
        ("call_duration_seconds", 1.5, None), ("call_duration_seconds", True, None),
        ("start_time", "yesterday", None), ("start_time", "2025-05-19T10:15:22", None),
        ("start_time", "0001-01-01T00:00:00+01:00", None), ("start_time", "9999-12-31T23:59:59-01:00", None),
        ("is_billed", 1, None), ("is_billed", "true", None), ("transcript", 5, None), ("transcript", ["a"], None),
        ("transcript", "\ud800", None), ("status", 5, None), ("status", {"a": 1}, None),
        ("transcript_object", "text", None), ("transcript_object", {"a": 1}, None), ("variables", "a", None),
        ("variables", ["a", 5], ["a", None]), ("call_type", "sideways", "sideways"), ("sentiment", 5, None),
        ("metadata", [1], "[1]"), ("metadata", "text", '"text"'), ("call_analysis", [], None),
    ],
    ids=lambda value: ascii(value)[:40],
)  # fmt: skip
def test_mismatch_is_null_and_its_path_is_noted(field: str, value: Any, expected: Any) -> None:
    """A text that an enum does not list, and JSON, fit into their columns: they stay, and are noted likewise."""
    found = row(Call.from_dict({"call_id": "c", field: value, "from_number": "+15550100"}))
    assert found[field] == expected
    assert [path.removesuffix("[*]") for path in found["_drift"]] == [f"$.{field}"]
    assert (found["call_id"], found["from_number"]) == ("c", "+15550100")


def test_mismatches_within_a_transcript() -> None:
    """Each is null, the values around it stay, and so do those of the calls around."""
    said: list[Any] = [
        {"role": 5, "content": "a", "tool_calls": {"a": 1}},
        "text",
        None,
        {"turn_latency": {"latency": "slow", "eou_delay": 10**400, "llm_latency": 2}},
        {"turn_latency": []},
    ]
    found = row({"call_id": "c", "transcript_object": said})
    first, second, third, fourth, fifth = found["transcript_object"]
    assert (first["role"], first["content"], first["tool_calls"]) == (None, "a", None)
    assert (second, third, fifth["turn_latency"]) == (None, None, None)
    assert fourth["turn_latency"] == {"latency": None, "eou_delay": None, "llm_latency": 2.0, "tts_latency": None}
    turn = "$.transcript_object[*]"
    paths = [turn, *(f"{turn}.{name}" for name in ("role", "tool_calls", "turn_latency"))]
    assert sorted(found["_drift"]) == [*paths, *(f"{turn}.turn_latency.{name}" for name in ("eou_delay", "latency"))]


def test_numbers_are_not_converted() -> None:
    """True is not 1.0, also after a number, and 4.0 is not 4: pyarrow alone would convert them."""
    latencies: list[Any] = [1.5, True, 2, False]
    turns = [TranscriptTurn(turn_latency=TurnLatency(latency=latency)) for latency in latencies]
    seconds: Any = 4.0
    found = row(Call(call_id="c", call_duration_seconds=seconds, transcript_object=turns))
    assert found["call_duration_seconds"] is None
    assert [turn["turn_latency"]["latency"] for turn in found["transcript_object"]] == [1.5, None, 2.0, None]
    assert found["_drift"] == ["$.call_duration_seconds", "$.transcript_object[*].turn_latency.latency"]


def test_moments_are_in_utc() -> None:
    """With their microseconds, over all years that a datetime has."""
    east = timezone(timedelta(hours=5, minutes=30))
    call = Call(
        call_id="c",
        start_time=datetime(2025, 5, 19, 10, 15, 22, 230876, tzinfo=east),
        end_time=datetime(1, 1, 1, tzinfo=UTC),
    )
    found = table([call]).column("start_time").cast(pa.int64())[0].as_py()
    assert found == 1747629922230876
    assert table([call]).column("end_time").null_count == 0


def test_metadata_is_exact_json() -> None:
    """With every digit, half of a surrogate pair, and a ``model`` that is not a text."""
    metadata = {"model": 5, "digits": 10**29, "half": "\ud800", "nested": {"a": [None]}}
    found = row(Call(call_id="c", metadata=metadata))
    assert json.loads(found["metadata"]) == metadata
    assert found["_drift"] == ["$.metadata.model"]
    assert row(Call(call_id="c"))["metadata"] is None


def test_unknown_fields_of_mappings() -> None:
    """By their paths, at every depth, with every digit. A ``Call`` no longer has them."""
    payload = sample_call(mood={"a": 10**29})
    payload["transcript_object"][3]["pitch of voice"] = 1.5
    payload["call_analysis"]["score"] = None
    assert json.loads(row(payload)["_unknown"]) == {
        "$.mood": {"a": 10**29},
        "$.call_analysis.score": None,
        "$.transcript_object[3]['pitch of voice']": 1.5,
    }
    assert row(Call.from_dict(payload))["_unknown"] is None


def test_turns() -> None:
    """One row for a turn, numbered within its call."""
    calls: list[Any] = [
        sample_call(call_id="a"),
        {"call_id": "b", "transcript_object": ["text", {"role": "user"}]},
        Call(call_id="c"),
        Call(call_id="d", transcript_object=[TranscriptTurn(content="x", turn_latency=TurnLatency(latency=2.0))]),
    ]
    flat = pa.Table.from_batches(turns(calls, rows=2), turns_schema()).to_pylist()
    assert [(turn["call_id"], turn["turn"]) for turn in flat[38:]] == [
        ("a", 38),
        ("a", 39),
        ("b", 0),
        ("b", 1),
        ("d", 0),
    ]
    assert [turn["content"] for turn in flat[:40]] == [turn["content"] for turn in sample_call()["transcript_object"]]
    assert (flat[40]["role"], flat[41]["role"], flat[42]["content"], flat[42]["latency"]) == (None, "user", "x", 2.0)


def test_no_calls() -> None:
    """No batch, and a table of no rows."""
    assert list(to_batches([])) == []
    assert table([]).num_rows == 0


def test_calls_are_read_as_batches_are_taken() -> None:
    """So that a source of any length fits."""
    taken = []

    def source() -> Iterable[Call]:
        for number in range(10):
            taken.append(number)
            yield Call(call_id=str(number))

    batches = to_batches(source(), rows=3)
    assert taken == []
    assert next(batches).num_rows == 3
    assert taken == [0, 1, 2]
    assert [batch.num_rows for batch in batches] == [3, 3, 1]


@pytest.mark.parametrize("item", [None, "c-1", 5, [Call()]])
def test_refuses_what_is_not_a_call(item: Any) -> None:
    """With the type, and not the value."""
    with pytest.raises(ConfigurationError, match=f"not {type(item).__name__}"):
        list(to_batches([item]))


@settings(max_examples=100)
@given(st.lists(calls_of_any_json(), max_size=4))
def test_no_type_changes_with_the_data(payloads: list[dict[str, Any]]) -> None:
    """Whatever the values; all that match are there, and the others are null and noted."""
    calls = [decode(json.dumps(payload).encode(), Call) for payload in payloads]
    found = table([call for call, _ in calls])
    found.validate(full=True)
    assert found.schema == schema()
    for (call, drifts), each in zip(calls, found.to_pylist(), strict=True):
        assert set(each["_drift"]) >= {drift.path for drift in drifts if drift.actual != "null"}
        for name in ("call_id", "transcript", "answered_by"):
            value = getattr(call, name)
            assert each[name] == (value if isinstance(value, str) else None)
            assert isinstance(value, str | None) or f"$.{name}" in each["_drift"]


NESTED = st.recursive(JSON_VALUES, lambda inner: st.dictionaries(st.text(), inner, max_size=2), max_leaves=5)
JUNK = NESTED | st.text() | st.integers() | st.floats(allow_nan=False) | st.just(10**400) | st.datetimes()


@settings(max_examples=100)
@given(
    st.builds(
        Call,
        call_id=JUNK,
        start_time=JUNK,
        call_duration_seconds=JUNK,
        transcript=JUNK,
        is_billed=JUNK,
        variables=JUNK | st.lists(JUNK),
        metadata=JUNK,
        status=JUNK,
        transcript_object=JUNK
        | st.lists(JUNK | st.builds(TranscriptTurn, role=JUNK, tool_calls=JUNK, interrupted=JUNK, turn_latency=JUNK))
        | st.lists(st.builds(TranscriptTurn, turn_latency=st.builds(TurnLatency, latency=JUNK)), max_size=2),
        call_analysis=JUNK
        | st.builds(
            CallAnalysis, post_analysis_data=st.lists(JUNK | st.builds(PostAnalysisItem, name=JUNK, value=JUNK))
        ),
    )
)
def test_any_python_value_makes_a_row(call: Call) -> None:
    """Also what no JSON parser returns: half of a surrogate pair, a datetime without offset, 400 digits."""
    found = table([call, Call(call_id="c")])
    found.validate(full=True)
    assert found.schema == schema()
    assert found.to_pylist()[1] == {**dict.fromkeys(schema().names), "call_id": "c", "_drift": []}
    assert pa.Table.from_batches(turns([call]), turns_schema()).num_rows >= 0


def test_redaction() -> None:
    """Null, at every depth, with the types as before; what lies beside stays, and what is unknown does not."""
    found = row(sample_call(mood="secret"), redact=SPEECH | CONTACTS)
    for name in (
        "transcript",
        "call_analysis",
        "metadata",
        "variables",
        "from_number",
        "call_recording_url",
        "_unknown",
    ):
        assert found[name] is None
    assert len(found["transcript_object"]) == 40
    assert {turn["content"] for turn in found["transcript_object"]} == {None}
    assert found["transcript_object"][0]["turn_latency"]["llm_latency"] == 0.41
    assert table([sample_call()], redact=SPEECH | CONTACTS).schema == schema()


def test_redaction_of_post_analysis_values() -> None:
    """Their names stay; neither a type nor JSON says what a value was."""
    found = row(sample_call(), redact=["call_analysis.post_analysis_data.value"])
    items = found["call_analysis"]["post_analysis_data"]
    assert items[0] == {
        **dict.fromkeys(("type", "text", "number", "boolean", "json")),
        "name": "reason_for_call",
    }
    found = row(sample_call(), redact=["call_analysis.post_analysis_data.name"])
    assert found["call_analysis"]["post_analysis_data"][1]["name"] is None
    assert found["call_analysis"]["post_analysis_data"][1]["number"] == 4.0
