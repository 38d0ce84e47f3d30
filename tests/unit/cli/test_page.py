"""A call as text for a terminal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import attrs
import pytest
from hypothesis import given, settings, strategies as st
from tests.unit.cli.terminal import HOSTILE, SGR, assert_harmless, columns, decoded, render

from puretalk_client import Call
from puretalk_client.testing import sample_call

CALL_FIELDS = [field.name for field in attrs.fields(Call)]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=6,
)


def test_sections() -> None:
    """Facts, analysis, post-analysis and transcript are aligned under their headings."""
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
            "post_analysis_data": [{"name": name, "value": value} for name, value in pairs] + [{"value": None}],
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
  Name       Type     Value
  guests     number   4
  rating     number   4.0
  regular    boolean  true
  note       text     by the window
  code       text     4
  (no name)  null     null

Transcript (3 turns)
  Assistant  Good morning.                       0.63 s
  User       I would like to book a table for
             four, please. (interrupted)
  Assistant  Done!                              12.00 s slow
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
def test_duration(seconds: Any, text: str) -> None:
    """An integer is split into hours, minutes and seconds. Other values are shown as received."""
    assert f"Duration  {text}\n" in render({"call_duration_seconds": seconds})


def test_slow_turns() -> None:
    """A turn from the threshold on is marked, with a bar to scale and the parts of its latency."""
    latency = {"latency": 2.0, "eou_delay": 0.2, "llm_latency": 1.5, "tts_latency": 0.3}
    turns = [{"role": "assistant", "content": "Yes.", "turn_latency": latency}]
    turns.append({"role": "assistant", "content": "No.", "turn_latency": {"latency": 1.0}})
    text = render({"transcript_object": turns}, slow=2.0, width=100)
    first, parts, second = text.splitlines()[-3:]
    assert first.endswith("\N{FULL BLOCK}" * 10 + "   2.00 s slow")
    assert parts.split("  ")[-1].strip() == "end of speech 0.20 s, language model 1.50 s, voice 0.30 s"
    assert second.endswith("\N{FULL BLOCK}" * 5 + "        1.00 s")
    assert "slow" not in render({"transcript_object": turns}, slow=2.01)


def test_markup_is_text() -> None:
    """What looks like rich's markup or emoji codes is shown as received."""
    markup = "[red]a[/red] [link=https://x.test]b[/link] :smile: [/]"
    turns = [{"role": markup, "content": markup, "function_name": markup}]
    pairs = [{"name": markup, "value": markup}]
    value = {
        "call_id": markup,
        "status": markup,
        "transcript_object": turns,
        "call_analysis": {"summary": markup, "post_analysis_data": pairs},
    }
    assert render(value, width=100).count("[link=https://x.test]") >= 6


def test_transcript_without_turns() -> None:
    """Without turns, the text of the transcript is shown line by line."""
    text = render({"transcript": "User: Hello\nAssistant: Hi", "transcript_object": None})
    assert "Transcript\n  User: Hello\n  Assistant: Hi\n" in text


@pytest.mark.parametrize("value", [{}, {"call_analysis": None}, {"call_id": None, "transcript_object": []}])
def test_empty_call(value: dict[str, Any]) -> None:
    """A call without values is one line, without empty sections."""
    assert render(value) == "Call without an id" + " " * 53 + "no status\n"


def test_text_instead_of_the_analysis() -> None:
    """A text that the server sends instead of the analysis is shown."""
    assert "\nAnalysis\n  Analysis  Went well.\n" in render({"call_analysis": "Went well."})


def test_unknown_status() -> None:
    """A status that the spec does not list is shown as received, and marked as unknown."""
    assert "in orbit (unknown)" in render({"status": "in orbit"})


@pytest.mark.parametrize(
    ("status", "code"),
    [("completed", "32"), ("failed", "31"), ("no answer", "31"), ("queued", "33"), ("?", "33")],
)
def test_color_of_the_status(status: str, code: str) -> None:
    """Completed is green, the other final statuses are red, and all others yellow."""
    assert f"\x1b[{code}m" in render({"status": status}, color=True)


@pytest.mark.parametrize("width", [-1, 0, 1, 40, 55, 80, 200])
def test_color_and_width(width: int) -> None:
    """Color changes no text, and no line is wider than the terminal."""
    plain = render(sample_call(), width=width)
    colored = render(sample_call(), width=width, color=True)
    assert "\x1b" not in plain
    assert SGR.search(colored)
    assert SGR.sub("", colored) == plain
    assert max(map(columns, plain.splitlines())) <= max(width, 40)


def test_wrapping_loses_no_word() -> None:
    """Every word of the transcript is shown."""
    text = " ".join(render(sample_call(), width=60).split())
    for turn in sample_call()["transcript_object"]:
        for word in turn["content"].split():
            assert word in text


def test_wide_characters_and_long_words() -> None:
    """Chinese and emoji count two columns, marks none, and a word longer than a line is cut without loss."""
    words = ["\u4f60\u597d" * 50, "x" * 300, "e\N{COMBINING ACUTE ACCENT}" * 100, "\N{WAVING HAND SIGN}" * 60]
    value = {
        "transcript_object": [{"role": "user", "content": word, "turn_latency": {"latency": 1}} for word in words],
        "call_analysis": {"post_analysis_data": [{"name": word, "value": word} for word in words]},
        "call_id": "\u4f60" * 100,
        "status": "\u4f60" * 100,
    }
    text = render(value, width=50)
    assert max(map(columns, text.splitlines())) <= 50
    for char in ("\u4f60", "x", "\N{COMBINING ACUTE ACCENT}", "\N{WAVING HAND SIGN}"):
        expected = 3 * sum(word.count(char) for word in words)  # as a name, as a value, in the transcript
        other = {"\u4f60": 200, "x": 4}.get(char, 0)  # the id and the status; "text"
        assert text.count(char) == expected + other


def test_hostile_text() -> None:
    """Escape sequences, C1 and direction controls are replaced in every field."""
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


def test_lone_surrogates() -> None:
    """Lone surrogates, which no encoding supports, are replaced."""
    text = "a\ud800b"
    turn = {"role": text, "content": text, "function_name": text, "tool_calls": [{text: text}]}
    shown = render({"call_id": text, "status": text, "assistant_name": text, "transcript_object": [turn]})
    assert_harmless(shown)
    assert shown.lower().count("a\ufffdb") == 8


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(CALL_FIELDS), json_values), st.integers(-5, 120), st.booleans())
def test_any_json_in_any_field(value: dict[str, Any], width: int, color: bool) -> None:
    """Any JSON in any field is shown without an error, harmlessly and within the width."""
    text = SGR.sub("", render(value, width=width, color=color))
    assert text.split(maxsplit=1)[0] == "Call"  # a longer id is on the next line
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


@settings(deadline=None)
@given(turns, st.integers(40, 100))
def test_any_json_instead_of_turns(items: list[Any], width: int) -> None:
    """Any JSON instead of a turn or a part of one is shown in the same way."""
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
def test_values_without_text(value: dict[str, Any]) -> None:
    """An integer with too many digits, or a value that JSON cannot represent, raises no error."""
    assert render(decoded(value))
    assert render(Call(**value))


def test_deep_nesting() -> None:
    """A value nested too deeply to print is replaced by a note."""
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    text = render(Call(sentiment=cast(Any, deep)))
    assert "Sentiment  (cannot be shown)" in text
