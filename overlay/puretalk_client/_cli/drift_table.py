"""A drift report as a table."""

from __future__ import annotations

from ..drift import DriftReport
from .clean import clean

_HEADINGS = ("PATH", "DRIFT", "ACTUAL", "TIMES", "RESPONSES", "EXPECTED")


def drift_table(report: DriftReport) -> str:
    """Write a report as aligned columns and a summary.

    Returns:
        One line for each drift, none if there is none, and the summary; ends with a newline.
    """
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
