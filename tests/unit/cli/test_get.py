"""The subcommand ``get``: layouts, formats, many ids, and ids from standard input."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import sys
from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.cli.terminal import HOSTILE, Terminal, assert_harmless, render

from puretalk_client import Call
from puretalk_client._cli import main
from puretalk_client.testing import EXAMPLE_CALL_ID, SAMPLE_CALL_ID, Fault, Sandbox, example_call, sample_call
from puretalk_generated.codec import structure

Capture = pytest.CaptureFixture[str]
SetStdin = Callable[[bytes], None]


def test_text(sandbox: Sandbox, capsys: Capture) -> None:
    """``puretalk get`` takes its settings from the environment and prints no colors into a pipe."""
    assert main(["get", SAMPLE_CALL_ID]) == 0
    assert capsys.readouterr() == (render(sample_call()), "")
    assert [request.call_id for request in sandbox.requests] == [SAMPLE_CALL_ID]


def test_base_url_option(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """--base-url takes precedence over PURETALK_BASE_URL."""
    base_url = os.environ["PURETALK_BASE_URL"]
    monkeypatch.setenv("PURETALK_BASE_URL", "https://nowhere.test")
    assert main(["get", EXAMPLE_CALL_ID, "--base-url", base_url]) == 0
    assert capsys.readouterr().out.startswith(f"Call {EXAMPLE_CALL_ID}")


def test_json(sandbox: Sandbox, capsys: Capture) -> None:
    """--json prints ASCII JSON with the API's names and every digit of a long integer."""
    assert main(["get", "--json", SAMPLE_CALL_ID]) == 0
    out = capsys.readouterr().out
    assert out.isascii()
    sent, printed = sample_call(), json.loads(out)
    assert structure(printed, Call) == structure(sent, Call)
    assert printed["call_analysis"] == sent["call_analysis"]
    assert printed["status"] == "completed"


