"""The two decoders: fast and tolerant, over payloads made from the spec itself."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest
from attrs import frozen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from puretalk_client import Call, ResponseDecodeError
from puretalk_client._decoding import MAX_DRIFTS, Drift, decode, repeats_a_name, tolerant
from puretalk_client.models import CallEnvelope
from puretalk_generated.codec import decoder, structure

SPEC = YAML(typ="safe").load(Path(__file__).parent.parent / "openapi.yaml")
ENVELOPE = SPEC["paths"]["/calls/{call_id}"]["get"]["responses"]["200"]["content"]["application/json"][
    "schema"
]

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENT = st.datetimes(timezones=OFFSETS).map(datetime.isoformat)
SCALARS = {
    "string": TEXT,
    "integer": st.integers(),
    "number": st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
}
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=4,
)


def payloads(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Make payloads that are valid by a schema of the spec."""
    if "$ref" in schema:
        return payloads(SPEC["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]])
    if schema.get("nullable"):
        return st.none() | payloads({**schema, "nullable": False})
    if "oneOf" in schema:
        return st.one_of([payloads(member) for member in schema["oneOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema["type"] == "array":
        return st.lists(payloads(schema["items"]) if "items" in schema else ANYTHING, max_size=3)
    if schema["type"] == "object":
        properties = {name: payloads(property) for name, property in schema["properties"].items()}
        return st.fixed_dictionaries({}, optional=properties)
    return MOMENT if schema.get("format") == "date-time" else SCALARS[schema["type"]]


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(payloads(ENVELOPE))
def test_decoders_agree_on_every_valid_payload(payload: dict[str, Any]) -> None:
    """What the spec allows has no drift, and both decoders make the same of it."""
    body = json.dumps(payload).encode()
    value, drifts = tolerant(msgspec.json.decode(body), CallEnvelope)
    assert drifts == []
    by_msgspec = decoder(CallEnvelope).decode(body)
    assert value == by_msgspec
    assert repr_of(value) == repr_of(by_msgspec)
    assert decode(body, CallEnvelope) == (value, [])


def repr_of(value: Any) -> str:
    """Show values with their types, which equality does not tell apart (1, 1.0 and True)."""
    if hasattr(value, "__attrs_attrs__"):
        return repr({field.name: repr_of(getattr(value, field.name)) for field in value.__attrs_attrs__})
    return repr([repr_of(item) for item in value]) if isinstance(value, list) else repr(value)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(SPEC["components"]["schemas"]["Call"]["properties"], ANYTHING)
    )
)
def test_any_json_in_any_field_is_a_call(strayed: dict[str, Any]) -> None:
    """Whatever stands in the fields, the call is delivered and its repr and view work."""
    call, drifts = decode(json.dumps(strayed).encode(), Call)
    assert isinstance(call, Call)
    assert isinstance(call.status.is_final, bool)
    assert "\n" not in repr(call)
    assert len(call.post_analysis) >= 0
    for name, value in strayed.items():
        if any(drift.path == f"$.{name}" for drift in drifts) and name != "status":
            assert getattr(call, name) == value  # a stray is kept as it came


@pytest.mark.parametrize(
    ("field", "value", "expected", "got"),
    [("sentiment", "ecstatic", "'n/a' | 'negative' | 'neutral' | 'positive' | None", "string"),
     ("call_duration_seconds", "12", "int | None", "string"),
     ("call_duration_seconds", 1.5, "int | None", "number"),
     ("start_time", "2025-05-19T10:15:22", "datetime | None", "string"),
     ("start_time", "2025-02-30T10:15:22Z", "datetime | None", "string"),
     ("start_time", "yesterday", "datetime | None", "string"),
     ("start_time", 1747664122, "datetime | None", "number"),
     ("variables", "a", "list[str] | None", "string"),
     ("metadata", "This is the metadata of the call", "CallMetadata | None", "string"),
     ("is_billed", 1, "bool | None", "number"),
     ("is_billed", "true", "bool | None", "string")],
)  # fmt: skip
def test_stray_value_is_kept_and_told(field: str, value: Any, expected: str, got: str) -> None:
    """New enum values, wrong types, naive and impossible dates: kept as they came, one drift each."""
    call, drifts = decode(json.dumps({"call_id": "c", field: value}).encode(), Call)
    assert getattr(call, field) == value
    assert call.call_id == "c"
    assert drifts == [Drift(f"$.{field}", expected, got)]


def test_integral_float_is_an_integer_as_json_schema_has_it() -> None:
    """60.0 seconds are 60 seconds, and no drift."""
    call, drifts = decode(b'{"call_duration_seconds":60.0}', Call)
    assert (repr(call.call_duration_seconds), drifts) == ("60", [])


def test_paths_hold_no_name_that_the_spec_does_not_give() -> None:
    """A drift says where, but never repeats what stands in an array or a free-form object."""
    _, drifts = decode(b'{"call_analysis":{"post_analysis_data":[{"name":5,"value":{"+15550100":1}}]}}', Call)
    assert {drift.path for drift in drifts} == {
        "$.call_analysis.post_analysis_data[*].name",
        "$.call_analysis.post_analysis_data[*].value",
    }


def test_strays_without_end_do_not_fill_the_memory() -> None:
    """The number of drifts of one answer is bounded, and the call is still delivered."""
    call, drifts = decode(json.dumps({"variables": [1] * 5000}).encode(), Call)
    assert len(call.variables or []) == 5000
    assert len(drifts) == MAX_DRIFTS


@pytest.mark.parametrize(
    ("body", "expected"),
    [(b'{"results":{},"results":{}}', True), (b'{"err":true,"err":false}', True),
     (b'{"results":1,"\\u0072esults":2}', True),
     (b'{"results":{"msg":"a"},"msg":"b"}', False),
     (b'{"err":0,"err":1}', True), (b'{"msg":1,"msg":2}', True), (b'{"err":0, "err":0,"results":{"err":1}}', True),
     (b'{"results":[1,2,3,4],"results":5}', True), (b'{"results":5,"results":[1,2,3,4]}', True), (b'{}', False),
     (b'{ "msg" : "Success" , "err" : false , "results" : { } }', False), (b'{"msg":"\\"msg\\"","results":{}}', False),
     (b'{"msg":"msg","results":"results"}', False), (b'{"msg":"\\u006a","results":{"results":[]}}', False)],
)  # fmt: skip
def test_repeated_names_of_the_envelope_are_seen(body: bytes, expected: bool) -> None:
    """Only the outermost object counts, and escapes hide nothing."""
    assert repeats_a_name(body) is expected


def test_error_of_a_body_keeps_nothing_of_it() -> None:
    """Neither message nor chain of a decode error quotes the body."""
    with pytest.raises(ResponseDecodeError) as caught:
        decode(b'{"transcript":"CANARY', Call)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize(
    ("escaped", "text"),
    [(r"a\ud83d", "a\ufffd"), (r"\ude00b", "\ufffdb"), (r"\ud83d\ud83d\ude00", "\ufffd😀"), (r"\ud83d\ude00", "😀"),
     (r"\\ud83d", "\\ud83d"), (r"\\\ud83d", "\\\ufffd"), (r"\ud83d\ude00\ude00", "😀\ufffd"), (r"\uD83Dx", "\ufffdx")],
)  # fmt: skip
def test_half_a_surrogate_pair_does_not_cost_the_call(escaped: str, text: str) -> None:
    """A text that a server cut in the middle of an emoji is delivered, and told."""
    call, drifts = decode(f'{{"transcript":"{escaped}"}}'.encode(), Call)
    assert call.transcript == text
    assert drifts == ([Drift("$", "Unicode text", "half a surrogate pair")] if "\ufffd" in text else [])


MADE: list[str] = []


@frozen(kw_only=True)
class Sum:
    """A term of a formula, which another spec may well describe."""

    kind: Literal["sum"]
    parts: list[Sum | Product]

    def __attrs_post_init__(self) -> None:
        MADE.append(self.kind)


@frozen(kw_only=True)
class Product:
    """The other kind of term, which looks alike but for its kind."""

    kind: Literal["product"]
    parts: list[Sum | Product]

    def __attrs_post_init__(self) -> None:
        MADE.append(self.kind)


def test_unions_within_unions_do_not_multiply() -> None:
    """An object whose kind tells what it is, is looked into once, however deep it lies."""
    depth = 16
    value: dict[str, Any] = {"kind": "product", "parts": []}
    for _ in range(depth):
        value = {"kind": "product", "parts": [value]}
    MADE.clear()
    built = structure(value, Sum | Product)
    assert isinstance(built, Product)
    assert ["product"] * (depth + 1) == MADE
