"""``puretalk export``: fetch calls into files."""

from __future__ import annotations

import contextlib
import json
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
    with contextlib.ExitStack() as stack:
        listed, total = _read(ids, stack)
        return run_async(_export(listed, total, target, connection, options, as_json=as_json))


async def _export(
    ids: Iterator[str] | None,
    total: int | None,
    target: str,
    connection: Connection,
    options: dict[str, Any],
    *,
    as_json: bool,
) -> int:
    tally = Tally(total)

    def count(progress: Progress) -> None:
        tally.done, tally.failed, tally.before = progress.calls + progress.failed, progress.failed, progress.present

    async with connection.open() as client, showing(tally.describe, fraction=tally.fraction):
        report = await export_calls(client, ids, target, on_progress=count, **options)
    if as_json:
        write(json.dumps({name: getattr(report, name) for name in ("rows", "failed", "pending")}) + "\n")
    else:
        note(f"puretalk: {report.rows:,} calls stored, {report.failed:,} failed, {report.pending:,} not over")
    return PARTIAL if report.failed else SUCCESS


def _read(ids: str | None, stack: contextlib.ExitStack) -> tuple[Iterator[str] | None, int | None]:
    """Return the ids of a file and their number, duplicates included.

    Both a file and a pipe are read to their end before the event loop runs: a line that is not an id is found before
    the first request, and a slow pipe would hold up the loop, and Ctrl-C with it.
    """
    if ids is None:
        return None, None
    if ids != STDIN and not _is_stream(ids):
        return read_ids(ids), sum(1 for _ in read_ids(ids))
    if ids == STDIN and sys.stdin is None:
        raise UsageError("Standard input is closed")
    copy = stack.enter_context(tempfile.TemporaryFile(prefix="puretalk-"))  # noqa: SIM115  # the stack closes it
    total = 0
    for call_id in read_ids(sys.stdin.buffer if ids == STDIN else ids):
        copy.write(f"{call_id}\n".encode())
        total += 1
    copy.seek(0)
    return read_ids(copy), total


def _is_stream(path: str) -> bool:
    """Whether a path leads to something else than a file, such as ``<(command)`` of a shell."""
    try:
        return not stat.S_ISREG(Path(path).stat().st_mode)
    except (OSError, ValueError):  # read_ids says why
        return False


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
