"""The check of generated/ finds every kind of difference."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from codegen import regenerate

if TYPE_CHECKING:
    from .project import Project


def test_committed_package_passes_and_is_not_changed(committed: Project) -> None:
    """The check accepts the committed package, ignores byte-code caches, and writes nothing."""
    cache = committed.package / "api" / "__pycache__"
    cache.mkdir()
    (cache / "__init__.cpython-311.pyc").write_bytes(b"\0")
    before = committed.snapshot()
    run = committed.run("check")
    assert (run.status, run.out, run.err) == (0, "", "")
    assert committed.snapshot() == before
    assert (cache / "__init__.cpython-311.pyc").read_bytes() == b"\0"


def changed(package: Path) -> str:
    """Change one letter of a docstring."""
    path = package / "models.py"
    path.write_bytes(path.read_bytes().replace(b"The ID of the call", b"The Id of the call", 1))
    return "changed: models.py"


def header_lost(package: Path) -> str:
    """Remove the header of py.typed, its only content."""
    (package / "py.typed").write_bytes(b"")
    return "changed: py.typed"


def missing(package: Path) -> str:
    """Remove a module."""
    (package / "errors.py").unlink()
    return "missing: errors.py"


def extra(package: Path) -> str:
    """Add a module, as of an operation that the document no longer has."""
    (package / "api" / "calls" / "list_calls.py").write_bytes(b"")
    return "extra: api/calls/list_calls.py"


def hidden(package: Path) -> str:
    """Add a hidden file."""
    (package / ".hidden.py").write_bytes(b"")
    return "extra: .hidden.py"


@pytest.mark.parametrize("corrupt", [changed, header_lost, missing, extra, hidden])
def test_check_fails_and_names_the_file(project: Project, corrupt: Callable[[Path], str]) -> None:
    """The check reports a changed, a missing and an extra file, and writes nothing."""
    expected = corrupt(project.package)
    before = project.snapshot()
    run = project.run("check")
    assert (run.status, run.out) == (1, "")
    named = [" ".join(line.split()) for line in run.err.splitlines()]
    assert expected in named
    assert len([line for line in named if line.startswith(("changed", "missing", "extra"))]) == 1
    assert "make generate" in run.err
    assert project.snapshot() == before


def test_process_itself_exits_with_status_1(project: Project) -> None:
    """The exit status of the process is 1, and all differences are reported at once."""
    expected = {changed(project.package), missing(project.package), extra(project.package)}
    run = project.run_apart("check")
    assert run.status == 1
    assert expected <= {" ".join(line.split()) for line in run.err.splitlines()}


def test_check_fails_when_nothing_was_generated(project: Project) -> None:
    """Without a generated package the check reports its files."""
    shutil.rmtree(project.root / "generated")
    run = project.run("check")
    assert run.status == 1
    assert "client.py" in run.err


def test_check_fails_on_an_invalid_document(project: Project) -> None:
    """A document that cannot be generated fails the check."""
    project.replace("paths:\n", "pahts:\n")
    before = project.snapshot()
    run = project.run("check")
    assert run.status == 1
    assert "openapi.yaml" in run.err
    assert project.snapshot() == before


def test_comparison_reads_the_content(tmp_path: Path) -> None:
    """Files of the same size and modification time are compared byte by byte."""
    for name, content in (("a", b"one"), ("b", b"two")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "module.py").write_bytes(content)
        os.utime(tmp_path / name / "module.py", (0, 0))
    assert regenerate.differences(tmp_path / "a", tmp_path / "b") == ["changed: module.py"]
    assert regenerate.differences(tmp_path / "a", tmp_path / "a") == []
