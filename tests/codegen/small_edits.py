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
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "docs" / "regeneration.md"
COPIED = (
    *("overlay", "generated", "tests", "openapi.yaml", "generator-config.yaml", "pyproject.toml", "CHANGELOG.md"),
    *("README.md", "Makefile"),
)
TESTS = (
    *("test_call_status.py", "test_calls.py", "test_drift.py", "test_envelope.py"),
    *("test_metadata.py", "test_models.py", "testing/test_samples.py", "testing/test_sandbox.py"),
)
"""Those of tests/unit that depend on the document or on the generated package, but for the slow ones."""

HEADING = """# Small edits of the vendor's document

Written by `python -m tests.codegen.small_edits`. Each edit is made in a copy of the project, which is updated to it.
Exit 0: nothing is left to do, `mypy --strict` accepts the overlay, and the tests that depend on the document were run.
Exit 2: the follow-ups say what is left. Exit 1: the document is refused, and nothing was changed. Breaking changes are
in bold.
"""

Edit = Callable[[str], str]


def replace(*edits: tuple[str, str]) -> Edit:
    """Replace texts that each occur once."""

    def edit(document: str) -> str:
        for old, new in edits:
            assert document.count(old) == 1, f"the document contains it {document.count(old)} times: {old!r}"
            document = document.replace(old, new)
        return document

    return edit


def field(name: str, old: str, new: str) -> Edit:
    """Replace a text in the description of one field of ``Call``."""

    def edit(document: str) -> str:
        head, body = re.split(rf"(?<=\n        {name}:\n)", document, maxsplit=1)
        text = re.match(r"(          .*\n)+", body)
        assert text is not None
        assert text[0].count(old) == 1, f"{name} contains it {text[0].count(old)} times: {old!r}"
        return head + text[0].replace(old, new) + body[text.end() :]

    return edit


def add(name: str, line: str) -> Edit:
    """Add a line to the description of one field of ``Call``."""
    return replace((f"        {name}:\n", f"        {name}:\n          {line}\n"))


def version_31(document: str) -> str:
    """Write ``nullable`` as OpenAPI 3.1 does."""
    lines = document.splitlines()
    for number in [number for number, line in enumerate(lines) if line.endswith(" nullable: true")]:
        indent = lines[number].partition("nullable")[0]
        for step in (-1, 1):  # the type is before it or after it, among deeper lines
            at = number
            while lines[at].startswith(indent) and not lines[at].startswith(f"{indent}type: "):
                at += step
            if lines[at].startswith(f"{indent}type: "):
                lines[at] = f"{indent}type: [{lines[at].rpartition(' ')[2]}, 'null']"
                break
        lines[number] = indent
    document = "\n".join(line for line in lines if line.strip()) + "\n"
    document = document.replace("            - n/a\n", "            - n/a\n            - null\n")
    assert "nullable" not in document
    return document.replace("openapi: 3.0.1", "openapi: 3.1.0")


def inlined(document: str) -> str:
    """Describe ``Call`` where it is returned, and nowhere else."""
    head, body = document.split("    Call:\n")
    call, tail = body.split("    Error:\n")
    reference = " " * 20 + "$ref: '#/components/schemas/Call'\n"
    assert head.count(reference) == 1
    indented = "".join(f"{' ' * 14}{line}\n" for line in call.splitlines())
    return head.replace(reference, indented) + "    Error:\n" + tail


def all_of(document: str) -> str:
    """Make ``Call`` of two parts."""
    head, body = document.split("    Call:\n")
    call, tail = body.split("    Error:\n")
    one, other = call.split("        transcript:\n")
    parts = (
        "    CallFacts:\n",
        one,
        "    CallRest:\n",
        "      type: object\n      properties:\n        transcript:\n",
        other,
    )
    members = "".join(f"        - $ref: '#/components/schemas/{name}'\n" for name in ("CallFacts", "CallRest"))
    return head + "    Call:\n      allOf:\n" + members + "".join(parts) + "    Error:\n" + tail


