"""Ids of calls: from a file, and each once."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import sqlite3
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from .._id_lines import MAX_LINE_BYTES, IdLines
from ..errors import ConfigurationError

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def read_ids(source: str | os.PathLike[str] | IO[bytes]) -> Iterator[str]:
    """Read call ids lazily, one to a line, from a file of any size.

    Blanks and blank lines are skipped, and so are comments, which begin with a ``#`` at the start of a line or after a
    blank. A byte order mark and Windows line ends are accepted.

    Args:
        source: The path of a file, or a file open for reading bytes, such as ``sys.stdin.buffer``.

    Raises:
        ConfigurationError: While iterating: the file cannot be read, or a line is not the UTF-8 text of an id.
    """
    path = source if isinstance(source, (str, os.PathLike)) else None
    name = getattr(source, "name", None) if path is None else os.fspath(path)
    lines = IdLines(str(name or "the ids"))
    with contextlib.ExitStack() as stack:
        try:
            file: Any = source if path is None else stack.enter_context(Path(path).open("rb"))
            while line := file.readline(MAX_LINE_BYTES + 1):
                text = lines.parse(line)
                if text is None:
                    raise ConfigurationError(f"Line {lines.number} of {lines.name} is not a call id")
                if text:
                    yield text
        except OSError as error:
            raise ConfigurationError(f"Could not read {lines.name}: {error.strerror or 'no reason'}") from None


def unique(ids: Iterable[str | uuid.UUID]) -> Iterator[str]:
    """Yield ids as texts, each once; of several spellings of a UUID, the first.

    Those already seen are in a file without a name, as digests: ten million of them would not fit into memory.

    Raises:
        ConfigurationError: An id is not a text or a UUID, or ``ids`` cannot be iterated.
    """
    if isinstance(ids, (str, bytes)) or not isinstance(ids, Iterable):
        raise ConfigurationError(f"ids must be an iterable of ids, not {type(ids).__name__}")
    with contextlib.closing(sqlite3.connect("", isolation_level=None, check_same_thread=False)) as database:
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA cache_size = -8192")  # KiB
        database.execute("BEGIN")
        database.execute("CREATE TABLE seen (digest BLOB PRIMARY KEY) WITHOUT ROWID")
        for position, call_id in enumerate(ids):
            text = str(call_id) if isinstance(call_id, uuid.UUID) else call_id
            if not isinstance(text, str) or re.search("[\ud800-\udfff]", text):
                raise ConfigurationError(f"The id at position {position} is not a text or a UUID")
            digest = hashlib.blake2b(same_call(text).encode(), digest_size=16).digest()
            if database.execute("INSERT OR IGNORE INTO seen VALUES (?)", (digest,)).rowcount:
                yield str.__str__(text)


def same_call(call_id: str) -> str:
    """Return what all spellings of an id share."""
    return call_id.lower() if _UUID.fullmatch(call_id) else call_id
