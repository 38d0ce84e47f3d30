"""The subcommands ``wait``, ``watch``, ``recording`` and ``demo``."""

from __future__ import annotations

import asyncio
import json
import os
import re
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from tests.unit.cli.terminal import HOSTILE, Pipe, Terminal, assert_harmless, render

from puretalk_client._cli import main
from puretalk_client._cli.progress import Tally
from puretalk_client.testing import (
    EXAMPLE_CALL_ID,
    SAMPLE_CALL_ID,
    Fault,
    Sandbox,
    running_server,
    sample_call,
    virtual_time,
)

Capture = pytest.CaptureFixture[str]
FAST = ["--max-interval", "0.01"]


class TestWait:
    def test_prints_the_call(self, sandbox: Sandbox, capsys: Capture) -> None:
        """The call is printed once it is over and analysed, like one that ``get`` fetches."""
        sandbox.add_lifecycle(sample_call(call_id="c-1"))
        assert main(["wait", "c-1", *FAST]) == 0
        assert capsys.readouterr() == (render(sample_call(call_id="c-1")), "")
        assert len(sandbox.requests) == 5

    def test_formats(self, sandbox: Sandbox, capsys: Capture) -> None:
        """The formats are those of ``get``."""
        assert main(["wait", EXAMPLE_CALL_ID, "--fields", "call_id,status"]) == 0
        assert capsys.readouterr().out == f"call_id,status\n{EXAMPLE_CALL_ID},completed\n"

    def test_time_is_up(self, sandbox: Sandbox, capsys: Capture) -> None:
        """The exit code is 5, and nothing of the call is printed."""
        sandbox.add_lifecycle(sample_call(call_id="c-1"), ["in progress"] * 10_000)
        assert main(["wait", "c-1", "--json", "--timeout", "0.1", *FAST]) == 5
        out, err = capsys.readouterr()
        assert out == ""
        assert json.loads(err)["error"]["type"] == "WaitTimeoutError"

    def test_not_found(self, sandbox: Sandbox) -> None:
        """An id without a call is not waited for."""
        assert main(["wait", "no-such"]) == 3


