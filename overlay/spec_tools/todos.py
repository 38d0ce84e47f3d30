"""What only a person can decide once the spec has changed: read off the tree as it stands, each with file and line.

tests/generation/test_todos.py fails for each of them, so that none is forgotten.
"""

from __future__ import annotations

import ast
import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from attrs import frozen

from . import generated_names
from .document import apply_fixes, load_yaml
from .walk import reachable

PACKAGE = "generated/puretalk_generated"
OVERLAY = "overlay/puretalk_client"
FIXES = "overlay/spec-fixes.yaml"
READS = "overlay/spec-reads.yaml"
CONFIG = "generator-config.yaml"

READERS = (
    "models.py",
    "_answers.py",
    "_calls.py",
    "_post_analysis.py",
    "_render.py",
    "testing/_samples.py",
    "testing/_lifecycle.py",
    "testing/_sandbox.py",
)
"""The modules of puretalk_client that read or make models; others use the same words for other things."""


Kind = Literal["status", "fix", "override", "field", "operation", "import"]


@frozen
class Todo:
    """A decision that waits for a person.

    Attributes:
        kind: What it is about.
        where: File and line, relative to the project's folder.
        text: What to decide, and what to do.
    """

    kind: Kind
    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text}"


def open_todos(root: Path) -> list[Todo]:
    """Return what waits for a person in the project at ``root``.

    Raises:
        GenerationError: A file that this reads is damaged.
    """
    names = generated_names.read(root / PACKAGE)
    finders = (
        statuses(root),
        idle_fixes(root),
        idle_overrides(root, names),
        fields(root, names),
        calls(root, names),
        imports(root, names),
    )
    return [todo for finder in finders for todo in finder]


def statuses(root: Path) -> Iterator[Todo]:
    """Find statuses of the spec that ``CallStatus`` does not know."""
    path = root / OVERLAY / "_status.py"
    known = runpy.run_path(str(path))["CallStatus"]
    document = load_yaml(root / "openapi.yaml")
    schemas: Any = (document.get("components") or {}).get("schemas") or {}
    status = ((schemas.get("Call") or {}).get("properties") or {}).get("status")
    values = [value for _, schema in reachable(document, status, "") for value in schema.get("enum") or ()]
    lines = path.read_text(encoding="utf-8").splitlines()
    last = max(number for number, line in enumerate(lines, 1) if re.match(r'    [A-Z_]+ = "', line))
    for value in values:
        if isinstance(value, str) and not known(value).is_known:
            yield Todo(
                "status",
                f"{OVERLAY}/_status.py:{last}",
                f"CallStatus does not know {value!r}: add a member, and if it ends the call, add it to _FINAL"
                " and to FINAL of tests/test_status.py",
            )


def idle_fixes(root: Path) -> Iterator[Todo]:
    """Find actions of the spec fixes that match nothing any more."""
    idle: list[tuple[int, str]] = []
    fixes = load_yaml(root / FIXES)
    apply_fixes(load_yaml(root / "openapi.yaml"), fixes, FIXES, idle)
    for number, text in idle:
        yield Todo("fix", f"{FIXES}:{fixes['actions'][number - 1].lc.line + 1}", text)


def idle_overrides(root: Path, names: generated_names.Names) -> Iterator[Todo]:
    """Find class overrides of which nothing came: the generator passes over those that match nothing."""
    overrides: Any = load_yaml(root / CONFIG).get("class_overrides") or {}
    for key, override in overrides.items():
        name = override.get("class_name", key)
        if name not in names.models and name not in names.aliases:
            yield Todo(
                "override",
                f"{CONFIG}:{overrides.lc.key(key)[0] + 1}",
                f"{key} matches nothing, so there is no {name}: see generated/puretalk_generated/models for what"
                " the class is called now, and rename or delete the key",
            )


