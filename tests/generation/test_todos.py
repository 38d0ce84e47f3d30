"""What only a person can decide once the spec has changed: nothing of it is open, and each kind is found."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

import regenerate
from spec_tools import document as spec_document
from spec_tools import generated_names
from spec_tools import todos as spec_todos

from .tree import Tree

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("kind", get_args(spec_todos.Kind))
def test_nothing_is_left_to_decide(kind: str) -> None:
    """After "make update-spec" this fails, with file and line, until what it left open is done."""
    assert [str(todo) for todo in spec_todos.open_todos(ROOT) if todo.kind == kind] == []


def test_every_field_that_readers_of_models_mention_is_in_spec_reads() -> None:
    """overlay/spec-reads.yaml misses no field, or a change of it would be nobody's to-do."""
    reads = spec_document.load_yaml(ROOT / spec_todos.READS)["models"]
    for model, attributes in generated_names.read(ROOT / spec_todos.PACKAGE).models.items():
        if model in reads:
            mentioned = spec_todos.mentions(ROOT).keys() & {item.name for item in attributes.values()}
            assert mentioned <= reads[model].keys(), model


def only_todo(tree: Tree) -> tuple[str, str, str]:
    """The kind and the text of the one to-do that is open, and the line that it points at."""
    [todo] = spec_todos.open_todos(tree.root)
    return todo.kind, todo.text, tree.line(todo.where)


def test_status_that_nobody_knows(tree: Tree) -> None:
    """A new status points at the last member of CallStatus; a new spelling of a known one is none."""
    tree.replace("openapi.yaml", "            - ringing\n", "            - Ringing\n            - on_hold\n")
    kind, text, line = only_todo(tree)
    assert (kind, line) == ("status", 'CANCELED = "canceled"')
    assert "'on_hold'" in text


def test_status_in_a_schema_of_its_own(tree: Tree) -> None:
    """A status is found wherever the enum has moved."""
    text = (tree.root / "openapi.yaml").read_text("utf-8")
    status = re.search(r"        status:\n(          .*\n)+", text)
    assert status is not None
    text = text.replace(status[0], "        status: {anyOf: [{$ref: '#/components/schemas/State'}]}\n")
    state = "    State: {type: string, enum: [completed, in-the-stars]}\n"
    text = text.replace("components:\n  schemas:\n", f"components:\n  schemas:\n{state}")
    (tree.root / "openapi.yaml").write_text(text, encoding="utf-8")
    assert [
        "'in-the-stars'" in todo.text for todo in spec_todos.open_todos(tree.root) if todo.kind == "status"
    ] == [True]


def test_status_is_done_once_it_is_a_member(tree: Tree) -> None:
    """Adding the member ends the to-do."""
    tree.replace("openapi.yaml", "            - ringing\n", "            - ringing\n            - on-hold\n")
    member = '    CANCELED = "canceled"\n'
    tree.replace(f"{spec_todos.OVERLAY}/_status.py", member, f'{member}    ON_HOLD = "on-hold"\n')
    assert spec_todos.open_todos(tree.root) == []


def test_fix_that_matches_nothing(tree: Tree) -> None:
    """A defect that the vendor mended points at the action that can go."""
    tree.replace(
        "openapi.yaml",
        "  /calls/{call_id}:\n    get:\n",
        "  /calls/{call_id}:\n    get:\n      operationId: get_call\n      tags: [calls]\n",
    )
    kind, text, line = only_todo(tree)
    assert (kind, line) == ("fix", "- description: the operation has a name and a tag")
    assert "delete the action" in text


def test_model_that_is_gone(tree: Tree) -> None:
    """A model of spec-reads.yaml that has no class points at its line there, and names the tests that use it."""
    tree.replace(spec_todos.READS, "models:\n", "models:\n  Gone: {a: str}\n")
    (tree.root / "tests").mkdir(exist_ok=True)
    (tree.root / "tests" / "test_it.py").write_text("from anywhere import Gone\n", encoding="utf-8")
    kind, text, line = only_todo(tree)
    assert (kind, line) == ("field", "Gone: {a: str}")
    assert text == (
        "there is no model Gone any more: rename or delete it here; tests that use it: tests/test_it.py"
    )


def test_override_that_matches_nothing(tree: Tree) -> None:
    """A class that has another name now points at the override of the old one."""
    tree.replace(spec_todos.CONFIG, "TranscriptTurnTurnLatencyType0:", "SomethingElse:")
    shutil.rmtree(tree.root / spec_todos.PACKAGE)
    regenerate.generate(tree.root, tree.root / spec_todos.PACKAGE)
    kind, text, line = only_todo(tree)
    assert (kind, line) == (
        "override",
        "SomethingElse: { class_name: TurnLatency, module_name: turn_latency }",
    )
    assert text.startswith("SomethingElse matches nothing, so there is no TurnLatency")


