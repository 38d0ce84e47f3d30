"""Drift from the live side: what recorded answers hold that the models do not know, and nothing personal."""

from __future__ import annotations

import copy
import json
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from puretalk_client import CallStatus, drift
from puretalk_client.drift import CountedDrift, drift_report, drift_report_of_files
from puretalk_client.testing import example_call, sample_call

SPEC = YAML(typ="safe").load(Path(__file__).parent.parent / "openapi.yaml")
CALL = SPEC["components"]["schemas"]["Call"]
CALL_TYPES = f"{' | '.join(repr(value) for value in sorted(CALL['properties']['call_type']['enum']))} | None"
CANARY = "canary-Maria-+15550142"


def report_of(*answers: Any) -> drift.DriftReport:
    """Compare answers that are given as Python values."""
    return drift_report(json.dumps(answer) for answer in answers)


def found(*answers: Any) -> list[tuple[str, str, str, int, int]]:
    """Compare answers; return kind, path, JSON type, occurrences and answers of each drift."""
    return [
        (drift.kind, drift.path, drift.got_type, drift.occurrences, drift.answers)
        for drift in report_of(*answers).drifts
    ]


def envelope(results: Any) -> dict[str, Any]:
    """Wrap results as the API does."""
    return {"msg": "Success", "err": False, "results": results}


@pytest.mark.parametrize("call", [example_call(), sample_call(), {"call_id": "c"}])
def test_what_the_spec_describes_is_no_drift(call: dict[str, Any]) -> None:
    """The sandbox's calls, with and without their envelope, as text and as bytes."""
    for answer in (call, envelope(call)):
        for content in (json.dumps(answer), json.dumps(answer).encode()):
            assert drift_report([content]) == drift.DriftReport(1, (), (), 0, complete=True)


@pytest.mark.parametrize("answer", [{}, {"err": True, "msg": "No such call"}, envelope(None), envelope({})])
def test_an_answer_without_a_call_is_no_drift(answer: dict[str, Any]) -> None:
    """Nothing in an envelope is required, and an error is described too."""
    assert found(answer) == []


@pytest.mark.parametrize(
    "status",
    [*CALL["properties"]["status"]["enum"], "in_progress", " In Progress ", "COMPLETED", "No answer"],
)
def test_spellings_of_a_known_status_are_no_drift(status: str) -> None:
    """What CallStatus takes for a state that the spec lists."""
    assert found({"status": status}) == []


@pytest.mark.parametrize(
    ("call", "kind", "path", "got", "expected"),
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
     ({"start_time": "yesterday"}, "wrong type", "$.results.start_time", "string", "datetime | None"),
     ({"variables": {"a": "b"}}, "wrong type", "$.results.variables", "object", "list[str] | None"),
     ({"variables": [{"a": "b"}]}, "wrong type", "$.results.variables[*]", "object", "str"),
     ({"metadata": "a"}, "wrong type", "$.results.metadata", "string", "CallMetadata | None"),
     ({"metadata": {"team": 1}}, "unknown field", "$.results.metadata[*]", "number", "nothing"),
     ({"call_analysis": {"mood": {"a": 1}}}, "unknown field", "$.results.call_analysis.mood", "object", "nothing"),
     ({"call_analysis": {"post_analysis_data": [{"name": "a", "value": [1]}]}},
      "wrong type", "$.results.call_analysis.post_analysis_data[*].value", "array", "bool | float | int | str | None"),
     ({"transcript": "\ud83d"}, "wrong type", "$", "half a surrogate pair", "Unicode text")],
)  # fmt: skip
def test_each_kind_of_drift(call: dict[str, Any], kind: Any, path: str, got: str, expected: str) -> None:
    """One change, one drift, which says what the spec expects; the envelope's paths in either form."""
    call["call_id"] = "c"
    expectation = (CountedDrift(path, expected, got, kind, 1, 1),)
    assert report_of(call).drifts == expectation
    assert report_of(envelope(call)).drifts == expectation


