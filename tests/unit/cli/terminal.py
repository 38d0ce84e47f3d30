"""Calls as text for a terminal, and a check that the text cannot control it."""

from __future__ import annotations

import io
import re
import unicodedata
from typing import Any

from rich.cells import cell_len

from puretalk_client import Call
from puretalk_client._cli.page import render_call
from puretalk_generated.codec import structure

SGR = re.compile(r"\x1b\[[0-9;]+m")

HOSTILE = (
    "\x1b]0;title\x07\x1b[2J\x1b[31mred\x9b31m\x90q\x9c\x00\x08\x7f\r"
    "\u202eevil\u202c\u2066a\u2069\u200f\u061c\u2028\u2029\ufeff\U000e0041"
)
"""Titles, colors, line breaks and direction controls, which unprotected terminals execute."""

DIRECTION_CONTROLS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def decoded(value: Any) -> Call:
    """Decode a call as the client does, with every mismatch left as received."""
    call: Call = structure(value, Call, lambda *_: None)
    return call


class Terminal(io.TextIOWrapper):
    """A stream that reports that it is a terminal."""

    def __init__(self, *, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding=encoding, errors="strict", newline="\n")

    def isatty(self) -> bool:
        return True

    @property
    def written(self) -> bytes:
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue()


class Pipe(Terminal):
    """A stream that is not a terminal."""

    def isatty(self) -> bool:
        return False


def render(value: Any, *, width: int = 80, color: bool = False, slow: float = 1.5) -> str:
    """Render a call, or the API's JSON of one."""
    call = value if isinstance(value, Call) else decoded(value)
    return render_call(call, Terminal() if color else Pipe(), slow=slow, width=width)


def columns(line: str) -> int:
    """Count the columns of a line on a terminal."""
    return cell_len(line)


def assert_harmless(text: str) -> None:
    """Check that text contains nothing that controls a terminal or reorders what it shows."""
    for char in text:
        assert char == "\n" or char in "\u200c\u200d" or char.isprintable(), ascii(char)
        assert unicodedata.bidirectional(char) not in DIRECTION_CONTROLS
