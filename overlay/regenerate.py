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
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jinja2
from openapi_python_client.config import ConfigFile
from openapi_python_client.schema import OpenAPI
from pydantic import ValidationError
from ruamel.yaml import YAML

from spec_tools.document import (
    GenerationError,
    apply_fixes,
    check_document,
    check_operation_names,
    key_header,
    load_yaml,
)
from spec_tools.expressible import check_expressible, remarks
from spec_tools.generated_names import component_classes
from spec_tools.mend import mend

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "puretalk_generated"
COPIED = ("bodies.py", "codec.py")
"""Modules beside the templates that go into the package as they are."""
HEADER = (
    f"# Generated from openapi.yaml by openapi-python-client {version('openapi-python-client')}"
    ' ("make generate"). Do not edit.\n'
)

ADVICE = "Say it in another way in overlay/spec-fixes.yaml, or remove it there."

# A name that the generator does not hand to our templates (any more) is an error, not an empty text.
STRICT_GENERATOR = """
import copy, functools, importlib, jinja2, openapi_python_client
from openapi_python_client.cli import app
openapi_python_client.Environment = functools.partial(jinja2.Environment, undefined=jinja2.StrictUndefined)
# Narrowing a list in an allOf must not narrow it in the schema that is extended.
merging = importlib.import_module("openapi_python_client.parser.properties.merge_properties")
merge_same_type = merging._merge_same_type
merging._merge_same_type = lambda first, second: merge_same_type(copy.copy(first), second)
app()
"""


def spec_module(document: Any) -> str:
    """Write the facts that the generator does not hand to templates: the server, and the key's header."""
    server: Any = (document.get("servers") or [{"url": "/"}])[0]
    url = server["url"]
    for name, variable in (server.get("variables") or {}).items():
        url = url.replace(f"{{{name}}}", str(variable["default"]))  # OpenAPI 3.0.1, Server Variable Object
    header = key_header(document, "openapi.yaml")
    return (
        '"""What openapi.yaml says of the API as a whole."""\n\n'
        f"VERSION = {quoted(document['info']['version'])}\n"
        f"SERVER = {quoted(url.rstrip('/'))}\n"
        f"API_KEY_HEADER: str | None = {quoted(header) if header else None}\n"
    )


def quoted(text: Any) -> str:
    """Spell a text as a Python literal; JSON's escapes are Python's too."""
    return json.dumps(str(text), ensure_ascii=False)


