"""``puretalk drift``: compare recorded responses with the spec."""

from __future__ import annotations

import json
from collections.abc import Sequence

import attrs

from .clean import clean
from .drift_files import compare_files
from .drift_table import drift_table
from .output import FAILURE, SUCCESS, USAGE, note, write


def drift(files: Sequence[str], *, as_json: bool) -> int:
    """Print the report; return the exit code."""
    report = compare_files(files)
    for line in report.unreadable:
        note(f"puretalk: {clean(line)}")
    if more := report.unreadable_count - len(report.unreadable):
        note(f"puretalk: {more} more could not be read")
    write(json.dumps(attrs.asdict(report), indent=2) + "\n" if as_json else drift_table(report))
    return USAGE if report.unreadable else FAILURE if report.drifts else SUCCESS
