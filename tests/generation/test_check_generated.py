"""The check of generated/ has been seen to fail, in every way in which the folder can go wrong."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import regenerate

if TYPE_CHECKING:
    from tests.generation.conftest import Project


def test_intact_copy_passes_and_stays_as_it_is(committed: Project) -> None:
    """The check passes on what is committed, byte-code caches do not count, and nothing is written."""
    cache = committed.package / "models" / "__pycache__"
    cache.mkdir()
    (cache / "call.cpython-311.pyc").write_bytes(b"\0")
    before = committed.snapshot()
    outcome = committed.run("--check")
    assert (outcome.status, outcome.message) == (0, "")
    assert committed.snapshot() == before
    assert (cache / "call.cpython-311.pyc").read_bytes() == b"\0"


def changed(package: Path) -> str:
    """Change one letter of a docstring."""
    path = package / "models" / "call.py"
    path.write_bytes(path.read_bytes().replace(b"The ID of the call", b"The Id of the call", 1))
    return "changed: models/call.py"


def header_lost(package: Path) -> str:
    """Take the header off py.typed, which holds nothing else."""
    (package / "py.typed").write_bytes(b"")
    return "changed: py.typed"


def missing(package: Path) -> str:
    """Remove a module."""
    (package / "models" / "turn_latency.py").unlink()
    return "missing: models/turn_latency.py"


def extra(package: Path) -> str:
    """Add a module, as an operation that the spec no longer has would be."""
    (package / "api" / "calls" / "list_calls.py").write_bytes(b"")
    return "extra: api/calls/list_calls.py"


def hidden(package: Path) -> str:
    """Add a file that many tools do not show."""
    (package / ".hidden.py").write_bytes(b"")
    return "extra: .hidden.py"


@pytest.mark.parametrize("corrupt", [changed, header_lost, missing, extra, hidden])
def test_check_fails_and_names_the_file(project: Project, corrupt: object) -> None:
    """A changed, a missing and an extra file alike fail the check, which names the file and writes nothing."""
    assert callable(corrupt)
    expected = corrupt(project.package)
    before = project.snapshot()
    outcome = project.run("--check")
    assert outcome.status == 1
    named = [" ".join(line.split()) for line in outcome.message.splitlines()]
    assert expected in named
    assert len([line for line in named if line.startswith(("changed", "missing", "extra"))]) == 1
    assert "make generate" in outcome.message
    assert project.snapshot() == before


def test_process_itself_exits_with_status_1(project: Project) -> None:
    """What make sees is the exit status, and all three kinds are named at once."""
    expected = {changed(project.package), missing(project.package), extra(project.package)}
    outcome = project.run_apart("--check")
    assert outcome.status == 1
    assert expected <= {" ".join(line.split()) for line in outcome.message.splitlines()}


def test_check_fails_when_nothing_was_generated(project: Project) -> None:
    """Without a generated package the check fails and names its files."""
    shutil.rmtree(project.root / "generated")
    outcome = project.run("--check")
    assert outcome.status == 1
    assert "client.py" in outcome.message


def test_check_stops_on_a_damaged_spec(project: Project) -> None:
    """A spec that cannot be generated from fails the check; it does not pass for want of a comparison."""
    project.replace("paths:\n", "pahts:\n")
    before = project.snapshot()
    outcome = project.run("--check")
    assert outcome.status == 1
    assert "openapi.yaml" in outcome.message
    assert project.snapshot() == before


def test_comparison_reads_the_bytes(tmp_path: Path) -> None:
    """Files of the same size and the same time of change differ when a byte does."""
    for name, content in (("a", b"one"), ("b", b"two")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "module.py").write_bytes(content)
        os.utime(tmp_path / name / "module.py", (0, 0))
    assert regenerate.differences(tmp_path / "a", tmp_path / "b") == ["changed: module.py"]
    assert regenerate.differences(tmp_path / "a", tmp_path / "a") == []