@pytest.mark.parametrize("option", ["--json", "--jsonl"])
def test_json_with_mismatches(option: str, sandbox: Sandbox, capsys: Capture) -> None:
    """JSON has values that do not match the spec as received, with control characters escaped."""
    values = {"call_id": "c-1", "status": HOSTILE, "start_time": HOSTILE, "transcript_object": HOSTILE}
    sandbox.add_call(example_call(**values))
    assert main(["get", option, "c-1"]) == 0
    out = capsys.readouterr().out
    assert_harmless(out)
    assert values.items() <= json.loads(out).items()


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, True),
        ({"NO_COLOR": ""}, True),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": "0"}, False),
        ({"TERM": "dumb"}, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_color(settings: dict[str, str], expected: bool, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal gets colors, unless NO_COLOR or TERM=dumb is set."""
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    assert main(["get", SAMPLE_CALL_ID]) == 0
    assert (b"\x1b[" in terminal.written) is expected


def test_force_color(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """FORCE_COLOR brings colors into a pipe."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert main(["get", SAMPLE_CALL_ID]) == 0
    assert "\x1b[" in capsys.readouterr().out


@pytest.mark.parametrize(("terminal", "widest"), [(10, 40), (40, 40), (50, 50), (1000, 100)])
def test_width(terminal: int, widest: int, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """Lines fill the terminal, from 40 to 100 columns."""
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: os.terminal_size((terminal, 24)))
    assert main(["get", SAMPLE_CALL_ID]) == 0
    assert widest - 8 <= max(map(len, capsys.readouterr().out.splitlines())) <= widest


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_encoding(encoding: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Characters that the encoding of stdout lacks are printed as question marks."""
    words = "caf\u00e9 \u4f60\u597d"
    sandbox.add_call(example_call(call_id="c-1", transcript_object=[{"role": "user", "content": words}]))
    terminal = Terminal(encoding=encoding)
    monkeypatch.setattr(sys, "stdout", terminal)
    assert main(["get", "c-1"]) == 0
    assert words.encode(encoding, "replace") in terminal.written


def test_raw(sandbox: Sandbox, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """--raw writes the bytes of the body, so that drift sees the fields that the models lack."""
    body = b'{"msg": "Success",\r\n "err":false, "results": {"call_id": "c-1", "new": "\xc2\x9b"}}\n'
    sandbox.fail_next(Fault(status=200, headers={"content-type": "application/json"}, body=body))
    assert main(["get", "--raw", "c-1"]) == 0
    assert capsysbinary.readouterr().out == body


def test_raw_on_a_terminal(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal, the control characters of a body are replaced."""
    sandbox.fail_next(Fault(status=200, body=f'{{"results": "{HOSTILE}"}}'.encode()))
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    assert main(["get", "--raw", "c-1"]) == 0
    assert_harmless(terminal.written.decode())


def test_raw_finds_drift(sandbox: Sandbox, stdin: SetStdin, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """``puretalk get --raw - | puretalk drift -`` finds an unknown field in one of several responses."""
    sandbox.add_call({"call_id": "c-1", "new": 1})
    body = json.dumps({"results": {"call_id": "c-2"}}, indent=2).encode()
    sandbox.fail_next(Fault(status=200, call_id="c-2", body=body))
    stdin(b"c-1\nc-2\n")
    assert main(["get", "--raw", "-"]) == 0
    out = capsysbinary.readouterr().out
    assert out.count(b"\n") == 2
    stdin(out)
    assert main(["drift", "-"]) == 1
    assert b"$.results.new" in capsysbinary.readouterr().out


def test_csv(sandbox: Sandbox, capsys: Capture) -> None:
    """--fields prints CSV with a line of names; a missing value is empty, and text has no control characters."""
    metadata = {"a.b": 1, "a": {"c": True}}
    sandbox.add_call(
        {"call_id": "c-1", "metadata": metadata, "transcript": 'two\nlines, "quoted"', "sentiment": HOSTILE}
    )
    names = "call_id,metadata.a.b,metadata.a.c,metadata.x,transcript,sentiment,post_analysis.satisfaction"
    assert main(["get", "--fields", names, "c-1", SAMPLE_CALL_ID]) == 0
    out = capsys.readouterr().out
    assert_harmless(out)
    head, first, second = csv.reader(io.StringIO(out))
    assert head == names.split(",")
    assert first[:5] == ["c-1", "1", "true", "", 'two\nlines, "quoted"']
    assert second[6] == "4.0"


def test_json_fields(sandbox: Sandbox, capsys: Capture) -> None:
    """--fields with --jsonl prints objects with these fields only."""
    assert main(["get", "--jsonl", "--fields", "call_id,call_analysis.call_completion", SAMPLE_CALL_ID]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == {"call_id": SAMPLE_CALL_ID, "call_analysis.call_completion": "completed"}


@pytest.mark.parametrize(
    "options",
    [
        ["--fields", "nonsense"],
        ["--fields", ""],
        ["--raw", "--json"],
        ["--json", "--jsonl"],
        ["--raw", "--fields", "status"],
        ["--transcript", "text", "--fields", "status"],
        ["--transcript", "html"],
        ["--concurrency", "x"],
        ["--concurrency", "-1"],
        ["--concurrency", "0"],
        ["--slow", "nan"],
        ["--slow", "-1"],
        ["--rate-limit", "0"],
        ["--timeout", "nan"],
    ],
)
def test_options_that_cannot_be_used(options: list[str], sandbox: Sandbox, capsys: Capture) -> None:
    """They are refused with one line and exit code 2, before a request is sent."""
    assert main(["get", SAMPLE_CALL_ID, EXAMPLE_CALL_ID, *options]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert sandbox.requests == []


def test_transcript(sandbox: Sandbox, capsys: Capture) -> None:
    """--transcript prints who said what, a line for each turn."""
    assert main(["get", "--transcript", "text", SAMPLE_CALL_ID]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 40
    assert lines[0].startswith("Assistant: Good afternoon")


@pytest.mark.parametrize("kind", ["text", "markdown"])
def test_hostile_transcript(kind: str, sandbox: Sandbox, capsys: Capture) -> None:
    """Neither control characters nor Markdown of a speaker take effect."""
    words = f"{HOSTILE} ![x](https://x.test) <script> `code` # head"
    turns = [{"role": words, "content": words, "function_name": words, "tool_calls": [words]}]
    sandbox.add_call({"call_id": "c-1", "transcript_object": turns})
    sandbox.add_call({"call_id": "c-2", "transcript": f"{words}\n{words}"})
    assert main(["get", "--transcript", kind, "c-1", "c-2"]) == 0
    out = capsys.readouterr().out
    assert_harmless(out)
    assert out.count("script") == 6
    assert (out.count("\\!\\[x\\]\\(https://x.test\\) \\<script\\> \\`code\\` \\# head") == 6) is (kind == "markdown")


class TestManyIds:
    def test_order_and_failures(self, sandbox: Sandbox, capsys: Capture) -> None:
        """Calls come in the order of the ids; a failure is a line on stderr, and the exit code is 6."""
        ids = [EXAMPLE_CALL_ID, "no-such", "", SAMPLE_CALL_ID, EXAMPLE_CALL_ID]
        assert main(["get", "--jsonl", *ids]) == 6
        out, err = capsys.readouterr()
        assert [json.loads(line)["call_id"] for line in out.splitlines()] == [ids[0], ids[3], ids[4]]
        failures = [json.loads(line) for line in err.splitlines()]
        assert [(each["call_id"], each["error"]["type"], each["error"]["exit_code"]) for each in failures] == [
            ("no-such", "NotFoundError", 3),
            ("", "InvalidCallIdError", 2),
        ]

    def test_json_array(self, sandbox: Sandbox, capsys: Capture) -> None:
        """--json prints an array for several ids, also if none of them has a call."""
        assert main(["get", "--json", EXAMPLE_CALL_ID, SAMPLE_CALL_ID]) == 0
        assert [call["call_id"] for call in json.loads(capsys.readouterr().out)] == [EXAMPLE_CALL_ID, SAMPLE_CALL_ID]
        assert main(["get", "--json", "a", "b"]) == 6
        assert json.loads(capsys.readouterr().out) == []

    def test_text(self, sandbox: Sandbox, capsys: Capture) -> None:
        """For people, an empty line is between two calls; a failure is a harmless line."""
        assert main(["get", EXAMPLE_CALL_ID, f"no\n{HOSTILE}", SAMPLE_CALL_ID]) == 6
        out, err = capsys.readouterr()
        assert f"\n\nCall {SAMPLE_CALL_ID}" in out
        assert err.count("\n") == 1
        assert_harmless(err)

    def test_wrong_key(self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
        """A wrong key ends the list, and is never shown."""
        monkeypatch.setenv("PURETALK_API_KEY", "key-CANARY")
        assert main(["get", "--jsonl", "a", "b"]) == 4
        out, err = capsys.readouterr()
        assert out == ""
        assert json.loads(err)["error"]["type"] == "AuthenticationError"
        assert "CANARY" not in err

    @pytest.mark.parametrize(
        ("content", "ids"),
        [
            (b"", []),
            (b"\n \r\n", []),
            (b"a", ["a"]),
            (b"a\r\nb\r\n", ["a", "b"]),
            (b"\xef\xbb\xbfa\nb", ["a", "b"]),
            (b"# ids\n  a \n\n\t-b\n#c\n", ["a", "-b"]),
            (b"a\na\n", ["a", "a"]),
            ("\u4f60\n".encode(), ["\u4f60"]),
        ],
    )
    def test_stdin(self, content: bytes, ids: list[str], sandbox: Sandbox, stdin: SetStdin, capsys: Capture) -> None:
        """``-`` reads ids, one a line; blanks, comments, line ends of Windows and a byte order mark do not matter."""
        for call_id in ids:
            sandbox.add_call({"call_id": call_id})
        stdin(content)
        assert main(["get", "--json", "-"]) == 0
        assert [call["call_id"] for call in json.loads(capsys.readouterr().out)] == ids

    def test_between_ids(self, sandbox: Sandbox, stdin: SetStdin, capsys: Capture) -> None:
        """``-`` can stand between ids, and an id can begin with a dash after ``--``."""
        for call_id in ("a", "b", "-c"):
            sandbox.add_call({"call_id": call_id})
        stdin(b"b\n")
        assert main(["get", "--fields", "call_id", "--", "a", "-", "-c"]) == 0
        assert capsys.readouterr().out == "call_id\na\nb\n-c\n"

    def test_binary_junk(self, sandbox: Sandbox, stdin: SetStdin, capsys: Capture) -> None:
        """Lines that cannot be ids are failures among others, and never printed as they are."""
        stdin(b"\x80\xff\n\x00\x1b[2J\n" + b"x" * 300_000 + b"\n" + EXAMPLE_CALL_ID.encode())
        assert main(["get", "--fields", "call_id", "-"]) == 6
        out, err = capsys.readouterr()
        assert out == f"call_id\n{EXAMPLE_CALL_ID}\n"
        assert err.count("\n") == 3
        assert_harmless(err)

    @pytest.mark.parametrize("content", ["a\n".encode("utf-16"), None])
    def test_stdin_that_cannot_be_read(
        self,
        content: bytes | None,
        sandbox: Sandbox,
        stdin: SetStdin,
        monkeypatch: pytest.MonkeyPatch,
        capsys: Capture,
    ) -> None:
        """UTF-16 and a closed standard input are refused in one line."""
        if content is None:
            monkeypatch.setattr(sys, "stdin", None)
        else:
            stdin(content)
        assert main(["get", "--jsonl", "-"]) == 2
        assert "Standard input" in json.loads(capsys.readouterr().err)["error"]["message"]

    def test_ten_thousand_ids(self, sandbox: Sandbox, stdin: SetStdin, capsys: Capture) -> None:
        """10,000 ids are read as the calls come."""
        sandbox.add_call({"call_id": "c"})
        stdin(b"c\n" * 10_000)
        assert main(["get", "--fields", "call_id", "-"]) == 0
        assert capsys.readouterr() == ("call_id\n" + "c\n" * 10_000, "")


def test_hostile_call(sandbox: Sandbox, capsys: Capture) -> None:
    """A call of hostile text is printed harmlessly in every format."""
    turn: dict[str, Any] = dict.fromkeys(("role", "content", "function_name", "function_args"), HOSTILE)
    sandbox.add_call({"call_id": "c-1", "status": HOSTILE, "assistant_name": HOSTILE, "transcript_object": [turn]})
    for options in ([], ["--json"], ["--jsonl"], ["--transcript", "text"], ["--fields", "status,transcript_object"]):
        assert main(["get", "c-1", *options]) == 0
        assert_harmless(capsys.readouterr().out.replace("\t", " "))