def fields(root: Path, names: generated_names.Names) -> Iterator[Todo]:
    """Find what puretalk_client reads of a model and that is gone, or of another type than it was written for."""
    mentioned, written_for = mentions(root), load_yaml(root / READS)["models"]
    elsewhere = [*idle_overrides(root, names), *imports(root, names)]
    for model, reads in written_for.items():
        if model not in names.models and not any(f" {model}" in todo.text for todo in elsewhere):
            where = f"{READS}:{written_for.lc.key(model)[0] + 1}"
            yield Todo(
                "field",
                where,
                f"there is no model {model} any more: rename or delete it here{used_by(root, model)}",
            )
        attributes = names.models.get(model, {}).values()
        there = {attribute.name: attribute.annotation for attribute in attributes}
        for attribute in attributes:
            if attribute.required and attribute.name not in reads:
                where = f"{READS}:{written_for.lc.key(model)[0] + 1}"
                text = f"{model}.{attribute.name} is required: add it to {OVERLAY}/testing/_samples.py, then here"
                yield Todo("field", where, text)
        for name, expected in reads.items() if attributes else ():
            # What may be None was read with care: it may as well never be.
            if there.get(name) in (expected, expected.removesuffix(" | None")):
                continue
            now = f"is {there[name]!r} now, not {expected!r}" if name in there else "is gone"
            first, *others = [*(mentioned.get(name) or []), f"{READS}:{reads.lc.key(name)[0] + 1}"]
            also = f" and {', '.join(others)}" if others else ""
            tests = used_by(root, name) if name not in there else ""
            yield Todo("field", first, f"{model}.{name} {now}: mend this line{also}{tests}")


def calls(root: Path, names: generated_names.Names) -> Iterator[Todo]:
    """Find operations that puretalk_client calls and that take or answer something else than it was written for."""
    modules = {operation.name: operation for operation in names.operations.values()}
    written_for = load_yaml(root / READS)["operations"]
    for name, expected in written_for.items():
        operation = modules.get(name)
        if operation is None:
            continue  # its import is the to-do
        there = {"takes": operation.signature, "answers": operation.success}
        for fact in [fact for fact in there if there[fact] != expected[fact]]:
            line = written_for.lc.key(name)[0] + 1
            text = f"{name} {fact} {there[fact]!r} now, not {expected[fact]!r}: mend {OVERLAY}/_calls.py, then here"
            yield Todo("operation", f"{READS}:{line}", text)


def mentions(root: Path) -> dict[str, list[str]]:
    """Return where the readers of models mention each name, as an attribute or as a text."""
    found: dict[str, list[str]] = {}
    for reader in READERS:
        for node in ast.walk(ast.parse((root / OVERLAY / reader).read_text(encoding="utf-8"))):
            name = getattr(node, "attr", None) or getattr(node, "value", None)
            if isinstance(node, (ast.Attribute, ast.Constant)) and isinstance(name, str):
                place = f"{OVERLAY}/{reader}:{node.lineno}"
                if place not in found.setdefault(name, []):
                    found[name].append(place)
    return found


def used_by(root: Path, name: str) -> str:
    """Name the tests that use an attribute, a keyword or an imported name, in words that end a sentence."""
    found = []
    for path in sorted((root / "tests").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if name in (getattr(node, "attr", ""), getattr(node, "arg", ""), getattr(node, "name", "")):
                found.append(path.relative_to(root).as_posix())
                break
    return f"; tests that use it: {', '.join(found)}" if found else ""


def imports(root: Path, names: generated_names.Names) -> Iterator[Todo]:
    """Find what puretalk_client imports from the generated package and that is not there."""
    for path in sorted((root / OVERLAY).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith(
                "puretalk_generated"
            ):
                continue
            module = (root / "generated").joinpath(*str(node.module).split("."))
            files = [file for file in (module.with_suffix(".py"), module / "__init__.py") if file.is_file()]
            there = bound(files[0]) if files else set()
            for alias in node.names:
                is_module = (module / f"{alias.name}.py").is_file() or (module / alias.name).is_dir()
                if not is_module and alias.name not in there | names.models.keys() | names.aliases:
                    where = f"{path.relative_to(root)}:{node.lineno}"
                    yield Todo("import", where, f"{node.module} has no {alias.name} any more: mend this line")


def bound(module: Path) -> set[str]:
    """Return the names that a module binds at its top level."""
    found: set[str] = set()
    for node in ast.parse(module.read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found
