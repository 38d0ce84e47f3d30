"""Reports on recorded responses: every difference from the spec, and nothing personal."""

from __future__ import annotations

import copy
import json
import string
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args, get_type_hints

import attrs
import pytest
from hypothesis import given, settings, strategies as st
from ruamel.yaml import YAML

from puretalk_client import CallStatus, drift
from puretalk_client.drift import CountedDrift, drift_report
from puretalk_client.models import NAMED_BY_CUSTOMERS, CallEnvelope
from puretalk_client.testing import example_call, sample_call
from puretalk_generated import models as generated

SPEC = YAML(typ="safe").load(Path(__file__).parents[1] / "support" / "openapi.yaml")
"""The document that puretalk_client was written for, like its samples; the vendor's may have grown."""
CALL = SPEC["components"]["schemas"]["Call"]
CALL_TYPES = f"{' | '.join(repr(value) for value in sorted(get_args(generated.CallType)))} | None"
CANARY = "canary-Maria-+15550142"


def report_of(*responses: Any) -> drift.DriftReport:
    """Compare responses that are given as Python values."""
    return drift_report(json.dumps(response) for response in responses)


def found(*responses: Any) -> list[tuple[str, str, str, int, int]]:
    """Compare responses; return kind, path, JSON type, occurrences and responses of each drift.

    Fields that are missing are left out: the document decides which are required.
    """
    return [
        (drift.kind, drift.path, drift.actual, drift.occurrences, drift.responses)
        for drift in report_of(*responses).drifts
        if drift.kind != "missing"
    ]


def envelope(results: Any) -> dict[str, Any]:
    """Wrap results as the API does."""
    return {"msg": "Success", "err": False, "results": results}


@pytest.mark.parametrize("call", [example_call(), sample_call(), {"call_id": "c"}])
def test_responses_that_match_the_spec(call: dict[str, Any]) -> None:
    """No drift in the sandbox's calls, with and without their envelope, as text and as bytes."""
    for response in (call, envelope(call)):
        for content in (json.dumps(response), json.dumps(response).encode()):
            assert drift_report([content]) == drift.DriftReport(1, (), (), 0, complete=True)


@pytest.mark.parametrize("response", [{}, {"err": True, "msg": "No such call"}, envelope({})])
def test_responses_without_a_call(response: dict[str, Any]) -> None:
    """No drift: the spec describes errors."""
    assert found(response) == []


@pytest.mark.parametrize(
    "status",
    [*CALL["properties"]["status"]["enum"], "in_progress", " In Progress ", "COMPLETED", "No answer"],
)
def test_spellings_of_a_known_status(status: str) -> None:
    """No drift: CallStatus accepts every spelling of a status in the spec."""
    assert found({"status": status}) == []


@pytest.mark.parametrize(
    ("call", "kind", "path", "actual", "expected"),
    [({"voicemail_left": True}, "unknown field", "$.results.voicemail_left", "boolean", "nothing"),
     ({"request-id": "a"}, "unknown field", "$.results['request-id']", "string", "nothing"),
     ({"status": "gone fishing"}, "unknown value", "$.results.status", "string", "CallStatus"),
     ({"status": ""}, "unknown value", "$.results.status", "string", "CallStatus"),
     ({"status": None}, "wrong type", "$.results.status", "null", "CallStatus"),
     ({"status": 5}, "wrong type", "$.results.status", "number", "CallStatus"),
     ({"call_type": "missed"}, "unknown value", "$.results.call_type", "string", CALL_TYPES),
     ({"call_type": "Incoming"}, "unknown value", "$.results.call_type", "string", CALL_TYPES),
     ({"call_type": 1}, "wrong type", "$.results.call_type", "number", CALL_TYPES),
     ({"call_type": ["incoming"]}, "wrong type", "$.results.call_type", "array", CALL_TYPES),
     ({"variables": {"a": "b"}}, "wrong type", "$.results.variables", "object", "list[str] | None"),
     ({"variables": [{"a": "b"}]}, "wrong type", "$.results.variables[*]", "object", "str"),
     ({"metadata": "a"}, "wrong type", "$.results.metadata", "string", "CallMetadata | None"),
     ({"metadata": {"model": 1}}, "wrong type", "$.results.metadata.model", "number", "str | None"),
     ({"call_analysis": {"mood": {"a": 1}}}, "unknown field", "$.results.call_analysis.mood", "object", "nothing"),
     ({"call_analysis": {"post_analysis_data": [{"name": "a", "value": [1]}]}},
      "wrong type", "$.results.call_analysis.post_analysis_data[*].value", "array", "bool | float | int | str | None"),
     ({"transcript": "\ud83d"}, "wrong type", "$", "half a surrogate pair", "Unicode text")],
)  # fmt: skip
def test_each_kind_of_drift(call: dict[str, Any], kind: Any, path: str, actual: str, expected: str) -> None:
    """One change is one drift, which names the expected type. Paths include the envelope in either form."""
    call = {**call, "call_id": "c"}
    expectation = (CountedDrift(path, expected, actual, kind, 1, 1),)
    assert report_of(call).drifts == expectation
    assert report_of(envelope(call)).drifts == expectation


