"""The documentation's pages, and the code blocks in them and in docstrings."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PACKAGE = ROOT / "overlay" / "puretalk_client"

PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(page for page in DOCS.rglob("*.md") if not page.is_relative_to(DOCS / "_build")),
        ROOT / "overlay" / "README.md",
    ]
)

_FENCE = re.compile(
    r"^(?:<!-- not run: (?P<reason>[^>]+) -->\n\n?)?"
    r"(?P<indent> *)```(?P<language>\w+)\n(?P<text>.*?)^ *```$",
    re.MULTILINE | re.DOTALL,
)
_LITERAL = re.compile(r"(?<!:)(?P<colons>::?)\n\n(?P<text>(?: {4}.*\n|\n)+)")
"""An indented block of a docstring, after a colon. reStructuredText needs two of them."""


@frozen
class Block:
    """A code block.

    Attributes:
        page: Path of the page below the root of the repository.
        line: Number of the block's first line.
        text: The code, without the indentation of the block.
        reason: Why it is not run, from a comment before it: ``<!-- not run: ... -->``.
    """

    page: str
    line: int
    text: str
    reason: str | None = None

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(language: str, pages: list[Path] = PAGES) -> Iterator[Block]:
    """List the code blocks of a language."""
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for match in _FENCE.finditer(text):
            if match["language"] == language:
                line = text.count("\n", 0, match.start("text")) + 1
                yield Block(_name(page), line, textwrap.dedent(match["text"]), match["reason"])


def docstring_blocks() -> Iterator[Block]:
    """List the examples in the docstrings of the package."""
    for file in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            docstring = ast.get_docstring(node) or ""
            for match in _LITERAL.finditer(docstring + "\n"):
                first = node.body[0].lineno
                line = first + docstring.count("\n", 0, match.start("text"))
                if match["colons"] == ":":
                    raise ValueError(f"{_name(file)}:{line}: an example needs two colons before it")
                yield Block(_name(file), line, textwrap.dedent(match["text"]))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
