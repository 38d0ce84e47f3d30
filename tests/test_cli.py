"""The command ``puretalk``."""

from __future__ import annotations

import ast
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.terminal import HOSTILE, assert_harmless, render

from puretalk_client import Call, _cli, drift
from puretalk_client.testing import (
    EXAMPLE_CALL_ID,
    SAMPLE_CALL_ID,
    Fault,
    Sandbox,
    example_call,
    running_server,
    sample_call,
)
from puretalk_generated.codec import structure


class Terminal(io.TextIOWrapper):
    """A stdout that says that it is a terminal."""

    def __init__(self, *, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding=encoding, errors="strict", newline="\n")

    def isatty(self) -> bool:
        return True

    @property
    def written(self) -> bytes:
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue()


@pytest.fixture(autouse=True)
def _known_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A sandbox on a real socket, which the environment points to."""
    sandbox = Sandbox()
    with running_server(sandbox) as base_url:
        monkeypatch.setenv("PURETALK_BASE_URL", base_url)
        monkeypatch.setenv("PURETALK_API_KEY", sandbox.api_key)
        yield sandbox


def run_demo(*, stdout: int) -> subprocess.CompletedProcess[bytes]:
    """Run ``puretalk demo`` in a process of its own, with an encoding that has few characters."""
    code = "import sys; from puretalk_client._cli import main; sys.exit(main(['demo']))"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONIOENCODING": "ascii"}
    return subprocess.run(
        [sys.executable, "-c", code], stdout=stdout, stderr=subprocess.PIPE, env=environment, check=False
    )


def test_get_prints_the_call(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """``puretalk get`` fetches with the settings of the environment and prints without colours into a pipe."""
    assert _cli.main(["get", SAMPLE_CALL_ID]) == 0
    out, err = capsys.readouterr()
    assert out == render(sample_call())
    assert err == ""
    assert [request.call_id for request in sandbox.requests] == [SAMPLE_CALL_ID]


def test_base_url_option_wins_over_the_environment(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """--base-url is asked, not PURETALK_BASE_URL."""
    base_url = os.environ["PURETALK_BASE_URL"]
    monkeypatch.setenv("PURETALK_BASE_URL", "https://nowhere.test")
    assert _cli.main(["get", EXAMPLE_CALL_ID, "--base-url", base_url]) == 0
    assert capsys.readouterr().out.startswith(f"Call {EXAMPLE_CALL_ID}")


def test_json_is_the_call_as_the_api_sent_it(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """--json prints ASCII JSON under the API's names, with every digit of a long integer."""
    assert _cli.main(["get", "--json", SAMPLE_CALL_ID]) == 0
    out = capsys.readouterr().out
    assert out.isascii()
    sent, printed = sample_call(), json.loads(out)
    assert structure(printed, Call) == structure(sent, Call)
    assert printed["call_analysis"] == sent["call_analysis"]
    assert printed["status"] == "completed"
    assert printed["start_time"] == sent["start_time"]


