"""The lines of a list of call ids: one set of rules for ``export.read_ids`` and the command's standard input."""

from __future__ import annotations

import codecs
import re

from ._envelope import MAX_CALL_ID_LENGTH
from .errors import ConfigurationError

MAX_LINE_BYTES = 4096
"""Bytes of a line, comments included; a longer one is not of a list of ids."""

_COMMENT = re.compile(r"(?:^|(?<=\s))#.*", re.DOTALL)


class IdLines:
    """Parses the lines of one list, in their order.

    Attributes:
        name: Names the list in errors.
        number: That of the last line.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.number = 0

    def parse(self, line: bytes) -> str | None:
        """Return the id on the next line: "" for a line without one, None for what cannot be an id.

        Left out are blanks, a ``#`` at the start of a line or after a blank with what follows it, and a byte order
        mark, which files that were put together have at the start of any line.

        Raises:
            ConfigurationError: The list is UTF-16.
        """
        self.number += 1
        if self.number == 1 and line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise ConfigurationError(f"{self.name} is UTF-16; ids must be UTF-8")
        if len(line) > MAX_LINE_BYTES:
            return None
        try:
            text = line.decode()
        except UnicodeDecodeError:
            return None
        text = _COMMENT.sub("", text.removeprefix("\ufeff")).strip()
        return text if len(text) <= MAX_CALL_ID_LENGTH and text.isprintable() else None
