"""Runs the measuring processes."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

from .clients import EXTRAS
from .sample import ROOT

OPEN_FILES = 2048
"""More than the connections of the cells with the most fetches in flight."""
TIMEOUT = 300
"""Seconds for one process."""


class WorkerError(Exception):
    """A measuring process failed; the message is its last line on standard error."""


def allow_open_files() -> None:
    """Raise the limit of open files for the processes that this one starts.

    Raises:
        SystemExit: The machine does not allow it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < OPEN_FILES:
        sys.exit(f"the benchmark needs {OPEN_FILES} open files, and at most {hard} are allowed here (ulimit -Hn)")
    if soft != resource.RLIM_INFINITY and soft < OPEN_FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, hard))


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of the measured processes: with the generated clients, without proxies."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    for name in ("PYTHONDEVMODE", "PYTHONDONTWRITEBYTECODE", "PURETALK_API_KEY", "PURETALK_BASE_URL"):
        kept.pop(name, None)
    paths = [str(folder), str(ROOT / "overlay"), str(ROOT / "generated")]
    return kept | {"PYTHONPATH": os.pathsep.join(paths)}


class Processes:
    """Starts processes of this folder's modules.

    Attributes:
        env: The environment of the processes.
        extras: The Python with requirements.txt, or empty.
    """

    def __init__(self, env: dict[str, str], extras: str) -> None:
        self.env = env
        self.extras = extras

    def python(self, client: str) -> str:
        """Return the Python that a client runs under."""
        return self.extras if client in EXTRAS else sys.executable

    def run(self, command: list[str], *, given: Any = None, **variables: str) -> str:
        """Run a command; return its standard output.

        Raises:
            WorkerError: It failed, or took too long.
        """
        try:
            result = subprocess.run(
                command,
                cwd=ROOT,
                env=self.env | variables,
                input=json.dumps(given),
                capture_output=True,
                text=True,
                check=False,
                timeout=TIMEOUT,
            )
        except subprocess.TimeoutExpired:
            raise WorkerError(f"it took more than {TIMEOUT} s") from None
        if result.returncode != 0:
            raise WorkerError((result.stderr.strip().splitlines() or [f"exit status {result.returncode}"])[-1])
        return result.stdout

    def module(self, module: str, *arguments: str, given: Any = None, python: str = sys.executable) -> Any:
        """Run a module in a fresh process; return the JSON that it printed."""
        return json.loads(self.run([python, "-m", f"tests.bench.{module}", *arguments], given=given))

    def one_client(self, task: str, client: str, base_url: str, argument: str, python: str = "") -> list[float]:
        """Run a task of one_client in a fresh process; return the numbers that it printed."""
        command = [python or self.python(client), "-m", "tests.bench.one_client", task, client, base_url, argument]
        return [float(number) for number in self.run(command).split()]
