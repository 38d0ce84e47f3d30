"""Exit codes, and writing to streams of any encoding that may be closed, full or a terminal."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # neither typing nor contextlib, which take longer to import than all of "puretalk --help"
if TYPE_CHECKING:
    from typing import TextIO

SUCCESS, FAILURE, USAGE, NOT_FOUND, AUTHENTICATION, TIME_IS_UP, PARTIAL, INTERRUPTED = 0, 1, 2, 3, 4, 5, 6, 130


class OutputError(Exception):
    """Standard output cannot be written.

    Attributes:
        is_broken_pipe: Whether its reader has closed it.
    """

    def __init__(self, error: Exception | None = None) -> None:
        reason = getattr(error, "strerror", None) or "it is closed"
        super().__init__(f"Could not write to standard output: {reason}")
        self.is_broken_pipe = isinstance(error, BrokenPipeError)


def write(data: str | bytes) -> None:
    """Write to standard output: bytes as they are, and text with "?" for characters that its encoding lacks."""
    stream: TextIO | None = sys.stdout
    if stream is None:
        raise OutputError
    try:
        if isinstance(data, bytes):
            stream.flush()
            stream.buffer.write(data)
        else:
            stream.write(encodable(data, stream))
        stream.flush()
    except (OSError, ValueError) as error:
        raise OutputError(error) from error


def note(line: str) -> None:
    """Write a line to standard error, if that is possible."""
    stream: TextIO | None = sys.stderr
    if stream is None:
        return
    try:
        stream.write(encodable(f"{line}\n", stream))
        stream.flush()
    except (OSError, ValueError):
        pass


def encodable(text: str, stream: TextIO) -> str:
    """Replace the characters that the encoding of a stream lacks."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)


def discard_output() -> None:
    """Let the interpreter, which flushes standard output once more on exit, write into nothing."""
    import contextlib

    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a stream is a terminal that can move its cursor."""
    try:
        is_tty = stream is not None and stream.isatty()
    except ValueError:  # closed
        return False
    return is_tty and os.environ.get("TERM", "").lower() not in ("dumb", "unknown")
