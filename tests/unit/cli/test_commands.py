"""The subcommands ``get``, ``demo`` and ``drift``."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import sys
from pathlib import Path

import pytest
from tests.unit.cli.terminal import HOSTILE, assert_harmless, render

from puretalk_client import Call, drift
from puretalk_client._cli import main
from puretalk_client.testing import EXAMPLE_CALL_ID, SAMPLE_CALL_ID, Sandbox, example_call, sample_call
from puretalk_generated.codec import structure


class Terminal(io.TextIOWrapper):
    """A stdout that reports that it is a terminal."""

    def __init__(self, *, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding=encoding, errors="strict", newline="\n")

    def isatty(self) -> bool:
        return True

    @property
    def written(self) -> bytes:
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue()


class TestGet:
    def test_text(self, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
        """``puretalk get`` takes its settings from the environment and prints no colors into a pipe."""
        assert main(["get", SAMPLE_CALL_ID]) == 0
        out, err = capsys.readouterr()
        assert out == render(sample_call())
        assert err == ""
        assert [request.call_id for request in sandbox.requests] == [SAMPLE_CALL_ID]

    def test_base_url_option(
        self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """--base-url takes precedence over PURETALK_BASE_URL."""
        base_url = os.environ["PURETALK_BASE_URL"]
        monkeypatch.setenv("PURETALK_BASE_URL", "https://nowhere.test")
        assert main(["get", EXAMPLE_CALL_ID, "--base-url", base_url]) == 0
        assert capsys.readouterr().out.startswith(f"Call {EXAMPLE_CALL_ID}")

    def test_json(self, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
        """--json prints ASCII JSON with the API's names and every digit of a long integer."""
        assert main(["get", "--json", SAMPLE_CALL_ID]) == 0
        out = capsys.readouterr().out
        assert out.isascii()
        sent, printed = sample_call(), json.loads(out)
        assert structure(printed, Call) == structure(sent, Call)
        assert printed["call_analysis"] == sent["call_analysis"]
        assert printed["status"] == "completed"
        assert printed["start_time"] == sent["start_time"]

    def test_json_with_mismatches(self, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
        """--json prints values that do not match the spec as received, with control characters escaped."""
        values = {"call_id": "c-1", "status": HOSTILE, "start_time": HOSTILE, "transcript_object": HOSTILE}
        sandbox.add_call(example_call(**values))
        assert main(["get", "--json", "c-1"]) == 0
        out = capsys.readouterr().out
        assert_harmless(out)
        assert values.items() <= json.loads(out).items()

    @pytest.mark.parametrize(("no_color", "expected"), [(None, True), ("", True), ("1", False), ("0", False)])
    def test_color(
        self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, no_color: str | None, expected: bool
    ) -> None:
        """A terminal gets colors unless NO_COLOR is set and not empty."""
        if no_color is not None:
            monkeypatch.setenv("NO_COLOR", no_color)
        terminal = Terminal()
        monkeypatch.setattr(sys, "stdout", terminal)
        assert main(["get", SAMPLE_CALL_ID]) == 0
        assert (b"\x1b[" in terminal.written) is expected

    @pytest.mark.parametrize(("terminal", "widest"), [(50, 50), (1000, 100)])
    def test_width(
        self,
        sandbox: Sandbox,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        terminal: int,
        widest: int,
    ) -> None:
        """Lines fill the terminal, up to 100 columns."""
        monkeypatch.setattr(shutil, "get_terminal_size", lambda: os.terminal_size((terminal, 24)))
        assert main(["get", SAMPLE_CALL_ID]) == 0
        assert max(map(len, capsys.readouterr().out.splitlines())) == widest

    @pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
    def test_encoding(self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
        """Characters that the encoding of stdout lacks are printed as question marks."""
        words = "caf\u00e9 \u4f60\u597d"
        sandbox.add_call(example_call(call_id="c-1", transcript_object=[{"role": "user", "content": words}]))
        terminal = Terminal(encoding=encoding)
        monkeypatch.setattr(sys, "stdout", terminal)
        assert main(["get", "c-1"]) == 0
        assert words.encode(encoding, "replace") in terminal.written


class TestDemo:
    def test_sample_call(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
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

    def test_missing_extra(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        """Without starlette and uvicorn, one line on stderr names the extra."""
        for name in [name for name in sys.modules if name.startswith("puretalk_client.testing")]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "starlette", None)
        monkeypatch.setitem(sys.modules, "uvicorn", None)
        assert main(["demo"]) == 2
        err = capsys.readouterr().err
        assert "puretalk-client[testing]" in err
        assert err.count("\n") == 1


class TestDrift:
    def test_table(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
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

    def test_without_drift(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """The sandbox's calls match the spec: one line, and exit code 0."""
        file = tmp_path / "calls.json"
        file.write_text(json.dumps([sample_call(), {"results": example_call()}]), encoding="utf-8")
        assert main(["drift", str(file)]) == 0
        assert capsys.readouterr() == ("2 responses, 0 mismatches\n", "")

    @pytest.mark.parametrize("option", [[], ["--json"]])
    def test_unreadable_input(
        self, option: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Invalid lines and missing files are named on stderr, one line each, and the exit code is 2."""
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"call_id":"c","new":1}\n{CANARY\n')))
        hostile = HOSTILE.replace("\0", "")  # arguments cannot contain NUL
        assert main(["drift", "-", f"nowhere{hostile}\n", *option]) == 2
        out, err = capsys.readouterr()
        assert "$.results.new" in out
        assert "CANARY" not in out + err
        first, second = err.splitlines()
        assert first == "puretalk: standard input, line 2: not JSON"
        assert second.startswith("puretalk: nowhere")
        assert_harmless(out + err)

    def test_json(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
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

    def test_limits(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
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
