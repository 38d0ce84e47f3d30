"""Follow-ups: what a person must decide after the document has changed, each with file and line.

``mypy --strict`` finds the lines of puretalk_client that read what is gone or has another type, and the rest is what it
cannot see. All are computed from the working tree. tests/codegen/test_follow_ups.py fails as long as there are any.
"""

from __future__ import annotations

import ast
import json
import os
import re
import runpy
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from attrs import frozen

from . import package_facts
from .document import GenerationError, at, parts, pointer_to, walk
from .fixes import apply_fixes
from .loading import load_yaml
from .package_facts import Contents
from .regenerate import CONFIG, FIXES, PACKAGE

OVERLAY = "overlay/puretalk_client"
STATUS = f"{OVERLAY}/_call_status.py"
SAMPLES = f"{OVERLAY}/testing/_samples.py"
TESTED = "tests/support/openapi.yaml"

PATH = os.pathsep.join(("overlay", "generated"))
MYPY = (
    *("mypy", "--config-file=", "--strict", "--explicit-package-bases", "--namespace-packages"),
    # pyarrow has no annotations, and the engines of exports are not installed, whatever the document says.
    *("--disable-error-code=import-untyped", "--disable-error-code=import-not-found"),
    *("--no-error-summary", "--output=json"),
)
UNIONS = ("oneOf", "anyOf", "allOf")
WRITERS = (
    *(f"testing/{name}.py" for name in ("_samples", "_sandbox", "_served_calls", "_fault", "_lifecycle", "_builders")),
    "_envelope.py",
)
"""The modules that write the names of fields as texts."""
# Run with the packages of the project: prints each place where what the sandbox sends does not match the models.
CHECK_SAMPLES = """
import json
from puretalk_client import models
from puretalk_client._core.decoding import convert
from puretalk_client.testing import _fault, _served_calls, example_call, sample_call
for model, make, value in (
    (models.Call, example_call, example_call()),
    (models.Call, sample_call, sample_call()),
    (models.CallEnvelope, _served_calls._success_json, json.loads(_served_calls._success_json(example_call()))),
    (models.generated.Error, _fault.error_json, json.loads(_fault.error_json(""))),
):
    for drift in convert(value, model, models.NAMED_BY_CUSTOMERS)[1]:
        if not drift.path.startswith("$.results."):
            code = make.__code__
            field = model.__name__ + drift.path.removeprefix("$")
            print(json.dumps([code.co_filename, code.co_firstlineno, field, drift.kind, drift.expected]))
"""

Kind = Literal["status", "fix", "renamed", "override", "type", "field", "required", "sample"]


@frozen
class FollowUp:
    """A decision for a person: what it is about, in which file and line, and what to do."""

    kind: Kind
    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text}"


def open_follow_ups(root: Path) -> list[FollowUp]:
    """Return the follow-ups of the project at ``root``."""
    contents = package_facts.read(root)
    found = [*fixes(root, load_yaml(root / "openapi.yaml")), *statuses(root, contents)]
    if idle := list(overrides(root, contents)):
        return found + idle  # what else is left follows from it, or is found once it is done
    found += [*required(root, contents), *(unfit := [*types_of(root), *fields(root, contents)])]
    return found if unfit else [*found, *samples(root)]  # which cannot be imported otherwise