def test_json_of_a_drifting_call_is_harmless(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """Strays are in the JSON as they came, with controls escaped."""
    strays = {"call_id": "c-1", "status": HOSTILE, "start_time": HOSTILE, "transcript_object": HOSTILE}
    sandbox.add_call(example_call(**strays))
    assert _cli.main(["get", "--json", "c-1"]) == 0
    out = capsys.readouterr().out
    assert_harmless(out)
    assert strays.items() <= json.loads(out).items()


@pytest.mark.parametrize(("no_color", "expected"), [(None, True), ("", True), ("1", False), ("0", False)])
def test_color_only_on_a_terminal_that_wants_it(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, no_color: str | None, expected: bool
) -> None:
    """A terminal gets colours unless NO_COLOR holds anything."""
    if no_color is not None:
        monkeypatch.setenv("NO_COLOR", no_color)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    assert _cli.main(["get", SAMPLE_CALL_ID]) == 0
    assert (b"\x1b[" in terminal.written) is expected


@pytest.mark.parametrize(("terminal", "widest"), [(50, 50), (1000, 100)])
def test_text_is_wrapped_to_the_terminal(
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    terminal: int,
    widest: int,
) -> None:
    """Lines fill the terminal, up to a width that can still be read well."""
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: os.terminal_size((terminal, 24)))
    assert _cli.main(["get", SAMPLE_CALL_ID]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) == widest


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_stdout_that_lacks_characters_gets_replacements(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    """What the encoding of stdout cannot hold comes out as a question mark, not as an error."""
    said = "caf\u00e9 \u4f60\u597d"
    sandbox.add_call(example_call(call_id="c-1", transcript_object=[{"role": "user", "content": said}]))
    terminal = Terminal(encoding=encoding)
    monkeypatch.setattr(sys, "stdout", terminal)
    assert _cli.main(["get", "c-1"]) == 0
    assert said.encode(encoding, "replace") in terminal.written


def test_api_error_is_one_line(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown id ends with exit code 1 and one line on stderr, with no traceback."""
    assert _cli.main(["get", "no-such-call"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"puretalk: GET /calls/no-such-call: .*404.*\n", err)


def test_error_text_of_the_server_cannot_drive_the_terminal(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """Controls and line breaks in the server's own message are replaced on stderr as well."""
    body = json.dumps({"err": True, "msg": "bad\nnews" + HOSTILE}).encode()
    sandbox.fail_next(Fault(status=404, headers={"content-type": "application/json"}, body=body))
    assert _cli.main(["get", SAMPLE_CALL_ID]) == 1
    err = capsys.readouterr().err
    assert "bad" in err
    assert err.count("\n") == 1
    assert_harmless(err)


def test_bad_call_id_is_one_line(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """An id that cannot be sent ends with exit code 1, and nothing is sent."""
    assert _cli.main(["get", ".."]) == 1
    assert capsys.readouterr().err.startswith("puretalk: ")
    assert sandbox.requests == []


def test_missing_key_is_a_wrong_setting(capsys: pytest.CaptureFixture[str]) -> None:
    """Without an API key the exit code is 2, and the message names the variable."""
    assert _cli.main(["get", SAMPLE_CALL_ID]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "PURETALK_API_KEY" in err
    assert err.count("\n") == 1


def test_bad_base_url_shows_no_key(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A base URL that cannot be used is exit code 2 too, and the key is not in the message."""
    monkeypatch.setenv("PURETALK_API_KEY", "key-CANARY")
    assert _cli.main(["get", SAMPLE_CALL_ID, "--base-url", "ftp://api.test"]) == 2
    assert "CANARY" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [[], ["get"], ["put", "x"], ["get", "a", "b"], ["demo", "x"], ["drift"]]
)
def test_wrong_arguments_exit_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong arguments end with the usage on stderr."""
    with pytest.raises(SystemExit) as caught:
        _cli.main(arguments)
    assert caught.value.code == 2
    assert "usage: puretalk" in capsys.readouterr().err


def test_interrupt_is_quiet(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C ends with 130 and says nothing."""

    def interrupt(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(_cli, "_get", interrupt)
    assert _cli.main(["get", SAMPLE_CALL_ID]) == 130
    assert capsys.readouterr() == ("", "")


def test_reader_that_goes_away_is_survived() -> None:
    """``puretalk demo | head`` prints no traceback when head has seen enough."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = run_demo(stdout=writing)
    finally:
        os.close(writing)
    assert done.returncode == 1
    assert done.stderr == b""


def test_demo_shows_the_sample_call(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``puretalk demo`` needs no settings, ignores those there are, and says where its call came from."""
    monkeypatch.setenv("PURETALK_BASE_URL", "https://nowhere.test")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert _cli.main(["demo"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith(render(sample_call()))
    assert re.search(r"\nThis call came from the sandbox, .* at http://127\.0\.0\.1:\d+/api\.\n$", out)
    assert err == ""


def test_demo_without_its_extra_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where starlette and uvicorn are not installed, one line names the extra."""
    for name in [name for name in sys.modules if name.startswith("puretalk_client.testing")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "starlette", None)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert _cli.main(["demo"]) == 2
    err = capsys.readouterr().err
    assert "puretalk-client[testing]" in err
    assert err.count("\n") == 1


def test_drift_is_a_table_by_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``puretalk drift`` counts what the spec does not know over all files, and shows no value: exit code 1."""
    lines, array = tmp_path / "calls.jsonl", tmp_path / "calls.json"
    turns = [{"mood": "CANARY"}, {"mood": "CANARY", "role": 5}]
    calls = [{"call_id": "c-1", "status": "CANARY"}, {"results": {"transcript_object": turns}}, sample_call()]
    lines.write_text("\n".join(map(json.dumps, calls)), encoding="utf-8")
    array.write_text(json.dumps([{"sentiment": "CANARY", "+15550142": 1}], indent=2), encoding="utf-8")
    assert _cli.main(["drift", str(lines), str(array)]) == 1
    out, err = capsys.readouterr()
    assert err == ""
    assert (
        out
        == """\
PATH                                 DRIFT          GOT     TIMES  ANSWERS  EXPECTED
$.results.sentiment                  unknown value  string  1      1        'n/a' | 'negative' | 'neutral' | \
'positive' | None
$.results.status                     unknown value  string  1      1        CallStatus
$.results.transcript_object[*].mood  unknown field  string  2      1        nothing
$.results.transcript_object[*].role  wrong type     number  1      1        str | None
$.results[*]                         unknown field  number  1      1        nothing
4 answers, 6 drifts at 5 paths
"""
    )


def test_no_drift_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The sandbox's calls are what the spec describes: exit code 0."""
    file = tmp_path / "calls.json"
    file.write_text(json.dumps([sample_call(), {"results": example_call()}]), encoding="utf-8")
    assert _cli.main(["drift", str(file)]) == 0
    assert capsys.readouterr() == ("2 answers, 0 drifts\n", "")


@pytest.mark.parametrize("option", [[], ["--json"]])
def test_drift_from_what_cannot_be_read_exits_with_2(
    option: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Damaged lines and missing files are named on stderr, one line each, also where drift was found."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"call_id":"c","new":1}\n{CANARY\n')))
    hostile = HOSTILE.replace("\0", "")  # which no argument can hold
    assert _cli.main(["drift", "-", f"nowhere{hostile}\n", *option]) == 2
    out, err = capsys.readouterr()
    assert "$.results.new" in out
    assert "CANARY" not in out + err
    first, second = err.splitlines()
    assert first == "puretalk: standard input, line 2: not JSON"
    assert re.fullmatch("puretalk: nowhere.*: No such file or directory", second)
    assert_harmless(out + err)


def test_drift_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--json prints the whole report for a program to read."""
    file = tmp_path / "call.json"
    file.write_text('{"call_id":"c","sentiment":"CANARY"}', encoding="utf-8")
    assert _cli.main(["drift", "--json", str(file)]) == 1
    assert json.loads(capsys.readouterr().out) == {
        "answers": 1,
        "drifts": [
            {
                "kind": "unknown value",
                "path": "$.results.sentiment",
                "expected": "'n/a' | 'negative' | 'neutral' | 'positive' | None",
                "got_type": "string",
                "occurrences": 1,
                "answers": 1,
            }
        ],
        "unreadable": [],
        "unreadable_count": 0,
        "complete": True,
    }


def test_drift_says_what_it_leaves_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where drifts or damaged lines are without end, the command says that there are more."""
    monkeypatch.setattr(drift, "MAX_DRIFTS", 2)
    file = tmp_path / "calls.jsonl"
    file.write_text('{"call_id":"c","a":1,"b":1,"c":1}\n' + "{\n" * 200, encoding="utf-8")
    assert _cli.main(["drift", str(file)]) == 2
    out, err = capsys.readouterr()
    assert out.splitlines()[-1] == "1 answer, 2 drifts at 2 paths; there are more, at paths that are left out"
    assert len(err.splitlines()) == 101
    assert err.splitlines()[-1] == "puretalk: 100 more could not be read"


def test_command_imports_only_the_standard_library_at_first() -> None:
    """``puretalk --help`` does not wait for the HTTP stack: _cli imports it within functions."""
    tree = ast.parse(Path(_cli.__file__).read_text(encoding="utf-8"))
    modules = [node.names[0].name for node in tree.body if isinstance(node, ast.Import)]
    modules += [f"{'.' * node.level}{node.module}" for node in tree.body if isinstance(node, ast.ImportFrom)]
    assert "argparse" in modules
    assert {module.partition(".")[0] for module in modules} <= sys.stdlib_module_names


def test_command_runs_as_a_process() -> None:
    """The whole demo as a person runs it: exit code 0, tidy text, nothing on stderr."""
    done = run_demo(stdout=subprocess.PIPE)
    assert done.stderr == b""
    assert done.returncode == 0
    assert done.stdout.startswith(f"Call {SAMPLE_CALL_ID}".encode())
