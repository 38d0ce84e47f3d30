"""Stands for the constants of the document, so that the runtime can be checked here. Generation replaces it."""

from __future__ import annotations

from .types import KeyPlace

VERSION = "0"
SERVER = "https://api.test"
API_KEY: KeyPlace | None = None
