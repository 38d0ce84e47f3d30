"""Fixtures for the tests of the runtime."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.clock import MovableLoop


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Run tests on an event loop whose clock they can move."""
    return "asyncio", {"loop_factory": MovableLoop}
