"""The subcommand ``export``."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.cli.terminal import Terminal

from puretalk_client._cli import main
from puretalk_client.testing import EXAMPLE_CALL_ID, SAMPLE_CALL_ID, Sandbox

Capture = pytest.CaptureFixture[str]


def stored(folder: Path) -> list[dict[str, object]]:
    """Return the calls in the files of a folder."""
    return [json.loads(line) for file in sorted(folder.glob("part-*.jsonl")) for line in file.read_text().splitlines()]


def test_export(sandbox: Sandbox, tmp_path: Path, capsys: Capture) -> None:
    """Calls are in files, a failure leads to exit code 6, and --retry-failed takes it up."""
    ids, folder = tmp_path / "ids.txt", tmp_path / "calls"
    ids.write_text(f"\ufeff# ids\r\n{SAMPLE_CALL_ID}\r\nlater\r\n", encoding="utf-8")
    command = ["export", "-o", str(folder), "--format", "jsonl"]
    assert main([*command, str(ids)]) == 6
    assert [call["call_id"] for call in stored(folder)] == [SAMPLE_CALL_ID]
    sandbox.add_call({"call_id": "later", "status": "completed"})
    assert main([*command, "--retry-failed"]) == 0
    assert {call["call_id"] for call in stored(folder)} == {SAMPLE_CALL_ID, "later"}
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[0] == "puretalk: 1 calls stored, 1 failed, 0 not over"


def test_folder_with_a_run(sandbox: Sandbox, tmp_path: Path, stdin: Callable[[bytes], None], capsys: Capture) -> None:
    """A folder that holds a run is refused without --resume or --overwrite."""
    command = ["export", "-", "-o", str(tmp_path / "calls"), "--format", "jsonl"]
    for options, code in (([], 0), ([], 1), (["--resume"], 0), (["--overwrite"], 0)):
        stdin(f"{EXAMPLE_CALL_ID}\n".encode())
        assert main([*command, *options]) == code
    assert len(sandbox.requests) == 2
    assert capsys.readouterr().err.count("\n") == 4


def test_redaction(sandbox: Sandbox, tmp_path: Path, stdin: Callable[[bytes], None]) -> None:
    """--redact knows what people say and how they are reached; --fields chooses the columns."""
    stdin(f"{SAMPLE_CALL_ID}\n".encode())
    options = ["--fields", "call_id,transcript,from_number,status", "--redact", "speech,contacts"]
    assert main(["export", "-", "-o", str(tmp_path / "calls"), "--format", "jsonl", *options]) == 0
    (call,) = stored(tmp_path / "calls")
    assert {name for name, value in call.items() if value is not None} == {"call_id", "status"}


def test_json(sandbox: Sandbox, tmp_path: Path, stdin: Callable[[bytes], None], capsys: Capture) -> None:
    """--json prints the counts, and an error as one object."""
    command = ["export", "-", "-o", str(tmp_path / "calls"), "--format", "jsonl", "--json"]
    stdin(f"{EXAMPLE_CALL_ID}\nno-such\n".encode())
    assert main(command) == 6
    out, err = capsys.readouterr()
    assert (json.loads(out), err) == ({"rows": 1, "failed": 1, "pending": 0}, "")
    stdin(b"")
    assert main(command) == 1
    out, err = capsys.readouterr()
    assert (out, json.loads(err)["error"]["type"]) == ("", "ExportError")


def test_bar(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal, a bar has the total; what an earlier run has fetched is done."""
    ids, terminal = tmp_path / "ids.txt", Terminal()
    call_ids = [sandbox.add_call({"call_id": f"c-{number}", "status": "completed"}) for number in range(4)]
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(sys, "stderr", terminal)
    command = ["export", str(ids), "-o", str(tmp_path / "calls"), "--format", "jsonl", "--rows", "2"]
    ids.write_text("\ufeff#ids\n\n" + "\r\n".join(call_ids[:2]))
    assert main(command) == 0
    assert re.search(r"2 of 2 calls, [\d,.]+/s, 0 s left", terminal.written.decode())
    ids.write_text("\n".join(call_ids))
    assert main([*command, "--resume"]) == 0
    assert re.search(r"4 of 4 calls, [\d,.]+/s, 0 s left", terminal.written.decode())


def test_line_that_is_not_an_id(sandbox: Sandbox, tmp_path: Path, capsys: Capture) -> None:
    """It is named before a request is sent, wherever it is."""
    ids = tmp_path / "ids.txt"
    ids.write_bytes(f"{EXAMPLE_CALL_ID}\n".encode() * 3 + b"\xff\n")
    assert main(["export", str(ids), "-o", str(tmp_path / "calls"), "--format", "jsonl"]) == 2
    assert capsys.readouterr().err == f"puretalk: Line 4 of {ids} is not a call id\n"
    assert sandbox.requests == []


@pytest.mark.parametrize("options", [[], ["x", "--resume", "--overwrite"], ["no-such-file"], ["x", "--fields", "y"]])
def test_options_that_cannot_be_used(options: list[str], sandbox: Sandbox, tmp_path: Path, capsys: Capture) -> None:
    """They are refused in one line, before a request is sent."""
    assert main(["export", "-o", str(tmp_path / "calls"), "--format", "jsonl", *options]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert sandbox.requests == []
