"""An export that SIGKILL ends goes on where it was: nothing is lost, and nothing is there twice."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.exports import parts, rows, side_ids
from tests.support.process import ROOT

KILLS = 20


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("format", ["parquet", "jsonl"])
def test_killed_at_random_points(format: str, tmp_path: Path) -> None:
    """Each result is, call by call, that of an undisturbed run; the seed is in the output of a failure."""
    seed = random.randrange(10**6)
    print("seed", seed)
    command = [sys.executable, "-m", "tests.support.killed_exports", str(tmp_path), format, str(seed), str(KILLS)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    print(*command, ran.stdout, ran.stderr, sep="\n")
    assert ran.returncode == 0
    assert ran.stdout.count("kill ") == KILLS
    undisturbed = tmp_path / "undisturbed"
    expected = rows(undisturbed)
    assert [row["call_id"] for row in expected] == sorted(f"c-{number}" for number in range(30))
    results = [Path(line) for line in ran.stdout.splitlines() if not line.startswith("kill ")]
    assert results
    for result in results:
        assert [path.name for path in parts(result)] == [path.name for path in parts(undisturbed)]
        assert rows(result) == expected
        for kind in ("failed", "pending"):
            assert side_ids(result, kind) == side_ids(undisturbed, kind)
        assert (result / "_manifest.json").read_bytes() == (undisturbed / "_manifest.json").read_bytes()
