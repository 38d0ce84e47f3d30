"""The subcommand ``drift``."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from tests.unit.cli.terminal import HOSTILE, assert_harmless

from puretalk_client import drift
from puretalk_client._cli import main
from puretalk_client.testing import example_call, sample_call


def test_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``puretalk drift`` counts the differences over all files, prints no value, and exits with 1."""
    lines, array = tmp_path / "calls.jsonl", tmp_path / "calls.json"
    turns = [{"mood": "CANARY"}, {"mood": "CANARY", "role": 5}]
    calls = [
        {"call_id": "c-1", "status": "CANARY"},
        {"results": {"transcript_object": turns}},
        sample_call(),
    ]
    lines.write_text("\n".join(map(json.dumps, calls)), encoding="utf-8")
    array.write_text(json.dumps([{"sentiment": "CANARY", "+15550142": 1}], indent=2), encoding="utf-8")
    assert main(["drift", str(lines), str(array)]) == 1
    out, err = capsys.readouterr()
    assert err == ""
    assert (
        out
        == """\
PATH                                 DRIFT          ACTUAL  TIMES  RESPONSES  EXPECTED
$.results.sentiment                  unknown value  string  1      1          'n/a' | 'negative' | 'neutral' | \
'positive' | None
$.results.status                     unknown value  string  1      1          CallStatus
$.results.transcript_object[*].mood  unknown field  string  2      1          nothing
$.results.transcript_object[*].role  wrong type     number  1      1          str | None
$.results[*]                         unknown field  number  1      1          nothing
4 responses, 6 mismatches at 5 paths
"""
    )


def test_without_drift(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The sandbox's calls match the spec: one line, and exit code 0."""
    file = tmp_path / "calls.json"
    file.write_text(json.dumps([sample_call(), {"results": example_call()}]), encoding="utf-8")
    assert main(["drift", str(file)]) == 0
    assert capsys.readouterr() == ("2 responses, 0 mismatches\n", "")


@pytest.mark.parametrize("option", [[], ["--json"]])
def test_unreadable_input(
    option: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Invalid lines and missing files are lines on stderr, with --json one object, and the exit code is 2."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"call_id":"c","new":1}\n{CANARY\n')))
    hostile = HOSTILE.replace("\0", "")  # arguments cannot contain NUL
    assert main(["drift", "-", f"nowhere{hostile}\n", *option]) == 2
    out, err = capsys.readouterr()
    assert "$.results.new" in out
    assert "CANARY" not in out + err
    assert_harmless(out + err)
    if option:
        assert len(json.loads(out)["unreadable"]) == 2
        assert json.loads(err)["error"] == {
            "type": "UnreadableError",
            "message": "standard input, line 2: not JSON; 1 more could not be read",
            "exit_code": 2,
        }
        return
    first, second = err.splitlines()
    assert first == "puretalk: standard input, line 2: not JSON"
    assert second.startswith("puretalk: nowhere")


def test_closed_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A closed standard input is one line."""
    monkeypatch.setattr(sys, "stdin", None)
    assert main(["drift", "-"]) == 2
    assert capsys.readouterr() == ("0 responses, 0 mismatches\n", "puretalk: standard input: closed\n")


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--json prints the complete report."""
    file = tmp_path / "call.json"
    file.write_text('{"call_id":"c","sentiment":"CANARY"}', encoding="utf-8")
    assert main(["drift", "--json", str(file)]) == 1
    assert json.loads(capsys.readouterr().out) == {
        "responses": 1,
        "drifts": [
            {
                "kind": "unknown value",
                "path": "$.results.sentiment",
                "expected": "'n/a' | 'negative' | 'neutral' | 'positive' | None",
                "actual": "string",
                "occurrences": 1,
                "responses": 1,
            }
        ],
        "unreadable": [],
        "unreadable_count": 0,
        "complete": True,
    }


def test_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The output says when it omits drifts and unreadable lines."""
    monkeypatch.setattr(drift, "MAX_DRIFTS", 2)
    file = tmp_path / "calls.jsonl"
    file.write_text('{"call_id":"c","a":1,"b":1,"c":1}\n' + "{\n" * 200, encoding="utf-8")
    assert main(["drift", str(file)]) == 2
    out, err = capsys.readouterr()
    summary = "1 response, 2 mismatches at 2 paths; mismatches at further paths are not listed"
    assert out.splitlines()[-1] == summary
    assert len(err.splitlines()) == 101
    assert err.splitlines()[-1] == "puretalk: 100 more could not be read"
