"""Generates ``generated/puretalk_generated`` from ``openapi.yaml``, or checks that it is up to date.

The spec fixes are applied to a copy of the document, and openapi-python-client runs on that copy with the templates of
this project. The result replaces the existing package only if there was no warning and nothing is missing from it.
"""

from __future__ import annotations

import filecmp
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from openapi_python_client.config import ConfigFile
from openapi_python_client.schema import OpenAPI
from pydantic import ValidationError
from ruamel.yaml import YAML

from . import generator
from .document import GenerationError, check_document, check_operation_names, key_header
from .expressible import check_expressible, find_warnings
from .fixes import apply_fixes
from .generated_names import component_classes
from .loading import load_yaml, without_style
from .normalize import normalize

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "puretalk_generated"
TEMPLATES = "overlay/templates"
RUNTIME = f"{TEMPLATES}/runtime"
"""Modules that do not depend on the document. They are copied into the package unchanged."""
STOCK_MODULES = ("client.py", "errors.py", "types.py")
"""What the generator always writes, from its own templates. The runtime replaces these modules."""
HEADER = (
    f"# Generated from openapi.yaml by openapi-python-client {version('openapi-python-client')}"
    ' ("make generate"). Do not edit.\n'
)


def spec_module(document: Any) -> str:
    """Return the source of ``spec.py``: version, server URL, and the header of the API key."""
    server: Any = (document.get("servers") or [{"url": "/"}])[0]
    url = server["url"]
    for name, variable in (server.get("variables") or {}).items():
        url = url.replace(f"{{{name}}}", str(variable["default"]))  # OpenAPI 3.0.1, Server Variable Object
    header = key_header(document, "openapi.yaml")
    return (
        '"""Constants of openapi.yaml."""\n\n'
        f"VERSION = {quoted(document['info']['version'])}\n"
        f"SERVER = {quoted(url.rstrip('/'))}\n"
        f"API_KEY_HEADER: str | None = {quoted(header) if header else None}\n"
    )


def quoted(text: Any) -> str:
    """Return a text as a Python literal. JSON escapes are also valid in Python."""
    return json.dumps(str(text), ensure_ascii=False)


