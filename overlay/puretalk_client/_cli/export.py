"""``puretalk export``: fetch calls into files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
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
    return run_async(_export(ids, target, connection, options))


async def _export(ids: str | None, target: str, connection: Connection, options: dict[str, Any]) -> int:
    tally = Tally(None)

    def count(progress: Progress) -> None:
        tally.done, tally.failed = progress.calls + progress.failed, progress.failed

    async with connection.open() as client, showing(tally.describe):
        report = await export_calls(client, _read(ids), target, on_progress=count, **options)
    note(f"puretalk: {report.rows:,} calls stored, {report.failed:,} failed, {report.pending:,} not over")
    return PARTIAL if report.failed else SUCCESS


def _read(ids: str | None) -> Iterator[str] | None:
    if ids is None:
        return None
    if ids != STDIN:
        return read_ids(ids)
    if sys.stdin is None:
        raise UsageError("Standard input is closed")
    return read_ids(sys.stdin.buffer)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
