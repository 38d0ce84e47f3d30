"""Checks the project's prose for words it does not use: ``python -m tests.docs.vocabulary [PATH ...]``.

Prose is Markdown, YAML, TOML, the Makefile and the templates as they stand, and in Python the comments and
every string that contains white space: docstrings, messages, help texts. Each finding is printed as
``file:line: words -> what to write``. The exit status is 1 if there is any.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).parents[2]

SUFFIXES = {".md", ".py", ".jinja", ".yaml", ".yml", ".toml"}
EXCLUDED = {
    "openapi.yaml",  # the vendor's words
    "tests/codegen/base/openapi.yaml",  # a copy of it
    "tests/support/openapi.yaml",  # another
    "generated",
    "dist",
    "tests/docs/vocabulary.py",
    "tests/docs/test_vocabulary.py",
}

_BLANKS = r"[\s#]+"
"""What can be between two words of a phrase: white space, and the start of the next line of a comment."""


@frozen
class Term:
    """Words to avoid: a regular expression in which a space is any white space, and what to write instead."""

    words: str
    instead: str

    @property
    def pattern(self) -> re.Pattern[str]:
        """The compiled words. Phrases are found across line breaks, also between lines of a comment."""
        words = self.words.replace(" ", _BLANKS)
        return re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)


TERMS = (
    # One word, one meaning.
    Term(r"(?<!no\s)(?<!no-)answers?(?! machine)|answered(?! by)|answering(?! machine)", "response"),
    Term(r"repl(?:y|ies|ied)", "response"),
    Term(r"method calls?|calls? of (?:a|the|each|every) (?:method|function)", "request"),
    Term(r"under way", "concurrent, in progress"),
    Term(r"stray(?:s|ed|ing)?", "mismatch, does not match; drift (the report)"),
    Term(r"tr(?:y|ies|ied) again(?! later)", "retry, retries, retried"),
    Term(r"(?:what|that|which) may pass", "transient"),
    Term(r"lent|lend(?:s|ing)?", "your own httpx.AsyncClient, external client"),
    Term(r"mend(?:s|ed|ing)?", "fix, normalize"),
    Term(r"damag(?:e|es|ed|ing)", "invalid, malformed, error"),
    Term(r"remarks?", "warning"),
    Term(r"told", "received, reported"),
    Term(r"asked for|(?:is|are|was|were|be|been) asked", "requested, expected"),
    Term(r"cool(?:s|ed|ing)?(?: |-)?down", "wait for the rate limit"),
    Term(r"(?:give|gives|giving|gave|given) back", "release, return"),
    Term(r"to-?dos?", "follow-up"),
    # Old names.
    Term(r"got_type", "actual"),
    Term(r"WrongCallError", "CallIdMismatchError"),
    Term(r"RecordingError", "DownloadError"),
    Term(r"spec_tools", "codegen"),
    # Grammar.
    Term(
        r"(?<!there\s)(?:is|are|was|were) no (?!longer|more|less|other|way|match)[a-z]\w*",
        "is not a ..., has no ..., there is no ...",
    ),
    Term(r"(?:may|might|can|could|must|will|would) so(?! that)", "may therefore, may"),
    Term(
        r"(?-i:What) (?:is|was|are|were|may|can|cannot|comes|came|has|stays)(?= [^.?!]{1,200}\.)",
        "a noun: values that ..., failures that ...",
    ),
)


@frozen(order=True)
class Finding:
    """A term in a file."""

    path: str
    line: int
    words: str
    instead: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.words} -> {self.instead}"


def prose_files(root: Path) -> Iterator[Path]:
    """List the files that hold prose, without those in hidden folders such as ``.venv``, ``.github`` excepted."""
    for path in sorted(root.iterdir()):
        name = path.relative_to(root).as_posix()
        if name in EXCLUDED or (name.startswith(".") and name != ".github"):
            continue
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            name = file.relative_to(root).as_posix()
            is_prose = file.suffix in SUFFIXES or file.name == "Makefile"
            if is_prose and name not in EXCLUDED and "node_modules" not in file.parts and file.is_file():
                yield file


def prose_of(path: Path) -> Iterator[tuple[int, int, str]]:
    """Split a file into pieces of prose, each with its first and last line."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        yield 1, text.count("\n") + 1, text
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.search(r"\s", node.value):
            yield node.lineno, node.end_lineno or node.lineno, node.value
    yield from _comments(text)


def _comments(source: str) -> Iterator[tuple[int, int, str]]:
    """Join the comments of adjacent lines, since a phrase may continue on the next line."""
    block: list[str] = []
    last = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        line = token.start[0]
        if block and line != last + 1:
            yield last - len(block) + 1, last, "\n".join(block)
            block = []
        block.append(token.string)
        last = line
    if block:
        yield last - len(block) + 1, last, "\n".join(block)


def findings(files: Iterable[Path], root: Path) -> list[Finding]:
    """Find every term in the prose of files below ``root``, sorted by file and line."""
    patterns = [(term.pattern, term.instead) for term in TERMS]
    found = {
        Finding(
            path.relative_to(root).as_posix(),
            min(first + text.count("\n", 0, match.start()), last),
            " ".join(re.split(_BLANKS, match[0])),
            instead,
        )
        for path in files
        for first, last, text in prose_of(path)
        for pattern, instead in patterns
        for match in pattern.finditer(text)
    }
    return sorted(found)


def main(paths: Sequence[str]) -> int:
    """Print every finding in the repository, or below the given paths; return the exit status."""
    wanted = [Path(path).resolve() for path in paths] or [ROOT]
    files = [file for file in prose_files(ROOT) if any(file.is_relative_to(path) for path in wanted)]
    found = findings(files, ROOT)
    for finding in found:
        print(finding)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
