"""Fixtures for the tests of the sandbox."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _own_key_place(own_key_place: None) -> None:
    """These tests write their requests by hand, with the key in a header."""
