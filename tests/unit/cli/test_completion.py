"""The scripts of ``puretalk completion``, in the shells that they are for."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from puretalk_client._cli import main

LINES = {
    "puretalk wa": ["wait", "watch"],
    "puretalk get --js": ["--json", "--jsonl"],
    "puretalk wait --until f": ["final"],
    "puretalk drift alp": ["alpha.jsonl"],
    "puretalk recording x -o alp": ["alpha.jsonl"],
}

BASH = """
source "$1"
COMP_WORDS=($2) COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
$(complete -p puretalk | sed 's/.*-F \\([^ ]*\\).*/\\1/') puretalk
printf '%s\\n' "${COMPREPLY[@]}"
"""
FISH = "source $argv[1]; complete -C $argv[2] | string replace -r \"\\t.*\" ''; true"
# What zsh does with a file of fpath whose name is that of the command; and what a line of .zshrc does.
ZSH = """
_arguments() { print -r -- arguments: $@ }
compdef() { print -r -- compdef: $2 }
[[ $2 = autoload ]] && { fpath=($1:h); autoload -Uz _puretalk; _puretalk } || source $1
"""


@pytest.fixture
def script(tmp_path: Path, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> Path:
    """The script of a shell, in a folder of its own beside a folder with a file."""
    shell = request.param
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    assert main(["completion", shell]) == 0
    file = tmp_path / "scripts" / "_puretalk"
    file.parent.mkdir()
    file.write_text(capsys.readouterr().out)
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "alpha.jsonl").touch()
    return file


def run(command: list[str], script: Path, line: str) -> str:
    """Complete a line in the folder with the file."""
    done = subprocess.run(
        [*command, str(script), line],
        cwd=script.parents[1] / "work",
        env=os.environ | {"TERM": "dumb"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("script", ["bash"], indirect=True)
@pytest.mark.parametrize("line", LINES)
def test_bash(line: str, script: Path) -> None:
    """Commands, options, choices and files are completed."""
    assert run(["bash", "-c", BASH, "bash"], script, line).split() == LINES[line]


@pytest.mark.parametrize("script", ["fish"], indirect=True)
@pytest.mark.parametrize("line", LINES)
def test_fish(line: str, script: Path) -> None:
    """Likewise in fish."""
    assert run(["fish", "--no-config", "-c", FISH], script, line).split() == LINES[line]


@pytest.mark.parametrize("script", ["zsh"], indirect=True)
def test_zsh(script: Path) -> None:
    """The script completes when zsh loads it by the name of the command, and when it is sourced."""
    assert "--help" in run(["zsh", "-f", "-c", ZSH, "zsh"], script, "autoload").partition("arguments: ")[2]
    assert run(["zsh", "-f", "-c", ZSH, "zsh"], script, "source") == "compdef: puretalk\n"
