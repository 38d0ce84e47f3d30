"""``puretalk`` as a process: closed pipes, full disks, Ctrl-C, and the modules that it imports."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.cli.terminal import render

from puretalk_client.testing import SAMPLE_CALL_ID, Fault, Sandbox, sample_call

PURETALK = [sys.executable, "-m", "puretalk_client"]
FULL = Path("/dev/full")


def run(
    arguments: list[str], environment: dict[str, str], *, stdout: int = subprocess.PIPE
) -> subprocess.CompletedProcess[bytes]:
    """Run the command to its end."""
    return subprocess.run([*PURETALK, *arguments], stdout=stdout, stderr=subprocess.PIPE, env=environment, check=False)


def test_process(environment: dict[str, str]) -> None:
    """``python -m puretalk_client`` prints the call on stdout, and nothing on stderr."""
    done = run(["get", SAMPLE_CALL_ID], environment)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode() == render(sample_call())


@pytest.mark.parametrize(
    "arguments",
    [
        ["get", "--jsonl", SAMPLE_CALL_ID, SAMPLE_CALL_ID],
        ["--help"],
        ["get", "--help"],
        ["watch", SAMPLE_CALL_ID],
        ["drift", __file__],
        ["sandbox"],
        ["completion", "zsh"],
    ],
)
def test_closed_pipe(arguments: list[str], environment: dict[str, str]) -> None:
    """``puretalk ... | head`` prints no traceback when head exits first."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = run(arguments, environment, stdout=writing)
    finally:
        os.close(writing)
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert done.stderr.count(b"\n") == (arguments[0] == "drift")  # this file is not a response


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("arguments", [["get", SAMPLE_CALL_ID], ["get", "--raw", SAMPLE_CALL_ID], ["get", "--help"]])
def test_full_disk(arguments: list[str], environment: dict[str, str]) -> None:
    """A full disk is one line on stderr."""
    with FULL.open("wb") as full:
        done = run(arguments, environment, stdout=full.fileno())
    assert done.returncode == 1
    assert done.stderr == b"puretalk: Could not write to standard output: No space left on device\n"


CLOSED = b"puretalk: Could not write to standard output: it is closed\n"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
@pytest.mark.parametrize(
    ("arguments", "redirection", "code", "error"),
    [
        (["get", "--help"], ">&-", 1, CLOSED),
        (["recording", SAMPLE_CALL_ID, "-o", "-"], ">&-", 1, CLOSED),
        (["demo"], ">&-", 1, CLOSED),
        (["drift", "-"], "<&-", 2, b"puretalk: standard input: closed\n"),
        (["get", "-"], "<&-", 2, b"puretalk: Standard input is closed\n"),
        (["export", "-", "-o", "x"], "<&-", 2, b"puretalk: Standard input is closed\n"),
        (["get", "no-such"], "2>&-", 3, b""),
        (["get", "no-such"], "2>/dev/full", 3, b""),
    ],
)
def test_closed_streams_of_commands(
    arguments: list[str], redirection: str, code: int, error: bytes, environment: dict[str, str], tmp_path: Path
) -> None:
    """Whatever stream is closed or full, there is one line at most, and the exit code is right."""
    done = subprocess.run(
        ["sh", "-c", f'"$@" {redirection}', "sh", *PURETALK, *arguments],
        capture_output=True,
        env=environment,
        cwd=tmp_path,
        check=False,
    )
    assert (done.returncode, done.stderr) == (code, error)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
