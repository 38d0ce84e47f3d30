"""Small edits of the vendor's document: what "codegen update" says about each, and whether the project is sound then.

``python -m tests.codegen.small_edits`` makes each edit in a copy of the project, updates the copy, and writes the table
in docs/regeneration.md. Words restrict it to the edits whose names hold one; their table is only printed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from attrs import frozen
from jsonpath_rfc9535 import JSONPathEnvironment

from codegen.fixes import apply_fixes
from codegen.loading import load_yaml, parse_yaml

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "docs" / "regeneration.md"
COPIED = (
    *("overlay", "generated", "tests", "openapi.yaml", "generator-config.yaml", "pyproject.toml", "CHANGELOG.md"),
    *("README.md", "Makefile"),
)
TESTS = (
    *(f"tests/unit/test_{name}.py" for name in ("call_status", "calls", "drift", "envelope", "metadata", "models")),
    *("tests/unit/testing/test_samples.py", "tests/unit/testing/test_sandbox.py"),
)
"""Those that depend most on the document and on the generated package."""
COMBINED = "everything that leaves nothing to do"
"""After this edit, all unit tests run."""

HEADING = """# Small edits of the vendor's document

What `make update-spec` reports for each kind of change. A change must never leave an error that the command does not
report. [Regeneration](regenerating.md) describes the command.

`python -m tests.codegen.small_edits` writes this page. It makes each edit in a copy of the project, and updates the
copy. The exit status is one of these:

- 0: nothing is left to do. `mypy --strict` accepts the package, and the unit tests that depend most on the document
  pass; for "everything that leaves nothing to do", all unit tests pass.
- 1: the document is refused, and nothing is changed.
- 2: the follow-ups say what is left to do.

