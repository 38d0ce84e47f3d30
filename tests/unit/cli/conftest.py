"""Fixtures of the command's tests."""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Callable, Iterator

import pytest
from tests.support.process import ROOT

from puretalk_client.testing import Sandbox, running_server


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hide the settings of the machine's terminal, and see that no test leaves its handler of Ctrl-C."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    handler = signal.getsignal(signal.SIGINT)
    yield
    assert signal.getsignal(signal.SIGINT) is handler


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A sandbox on a loopback socket, with its URL and its key in the environment."""
    sandbox = Sandbox()
    with running_server(sandbox) as base_url:
        monkeypatch.setenv("PURETALK_BASE_URL", base_url)
        monkeypatch.setenv("PURETALK_API_KEY", sandbox.api_key)
        yield sandbox


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """A function that sets standard input."""

    def set_content(content: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

    return set_content


@pytest.fixture
def environment(sandbox: Sandbox) -> dict[str, str]:
    """The environment of a process that uses the sandbox."""
    path = os.pathsep.join([str(ROOT / "overlay"), str(ROOT / "generated"), *sys.path])
    return os.environ | {"PYTHONPATH": path, "PYTHONDEVMODE": "", "PYTHONWARNINGS": "default"}
