"""Follow-ups: what a person must decide after the document has changed, each with file and line.

``mypy --strict`` finds the lines of puretalk_client that read what is gone or has another type, and the rest is what it
cannot see. All are computed from the working tree. tests/codegen/test_follow_ups.py fails as long as there are any.
"""

from __future__ import annotations

import ast
import copy
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
from .document import GenerationError, Pointer, pointer_to, resolve
from .fixes import apply_fixes
from .loading import load_yaml
from .package_facts import PACKAGE, Contents

OVERLAY = "overlay/puretalk_client"
FIXES = "overlay/spec-fixes.yaml"
CONFIG = "generator-config.yaml"
STATUS = f"{OVERLAY}/_call_status.py"
SAMPLES = f"{OVERLAY}/testing/_samples.py"

PATH = os.pathsep.join(("overlay", "generated"))
MYPY = (
    *("mypy", "--config-file=", "--strict", "--explicit-package-bases", "--namespace-packages"),
    *("--no-error-summary", "--output=json"),
)
NOT_DECLARED = ("description", "example", "examples", "default")
TRANSPARENT = ("oneOf", "anyOf", "allOf")
WRITERS = ("testing/_samples.py", "testing/_sandbox.py", "testing/_fault.py", "testing/_lifecycle.py", "_envelope.py")
"""The modules that write the names of fields as texts."""
# Run with the packages of the project: prints each place where what the sandbox sends does not match the models.
CHECK_SAMPLES = """
import json
from puretalk_client import models
from puretalk_client._core.decoding import convert
from puretalk_client.testing import _fault, _sandbox, example_call, sample_call
for model, make, value in (
    (models.Call, example_call, example_call()),
    (models.Call, sample_call, sample_call()),
    (models.CallEnvelope, _sandbox._success_json, json.loads(_sandbox._success_json(example_call()))),
    (models.generated.Error, _fault.error_json, json.loads(_fault.error_json(""))),
):
    for drift in convert(value, model, models.NAMED_BY_CUSTOMERS)[1]:
        if not drift.path.startswith("$.results."):
            code = make.__code__
            field = model.__name__ + drift.path.removeprefix("$")
            print(json.dumps([code.co_filename, code.co_firstlineno, field, drift.kind, drift.expected]))
"""

Kind = Literal["status", "fix", "renamed", "override", "type", "field", "sample"]


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
    contents, vendored = package_facts.read(root), load_yaml(root / "openapi.yaml")
    fixed = copy.deepcopy(vendored)
    found = list(fixes(root, fixed))
    idle = idle_overrides(root, contents)
    renamed = renamed_model(contents, idle)
    found += statuses(root, vendored, package_facts.pointers(fixed, contents), renamed[1] if renamed else "Call")
    if renamed:
        old, new = renamed  # everything else follows from it
        text = f"the document calls {old} {new} now: add `{new}: {{ class_name: {old} }}` under class_overrides"
        text += ' and run "make generate"; nothing changes then, for callers or here'
        return [*found, FollowUp("renamed", next(iter(idle.values()))[0], text)]
    if idle:
        found.append(FollowUp("override", next(iter(idle.values()))[0], advice(contents, idle)))
    gone = re.compile(rf"\b({'|'.join(name for _, name in idle.values())})\b") if idle else None
    errors = [error for error in types_of(root) if not (gone and gone.search(error.text))]
    found += (unfit := [*errors, *fields(root, contents)])
    return found if unfit or idle else [*found, *samples(root)]  # which cannot be imported otherwise


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
        before = declared(document, (), {})
        apply_fixes(document, {"actions": [action]}, FIXES, idle)
        yield from (FollowUp("fix", where, re.sub("^action 1 ", "", text)) for text in idle)
        after = declared(document, (), {})
        # A removal states by its last name what is lost, any other action by the types and values in its target.
        last = re.search(r"(?:\.|\[')(\w+)(?:'\])?$", target)
        removed = last[1] if last and action.get("remove") else ""
        for at, values in before.items():
            lost = values - after.get(at, set())
            if not action.get("remove"):
                lost -= set(re.findall(r"'(.*?)'", target))
            if removed == "enum":
                lost = {value for value in lost if value[0] not in "'\""}
            if lost and removed not in at:
                text = f"hides that {pointer_to(at)} can be {', '.join(sorted(lost))}: adapt its target or its update"
                yield FollowUp("fix", where, f"({action.get('description', target)}) {text}")