def run_python(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with the packages of the project at ``root``."""
    return subprocess.run(
        [sys.executable, "-P", "-B", *arguments],
        cwd=root,
        env={**os.environ, "PYTHONPATH": PATH, "MYPYPATH": PATH},
        capture_output=True,
        text=True,
        check=False,
    )


def fixes(root: Path, document: Any) -> Iterator[FollowUp]:
    """Apply the spec fixes to ``document``; find those that match nothing, and those that hide something else."""
    overlay = load_yaml(root / FIXES)
    beginnings = lines_with(root / FIXES, r"\s*-\s+(description|target|update|remove):")
    beginnings += [1] * len(overlay["actions"])  # for actions that are written in another way
    for number, action in enumerate(overlay["actions"]):
        where, target = f"{FIXES}:{beginnings[number]}", str(action["target"]).strip()
        idle: list[str] = []
        before = declared(document)
        apply_fixes(document, {"actions": [action]}, FIXES, idle)
        yield from (FollowUp("fix", where, re.sub("^action 1 ", "", text)) for text in idle)
        after = declared(document)
        # A removal states by its last name what is lost, any other action by the types and values in its target.
        last = re.search(r"(?:\.|\[')(\w+)(?:'\])?$", target)
        removed = last[1] if last and action.get("remove") else ""
        for place, values in before.items():
            lost = values - after.get(place, set())
            if not action.get("remove"):
                lost -= set(re.findall(r"'(.*?)'", target))
            if removed == "enum":
                lost = {value for value in lost if value[0] not in "'\""}
            if lost and not (removed and f"/{removed}" in place):
                text = f"hides that {place} can be {', '.join(sorted(lost))}: adapt its target or its update"
                yield FollowUp("fix", where, f"({action.get('description', target)}) {text}")


def lines_with(path: Path, pattern: str) -> list[int]:
    """Return the numbers of the lines that begin with a pattern."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [number for number, line in enumerate(lines, 1) if re.match(pattern, line)]


def declared(document: Any) -> dict[str, set[str]]:
    """Return the types and values that a document declares for each place, whatever union they are in."""
    found: dict[str, set[str]] = {}
    for node in walk(document):
        if node.kind == "schema":
            types, values = node.value.get("type") or [], [*(node.value.get("enum") or ())]
            values += [node.value["const"]] if "const" in node.value else []
            place = re.sub(rf"/({'|'.join(UNIONS)})/\d+", "", pointer_to(node.pointer))
            found.setdefault(place, set()).update([types] if isinstance(types, str) else types, map(repr, values))
    return found


def statuses(root: Path, contents: Contents) -> Iterator[FollowUp]:
    """Find statuses of calls in the vendor's document, whose enum a fix removes, that ``CallStatus`` does not have."""
    path, document, values = root / STATUS, load_yaml(root / "openapi.yaml"), list[Any]()
    for name, names in contents.fields.items():
        if {"call_id", "status"} <= names.keys() and f"{name}.status" in contents.pointers:
            for part in parts(document, at(document, contents.pointers[f"{name}.status"]), *UNIONS):
                values += [*(part.get("enum") or ()), part.get("const")]
    known = runpy.run_path(str(path))["CallStatus"]
    last = lines_with(path, r'    [A-Z_]+ = "')[-1]
    for value in dict.fromkeys(values):
        if isinstance(value, str) and not known(value).is_known:
            text = f"CallStatus does not have {value!r}: add a member, and if it is final, add it to _FINAL"
            text += " and to FINAL in tests/unit/test_call_status.py"
            yield FollowUp("status", f"{STATUS}:{last}", text)


def class_names(root: Path) -> dict[str, str]:
    """Return the names that the configuration gives to classes."""
    overrides: Any = load_yaml(root / CONFIG).get("class_overrides") or {}
    return {key: str(override.get("class_name", key)) for key, override in overrides.items()}


def overrides(root: Path, contents: Contents) -> Iterator[FollowUp]:
    """Find the class overrides without effect, which the generator ignores, by the classes whose names end alike."""
    names = class_names(root)
    idle = [key for key, name in names.items() if name not in contents.facts]
    guesses, renamed = [], Counter[tuple[str, str]]()
    for key in idle:
        if any(key.startswith(names[other]) for other in idle):
            continue  # a nested class, whose key is right again when that of its parent is
        endings = [key[start:] for start in range(len(key) - 3)]  # the longest first
        found = [(name, ending) for ending in endings for name in contents.facts if name.endswith(ending)]
        guesses.append(f"{key} (now {found[0][0]}?)" if found else key)
        renamed.update({(key.removesuffix(ending), name.removesuffix(ending)) for name, ending in found[:1]})
    if not idle:
        return
    line, *_ = [*lines_with(root / CONFIG, rf"\s*{re.escape(idle[0])}\s*:"), 1]
    where = f"{CONFIG}:{line}"
    for (old, new), count in renamed.most_common(1):
        if count > 1 and new in contents.fields and old not in contents.facts:
            text = f"the document calls {old} {new} now: add `{new}: {{ class_name: {old} }}` under class_overrides"
            text += ' and run "make generate"; nothing changes then, for callers or here'
            yield FollowUp("renamed", where, text)
            return
    text = f"rename or delete the keys that match nothing: {', '.join(guesses)}; see {PACKAGE}/models.py"
    yield FollowUp("override", where, text)


def types_of(root: Path) -> list[FollowUp]:
    """Return the lines of puretalk_client that do not fit the generated package: the errors of mypy."""
    result = run_python(root, "-m", *MYPY, OVERLAY)
    if result.returncode not in (0, 1):
        raise GenerationError(f"mypy cannot check {OVERLAY}: {(result.stderr or result.stdout).strip()[-500:]}")
    errors: dict[str, FollowUp] = {}
    for error in map(json.loads, result.stdout.splitlines()):
        # Of several errors in a line the first, from which the others follow; mypy gives this one before its cause.
        if error["severity"] == "error" and error["code"] != "no-any-return":
            where = f"{error['file']}:{error['line']}"
            errors.setdefault(where, FollowUp("type", where, f"{error['message']} [{error['code']}]"))
    return list(errors.values())


def fields(root: Path, contents: Contents) -> Iterator[FollowUp]:
    """Find fields that a class of puretalk_client declares again and that are gone, or that it lacks in its place."""
    for path in sorted((root / OVERLAY).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.ClassDef):
                continue
            where = f"{path.relative_to(root).as_posix()}:"
            bases = {base.attr for base in node.bases if isinstance(base, ast.Attribute)} & contents.fields.keys()
            for part in node.body if bases else ():
                if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
                    name = f"{min(bases)}.{part.target.id}"
                    if name not in contents.facts:
                        yield FollowUp("field", f"{where}{part.lineno}", f"{name} is gone: adapt this line")
            own = {part.name: part.returns for part in node.body if isinstance(part, ast.FunctionDef)}
            for name in contents.fields.get(node.name, {}).values() if not bases else ():
                returns, needed = own.get(name), contents.facts[f"{node.name}.{name}"].type
                if returns is None or ast.unparse(returns) != needed:
                    text = f"{node.name}.{name} of the document is `{needed}`: add or adapt the property"
                    yield FollowUp("field", f"{where}{node.lineno}", text)


def required(root: Path, contents: Contents) -> Iterator[FollowUp]:
    """Find fields that are required now, and were not in the document that the tests stand on."""
    if (root / TESTED).is_file():
        document = load_yaml(root / TESTED)
        schemas = [node.value for node in walk(document) if node.kind == "schema"]
        known = {name for schema in schemas for name in schema.get("properties") or ()}
        known -= {name for schema in schemas for name in schema.get("required") or ()}
        tested = {*document["components"]["schemas"], *class_names(root).values()}
        for model, names in [(model, contents.fields[model]) for model in sorted(tested & contents.fields.keys())]:
            for name in [name for name in names if name in known and contents.facts[f"{model}.{names[name]}"].required]:
                text = f"{model}.{name} is required now: add it to each {model} in tests/ that lacks it, and then here"
                yield FollowUp("required", f"{TESTED}:1", text)


def samples(root: Path) -> Iterator[FollowUp]:
    """Find the parts of the sandbox's samples that do not match the generated package."""
    if not (root / SAMPLES).is_file():
        return
    result = run_python(root, "-c", CHECK_SAMPLES)
    if result.returncode != 0:
        cause = result.stderr.strip().splitlines()[-1]
        yield FollowUp("sample", f"{SAMPLES}:1", f"the samples cannot be made: {cause}")
        return
    texts = {name: (root / OVERLAY / name).read_text(encoding="utf-8").splitlines() for name in WRITERS}
    for file, line, field, kind, expected in map(json.loads, dict.fromkeys(result.stdout.splitlines())):
        name = re.findall(r"\w+", field)[-1]
        places = [f"{at}:{number}" for at in texts for number, text in enumerate(texts[at], 1) if f'"{name}"' in text]
        what = {"unknown field": "is not in the document", "missing": f"is required (`{expected}`)"}
        text = f"{field} {what.get(kind, f'must be `{expected}`')}: adapt what the sandbox sends"
        where = f"{Path(file).relative_to(root.resolve())}:{line}"
        yield FollowUp("sample", where, f"{text}{' in ' if places else ''}{', '.join(places)}")
