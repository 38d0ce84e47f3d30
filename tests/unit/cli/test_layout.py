"""Text that fits a terminal and cannot control it."""

from __future__ import annotations

from hypothesis import given, settings, strategies as st
from tests.unit.cli.terminal import assert_harmless, columns

from puretalk_client._cli.layout import clean, wrap


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=())))
def test_clean(text: str) -> None:
    """Cleaned text has no control characters and no line breaks. Printable text is unchanged."""
    line = clean(text)
    assert "\n" not in line
    assert_harmless(line)
    assert clean(line) == line
    if text.isprintable():
        assert line == " ".join(text.split())


def test_clean_keeps_joiners() -> None:
    """Joiners are kept, because Persian and emoji need them."""
    text = "\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \U0001f469\u200d\U0001f373"
    assert clean(text) == text


@settings(deadline=None)
@given(st.text(), st.integers(2, 50))
def test_wrap(text: str, width: int) -> None:
    """Wrapped lines are clean, fit the width, and contain every character except white space, in order."""
    lines = wrap(text, width)
    assert lines
    for line in lines:
        assert_harmless(line)
        assert columns(line) <= width
    assert "".join("".join(lines).split()) == "".join("".join(map(clean, text.splitlines())).split())
