"""CallStatus: every spelling of a known state, and any other text at all."""

from __future__ import annotations

import copy
import gc
import json
import pickle
import tracemalloc
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from puretalk_client import CallStatus

OPENAPI = Path(__file__).parents[1] / "openapi.yaml"
FINAL = {"completed", "failed", "busy", "no-answer", "canceled"}
KNOWN = {status.value for status in CallStatus}

any_text = st.text(st.characters(exclude_categories=()))
unknown_text = any_text.filter(lambda text: not CallStatus(text).is_known)
hostile_texts = pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "-",
        "unknown",
        "UNKNOWN",
        "_missing_",
        "in progress?",
        "inprogress",
        "-queued-",
        "cancelled",
        "\ud800",
        "queued\x00",
        "\N{LATIN SMALL LETTER LONG S}",
        "x" * 1_000_000,
        "- " * 500_000,
    ],
    ids=lambda text: ascii(text[:12]),
)


def spec_statuses() -> list[str]:
    """Return the status vocabulary of the vendored spec."""
    spec = YAML(typ="safe").load(OPENAPI)
    values: list[str] = spec["components"]["schemas"]["Call"]["properties"]["status"]["enum"]
    return values


@st.composite
def spellings(draw: st.DrawFn) -> tuple[str, str]:
    """Draw a known value and another way to write it."""
    value = draw(st.sampled_from(sorted(KNOWN)))
    separator = st.text("-_ \t\n", min_size=1, max_size=5)
    blank = st.text(" \t\r\n\u00a0", max_size=5)
    words = [
        "".join(char.upper() if draw(st.booleans()) else char for char in word) for word in value.split("-")
    ]
    text = words[0] + "".join(draw(separator) + word for word in words[1:])
    return value, draw(blank) + text + draw(blank)


def test_class_knows_every_status_of_the_spec() -> None:
    """A status that the vendor adds to openapi.yaml fails here until the class has it."""
    assert spec_statuses()
    assert [text for text in spec_statuses() if not CallStatus(text).is_known] == []


def test_class_has_no_status_that_the_spec_lacks() -> None:
    """Every member is one of the spec's states."""
    assert {CallStatus(text) for text in spec_statuses()} == set(CallStatus)


def test_both_spellings_of_the_spec_are_one_state() -> None:
    """The spec's "in progress" and "in-progress" are the same member."""
    assert CallStatus("in progress") is CallStatus("in-progress") is CallStatus.IN_PROGRESS


@given(spellings())
def test_spelling_does_not_matter(spelling: tuple[str, str]) -> None:
    """Case, separators and surrounding blanks lead to the one member, also through msgspec."""
    value, text = spelling
    assert CallStatus(text) is CallStatus(value)
    assert msgspec.json.decode(json.dumps(text), type=CallStatus) is CallStatus(value)


def test_exactly_the_states_that_end_a_call_are_final() -> None:
    """is_final is True for the five ends of a call and for nothing else."""
    assert {status.value for status in CallStatus if status.is_final} == FINAL
    assert all(status.is_known for status in CallStatus)


@given(any_text)
def test_any_text_is_a_status(text: str) -> None:
    """No text raises; one that is no state is kept, equal to itself as text, and never final."""
    status = CallStatus(text)
    assert isinstance(status, CallStatus)
    if status.is_known:
        assert status.value in KNOWN
    else:
        assert status.value == text
        assert type(status.value) is str
        assert status == text
        assert text == status
        assert hash(status) == hash(text)
        assert str(status) == text
        assert not status.is_final


@hostile_texts
def test_unknown_text_is_kept_as_it_came(text: str) -> None:
    """Near misses, lone surrogates, NULs and a million characters are unknown statuses, not errors."""
    status = CallStatus(text)
    assert not status.is_known
    assert not status.is_final
    assert status.value == text
    assert {text: 1}[status] == 1
    assert status == CallStatus(text)
    assert status != CallStatus.QUEUED
    assert status not in set(CallStatus)


@hostile_texts
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_unknown_status_survives_pickle(text: str, protocol: int) -> None:
    """Every pickle protocol brings back an equal unknown status."""
    again = pickle.loads(pickle.dumps(CallStatus(text), protocol))
    assert type(again) is CallStatus
    assert again.value == text
    assert not again.is_known


