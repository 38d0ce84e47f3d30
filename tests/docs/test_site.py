"""The checks of the built site find planted errors. ``make docs`` builds the site and runs the checks over it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.docs import site
from tests.docs.markdown import DOCS

GOOD = '<h1 id="top">Page</h1><a href="#top">x</a><a href="https://docs.puretalk.ai/">x</a><img src="a.svg">'


@pytest.mark.parametrize(
    ("html", "problem"),
    [
        ('<a href="no.html">x</a>', "leads nowhere"),
        ('<a href="/page.html">x</a>', "leads nowhere"),
        ('<a href="page.html#no">x</a>', "has no such element"),
        ('<a href="#no">x</a>', "has no such element"),
        ('<img src="no.svg">', "leads nowhere"),
        ('<script src="https://cdn.test/x.js"></script>', "fetches https://cdn.test/x.js"),
        ('<link rel="stylesheet" href="//fonts.test/x.css">', "fetches //fonts.test/x.css"),
    ],
)
def test_planted_errors_are_found(html: str, problem: str, tmp_path: Path) -> None:
    """Each is the only problem of a site that has none otherwise."""
    (tmp_path / "a.svg").write_text("<svg/>")
    page = tmp_path / "page.html"
    page.write_text(GOOD)
    assert list(site.broken(tmp_path)) == []
    page.write_text(GOOD + html)
    (found,) = site.broken(tmp_path)
    assert problem in found


def test_styles_that_fetch_are_found(tmp_path: Path) -> None:
    """Also where only a style sheet refers to a host."""
    (tmp_path / "x.css").write_text("@import 'https://fonts.test/a.css'; a { background: url(data:x) url('b.png') }")
    assert list(site.broken(tmp_path)) == ["x.css: fetches https://fonts.test/a.css"]


def test_questions() -> None:
    """There are at least 20 questions, and each names a page that exists."""
    questions = site.questions()
    assert len({query for _, query, _ in questions}) == len(questions) >= 20
    for _, _, page in questions:
        assert (DOCS / f"{page}.md").is_file(), page
