"""Calls as text for a terminal, and what must not come through in it."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from puretalk_client import Call
from puretalk_client._decoding import tolerant
from puretalk_client._render import render_call

SGR = re.compile(r"\x1b\[[0-9]+m")

HOSTILE = (
    "\x1b]0;title\x07\x1b[2J\x1b[31mred\x9b31m\x90q\x9c\x00\x08\x7f\r"
    "\u202eevil\u202c\u2066a\u2069\u200f\u061c\u2028\u2029\ufeff\U000e0041"
)
"""What drives a terminal that lets it: titles, colours, line ends, and the direction of text."""


def decoded(value: Any) -> Call:
    """Decode a call as the client does, keeping what strays."""
    call: Call = tolerant(value, Call)[0]
    return call


def render(value: Any, *, width: int = 80, color: bool = False) -> str:
    """Render a call from the API's JSON."""
    return render_call(decoded(value), width=width, color=color)


def columns(line: str) -> int:
    """Count the columns of a terminal that a line takes."""
    return sum(
        0
        if unicodedata.category(char) in {"Mn", "Me", "Cf"}
        else 2
        if unicodedata.east_asian_width(char) in "WF"
        else 1
        for char in line
    )


def assert_harmless(text: str) -> None:
    """Fail when text holds anything that could control a terminal or reorder what it shows."""
    for char in text:
        assert char == "\n" or char in "\u200c\u200d" or char.isprintable(), ascii(char)
        assert unicodedata.bidirectional(char) not in {
            "LRE",
            "RLE",
            "LRO",
            "RLO",
            "PDF",
            "LRI",
            "RLI",
            "FSI",
            "PDI",
        }
