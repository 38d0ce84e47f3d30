"""Follow-ups: what a person must decide after the document has changed, each with file and line.

They are computed from the working tree. tests/codegen/test_follow_ups.py fails as long as there are any.
"""

from __future__ import annotations

import ast
import copy
import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from attrs import frozen

from .fixes import apply_fixes
from .generated_names import Names, read as read_names
from .loading import load_yaml
from .walk import reachable

PACKAGE = "generated/puretalk_generated"
OVERLAY = "overlay/puretalk_client"
FIXES = "overlay/spec-fixes.yaml"
READS = "overlay/spec-reads.yaml"
CONFIG = "generator-config.yaml"
STATUS = f"{OVERLAY}/_call_status.py"
CALLS = f"{OVERLAY}/_calls.py"
SAMPLES = f"{OVERLAY}/testing/_samples.py"

READERS = (
    "models.py",
    "_calls.py",
    "_envelope.py",
    "_post_analysis.py",
    "_cli/render.py",
    "testing/_samples.py",
    "testing/_lifecycle.py",
    "testing/_sandbox.py",
)
"""The modules of puretalk_client that read or create models. Others use the same words for other things."""


Kind = Literal["status", "fix", "override", "field", "operation", "import"]


@frozen
class FollowUp:
    """A decision for a person.

    Attributes:
        kind: What it is about.
        where: File and line, relative to the root of the project.
        text: What to decide and what to do.
    """

    kind: Kind
    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text}"


def open_follow_ups(root: Path) -> list[FollowUp]:
    """Return the follow-ups of the project at ``root``.

    Raises:
        GenerationError: A file is missing or invalid.
    """
    names, document = read_names(root / PACKAGE), load_yaml(root / "openapi.yaml")
    finders = (
        statuses(root, document),
        idle_fixes(root, document),
        idle_overrides(root, names),
        fields(root, names),
        operations(root, names),
        imports(root, names),
    )
    return [follow_up for finder in finders for follow_up in finder]


def statuses(root: Path, document: Any) -> Iterator[FollowUp]:
    """Find statuses in the document that ``CallStatus`` does not have."""
    path = root / STATUS
    known = runpy.run_path(str(path))["CallStatus"]
    schemas: Any = (document.get("components") or {}).get("schemas") or {}
    status = ((schemas.get("Call") or {}).get("properties") or {}).get("status")
    values = [value for _, schema in reachable(document, status, "") for value in schema.get("enum") or ()]
    lines = path.read_text(encoding="utf-8").splitlines()
    last = max(number for number, line in enumerate(lines, 1) if re.match(r'    [A-Z_]+ = "', line))
    for value in values:
        if isinstance(value, str) and not known(value).is_known:
            yield FollowUp(
                "status",
                f"{STATUS}:{last}",
                f"CallStatus does not have {value!r}: add a member, and if it is final, add it to _FINAL"
                " and to FINAL in tests/unit/test_call_status.py",
            )


def idle_fixes(root: Path, document: Any) -> Iterator[FollowUp]:
    """Find actions of the spec fixes that no longer match anything."""
    idle: list[tuple[int, str]] = []
    fixes = load_yaml(root / FIXES)
    apply_fixes(copy.deepcopy(document), fixes, FIXES, idle)
    for number, text in idle:
        yield FollowUp("fix", f"{FIXES}:{fixes['actions'][number - 1].lc.line + 1}", text)


def idle_overrides(root: Path, names: Names) -> Iterator[FollowUp]:
    """Find class overrides without effect: the generator ignores those that match nothing."""
    overrides: Any = load_yaml(root / CONFIG).get("class_overrides") or {}
    for key, override in overrides.items():
        name = override.get("class_name", key)
        if name not in names.models and name not in names.aliases:
            yield FollowUp(
                "override",
                f"{CONFIG}:{overrides.lc.key(key)[0] + 1}",
                f"{key} matches nothing, so there is no {name}: look up the new name of the class in"
                f" {PACKAGE}/models.py, and rename or delete the key",
            )


