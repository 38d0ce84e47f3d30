"""CallStatus: the documented statuses in every spelling, and any other text."""

from __future__ import annotations

import copy
import gc
import json
import pickle
import tracemalloc
from typing import Any

import msgspec
import pytest
from hypothesis import given, strategies as st
from tests.unit.testing.spec import call_schema

from puretalk_client import CallStatus

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


DOCUMENTED: list[str] = call_schema()["properties"]["status"]["enum"]


@st.composite
def spellings(draw: st.DrawFn) -> tuple[str, str]:
    """Draw a known value and another way to write it."""
    value = draw(st.sampled_from(sorted(KNOWN)))
    separator = st.text("-_ \t\n", min_size=1, max_size=5)
    blank = st.text(" \t\r\n\u00a0", max_size=5)
    words = ["".join(char.upper() if draw(st.booleans()) else char for char in word) for word in value.split("-")]
    text = words[0] + "".join(draw(separator) + word for word in words[1:])
    return value, draw(blank) + text + draw(blank)


def test_class_has_the_documented_statuses() -> None:
    """All that the vendor had when this was written; newer ones are follow-ups (tests/codegen/test_follow_ups.py)."""
    assert DOCUMENTED
    assert [text for text in DOCUMENTED if not CallStatus(text).is_known] == []
    assert {CallStatus(text) for text in DOCUMENTED} <= set(CallStatus)


def test_both_documented_spellings_are_one_member() -> None:
    """The document lists "in progress" and "in-progress"."""
    assert CallStatus("in progress") is CallStatus("in-progress") is CallStatus.IN_PROGRESS


@given(spellings())
def test_spelling_does_not_matter(spelling: tuple[str, str]) -> None:
    """Case, separators and surrounding white space do not count, in msgspec's decoder either."""
    value, text = spelling
    assert CallStatus(text) is CallStatus(value)
    assert msgspec.json.decode(json.dumps(text), type=CallStatus) is CallStatus(value)


def test_final_statuses_are_those_that_end_a_call() -> None:
    """``is_final`` is True for completed, failed, busy, no-answer and canceled only."""
    assert {status.value for status in CallStatus if status.is_final} == FINAL
    assert all(status.is_known for status in CallStatus)


@given(any_text)
def test_any_text_is_a_status(text: str) -> None:
    """No text raises. An unknown status equals its text, hashes like it, and is never final."""
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
def test_unknown_status_is_kept_as_received(text: str) -> None:
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
    """Every pickle protocol restores an equal unknown status."""
    again = pickle.loads(pickle.dumps(CallStatus(text), protocol))
    assert type(again) is CallStatus
    assert again.value == text
    assert not again.is_known


