"""``puretalk recording`` and the recordings of a sandbox, over a socket."""

from __future__ import annotations

import os
import subprocess
import sys
import wave
from pathlib import Path

import pytest

from puretalk_client.testing import EXAMPLE_CALL_ID, SAMPLE_CALL_ID, Sandbox, running_server

PURETALK = [sys.executable, "-m", "puretalk_client"]


def frames_of(path: Path) -> int:
    """Return how many frames a WAV file has."""
    with wave.open(str(path)) as file:
        count: int = file.getnframes()
    return count


def test_recording(tmp_path: Path) -> None:
    """``puretalk recording`` downloads from a sandbox on loopback."""
    sandbox, target = Sandbox(), tmp_path / "call.wav"
    sandbox.add_recording(SAMPLE_CALL_ID, seconds=1)
    with running_server(sandbox) as url:
        environment = {**os.environ, "PYTHONDEVMODE": "", "PURETALK_BASE_URL": url, "PURETALK_API_KEY": sandbox.api_key}
        done = subprocess.run(
            [*PURETALK, "recording", SAMPLE_CALL_ID, "-o", str(target)],
            env=environment,
            capture_output=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, b"puretalk: 16,044 bytes\n")
    assert frames_of(target) == 8000


@pytest.mark.parametrize("call_id", [SAMPLE_CALL_ID, EXAMPLE_CALL_ID])
def test_sandbox(call_id: str, tmp_path: Path) -> None:
    """``puretalk sandbox`` has a recording of both of its calls."""
    target = tmp_path / "call.wav"
    process = subprocess.Popen(
        [*PURETALK, "sandbox"], stdout=subprocess.PIPE, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    )
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline().decode().removeprefix("export ").strip() for _ in range(2)]
        environment = os.environ | dict(line.split("=", 1) for line in lines)
        command = [*PURETALK, "recording", call_id, "-o", str(target)]
        done = subprocess.run(command, env=environment, capture_output=True, check=False)
    finally:
        process.kill()
        process.communicate()
    assert done.returncode == 0, done.stderr
    assert frames_of(target) == 24_000