def fields(root: Path, names: Names) -> Iterator[FollowUp]:
    """Find fields that puretalk_client reads and that were removed, or have another type than it expects."""
    mentioned, expectations = mentions(root), load_yaml(root / READS)["models"]
    elsewhere = [*idle_overrides(root, names), *imports(root, names)]
    for model, reads in expectations.items():
        if model not in names.models and not any(f" {model}" in follow_up.text for follow_up in elsewhere):
            where = f"{READS}:{expectations.lc.key(model)[0] + 1}"
            yield FollowUp(
                "field",
                where,
                f"the model {model} no longer exists: rename or delete it here{used_by(root, model)}",
            )
        attributes = names.models.get(model, {}).values()
        there = {attribute.name: attribute.annotation for attribute in attributes}
        for attribute in attributes:
            if attribute.required and attribute.name not in reads:
                where = f"{READS}:{expectations.lc.key(model)[0] + 1}"
                text = f"{model}.{attribute.name} is required: add it to {SAMPLES}, then here"
                yield FollowUp("field", where, text)
        for name, expected in reads.items() if attributes else ():
            # Code that expects "T | None" also works with "T".
            if there.get(name) in (expected, expected.removesuffix(" | None")):
                continue
            now = f"is now {there[name]!r}, not {expected!r}" if name in there else "was removed"
            first, *others = [*(mentioned.get(name) or []), f"{READS}:{reads.lc.key(name)[0] + 1}"]
            also = f" and {', '.join(others)}" if others else ""
            tests = used_by(root, name) if name not in there else ""
            yield FollowUp("field", first, f"{model}.{name} {now}: adapt this line{also}{tests}")


def operations(root: Path, names: Names) -> Iterator[FollowUp]:
    """Find operations that puretalk_client uses and whose parameters or response are not those that it expects."""
    modules = {operation.name: operation for operation in names.operations.values()}
    expectations = load_yaml(root / READS)["operations"]
    for name, expected in expectations.items():
        operation = modules.get(name)
        if operation is None:
            continue  # reported by imports()
        there = {"takes": operation.signature, "returns": operation.success}
        for fact in [fact for fact in there if there[fact] != expected[fact]]:
            line = expectations.lc.key(name)[0] + 1
            text = f"{name} now {fact} {there[fact]!r}, not {expected[fact]!r}: adapt {CALLS}, then here"
            yield FollowUp("operation", f"{READS}:{line}", text)


def mentions(root: Path) -> dict[str, list[str]]:
    """Return file and line of each mention of a name in READERS, as an attribute or as a string."""
    found: dict[str, list[str]] = {}
    for reader in READERS:
        for node in ast.walk(ast.parse((root / OVERLAY / reader).read_text(encoding="utf-8"))):
            name = getattr(node, "attr", None) or getattr(node, "value", None)
            if isinstance(node, (ast.Attribute, ast.Constant)) and isinstance(name, str):
                where = f"{OVERLAY}/{reader}:{node.lineno}"
                if where not in found.setdefault(name, []):
                    found[name].append(where)
    return found


def used_by(root: Path, name: str) -> str:
    """Return the end of a sentence that lists the tests which use an attribute, a keyword or an imported name."""
    found = []
    for path in sorted((root / "tests").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if name in (getattr(node, "attr", ""), getattr(node, "arg", ""), getattr(node, "name", "")):
                found.append(path.relative_to(root).as_posix())
                break
    return f"; tests that use it: {', '.join(found)}" if found else ""


def imports(root: Path, names: Names) -> Iterator[FollowUp]:
    """Find imports from the generated package that would fail."""
    for path in sorted((root / OVERLAY).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("puretalk_generated"):
                continue
            module = (root / "generated").joinpath(*str(node.module).split("."))
            files = [file for file in (module.with_suffix(".py"), module / "__init__.py") if file.is_file()]
            there = bound(files[0]) if files else set()
            for alias in node.names:
                is_module = (module / f"{alias.name}.py").is_file() or (module / alias.name).is_dir()
                if not is_module and alias.name not in there | names.models.keys() | names.aliases:
                    where = f"{path.relative_to(root)}:{node.lineno}"
                    yield FollowUp("import", where, f"{node.module} no longer has {alias.name}: adapt this line")


def bound(module: Path) -> set[str]:
    """Return the names that are bound at the top level of a module."""
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
