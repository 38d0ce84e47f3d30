"""Copies of what generation reads and writes, for a test to damage."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import frozen

import regenerate

from . import tree as trees
from .golden.harness import Packages

ROOT = Path(__file__).resolve().parents[2]
NO_CACHES = shutil.ignore_patterns("__pycache__")


@frozen
class Outcome:
    """What one run of regenerate.py did."""

    status: int
    message: str


@frozen
class Project:
    """The files that generation reads and writes, in a folder of their own."""

    root: Path
    capture: pytest.CaptureFixture[str]

    @property
    def package(self) -> Path:
        """The generated package."""
        return self.root / "generated" / "puretalk_generated"

    def replace(self, old: str, new: str, name: str = "openapi.yaml") -> None:
        """Replace a text that stands in a file exactly once."""
        path = self.root / name
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{name} holds it {text.count(old)} times: {old!r}"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def write(self, content: str | bytes, name: str = "openapi.yaml") -> None:
        """Write a file anew."""
        (self.root / name).write_bytes(content.encode() if isinstance(content, str) else content)

    def snapshot(self) -> dict[str, bytes | None]:
        """All that stands below generated/, hidden leftovers too; None for a folder."""
        folder = self.root / "generated"
        paths = sorted(path for path in folder.rglob("*") if "__pycache__" not in path.parts)
        return {
            str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in paths
        }

    def run(self, *arguments: str) -> Outcome:
        """Run regenerate.py in this process."""
        self.capture.readouterr()
        status = regenerate.main([*arguments, "--root", str(self.root)])
        printed = self.capture.readouterr()
        assert printed.out == "", "messages belong on stderr"
        return Outcome(status, printed.err)

    def run_apart(self, *arguments: str, **environment: str) -> Outcome:
        """Run the copied regenerate.py in a process of its own, from another folder."""
        command = [sys.executable, str(self.root / "overlay" / "regenerate.py"), *arguments]
        result = subprocess.run(
            [*command, "--root", str(self.root)],
            cwd=self.root.parent,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        return Outcome(result.returncode, result.stderr)

    def import_apart(self, expression: str) -> Outcome:
        """Import the generated package in a process of its own, and evaluate something in it."""
        code = f"import puretalk_generated.api.calls.get_call\nfrom puretalk_generated import models\n{expression}"
        result = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": str(self.root / "generated")},
            capture_output=True,
            text=True,
            check=False,
        )
        return Outcome(result.returncode, result.stderr)

    def refusal(self) -> str:
        """Run generation, which must stop cleanly; return the message that it gives."""
        before = self.snapshot()
        outcome = self.run()
        assert outcome.status == 1, f"generation went on: {outcome.message}"
        assert outcome.message.startswith("generation stopped: ")
        assert "Traceback" not in outcome.message
        assert " object at 0x" not in outcome.message, "a memory address tells a person nothing"
        assert self.snapshot() == before, "generated/ is not as it was"
        return outcome.message


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project that stands still, its package generated, with the scripts beside it."""
    root = tmp_path_factory.mktemp("made") / "project"
    trees.make(root)
    shutil.copy(ROOT / "overlay" / "regenerate.py", root / "overlay")
    shutil.copytree(ROOT / "overlay" / "spec_tools", root / "overlay" / "spec_tools", ignore=NO_CACHES)
    return root


@pytest.fixture
def tree(made: Path, tmp_path: Path) -> trees.Tree:
    """A copy of the project that stands still, for update_spec.py."""
    shutil.copytree(made, tmp_path / "project", ignore=NO_CACHES)
    return trees.Tree(tmp_path / "project")


@pytest.fixture
def project(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Project:
    """A copy of the project that stands still, for regenerate.py."""
    shutil.copytree(made, tmp_path / "project", ignore=NO_CACHES)
    return Project(tmp_path / "project", capsys)


@pytest.fixture
def committed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Project:
    """The inputs and the result that are committed, copied."""
    root = tmp_path / "project"
    shutil.copytree(ROOT / "overlay", root / "overlay", ignore=NO_CACHES)
    shutil.copytree(ROOT / "generated", root / "generated", ignore=NO_CACHES)
    for name in ("openapi.yaml", "generator-config.yaml"):
        shutil.copy(ROOT / name, root)
    return Project(root, capsys)


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Packages:
    """The golden packages, each generated once."""
    return Packages(tmp_path_factory.mktemp("golden"))


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., str]:
    """Write a file; return its path."""

    def write(content: str | bytes, name: str = "a.yaml") -> str:
        (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return str(tmp_path / name)

    return write