def check_inputs(root: Path) -> ConfigFile:
    """Refuse a configuration or a template that the generator would only trip on; return the configuration."""
    name = "generator-config.yaml"
    config = load_yaml(root / name)
    if not isinstance(config, dict):
        raise GenerationError(f"{name}: the top level is no mapping")
    try:
        checked = ConfigFile(**config)
    except ValidationError as error:
        first = error.errors()[0]
        raise GenerationError(f"{name}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    folder = root / "overlay" / "templates"
    for path in sorted(folder.iterdir()):
        try:
            jinja2.Environment(extensions=["jinja2.ext.loopcontrols"]).parse(path.read_text(encoding="utf-8"))
        except jinja2.TemplateSyntaxError as error:
            raise GenerationError(f"overlay/templates/{path.name}:{error.lineno}: {error.message}") from None
    for module in COPIED:
        if not (folder / module).is_file():
            raise GenerationError(f"overlay/templates/{module}: no such file")
    return checked


def run_generator(spec: Path, root: Path, package: Path) -> None:
    """Run openapi-python-client on ``spec`` into ``package``.

    Raises:
        GenerationError: It failed or warned; the message is what it said.
    """
    command = [sys.executable, "-c", STRICT_GENERATOR, "generate"]
    command += ["--meta", "none", "--fail-on-warning", "--path", str(spec), "--output-path", str(package)]
    command += ["--config", str(root / "generator-config.yaml")]
    command += ["--custom-template-path", str(root / "overlay" / "templates")]
    # The hooks call ruff by name: the one beside this Python, which is the pinned one.
    search = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": search, "NO_COLOR": "1", "PYTHONUTF8": "1", "COLUMNS": "200"}
    environment["TYPER_STANDARD_TRACEBACK"] = "1"
    result = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        raise GenerationError(f"openapi.yaml: the generator refused it\n{explain(result.stderr)}")


def explain(stderr: str) -> str:
    """Shorten what the generator printed to what a person needs."""
    if "Traceback (most recent call last)" in stderr:
        return explain_traceback(stderr)
    # The generator puts some names of the spec into its messages as the objects that hold them.
    plain = re.sub(r"<[\w.]+ object at 0x[0-9a-f]+>", "...", stderr)
    noise = ("/issues/new/", "Client was generated", "client was not created", "errors.pydantic.dev")
    lines = [
        line.rstrip() for line in plain.splitlines() if line.strip() and not any(n in line for n in noise)
    ]
    return "\n".join([*(lines[:40] or ["it said nothing"]), ADVICE])


def explain_traceback(stderr: str) -> str:
    """Say where a template failed, or else what the generator tripped on."""
    cause = stderr.strip().splitlines()[-1]
    places = re.findall(r'File ".*?([^/\\"]+\.jinja)", line (\d+)', stderr)
    return f"{places[-1][0]}:{places[-1][1]}: {cause}" if places else f"it failed: {cause}"


def finish(package: Path, root: Path, document: Any) -> None:
    """Add the modules that are not templates, the marker of PEP 561, and the header of every file."""
    for module in COPIED:
        shutil.copy(root / "overlay" / "templates" / module, package / module)
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
                raise GenerationError(
                    f"{path.name}:{error.lineno}: no Python came out: {error.msg}"
                ) from None
            path.write_text(text, encoding="utf-8")


def check_complete(package: Path, config: ConfigFile, document: Any) -> None:
    """Compare a generated package with the document, in a process of its own that imports it in full.

    Raises:
        GenerationError: Something of the document is missing; the message names the places.
    """
    classes = component_classes(document, config)
    tools = str(Path(__file__).resolve().parent)
    result = subprocess.run(
        [sys.executable, "-P", "-B", "-m", "spec_tools.completeness", str(package)],
        input=json.dumps({"document": document, "classes": classes}, default=str, skipkeys=True),
        env={**os.environ, "PYTHONPATH": os.pathsep.join([tools, str(package.parent)]), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        cause = (result.stderr.strip().splitlines() or [f"exit status {result.returncode}"])[-1]
        raise GenerationError(f"openapi.yaml: what was generated could not be compared with it: {cause}")
    if missing := json.loads(result.stdout):
        more = [f"and {len(missing) - 40} more"] if len(missing) > 40 else []
        raise GenerationError(
            "\n".join(["openapi.yaml: not all of it can be generated", *missing[:40], *more, ADVICE])
        )


def is_valid(document: Any) -> bool:
    """Whether the generator can read the document at all."""
    try:
        OpenAPI.model_validate(document)
    except ValidationError:
        return False
    return True


def generate(root: Path, target: Path, *, allow_idle_fixes: bool = False) -> None:
    """Generate the package of the project at ``root`` into the folder ``target``, which must not exist.

    Raises:
        GenerationError: Something cannot be expressed, or a fix matches nothing and ``allow_idle_fixes`` is not set.
    """
    config = check_inputs(root)
    document = load_yaml(root / "openapi.yaml")
    check_document(document, "openapi.yaml")
    fixes = load_yaml(root / "overlay" / "spec-fixes.yaml")
    apply_fixes(document, fixes, "overlay/spec-fixes.yaml", [] if allow_idle_fixes else None)
    check_operation_names(document, "openapi.yaml")  # the fixes may have given names
    if isinstance(document.get("info"), dict) and isinstance(document["info"].get("version"), (int, float)):
        document["info"]["version"] = as_written(document["info"]["version"])  # many write 1.1 without quotes
    if is_valid(document):  # else the generator says what is wrong with it
        mend(document)
        check_expressible(document, "openapi.yaml", config.class_overrides)
    with tempfile.TemporaryDirectory() as folder:
        fixed = Path(folder) / "openapi.yaml"
        with fixed.open("w", encoding="utf-8") as stream:
            YAML().dump(document, stream)
        run_generator(fixed, root, target)
    finish(target, root, document)
    check_complete(target, config, document)
    for remark in remarks(document):
        print(f"openapi.yaml: {remark}", file=sys.stderr)


def as_written(number: Any) -> str:
    """Spell a number as the document does: 1.10 is another version than 1.1."""
    stream = io.StringIO()
    YAML().dump([number], stream)
    return stream.getvalue().removeprefix("-").strip()


def swap(new: Path, old: Path) -> None:
    """Put the folder ``new`` in the place of ``old``; on failure ``old`` stays."""
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
