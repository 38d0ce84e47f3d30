"""The pictures of the command in docs/recordings/."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from tests.docs.markdown import PAGES
from tests.docs.recordings import FOLDER, RECORDINGS


@pytest.mark.parametrize("name", RECORDINGS)
def test_recording(name: str) -> None:
    """A picture is what the command prints now; ``make recordings`` draws it again. It loads nothing."""
    svg = (FOLDER / f"{name}.svg").read_text(encoding="utf-8")
    assert RECORDINGS[name]() == svg
    assert re.findall(r"https?://[^\"]*", svg) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"@import|@font-face|url\(|href|<script", svg)
    assert ElementTree.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"


def test_pages() -> None:
    """Every picture is in a page, with a text for those who cannot see it."""
    text = "".join(page.read_text() for page in PAGES)
    shown = re.findall(r"!\[[^\]]+\]\((?:docs/|\.\./)recordings/(\w+)\.svg\)", text)
    assert set(shown) == set(RECORDINGS) == {file.stem for file in FOLDER.iterdir()}