@pytest.mark.parametrize("response", ["hello", 5, None, True])
def test_responses_of_another_type(response: Any) -> None:
    """JSON that is not an object is one drift at the root."""
    ((kind, path, *_),) = found(response)
    assert (kind, path) == ("wrong type", "$")


def test_calls_and_envelopes() -> None:
    """A call with a new field msg is a call. An envelope with a field of a call is an envelope."""
    assert found({"call_id": "c", "msg": "a"}) == [("unknown field", "$.results.msg", "string", 1, 1)]
    assert found({**envelope({}), "call_id": "c"}) == [("unknown field", "$.call_id", "string", 1, 1)]
    assert found({"code": 5}) == [("unknown field", "$.code", "number", 1, 1)]


def test_counts() -> None:
    """Two occurrences in one response and one in another count as three in two. Types count separately."""
    turns = [{"mood": 1}, {"mood": 2}, {"role": "user"}]
    assert found(
        {"transcript_object": turns},
        {"transcript_object": turns[1:]},
        {"transcript_object": turns[2:]},
        {"transcript_object": [{"mood": None}]},
    ) == [
        ("unknown field", "$.results.transcript_object[*].mood", "null", 1, 1),
        ("unknown field", "$.results.transcript_object[*].mood", "number", 3, 2),
    ]


@pytest.mark.parametrize(
    "name",
    ["+15550142", "15550142", "p15550142", "maria@mail.test", "Maria Meier", "", "é", "a.b", "a'b", "a\n", "\x1b[31m",
     "a" * 65, "*", "be8b84ed-16d8-459e-b71c-b0f54fce5ec1", "\u0661"],
)  # fmt: skip
def test_names_that_can_be_personal(name: str) -> None:
    """A name that an API would not choose can be personal data: the report only shows where it is."""
    assert found({"call_id": "c", name: 1}) == [("unknown field", "$.results[*]", "number", 1, 1)]


@pytest.mark.parametrize("name", ["a", "_a", "A9", "latency_p95", "x-request-id", "a" * 64])
def test_names_of_fields(name: str) -> None:
    """A name that an API would choose is shown."""
    assert found({"call_id": "c", name: 1})[0][1].strip("$.[]'").removeprefix("results").strip(".['") == name


@pytest.mark.parametrize(
    "call",
    [{"metadata": {"model": 1, "Maria": 1, "Jo": {"Kim": 2}}},
     {"call_analysis": {"post_analysis_data": [{"Maria": 1}, {"Jo": 2}]}}],
)  # fmt: skip
@pytest.mark.parametrize("model", [CallEnvelope, generated.GetCallResponse])
def test_names_that_customers_choose(call: dict[str, Any], model: Any) -> None:
    """Below metadata and the post-analysis, the report shows no name."""
    report = drift_report([json.dumps(envelope(call))], model)
    assert report.drifts
    assert not any(name in repr(report) for name in ("Maria", "Jo", "Kim"))


def test_own_properties_of_metadata_match_the_document() -> None:
    """The document allows any name beside ``model``."""
    assert found({"call_id": "c", "metadata": {"crm_id": 1, "Maria": {"model": 5}}}) == []


def test_values_are_never_reported() -> None:
    """With a canary in every text, key and enum value, the report contains no part of it."""

    def poisoned(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: poisoned(item) for name, item in value.items()} | {CANARY: {CANARY: CANARY}}
        return [poisoned(item) for item in value] if isinstance(value, list) else CANARY

    report = report_of(poisoned(envelope(sample_call())), CANARY, [CANARY], {CANARY: 1})
    assert len(report.drifts) > 15
    assert {drift.kind for drift in report.drifts} >= {"unknown field", "unknown value", "wrong type"}
    for part in ("canary", "Maria", "1555"):
        assert part not in repr(report) + json.dumps(attrs.asdict(report))


@attrs.frozen(kw_only=True)
class Tax:
    """A model with one field."""

    rate: float


@attrs.frozen(kw_only=True)
class Invoice:
    """A model as the generator writes them, with constructs that today's spec lacks."""

    invoice_id: str = attrs.field(metadata={"json_name": "invoice-id"})
    total: float
    due: datetime | None = None
    parts: list[Invoice] | None = None
    flags: list[Literal["paid", 5]] | None = None
    taxes: dict[str, Tax] | None = None
    additional_properties: dict[str, Invoice] = attrs.field(factory=dict, metadata={"additional_properties": True})


