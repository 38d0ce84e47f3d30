"""Runs the console blocks of the documentation."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from puretalk_client.testing import EXAMPLE_CALL_ID, SAMPLE_CALL_ID

from .markdown import Block

ELSEWHERE: Mapping[str, str] = {
    "docs/how-to/engines.md": "needs engines, which have environments of their own; tests/engines runs these",
    "docs/update-spec.md": "recorded runs of commands that change the repository; tests/codegen runs them",
}
"""Pages whose console blocks other tests run, and why."""

NOT_RUN: Mapping[str, str] = {
    "pip install": "needs a package index; test_facts.py checks the names of the extras",
    "make": "needs an environment of its own; test_facts.py checks the names of the targets",
    "python -m venv": "would make an environment",
    ". .venv": "would enter that environment",
}
"""Commands that are not run, by their beginning, and why. All others are."""

TIMEOUT = 120.0


def reason_not_to_run(block: Block) -> str | None:
    """Return why a console block is not run, or None if it is: all or none of its commands."""
    if block.reason or block.page in ELSEWHERE:
        return block.reason or ELSEWHERE[block.page]
    reasons = {_reason(line): None for line in commands(block)}
    return None if None in reasons else "; ".join(filter(None, reasons))


def _reason(line: str) -> str | None:
    command = re.sub(r"^(?:\w+=\S+ )+", "", line)
    return next((reason for start, reason in NOT_RUN.items() if f"{command} ".startswith(start)), None)


def commands(block: Block) -> list[str]:
    """Return the lines of a block that are commands, without the prompt that some have."""
    return [line.removeprefix("$ ") for line in block.text.splitlines() if line.strip() and not line.startswith("#")]


def prepare(folder: Path) -> None:
    """Make the files that commands of the pages read."""
    (folder / "ids.txt").write_text(f"{EXAMPLE_CALL_ID}\n{SAMPLE_CALL_ID}\n", encoding="utf-8")
    for name in (".local/share/bash-completion/completions", ".config/fish/completions", ".zfunc"):
        (folder / name).mkdir(parents=True)


def run(block: Block, folder: Path) -> None:
    """Run the commands of a block in a folder, and raise if one of them fails."""
    lines = [line for line in commands(block) if not line.startswith("pip install")]
    environment = os.environ | {
        "HOME": str(folder),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    if lines == ["puretalk sandbox"]:
        _run_sandbox(environment)
        return
    result = subprocess.run(
        ["sh", "-ec", "\n".join(lines)],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=TIMEOUT, check=False,
    )  # fmt: skip
    if result.returncode:
        raise RuntimeError(f"{block}: exit code {result.returncode}\n{result.stdout}{result.stderr}")


def _run_sandbox(environment: Mapping[str, str]) -> None:
    """Start a sandbox, read the two lines that it prints, and end it with Ctrl-C."""
    with subprocess.Popen(["puretalk", "sandbox"], env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            lines = [process.stdout.readline(), process.stdout.readline()]
        finally:
            process.send_signal(signal.SIGINT)
        try:
            code = process.wait(TIMEOUT)
        finally:
            process.kill()
    if code or [line.partition("=")[0] for line in lines] != ["export PURETALK_BASE_URL", "export PURETALK_API_KEY"]:
        raise RuntimeError(f"puretalk sandbox: exit code {code}, {lines}")
