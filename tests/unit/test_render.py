"""``Call.render``: a page of HTML for notebooks, the only one that shows what was said."""

from __future__ import annotations

import pickle
from html.parser import HTMLParser
from typing import Any

import pytest
from tests.support.canary import WORDS

from puretalk_client import Call, ConfigurationError
from puretalk_client.testing import example_call, sample_call

ALLOWED = {"div", "h4", "h5", "table", "tbody", "tr", "th", "td", "span", "b"}


class Page(HTMLParser):
    """The elements of a page, which must all be closed, and its text."""

    def __init__(self, content: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.text = ""
        self.feed(content)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def page(**fields: Any) -> Page:
    """Render a call, and parse the page."""
    return Page(Call.from_dict(fields).render().html)


def test_page_has_facts_analysis_and_conversation() -> None:
    """Everything that the command shows."""
    call = sample_call()
    found = page(**call)
    assert found.tags <= ALLOWED
    assert found.attributes <= {"style", "scope"}
    for expected in (call["call_id"], "completed", "Transcript (40 turns)", "314159265358979323846264338327", "4.0"):
        assert expected in found.text
    assert all(" ".join(turn["content"].split()) in found.text for turn in call["transcript_object"])


def test_slow_turns_are_marked() -> None:
    """From ``slow`` seconds on."""
    turns = [{"role": "user", "content": "a", "turn_latency": {"latency": seconds}} for seconds in (0.5, 1.5)]
    call = Call.from_dict({"transcript_object": turns})
    assert call.render(slow=1.5).html.count(" slow") == 1
    assert call.render(slow=2).html.count(" slow") == 0


@pytest.mark.parametrize(
    "hostile", ["<script>alert(1)</script>", "</td></table>", '"><img src=x>', "a\u202eb", "\x1b[2J", "&lt;"]
)
def test_text_of_the_server_is_only_text(hostile: str) -> None:
    """In every field; without what reorders the text around it."""
    turn = {
        "role": hostile,
        "content": hostile,
        "function_name": hostile,
        "function_args": hostile,
        "tool_calls": [hostile],
    }
    item = {"name": hostile, "value": hostile}
    found = page(
        call_id=hostile, status=hostile, call_type=hostile, assistant_name=hostile, from_number=hostile,
        start_time=hostile, call_duration_seconds=hostile, sentiment=hostile, transcript_object=[turn],
        call_analysis={"summary": hostile, "call_completion": hostile, "post_analysis_data": [item]},
    )  # fmt: skip
    assert found.tags <= ALLOWED
    assert found.attributes <= {"style", "scope"}
    assert "\u202e" not in found.text
    assert "\x1b" not in found.text


@pytest.mark.parametrize("fields", [{}, {"transcript": "only text"}, {"transcript_object": "no list"},
    {"transcript_object": [None, 5, {}]}, {"call_analysis": 7}, {"call_analysis": {"post_analysis_data": [5, None]}},
    example_call()], ids=range(7))  # fmt: skip
def test_any_call_can_be_rendered(fields: dict[str, Any]) -> None:
    """Also one that does not match the document."""
    page(**fields)


def test_what_was_said_shows_only_as_html() -> None:
    """Not in the repr of the call or of the page, and a call alone has no HTML: a notebook shows its repr."""
    call = Call.from_dict({"call_id": "c-1", "transcript_object": [{"role": "user", "content": WORDS["turn"]}]})
    rendered = call.render()
    assert WORDS["turn"] in rendered._repr_html_() == rendered.html
    assert WORDS["turn"] not in repr(rendered) + str(rendered) + repr(call)
    assert not hasattr(call, "_repr_html_")
    assert pickle.loads(pickle.dumps(rendered)).html == rendered.html


@pytest.mark.parametrize("slow", [-1, float("nan"), "2", True, None])
def test_unusable_option_is_refused(slow: Any) -> None:
    """As everywhere in the package."""
    with pytest.raises(ConfigurationError, match="slow"):
        Call.from_dict({}).render(slow=slow)
