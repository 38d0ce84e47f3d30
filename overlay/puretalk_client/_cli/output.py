"""Exit codes, and writing to streams of any encoding."""

from __future__ import annotations

from typing import TextIO

SUCCESS, FAILURE, MISUSE, INTERRUPTED = 0, 1, 2, 130


def write(stream: TextIO, text: str) -> None:
    """Write text, with a replacement for each character that the encoding of the stream lacks."""
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "replace").decode(encoding))
    stream.flush()
