"""The public surface of puretalk_client, as griffe reads it from the sources: names, and where they say ``Any``."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import griffe

ROOT = Path(__file__).parents[2]
MODULES = ("_public", "drift", "errors", "export", "models", "testing._public")
"""``_public`` has what a package itself exports."""

# What people write themselves; the others (__repr__, __hash__) take and return what Python prescribes.
_WRITTEN = ("__init__", "__call__", "__getitem__", "__aiter__", "__anext__", "__aenter__", "__aexit__")


def load() -> griffe.Module:
    """Read both packages, so that names of the generated one can be followed."""
    loader = griffe.GriffeLoader(search_paths=[ROOT / "overlay", ROOT / "generated"], allow_inspection=False)
    loader.load("puretalk_generated")
    package = loader.load("puretalk_client")
    loader.resolve_aliases()
    assert isinstance(package, griffe.Module)
    return package


def exported(package: griffe.Module, module: str) -> dict[str, griffe.Object]:
    """List what a public module offers by name: ``__all__``, or what it defines and imports "as" itself (PEP 484)."""
    read = package[module]
    names = set(map(str, read.exports or ()))
    if not names:
        tree = ast.parse(read.filepath.read_text(encoding="utf-8"))
        imports = [each for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for each in node.names]
        names = {each.name for each in imports if each.asname == each.name}
        names |= {name for name, member in read.members.items() if not member.is_alias and not name.startswith("_")}
    found = {name: read.members[name] for name in sorted(names)}
    return {name: each.final_target if isinstance(each, griffe.Alias) else each for name, each in found.items()}


def members(thing: griffe.Object) -> Iterator[griffe.Object]:
    """List an object and, of a class, the members that people use, inherited ones included."""
    yield thing
    if isinstance(thing, griffe.Class):
        for name, member in thing.all_members.items():
            if not name.startswith("_") or name in _WRITTEN:
                target = member.final_target if isinstance(member, griffe.Alias) else member
                if target.path.partition(".")[0] in ("puretalk_client", "puretalk_generated"):
                    yield target


def anys(thing: griffe.Object) -> Iterator[str]:
    """List the parameters and results of an object whose annotation contains ``Any``."""
    if isinstance(thing, griffe.Attribute) and _is_any(thing.annotation):
        yield thing.path
    functions = (thing.overloads or [thing]) if isinstance(thing, griffe.Function) else []
    for function in functions:
        if _is_any(function.returns):
            yield f"{thing.path} ->"
        yield from (f"{thing.path}({each.name})" for each in function.parameters if _is_any(each.annotation))


def _is_any(annotation: str | griffe.Expr | None) -> bool:
    if annotation is None or isinstance(annotation, str):
        return annotation is not None and "Any" in annotation
    return any(isinstance(part, griffe.ExprName) and part.name == "Any" for part in annotation.iterate())
