"""Many waits at once: ``python -m tests.faults.waits`` prints what they cost."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from tests.support.process import ROOT

MAX_GROWTH = 40.0
"""MiB that 5,000 waits may cost."""


@pytest.mark.slow
def test_5000_waits_cost_little() -> None:
    """Memory for what each remembers, and no task beside the callers' own."""
    command = [sys.executable, "-m", "tests.faults.waits"]
    # In development mode, asyncio keeps a stack for each task and timer.
    environment = os.environ | {"PYTHONDEVMODE": ""}
    ran = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True)
    found = json.loads(ran.stdout)
    assert found["waits"] == 5000
    assert found["polls"] >= 2 * found["waits"]
    assert found["peak_growth_mib"] <= MAX_GROWTH
    assert found["tasks_of_their_own"] == 0
