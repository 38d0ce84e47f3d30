"""A package has as many operations and models as its document, counted without the code under test."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from .golden.harness import NAMES, Packages
from .project import ROOT

VERBS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


def operations_of(document: Any) -> int:
    """Count the operations of a document."""
    return sum(len(item.keys() & VERBS) for item in document["paths"].values())


def classes_of(document: Any) -> int:
    """Count the component schemas that become a class or an enum: those with properties, or with an enum of strings."""
    schemas = (document.get("components") or {}).get("schemas") or {}
    return sum(
        bool(schema.get("properties") or (schema.get("enum") and schema.get("type") == "string"))
        for schema in schemas.values()
    )


def counts(package: Path) -> tuple[int, int]:
    """Count the coroutines below ``api``, and the classes and enums in ``models``."""
    coroutines = sum(
        isinstance(node, ast.AsyncFunctionDef)
        for path in (package / "api").rglob("*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
    )
    models = ast.parse((package / "models.py").read_text(encoding="utf-8")).body
    return coroutines, sum(isinstance(node, (ast.ClassDef, ast.Assign)) for node in models) - 1  # __all__


@pytest.mark.parametrize("name", NAMES)
def test_golden_package_has_every_operation_and_schema(packages: Packages, name: str) -> None:
    """There is a coroutine for each operation, and a class or enum for at least each schema that needs one."""
    document = packages[name].document
    coroutines, models = counts(packages[name].folder)
    assert coroutines == operations_of(document) > 0
    assert models >= classes_of(document)


def test_committed_package_has_every_operation_and_schema() -> None:
    """The same for openapi.yaml."""
    document = YAML(typ="safe").load(ROOT / "openapi.yaml")
    coroutines, models = counts(ROOT / "generated" / "puretalk_generated")
    assert coroutines == operations_of(document) > 0
    assert models >= classes_of(document) > 0
