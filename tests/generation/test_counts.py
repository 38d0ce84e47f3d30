"""As many operations and schemas as the document has, counted without the tools that generate and compare."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from .conftest import ROOT
from .golden.harness import NAMES, Packages

VERBS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


def operations_of(document: Any) -> int:
    """Count the operations of a document."""
    return sum(len(item.keys() & VERBS) for item in document["paths"].values())


def classes_of(document: Any) -> int:
    """Count the component schemas that must be a class or an enum: those with properties, or with values of texts."""
    schemas = (document.get("components") or {}).get("schemas") or {}
    return sum(
        bool(schema.get("properties") or (schema.get("enum") and schema.get("type") == "string"))
        for schema in schemas.values()
    )


def counts(package: Path) -> tuple[int, int]:
    """Count the coroutines below ``api``, and the names below ``models``."""
    coroutines = sum(
        isinstance(node, ast.AsyncFunctionDef)
        for path in (package / "api").rglob("*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
    )
    return coroutines, len([path for path in (package / "models").glob("*.py") if path.name != "__init__.py"])


@pytest.mark.parametrize("name", NAMES)
def test_golden_package_has_every_operation_and_schema(packages: Packages, name: str) -> None:
    """A coroutine for each operation, and at least a module for each schema that is a class."""
    document = packages[name].document
    coroutines, modules = counts(packages[name].folder)
    assert coroutines == operations_of(document) > 0
    assert modules >= classes_of(document)


def test_committed_package_has_every_operation_and_schema() -> None:
    """The same for openapi.yaml."""
    document = YAML(typ="safe").load(ROOT / "openapi.yaml")
    coroutines, modules = counts(ROOT / "generated" / "puretalk_generated")
    assert coroutines == operations_of(document) > 0
    assert modules >= classes_of(document) > 0