@pytest.mark.parametrize("answer", ["hello", 5, None, True])
def test_an_answer_of_another_kind_is_drift_of_the_whole(answer: Any) -> None:
    """JSON, but no object."""
    ((kind, path, *_),) = found(answer)
    assert (kind, path) == ("wrong type", "$")


def test_a_call_is_told_from_an_envelope() -> None:
    """A call that gains a field named msg is no envelope; an envelope that gains a call's field stays one."""
    assert found({"call_id": "c", "msg": "a"}) == [("unknown field", "$.results.msg", "string", 1, 1)]
    assert found({**envelope({}), "call_id": "c"}) == [("unknown field", "$.call_id", "string", 1, 1)]
    assert found({"code": 5}) == [("unknown field", "$.code", "number", 1, 1)]


def test_occurrences_and_answers_are_counted() -> None:
    """Twice in one answer and once in another is three times in two answers; types are told apart."""
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
def test_odd_names_are_not_shown(name: str) -> None:
    """A name that no API would give its field may be somebody's: only its place is told."""
    assert found({"call_id": "c", name: 1}) == [("unknown field", "$.results[*]", "number", 1, 1)]


@pytest.mark.parametrize("name", ["a", "_a", "A9", "latency_p95", "x-request-id", "a" * 64])
def test_plain_names_are_shown(name: str) -> None:
    """What reads like a field's name is the thing to know."""
    assert found({"call_id": "c", name: 1})[0][1].strip("$.[]'").removeprefix("results").strip(".['") == name


@pytest.mark.parametrize(
    "call",
    [{"metadata": {"Maria": 1, "Jo": {"Kim": 2}}},
     {"call_analysis": {"post_analysis_data": [{"Maria": 1}, {"Jo": 2}]}}],
)  # fmt: skip
def test_names_that_customers_choose_are_not_shown(call: dict[str, Any]) -> None:
    """Below metadata and the post-analysis, even plain names are theirs."""
    shown = repr(report_of(call))
    assert "unknown field" in shown
    assert not any(name in shown for name in ("Maria", "Jo", "Kim"))


def test_no_value_is_kept() -> None:
    """Texts, keys and enum values with a canary in every place: none is in the report."""

    def poisoned(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: poisoned(item) for name, item in value.items()} | {CANARY: {CANARY: CANARY}}
        return [poisoned(item) for item in value] if isinstance(value, list) else CANARY

    report = report_of(poisoned(envelope(sample_call())), CANARY, [CANARY], {CANARY: 1})
    assert len(report.drifts) > 15
    assert {drift.kind for drift in report.drifts} == {"unknown field", "unknown value", "wrong type"}
    for part in ("canary", "Maria", "1555"):
        assert part not in repr(report) + json.dumps(attrs.asdict(report))


@attrs.frozen(kw_only=True)
class Tax:
    """A model without a name of its own for anything but its rate."""

    rate: float


@attrs.frozen(kw_only=True)
class Invoice:
    """A model as the generator writes them, with what the spec of today has not."""

    invoice_id: str = attrs.field(metadata={"json_name": "invoice-id"})
    total: float
    parts: list[Invoice] | None = None
    flags: list[Literal["paid", 5]] | None = None
    taxes: dict[str, Tax] | None = None
    additional_properties: dict[str, Invoice] = attrs.field(
        factory=dict, metadata={"additional_properties": True}
    )


