"""Text that fits the columns of a terminal and cannot control it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

_JOINERS = "\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}"


def clean(text: str) -> str:
    """Make text safe to print: replace the characters that can control a terminal or reorder its text.

    Args:
        text: Text from any source.

    Returns:
        One line. Runs of white space are single spaces. Control characters (C0, C1), direction controls,
        lone surrogates and all other characters that ``str.isprintable`` rejects are U+FFFD. Joiners are
        kept, because some scripts and emoji need them.
    """
    line = " ".join(text.split())
    if line.isprintable():
        return line
    return "".join(char if char.isprintable() or char in _JOINERS else "\N{REPLACEMENT CHARACTER}" for char in line)


def indented(lines: list[str], indent: int) -> list[str]:
    return [" " * indent + line for line in lines]


def wrap(text: str, width: int) -> list[str]:
    """Break text into clean lines of at most ``width`` columns, at least one."""
    return [line for part in text.splitlines() for line in _wrap_line(clean(part), width)] or [""]


def _wrap_line(text: str, width: int) -> Iterator[str]:
    line, used = "", 0
    for word in text.split():
        size = cells(word)
        if line and used + 1 + size <= width:
            line, used = f"{line} {word}", used + 1 + size
            continue
        if line:
            yield line
        *full, line = pieces(word, width) if size > width else (word,)
        yield from full
        used = cells(line)
    if line:
        yield line


def pieces(word: str, width: int) -> Iterator[str]:
    """Cut a word that is wider than a line. One pass, because a word can be as long as the whole response."""
    start = used = 0
    for index, char in enumerate(word):
        size = cells(char)
        if used + size > width:
            yield word[start:index]
            start, used = index, 0
        used += size
    yield word[start:]


def pad(text: str, width: int) -> str:
    return text + " " * (width - cells(text))


def cells(text: str) -> int:
    """Count the columns of clean text: two for wide characters, none for marks and joiners."""
    if text.isascii():
        return len(text)
    return sum(
        0
        if unicodedata.category(char) in {"Mn", "Me", "Cf"}
        else 2
        if unicodedata.east_asian_width(char) in "WF"
        else 1
        for char in text
    )
