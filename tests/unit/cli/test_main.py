"""The command ``puretalk``: help, arguments, errors and exit codes."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import pytest
from tests.unit.cli.terminal import HOSTILE, assert_harmless

import puretalk_client
from puretalk_client import PuretalkError, WaitTimeoutError, errors
from puretalk_client._cli import get as get_module, main, usage
from puretalk_client._cli.app import app
from puretalk_client._cli.failures import exit_code
from puretalk_client.testing import SAMPLE_CALL_ID, Fault, Sandbox

Capture = pytest.CaptureFixture[str]
COMMANDS = ["completion", "demo", "drift", "export", "get", "recording", "sandbox", "wait", "watch"]


def fail_with(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ``get`` raise an error."""

    def fail(*_: object) -> int:
        raise error

    monkeypatch.setattr(get_module, "get", fail)


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help(option: str, capsys: Capture) -> None:
    """The help lists every command and every exit code."""
    assert main([option]) == 0
    out, err = capsys.readouterr()
    assert (out, err) == (usage.HELP, "")
    assert max(map(len, out.splitlines())) <= 80
    assert sorted(re.findall(r"^  ([a-z]+) {2}", out.partition("Options:")[0], re.MULTILINE)) == COMMANDS
    assert sorted(name for name in app if not name.startswith("-")) == COMMANDS
    codes = [int(code) for code in re.findall(r"^  (\d+) ", usage.EXIT_CODES, re.MULTILINE)]
    assert codes == [0, 1, 2, 3, 4, 5, 6, 130]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(command: str, capsys: Capture) -> None:
    """Every command's help has an example that is an invocation of it, and fits 80 columns."""
    assert main([command, "--help"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"Usage: puretalk {command}")
    assert "--no-" not in out
    assert re.search(rf"Examples?:\n  puretalk {command}\b", out)
    assert max(map(len, out.splitlines())) <= 80
    assert err == ""


def test_version(capsys: Capture) -> None:
    """--version prints the version."""
    assert main(["--version"]) == 0
    assert capsys.readouterr() == (f"puretalk {puretalk_client.__version__}\n", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str, capsys: Capture) -> None:
    """The script for each shell has every command."""
    assert main(["completion", shell]) == 0
    out = capsys.readouterr().out
    assert all(command in out for command in COMMANDS)
    assert "\0" not in out


def test_no_arguments(capsys: Capture) -> None:
    """Without arguments, the help is on stderr and the exit code is 2."""
    assert main([]) == 2
    assert capsys.readouterr() == ("", usage.HELP)


@pytest.mark.parametrize(
    "arguments",
    [
        ["get"],
        ["put", "x"],
        ["--json"],
        ["get", "x", "--jsn"],
        ["get", "x", "--fields"],
        ["demo", "x"],
        ["drift"],
        ["wait"],
        ["wait", "a", "b"],
        ["wait", "a", "--until", "x"],
        ["recording", "x"],
        ["completion", "csh"],
        [f"\x1b[2J{HOSTILE}"],
        ["-"],
        [""],
    ],
)
@pytest.mark.parametrize("option", [[], ["--json"]])
def test_wrong_arguments(arguments: list[str], option: list[str], capsys: Capture) -> None:
    """Wrong arguments exit with 2 and print one harmless line on stderr, with --json an object."""
    assert main([*arguments, *option]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert_harmless(err)
    if option:
        assert json.loads(err)["error"]["exit_code"] == 2
    else:
        assert err.startswith(("puretalk: ", '{"error"'))


def test_every_error_has_an_exit_code() -> None:
    """The class of an error decides."""
    codes = {
        "ConfigurationError": 2,
        "InvalidCallIdError": 2,
        "NotFoundError": 3,
        "AuthenticationError": 4,
        "PermissionDeniedError": 4,
        "WaitTimeoutError": 5,
        "APITimeoutError": 5,
        "PoolTimeoutError": 5,
    }
    kinds: list[Any] = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    found = {kind.__name__: exit_code(kind.__new__(kind)) for kind in kinds if issubclass(kind, PuretalkError)}
    assert {name: code for name, code in found.items() if code != 1} == codes


def test_not_found(sandbox: Sandbox, capsys: Capture) -> None:
    """An unknown id exits with 3 and prints one line on stderr, without a traceback."""
    assert main(["get", "no-such-call"]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"puretalk: .*404.*: Call not found \(GET /calls/no-such-call, 1 attempt, .*\)\n", err)


def test_error_as_json(sandbox: Sandbox, capsys: Capture) -> None:
    """With --json, an error is one object on stderr, with the facts of the request."""
    assert main(["get", "--json", "no-such-call"]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    error = json.loads(err)["error"]
    assert (error["type"], error["status"], error["msg"], error["exit_code"]) == (
        "NotFoundError",
        404,
        "Call not found",
        3,
    )
    assert (error["attempts"], error["retryable"]) == (1, False)


@pytest.mark.parametrize("option", [[], ["--json"]])
def test_error_with_hostile_text(option: list[str], sandbox: Sandbox, capsys: Capture) -> None:
    """Control characters and line breaks in the server's message are not printed."""
    body = json.dumps({"err": True, "msg": "bad\nnews" + HOSTILE}).encode()
    sandbox.fail_next(Fault(status=404, headers={"content-type": "application/json"}, body=body))
    assert main(["get", SAMPLE_CALL_ID, *option]) == 3
    err = capsys.readouterr().err
    assert "bad" in err
    assert err.count("\n") == 1
    assert_harmless(err)


def test_any_error_is_one_harmless_line(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """The command does not rely on what the client has removed from a message."""
    fail_with(PuretalkError("bad\nnews" + HOSTILE), monkeypatch)
    assert main(["get", SAMPLE_CALL_ID]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert_harmless(err)


def test_error_shows_no_call(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """An error that has a call prints nothing of it."""
    call = puretalk_client.Call(transcript="CANARY", from_number="CANARY", call_recording_url="https://x.test/CANARY")
    fail_with(WaitTimeoutError("The call is not over", call=call), monkeypatch)
    for option in ([], ["--json"]):
        assert main(["get", SAMPLE_CALL_ID, *option]) == 5
    out, err = capsys.readouterr()
    assert "CANARY" not in out + err


def test_interrupt(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """Ctrl-C exits with 130 and prints nothing."""
    fail_with(KeyboardInterrupt(), monkeypatch)
    assert main(["get", SAMPLE_CALL_ID]) == 130
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("call_id", ["..", "", "a\nb", "\x1b[2J", "\ud800", "x" * 257])
def test_invalid_call_id(call_id: str, sandbox: Sandbox, capsys: Capture) -> None:
    """An id that cannot be sent exits with 2, and no request is sent."""
    assert main(["get", call_id]) == 2
    assert_harmless(capsys.readouterr().err)
    assert sandbox.requests == []


def test_missing_key(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """Without an API key, the exit code is 2 and the message names the variable."""
    monkeypatch.delenv("PURETALK_API_KEY", raising=False)
    assert main(["get", SAMPLE_CALL_ID]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "PURETALK_API_KEY" in err
    assert err.count("\n") == 1


def test_invalid_base_url(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """An invalid base URL exits with 2, and the message does not contain the key."""
    monkeypatch.setenv("PURETALK_API_KEY", "key-CANARY")
    assert main(["get", SAMPLE_CALL_ID, "--base-url", "ftp://api.test"]) == 2
    assert "CANARY" not in capsys.readouterr().err


class TestWithoutTheExtra:
    @pytest.fixture(autouse=True, params=["cyclopts", "rich"])
    def _without_extra(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, request.param, None)

    @pytest.mark.parametrize("option", ["--json", "--jsonl", "--raw"])
    def test_get(self, option: str, sandbox: Sandbox, capsys: Capture) -> None:
        """``get --json`` needs the core alone."""
        assert main(["get", option, SAMPLE_CALL_ID]) == 0
        out, err = capsys.readouterr()
        printed = json.loads(out)
        assert printed.get("results", printed)["call_id"] == SAMPLE_CALL_ID
        assert err == ""

    def test_many(self, sandbox: Sandbox, capsys: Capture) -> None:
        """So does a list of ids; exit codes are the same."""
        assert main(["get", "--jsonl", SAMPLE_CALL_ID, "no-such"]) == 6
        assert main(["get", "--json", "no-such"]) == 3
        assert capsys.readouterr().out.count("\n") == 1

    @pytest.mark.parametrize(
        "arguments",
        [["get", SAMPLE_CALL_ID], ["get"], ["get", "--fields", "a", "x"], ["wait", "x"], ["drift", "x"], ["demo"]],
    )
    def test_others(self, arguments: list[str], capsys: Capture) -> None:
        """Anything else says in one line what to install."""
        assert main(arguments) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert "install puretalk-client with the extra 'cli'" in err
        assert err.count("\n") == 1

    def test_help(self, capsys: Capture) -> None:
        """The help and the version need no extra."""
        assert main(["--help"]) == 0
        assert main(["--version"]) == 0
        assert main(["get", "--help"]) == 0
        assert "puretalk get --json" in capsys.readouterr().out
