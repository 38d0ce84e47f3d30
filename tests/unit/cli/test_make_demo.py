"""``make demo CALL=...``: neither make nor a shell reads the id."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.docs.markdown import ROOT

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


@pytest.mark.parametrize(
    "call_id",
    [
        "42",
        "-x",
        "a b",
        "'; touch pwned; '",
        '"$(touch pwned)`touch pwned`',
        "$(shell touch pwned)",
        "$$HOME#",
        "a\\'b",
    ],
)
@pytest.mark.parametrize("source", ["argument", "environment"])
def test_id(call_id: str, source: str, tmp_path: Path) -> None:
    """The command gets exactly the id, from the command line of make or from the environment."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "demo.txt").touch()
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\nprintf "<%s>" "$@"\n')
    python.chmod(0o700)
    (tmp_path / "venv" / ".installed").touch()
    given = f"CALL={call_id}"
    done = subprocess.run(
        ["make", "-s", "demo", "DEMO=venv", *([given] if source == "argument" else [])],
        cwd=tmp_path,
        env=os.environ | ({"CALL": call_id} if source == "environment" else {}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"<-m><puretalk_client><get><--><{call_id}>"
    assert not (tmp_path / "pwned").exists()
