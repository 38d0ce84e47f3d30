"""Generates ``generated/puretalk_generated`` from ``openapi.yaml``, or checks that it is up to date.

The spec fixes are applied to a copy of the document, and openapi-python-client runs on that copy with the templates of
this project. The result replaces the existing package only if there was no error and nothing is missing from it.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from openapi_python_client.config import ConfigFile
from openapi_python_client.schema import OpenAPI
from pydantic import BaseModel, ValidationError

from . import generator
from .contents import Warnings
from .document import GenerationError, Pointer, at, check_document, place
from .fixes import apply_fixes
from .loading import load_yaml
from .normalize import normalize
from .operation_names import name_operations

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "generated/puretalk_generated"
CONFIG = "generator-config.yaml"
FIXES = "overlay/spec-fixes.yaml"
TEMPLATES = "overlay/templates"
STOCK_MODULES = ("client.py", "errors.py", "types.py")
"""What the generator always writes, from its own templates. The runtime replaces these modules."""
HEADER = (
    f"# Generated from openapi.yaml by openapi-python-client {version('openapi-python-client')}"
    ' ("make generate"). Do not edit.\n'
)


def validated(kind: type[BaseModel], content: Any, message: str) -> Any:
    """Parse the content of a file; else raise a message with each location and what is wrong there."""
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        found: dict[str, str] = {}
        for each in error.errors(include_url=False, include_context=False, include_input=False):
            pointer: Pointer = ()
            for step in each["loc"]:  # which also names the alternatives of a union
                with contextlib.suppress(KeyError):
                    at(content, (*pointer, step))
                    pointer = (*pointer, step)
            if each["type"] == "missing":
                pointer = (*pointer, each["loc"][-1])
            found.setdefault(place(pointer), each["msg"])
        raise GenerationError("\n".join([message, *(f"{where}: {text}" for where, text in found.items())])) from None


def finish(package: Path, templates: Path) -> None:
    """Add the runtime and the PEP 561 marker, and a header to every file."""
    for name in STOCK_MODULES:
        (package / name).unlink()
    for module in (templates / "runtime").glob("*.py"):
        if module.name != "spec.py":
            shutil.copy(module, package / module.name)
    (package / "py.typed").write_text("", encoding="utf-8")
    for name in files(package):
        (package / name).write_text(HEADER + (package / name).read_text(encoding="utf-8"), encoding="utf-8")


def check_complete(package: Path, document: Any, classes: dict[str, str]) -> Warnings:
    """Compare a generated package with the document, in a separate process that imports all of it.

    Raises:
        GenerationError: Something in the document is missing from the package; the message lists it.
    """
    tools = str(Path(__file__).resolve().parents[1])
    result = subprocess.run(
        [sys.executable, "-P", "-B", "-m", "codegen.completeness", str(package)],
        input=json.dumps({"document": document, "classes": classes}, default=str),
        env={**os.environ, "PYTHONPATH": os.pathsep.join([tools, str(package.parent)]), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        cause = (result.stderr.strip().splitlines() or [f"exit status {result.returncode}"])[-1]
        raise GenerationError(f"openapi.yaml: the generated package could not be compared with it: {cause}")
    found: dict[str, Any] = json.loads(result.stdout)
    if found["problems"]:
        lines = ["openapi.yaml: not all of it can be generated", *found["problems"], generator.ADVICE]
        raise GenerationError("\n".join(lines))
    warnings: Warnings = found["warnings"]
    return warnings


def generate(root: Path, target: Path, *, allow_idle_fixes: bool = False) -> None:
    """Generate the package of the project at ``root`` into the folder ``target``, which must not exist.

    A folder with another API's document need not have a configuration or templates: those of this project are used,
    without its names. Warnings about the document go to stderr.

    Raises:
        GenerationError: Something cannot be generated, or a fix matches nothing and ``allow_idle_fixes`` is not set.
    """
    config = load_yaml((root if (root / CONFIG).exists() else ROOT) / CONFIG)
    if not (root / CONFIG).exists():
        config.pop("class_overrides", None)
    config = validated(ConfigFile, config, f"{CONFIG}: not a valid configuration")
    templates = (root if (root / TEMPLATES).exists() else ROOT) / TEMPLATES
    document = load_yaml(root / "openapi.yaml")
    check_document(document, "openapi.yaml")
    if (root / FIXES).exists():
        apply_fixes(document, load_yaml(root / FIXES), FIXES, [] if allow_idle_fixes else None)
    name_operations(document)
    info = document.get("info")
    if isinstance(info, dict) and isinstance(info.get("version"), (int, float)):
        info["version"] = getattr(info["version"], "text", str(info["version"]))  # often 1.10 without quotes
    validated(OpenAPI, document, "openapi.yaml: not a valid OpenAPI document")
    try:
        facts = normalize(document)
    except GenerationError as error:
        raise GenerationError(f"openapi.yaml: {error}") from None
    classes = generator.run(document, config, facts, templates, target)
    finish(target, templates)
    for text, places in {**facts.warnings, **check_complete(target, document, classes)}.items():
        more = f" and {len(places) - 3} more" if len(places) > 3 else ""
        print(f"openapi.yaml: {', '.join(places[:3])}{more}: {text}", file=sys.stderr)


def replace(root: Path, folder: Path, names: Sequence[str]) -> None:
    """Move what was staged in ``folder`` into the project at ``root``; on failure, move everything back."""
    moves: list[tuple[Path, Path]] = []
    try:
        for number, name in enumerate(names):
            for source, target in ((root / name, folder / f"old-{number}"), (folder / name, root / name)):
                moves.append((source, target))
                if source.exists() or source.is_relative_to(folder):
                    source.rename(target)
    except BaseException:
        for source, target in reversed(moves):
            if target.exists() and not source.exists():
                target.rename(source)
        raise


def files(folder: Path) -> dict[str, bytes]:
    """Read the files below a folder, without byte-code caches; the names are relative to it."""
    found = {path.relative_to(folder): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return {str(name): path.read_bytes() for name, path in found.items() if "__pycache__" not in name.parts}


def differences(expected: Path, actual: Path) -> list[str]:
    """Compare two packages."""
    new, old = files(expected), files(actual)
    lines = [f"missing: {name}" for name in new.keys() - old]
    lines += [f"extra:   {name}" for name in old.keys() - new]
    return sorted(lines + [f"changed: {name}" for name in new.keys() & old if new[name] != old[name]])


def run(root: Path, *, check: bool) -> int:
    """Generate the package and replace the existing one, or only compare with it; return the exit status.

    Messages go to stderr. The status is 1 if generation stopped, or if ``check`` found a difference.
    """
    try:
        (root / "generated").mkdir(exist_ok=True)
        # In the same folder as the package, so that a rename can replace it.
        with tempfile.TemporaryDirectory(prefix=".new-", dir=root / "generated") as folder:
            fresh = Path(folder) / PACKAGE
            fresh.parent.mkdir()
            generate(root, fresh)
            if not check:
                replace(root, Path(folder), [PACKAGE])
                return 0
            found = differences(fresh, root / PACKAGE)
    except GenerationError as error:
        print(f"generation stopped: {error}", file=sys.stderr)
        return 1
    if found:
        print("generated/ does not match openapi.yaml:", *found, 'Run "make generate".', sep="\n", file=sys.stderr)
    return 1 if found else 0
