"""What the tests of all engines share. ``make test-engines`` runs them, each in the environment of its engine."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.engines.server import Server

from puretalk_client.testing import running_server

# Ray reads these when it is imported. With the first, it listens on the loopback address, on Linux too (ray 2.60).
os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(16)  # else it makes one, and stores it in the home folder


@pytest.fixture(scope="module")
def cluster_server() -> Iterator[Server]:
    """Serve the sandbox that the workers of a cluster find by their environment."""
    server = Server()
    with running_server(server) as base_url, pytest.MonkeyPatch.context() as environment:
        server.variables = {"PURETALK_BASE_URL": base_url, "PURETALK_API_KEY": server.sandbox.api_key}
        for name, value in server.variables.items():
            environment.setenv(name, value)
        yield server


@pytest.fixture
def server(cluster_server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """Return the server, for a process that is started now, too: a worker in place of one that was killed."""
    for name, value in cluster_server.variables.items():
        monkeypatch.setenv(name, value)
    cluster_server.reset()
    return cluster_server


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Return the folder to export into."""
    return tmp_path / "calls"
