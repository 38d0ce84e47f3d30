"""make update-spec replaces the document and everything that depends on it, or nothing; make spec-diff only reports."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from codegen import regenerate, update_spec
from codegen.__main__ import main

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
    """Each change has a verdict and a JSON pointer; a version is suggested, and the last line counts follow-ups."""
    run = project.run("update", project.new_document(edited(*GROWTH, NEW_TYPE)))
    lines = run.out.splitlines()
    assert lines[:2] == [
        "BREAKING  `Call.call_duration_seconds` is now `float | None`, was `int | None`",
        "            #/components/schemas/Call/properties/call_duration_seconds",
    ]
    assert "ok        `calls.list_calls` is new" in lines
    assert "            #/paths/~1calls/get" in lines
    assert "ok        `CallAnsweredBy` has the new value 'voicemail'" in lines
    assert "8 changes, 1 breaking: major" in lines
    assert lines[-1] == "done; 1 follow-up"


def test_report_as_json(project: Project) -> None:
    """--json prints the changes, the suggestion and the follow-ups."""
    run = project.run("update", "--json", project.new_document(edited(*GROWTH, NEW_STATUS)))
    report = json.loads(run.out)
    assert (report["suggestion"], len(report["changes"]), len(report["follow_ups"])) == ("minor", 7, 1)
    assert {change["kind"] for change in report["changes"]} == {"added"}
    assert set(report["follow_ups"][0]) == {"kind", "where", "text"}
    keys = {"kind", "what", "path", "python", "breaking", "text"}
    assert {key for change in report["changes"] for key in change} == keys


def test_changelog_has_each_change_once(project: Project) -> None:
    """The changes are added to the sections of Unreleased; older releases do not change."""
    project.run("update", project.new_document(edited(*GROWTH, NEW_TYPE)))
    text = (project.root / "CHANGELOG.md").read_text("utf-8")
    unreleased, _, older = text.partition("\n## [1.0.0]")
    assert older == CHANGELOG.partition("\n## [1.0.0]")[2]
    titles = ["# Changelog", "## [Unreleased]", "### Added", "### Changed"]
    assert re.findall(r"^#+ .*", unreleased, re.MULTILINE) == titles
    assert "- Something else.\n- " in unreleased
    assert "\n- `CallAnsweredBy` has the new value 'voicemail' (`#/components/" in unreleased
    breaking = "- **Breaking:** `Call.call_duration_seconds` is now `float | None`, was `int | None` (`#/"
    assert unreleased.count(breaking) == 1
    # The vendor withdraws the document and publishes it again.
    project.run("update", project.new_document(edited(), "old.yaml"))
    project.run("update", project.new_document(edited(*GROWTH, NEW_TYPE)))
    assert (project.root / "CHANGELOG.md").read_text("utf-8").count(breaking) == 1


def test_same_document_changes_nothing(project: Project) -> None:
    """The current document changes no file; the exit status is 0, and the suggestion is "none", not "patch"."""
    before = project.snapshot()
    source = project.new_document(edited(), "same.yaml")
    run = project.run("update", source)
    assert (run.status, "is identical to openapi.yaml" in run.out) == (0, True)
    report = json.loads(project.run("update", "--json", source).out)
    assert report == {"suggestion": "none", "changes": [], "follow_ups": []}
    assert project.snapshot() == before


def test_follow_ups_are_listed_after_the_update(project: Project) -> None:
    """Exit 2: everything is replaced, and each follow-up points at a line; the same happens next time."""
    source = project.new_document(edited(*GROWTH, NEW_STATUS, NEW_TYPE))
    run = project.run("update", source)
    assert run.status == 2
    found = run.out.partition("until these are done:\n")[2].splitlines()[:-1]
    assert [project.line(follow_up.strip().partition(": ")[0]) for follow_up in found] == [
        'CANCELED = "canceled"',
        "return call.call_duration_seconds",
    ]
    assert (project.root / "openapi.yaml").read_bytes() == source.read_bytes()
    assert project.run("check").status == 0
    before = project.snapshot()
    again = project.run("update", source)
    assert (again.status, again.out.partition("until these are done:\n")[2].splitlines()[:-1]) == (2, found)
    assert project.snapshot() == before


@pytest.mark.parametrize(
    ("content", "cause"),
    [("", ""), ("openapi: 3.0.1\n  paths", ""), (b"\xff\xfe\x00", ""), (edited()[:3000], ""),
     (edited(("openapi: 3.0.1", "swagger: '2.0'")), "Swagger 2.0"),
     (edited(("'#/components/schemas/Call'", "'#/components/schemas/Cal'")), "Cal"),
     (edited((NEW_TYPE[0], "        call_duration_seconds:\n          type: intger\n")), ""),
     ("<!doctype html><title>Sign in</title>", "")],
    ids=["empty", "not YAML", "binary", "truncated", "Swagger 2", "dangling", "unknown type", "sign-in page"],
)  # fmt: skip
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


def test_location_is_required(project: Project) -> None:
    """Without a location, or a file there, the status is 1; 2 would mean that the document was replaced."""
    for locations, cause in (([], "FROM is empty"), (["no-such-file.yaml"], "no-such-file.yaml")):
        run = project.run("update", *locations)
        assert (run.status, run.out, cause in run.err) == (1, "", True)


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


@pytest.mark.parametrize(("variable", "options"), [("FROM", []), ("ADD", ["--add"])])
def test_make_quotes_the_locations(variable: str, options: list[str]) -> None:
    """A URL with an ampersand is one location, also through make."""
    locations = ["https://specs.test/a?b=1&c=2;d", "b.md"]
    # Only printed, since make might install dependencies first.
    command = ["make", "-n", "-C", str(ROOT), "spec-diff", f"{variable}={' '.join(locations)}"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    [line] = [line for line in printed.splitlines() if "-m codegen diff" in line]
    assert shlex.split(line)[-3 - len(options) :] == ["diff", *options, *locations]


@pytest.mark.parametrize(("status", "expected"), [(0, 0), (1, 2), (2, 0)])
def test_follow_ups_are_no_failure_of_make(tmp_path: Path, status: int, expected: int) -> None:
    """Through make, an update with follow-ups succeeds; make itself returns 2 where a command fails."""
    for name in ("requirements/dev.txt", "pyproject.toml", ".venv/.installed"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    command = ["make", "-C", str(tmp_path), "-f", str(ROOT / "Makefile")]
    command += ["update-spec", f"CODEGEN=sh -c 'exit {status}'"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == expected


ONE_PAGE = """openapi: 3.0.1
info: {title: Puretalk AI, version: 1.0.0}
servers: [{url: "https://api.puretalk.ai/api"}]
security: [{ApiKeyAuth: []}]
paths:
  /voices:
    get:
      operationId: list_voices
      tags: [voices]
      responses:
        '200':
          description: Voices
          content: {application/json: {schema: {type: array, items: {type: string}}}}
