"""Changes single tokens of a JSON text. All else stays byte for byte, the spelling of numbers too."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

Path = tuple[str, ...]
"""The names on the way to a value; positions in arrays do not count."""

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[^\s\[\]{},:"]+|[\[\]{},:]|\s+')


def rewrite_json(text: str, name: Callable[[Path, str], str], value: Callable[[Path, str], str]) -> str:
    """Replace the names and the scalar values of a valid JSON text.

    Args:
        text: The JSON text.
        name: Gets the path to an object and a name in it; returns the new name.
        value: Gets the path of a scalar and its token; returns the new token.
    """
    written: list[str] = []
    containers: list[tuple[Path, bool]] = []
    path: Path = ()
    is_name = False
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token in "{[":
            containers.append((path, token == "{"))
            is_name = token == "{"
        elif token in "}]":
            path, _ = containers.pop()
            is_name = False
        elif token == ",":
            path, is_name = containers[-1]
        elif token != ":" and not token.isspace():
            if is_name:
                decoded = read_text(token)
                token, path, is_name = write_text(name(path, decoded)), (*path, decoded), False
            else:
                token = value(path, token)
        written.append(token)
    return "".join(written)


def read_text(token: str) -> str:
    """Decode a JSON string."""
    text: str = json.loads(token)
    return text


def write_text(text: str) -> str:
    """Encode a JSON string. Half a surrogate pair, which UTF-8 cannot hold, is escaped."""
    token = json.dumps(text, ensure_ascii=False)
    return re.sub(r"[\ud800-\udfff]", lambda half: f"\\u{ord(half[0]):04x}", token)