@pytest.mark.parametrize(
    ("redirection", "error"),
    [(">&-", b"puretalk: Could not write to standard output: it is closed\n"), (">&- 2>&-", b"")],
)
def test_closed_streams(redirection: str, error: bytes, environment: dict[str, str]) -> None:
    """A closed standard output is one line on stderr, if that is open."""
    command = f'"$@" {redirection}'
    done = subprocess.run(
        ["sh", "-c", command, "sh", *PURETALK, "get", "--json", SAMPLE_CALL_ID],
        capture_output=True,
        env=environment,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", error)


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
class TestInterrupt:
    def test_while_fetching(self, sandbox: Sandbox, environment: dict[str, str]) -> None:
        """Ctrl-C during a request exits with 130 and prints nothing."""
        sandbox.fail_next(Fault(delay=60))
        process = subprocess.Popen(
            [*PURETALK, "get", "--jsonl", SAMPLE_CALL_ID, "x"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
        )
        assert process.stdout is not None
        while not sandbox.requests:
            pass
        process.send_signal(signal.SIGINT)
        assert (*process.communicate(), process.returncode) == (b"", b"", 130)

    def test_while_reading_ids(self, environment: dict[str, str]) -> None:
        """Ctrl-C ends a command that waits for ids."""
        process = subprocess.Popen(
            [*PURETALK, "get", "--fields", "call_id", "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"call_id\n"  # it reads from now on
        process.send_signal(signal.SIGINT)
        assert (process.wait(), process.communicate()) == (130, (b"", b""))

    def test_while_importing(self, environment: dict[str, str], tmp_path: Path) -> None:
        """Ctrl-C in the first moments prints no traceback, even where a module makes another error of it."""
        # A module of this name is the first that the command imports beside its own.
        (tmp_path / "cyclopts.py").write_text(
            "import os, signal, time\n"
            "try:\n    os.kill(os.getpid(), signal.SIGINT)\n    time.sleep(60)\n"
            "except KeyboardInterrupt:\n    raise ImportError('half imported')\n"
        )
        search = os.pathsep.join([str(tmp_path), environment["PYTHONPATH"]])
        done = run(["get", "x"], environment | {"PYTHONPATH": search})
        assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")

    def test_sandbox(self, environment: dict[str, str]) -> None:
        """``puretalk sandbox`` prints two variables under which another command works, until Ctrl-C."""
        process = subprocess.Popen(
            [*PURETALK, "sandbox"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
        )
        assert process.stdout is not None
        lines = [process.stdout.readline().decode().strip() for _ in range(2)]
        variables = dict(line.removeprefix("export ").split("=", 1) for line in lines)
        assert sorted(variables) == ["PURETALK_API_KEY", "PURETALK_BASE_URL"]
        done = run(["get", "--fields", "call_id", SAMPLE_CALL_ID], environment | variables)
        process.send_signal(signal.SIGINT)
        assert (process.wait(), process.communicate()) == (0, (b"", b""))
        assert done.stdout.decode() == f"call_id\n{SAMPLE_CALL_ID}\n"


# With click beside it, httpx imports rich for its own command, even where nothing is rendered.
HEAVY = {"cyclopts", "rich", "rich.table", "httpx", "attrs", "msgspec", "asyncio", "argparse", "json"}
LIVE = {"puretalk_client._cli.live_call", "puretalk_client._cli.live_progress"}
SERVER = {"starlette", "uvicorn", "puretalk_client.testing"}


@pytest.mark.parametrize(
    ("arguments", "absent"),
    [
        (["--help"], HEAVY | SERVER),
        (["--version"], HEAVY | SERVER),
        (["completion", "bash"], {"puretalk_client._client", "asyncio", "puretalk_client._cli.page"} | SERVER),
        (["get", "--help"], {"puretalk_client._client", "asyncio"} | SERVER),
        (["get", "--json", SAMPLE_CALL_ID], {"puretalk_client._cli.page", "aiohttp", "argparse", "pydantic"} | SERVER),
        (
            ["get", SAMPLE_CALL_ID],
            {"puretalk_client.drift", "aiohttp", "pyarrow", "puretalk_client._cli.live_progress"} | SERVER,
        ),
        (["drift", "/dev/null"], {"puretalk_client._client", "puretalk_client._cli.page", "rich.table"} | SERVER),
        (["wait", "--json", SAMPLE_CALL_ID], {"puretalk_client._cli.page", "puretalk_client.drift", *LIVE} | SERVER),
        (["watch", SAMPLE_CALL_ID], {"puretalk_client._cli.page", "puretalk_client.export", *LIVE} | SERVER),
        (["recording", SAMPLE_CALL_ID, "-o", "x"], {"puretalk_client._cli.page", "puretalk_client.export"} | SERVER),
        (["export", "/dev/null", "-o", "."], {"puretalk_client._cli.page", "pandas", "polars", *LIVE} | SERVER),
    ],
)
def test_imports(arguments: list[str], absent: set[str], environment: dict[str, str], tmp_path: Path) -> None:
    """No command imports what it does not need."""
    code = (
        "import sys; from puretalk_client._cli import main; main(sys.argv[1:]); "
        "print(*sys.modules, file=sys.stderr, sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code, *arguments], capture_output=True, env=environment, cwd=tmp_path, check=True
    )
    assert absent.isdisjoint(done.stderr.decode().split()), absent & set(done.stderr.decode().split())
