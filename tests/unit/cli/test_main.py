"""The command ``puretalk``: arguments, error messages, exit codes, and the process."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest
from tests.unit.cli.terminal import HOSTILE, assert_harmless

from puretalk_client import PuretalkError
from puretalk_client._cli import commands, main
from puretalk_client.testing import SAMPLE_CALL_ID, Fault, Sandbox


def run_demo(*, stdout: int) -> subprocess.CompletedProcess[bytes]:
    """Run ``puretalk demo`` in a process of its own, with ASCII output."""
    code = "import sys; from puretalk_client._cli import main; sys.exit(main(['demo']))"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONIOENCODING": "ascii"}
    # Warnings as in the development mode, but not its messages of asyncio about steps that a busy machine makes slow.
    environment = environment | {"PYTHONDEVMODE": "", "PYTHONWARNINGS": "default"}
    return subprocess.run(
        [sys.executable, "-c", code], stdout=stdout, stderr=subprocess.PIPE, env=environment, check=False
    )


def test_process() -> None:
    """The demo as people run it: exit code 0, text on stdout, nothing on stderr."""
    done = run_demo(stdout=subprocess.PIPE)
    assert done.stderr == b""
    assert done.returncode == 0
    assert done.stdout.startswith(f"Call {SAMPLE_CALL_ID}".encode())


def test_closed_pipe() -> None:
    """``puretalk demo | head`` prints no traceback when head exits first."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = run_demo(stdout=writing)
    finally:
        os.close(writing)
    assert done.returncode == 1
    assert done.stderr == b""


def test_interrupt(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C exits with 130 and prints nothing."""

    def interrupt(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "get", interrupt)
    assert main(["get", SAMPLE_CALL_ID]) == 130
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("arguments", [[], ["get"], ["put", "x"], ["get", "a", "b"], ["demo", "x"], ["drift"]])
def test_wrong_arguments(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong arguments exit with 2 and print the usage on stderr."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: puretalk" in capsys.readouterr().err


def test_api_error(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown id exits with 1 and prints one line on stderr, without a traceback."""
    assert main(["get", "no-such-call"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"puretalk: .*404.*: Call not found \(GET /calls/no-such-call, 1 attempt, .*\)\n", err)


def test_error_with_hostile_text(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """Control characters and line breaks in the server's message are not printed."""
    body = json.dumps({"err": True, "msg": "bad\nnews" + HOSTILE}).encode()
    sandbox.fail_next(Fault(status=404, headers={"content-type": "application/json"}, body=body))
    assert main(["get", SAMPLE_CALL_ID]) == 1
    err = capsys.readouterr().err
    assert "bad" in err
    assert err.count("\n") == 1
    assert_harmless(err)


def test_any_error_is_one_harmless_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The command does not rely on what the client has removed from a message."""

    def fail(_: object) -> int:
        raise PuretalkError("bad\nnews" + HOSTILE)

    monkeypatch.setattr(commands, "get", fail)
    assert main(["get", SAMPLE_CALL_ID]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert_harmless(err)


def test_invalid_call_id(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """An id that cannot be sent exits with 1, and no request is sent."""
    assert main(["get", ".."]) == 1
    assert capsys.readouterr().err.startswith("puretalk: ")
    assert sandbox.requests == []


def test_missing_key(capsys: pytest.CaptureFixture[str]) -> None:
    """Without an API key, the exit code is 2 and the message names the variable."""
    assert main(["get", SAMPLE_CALL_ID]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "PURETALK_API_KEY" in err
    assert err.count("\n") == 1


def test_invalid_base_url(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """An invalid base URL exits with 2, and the message does not contain the key."""
    monkeypatch.setenv("PURETALK_API_KEY", "key-CANARY")
    assert main(["get", SAMPLE_CALL_ID, "--base-url", "ftp://api.test"]) == 2
    assert "CANARY" not in capsys.readouterr().err
