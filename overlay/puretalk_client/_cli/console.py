"""Rich, with settings under which text from a server is only text."""

from __future__ import annotations

import os
import shutil
from typing import IO, TextIO, cast

from rich.console import Console
from rich.text import Text

from .._display.clean import clean
from .output import OutputError, encodable

_MIN_WIDTH, _MAX_WIDTH = 40, 100


class _Lossy:
    """A stream that gets "?" for the characters that its encoding lacks."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.encoding = stream.encoding

    def write(self, text: str) -> int:
        # Where a stream has no buffer, even an empty text is written; rich writes one where it captures.
        try:
            return self._stream.write(encodable(text, self._stream)) if text else 0
        except (OSError, ValueError) as error:
            raise OutputError(error) from error

    def flush(self) -> None:
        self._stream.flush()

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()


def make_console(stream: TextIO, *, width: int | None = None) -> Console:
    """Make a console on a stream.

    It has colors if the stream is a terminal other than TERM=dumb, or FORCE_COLOR is set; not if NO_COLOR is set and
    not empty (https://no-color.org).

    Args:
        stream: Where it writes.
        width: Its columns; else those of the terminal, from 40 to 100.
    """
    columns = shutil.get_terminal_size().columns if width is None else width
    return Console(
        file=cast(IO[str], _Lossy(stream)),
        width=max(_MIN_WIDTH, min(columns, _MAX_WIDTH)),
        color_system=None if os.environ.get("NO_COLOR") else "auto",
        markup=False,
        emoji=False,
        highlight=False,
        force_jupyter=False,
        legacy_windows=False,
    )


def text(value: str, style: str = "") -> Text:
    """Return a line of text from any source, without control characters and never as markup."""
    return Text(clean(value), style=style, overflow="fold")


def lines(value: str, style: str = "") -> Text:
    """Return text from any source with its line breaks."""
    return Text("\n".join(map(clean, value.splitlines())), style=style, overflow="fold")
