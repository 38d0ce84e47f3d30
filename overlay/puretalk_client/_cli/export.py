"""``puretalk export``: fetch calls into files."""

from __future__ import annotations

import contextlib
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..export import CONTACTS, SPEECH, Progress, export as export_calls, read_ids
from .client import Connection, run_async
from .failures import UsageError
from .ids import STDIN
from .output import PARTIAL, SUCCESS, note
from .progress import Tally, showing

_GROUPS = {"speech": SPEECH, "contacts": CONTACTS}


def export(
    ids: str | None, target: str, connection: Connection, *, fields: str | None, redact: str | None, **options: Any
) -> int:
    """Fetch the calls of a file of ids into a folder; return the exit code.

    Args:
        ids: Path of the file, or ``-`` for standard input; None for the ids of an earlier run.
        target: Path or URI of the folder.
        connection: How the API is reached.
        fields: Names of the fields to store, with commas between them; None for all.
        redact: Paths of fields, or ``speech`` and ``contacts``, with commas between them.
        options: Those of ``puretalk_client.export.export``.
    """
    options["columns"] = None if fields is None else _names(fields)
    options["redact"] = {path for name in _names(redact or "") for path in _GROUPS.get(name, {name})}
    with contextlib.ExitStack() as stack:
        return run_async(_export(_read(ids, stack), target, connection, options))


async def _export(ids: Iterator[str] | None, target: str, connection: Connection, options: dict[str, Any]) -> int:
    tally = Tally(None)

    def count(progress: Progress) -> None:
        tally.done, tally.failed = progress.calls + progress.failed, progress.failed

    async with connection.open() as client, showing(tally.describe):
        report = await export_calls(client, ids, target, on_progress=count, **options)
    note(f"puretalk: {report.rows:,} calls stored, {report.failed:,} failed, {report.pending:,} not over")
    return PARTIAL if report.failed else SUCCESS


def _read(ids: str | None, stack: contextlib.ExitStack) -> Iterator[str] | None:
    """Return the ids of a file, or of what has no end yet, such as a pipe.

    The latter is read before the event loop runs: it would hold up the loop, and Ctrl-C with it.
    """
    if ids is None or (ids != STDIN and not _is_stream(ids)):
        return None if ids is None else read_ids(ids)
    if ids == STDIN and sys.stdin is None:
        raise UsageError("Standard input is closed")
    copy = stack.enter_context(tempfile.TemporaryFile(prefix="puretalk-"))  # noqa: SIM115  # the stack closes it
    copy.writelines(f"{call_id}\n".encode() for call_id in read_ids(sys.stdin.buffer if ids == STDIN else ids))
    copy.seek(0)
    return read_ids(copy)


def _is_stream(path: str) -> bool:
    """Whether a path leads to something else than a file, such as ``<(command)`` of a shell."""
    try:
        return not stat.S_ISREG(Path(path).stat().st_mode)
    except (OSError, ValueError):  # read_ids says why
        return False


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
