"""What the check for completeness cannot see in the committed package: descriptions, optional fields, imports."""

from __future__ import annotations

import ast
import subprocess
import sys
import typing
from pathlib import Path
from typing import Any

import attrs
import pytest

from codegen.document import walk
from codegen.loading import load_yaml
from puretalk_generated import models

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "generated" / "puretalk_generated"
MODULES = sorted(PACKAGE.rglob("*.py"))
DOCUMENT: Any = load_yaml(ROOT / "openapi.yaml")
MODELS = [getattr(models, name) for name in models.__all__ if attrs.has(getattr(models, name))]


def test_every_description_is_in_a_docstring() -> None:
    """Those of properties, of their alternatives where they have none themselves, and of operations."""
    text = " ".join(" ".join(path.read_text(encoding="utf-8").split()) for path in MODULES)
    found = [node for node in walk(DOCUMENT) if node.value.get("description") and node.kind in ("schema", "operation")]
    assert len(found) > 40, "the walk saw no document"
    assert [node.place for node in found if " ".join(node.value["description"].split()) not in text] == []


@pytest.mark.parametrize("model", MODELS)
def test_only_optional_attributes_can_be_none(model: Any) -> None:
    """None is the default of an optional property; a required one has no default, and is None if null is allowed."""
    hints = typing.get_type_hints(model, include_extras=True)
    for field in attrs.fields(model):
        is_nullable = type(None) in typing.get_args(hints[field.name]) or hints[field.name] is Any
        assert field.default is attrs.NOTHING or (field.default is None and is_nullable), field.name


def imported(source: str) -> set[str]:
    """The top-level packages that a module imports, except its own and the standard library."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module or "")
    return {name.split(".")[0] for name in names} - set(sys.stdlib_module_names)


def test_modules_import_only_the_dependencies() -> None:
    """At any place in a module; alone in a process, the package does not import puretalk_client."""
    assert imported("def late():\n    from a.b import c\nimport d.e, json") == {"a", "d"}
    assert {name for path in MODULES for name in imported(path.read_text("utf-8"))} == {"attrs", "httpx", "msgspec"}
    names = [".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in MODULES]
    code = f"import sys, {', '.join(name.removesuffix('.__init__') for name in names)}\nprint(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "puretalk_client" not in {name.split(".")[0] for name in result.stdout.split()}