def status_apart(document: str) -> str:
    """Move the status to a schema of its own, with one more value."""
    text = re.search(r"        status:\n((?:          .*\n)+)", document)
    assert text is not None
    apart = "    Status:\n" + re.sub("^    ", "", text[1], flags=re.MULTILINE).replace(
        "- queued", "- queued\n        - on-hold"
    )
    document = document.replace(text[0], "        status:\n          $ref: '#/components/schemas/Status'\n")
    return document.replace("    Error:\n", f"{apart}    Error:\n")


def both(*edits: Edit) -> Edit:
    """Make several edits."""

    def edit(document: str) -> str:
        for one in edits:
            document = one(document)
        return document

    return edit


VALUE = (
    "                      - type: boolean\n                        description: The value of the post analysis data\n"
)
NUMBER = (
    "                      - type: number\n                        description: The value of the post analysis data\n"
)
RESULTS = "                  results:\n"
ENVELOPE = "                type: object\n                properties:\n                  msg:\n"
MISSING = (
    "        '404':\n          description: Not Found\n          content:\n            application/json:\n"
    "              schema:\n                $ref: '#/components/schemas/Error'\n"
)
KEY = "      type: apiKey\n      in: header\n      name: X-API-KEY\n"
GET = "  /calls/{call_id}:\n    get:\n"
LIST = """  /calls:
    get:
      operationId: list_calls
      tags: [calls]
      parameters:
        - {name: page, in: query, schema: {type: integer}}
      responses:
        '200':
          description: A page
          content:
            application/json:
              schema:
                type: object
                properties:
                  count: {type: integer}
                  results: {type: array, items: {$ref: '#/components/schemas/Call'}}
"""
TURNS = (
    "        transcript_object:\n          type: array\n"
    "          description: The transcript of the call\n          items:\n"
)
SCHEMA = "      parameters:\n"

