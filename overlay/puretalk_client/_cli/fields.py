"""Chosen fields of calls, as objects or as CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from typing import Any

from .._core.decoding import fields_by_json_name
from .._display.clean import harmless
from ..models import Call
from .failures import UsageError
from .formats import Format

POST_ANALYSIS = "post_analysis."


def validate_fields(fields: Sequence[str]) -> None:
    """Refuse the names that no call can have."""
    known = list(fields_by_json_name(Call)[0])
    for name in fields:
        if name.partition(".")[0] not in known and not name.startswith(POST_ANALYSIS):
            raise UsageError(f"No field {name!r}; there are {', '.join(known)} and {POST_ANALYSIS}NAME")


def selection(fields: Sequence[str]) -> Callable[[Call], dict[str, Any]]:
    """Return a function from a call to the values of fields by their names; a missing value is None."""
    validate_fields(fields)

    def select(call: Call) -> dict[str, Any]:
        values = call.to_dict()
        return {name: _value(call, values, name) for name in fields}

    return select


def csv_format(fields: Sequence[str]) -> Format:
    """Return a format of one line for each call (RFC 4180), after a line with the names."""
    select = selection(fields)
    return Format(lambda call: _row(map(_cell, select(call).values())), head=_row(fields))


def _value(call: Call, values: dict[str, Any], name: str) -> Any:
    if name.startswith(POST_ANALYSIS):
        return call.post_analysis.get(name.removeprefix(POST_ANALYSIS))
    return _find(values, name)


def _find(value: Any, path: str) -> Any:
    """Follow a dotted path. A name that is there as it stands, dots included, comes first."""
    if not isinstance(value, dict):
        return None
    if path in value:
        return value[path]
    name, dot, rest = path.partition(".")
    return _find(value.get(name), rest) if dot else None


def _cell(value: Any) -> str:
    if value is None:
        return ""
    # Without control characters, which CSV cannot escape.
    return harmless(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _row(cells: Any) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()
