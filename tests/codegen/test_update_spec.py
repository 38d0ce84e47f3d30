"""make update-spec replaces the document and everything that depends on it, or nothing; make spec-diff only reports."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from codegen import regenerate, update_spec
from codegen.__main__ import main
from codegen.changes import Change
from codegen.document import GenerationError
from codegen.follow_ups import FIXES

from .project import CHANGELOG, GROWTH, NEW_STATUS, NEW_TYPE, ROOT, Project, edited


def test_new_document_replaces_everything(project: Project) -> None:
    """Exit 0: openapi.yaml has the new bytes, and its digest and generated/ match it."""
    text = edited(*GROWTH)
    run = project.run("update", project.new_document(text))
    assert (run.status, run.err) == (0, "")
    assert (project.root / "openapi.yaml").read_text("utf-8") == text
    digest = hashlib.sha256(text.encode()).hexdigest()
    assert (project.root / update_spec.DIGEST).read_text("ascii") == f"{digest}  openapi.yaml\n"
    assert (project.root / "generated/puretalk_generated/api/calls/list_calls.py").is_file()
    assert project.run("check").status == 0
    assert [path.name for path in (project.root / "generated").iterdir()] == ["puretalk_generated"]


def test_report_for_people(project: Project) -> None:
    """Each change has a verdict, a Python name and a JSONPath, and the last line suggests a version."""
    run = project.run("update", project.new_document(edited(*GROWTH, NEW_TYPE)))
    lines = run.out.splitlines()
    assert lines[:2] == [
        "BREAKING  field Call.call_duration_seconds: type: integer -> number",
        "            $.components.schemas.Call.properties.call_duration_seconds",
    ]
    assert "ok        operation calls.list_calls: new" in lines
    assert "            $.paths['/calls'].get" in lines
    assert "ok        field Call.answered_by: new value voicemail" in lines
    assert "7 changes, 1 breaking: major" in lines


def test_report_as_json(project: Project) -> None:
    """--json prints the changes, the suggestion and the follow-ups."""
    run = project.run("update", "--json", project.new_document(edited(*GROWTH, NEW_STATUS)))
    report = json.loads(run.out)
    assert (report["suggestion"], len(report["changes"]), len(report["follow_ups"])) == ("minor", 7, 1)
    assert {change["kind"] for change in report["changes"]} == {"added"}
    assert set(report["follow_ups"][0]) == {"kind", "where", "text"}
    assert {key for change in report["changes"] for key in change} == {
        "kind",
        "what",
        "path",
        "python",
        "breaking",
        "text",
    }


def test_changelog_has_each_change_once(project: Project) -> None:
    """The changes are added to the sections of Unreleased; older releases do not change."""
    project.run("update", project.new_document(edited(*GROWTH, NEW_TYPE)))
    text = (project.root / "CHANGELOG.md").read_text("utf-8")
    unreleased, _, older = text.partition("\n## [1.0.0]")
    assert older == CHANGELOG.partition("\n## [1.0.0]")[2]
    assert re.findall(r"^#+ .*", unreleased, re.MULTILINE) == [
        "# Changelog",
        "## [Unreleased]",
        "### Added",
        "### Changed",
    ]
    assert "- Something else.\n- field `Call.answered_by` of the document: new value voicemail.\n" in unreleased
    breaking = "- **Breaking:** field `Call.call_duration_seconds` of the document: type: integer -> number."
    assert unreleased.count(breaking) == 1
    # The vendor withdraws the document and publishes it again.
    project.run("update", project.new_document(edited(), "old.yaml"))
    project.run("update", project.new_document(edited(*GROWTH, NEW_TYPE)))
    assert (project.root / "CHANGELOG.md").read_text("utf-8").count(breaking) == 1


def test_same_document_changes_nothing(project: Project) -> None:
    """The current document changes no file; the exit status is 0."""
    before = project.snapshot()
    run = project.run("update", project.new_document(edited(), "same.yaml"))
    assert run.status == 0
    assert "is identical to openapi.yaml" in run.out
    assert project.snapshot() == before


def test_follow_ups_are_listed_after_the_update(project: Project) -> None:
    """Exit 2: everything is replaced, and each follow-up points at a line; the same happens next time."""
    source = project.new_document(edited(*GROWTH, NEW_STATUS, NEW_TYPE))
    run = project.run("update", source)
    assert run.status == 2
    found = run.out.partition("2 follow-ups;")[2].splitlines()[1:]
    assert [project.line(follow_up.strip().partition(": ")[0]) for follow_up in found] == [
        'CANCELED = "canceled"',
        'return getattr(call, "call_duration_seconds")',
    ]
    assert (project.root / "openapi.yaml").read_bytes() == source.read_bytes()
    assert project.run("check").status == 0
    before = project.snapshot()
    again = project.run("update", source)
    assert (again.status, again.out.partition("2 follow-ups;")[2].splitlines()[1:]) == (2, found)
    assert project.snapshot() == before


def test_fixed_defect_leaves_a_follow_up(project: Project) -> None:
    """A fix that matches nothing is a follow-up, and stops "make generate" until it is deleted."""
    named = "  /calls/{call_id}:\n    get:\n"
    run = project.run(
        "update", project.new_document(edited((named, f"{named}      operationId: get_call\n      tags: [calls]\n")))
    )
    assert run.status == 2
    assert "overlay/spec-fixes.yaml:" in run.out
    assert project.run("check").status == 1
    fixes = (project.root / "overlay/spec-fixes.yaml").read_text("utf-8")
    action = re.search(r"  - description: the operation has a name.*?(?=\n  #)", fixes, re.DOTALL)
    assert action is not None
    project.replace(action[0], "", FIXES)
    assert project.run("check").status == 0
    assert (
        project.run("update", project.new_document((project.root / "openapi.yaml").read_bytes(), "same.yaml")).status
        == 0
    )


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        pytest.param("", "", id="empty"),
        pytest.param("openapi: 3.0.1\n  paths", "", id="not YAML"),
        pytest.param(b"\xff\xfe\x00", "", id="binary"),
        pytest.param(edited()[:3000], "", id="truncated"),
        pytest.param(edited(("openapi: 3.0.1", "swagger: '2.0'")), "Swagger 2.0", id="Swagger 2"),
        pytest.param(edited(("'#/components/schemas/Call'", "'#/components/schemas/Cal'")), "Cal", id="dangling"),
        pytest.param(
            edited((NEW_TYPE[0], "        call_duration_seconds:\n          type: intger\n")),
            "",
            id="unknown type",
        ),
        pytest.param("<!doctype html><title>Sign in</title>", "", id="sign-in page"),
    ],
)
def test_invalid_document_changes_nothing(project: Project, content: str | bytes, cause: str) -> None:
    """Exit 1 with one message that gives the reason, and no file is changed; spec-diff does the same."""
    source = project.new_document(content)
    before = project.snapshot()
    for command in ("update", "diff"):
        run = project.run(command, source)
        assert run.status == 1
        assert run.out == ""
        assert run.err.startswith("nothing was changed: ")
        assert cause in run.err
        assert "Traceback" not in run.err
        assert project.snapshot() == before


def test_status_codes_without_quotes_are_accepted(project: Project) -> None:
    """YAML reads them as numbers. A number and a string of the same digits are a duplicate key."""
    quoted, bare = "        '404':\n", "        404:\n"
    assert project.run("diff", project.new_document(edited((quoted, bare)))).status == 0
    twice = edited((quoted, f"{bare}          description: Not Found\n{quoted}"))
    run = project.run("update", project.new_document(twice))
    assert (run.status, "duplicate key 404" in run.err) == (1, True)


def test_missing_file_is_named(project: Project) -> None:
    """The message names a file that does not exist."""
    run = project.run("update", "no-such-file.yaml")
    assert run.status == 1
    assert "no-such-file.yaml" in run.err


def test_location_is_required(project: Project) -> None:
    """Without a location the exit status is 1; 2 would mean that the document was replaced."""
    run = project.run("update")
    assert (run.status, run.out) == (1, "")
    assert "FROM is empty" in run.err


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_report_that_cannot_be_printed_is_not_an_error(
    project: Project, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    """The update succeeds if stdout is closed or cannot encode the report."""
    source = project.new_document(edited((NEW_TYPE[0], f"        größe: {{type: string}}\n{NEW_TYPE[0]}")))
    with (project.root.parent / "out").open("w", encoding=encoding) as out:
        monkeypatch.setattr("sys.stdout", out)
        assert main(["update", str(source), "--root", str(project.root)]) == 0
    with (project.root.parent / "out").open("r", encoding=encoding) as closed:  # nothing can be written to it
        monkeypatch.setattr("sys.stdout", closed)
        assert main(["update", str(source), "--root", str(project.root)]) == 0


def test_same_document_suggests_no_version(project: Project) -> None:
    """Without a change the suggestion is "none", not "patch"."""
    report = json.loads(project.run("update", "--json", project.new_document(edited(), "same.yaml")).out)
    assert report == {"suggestion": "none", "changes": [], "follow_ups": []}


def test_make_quotes_the_locations() -> None:
    """A URL with an ampersand is one location, also through make."""
    locations = ["https://specs.test/a?b=1&c=2;d", "b.md"]
    # Only printed, since make might install dependencies first.
    command = ["make", "-n", "-C", str(ROOT), "spec-diff", f"FROM={' '.join(locations)}"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    [line] = [line for line in printed.splitlines() if "-m codegen diff" in line]
    assert shlex.split(line)[-3:] == ["diff", *locations]


@pytest.mark.parametrize("broken", ["swap", "write_text"])
def test_interrupted_replacement_is_undone(project: Project, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    """A full disk or Ctrl-C while the new files are moved restores the old ones."""
    before = project.snapshot()
    source = project.new_document(edited(*GROWTH))
    if broken == "swap":
        swap = regenerate.swap

        def fail(new: Path, old: Path) -> None:
            swap(new, old)
            raise KeyboardInterrupt

        monkeypatch.setattr(regenerate, "swap", fail)
        run = project.run("update", source)
        assert (run.status, run.err) == (130, "nothing was changed: interrupted\n")
    else:
        write = Path.write_text

        def full(self: Path, *args: str, **options: str) -> int:
            if self == project.root / "CHANGELOG.md":
                write(self, "half", encoding="utf-8")
                raise OSError(28, "No space left on device")
            return write(self, *args, **options)

        monkeypatch.setattr(Path, "write_text", full)
        run = project.run("update", source)
        assert (run.status, run.err) == (1, "nothing was changed: [Errno 28] No space left on device\n")
    assert project.snapshot() == before


def test_changelog_without_unreleased_is_an_error(project: Project) -> None:
    """Nothing is replaced if the changes cannot be added to the changelog."""
    project.replace("## [Unreleased]", "## [1.1.0]", "CHANGELOG.md")
    before = project.snapshot()
    run = project.run("update", project.new_document(edited(*GROWTH)))
    assert run.status == 1
    assert "Unreleased" in run.err
    assert project.snapshot() == before


@pytest.mark.parametrize(
    ("edits", "status"), [(GROWTH, 0), ((*GROWTH, NEW_STATUS), 0), ((*GROWTH, NEW_TYPE), 1), ((), 0)]
)
def test_diff_only_reports(project: Project, edits: tuple[tuple[str, str], ...], status: int) -> None:
    """Exit 1 for a breaking change, else 0, with the same report; no file is changed."""
    before = project.snapshot()
    run = project.run("diff", project.new_document(edited(*edits)))
    assert (run.status, run.err) == (status, "")
    assert ("breaking: " in run.out) == bool(edits)
    assert project.snapshot() == before


def test_new_descriptions_are_a_patch(project: Project) -> None:
    """A document with other descriptions replaces the current one, and the suggestion is a patch."""
    text = edited(("The ID of the call from the provider", "The provider's own ID"))
    run = project.run("update", project.new_document(text))
    assert run.status == 0
    assert "patch" in run.out
    assert (project.root / "openapi.yaml").read_text("utf-8") == text


def test_missing_changelog_sections_are_created() -> None:
    """Sections are created in the order of Keep a Changelog."""
    old = "# Changelog\n\n## [Unreleased]\n"
    changes = [
        Change(kind=kind, what="field", path="$.x", python="", breaking=False, text=kind)
        for kind in ("removed", "added", "changed")
    ]
    assert update_spec.with_changes(old, changes) == (
        "# Changelog\n\n## [Unreleased]\n"
        "\n### Added\n\n- field `$.x` of the document: added.\n"
        "\n### Changed\n\n- field `$.x` of the document: changed.\n"
        "\n### Removed\n\n- field `$.x` of the document: removed.\n"
    )
    with pytest.raises(GenerationError, match="Unreleased"):
        update_spec.with_changes("# Changelog\n", changes)