def check_inputs(root: Path) -> ConfigFile:
    """Check that the inputs are there; return the configuration.

    Raises:
        GenerationError: The configuration is missing or invalid, or the runtime is missing.
    """
    name = "generator-config.yaml"
    config = load_yaml(root / name)
    if not isinstance(config, dict):
        raise GenerationError(f"{name}: the top level is not a mapping")
    try:
        checked = ConfigFile(**config)
    except ValidationError as error:
        first = error.errors()[0]
        raise GenerationError(f"{name}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    if not (root / RUNTIME).is_dir():
        raise GenerationError(f"{RUNTIME}: no such folder")
    return checked


def finish(package: Path, root: Path, document: Any) -> None:
    """Add the runtime, the constants of the document and the PEP 561 marker, and a header to every file.

    Raises:
        GenerationError: A file is not valid Python.
    """
    for name in STOCK_MODULES:
        (package / name).unlink()
    for module in sorted((root / RUNTIME).glob("*.py")):
        shutil.copy(module, package / module.name)
    (package / "spec.py").write_text(spec_module(document), encoding="utf-8")
    (package / "py.typed").write_text("", encoding="utf-8")
    for cache in package.rglob(".ruff_cache"):
        shutil.rmtree(cache)
    for path in sorted(package.rglob("*")):
        if path.is_file():
            text = HEADER + path.read_text(encoding="utf-8")
            try:
                compile(text, path.name, "exec")
            except SyntaxError as error:
                message = f"{path.name}:{error.lineno}: the generated code is not valid Python: {error.msg}"
                raise GenerationError(message) from None
            path.write_text(text, encoding="utf-8")


def check_complete(package: Path, config: ConfigFile, document: Any) -> None:
    """Compare a generated package with the document, in a separate process that imports all of it.

    Raises:
        GenerationError: Something in the document is missing from the package; the message lists it.
    """
    classes = component_classes(document, config)
    tools = str(Path(__file__).resolve().parents[1])
    result = subprocess.run(
        [sys.executable, "-P", "-B", "-m", "codegen.completeness", str(package)],
        input=json.dumps({"document": document, "classes": classes}, default=str, skipkeys=True),
        env={**os.environ, "PYTHONPATH": os.pathsep.join([tools, str(package.parent)]), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        cause = (result.stderr.strip().splitlines() or [f"exit status {result.returncode}"])[-1]
        raise GenerationError(f"openapi.yaml: the generated package could not be compared with it: {cause}")
    if missing := json.loads(result.stdout):
        more = [f"and {len(missing) - 40} more"] if len(missing) > 40 else []
        raise GenerationError(
            "\n".join(["openapi.yaml: not all of it can be generated", *missing[:40], *more, generator.ADVICE])
        )


def is_valid(document: Any) -> bool:
    """Whether the generator can parse the document at all."""
    try:
        OpenAPI.model_validate(document)
    except ValidationError:
        return False
    return True


def generate(root: Path, target: Path, *, allow_idle_fixes: bool = False) -> None:
    """Generate the package of the project at ``root`` into the folder ``target``, which must not exist.

    Warnings about the document go to stderr.

    Raises:
        GenerationError: Something cannot be generated, or a fix matches nothing and ``allow_idle_fixes`` is not set.
    """
    config = check_inputs(root)
    document = load_yaml(root / "openapi.yaml")
    check_document(document, "openapi.yaml")
    fixes = load_yaml(root / "overlay" / "spec-fixes.yaml")
    apply_fixes(document, fixes, "overlay/spec-fixes.yaml", [] if allow_idle_fixes else None)
    check_operation_names(document, "openapi.yaml")  # the fixes may have added names
    if isinstance(document.get("info"), dict) and isinstance(document["info"].get("version"), (int, float)):
        document["info"]["version"] = as_written(document["info"]["version"])  # often 1.1 without quotes
    if is_valid(document):  # otherwise the generator reports what is wrong with it
        normalize(document)
        check_expressible(document, "openapi.yaml", config.class_overrides)
    generator.run(without_style(document, {}), config, root / TEMPLATES, target)
    finish(target, root, document)
    check_complete(target, config, document)
    for warning in find_warnings(document):
        print(f"openapi.yaml: {warning}", file=sys.stderr)


def as_written(number: Any) -> str:
    """Return a number as the document writes it: version 1.10 is not version 1.1."""
    stream = io.StringIO()
    YAML().dump([number], stream)
    return stream.getvalue().removeprefix("-").strip()


def swap(new: Path, old: Path) -> None:
    """Replace the folder ``old`` with ``new``; on failure ``old`` stays."""
    old.parent.mkdir(parents=True, exist_ok=True)
    aside = old.with_name(old.name + ".old")
    shutil.rmtree(aside, ignore_errors=True)
    if old.exists():
        old.rename(aside)
    try:
        new.rename(old)
    except BaseException:
        if aside.exists():
            aside.rename(old)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def differences(expected: Path, actual: Path) -> list[str]:
    """Compare two packages, without byte-code caches."""
    in_expected, in_actual = files(expected), files(actual)
    _, changed, _ = filecmp.cmpfiles(expected, actual, in_expected & in_actual, shallow=False)
    lines = [f"missing: {name}" for name in in_expected - in_actual]
    lines += [f"extra:   {name}" for name in in_actual - in_expected]
    lines += [f"changed: {name}" for name in changed]
    return sorted(lines)


def files(folder: Path) -> set[str]:
    """Return the files below ``folder``, relative to it."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {str(path) for path in found if "__pycache__" not in path.parts}


def run(root: Path, *, check: bool) -> int:
    """Generate the package and replace the existing one, or only compare with it; return the exit status.

    Messages go to stderr. The status is 1 if generation stopped, or if ``check`` found a difference.
    """
    generated = root / "generated"
    try:
        generated.mkdir(exist_ok=True)
        # In the same folder as the package, so that a rename can replace it.
        with tempfile.TemporaryDirectory(prefix=".new-", dir=generated) as folder:
            fresh = Path(folder) / PACKAGE
            generate(root, fresh)
            if not check:
                swap(fresh, generated / PACKAGE)
                return 0
            found = differences(fresh, generated / PACKAGE)
    except GenerationError as error:
        print(f"generation stopped: {error}", file=sys.stderr)
        return 1
    if found:
        found = ["generated/ does not match openapi.yaml:", *found, 'Run "make generate".']
        print(*found, sep="\n", file=sys.stderr)
    return 1 if found else 0
