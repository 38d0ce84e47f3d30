"""Generate ``generated/puretalk_generated`` from ``openapi.yaml``: the only driver of generation.

    regenerate.py           generate, and swap the result in
    regenerate.py --check   generate aside, and compare

The spec fixes are applied to a copy of the document, openapi-python-client runs on that copy with our
templates, and only a result without a warning takes the place of what was there. Exit status: 0 done,
1 with one message on stderr.
"""

from __future__ import annotations

import argparse
import filecmp
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jsonpath_rfc9535 import JSONPathEnvironment
from jsonpath_rfc9535.exceptions import JSONPathError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "puretalk_generated"
HEADER = (
    f"# Generated from openapi.yaml by openapi-python-client {version('openapi-python-client')}"
    ' ("make generate"). Do not edit.\n'
)


class GenerationError(Exception):
    """Generation cannot go on; the message says where and why."""


def load_yaml(path: Path) -> Any:
    """Read a YAML (or JSON) file.

    Raises:
        GenerationError: It is missing or is not YAML; the message names the line.
    """
    try:
        return YAML().load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise GenerationError(f"{path.name}: no such file") from None
    except UnicodeDecodeError as error:
        raise GenerationError(f"{path.name}: not UTF-8 at byte {error.start}") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise GenerationError(f"{path.name}{line}: not YAML: {error.problem or error.context}") from None
    except (YAMLError, ValueError) as error:
        raise GenerationError(f"{path.name}: not YAML: {error}") from None


def check_document(document: Any, name: str) -> None:
    """Refuse what is no OpenAPI 3 document, before the generator makes something of it."""
    if not isinstance(document, dict):
        raise GenerationError(f"{name}: not an OpenAPI document: the top level is no mapping")
    if not str(document.get("openapi", "")).startswith("3."):
        raise GenerationError(f"{name}: 'openapi' must be 3.0.x or 3.1.x, not {document.get('openapi')!r}")
    if not isinstance(document.get("paths"), dict) or not document["paths"]:
        raise GenerationError(f"{name}: 'paths' is missing or empty: there is nothing to generate")
    for where, reference in references(document, "#"):
        if not resolves(document, reference):
            raise GenerationError(f"{name}: {where}: $ref to {reference!r}, which is not in the document")


def references(node: Any, where: str) -> Iterator[tuple[str, str]]:
    """Yield every ``$ref`` below ``node`` with the place where it stands."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield where, node["$ref"]
        for key, value in node.items():
            yield from references(value, f"{where}/{str(key).replace('~', '~0').replace('/', '~1')}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from references(value, f"{where}/{index}")


def resolves(document: Any, reference: str) -> bool:
    """Whether a local ``$ref`` points at something; the generator takes no other kind."""
    if not reference.startswith("#/"):
        return False
    node = document
    for step in reference[2:].split("/"):
        key = step.replace("~1", "/").replace("~0", "~")
        if not isinstance(node, dict) or key not in node:
            return False
        node = node[key]
    return True


def apply_fixes(document: Any, fixes: Any, name: str) -> None:
    """Apply an OpenAPI Overlay 1.0 document to ``document``, in place.

    Raises:
        GenerationError: An action is malformed or matches nothing; the message names it.
    """
    jsonpath = JSONPathEnvironment()
    for number, action in enumerate(fixes["actions"], start=1):
        label = f"{name}: action {number} ({action.get('description', action.get('target'))})"
        try:
            nodes = jsonpath.find(action["target"], document)
        except (JSONPathError, KeyError) as error:
            raise GenerationError(f"{label}: bad target: {error}") from None
        if not nodes:
            raise GenerationError(
                f"{label}: its target {action['target']} matches nothing. If the vendor mended the defect,"
                " delete the action; if the spec was rearranged, move the target."
            )
        # Back to front, so that removing a list's member leaves the positions of the others.
        for node in reversed(nodes):
            if action.get("remove"):
                holder: Any = node.parent.value if node.parent else document
                del holder[node.location[-1]]
            else:
                merge(node.value, action["update"])


def merge(target: Any, update: Any) -> None:
    """Merge as Overlay 1.0 says: objects merge, lists are appended to, anything else is replaced."""
    if isinstance(target, list):
        target.append(update)
        return
    for key, value in update.items():
        if isinstance(value, dict) and isinstance(target.get(key), dict):
            merge(target[key], value)
        elif isinstance(value, list) and isinstance(target.get(key), list):
            target[key].extend(value)
        else:
            target[key] = value


def spec_module(document: Any) -> str:
    """Write the facts that the generator does not hand to templates: the server, and the key's header."""
    servers = document.get("servers") or [{"url": "/"}]
    schemes = (document.get("components") or {}).get("securitySchemes") or {}
    headers = [s["name"] for s in schemes.values() if s.get("type") == "apiKey" and s.get("in") == "header"]
    return (
        '"""What openapi.yaml says of the API as a whole."""\n\n'
        f'VERSION = "{document["info"]["version"]}"\n'
        f'SERVER = "{servers[0]["url"].rstrip("/")}"\n'
        f"API_KEY_HEADER: str | None = {quoted(headers[0]) if headers else None}\n"
    )


