"""Follow-ups: there are none in this repository, and each kind is found."""

from __future__ import annotations

import re
import shutil
from typing import get_args

import pytest

from codegen import follow_ups, regenerate
from codegen.follow_ups import OVERLAY, SAMPLES, STATUS, FollowUp, open_follow_ups
from codegen.loading import load_yaml
from codegen.regenerate import CONFIG, FIXES

from .project import ROOT, Project, edited
from .small_edits import edited as small_edit

OPERATION = "  /calls/{call_id}:\n    get:\n"


@pytest.fixture(scope="module")
def open_here() -> list[FollowUp]:
    """The follow-ups of this repository."""
    return open_follow_ups(ROOT)


@pytest.mark.parametrize("kind", get_args(follow_ups.Kind))
def test_there_are_no_follow_ups(open_here: list[FollowUp], kind: str) -> None:
    """After "make update-spec" this fails, with file and line, until the follow-ups are done."""
    assert [str(follow_up) for follow_up in open_here if follow_up.kind == kind] == []


def found_after(project: Project, document: str) -> list[tuple[str, str, str]]:
    """Generate the package of a document; return kind, text and line of each follow-up."""
    project.write(document)
    shutil.rmtree(project.package)
    regenerate.generate(project.root, project.package, allow_idle_fixes=True)
    return [(found.kind, found.text, project.line(found.where)) for found in open_follow_ups(project.root)]


@pytest.mark.parametrize(
    "edit", ["a new status", "`Call` an `allOf`, and a new status", "`status` in a schema of its own, one more"]
)
def test_new_status(project: Project, edit: str) -> None:
    """A new status points at the last member of CallStatus, wherever the vendor lists it."""
    found = found_after(project, small_edit(edit, edited()))
    [(text, line)] = [(text, line) for kind, text, line in found if kind == "status"]
    assert line == 'CANCELED = "canceled"'
    assert text.startswith("CallStatus does not have 'on-hold': add a member")


def test_status_is_done_once_it_is_a_member(project: Project) -> None:
    """Adding the member completes the follow-up; another spelling of a member is none."""
    member = '    CANCELED = "canceled"\n'
    project.replace(member, f'{member}    ON_HOLD = "on-hold"\n', STATUS)
    document = small_edit("another spelling of a status", small_edit("a new status", edited()))
    assert found_after(project, document) == []


@pytest.mark.parametrize("edit", ["`Call` renamed", "`Call` inline, and a new status"])
def test_a_renamed_model_is_one_follow_up_with_its_remedy(project: Project, edit: str) -> None:
    """The remedy is an override; with it, nothing else is left, for callers or for the overlay."""
    document = small_edit(edit, edited())
    *others, (kind, text, line) = found_after(project, document)
    assert [other[0] for other in others] == (["status"] if "status" in edit else [])
    assert (kind, line) == ("renamed", "CallCallAnalysisType0: { class_name: CallAnalysis }")
    remedy = re.search(r"`(\w+: \{ class_name: Call \})`", text)
    assert remedy is not None
    project.replace("class_overrides:\n", f"class_overrides:\n  {remedy[1]}\n", CONFIG)
    assert [other[:2] for other in found_after(project, document)] == [other[:2] for other in others]


def test_fix_that_matches_nothing(project: Project) -> None:
    """If the vendor fixed a defect, the follow-up points at the action that can be deleted."""
    [(kind, text, line)] = found_after(project, small_edit("`value` gains integer", edited()))
    assert (kind, line) == ("fix", "- description: post-analysis integers stay integers")
    assert "matches nothing" in text
    assert "delete the action" in text


BILLED = "$.components.schemas.Call.properties.is_billed"
BOOLEANS = "$.components.schemas.Call.properties[?@.type == 'boolean'"


