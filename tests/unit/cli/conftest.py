"""Fixtures of the command's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from puretalk_client.testing import Sandbox, running_server


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the settings of the machine's terminal."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A sandbox on a loopback socket, with its URL and its key in the environment."""
    sandbox = Sandbox()
    with running_server(sandbox) as base_url:
        monkeypatch.setenv("PURETALK_BASE_URL", base_url)
        monkeypatch.setenv("PURETALK_API_KEY", sandbox.api_key)
        yield sandbox