def test_any_model_can_be_compared() -> None:
    """Required fields, renamed fields, and properties of any name, below which names stay hidden."""
    answer = {
        "invoice-id": "a",
        "parts": [{"total": 1, "parts": [5], "flags": ["paid", "due", 6, True]}],
        "flags": "paid",
        "taxes": {"Maria": {"rate": 1, "kind": "a"}},
        "Maria": {"total": "b", "invoice-id": "c"},
        "additional_properties": {"total": 1, "invoice-id": "d", "parts": "e"},
    }
    report = drift_report([json.dumps(answer)], Invoice)
    assert [(drift.kind, drift.path) for drift in report.drifts] == [
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


# Any change of a call is found where it was made


def places(schema: Any, value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[Any, Any]]:
    """Go through a sample as the spec describes it: each place and its schema."""
    yield path, schema
    if isinstance(value, dict):
        for name, item in value.items():
            if item is not None:
                yield from places(schema["properties"][name], item, (*path, name))
    elif isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value[:2]):
            yield from places(schema["items"], item, (*path, index))


PLACES = list(places(CALL, sample_call()))
VALUES = {"string": CANARY, "number": 1.5, "boolean": True, "object": {CANARY: CANARY}, "array": [CANARY]}
FIELD_NAMES = st.text(string.ascii_letters + "_", min_size=1, max_size=20)


@st.composite
def mutations(draw: st.DrawFn) -> tuple[tuple[str | int, ...], Any, str, str]:
    """Draw a place, what to put there, and the kind and JSON type of the drift."""
    path, schema = draw(st.sampled_from(PLACES))
    if schema.get("type") == "object" and draw(st.booleans()):
        name = draw(FIELD_NAMES.filter(lambda name: name not in schema["properties"]))
        got = draw(st.sampled_from(list(VALUES)))
        return (*path, name), VALUES[got], "unknown field", got
    if "enum" in schema and draw(st.booleans()):
        value = draw(st.text(max_size=20).filter(lambda text: not CallStatus(text).is_known))
        return path, f"{CANARY}{value}", "unknown value", "string"
    allowed = {member["type"] for member in schema.get("oneOf", [schema])}
    got = draw(st.sampled_from([kind for kind in VALUES if kind not in allowed]))
    return path, VALUES[got], "wrong type", got


@settings(max_examples=300, deadline=None)
@given(mutations())
def test_a_mutation_is_found_at_its_path_and_nowhere_else(
    mutation: tuple[tuple[str | int, ...], Any, str, str],
) -> None:
    """A field more, another type or a new enum value anywhere in a call is one drift."""
    path, value, kind, got = mutation
    holder = answer = envelope(copy.deepcopy(sample_call()))
    steps: tuple[Any, ...] = ("results", *path)
    for step in steps[:-1]:
        holder = holder[step]
    holder[steps[-1]] = value
    hidden = kind == "unknown field" and not {"metadata", "post_analysis_data"}.isdisjoint(path)
    shown = (*steps[:-1], 0) if hidden else steps
    expected = "$" + "".join("[*]" if isinstance(step, int) else f".{step}" for step in shown)
    assert found(answer) == [(kind, expected, got, 1, 1)]
    assert "canary" not in repr(report_of(answer))


@settings(max_examples=200, deadline=None)
@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.dictionaries(
    st.sampled_from(["results", "call_id", "status", "metadata", "transcript_object", "x"]), inner) | st.lists(inner),
    max_leaves=20))  # fmt: skip
def test_any_json_can_be_compared(answer: Any) -> None:
    """Nothing raises; only an empty array holds no answer."""
    report = report_of(answer)
    assert report.unreadable_count == (answer == [])


# What is bounded


