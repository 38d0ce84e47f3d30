"""The type checkers accept the consumers in this folder, and reject a wrong file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONSUMERS = sorted(Path(__file__).parent.glob("api*.py"))
CHECKERS = {
    "mypy": [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--hide-error-context"],
    "pyright": [sys.executable, "-m", "pyright", "--pythonpath", sys.executable],
}
WRONG = """\
# pyright: reportUnnecessaryTypeIgnoreComment=true
from typing import assert_type
from puretalk_client import AsyncPuretalk, Call
async def wrong(client: AsyncPuretalk, call: Call) -> None:
    assert_type(await client.calls.get("1"), str)
    assert_type(call.start_time, str)
    call.call_id = "2"
    call.is_billed  # type: ignore[misc]
"""


def check(checker: str, *files: Path) -> subprocess.CompletedProcess[str]:
    """Run a checker on some files, with the project's configuration."""
    command = [*CHECKERS[checker], *map(str, files)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("checker", CHECKERS)
def test_public_types_are_those_of_the_consumers(checker: str) -> None:
    """Each ``assert_type`` holds, and each line that must be an error is one; pyright is strict, as each file says."""
    assert all("# pyright: strict" in file.read_text(encoding="utf-8") for file in CONSUMERS)
    result = check(checker, *CONSUMERS)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("checker", CHECKERS)
def test_wrong_types_are_reported(checker: str, tmp_path: Path) -> None:
    """A wrong ``assert_type``, an assignment to a frozen attribute, and an ignore that nothing needs."""
    file = tmp_path / "wrong.py"
    file.write_text(WRONG, encoding="utf-8")
    result = check(checker, file)
    assert result.returncode == 1, result.stdout + result.stderr
    for number in (5, 6, 7, 8):
        assert f"wrong.py:{number}:" in result.stdout, result.stdout
