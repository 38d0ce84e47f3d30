"""A small project with a document that never changes: "make update-spec" changes the real one."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

from attrs import frozen

from codegen import follow_ups, regenerate, update_spec
from codegen.__main__ import main

ROOT = Path(__file__).resolve().parents[2]
BASE = Path(__file__).with_name("base")
NO_CACHES = shutil.ignore_patterns("__pycache__")
CHANGELOG = (BASE / "changelog.txt").read_text(encoding="utf-8")

# What a vendor may change in one release. The first four need no follow-up.
NEW_FIELD = "        disposition: {type: string, nullable: true}\n        provider_call_id:\n"
GROWTH = (
    ("paths:\n", (BASE / "new-paths.yaml").read_text(encoding="utf-8")),
    ("components:\n  schemas:\n", (BASE / "new-schemas.yaml").read_text(encoding="utf-8")),
    ("        provider_call_id:\n", NEW_FIELD),
    ("            - machine\n", "            - machine\n            - voicemail\n"),
)
NEW_STATUS = ("            - canceled\n", "            - canceled\n            - on-hold\n")
NEW_TYPE = (
    "        call_duration_seconds:\n          type: integer\n",
    "        call_duration_seconds:\n          type: number\n",
)


def edited(*edits: tuple[str, str]) -> str:
    """The base document with replacements, each of a text that occurs once."""
    document = (BASE / "openapi.yaml").read_text(encoding="utf-8")
    for old, new in edits:
        assert document.count(old) == 1, f"the document contains it {document.count(old)} times: {old!r}"
        document = document.replace(old, new)
    return document


@frozen
class Run:
    """Exit status and output of one run of the command line."""

    status: int
    out: str
    err: str


@frozen
class Project:
    """A copy of the files that generation reads and writes."""

    root: Path

    @property
    def package(self) -> Path:
        """The generated package."""
        return self.root / "generated" / "puretalk_generated"

    def replace(self, old: str, new: str, name: str = "openapi.yaml") -> None:
        """Replace a text that occurs in a file exactly once."""
        path = self.root / name
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{name} contains it {text.count(old)} times: {old!r}"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def write(self, content: str | bytes, name: str = "openapi.yaml") -> None:
        """Write a file of the project."""
        (self.root / name).write_bytes(content.encode() if isinstance(content, str) else content)

    def new_document(self, content: str | bytes, name: str = "new.yaml") -> Path:
        """Write a document next to the project."""
        path = self.root.parent / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def snapshot(self) -> dict[str, bytes | None]:
        """All files of the project except byte-code caches, including hidden ones; None for a folder."""
        paths = sorted(path for path in self.root.rglob("*") if "__pycache__" not in path.parts)
        return {str(path.relative_to(self.root)): path.read_bytes() if path.is_file() else None for path in paths}

    def line(self, where: str) -> str:
        """The line at "file:number"."""
        name, _, number = where.rpartition(":")
        return (self.root / name).read_text(encoding="utf-8").splitlines()[int(number) - 1].strip()

    def run(self, *arguments: str | Path) -> Run:
        """Run the command line in this process."""
        with (
            contextlib.redirect_stdout(io.StringIO()) as out,
            contextlib.redirect_stderr(io.StringIO()) as err,
        ):
            status = main([*map(str, arguments), "--root", str(self.root)])
        return Run(status, out.getvalue(), err.getvalue())

    def run_apart(self, *arguments: str, **environment: str) -> Run:
        """Run Python in a separate process, in another folder, with the project's own packages."""
        paths = os.pathsep.join(str(self.root / name) for name in ("overlay", "generated"))
        result = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.root.parent,
            env={**os.environ, "PYTHONPATH": paths, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        return Run(result.returncode, result.stdout, result.stderr)

    def refusal(self) -> str:
        """Run generation, which must stop cleanly; return the message."""
        before = self.snapshot()
        run = self.run("generate")
        assert (run.status, run.out) == (1, ""), f"generation did not stop: {run.err}"
        assert run.err.startswith("generation stopped: ")
        assert "Traceback" not in run.err
        assert " object at 0x" not in run.err, "a message must not contain memory addresses"
        assert self.snapshot() == before, "the project was changed"
        return run.err


def make(root: Path) -> None:
    """Create the project and generate its package."""
    overlay = root / follow_ups.OVERLAY
    overlay.mkdir(parents=True)
    shutil.copy(BASE / "models.txt", overlay / "models.py")
    shutil.copy(BASE / "call_status.txt", root / follow_ups.STATUS)
    for name in (regenerate.TEMPLATES, "overlay/codegen"):
        shutil.copytree(ROOT / name, root / name, ignore=NO_CACHES)
    shutil.copy(BASE / "openapi.yaml", root)
    shutil.copy(BASE / "generator-config.yaml", root)
    shutil.copy(BASE / "spec-fixes.yaml", root / "overlay")
    (root / update_spec.CHANGELOG).write_text(CHANGELOG, encoding="utf-8")
    digest = update_spec.digest((root / "openapi.yaml").read_bytes())
    (root / update_spec.DIGEST).write_text(digest, encoding="ascii")
    (root / "generated").mkdir()
    regenerate.generate(root, root / regenerate.PACKAGE)
