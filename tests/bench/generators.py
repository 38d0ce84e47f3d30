"""Generates the clients to compare with from the same document, with the same fixes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from codegen.fixes import apply_fixes
from codegen.loading import load_yaml
from codegen.operation_names import name_operations

from .generated_clients import OPENAPI_GENERATOR, STOCK
from .sample import ROOT


class CannotGenerate(Exception):
    """This client cannot be generated on this machine; the message says why."""


def fixed_spec(folder: Path) -> Path:
    """Write openapi.yaml with the spec fixes and the names of operations that ours is generated from."""
    document: Any = load_yaml(ROOT / "openapi.yaml")
    apply_fixes(document, load_yaml(ROOT / "overlay" / "spec-fixes.yaml"), "spec-fixes.yaml")
    name_operations(document)
    path = folder / "openapi.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def generate_stock(spec: Path, folder: Path) -> None:
    """Generate with openapi-python-client's own templates, without formatting."""
    config = folder / "stock.yaml"
    config.write_text("post_hooks: []\n", encoding="utf-8")
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"]
    command += ["--path", str(spec), "--config", str(config), "--output-path", str(folder / STOCK)]
    execute(command)


def generate_openapi_generator(spec: Path, folder: Path, extras: str) -> None:
    """Generate with OpenAPI Generator, its python output on aiohttp."""
    if not extras:
        raise CannotGenerate("no --extras: see make bench")
    if shutil.which("java") is None:
        raise CannotGenerate("there is no java on this machine")
    found = execute([extras, "-c", "import openapi_generator_cli; print(openapi_generator_cli.__file__)"])
    jar = Path(found.strip()).with_name("openapi-generator.jar")
    output = folder / "openapi-generator"
    command = ["java", "-jar", str(jar), "generate", "-g", "python", "--library", "asyncio"]
    command += ["-i", str(spec), "-o", str(output), "--package-name", OPENAPI_GENERATOR]
    execute(command)
    (output / OPENAPI_GENERATOR).rename(folder / OPENAPI_GENERATOR)


def execute(command: list[str]) -> str:
    """Run a generator; return its standard output.

    Raises:
        CannotGenerate: It failed; the message is the end of its output.
    """
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    if result.returncode != 0:
        raise CannotGenerate(f"{Path(command[0]).name} failed: {(result.stderr or result.stdout)[-300:]}")
    return result.stdout


def generate(folder: Path, extras: str) -> dict[str, str]:
    """Generate the clients into ``folder``; return, by client, why one could not be generated."""
    spec, reasons = fixed_spec(folder), {}
    generate_stock(spec, folder)
    try:
        generate_openapi_generator(spec, folder, extras)
    except CannotGenerate as error:
        reasons["openapi-generator"] = str(error)
    return reasons