class TestWatch:
    def test_lines(self, sandbox: Sandbox, capsys: Capture) -> None:
        """Without a terminal, each state is a line."""
        sandbox.add_lifecycle(sample_call(call_id="c-1"))
        assert main(["watch", "c-1", *FAST]) == 0
        assert capsys.readouterr() == (
            "c-1  queued, 0 turns\n"
            "c-1  ringing, 0 turns\n"
            "c-1  in-progress, 20 turns\n"
            "c-1  completed, 40 turns\n"
            "c-1  completed, 40 turns, analysis, recording\n",
            "",
        )

    def test_json(self, sandbox: Sandbox, capsys: Capture) -> None:
        """--jsonl prints each state as JSON."""
        sandbox.add_lifecycle(sample_call(call_id="c-1"))
        assert main(["watch", "c-1", "--jsonl", *FAST]) == 0
        states = [json.loads(line)["status"] for line in capsys.readouterr().out.splitlines()]
        assert states == ["queued", "ringing", "in-progress", "completed", "completed"]

    def test_terminal(self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        """On a terminal, the call is shown in place; in the end the page of ``get`` stays, and the cursor is back."""
        sandbox.add_lifecycle(sample_call(call_id="c-1"))
        monkeypatch.setenv("NO_COLOR", "1")
        terminal = Terminal()
        monkeypatch.setattr(sys, "stdout", terminal)
        assert main(["watch", "c-1", *FAST]) == 0
        written = terminal.written.decode()
        assert written.count("\x1b[?25l") == written.count("\x1b[?25h") == 1
        last = re.split(r"\x1b\[[0-9?]*[A-Za-z]", written)[-1]
        assert [line.rstrip() for line in last.strip().splitlines()] == render(sample_call(call_id="c-1")).splitlines()

    def test_dumb_terminal(self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        """TERM=dumb gets lines."""
        monkeypatch.setenv("TERM", "dumb")
        terminal = Terminal()
        monkeypatch.setattr(sys, "stdout", terminal)
        assert main(["watch", EXAMPLE_CALL_ID]) == 0
        assert terminal.written.decode() == f"{EXAMPLE_CALL_ID}  completed, 1 turn, analysis, recording\n"

    def test_hostile_call(self, sandbox: Sandbox, capsys: Capture) -> None:
        """A state of hostile text is one harmless line."""
        sandbox.add_call({"call_id": "c-1", "status": HOSTILE})
        assert main(["watch", "c-1", "--timeout", "1", "--max-interval", "1"]) == 5
        out, err = capsys.readouterr()
        assert out.count("\n") == 1
        assert_harmless(out + err)


class TestRecording:
    @pytest.fixture
    def url(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
        """The base URL of a sandbox with a recording."""
        sandbox = Sandbox()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            is_recording = scope["path"] == "/recording.wav"
            await (Response(b"RIFF\n", media_type="audio/wav") if is_recording else sandbox)(scope, receive, send)

        with running_server(app) as base_url:
            sandbox.add_call(sample_call(call_recording_url=base_url.removesuffix("/api") + "/recording.wav"))
            monkeypatch.setenv("PURETALK_BASE_URL", base_url)
            monkeypatch.setenv("PURETALK_API_KEY", sandbox.api_key)
            yield base_url

    def test_file(self, url: str, tmp_path: Path, capsys: Capture) -> None:
        """The recording is a file that only its owner can read."""
        file = tmp_path / "call.wav"
        assert main(["recording", SAMPLE_CALL_ID, "-o", str(file)]) == 0
        assert file.read_bytes() == b"RIFF\n"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600 or os.name == "nt"
        assert capsys.readouterr() == ("", "puretalk: 5 bytes\n")

    def test_standard_output(self, url: str, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
        """``-o -`` writes it to standard output."""
        assert main(["recording", SAMPLE_CALL_ID, "-o", "-"]) == 0
        assert capsysbinary.readouterr() == (b"RIFF\n", b"")

    def test_terminal(self, url: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
        """A terminal is refused."""
        monkeypatch.setattr(sys, "stdout", Terminal())
        assert main(["recording", SAMPLE_CALL_ID, "-o", "-"]) == 2
        assert "-o FILE" in capsys.readouterr().err

    def test_target_that_cannot_be_written(self, url: str, tmp_path: Path, capsys: Capture) -> None:
        """It is one line, with the name of the file and not the URL of the recording."""
        assert main(["recording", SAMPLE_CALL_ID, "-o", str(tmp_path / "none" / "call.wav")]) == 1
        err = capsys.readouterr().err
        assert err.count("\n") == 1
        assert "No such file or directory" in err
        assert "recording.wav" not in err

    def test_no_recording(self, url: str, tmp_path: Path, capsys: Capture) -> None:
        """A URL that cannot be trusted is one line that does not show it, and no file."""
        assert main(["recording", EXAMPLE_CALL_ID, "-o", str(tmp_path / "x")]) == 1
        err = capsys.readouterr().err
        assert err.count("\n") == 1
        assert "1234567890" not in err
        assert list(tmp_path.iterdir()) == []


class TestDemo:
    def test_sample_call(self, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
        """``puretalk demo`` ignores the settings and proxies of the environment, and names its sandbox."""
        monkeypatch.setenv("PURETALK_BASE_URL", "https://nowhere.test")
        monkeypatch.setenv("PURETALK_API_KEY", "another-key")
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
        assert main(["demo"]) == 0
        out, err = capsys.readouterr()
        assert out.startswith(render(sample_call()))
        assert re.search(r"\nThis call came from the sandbox, .* at http://127\.0\.0\.1:\d+/api\.\n$", out)
        assert err == ""

    @pytest.mark.parametrize("command", ["demo", "sandbox"])
    def test_missing_extra(self, command: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
        """Without starlette and uvicorn, one line on stderr names the extra."""
        for name in [name for name in sys.modules if name.startswith("puretalk_client.testing")]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "starlette", None)
        monkeypatch.setitem(sys.modules, "uvicorn", None)
        assert main([command]) == 2
        err = capsys.readouterr().err
        assert "install puretalk-client with the extra 'testing'" in err
        assert err.count("\n") == 1


class TestProgress:
    def test_bar(self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        """On a terminal, a bar counts calls and failures; errors are above it, and it is removed in the end."""
        terminal, pipe = Terminal(), Pipe()
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setattr(sys, "stdout", pipe)
        monkeypatch.setenv("NO_COLOR", "1")
        assert main(["get", "--fields", "call_id", EXAMPLE_CALL_ID, f"no{HOSTILE[:20]}", SAMPLE_CALL_ID]) == 6
        written = terminal.written.decode()
        assert "3 of 3 calls" in written
        assert "0 s left, 1 failed" in written
        assert written.count("\x1b[?25l") == written.count("\x1b[?25h") == 1
        assert_harmless(re.sub(r"\x1b\[[0-9?]*[A-Za-z]|\r", "", written))
        assert pipe.written.decode() == f"call_id\n{EXAMPLE_CALL_ID}\n{SAMPLE_CALL_ID}\n"

    def test_no_bar_between_calls(self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
        """Where calls are printed on the terminal, there is no bar."""
        monkeypatch.setattr(sys, "stdout", Terminal())
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
        assert main(["get", EXAMPLE_CALL_ID, SAMPLE_CALL_ID]) == 0
        assert capsys.readouterr().err == ""

    def test_one_terminal(self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        """A command that prints nothing meanwhile shows its progress also where both streams are one terminal."""
        terminal = Terminal()
        monkeypatch.setattr(sys, "stdout", terminal)
        monkeypatch.setattr(sys, "stderr", terminal)
        assert main(["wait", SAMPLE_CALL_ID, "--json"]) == 0
        assert f"{SAMPLE_CALL_ID}: completed, 40 turns" in terminal.written.decode().partition("{")[0]

    def test_watch(self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
        """``watch`` into a pipe says on stderr what it waits for."""
        monkeypatch.setattr("puretalk_client._cli.progress.INTERVAL", 0.05)
        sandbox.fail_next(Fault(delay=0.5))
        assert main(["watch", SAMPLE_CALL_ID, "--jsonl"]) == 0
        out, err = capsys.readouterr()
        assert out.count("\n") == 1
        assert f"puretalk: {SAMPLE_CALL_ID}: not seen yet, 0 s\n" in err

    @virtual_time()
    async def test_time_left(self) -> None:
        """The line has the rate and the time left, or says that it is unknown; an earlier run counts as done."""
        assert Tally(None).describe() == "0 calls, 0.0/s, time left unknown"
        assert Tally(10**7).describe() == "0 of 10,000,000 calls, 0.0/s"
        tally = Tally(10**7, before=10**6)
        await asyncio.sleep(100)
        tally.done, tally.failed = 50_000, 3
        assert tally.describe() == "1,050,000 of 10,000,000 calls, 500/s, 4 h 58 min left, 3 failed"
        assert tally.fraction() == 0.105
        tally.done = 9 * 10**6 - 100 * 61
        assert tally.describe().split(", ")[2] == "0 s left"
        tally = Tally(100)
        await asyncio.sleep(60)
        tally.done = 40
        assert tally.describe() == "40 of 100 calls, 0.7/s, 1 min 30 s left"
        tally.done = 200  # a list that grows
        assert tally.describe() == "200 of 100 calls, 3.3/s, 0 s left"

    def test_lines(self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
        """Without a terminal, a line comes at every interval."""
        monkeypatch.setattr("puretalk_client._cli.progress.INTERVAL", 0.05)
        sandbox.fail_next(Fault(delay=0.5, call_id=SAMPLE_CALL_ID))
        assert main(["get", "--jsonl", EXAMPLE_CALL_ID, SAMPLE_CALL_ID]) == 0
        err = capsys.readouterr().err
        assert re.search(r"^puretalk: 1 of 2 calls, [\d.]+/s, \d+ s left$", err, re.MULTILINE)
        assert main(["wait", SAMPLE_CALL_ID]) == 0
