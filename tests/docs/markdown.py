"""The documentation's pages and the code blocks in them."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).parents[2]

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "overlay" / "README.md"])

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w+)\n(?P<text>.*?)^ *```$", re.MULTILINE | re.DOTALL)


@frozen
class Block:
    """A code block.

    Attributes:
        page: Path of the page below the root of the repository.
        line: Number of the block's first line.
        text: The code, without the indentation of the block.
    """

    page: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(language: str, pages: list[Path] = PAGES) -> Iterator[Block]:
    """List the code blocks of a language."""
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for match in _FENCE.finditer(text):
            if match["language"] == language:
                line = text.count("\n", 0, match.start("text")) + 1
                yield Block(page.relative_to(ROOT).as_posix(), line, textwrap.dedent(match["text"]))
