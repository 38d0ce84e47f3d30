"""``puretalk export``: fetch calls into files."""

from __future__ import annotations

import asyncio
import codecs
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..export import CONTACTS, SPEECH, Progress, export as export_calls, read_ids
from .client import Connection, run_async
from .failures import UsageError
from .ids import STDIN
from .output import PARTIAL, SUCCESS, note, write
from .progress import Tally, showing

_GROUPS = {"speech": SPEECH, "contacts": CONTACTS}


def export(
    ids: str | None,
    target: str,
    connection: Connection,
    *,
    fields: str | None,
    redact: str | None,
    as_json: bool,
    **options: Any,
) -> int:
    """Fetch the calls of a file of ids into a folder; return the exit code.

    Args:
        ids: Path of the file, or ``-`` for standard input; None for the ids of an earlier run.
        target: Path or URI of the folder.
        connection: How the API is reached.
        fields: Names of the fields to store, with commas between them; None for all.
        redact: Paths of fields, or ``speech`` and ``contacts``, with commas between them.
        as_json: Whether the counts are JSON on standard output.
        options: Those of ``puretalk_client.export.export``.
    """
    options["columns"] = None if fields is None else _names(fields)
    options["redact"] = {path for name in _names(redact or "") for path in _GROUPS.get(name, {name})}
    return run_async(_export(ids, target, connection, options, as_json=as_json))


async def _export(
    ids: str | None, target: str, connection: Connection, options: dict[str, Any], *, as_json: bool
) -> int:
    tally = Tally(await asyncio.to_thread(_count, ids))

    def count(progress: Progress) -> None:
        tally.done, tally.failed, tally.before = progress.calls + progress.failed, progress.failed, progress.present

    async with connection.open() as client, showing(tally.describe, fraction=tally.fraction):
        report = await export_calls(client, _read(ids), target, on_progress=count, **options)
    if as_json:
        write(json.dumps({name: getattr(report, name) for name in ("rows", "failed", "pending")}) + "\n")
    else:
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


def _count(ids: str | None) -> int | None:
    """Count the ids of a file, duplicates included; standard input can be read once only."""
    if ids is None or not Path(ids).is_file():
        return None
    with Path(ids).open("rb") as file:
        return sum(1 for line in file if line.partition(b"#")[0].strip(codecs.BOM_UTF8 + b" \t\r\n"))


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
