"""Follow-ups: there are none in this repository, and each kind is found."""

from __future__ import annotations

import re
import shutil
from typing import get_args

import pytest

from codegen import follow_ups, generated_names, regenerate
from codegen.follow_ups import CALLS, CONFIG, OVERLAY, PACKAGE, READERS, READS, STATUS, open_follow_ups
from codegen.loading import load_yaml

from .project import ROOT, Project

MODELS = f"{PACKAGE}/models.py"


@pytest.mark.parametrize("kind", get_args(follow_ups.Kind))
def test_there_are_no_follow_ups(kind: str) -> None:
    """After "make update-spec" this fails, with file and line, until the follow-ups are done."""
    assert [str(follow_up) for follow_up in open_follow_ups(ROOT) if follow_up.kind == kind] == []


def test_spec_reads_has_every_field_that_is_mentioned() -> None:
    """overlay/spec-reads.yaml has all fields that readers of models mention; others would have no follow-up."""
    reads = load_yaml(ROOT / READS)["models"]
    for model, attributes in generated_names.read(ROOT / PACKAGE).models.items():
        if model in reads:
            mentioned = follow_ups.mentions(ROOT).keys() & {item.name for item in attributes.values()}
            assert mentioned <= reads[model].keys(), model


def test_every_reader_exists() -> None:
    """The modules that are searched for fields are those of the package."""
    assert [reader for reader in READERS if not (ROOT / OVERLAY / reader).is_file()] == []


def only_follow_up(project: Project) -> tuple[str, str, str]:
    """Kind and text of the only follow-up, and the line that it points at."""
    [follow_up] = open_follow_ups(project.root)
    return follow_up.kind, follow_up.text, project.line(follow_up.where)


def test_new_status(project: Project) -> None:
    """A new status points at the last member of CallStatus; another spelling of a member is not a follow-up."""
    project.replace("            - ringing\n", "            - Ringing\n            - on_hold\n")
    kind, text, line = only_follow_up(project)
    assert (kind, line) == ("status", 'CANCELED = "canceled"')
    assert "'on_hold'" in text


def test_new_status_in_a_schema_of_its_own(project: Project) -> None:
    """A status is found wherever the enum was moved to."""
    text = (project.root / "openapi.yaml").read_text("utf-8")
    status = re.search(r"        status:\n(          .*\n)+", text)
    assert status is not None
    project.replace(status[0], "        status: {anyOf: [{$ref: '#/components/schemas/State'}]}\n")
    state = "    State: {type: string, enum: [completed, in-the-stars]}\n"
    project.replace("components:\n  schemas:\n", f"components:\n  schemas:\n{state}")
    statuses = [follow_up.text for follow_up in open_follow_ups(project.root) if follow_up.kind == "status"]
    assert ["'in-the-stars'" in text for text in statuses] == [True]


def test_status_is_done_once_it_is_a_member(project: Project) -> None:
    """Adding the member completes the follow-up."""
    project.replace("            - ringing\n", "            - ringing\n            - on-hold\n")
    member = '    CANCELED = "canceled"\n'
    project.replace(member, f'{member}    ON_HOLD = "on-hold"\n', STATUS)
    assert open_follow_ups(project.root) == []


def test_fix_that_matches_nothing(project: Project) -> None:
    """If the vendor fixed a defect, the follow-up points at the action that can be deleted."""
    project.replace(
        "  /calls/{call_id}:\n    get:\n",
        "  /calls/{call_id}:\n    get:\n      operationId: get_call\n      tags: [calls]\n",
    )
    kind, text, line = only_follow_up(project)
    assert (kind, line) == ("fix", "- description: the operation has a name and a tag")
    assert "delete the action" in text


def test_removed_model(project: Project) -> None:
    """A model in spec-reads.yaml without a class points at its line there, and lists the tests that use it."""
    project.replace("models:\n", "models:\n  Gone: {a: str}\n", READS)
    (project.root / "tests").mkdir(exist_ok=True)
    project.write("from anywhere import Gone\n", "tests/test_it.py")
    kind, text, line = only_follow_up(project)
    assert (kind, line) == ("field", "Gone: {a: str}")
    assert text == "the model Gone no longer exists: rename or delete it here; tests that use it: tests/test_it.py"


