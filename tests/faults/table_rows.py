"""The whole fault table: importing its parts fills it."""

from __future__ import annotations

from . import rows_body, rows_connection, rows_http, rows_status
from .wire import ROWS

__all__ = ["ROWS", "rows_body", "rows_connection", "rows_http", "rows_status"]
