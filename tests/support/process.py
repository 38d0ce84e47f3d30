"""Starts and ends the process of a scripted server, and sends it commands."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
EXIT_SECONDS = 10
"""After which a server is killed that does not end by itself."""


class ServerProcess:
    """A scripted server in a process of its own.

    Attributes:
        ports: Ports by name: ``plain`` and ``tls`` play scripts, ``silent`` accepts connections and never writes,
            ``elsewhere`` is another host, ``refused`` refuses connections.
    """

    def __init__(self, module: str) -> None:
        """Start it; ``module.SCRIPTS`` maps names to scripts (``wire.Script``)."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.scripted_server", module],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.ports: dict[str, int] = self._read()

    def _read(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def ask(self, command: str) -> Any:
        """Send a command and return its result; see ``scripted_server.ScriptedServer.command``."""
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return self._read()

    def close(self) -> None:
        """End the process by ending its input.

        Raises:
            AssertionError: A script raised an exception.
        """
        broken = self.ask("broken")
        with self._process:
            assert self._process.stdin is not None
            self._process.stdin.close()
            try:
                self._process.wait(EXIT_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
        assert not broken, broken


@contextlib.contextmanager
def scripted_server(module: str) -> Iterator[ServerProcess]:
    """Run a scripted server for the length of a ``with`` block."""
    server = ServerProcess(module)
    try:
        yield server
    finally:
        server.close()