@pytest.mark.parametrize(
    ("target", "action", "lost"),
    [(BILLED, "update: {type: string}", ["is_billed can be boolean"]),
     (f"{BOOLEANS} && @.example == true]", "update: {type: string}", []),
     ("$..properties[?@.oneOf].oneOf", "remove: true",
      [r"\(one type\) hides that .*/value can be boolean, number, string"]),
     (BILLED, "remove: true", []),
     (f"{BOOLEANS}]", "remove: true", ["call_recording_enabled can be boolean", "is_billed can be boolean"]),
     (BILLED, "update: {nullable: true}", []),
     ("$.components.schemas.Call.properties.protocol.enum", "remove: true", [])],
)  # fmt: skip
def test_fix_that_hides_what_it_was_not_written_for(
    project: Project, target: str, action: str, lost: list[str]
) -> None:
    """Types and values that a fix loses must be named by its target, such as a field or an enum that it removes."""
    fixes = (project.root / FIXES).read_text("utf-8").partition('  # "number" alone')[0].rstrip()
    project.write(f"{fixes}\n  - description: one type\n    target: {target}\n    {action}\n", FIXES)
    document = load_yaml(project.root / "openapi.yaml")
    found = [follow_up.text for follow_up in follow_ups.fixes(project.root, document)]
    assert len(found) == len(lost)
    assert all(re.search(pattern, text) for pattern, text in zip(lost, sorted(found), strict=True))


def test_override_that_matches_nothing(project: Project) -> None:
    """A class with a new name points at the override of its old name, and its new name is guessed."""
    project.replace("TranscriptTurnTurnLatencyType0:", "TurnTurnLatencyType0:", CONFIG)
    [(kind, text, line)] = found_after(project, edited())
    assert (kind, line) == ("override", "TurnTurnLatencyType0: { class_name: TurnLatency }")
    assert "match nothing: TurnTurnLatencyType0 (now TranscriptTurnTurnLatencyType0?); see" in text


def test_classes_that_are_nested_in_another_one_now(project: Project) -> None:
    """Call in two parts: one follow-up for all names, and none for a name that follows from another one."""
    found = found_after(project, small_edit("`Call` an `allOf`, and a new status", edited()))
    [text] = [text for kind, text, _ in found if kind == "override"]
    assert "CallCallAnalysisType0 (now CallFactsCallAnalysisType0?), CallCallType (now CallRestCallType?)" in text
    assert "PostAnalysis" not in text


@pytest.mark.parametrize(
    ("edit", "line", "text"),
    [("`call_duration_seconds` removed", "return call.call_duration_seconds", 'no attribute "call_duration_seconds"'),
     ("`call_duration_seconds` a number", "return call.call_duration_seconds", "expected"),
     ("`assistant_name` renamed", "return call.call_id or call.assistant_name", 'no attribute "assistant_name"')],
)  # fmt: skip
def test_lines_that_read_what_has_changed(project: Project, edit: str, line: str, text: str) -> None:
    """Mypy finds each line of puretalk_client that reads a field which is gone, or has another type."""
    [(kind, found, where)] = found_after(project, small_edit(edit, edited()))
    assert (kind, where) == ("type", line)
    assert text in found


def test_lines_that_only_name_a_class_without_an_override(project: Project) -> None:
    """They follow from the override, and are not listed apart."""
    project.write("from puretalk_generated.models import TurnLatency\n\nTURN = TurnLatency()\n", f"{OVERLAY}/other.py")
    project.replace("TranscriptTurnTurnLatencyType0:", "SomethingElse:", CONFIG)
    assert [kind for kind, _, _ in found_after(project, edited())] == ["override"]


OVERLAY_CLASSES = """
from puretalk_generated import models as generated


class Call(generated.Call):
    status: str | None
    surprise: int | None


class CallMetadata:
    @property
    def model(self) -> int | None:
        return None


class TurnLatency:
    @property
    def latency(self) -> float | None:
        return None
"""


def test_fields_that_are_declared_again_or_replaced(project: Project) -> None:
    """A class that re-declares a field which is gone, and one in place of a model that lacks a field of it."""
    project.write(OVERLAY_CLASSES, f"{OVERLAY}/other.py")
    found = [(kind, text) for kind, text, _ in found_after(project, edited())]
    assert ("field", "Call.surprise is gone: adapt this line") in found
    needs = [text.partition(" of the")[0] for _, text in found if "add or adapt the property" in text]
    latencies = [f"TurnLatency.{name}" for name in ("eou_delay", "llm_latency", "tts_latency")]
    assert needs == ["CallMetadata.model", *latencies]


def test_samples_that_do_not_match(committed: Project) -> None:
    """What the sandbox sends is compared with the models; the follow-up lists the lines that write the field."""
    committed.replace(
        '        "call_type": "outgoing",\n        "transcript": "This',
        '        "call_type": "x",\n        "transcript": "This',
        SAMPLES,
    )
    [found] = open_follow_ups(committed.root)
    assert found.kind == "sample"
    assert committed.line(found.where).startswith("def example_call(")
    assert found.text.startswith("Call.call_type must be `")
    assert "testing/_samples.py:" in found.text