def quoted(text: str) -> str:
    """Spell a Python string in double quotes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def run_generator(spec: Path, root: Path, package: Path) -> None:
    """Run openapi-python-client on ``spec`` into ``package``.

    Raises:
        GenerationError: It failed or warned; the message is what it said.
    """
    command = [sys.executable, "-m", "openapi_python_client", "generate"]
    command += ["--meta", "none", "--fail-on-warning", "--path", str(spec), "--output-path", str(package)]
    command += ["--config", str(root / "generator-config.yaml")]
    command += ["--custom-template-path", str(root / "overlay" / "templates")]
    # The hooks call ruff by name: the one beside this Python, which is the pinned one.
    search = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": search, "NO_COLOR": "1", "PYTHONUTF8": "1", "COLUMNS": "200"}
    result = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        raise GenerationError(f"openapi.yaml: the generator refused it\n{explain(result.stderr)}")


def explain(stderr: str) -> str:
    """Shorten what the generator printed to what a person needs."""
    lines = [line.rstrip() for line in stderr.splitlines() if line.strip() and "/issues/new/" not in line]
    return "\n".join(lines[:40] or ["it said nothing"])


def finish(package: Path, root: Path, document: Any) -> None:
    """Add the modules that are not templates, the marker of PEP 561, and the header of every file."""
    shutil.copy(root / "overlay" / "templates" / "codec.py", package / "codec.py")
    (package / "spec.py").write_text(spec_module(document), encoding="utf-8")
    (package / "py.typed").write_text("", encoding="utf-8")
    for cache in package.rglob(".ruff_cache"):
        shutil.rmtree(cache)
    for path in package.rglob("*"):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            path.write_text(HEADER + re.sub(r"\n{4,}", "\n\n\n", text), encoding="utf-8")


def generate(root: Path, target: Path) -> None:
    """Generate the package of the project at ``root`` into the folder ``target``, which must not exist."""
    document = load_yaml(root / "openapi.yaml")
    check_document(document, "openapi.yaml")
    apply_fixes(document, load_yaml(root / "overlay" / "spec-fixes.yaml"), "overlay/spec-fixes.yaml")
    with tempfile.TemporaryDirectory() as folder:
        fixed = Path(folder) / "openapi.yaml"
        with fixed.open("w", encoding="utf-8") as stream:
            YAML().dump(document, stream)
        run_generator(fixed, root, target)
    finish(target, root, document)


def swap(new: Path, old: Path) -> None:
    """Put the folder ``new`` in the place of ``old``; on failure ``old`` stays."""
    old.parent.mkdir(parents=True, exist_ok=True)
    aside = old.with_name(old.name + ".old")
    shutil.rmtree(aside, ignore_errors=True)
    if old.exists():
        old.rename(aside)
    try:
        new.rename(old)
    except OSError:
        if aside.exists():
            aside.rename(old)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def differences(expected: Path, actual: Path) -> list[str]:
    """Compare two packages; byte-code caches do not count."""
    wanted, there = files(expected), files(actual)
    _, changed, _ = filecmp.cmpfiles(expected, actual, wanted & there, shallow=False)
    lines = [f"missing: {name}" for name in wanted - there]
    lines += [f"extra:   {name}" for name in there - wanted]
    lines += [f"changed: {name}" for name in changed]
    return sorted(lines)


def files(folder: Path) -> set[str]:
    """List the files below ``folder`` by their path relative to it."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {str(path) for path in found if "__pycache__" not in path.parts}


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(description="Generate the client package from openapi.yaml.")
    parser.add_argument("--check", action="store_true", help="compare with what is there; write nothing")
    parser.add_argument("--root", type=Path, default=ROOT, help="the project's folder")
    options = parser.parse_args(arguments)
    root: Path = options.root.resolve()
    generated = root / "generated"
    try:
        generated.mkdir(exist_ok=True)
        # Beside the target, so that swapping in is a rename on one file system.
        with tempfile.TemporaryDirectory(prefix=".new-", dir=generated) as folder:
            fresh = Path(folder) / PACKAGE
            generate(root, fresh)
            if not options.check:
                swap(fresh, generated / PACKAGE)
                return 0
            found = differences(fresh, generated / PACKAGE)
    except GenerationError as error:
        print(f"generation stopped: {error}", file=sys.stderr)
        return 1
    if found:
        found = ["generated/ is not what openapi.yaml makes:", *found, 'Run "make generate".']
        print(*found, sep="\n", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
