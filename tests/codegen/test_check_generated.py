"""The check of generated/ finds every kind of difference."""

from __future__ import annotations

import os
import shutil
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


@pytest.mark.parametrize(
    ("name", "content", "difference"),
    [
        ("models.py", b"", "changed"),
        ("py.typed", b"", "changed"),
        ("errors.py", None, "missing"),
        ("api/calls/list_calls.py", b"", "extra"),
        (".hidden.py", b"", "extra"),
    ],
)
def test_check_fails_and_names_the_file(project: Project, name: str, content: bytes | None, difference: str) -> None:
    """The check reports a changed, a missing and an extra file, and writes nothing; so does the process."""
    if content is None:
        (project.package / name).unlink()
    else:
        (project.package / name).write_bytes(content)
    before = project.snapshot()
    run = project.run_apart("check") if content is None else project.run("check")
    assert (run.status, run.out) == (1, "")
    _, *named, last = [" ".join(line.split()) for line in run.err.splitlines()]
    assert (named, last) == ([f"{difference}: {name}"], 'Run "make generate".')
    assert project.snapshot() == before


def test_check_fails_without_a_package_or_a_document(project: Project) -> None:
    """The check reports all files of a package that is not there; an invalid document fails it."""
    shutil.rmtree(project.root / "generated")
    run = project.run("check")
    assert run.status == 1
    assert "missing: client.py" in run.err
    project.replace("paths:\n", "pahts:\n")
    run = project.run("check")
    assert run.status == 1
    assert "openapi.yaml" in run.err


def test_comparison_reads_the_content(tmp_path: Path) -> None:
    """Files of the same size and modification time are compared byte by byte."""
    for name, content in (("a", b"one"), ("b", b"two")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "module.py").write_bytes(content)
        os.utime(tmp_path / name / "module.py", (0, 0))
    assert regenerate.differences(tmp_path / "a", tmp_path / "b") == ["changed: module.py"]
    assert regenerate.differences(tmp_path / "a", tmp_path / "a") == []