EDITS: dict[str, Edit] = {
    # Nothing that callers see.
    "another description": replace(("The ID of the call from the provider", "The provider's own ID")),
    "another version of the API": replace(("  version: 1.0.0", "  version: 1.1.0")),
    "example of `call_id` changed":
        replace(("be8b84ed-16d8-459e-b71c-b0f54fce5ec1", "5c2e1c34-9f6f-4c57-8d5f-2d2f4c1f1e11")),
    "example of `metadata` is an object":
        field("metadata", "example: This is the metadata of the call", "example: {model: gpt-4o}"),
    "security scheme renamed": lambda text: text.replace("ApiKeyAuth", "PuretalkKey"),
    "`value`: `oneOf` becomes `anyOf`": replace(("                    oneOf:\n", "                    anyOf:\n")),
    "`nullable` as in OpenAPI 3.1": version_31,
    "the enum of `sentiment` lists null":
        field("sentiment", "            - n/a\n", "            - n/a\n            - null\n"),
    "another spelling of a status": field("status", "- no-answer\n", "- no-answer\n            - No Answer\n"),
    "turns as a schema of their own": lambda text: turns_apart(text),
    # Server and credentials.
    "server changed": replace(("https://api.puretalk.ai/api\n", "https://eu.puretalk.test/v2\n")),
    "header of the key renamed": replace(("name: X-API-KEY", "name: X-Puretalk-Key")),
    "key in the query": replace((KEY, "      type: apiKey\n      in: query\n      name: key\n")),
    "bearer token instead of a key": replace((KEY, "      type: http\n      scheme: bearer\n")),
    # Post-analysis values.
    "`value` gains an array": replace(
        (VALUE, "                      - type: array\n                        items: {type: string}\n" + VALUE)
    ),
    "`value` gains an object": replace((VALUE, "                      - type: object\n" + VALUE)),
    "`value` gains integer": replace((NUMBER, "                      - type: integer\n" + NUMBER)),
    "`value` loses boolean": lambda text: re.sub(re.escape(VALUE) + r" +example: true\n", "", text),
    "`value` is a string": lambda text: re.sub(r"oneOf:\n(?: {22,}.*\n)+", "type: string\n", text),
    "`post_analysis_data` renamed": replace(("            post_analysis_data:\n", "            values:\n")),
    # The envelope and errors.
    "`results` required":
        replace((ENVELOPE, ENVELOPE.replace("object\n", "object\n                required: [results]\n"))),
    "`err` and `msg` required":
        replace((ENVELOPE, ENVELOPE.replace("object\n", "object\n                required: [err, msg]\n"))),
    "`err` renamed": replace(("                  err:\n", "                  error:\n")),
    "404 removed": replace((MISSING, "")),
    "401 documented": replace((MISSING, MISSING + MISSING.replace("404", "401"))),
    "`Error.code` required": replace(
        ("        - err\n        - msg\n", "        - err\n        - msg\n        - code\n"),
        (
            "        msg:\n          type: string\n          example: An",
            "        code: {type: integer}\n        msg:\n          type: string\n          example: An",
        ),
    ),
    # Statuses.
    "a new status": field("status", "- canceled\n", "- canceled\n            - on-hold\n"),
    "a status removed": field("status", "            - busy\n", ""),
    "`status` loses its enum": lambda text: re.sub(r"(The status of the call\n) +enum:\n(?: +- .*\n)+", r"\1", text),
    "`status` renamed": replace(("        status:\n", "        state:\n")),
    "`status` in a schema of its own, one more": status_apart,
    # Other fields.
    "a new field":
        replace(("        is_billed:\n", "        disposition:\n          type: string\n        is_billed:\n")),
    "a new required field": both(
        replace(("        is_billed:\n", "        disposition:\n          type: string\n        is_billed:\n")),
        replace(("    Call:\n", "    Call:\n      required: [disposition]\n")),
    ),
    "`call_id` required": replace(("    Call:\n", "    Call:\n      required: [call_id]\n")),
    "`call_duration_seconds` removed":
        lambda text: re.sub(r"        call_duration_seconds:\n(?:          .*\n)+", "", text),
    "`call_duration_seconds` a number": field("call_duration_seconds", "type: integer", "type: number"),
    "`voice_id` renamed": replace(("        voice_id:\n", "        voice:\n")),
    "`assistant_name` renamed": replace(("        assistant_name:\n", "        agent_name:\n")),
    "`start_time` is null at times": add("start_time", "nullable: true"),
    "`start_time` is any text": field("start_time", "          format: date-time\n", ""),
    "`is_billed` a text": field("is_billed", "type: boolean", "type: string"),
    "`call_type` gains a value": field("call_type", "- outgoing\n", "- outgoing\n            - internal\n"),
    "`call_type` loses a value": field("call_type", "            - outgoing\n", ""),
    "`protocol` loses its enum":
        lambda text: re.sub(r"(The protocol of the call\n) +enum:\n(?: +- .*\n)+", r"\1", text),
    "`variables` are integers": replace(
        (
            "        variables:\n          type: array\n          items:\n            type: string\n",
            "        variables:\n          type: array\n          items:\n            type: integer\n",
        )
    ),
    "`metadata` gains a property":
        replace(("            model:\n", "            region: {type: string}\n            model:\n")),
    "`metadata` is a text": both(
        field("metadata", "type: object", "type: string"),
        lambda text: re.sub(r"          properties:\n            model:\n(?: {14}.*\n)+", "", text),
    ),
    "`tool_calls` has items": replace(
        (
            " type: array\n                description: Array of tool",
            " type: array\n                items: {type: object}\n                description: Array of tool",
        )
    ),
    # The operation.
    "operationId and tag": replace((GET, f"{GET}      operationId: get_call\n      tags: [calls]\n")),
    "another operationId": replace((GET, f"{GET}      operationId: fetchCall\n      tags: [calls]\n")),
    "an optional parameter":
        replace((SCHEMA, f"{SCHEMA}        - {{name: fields, in: query, schema: {{type: string}}}}\n")),
    "a required parameter":
        replace((SCHEMA, f"{SCHEMA}        - {{name: region, in: query, required: true, schema: {{type: string}}}}\n")),
    "`call_id` of the path renamed": replace(("/calls/{call_id}:", "/calls/{id}:"), ("- name: call_id", "- name: id")),
    "another path": replace(("  /calls/{call_id}:", "  /v2/calls/{call_id}:")),
    "a new operation": replace((GET, LIST + GET)),
    "another operation in its place": lambda text: text[: text.index(GET)] + LIST + text[text.index("components:\n") :],
    # The schema Call.
    "`Call` renamed":
        lambda text: text.replace("    Call:\n", "    Conversation:\n").replace("/Call'", "/Conversation'"),
    "`Call` inline, and a new status":
        both(field("status", "- canceled\n", "- canceled\n            - on-hold\n"), inlined),
    "`Call` an `allOf`, and a new status":
        both(field("status", "- canceled\n", "- canceled\n            - on-hold\n"), all_of),
    # Documents that are refused.
    "a reference to nothing": replace(("schemas/Call'", "schemas/Cal'")),
    "a type that does not exist": field("call_duration_seconds", "integer", "intger"),
    "cut in the middle": lambda text: text[: len(text) // 2],
}  # fmt: skip


def turns_apart(document: str) -> str:
    """Move the items of ``transcript_object`` to a schema of its own."""
    head, body = document.split(TURNS)
    text = re.match(r"(            .*\n)+", body)
    assert text is not None
    turn = "    TranscriptTurn:\n" + "".join(f"{line[6:]}\n" for line in text[0].splitlines())
    reference = "            $ref: '#/components/schemas/TranscriptTurn'\n"
    return (head + TURNS + reference + body[text.end() :]).replace("    Error:\n", f"{turn}    Error:\n")


@frozen
class Row:
    """What became of one edit."""

    name: str
    status: int
    verdict: str
    follow_ups: list[str]
    suite: str


def outcome(name: str, edit: Edit) -> Row:
    """Make one edit in a copy of the project, update it, and run the tests if nothing is left to do."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "project"
        for part in COPIED:
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            root.mkdir(exist_ok=True)
            copy(ROOT / part, root / part)
        new = Path(folder) / "new.yaml"
        new.write_text(edit((ROOT / "openapi.yaml").read_text("utf-8")), encoding="utf-8")
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(str(root / part) for part in ("overlay", "generated", "")),
        }

        def run(*arguments: str) -> subprocess.CompletedProcess[str]:
            command = [sys.executable, "-m", *arguments]
            return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)

        done = run("codegen", "update", "--json", str(new), "--root", str(root))
        if done.returncode not in (0, 2):
            return Row(name, done.returncode, done.stderr.splitlines()[0].replace(f"{folder}/", ""), [], "unchanged")
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
        files = [f"tests/unit/{test}" for test in TESTS]
        tests = run("pytest", "-q", "-n0", "-p", "no:cacheprovider", *files)
        if tests.returncode != 0:
            print(name, tests.stdout[-3000:], file=sys.stderr)
        counts = tests.stdout.strip().splitlines()[-1].partition(" in ")[0]
        return Row(name, 0, verdict, [], counts if tests.returncode == 0 else f"**RED** {counts}")


def main(words: list[str]) -> int:
    """Print the table, and write it if it is complete; return 1 if an edit leaves red tests and no follow-up."""
    chosen = {name: edit for name, edit in EDITS.items() if not words or any(word in name for word in words)}
    lines = ["| edit | exit | verdict | follow-ups | types and tests after it |", "|---|---|---|---|---|"]
    print(*lines, sep="\n")
    with ThreadPoolExecutor(2) as pool:
        for row in pool.map(outcome, chosen, chosen.values()):
            cells = (row.name, str(row.status), row.verdict, "; ".join(row.follow_ups), row.suite)
            lines.append(f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |")
            print(lines[-1], flush=True)
    red = sum("RED" in line for line in lines)
    lines += ["", f"{len(chosen)} edits: {red or 'none'} left red without a follow-up."]
    print(lines[-1])
    if not words:
        TABLE.write_text("\n".join([HEADING, *lines, ""]), encoding="utf-8")
    return 1 if red else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
