"""Compares the public Python API of both packages with a release and lists breaking changes.

Each is a line with its location in the working tree or, if it was removed, in the release. Names with a leading
underscore are private. Nothing is imported: griffe reads the sources. It does not compare the types of attributes;
those of the models are in the report of "make spec-diff".
"""

from __future__ import annotations

import ast
import io
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import griffe

SOURCES = {"overlay": "puretalk_client", "generated": "puretalk_generated"}


class ComparisonError(Exception):
    """The packages cannot be compared; the message says why."""


def git(root: Path, *arguments: str) -> bytes:
    """Run git in the project; return its output, or raise a ComparisonError with the cause."""
    try:
        return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=True).stdout
    except OSError as error:
        raise ComparisonError(f"git cannot be run: {error.strerror}") from None
    except subprocess.CalledProcessError as error:
        raise ComparisonError(error.stderr.decode(errors="replace").strip()) from None


def last_release(root: Path) -> str | None:
    """Return the last tag v* that HEAD descends from, or None; refuse a shallow clone, which has no tags."""
    git(root, "rev-parse", "--verify", "HEAD")
    try:
        return git(root, "describe", "--tags", "--abbrev=0", "--match", "v*", "HEAD").decode().strip()
    except ComparisonError:
        if git(root, "rev-parse", "--is-shallow-repository").strip() == b"true":
            raise ComparisonError("a shallow clone has no tags: run git fetch --unshallow --tags") from None
        return None


def breaking_changes(root: Path, ref: str) -> list[str]:
    """Compare the working tree with a commit; return a line for each breaking change."""
    folders = [f"{source}/{package}" for source, package in SOURCES.items()]
    try:
        commit = git(root, "rev-parse", "--verify", "--end-of-options", f"{ref}^{{commit}}").decode().strip()
        archive = git(root, "archive", "--format=tar", commit, "--", *folders)
    except ComparisonError as error:
        raise ComparisonError(f"{ref}: {error}") from None
    with tempfile.TemporaryDirectory() as folder, tarfile.open(fileobj=io.BytesIO(archive)) as members:
        before = Path(folder).resolve()
        members.extractall(before, filter="data")
        old, new = load(before), load(root)
        found = [
            describe(breakage, {before: f" of {ref}", root: ""})
            for package in SOURCES.values()
            for breakage in griffe.find_breaking_changes(old[package], new[package])
        ]
    return sorted(set(found))


def load(root: Path) -> griffe.ModulesCollection:
    """Read both packages; refuse one that is missing or broken, whose names griffe would report as removed."""
    loader = griffe.GriffeLoader(search_paths=[root / source for source in SOURCES], allow_inspection=False)
    for source, package in SOURCES.items():
        folder = root / source / package
        if not (folder / "__init__.py").is_file():
            raise ComparisonError(f"there is no package {package}")
        loader.load(package)
        for path in folder.rglob("*.py"):
            try:
                tree = ast.parse(path.read_bytes())
            except (SyntaxError, ValueError) as error:
                raise ComparisonError(f"{path.relative_to(folder.parent)}: not valid Python: {error}") from None
            # "from x import y as y" exports y (PEP 484), which griffe ignores.
            steps = path.relative_to(folder).with_suffix("").parts
            module: Any = loader.modules_collection[(package, *(step for step in steps if step != "__init__"))]
            for node in ast.walk(tree):
                for alias in node.names if isinstance(node, ast.ImportFrom) else ():
                    if alias.asname == alias.name:
                        module.members[alias.name].public = True
    return loader.modules_collection


def describe(breakage: griffe.Breakage, labels: dict[Path, str]) -> str:
    """Format a breaking change with its location; for an inherited member, where it is defined."""
    thing: Any = breakage.obj
    if thing.is_alias and thing.inherited:
        thing = thing.final_target
    holder = thing.parent if thing.is_alias else thing  # an alias has the location of its target
    path, line = holder.filepath, thing.alias_lineno if thing.is_alias else thing.lineno
    root = next(root for root in labels if path.is_relative_to(root))
    what = breakage.explain(griffe.ExplanationStyle.MARKDOWN).removeprefix("- ")
    where = f"{path.relative_to(root).as_posix()}:{line or 1}{labels[root]}"
    return f"{where}: {holder.module.path}: {what.replace('*', '').replace('`', '')}"


def run(root: Path, ref: str | None) -> int:
    """Print the breaking changes since ``ref``, or the last tag v*; return 1 if there are any, 2 if it fails."""
    try:
        if git(root, "rev-parse", "--show-prefix").strip():
            raise ComparisonError("not a git repository: it belongs to a parent folder")
        ref = ref or last_release(root)
        if ref is None:
            print("no release yet (HEAD does not descend from a tag v*): nothing to compare with")
            return 0
        found = breaking_changes(root, ref)
    except ComparisonError as error:
        print(f"api-diff: {error}", file=sys.stderr)
        return 2
    print(*found, f"breaking changes to the Python API since {ref}: {len(found) or 'none'}", sep="\n")
    return 1 if found else 0
