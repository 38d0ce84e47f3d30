"""``puretalk drift``: compare recorded responses with the spec, and print a table or JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

import attrs

from .._display.clean import clean
from ..drift import DriftReport
from .drift_files import compare_files
from .failures import UnreadableError, report as report_error
from .output import FAILURE, SUCCESS, USAGE, note, write

_HEADINGS = ("PATH", "DRIFT", "ACTUAL", "TIMES", "RESPONSES", "EXPECTED")


def drift(files: Sequence[str], *, as_json: bool) -> int:
    """Print the report; return the exit code."""
    report = compare_files(files)
    if report.unreadable:
        _print_unreadable(report, as_json=as_json)
    write(json.dumps(attrs.asdict(report), indent=2) + "\n" if as_json else _table(report))
    return USAGE if report.unreadable else FAILURE if report.drifts else SUCCESS


def _print_unreadable(report: DriftReport, *, as_json: bool) -> None:
    first, more = report.unreadable[0], report.unreadable_count - 1
    if as_json:  # the report names the others
        report_error(UnreadableError(f"{first}; {more} more could not be read" if more else first), as_json=True)
        return
    for line in report.unreadable:
        note(f"puretalk: {clean(line)}")
    if unnamed := report.unreadable_count - len(report.unreadable):
        note(f"puretalk: {unnamed} more could not be read")


def _table(report: DriftReport) -> str:
    """Return a line for each drift, if there is one, and the summary."""
    rows = [
        (drift.path, drift.kind, drift.actual, drift.occurrences, drift.responses, drift.expected)
        for drift in report.drifts
    ]
    cells = [[clean(str(cell)) for cell in row] for row in (_HEADINGS, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in cells] if rows else []
    return "\n".join([*lines, _summary(report)]) + "\n"


def _summary(report: DriftReport) -> str:
    mismatches = sum(drift.occurrences for drift in report.drifts)
    paths = len({drift.path for drift in report.drifts})
    text = f"{_count(report.responses, 'response')}, {_count(mismatches, 'mismatch', 'mismatches')}"
    if mismatches:
        text += f" at {_count(paths, 'path')}"
    return text if report.complete else f"{text}; mismatches at further paths are not listed"


def _count(number: int, singular: str, plural: str | None = None) -> str:
    return f"{number} {singular if number == 1 else plural or singular + 's'}"