def test_any_model() -> None:
    """Required fields, renamed fields, and additional properties, whose names are hidden."""
    response = {
        "invoice-id": "a",
        "parts": [{"total": 1, "parts": [5], "flags": ["paid", "due", 6, True]}],
        "due": "yesterday",
        "flags": "paid",
        "taxes": {"Maria": {"rate": 1, "kind": "a"}},
        "Maria": {"total": "b", "invoice-id": "c"},
        "additional_properties": {"total": 1, "invoice-id": "d", "parts": "e"},
    }
    report = drift_report([json.dumps(response)], Invoice)
    assert [(drift.kind, drift.path) for drift in report.drifts] == [
        ("wrong type", "$.due"),
        ("wrong type", "$.flags"),
        ("unknown value", "$.parts[*].flags[*]"),
        ("unknown value", "$.parts[*].flags[*]"),
        ("wrong type", "$.parts[*].flags[*]"),
        ("wrong type", "$.parts[*].parts[*]"),
        ("missing", "$.parts[*]['invoice-id']"),
        ("unknown field", "$.taxes[*].kind"),
        ("missing", "$.total"),
        ("wrong type", "$[*].parts"),
        ("wrong type", "$[*].total"),
    ]


def paths(schema: Any, value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[Any, Any]]:
    """List every path in a sample, with its schema."""
    yield path, schema
    if isinstance(value, dict):
        for name, item in value.items():
            if item is not None:
                yield from paths(schema["properties"][name], item, (*path, name))
    elif isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value[:2]):
            yield from paths(schema["items"], item, (*path, index))


PATHS = list(paths(CALL, sample_call()))
VALUES = {"string": CANARY, "number": 1.5, "boolean": True, "object": {CANARY: CANARY}, "array": [CANARY]}
ENUMS = {"status", *(name for name, hint in get_type_hints(generated.Call).items() if "Literal[" in str(hint))}
"""The document may have lost those of other fields."""
FIELD_NAMES = st.text(string.ascii_letters + "_", min_size=1, max_size=20)


@st.composite
def mutations(draw: st.DrawFn) -> tuple[tuple[str | int, ...], Any, str, str]:
    """Draw a path, a value to put there, and the kind and JSON type of the drift."""
    path, schema = draw(st.sampled_from(PATHS))
    if schema.get("type") == "object" and "metadata" not in path and draw(st.booleans()):
        name = draw(FIELD_NAMES.filter(lambda name: name not in schema["properties"]))
        actual = draw(st.sampled_from(list(VALUES)))
        return (*path, name), VALUES[actual], "unknown field", actual
    if path and path[-1] in ENUMS and draw(st.booleans()):
        value = draw(st.text(max_size=20).filter(lambda text: not CallStatus(text).is_known))
        return path, f"{CANARY}{value}", "unknown value", "string"
    allowed = {member["type"] for member in schema.get("oneOf", [schema])}
    actual = draw(st.sampled_from([kind for kind in VALUES if kind not in allowed]))
    return path, VALUES[actual], "wrong type", actual


@settings(max_examples=300, deadline=None)
@given(mutations())
def test_mutations(
    mutation: tuple[tuple[str | int, ...], Any, str, str],
) -> None:
    """A new field, another type or a new enum value anywhere in a call is one drift at its path."""
    path, value, kind, actual = mutation
    holder = response = envelope(copy.deepcopy(sample_call()))
    steps: tuple[Any, ...] = ("results", *path)
    for step in steps[:-1]:
        holder = holder[step]
    holder[steps[-1]] = value
    hidden = kind == "unknown field" and "post_analysis_data" in path[:-1]
    shown = (*steps[:-1], 0) if hidden else steps
    expected = "$" + "".join("[*]" if isinstance(step, int) else f".{step}" for step in shown)
    assert found(response) == [(kind, expected, actual, 1, 1)]
    assert "canary" not in repr(report_of(response))


@settings(max_examples=200, deadline=None)
@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.dictionaries(
    st.sampled_from(["results", "call_id", "status", "metadata", "transcript_object", "x"]), inner) | st.lists(inner),
    max_leaves=20))  # fmt: skip
def test_any_json(response: Any) -> None:
    """No JSON raises an error. Only an empty array contains no response."""
    report = report_of(response)
    assert report.unreadable_count == (response == [])


def test_distinct_drifts_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """After MAX_DRIFTS distinct drifts, further ones are omitted, and ``complete`` is False."""
    monkeypatch.setattr(drift, "MAX_DRIFTS", 3)
    report = report_of({"call_id": "c", "a": 1, "b": 1, "c": 1}, {"call_id": "c", "d": 1, "a": 1})
    assert [(drift.path[-1], drift.occurrences) for drift in report.drifts] == [("a", 2), ("b", 1), ("c", 1)]
    assert not report.complete
    assert report_of({"call_id": "c", "a": 1, "b": 1, "c": 1}).complete


def test_customers_choose_names_below_documented_fields() -> None:
    """The spec documents every field whose nested names are hidden. A renamed field would reveal them."""
    properties = {**CALL["properties"], **CALL["properties"]["call_analysis"]["properties"]}
    assert properties.keys() >= NAMED_BY_CUSTOMERS
