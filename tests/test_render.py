"""A call as text for a terminal."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.terminal import HOSTILE, SGR, assert_harmless, columns, decoded, render

from puretalk_client import Call
from puretalk_client._render import clean, render_call
from puretalk_client.testing import (
    sample_call,
)

CALL_FIELDS = [field.name for field in attrs.fields(Call)]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=6,
)


def test_a_call_reads_like_a_page() -> None:
    """Facts, analysis, post-analysis and transcript stand in aligned columns under their headings."""
    turns = [
        {"role": "assistant", "content": "Good morning.", "turn_latency": {"latency": 0.634}},
        {"role": "user", "content": "I would like to book a table for four, please.", "interrupted": True},
        {
            "role": "assistant",
            "content": "Done!",
            "function_name": "book",
            "function_args": '{"seats": 4}',
            "tool_calls": [{"type": "function", "name": "book", "arguments": '{"seats": 4}'}],
            "turn_latency": {"latency": 12},
        },
    ]
    pairs = [("guests", 4), ("rating", 4.0), ("regular", True), ("note", "by the window"), ("code", "4")]
    call = {
        "call_id": "c-1",
        "status": "in progress",
        "assistant_name": "Table Booker",
        "call_type": "incoming",
        "from_number": "+15550100",
        "to_number": "+15550101",
        "start_time": "2025-05-19T10:15:22.230876-04:00",
        "call_duration_seconds": 272,
        "answered_by": "human",
        "sentiment": "neutral",
        "is_billed": False,
        "call_analysis": {
            "summary": "A table for four was booked.",
            "task_completion": "done",
            "task_completion_summary": "Booked at the first try.",
            "post_analysis_data": [{"name": name, "value": value} for name, value in pairs]
            + [{"value": None}],
        },
        "transcript_object": turns,
    }
    assert (
        render(call, width=60)
        == """\
Call c-1                                         in-progress
  Assistant    Table Booker
  Type         incoming
  Numbers      +15550100 -> +15550101
  Started      2025-05-19 10:15:22-04:00
  Duration     4 min 32 s
  Answered by  human
  Sentiment    neutral
  Billed       no

Analysis
  Summary  A table for four was booked.
  Task     done
           Booked at the first try.

Post-analysis
  guests     4
  rating     4.0
  regular    true
  note       "by the window"
  code       "4"
  (no name)  null

Transcript (3 turns)
  Assistant  Good morning.                            0.63 s
  User       I would like to book a table for
             four, please. (interrupted)
  Assistant  Done!                                   12.00 s
             -> book({"seats": 4})
"""
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3600, "1 h"),
        (3723, "1 h 2 min 3 s"),
        (-5, "-5"),
        (4.5, "4.5"),
        ("4 min", "4 min"),
        (True, "yes"),
        (10**30, str(10**30)),
    ],
)
def test_duration_is_said_in_hours_minutes_and_seconds(seconds: Any, text: str) -> None:
    """A whole number of seconds is split up; anything else is shown as it came."""
    assert f"Duration  {text}\n" in render({"call_duration_seconds": seconds})


def test_plain_transcript_stands_in_for_turns() -> None:
    """Without turns, the transcript's text is shown line by line."""
    text = render({"transcript": "User: Hello\nAssistant: Hi", "transcript_object": None})
    assert "Transcript\n  User: Hello\n  Assistant: Hi\n" in text


@pytest.mark.parametrize("value", [{}, {"call_analysis": None}, {"call_id": None, "transcript_object": []}])
def test_empty_call_has_no_empty_sections(value: dict[str, Any]) -> None:
    """Of a call that says nothing, one line is left."""
    assert render(value) == "Call without an id" + " " * 53 + "no status\n"


def test_text_in_place_of_the_analysis_is_shown() -> None:
    """Where the server sends a text instead of the analysis, the text is what there is to read."""
    assert "\nAnalysis\n  Analysis  Went well.\n" in render({"call_analysis": "Went well."})


def test_unknown_status_is_marked() -> None:
    """A status that the spec does not list is shown as it came, and called unknown."""
    assert "in orbit (unknown)" in render({"status": "in orbit"})


@pytest.mark.parametrize(
    ("status", "code"),
    [("completed", "32"), ("failed", "31"), ("no answer", "31"), ("queued", "33"), ("?", "33")],
)
def test_color_tells_the_status(status: str, code: str) -> None:
    """Green is done, red has failed, yellow is neither."""
    assert f"\x1b[{code}m" in render({"status": status}, color=True)


@pytest.mark.parametrize("width", [-1, 0, 1, 40, 55, 80, 200])
def test_color_changes_no_text_and_lines_fit(width: int) -> None:
    """Without its colours the text is the same, and no line is wider than the terminal."""
    plain = render(sample_call(), width=width)
    colored = render(sample_call(), width=width, color=True)
    assert "\x1b" not in plain
    assert SGR.search(colored)
    assert SGR.sub("", colored) == plain
    assert max(map(columns, plain.splitlines())) <= max(width, 40)


def test_every_word_of_the_transcript_is_there() -> None:
    """Wrapping loses nothing of what was said."""
    text = " ".join(render(sample_call(), width=60).split())
    for turn in sample_call()["transcript_object"]:
        for word in turn["content"].split():
            assert word in text


