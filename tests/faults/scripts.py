"""All rows, and what the server plays for them: importing the parts of the table fills it."""

from __future__ import annotations

from . import (
    rows_body,
    rows_connection,
    rows_download,
    rows_http,
    rows_http2,
    rows_mismatches,
    rows_options,
    rows_patience,
    rows_recovery,
    rows_status,
    rows_wait,
)
from .rows import ROWS

__all__ = [
    "ROWS",
    "SCRIPTS",
    "rows_body",
    "rows_connection",
    "rows_download",
    "rows_http",
    "rows_http2",
    "rows_mismatches",
    "rows_options",
    "rows_patience",
    "rows_recovery",
    "rows_status",
    "rows_wait",
]

SCRIPTS = {name: row.script for name, row in ROWS.items()}
