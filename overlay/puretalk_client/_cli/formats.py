"""Output formats that need no layout: JSON, JSON Lines, bytes as received, CSV and transcripts."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .._display.clean import harmless
from .failures import UsageError


@dataclass(frozen=True)
class Format:
    """How calls are written.

    Attributes:
        one: Formats a call; or, if ``is_raw``, a response.
        head: Written before the first call.
        between: Written between two calls.
        tail: Written after the last call.
        is_raw: Whether responses are written as received.
        is_json: Whether errors are JSON too.
    """

    one: Callable[[Any], str | bytes]
    head: str = ""
    between: str = ""
    tail: str = ""
    is_raw: bool = False
    is_json: bool = False


def choose_format(
    names: Sequence[str], *, is_many: bool, fields: Sequence[str] = (), transcript: str | None = None
) -> Format:
    """Return the format for options that need no layout.

    Raises:
        UsageError: They exclude each other, or a field does not exist.
    """
    if len(names) + (transcript is not None) > 1 or (fields and (transcript is not None or names == ["raw"])):
        raise UsageError("--json, --jsonl, --raw and --transcript exclude each other; --fields goes with the first two")
    if transcript is not None:
        from .transcripts import transcript_format

        return transcript_format(transcript)
    if names == ["raw"]:
        return Format(_raw_line if is_many else _raw, is_raw=True)
    select: Callable[[Any], Any] = lambda call: call.to_dict()  # noqa: E731
    if fields:
        from .fields import csv_format, selection

        if not names:
            return csv_format(fields)
        select = selection(fields)
    if names == ["jsonl"]:
        return Format(lambda call: json.dumps(select(call)) + "\n", is_json=True)
    # ASCII can be printed in every encoding, and escapes keep control characters from the terminal.
    if is_many:
        return Format(
            lambda call: json.dumps(select(call), indent=2), head="[\n", between=",\n", tail="\n]\n", is_json=True
        )
    return Format(lambda call: json.dumps(select(call), indent=2) + "\n", is_json=True)


def _raw(response: Any) -> bytes | str:
    content: bytes = response.content
    return _shown(content)


def _raw_line(response: Any) -> bytes | str:
    """Return a response as one line; JSON allows spaces where it has line breaks."""
    content: bytes = response.content
    return _shown(content.strip().replace(b"\r", b" ").replace(b"\n", b" ") + b"\n")


def _shown(content: bytes) -> bytes | str:
    """Return bytes as they are, unless they could control a terminal."""
    return harmless(content.decode(errors="replace")) if sys.stdout is not None and sys.stdout.isatty() else content
