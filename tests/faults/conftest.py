"""The fault server, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .process import FaultServer, fault_server


@pytest.fixture(scope="session")
def server() -> Iterator[FaultServer]:
    """One server process for all tests."""
    with fault_server() as server:
        yield server