Breaking changes are in bold.
"""

SHORT = {
    "CALL": "$.components.schemas.Call.properties",
    "VALUE": "$.components.schemas.Call..post_analysis_data.items.properties.value",
    "GET": "$.paths['/calls/{call_id}'].get",
    "OK": "$.paths['/calls/{call_id}'].get.responses['200'].content['application/json'].schema",
}
EDITS: dict[str, list[dict[str, Any]]] = load_yaml(Path(__file__).with_suffix(".yaml"))


def edited(name: str, text: str) -> str:
    """Return a document after an edit, as JSON."""
    document = parse_yaml(text.encode(), "the document")
    for step in EDITS[name]:
        target = re.sub(r"^[A-Z]+", lambda word: SHORT[word[0]], step.get("target", ""))
        if "make" in step:
            document = globals()[step["make"]](document)
        elif "rename" in step or "apart" in step:
            [node] = JSONPathEnvironment().find(target, document)
            holder: Any = node.parent and node.parent.value
            if "rename" in step:
                rename(holder, str(node.location[-1]), step["rename"])
            else:
                document["components"]["schemas"][step["apart"]] = node.value
                holder[node.location[-1]] = {"$ref": f"#/components/schemas/{step['apart']}"}
        else:
            apply_fixes(document, {"actions": [{**step, "target": target}]}, name)
    return document if isinstance(document, str) else json.dumps(document, indent=1)


def rename(holder: dict[str, Any], old: str, new: str) -> None:
    """Give a member another name, at its place."""
    members = {new if name == old else name: member for name, member in holder.items()}
    holder.clear()
    holder.update(members)


def version_31(node: Any) -> Any:
    """Write ``nullable`` as OpenAPI 3.1 does."""
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        version_31(child)
    if isinstance(node, dict) and node.pop("nullable", False):
        node["type"] = [node["type"], "null"]
        node |= {"enum": [*node["enum"], None]} if "enum" in node else {}
    return {**node, "openapi": "3.1.0"} if isinstance(node, dict) and "openapi" in node else node


def rename_call(document: Any) -> Any:
    """Give ``Call`` another name, also where it is referred to."""
    rename(document["components"]["schemas"], "Call", "Conversation")
    return json.dumps(document).replace('schemas/Call"', 'schemas/Conversation"')


def inline_call(document: Any) -> Any:
    """Describe ``Call`` where it is returned, and nowhere else."""
    call = json.dumps(document["components"]["schemas"].pop("Call"))
    return json.dumps(document).replace('{"$ref": "#/components/schemas/Call"}', call)


def split_call(document: Any) -> Any:
    """Make ``Call`` of two parts."""
    schemas = document["components"]["schemas"]
    fields = list(schemas["Call"]["properties"].items())
    for name, part in (("CallFacts", fields[:12]), ("CallRest", fields[12:])):
        schemas[name] = {"type": "object", "properties": dict(part)}
    schemas["Call"] = {"allOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("CallFacts", "CallRest")]}
    return document


def cut(document: Any) -> Any:
    """End in the middle."""
    text = json.dumps(document, indent=1)
    return text[: len(text) // 2]


@frozen
class Row:
    """What became of one edit."""

    name: str
    status: int
    verdict: str
    follow_ups: list[str]
    suite: str


def outcome(name: str) -> Row:
    """Make one edit in a copy of the project, update it, and run the tests if nothing is left to do."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "project"
        for part in COPIED:
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            root.mkdir(exist_ok=True)
            copy(ROOT / part, root / part)
        new = Path(folder) / "new.yaml"
        new.write_text(edited(name, (ROOT / "openapi.yaml").read_text("utf-8")), encoding="utf-8")
        environment = {
            "MYPY_CACHE_DIR": f"{tempfile.gettempdir()}/small-edits-mypy",  # of the standard library, above all
            **os.environ,
            "PYTHONPATH": os.pathsep.join(str(root / part) for part in ("overlay", "generated", "")),
        }

        def run(*arguments: str) -> subprocess.CompletedProcess[str]:
            command = [sys.executable, "-m", *arguments]
            return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)

        done = run("codegen", "update", "--json", str(new), "--root", str(root))
        if done.returncode not in (0, 2):
            refusal = done.stderr.splitlines()[0].replace(f"{folder}/", "")
            is_clear = refusal.startswith("nothing was changed: ")
            return Row(name, done.returncode, refusal, [], "unchanged" if is_clear else "**RED** no clear message")
        report = json.loads(done.stdout)
        changes = [
            f"{'**' if change['breaking'] else ''}{change['text']}{'**' if change['breaking'] else ''}"
            for change in report["changes"]
        ]
        verdict = (
            f"{report['suggestion']}{': ' if changes else ''}{'; '.join(changes[:3])}{'; ...' if changes[3:] else ''}"
        )
        follow_ups = [f"{each['kind']}: {each['where'].removeprefix('overlay/')}" for each in report["follow_ups"]]
        if done.returncode == 2:
            return Row(name, 2, verdict, follow_ups, "follow-ups first")
        tests = run("pytest", "-q", "-n0", "-p", "no:cacheprovider", *(["tests/unit"] if name == COMBINED else TESTS))
        if tests.returncode != 0:
            print(name, tests.stdout[-3000:], file=sys.stderr)
        counts = tests.stdout.strip().splitlines()[-1].partition(" in ")[0]
        return Row(name, 0, verdict, [], counts if tests.returncode == 0 else f"**RED** {counts}")


def main(words: list[str]) -> int:
    """Print the table, and write it if it is complete; return 1 if an edit leaves red tests and no follow-up."""
    chosen = [name for name in EDITS if not words or any(word in name for word in words)]
    lines = ["| edit | exit | verdict | follow-ups | types and tests after it |", "|---|---|---|---|---|"]
    print(*lines, sep="\n")
    with ThreadPoolExecutor(2) as pool:
        for row in pool.map(outcome, chosen):
            cells = (row.name, str(row.status), row.verdict, "; ".join(row.follow_ups), row.suite)
            lines.append(f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |")
            print(lines[-1], flush=True)
    red = sum("RED" in line for line in lines)
    lines += ["", f"{len(chosen)} edits, {red} with an error that the command did not report."]
    print(lines[-1])
    if not words:
        TABLE.write_text("\n".join([HEADING, *lines, ""]), encoding="utf-8")
    return 1 if red else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
