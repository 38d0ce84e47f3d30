"""Recorded responses, as files hold them."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path

import msgspec

from ..drift import Comparison, DriftReport, parse_text
from ..models import CallEnvelope


def compare_files(names: Iterable[str]) -> DriftReport:
    """Compare the responses in files with the model of ``GET /calls/{call_id}``.

    Args:
        names: Names of files, each with one response, a JSON array of responses, or JSON Lines. ``-`` is
            standard input.

    Returns:
        The differences. A file or a line that cannot be read is listed in ``unreadable``.
    """
    comparison = Comparison(CallEnvelope)
    for name in names:
        shown, stdin = "standard input" if name == "-" else name, sys.stdin
        if name == "-" and stdin is None:
            comparison.skip(shown, "closed")
            continue
        try:
            with nullcontext(stdin.buffer) if name == "-" else Path(name).open("rb") as file:
                for position, content in _texts(file):
                    comparison.add(content, shown + position)
        except OSError as error:
            comparison.skip(shown, error.strerror or "cannot be read")
    return comparison.report()


def _texts(file: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    """Split a file into JSON texts, each with its line number: a text on each line, or a single text."""
    lines: Iterator[tuple[int, bytes]] = (item for item in enumerate(file, 1) if item[1].strip())
    first = next(lines, (1, b""))
    if not _is_json(first[1]):
        read = [first, *lines]
        whole = b"".join(line for _, line in read)
        if _is_json(whole) or not any(line.startswith(b"{") and _is_json(line) for _, line in read):
            yield "", whole
            return
        first, lines = read[0], iter(read[1:])  # JSON Lines with an invalid first line
    for number, line in itertools.chain([first], lines):
        yield f", line {number}", line


def _is_json(content: bytes) -> bool:
    try:
        parse_text(content)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    return True
