"""Compares the public Python API of both packages with a release and lists breaking changes.

Each is a line with its location in the working tree or, if it was removed, in the release. Nothing is imported: griffe
reads the sources. It does not compare the types of attributes; "make spec-diff" reports those of the models.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import griffe

SOURCES = {"overlay": "puretalk_client", "generated": "puretalk_generated"}


def git(root: Path, *arguments: str) -> bytes:
    """Run git in the project; return its output."""
    return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=True).stdout


def load(root: Path) -> griffe.ModulesCollection:
    """Read both packages."""
    loader = griffe.GriffeLoader(search_paths=[root / source for source in SOURCES], allow_inspection=False)
    for package in SOURCES.values():
        # What a package imports "as" itself is exported (PEP 484), which griffe ignores.
        for member in loader.load(package).members.values():
            member.public = not member.name.startswith("_")
    return loader.modules_collection


def breaking_changes(root: Path, ref: str) -> list[str]:
    """Compare the working tree with a commit; return a line for each breaking change."""
    commit = git(root, "rev-parse", "--verify", "--end-of-options", f"{ref}^{{commit}}").decode().strip()
    archive = git(root, "archive", "--format=tar", commit, "--", *map("/".join, SOURCES.items()))
    with tempfile.TemporaryDirectory() as folder, tarfile.open(fileobj=io.BytesIO(archive)) as members:
        before = Path(folder).resolve()
        members.extractall(before, filter="data")
        old, new = load(before), load(root)
        found = [each for name in SOURCES.values() for each in griffe.find_breaking_changes(old[name], new[name])]
        return sorted({describe(each, {before: f" of {ref}", root: ""}) for each in found})


def describe(breakage: griffe.Breakage, labels: dict[Path, str]) -> str:
    """Format a breaking change with its location; for an inherited member, where it is defined."""
    thing = breakage.obj
    if isinstance(thing, griffe.Alias) and thing.inherited:
        thing = thing.final_target
    line = thing.alias_lineno if isinstance(thing, griffe.Alias) else thing.lineno
    holder = thing.parent if isinstance(thing, griffe.Alias) else thing  # an alias has the location of its target
    assert holder is not None
    assert isinstance(holder.filepath, Path)
    root = next(root for root in labels if holder.filepath.is_relative_to(root))
    what = breakage.explain(griffe.ExplanationStyle.MARKDOWN).removeprefix("- ").replace("*", "").replace("`", "")
    return f"{holder.filepath.relative_to(root).as_posix()}:{line or 1}{labels[root]}: {holder.module.path}: {what}"


def run(root: Path, ref: str | None) -> int:
    """Print the breaking changes since ``ref``, or the last tag v*; return 1 if there are any, 2 if it fails."""
    try:
        if ref is None and not git(root, "tag", "--merged", "HEAD", "--list", "v*"):
            print("HEAD does not descend from a tag v*: nothing to compare with")
            return 0
        ref = ref or git(root, "describe", "--tags", "--abbrev=0", "--match", "v*", "HEAD").decode().strip()
        found = breaking_changes(root, ref)
    except (OSError, subprocess.CalledProcessError, ImportError) as error:
        cause = error.stderr.decode(errors="replace") if isinstance(error, subprocess.CalledProcessError) else error
        print(f"api-diff: {f'{ref}: ' if ref else ''}{str(cause).strip()}", file=sys.stderr)
        return 2
    print(*found, f"breaking changes to the Python API since {ref}: {len(found) or 'none'}", sep="\n")
    return 1 if found else 0