@pytest.mark.parametrize("status", [*CallStatus, CallStatus("on-hold")])
def test_status_survives_pickle_copy_and_json(status: CallStatus) -> None:
    """Copies are equal, a member stays the same object, and JSON holds the plain text."""
    copies: list[Any] = [copy.copy(status), copy.deepcopy(status), copy.deepcopy([status])[0]]
    copies += [pickle.loads(pickle.dumps(status, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
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
    """The models' decoder accepts an unknown status, so the call is still delivered."""
    status = msgspec.json.decode(msgspec.json.encode(text), type=CallStatus)
    assert type(status) is CallStatus
    assert status.value == text
    assert not status.is_known


def make_unknown(numbers: range) -> None:
    """Create and drop a different unknown status for each number."""
    for number in numbers:
        assert not CallStatus(f"state {number}").is_known


def test_unknown_statuses_leave_nothing_behind() -> None:
    """A server that invents statuses fills neither the class nor the memory: 20,000 take no more than 100."""

    def sizes() -> list[int]:
        gc.collect()
        return [len(CallStatus._value2member_map_), len(CallStatus._member_map_), len(vars(CallStatus))]

    tracemalloc.start()
    try:
        make_unknown(range(100))
        before, objects = sizes(), len(gc.get_objects())
        memory, _ = tracemalloc.get_traced_memory()
        make_unknown(range(100, 20_000))
        assert sizes() == before
        assert len(gc.get_objects()) - objects < 1000
        assert tracemalloc.get_traced_memory()[0] - memory < 100_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("value", [None, 5, True, 4.5, b"queued", [], {}, object()])
def test_other_types_are_refused(value: object) -> None:
    """A value that is not a str raises ValueError, as with every Enum."""
    with pytest.raises(ValueError, match="is not a valid CallStatus"):
        CallStatus(value)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_text_of_a_subclass_is_kept_as_plain_text() -> None:
    """The value is a plain str: no method of a subclass runs, and no instance of it is kept alive."""

    class Text(str):
        def __str__(self) -> str:
            raise AssertionError("called")

    assert type(CallStatus(Text("on-hold")).value) is str


def test_there_is_no_member_for_unknown_statuses() -> None:
    """An unknown status is not a member, so its repr names none, and "unknown" is a text like any other."""
    assert not hasattr(CallStatus, "UNKNOWN")
    assert not CallStatus("unknown").is_known
    assert CallStatus("no answer").name == "NO_ANSWER"
    assert CallStatus("on-hold").name == "on-hold"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("In_Progress", "<CallStatus.IN_PROGRESS: 'in-progress'>"),
        ("on-hold", "<CallStatus 'on-hold' (unknown)>"),
        ("", "<CallStatus '' (unknown)>"),
        ("on\x1bhold", "<CallStatus 'on\\x1bhold' (unknown)>"),
        ("x" * 41, f"<CallStatus '{'x' * 40}...' (unknown)>"),
    ],
)
def test_repr_shows_the_text_and_whether_it_is_known(text: str, shown: str) -> None:
    """Control characters are escaped, and a long text is cut."""
    assert repr(CallStatus(text)) == shown
    assert repr(pickle.loads(pickle.dumps(CallStatus(text)))) == shown
    assert repr(copy.deepcopy(CallStatus(text))) == shown


@hostile_texts
def test_repr_is_short(text: str) -> None:
    """However long the text, its repr fits on a line of a log."""
    shown = repr(CallStatus(text))
    assert shown.startswith("<CallStatus '")
    assert shown.endswith(" (unknown)>")
    assert len(shown) < 300


def test_match_statement_reads_statuses() -> None:
    """``case`` matches members and plain texts."""

    def describe(status: CallStatus) -> str:
        match status:
            case CallStatus.BUSY:
                return "member"
            case "on-hold":
                return "text"
            case _:
                return "other"

    assert [describe(CallStatus(text)) for text in ("Busy", "on-hold", "?")] == ["member", "text", "other"]


# --- Spellings ---

IN_PROGRESS = ["in progress", "in-progress"]
"""The document's two spellings of one status."""


@pytest.mark.parametrize("received", [*IN_PROGRESS, "IN_PROGRESS"])
def test_status_equals_one_text_whichever_was_received(received: str) -> None:
    """That of its member: in ``==``, ``in``, ``match``, a dict and a set alike, so that all of them agree."""
    status = CallStatus(received)

    def matched(text: str) -> bool:
        match status:
            case found if found == text:
                return True
            case _:
                return False

    for text in IN_PROGRESS:
        results = {
            status == text,
            text == status,
            status in (text,),
            status in [text],
            status in {text},
            status in {text: 1},
            text in {status},
            text in {status: 1},
            {text: 1}.get(status) == 1,
            matched(text),
        }
        assert results == {text == "in-progress"}
        if status == text:
            assert hash(status) == hash(text)


@pytest.mark.parametrize("received", [*IN_PROGRESS, "IN_PROGRESS"])
def test_members_are_found_everywhere(received: str) -> None:
    """In ``==``, ``is``, ``in``, ``match``, a dict and a set."""
    status, member = CallStatus(received), CallStatus.IN_PROGRESS
    match status:
        case CallStatus.BUSY:
            pytest.fail("another member")
        case CallStatus.IN_PROGRESS:
            pass
        case _:
            pytest.fail("no member")
    assert status is member
    assert status in (member,)
    assert status in {member}
    assert {member: 1}[status] == 1
    assert {CallStatus(text) for text in IN_PROGRESS} == {member}


@given(spellings(), spellings())
def test_matches_accepts_every_spelling(one: tuple[str, str], other: tuple[str, str]) -> None:
    """And no spelling of another status."""
    (value, text), (other_value, other_text) = one, other
    assert CallStatus(text).matches(value)
    assert CallStatus(value).matches(text)
    assert CallStatus(text).matches(other_text) is (value == other_value)


def test_matches_takes_several_spellings() -> None:
    """And statuses, as ``in`` does; an empty list is a mistake."""
    status = CallStatus("in progress")
    assert status.matches("busy", "In Progress")
    assert status.matches(CallStatus.BUSY, CallStatus.IN_PROGRESS)
    assert not status.matches("busy", "failed", "")
    with pytest.raises(TypeError):
        status.matches()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


@given(any_text)
def test_unknown_status_matches_its_spellings(text: str) -> None:
    """A service can handle a new status before this package knows it."""
    assert CallStatus(text).matches(text)
    assert CallStatus(text).matches(text.strip())
    assert CallStatus("On hold").matches("on_hold", "other")
    assert not CallStatus("on-hold").matches("in-progress")


def test_status_of_another_json_type_keeps_what_was_received() -> None:
    """Its text is the JSON; copies and pickles keep both."""
    values: list[tuple[Any, str, Any]] = [
        (5, "5", 5), (True, "true", True), ([1], "[1]", [1]), ({"a": None}, '{"a":null}', {"a": None}),
        (None, "", None), ("", "", ""), ("on-hold", "on-hold", "on-hold"),
        ("In Progress", "in-progress", "in-progress"),
    ]  # fmt: skip
    for value, text, received in values:
        status = CallStatus.from_json(value)
        copies = [copy.copy(status), copy.deepcopy(status), pickle.loads(pickle.dumps(status))]
        for each in [status, *copies]:
            assert type(each) is CallStatus
            assert (each, repr(each.received)) == (text, repr(received))
    assert CallStatus.BUSY.received == "busy"