"""


def test_a_page_is_added_to_the_document(project: Project) -> None:
    """--add keeps what the document has; a contradiction changes nothing, and the same page again neither."""
    page = project.new_document(f"# Voices\n\n```yaml\n{ONE_PAGE}```\n", "voices.md")
    run = project.run("update", "--add", page)
    assert (run.status, run.err) == (0, "")
    assert "`voices.list_voices` is new" in run.out
    assert {path.stem for path in project.package.glob("api/*/[!_]*.py")} == {"get_call", "list_voices"}
    text = (project.root / "openapi.yaml").read_bytes()
    assert project.run("update", "--add", page).status == 0
    other = project.new_document(ONE_PAGE.replace("type: string", "type: integer"), "other.yaml")
    refused = project.run("update", "--add", other)
    assert (refused.status, "contradict" in refused.err) == (1, True)
    assert (project.root / "openapi.yaml").read_bytes() == text


def test_a_second_update_at_once_is_refused(project: Project) -> None:
    """Another run holds the lock of the project's folder; a dry run needs none."""
    source = project.new_document(edited(*GROWTH))
    before = project.snapshot()
    folder = os.open(project.root, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        run = project.run("update", source)
        assert (run.status, run.err) == (1, "nothing was changed: another update is running\n")
        assert project.run("diff", source).status == 0
    finally:
        os.close(folder)
    assert project.snapshot() == before
    assert project.run("update", source).status == 0


WAITING = """
import sys, time
from codegen import __main__, regenerate
generate = regenerate.generate
def slow(*args, **options):
    generate(*args, **options)
    print("generated", flush=True)
    while True:  # a signal between the last instruction and the system call does not end one long sleep
        time.sleep(0.01)
regenerate.generate = slow
sys.exit(__main__.main(sys.argv[1:]))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_leaves_nothing_behind(project: Project, number: signal.Signals) -> None:
    """The exit status is 128 and the signal's number, and every file is as before."""
    before = project.snapshot()
    source = project.new_document(edited(*GROWTH))
    command = [sys.executable, "-B", "-c", WAITING, "update", str(source), "--root", str(project.root)]
    environment = {**os.environ, "PYTHONPATH": str(project.root / "overlay")}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "generated\n"
        run.send_signal(number)
        _, err = run.communicate()
    assert (run.returncode, err) == (128 + number, "nothing was changed: interrupted\n")
    assert project.snapshot() == before


def test_a_read_only_project_is_one_clear_line(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file system says so when the first folder is made."""
    source = project.new_document(edited(*GROWTH))
    before = project.snapshot()

    def refuse(suffix: str, prefix: str, parent: Path) -> str:
        raise OSError(errno.EROFS, "Read-only file system", f"{parent}/{prefix}1")

    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "mkdtemp", refuse)
        run = project.run("update", source)
    folder = project.root / "generated"
    assert (run.status, run.err) == (1, f"nothing was changed: {folder}/.new-1: Read-only file system\n")
    assert project.snapshot() == before


@pytest.mark.parametrize("number", range(len(update_spec.OUTPUTS)))
def test_interrupted_replacement_is_undone(project: Project, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """An error while the new files are moved restores the old ones, also where there was none."""
    staged = project.root.parent / "staged"
    for name in update_spec.OUTPUTS:
        (staged / name).parent.mkdir(parents=True, exist_ok=True)
        (staged / name).write_text("new", encoding="utf-8")
    (project.root / update_spec.DIGEST).unlink()
    before, rename, last = project.snapshot(), Path.rename, staged / update_spec.OUTPUTS[number]

    def interrupted(self: Path, target: Path) -> Path:
        if self == last:
            raise OSError(28, "No space left on device")
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", interrupted)
        with pytest.raises(OSError, match="No space"):
            regenerate.replace(project.root, staged, update_spec.OUTPUTS)
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
    assert run.out.splitlines()[-1].startswith("nothing was changed")
    assert project.snapshot() == before
