"""Compare the public Python API of both packages with the last release: what breaks callers.

    api_changes.py         with the last tag v* that HEAD descends from
    api_changes.py REF     with another tag, branch or commit

One line for each breaking change, with the place in the working tree or, of what is gone, in the release.
Exit status: 0 none, or no release yet; 1 breaking changes; 2 the two cannot be compared. What begins with an
underscore does not count. Nothing is imported or run: griffe reads the sources. It does not compare the types of
attributes; those of the models are in the report of "make spec-diff".
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import io
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import griffe

ROOT = Path(__file__).resolve().parent.parent
SOURCES = {"overlay": "puretalk_client", "generated": "puretalk_generated"}


class ComparisonError(Exception):
    """The packages cannot be compared; the message says why."""


def git(root: Path, *arguments: str) -> bytes:
    """Run git in the project; return what it printed.

    Raises:
        ComparisonError: It failed, or is not there.
    """
    try:
        result = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=False)
    except OSError as error:
        raise ComparisonError(f"git cannot be run: {error.strerror}") from None
    if result.returncode != 0:
        raise ComparisonError(result.stderr.decode(errors="replace").strip())
    return result.stdout


def check_checkout(root: Path) -> None:
    """Refuse a folder that is not a checkout of its own, such as an unpacked source distribution."""
    try:
        top = git(root, "rev-parse", "--show-toplevel").decode().strip()
    except ComparisonError as error:
        raise ComparisonError(f"no git checkout to compare in: {error}") from None
    if Path(top).resolve() != root:
        raise ComparisonError("no git checkout to compare in: the repository is that of a folder further up")


def last_release(root: Path) -> str | None:
    """Name the last tag v* that HEAD descends from, if there is one.

    Raises:
        ComparisonError: That cannot be known: there is no commit, or the clone is shallow.
    """
    git(root, "rev-parse", "--verify", "HEAD")
    try:
        return git(root, "describe", "--tags", "--abbrev=0", "--match", "v*", "HEAD").decode().strip()
    except ComparisonError:
        if git(root, "rev-parse", "--is-shallow-repository").strip() == b"true":
            raise ComparisonError("a shallow clone has no tags: git fetch --unshallow --tags") from None
        return None


def breaking_changes(root: Path, ref: str) -> list[str]:
    """Compare the working tree with a commit; say where and what breaks callers, a line each.

    Raises:
        ComparisonError: There is no such commit, or it has not both packages.
    """
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
        breakages = [
            breakage
            for package in SOURCES.values()
            for breakage in griffe.find_breaking_changes(old[package], new[package])
        ]
        ours = attribute_classes(new)
        for path, handed_out in attribute_classes(old).items():
            if path in ours:
                breakages += griffe.find_breaking_changes(handed_out, ours[path])
        return sorted({describe(breakage, {before: f" of {ref}", root: ""}) for breakage in breakages})


def load(root: Path) -> griffe.ModulesCollection:
    """Read both packages below a folder.

    Raises:
        ComparisonError: One is missing or not whole; griffe would take its names for gone.
    """
    loader = griffe.GriffeLoader(search_paths=[root / source for source in SOURCES], allow_inspection=False)
    for source, package in SOURCES.items():
        check_package(root / source / package)
        loader.load(package)
    return loader.modules_collection


def check_package(folder: Path) -> None:
    """Refuse a package that is not there, or has a module that is no Python."""
    if not (folder / "__init__.py").is_file():
        raise ComparisonError(f"there is no package {folder.name}")
    for path in folder.rglob("*.py"):
        try:
            ast.parse(path.read_bytes())
        except (SyntaxError, ValueError) as error:
            raise ComparisonError(f"{path.relative_to(folder.parent)}: no Python: {error}") from None


def attribute_classes(modules: griffe.ModulesCollection) -> dict[str, griffe.Object | griffe.Alias]:
    """Find the classes that are public only as an attribute of what is exported, as ``client.calls`` is."""
    found = {}
    for exported in modules["puretalk_client"].members.values():
        if not (exported.is_public and exported.is_class):
            continue
        for attribute in exported.members.values():
            annotation = attribute.annotation if attribute.is_public and attribute.is_attribute else None
            if isinstance(annotation, griffe.Expr):
                with contextlib.suppress(KeyError):  # the class of another package, or no class
                    found[attribute.path] = modules[annotation.canonical_path]
    return found


def describe(breakage: griffe.Breakage, labels: dict[Path, str]) -> str:
    """Say where and what in one line; what several classes inherit is named where it is defined."""
    thing: Any = breakage.obj
    if thing.is_alias and thing.inherited:
        thing = thing.final_target
    holder = thing.parent if thing.is_alias else thing  # an alias answers for its target
    path, line = holder.filepath, thing.alias_lineno if thing.is_alias else thing.lineno
    root = next(root for root in labels if path.is_relative_to(root))
    what = breakage.explain(griffe.ExplanationStyle.MARKDOWN).removeprefix("- ")
    place = f"{path.relative_to(root).as_posix()}:{line or 1}{labels[root]}"
    return f"{place}: {holder.module.path}: {what.replace('*', '').replace('`', '')}"


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(description="Compare the public Python API with the last release.")
    parser.add_argument("ref", nargs="?", help="a tag, branch or commit; the last tag v* when left out")
    parser.add_argument("--root", type=Path, default=ROOT, help="the project's folder")
    options = parser.parse_args(arguments)
    root: Path = options.root.resolve()
    try:
        check_checkout(root)
        ref = options.ref or last_release(root)
        if ref is None:
            print("no release yet (HEAD descends from no tag v*): nothing to compare with")
            return 0
        found = breaking_changes(root, ref)
    except ComparisonError as error:
        print(f"api-diff: {error}", file=sys.stderr)
        return 2
    print(*found, f"breaking changes of the Python API since {ref}: {len(found) or 'none'}", sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
