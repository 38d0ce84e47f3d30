"""The server of the fault table, and an event loop whose clock a test can move."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.clock import MovableLoop
from tests.support.process import ServerProcess, scripted_server

from .harness import SCRIPTS


@pytest.fixture(scope="session")
def server() -> Iterator[ServerProcess]:
    """One server process for all tests of a worker."""
    with scripted_server(SCRIPTS) as server:
        yield server


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Run tests without asyncio's debug mode, which ``python -X dev`` would bring and which doubles their time."""
    return "asyncio", {"loop_factory": MovableLoop, "debug": False}