def test_wide_characters_and_long_words_fit() -> None:
    """Chinese and emoji count two columns, marks none, and a word longer than a line is cut without loss."""
    words = ["\u4f60\u597d" * 50, "x" * 300, "e\N{COMBINING ACUTE ACCENT}" * 100, "\N{WAVING HAND SIGN}" * 60]
    value = {
        "transcript_object": [
            {"role": "user", "content": word, "turn_latency": {"latency": 1}} for word in words
        ],
        "call_analysis": {"post_analysis_data": [{"name": word, "value": word} for word in words]},
        "call_id": "\u4f60" * 100,
        "status": "\u4f60" * 100,
    }
    text = render(value, width=50)
    assert max(map(columns, text.splitlines())) <= 50
    joined = text.replace("1.00 s", "").replace("\n", "").replace(" ", "")
    for word in words:
        assert joined.count(word) == 3  # as name, as value, in the transcript


def test_hostile_text_cannot_drive_the_terminal() -> None:
    """Escape sequences, C1 and direction controls are replaced, whichever field they came in."""
    turn = {"role": HOSTILE, "content": HOSTILE, "function_name": HOSTILE, "function_args": HOSTILE}
    value: dict[str, Any] = {
        **dict.fromkeys(CALL_FIELDS, HOSTILE),
        "transcript_object": [{**turn, "tool_calls": [HOSTILE, {HOSTILE: HOSTILE}]}],
        "call_analysis": {
            "summary": HOSTILE,
            "call_completion": HOSTILE,
            "task_completion_summary": HOSTILE,
            "post_analysis_data": [{"name": HOSTILE, "value": HOSTILE}],
        },
    }
    text = render(value)
    assert "red" in text
    assert_harmless(text)
    assert_harmless(SGR.sub("", render(value, color=True)))
    assert_harmless(render({"transcript": HOSTILE}))


def test_lone_surrogates_are_replaced() -> None:
    """A lone surrogate, which no encoding can write, never reaches the terminal."""
    text = "a\ud800b"
    turn = SimpleNamespace(role=text, content=text, function_name=text, tool_calls=[{text: text}])
    stray = SimpleNamespace(call_id=text, status=text, assistant_name=text, transcript_object=[turn])
    shown = render_call(stray, width=80, color=False)
    assert_harmless(shown)
    assert shown.lower().count("a\ufffdb") == 8


@given(st.text(st.characters(exclude_categories=())))
def test_clean_text_is_one_harmless_line(text: str) -> None:
    """Whatever comes in, no control character and no line break comes out; printable text stays."""
    line = clean(text)
    assert "\n" not in line
    assert_harmless(line)
    assert clean(line) == line
    if text.isprintable():
        assert line == " ".join(text.split())


def test_clean_keeps_what_scripts_and_emoji_need() -> None:
    """Joiners stay, since Persian and emoji are written with them."""
    text = "\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \U0001f469\u200d\U0001f373"
    assert clean(text) == text


@given(st.dictionaries(st.sampled_from(CALL_FIELDS), json_values), st.integers(-5, 120), st.booleans())
def test_drifting_calls_are_shown(value: dict[str, Any], width: int, color: bool) -> None:
    """Any JSON in any field is shown without an error, harmlessly and within the width."""
    text = SGR.sub("", render(value, width=width, color=color))
    assert text.split(maxsplit=1)[0] == "Call"  # an id that is as long as the line stands below it
    assert_harmless(text)
    assert max(map(columns, text.splitlines())) <= max(width, 40)


TURN_FIELDS = ["role", "content", "function_name", "function_args", "tool_calls", "interrupted"]
latencies = json_values | st.fixed_dictionaries({"latency": json_values | st.floats() | st.integers()})
turns = st.lists(
    json_values
    | st.builds(
        dict[str, Any],
        st.dictionaries(st.sampled_from(TURN_FIELDS), json_values),
        turn_latency=latencies,
    ),
    min_size=1,
    max_size=3,
)


@given(turns, st.integers(40, 100))
def test_drifting_turns_are_shown(items: list[Any], width: int) -> None:
    """So is any JSON in place of a turn or of a part of one."""
    text = render({"transcript_object": items}, width=width)
    assert f"Transcript ({len(items)} turn" in text
    assert_harmless(text)
    assert max(map(columns, text.splitlines())) <= width


@pytest.mark.parametrize(
    "value",
    [
        {"sentiment": 10**5000},
        {"transcript_object": [10**5000]},
        {"transcript_object": [{"turn_latency": {"latency": 10**5000}}]},
        {"call_analysis": {"post_analysis_data": [{"name": "a", "value": 10**5000}]}},
        {"start_time": float("nan"), "call_duration_seconds": float("inf")},
        {"metadata": None, "assistant_name": {1: datetime(2025, 5, 19, tzinfo=UTC)}},
    ],
)
def test_values_that_python_cannot_print_are_survived(value: dict[str, Any]) -> None:
    """An integer of too many digits, or a value no JSON holds, spoils neither the call nor the process."""
    stray = SimpleNamespace(**value)
    assert render_call(decoded(value), width=80, color=False)
    assert render_call(stray, width=80, color=False)


def test_nesting_too_deep_to_print_is_survived() -> None:
    """A value nested deeper than Python recurses is left out, in words."""
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    text = render_call(SimpleNamespace(sentiment=deep), width=80, color=False)
    assert "Sentiment  (cannot be shown)" in text


def test_anything_is_shown_in_place_of_a_call() -> None:
    """Even what is no call at all gets its line."""
    others: list[object] = [None, 5, "text", [], {}]
    for other in others:
        assert render_call(other, width=80, color=False).startswith("Call without an id")