def lines_with(path: Path, pattern: str) -> list[int]:
    """Return the numbers of the lines that begin with a pattern."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [number for number, line in enumerate(lines, 1) if re.match(pattern, line)]


def declared(node: Any, at: Pointer, found: dict[Pointer, set[str]]) -> dict[Pointer, set[str]]:
    """Return the types and values that a document declares for each place, whatever union they are in."""
    if isinstance(node, list):
        for index, item in enumerate(node):
            declared(item, at if at[-1:] == ("",) else (*at, index), found)
    for key, value in node.items() if isinstance(node, dict) else ():
        here = tuple(step for step in at if step)
        if key == "type" and isinstance(value, (str, list)):
            found.setdefault(here, set()).update([value] if isinstance(value, str) else value)
        elif key in ("enum", "const"):
            found.setdefault(here, set()).update(map(repr, value if isinstance(value, list) else [value]))
        elif key == "properties" and isinstance(value, dict):
            for name, child in value.items():
                declared(child, (*here, "properties", name), found)
        elif key not in NOT_DECLARED:
            declared(value, (*here, "" if key in TRANSPARENT else key), found)
    return found


def statuses(root: Path, document: Any, pointers: dict[str, Pointer], call: str) -> Iterator[FollowUp]:
    """Find statuses in the vendor's document, whose enum a fix removes, that ``CallStatus`` does not have."""
    path, node = root / STATUS, document
    known = runpy.run_path(str(path))["CallStatus"]
    try:
        for step in pointers[f"{call}.status"]:
            node = node[step]
    except (KeyError, IndexError, TypeError):
        return  # there is none
    last = lines_with(path, r'    [A-Z_]+ = "')[-1]
    for value in values_of(document, node):
        if isinstance(value, str) and not known(value).is_known:
            text = f"CallStatus does not have {value!r}: add a member, and if it is final, add it to _FINAL"
            text += " and to FINAL in tests/unit/test_call_status.py"
            yield FollowUp("status", f"{STATUS}:{last}", text)


def values_of(document: Any, schema: Any) -> Iterator[Any]:
    """Yield the values that a schema lists, also in the members of a union."""
    schema = resolve(document, schema)
    yield from [*(schema.get("enum") or ()), *([schema["const"]] if "const" in schema else ())]
    for keyword in TRANSPARENT:
        for member in schema.get(keyword) or ():
            yield from values_of(document, member)


def idle_overrides(root: Path, contents: Contents) -> dict[str, tuple[str, str]]:
    """Return place and class name of each override without effect: the generator ignores those that match nothing."""
    overrides: Any = load_yaml(root / CONFIG).get("class_overrides") or {}
    found = {}
    for key, override in overrides.items():
        if (name := str(override.get("class_name", key))) not in contents.facts:
            line = [*lines_with(root / CONFIG, rf"\s*{re.escape(key)}\s*:"), 1][0]
            found[key] = (f"{CONFIG}:{line}", name)
    return found


def renamed_model(contents: Contents, idle: dict[str, tuple[str, str]]) -> tuple[str, str] | None:
    """Return the old and the new name of a model whose nested classes all have names that begin differently now."""
    endings = Counter(
        (key.removesuffix(name.removeprefix(model)), model)
        for model in contents.fields
        for name in contents.facts
        for key in idle
        if name.startswith(model) and name != model and key.endswith(name.removeprefix(model))
    )
    found = [
        names for names, count in endings.most_common() if count > 1 and names[0] and names[0] not in contents.facts
    ]
    return found[0] if found else None


def advice(contents: Contents, idle: dict[str, tuple[str, str]]) -> str:
    """Advise on overrides that match nothing, by the classes whose names end alike."""
    keys = []
    for key in idle:
        if any(key.startswith(name) for _, name in idle.values()):
            continue  # a nested class, whose key is right again when that of its parent is
        endings = [key[start:] for start in range(len(key) - 3)]  # the longest first
        found = [name for ending in endings for name in contents.fields | contents.facts if name.endswith(ending)]
        keys.append(f"{key} (now {found[0]}?)" if found else key)
    return f"rename or delete the keys that match nothing: {', '.join(keys)}; see {PACKAGE}/models.py"


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