def test_package_works_but_for_the_class_that_is_gone(tmp_path: Path) -> None:
    """puretalk_client imports without a class that it only passes on; asking for that one says what is missing."""
    package = tmp_path / "puretalk_generated"
    shutil.copytree(ROOT / spec_todos.PACKAGE, package)
    init = package / "models" / "__init__.py"
    lines = init.read_text("utf-8").splitlines(keepends=True)
    init.write_text("".join(line for line in lines if "TurnLatency" not in line), encoding="utf-8")
    code = "import puretalk_client; print(puretalk_client.Call()); puretalk_client.TurnLatency"
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT / 'overlay'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stdout.startswith("<Call ")
    assert "has no attribute 'TurnLatency'" in result.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (
            "    call_duration_seconds: int | None",
            "    call_duration_seconds: float | None",
            "is 'float | None' now",
        ),
        ("    call_duration_seconds: int | None = None\n", "", "is gone"),
        ("    call_duration_seconds: int | None", "    duration: int | None", "is gone"),
    ],
)
def test_field_that_the_overlay_reads(tree: Tree, old: str, new: str, text: str) -> None:
    """A field that is gone or changed points at the line that reads it."""
    tree.replace(f"{spec_todos.PACKAGE}/models/call.py", old, new)
    kind, what, line = only_todo(tree)
    assert (kind, line) == ("field", 'return getattr(call, "call_duration_seconds")')
    assert f"Call.call_duration_seconds {text}" in what


def test_required_field_that_the_sandbox_lacks(tree: Tree) -> None:
    """A new field that every answer has must be in the sandbox's samples too; an optional one need not."""
    path = f"{spec_todos.PACKAGE}/models/call.py"
    tree.replace(
        path,
        "    voice_id: str | None = None\n",
        "    voice_id: str | None = None\n    pace: int | None = None\n",
    )
    assert spec_todos.open_todos(tree.root) == []
    tree.replace(path, "    pace: int | None = None\n", "    pace: int | None\n")
    kind, text, line = only_todo(tree)
    assert (kind, line) == ("field", "Call:")
    assert text.startswith("Call.pace is required: ")


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (
            "def request(\n    call_id: str,\n",
            "def request(\n    call_id: int,\n",
            "takes 'call_id: int' now",
        ),
        (
            "def request(\n    call_id: str,\n",
            "def request(\n    call_id: str, verbose: bool,\n",
            "verbose: bool",
        ),
        (
            "        Answer(404,",
            '        Answer(202, 202, "json", Error),\n        Answer(404,',
            "answers 'GetCallResponse | Error' now",
        ),
    ],
)
def test_operation_that_the_overlay_calls(tree: Tree, old: str, new: str, text: str) -> None:
    """Another parameter, type or answer of a called operation is found; another error is none."""
    path = f"{spec_todos.PACKAGE}/api/calls/get_call.py"
    tree.replace(path, old, new)
    kind, what, line = only_todo(tree)
    assert (kind, line.partition(":")[0]) == ("operation", "calls.get_call")
    assert text in what


def test_class_with_another_name_is_one_todo(tree: Tree) -> None:
    """The fields of a class that only has another name now are no to-dos of their own."""
    tree.replace(spec_todos.CONFIG, "GetCallResponse200:", "SomethingElse:")
    tree.replace(spec_todos.READS, "  Call:\n", "  GetCallResponse: {err: bool | None}\n  Call:\n")
    shutil.rmtree(tree.root / spec_todos.PACKAGE)
    regenerate.generate(tree.root, tree.root / spec_todos.PACKAGE)
    assert [todo.kind for todo in spec_todos.open_todos(tree.root)] == ["override", "operation"]


def test_field_that_is_never_none_any_more_is_no_todo(tree: Tree) -> None:
    """What was read as perhaps None may as well always be there."""
    tree.replace(
        f"{spec_todos.PACKAGE}/models/call.py",
        "    call_duration_seconds: int | None = None",
        "    call_duration_seconds: int",
    )
    assert spec_todos.open_todos(tree.root) == []


def test_import_that_is_gone(tree: Tree) -> None:
    """An operation that has another module now points at the line that imports it."""
    line = "from puretalk_generated.api.calls import get_call"
    (tree.root / spec_todos.OVERLAY / "_calls.py").write_text(f"{line}\n", encoding="utf-8")
    assert spec_todos.open_todos(tree.root) == []
    folder = tree.root / spec_todos.PACKAGE / "api" / "calls"
    (folder / "get_call.py").rename(folder / "fetch_call.py")
    assert only_todo(tree) == (
        "import",
        "puretalk_generated.api.calls has no get_call any more: mend this line",
        line,
    )