def test_different_drifts_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names without end do not fill the memory; the first ones are still counted, and the report says so."""
    monkeypatch.setattr(drift, "MAX_DRIFTS", 3)
    report = report_of({"call_id": "c", "a": 1, "b": 1, "c": 1}, {"call_id": "c", "d": 1, "a": 1})
    assert [(drift.path[-1], drift.occurrences) for drift in report.drifts] == [("a", 2), ("b", 1), ("c", 1)]
    assert not report.complete
    assert report_of({"call_id": "c", "a": 1, "b": 1, "c": 1}).complete


def test_unreadable_answers_are_bounded() -> None:
    """A hundred are named, all are counted."""
    report = drift_report(["{"] * 1000)
    assert (len(report.unreadable), report.unreadable_count, report.answers) == (100, 1000, 0)


# Damaged input


def test_what_cannot_be_read_is_named_and_the_rest_compared() -> None:
    """Every kind of damage, with good answers before and after it."""
    new = '{"call_id":"c","new":1}'
    damaged: list[str | bytes] = [
        "",
        b" \n",
        "{",
        "{'a':1}",
        "NaN",
        b"\xff",
        "\ud800",
        "[]",
        "[" * 100_000 + "]" * 100_000,
    ]
    report = drift_report([new, *damaged, new])
    assert report.unreadable == (
        "answer 2: empty",
        "answer 3: empty",
        "answer 4: not JSON",
        "answer 5: not JSON",
        "answer 6: not JSON",
        "answer 7: not UTF-8",
        "answer 8: not UTF-8",
        "answer 9: holds no answer",
        "answer 10: nested too deeply",
    )
    assert [drift.answers for drift in report.drifts] == [2]


NEW = {"call_id": "c", "new": 1}
LINE = json.dumps(NEW)


@pytest.mark.parametrize(
    ("content", "answers", "problems"),
    [(LINE, 1, []), (LINE + "\n", 1, []), ("\ufeff" + LINE, 1, []),
     (json.dumps(NEW, indent=2), 1, []), (json.dumps(envelope(NEW), indent=2), 1, []),
     (json.dumps([NEW, NEW]), 2, []), (json.dumps([NEW, NEW], indent=2), 2, []), (f"[\n{LINE}\n]", 1, []),
     (f"{LINE}\n{LINE}\n", 2, []), (f"\n{LINE}\r\n\r\n{LINE}", 2, []), (f"[{LINE},{LINE}]\n{LINE}", 3, []),
     (f"{LINE}\nCANARY\n{LINE}\n{{", 2, [", line 2: not JSON", ", line 4: not JSON"]),
     (f'\n"c"}}\n{LINE}\n', 1, [", line 2: not JSON"]),
     (json.dumps([NEW, NEW], indent=2)[:-2], 0, [": not JSON"]), (LINE[:-1], 0, [": not JSON"]),
     ("", 0, [": empty"]), ("\n\n", 0, [": empty"]), ("[]", 0, [", line 1: holds no answer"])],
)  # fmt: skip
def test_forms_of_a_file(content: str, answers: int, problems: list[str], tmp_path: Path) -> None:
    """One answer, an array, or JSON Lines; what is damaged is named with its line."""
    file = tmp_path / "calls.json"
    file.write_bytes(content.encode())
    report = drift_report_of_files([str(file)])
    assert report.answers == answers
    assert [(drift.path, drift.answers) for drift in report.drifts] == [("$.results.new", answers)][:answers]
    assert list(report.unreadable) == [f"{file}{problem}" for problem in problems]


def test_files_that_cannot_be_read_do_not_end_it(tmp_path: Path) -> None:
    """A missing file, a directory and a UTF-16 file between good ones."""
    good, wide = tmp_path / "good.json", tmp_path / "wide.json"
    good.write_text(LINE)
    wide.write_text(LINE, encoding="utf-16")
    report = drift_report_of_files(map(str, [good, tmp_path / "none", tmp_path, wide, good]))
    assert report.answers == 2
    assert report.unreadable == (
        f"{tmp_path / 'none'}: No such file or directory",
        f"{tmp_path}: Is a directory",
        f"{wide}: not UTF-8",
    )


def test_fields_that_hold_names_of_customers_are_fields() -> None:
    """A field that the next spec names otherwise would begin to show the names in it."""
    properties = {**CALL["properties"], **CALL["properties"]["call_analysis"]["properties"]}
    assert properties.keys() >= drift._NAMED_BY_CUSTOMERS