def test_override_that_matches_nothing(project: Project) -> None:
    """A class with a new name points at the override of its old name."""
    project.replace("TranscriptTurnTurnLatencyType0:", "SomethingElse:", CONFIG)
    shutil.rmtree(project.package)
    regenerate.generate(project.root, project.package)
    kind, text, line = only_follow_up(project)
    assert (kind, line) == ("override", "SomethingElse: { class_name: TurnLatency }")
    assert text.startswith("SomethingElse matches nothing, so there is no TurnLatency")


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (
            "    call_duration_seconds: int | None",
            "    call_duration_seconds: float | None",
            "is now 'float | None'",
        ),
        ("    call_duration_seconds: int | None = None\n", "", "was removed"),
        ("    call_duration_seconds: int | None", "    duration: int | None", "was removed"),
    ],
)
def test_field_that_the_overlay_reads(project: Project, old: str, new: str, text: str) -> None:
    """A removed or changed field points at the line that reads it."""
    project.replace(old, new, MODELS)
    kind, found, line = only_follow_up(project)
    assert (kind, line) == ("field", 'return getattr(call, "call_duration_seconds")')
    assert f"Call.call_duration_seconds {text}" in found


def test_required_field_that_the_sandbox_lacks(project: Project) -> None:
    """A new required field must be added to the samples of the sandbox; an optional one need not."""
    project.replace(
        "    voice_id: str | None = None\n",
        "    voice_id: str | None = None\n    pace: int | None = None\n",
        MODELS,
    )
    assert open_follow_ups(project.root) == []
    project.replace("    pace: int | None = None\n", "    pace: int | None\n", MODELS)
    kind, text, line = only_follow_up(project)
    assert (kind, line) == ("field", "Call:")
    assert text.startswith("Call.pace is required: ")


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (
            "def request(\n    call_id: str,\n",
            "def request(\n    call_id: int,\n",
            "now takes 'call_id: int'",
        ),
        (
            "def request(\n    call_id: str,\n",
            "def request(\n    call_id: str, verbose: bool,\n",
            "verbose: bool",
        ),
        (
            "        DocumentedResponse(404,",
            '        DocumentedResponse(202, 202, "json", Error),\n        DocumentedResponse(404,',
            "now returns 'GetCallResponse | Error'",
        ),
    ],
)
def test_operation_that_the_overlay_uses(project: Project, old: str, new: str, text: str) -> None:
    """Another parameter, type or successful response of an operation is a follow-up."""
    project.replace(old, new, f"{PACKAGE}/api/calls/get_call.py")
    kind, found, line = only_follow_up(project)
    assert (kind, line.partition(":")[0]) == ("operation", "calls.get_call")
    assert text in found


def test_renamed_class_is_one_follow_up(project: Project) -> None:
    """The fields of a renamed class are not follow-ups of their own."""
    project.replace("GetCallResponse200:", "SomethingElse:", CONFIG)
    project.replace("  Call:\n", "  GetCallResponse: {err: bool | None}\n  Call:\n", READS)
    shutil.rmtree(project.package)
    regenerate.generate(project.root, project.package)
    assert [follow_up.kind for follow_up in open_follow_ups(project.root)] == ["override", "operation"]


def test_field_that_is_now_required_is_not_a_follow_up(project: Project) -> None:
    """Code that handles None also works with a field that is never None."""
    project.replace("    call_duration_seconds: int | None = None", "    call_duration_seconds: int", MODELS)
    assert open_follow_ups(project.root) == []


def test_import_of_a_removed_name(project: Project) -> None:
    """An operation whose module was renamed points at the line that imports it."""
    line = "from puretalk_generated.api.calls import get_call"
    project.write(f"{line}\n", CALLS)
    assert open_follow_ups(project.root) == []
    folder = project.package / "api" / "calls"
    (folder / "get_call.py").rename(folder / "fetch_call.py")
    assert only_follow_up(project) == (
        "import",
        "puretalk_generated.api.calls no longer has get_call: adapt this line",
        line,
    )