@pytest.mark.parametrize("status", [*CallStatus, CallStatus("in orbit")])
def test_status_survives_pickle_copy_and_json(status: CallStatus) -> None:
    """Copies are equal and of the class, a member stays the member, and JSON is the plain text."""
    copies: list[Any] = [copy.copy(status), copy.deepcopy(status), copy.deepcopy([status])[0]]
    copies += [
        pickle.loads(pickle.dumps(status, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    ]
    for other in copies:
        assert type(other) is CallStatus
        assert other == status
        assert other.is_known is status.is_known
        assert other is status or not status.is_known
    assert json.loads(json.dumps(status)) == status.value
    assert msgspec.json.encode(status) == json.dumps(status.value).encode()
    assert msgspec.to_builtins(status) == status.value


@given(unknown_text.filter(lambda text: text.isprintable()))
def test_msgspec_decodes_unknown_text(text: str) -> None:
    """The decoder of the models hands unknown statuses to the class instead of refusing the call."""
    status = msgspec.json.decode(msgspec.json.encode(text), type=CallStatus)
    assert type(status) is CallStatus
    assert status.value == text
    assert not status.is_known


def make_unknown(numbers: range) -> None:
    """Make a different unknown status for each number, and forget it."""
    for number in numbers:
        assert not CallStatus(f"state {number}").is_known


@pytest.mark.slow
def test_a_million_unknown_statuses_leave_nothing_behind() -> None:
    """The class has no more members and attributes after them, and the process no more objects."""

    def sizes() -> list[int]:
        gc.collect()
        return [len(CallStatus._value2member_map_), len(CallStatus._member_map_), len(vars(CallStatus))]

    make_unknown(range(10))
    before, objects = sizes(), len(gc.get_objects())
    make_unknown(range(1_000_000))
    assert sizes() == before
    assert len(gc.get_objects()) - objects < 1000


def test_unknown_statuses_take_no_memory() -> None:
    """Memory is the same after a hundred and after twenty thousand, to a few bytes a status."""
    tracemalloc.start()
    try:
        make_unknown(range(100))
        before, _ = tracemalloc.get_traced_memory()
        make_unknown(range(100, 20_000))
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 100_000


@pytest.mark.parametrize("value", [None, 5, True, 4.5, b"queued", [], {}, object()])
def test_other_types_are_refused(value: object) -> None:
    """What is not text raises ValueError, as it does with every Enum."""
    with pytest.raises(ValueError, match="is not a valid CallStatus"):
        CallStatus(value)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_text_of_a_subclass_is_kept_as_plain_text() -> None:
    """The value is a str itself, so that nothing else of a subclass is kept alive or called."""

    class Text(str):
        def __str__(self) -> str:
            raise AssertionError("called")

    assert type(CallStatus(Text("in orbit")).value) is str


def test_names_are_read_as_of_any_enum() -> None:
    """A member has its own name; every unknown status is named UNKNOWN."""
    assert CallStatus("no answer").name == "NO_ANSWER"
    assert CallStatus("in orbit").name == "UNKNOWN"
    assert CallStatus("unknown").name == "UNKNOWN"
    assert not CallStatus("unknown").is_known


def test_repr_shows_the_text() -> None:
    """A repr names class, member and text, with control characters escaped."""
    assert repr(CallStatus("In_Progress")) == "<CallStatus.IN_PROGRESS: 'in-progress'>"
    assert repr(CallStatus("in\x1borbit")) == "<CallStatus.UNKNOWN: 'in\\x1borbit'>"


@hostile_texts
def test_repr_is_short(text: str) -> None:
    """However long the text, its repr fits on a line of a log."""
    shown = repr(CallStatus(text))
    assert shown.startswith("<CallStatus.UNKNOWN: '")
    assert len(shown) < 300


def test_match_statement_reads_statuses() -> None:
    """``case`` takes members and plain texts alike."""

    def describe(status: CallStatus) -> str:
        match status:
            case CallStatus.BUSY:
                return "member"
            case "in orbit":
                return "text"
            case _:
                return "other"

    assert [describe(CallStatus(text)) for text in ("Busy", "in orbit", "?")] == ["member", "text", "other"]
