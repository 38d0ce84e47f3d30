"""One command takes over what the vendor published: it says what that means, and does it, all or nothing."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest

import regenerate
import update_spec
from spec_tools.changes import Change
from spec_tools.document import GenerationError

from . import tree as trees
from .tree import GROWTH, NEW_STATUS, NEW_TYPE, Tree, edited


def test_grown_spec_is_taken_over_whole(tree: Tree) -> None:
    """Exit 0: the new text byte for byte, its package, its digest and the changelog; generated/ is what it makes."""
    text = edited(*GROWTH)
    run = tree.run(tree.write("new.yaml", text))
    assert (run.status, run.err) == (0, "")
    assert (tree.root / "openapi.yaml").read_text("utf-8") == text
    digest = hashlib.sha256(text.encode()).hexdigest()
    assert (tree.root / update_spec.DIGEST).read_text("ascii") == f"{digest}  openapi.yaml\n"
    assert (tree.root / "generated/puretalk_generated/api/calls/list_calls.py").is_file()
    assert regenerate.main(["--check", "--root", str(tree.root)]) == 0
    assert [path.name for path in (tree.root / "generated").iterdir()] == ["puretalk_generated"]


def test_report_says_what_changed_where_and_under_which_name(tree: Tree) -> None:
    """Every change has its verdict, its Python name and its JSONPath, and the last line suggests a version."""
    run = tree.run(tree.write("new.yaml", edited(*GROWTH, NEW_TYPE)))
    lines = run.out.splitlines()
    assert lines[:2] == [
        "BREAKING  field Call.call_duration_seconds: type: integer -> number",
        "            $.components.schemas.Call.properties.call_duration_seconds",
    ]
    assert "ok        operation calls.list_calls: new" in lines
    assert "            $.paths['/calls'].get" in lines
    assert "ok        field Call.answered_by: new value voicemail" in lines
    assert "7 changes, 1 breaking: major" in lines


def test_report_as_json(tree: Tree) -> None:
    """--json prints the changes, the suggestion and the to-dos for machines."""
    run = tree.run("--json", tree.write("new.yaml", edited(*GROWTH, NEW_STATUS)))
    report = json.loads(run.out)
    assert (report["suggestion"], len(report["changes"]), len(report["todos"])) == ("minor", 7, 1)
    assert {change["kind"] for change in report["changes"]} == {"added"}
    assert set(report["todos"][0]) == {"kind", "where", "text"}
    assert {key for change in report["changes"] for key in change} == {
        "kind",
        "what",
        "path",
        "python",
        "breaking",
        "text",
    }


def test_changelog_has_the_changes_below_unreleased_and_once(tree: Tree) -> None:
    """The changes stand in their sections of Unreleased, behind what stood there; older releases stay."""
    tree.run(tree.write("new.yaml", edited(*GROWTH, NEW_TYPE)))
    text = (tree.root / "CHANGELOG.md").read_text("utf-8")
    unreleased, _, older = text.partition("\n## [1.0.0]")
    assert older == trees.CHANGELOG.partition("\n## [1.0.0]")[2]
    assert re.findall(r"^#+ .*", unreleased, re.MULTILINE) == [
        "# Changelog",
        "## [Unreleased]",
        "### Added",
        "### Changed",
    ]
    assert "- Something else.\n- field `Call.answered_by` of the spec: new value voicemail.\n" in unreleased
    breaking = "- **Breaking:** field `Call.call_duration_seconds` of the spec: type: integer -> number."
    assert unreleased.count(breaking) == 1
    # The same release once more, after the vendor took it back and published it again.
    tree.run(tree.write("old.yaml", edited()))
    tree.run(tree.write("new.yaml", edited(*GROWTH, NEW_TYPE)))
    assert (tree.root / "CHANGELOG.md").read_text("utf-8").count(breaking) == 1


def test_same_spec_again_is_a_no_op(tree: Tree) -> None:
    """The document that is there already changes no file, and exits 0."""
    before = tree.snapshot()
    run = tree.run(tree.write("same.yaml", edited()))
    assert run.status == 0
    assert "is the document that openapi.yaml holds already" in run.out
    assert tree.snapshot() == before


def test_todo_is_listed_with_file_and_line_and_all_else_is_done(tree: Tree) -> None:
    """Exit 2: the tree holds the new spec and package, and each to-do points at the line to mend; so too next time."""
    source = tree.write("new.yaml", edited(*GROWTH, NEW_STATUS, NEW_TYPE))
    run = tree.run(source)
    assert run.status == 2
    todos = run.out.partition("to decide;")[2].splitlines()[1:]
    assert [tree.line(todo.strip().partition(": ")[0]) for todo in todos] == [
        'CANCELED = "canceled"',
        'return getattr(call, "call_duration_seconds")',
    ]
    assert (tree.root / "openapi.yaml").read_bytes() == source.read_bytes()
    assert regenerate.main(["--check", "--root", str(tree.root)]) == 0
    before = tree.snapshot()
    again = tree.run(source)
    assert (again.status, again.out.partition("to decide;")[2].splitlines()[1:]) == (2, todos)
    assert tree.snapshot() == before


def test_mended_defect_leaves_its_fix_to_be_deleted(tree: Tree) -> None:
    """A fix that matches nothing is a to-do; "make generate" refuses until it is deleted, and then agrees."""
    named = "  /calls/{call_id}:\n    get:\n"
    run = tree.run(
        tree.write("new.yaml", edited((named, f"{named}      operationId: get_call\n      tags: [calls]\n")))
    )
    assert run.status == 2
    assert "overlay/spec-fixes.yaml:" in run.out
    assert regenerate.main(["--check", "--root", str(tree.root)]) == 1
    fixes = (tree.root / "overlay/spec-fixes.yaml").read_text("utf-8")
    action = re.search(r"  - description: the operation has a name.*?(?=\n  #)", fixes, re.DOTALL)
    assert action is not None
    tree.replace("overlay/spec-fixes.yaml", action[0], "")
    assert regenerate.main(["--check", "--root", str(tree.root)]) == 0
    assert tree.run(tree.write("same.yaml", (tree.root / "openapi.yaml").read_bytes())).status == 0


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        pytest.param("", "", id="empty"),
        pytest.param("openapi: 3.0.1\n  paths", "", id="no YAML"),
        pytest.param(b"\xff\xfe\x00", "", id="binary"),
        pytest.param(edited()[:3000], "", id="cut off"),
        pytest.param(edited(("openapi: 3.0.1", "swagger: '2.0'")), "Swagger 2.0", id="Swagger 2"),
        pytest.param(
            edited(("'#/components/schemas/Call'", "'#/components/schemas/Cal'")), "Cal", id="dangling"
        ),
        pytest.param(
            edited((NEW_TYPE[0], "        call_duration_seconds:\n          type: intger\n")),
            "",
            id="no such type",
        ),
        pytest.param("<!doctype html><title>Sign in</title>", "", id="a page to sign in"),
    ],
)
def test_damaged_spec_leaves_the_tree_as_it_was(tree: Tree, content: str | bytes, cause: str) -> None:
    """Exit 1, one message that says why, and not a byte is changed; the same for a dry run."""
    source = tree.write("new.yaml", content)
    before = tree.snapshot()
    for options in ((), ("--dry-run",)):
        run = tree.run(*options, source)
        assert run.status == 1
        assert run.out == ""
        assert run.err.startswith("nothing was changed: ")
        assert cause in run.err
        assert "Traceback" not in run.err
        assert tree.snapshot() == before


def test_status_codes_without_quotes_are_status_codes(tree: Tree) -> None:
    """YAML reads them as numbers, and OpenAPI means their names; both at once are a repeated key."""
    quoted, bare = "        '404':\n", "        404:\n"
    assert tree.run("--dry-run", tree.write("new.yaml", edited((quoted, bare)))).status == 0
    twice = edited((quoted, f"{bare}          description: Not Found\n{quoted}"))
    run = tree.run(tree.write("new.yaml", twice))
    assert (run.status, "duplicate key 404" in run.err) == (1, True)


def test_place_that_is_not_there(tree: Tree) -> None:
    """A file that does not exist is named."""
    run = tree.run("no-such-file.yaml")
    assert run.status == 1
    assert "no-such-file.yaml" in run.err


def test_no_place_at_all_is_refused(tree: Tree) -> None:
    """Without a place the command says what it wants; exit 2 would mean that it did something."""
    run = tree.run()
    assert (run.status, run.out) == (1, "")
    assert "FROM names nothing" in run.err


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_report_that_cannot_be_printed_costs_nothing(
    tree: Tree, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    """A reader that has gone, or a terminal without the letters, does not make of what was done a failure."""
    source = tree.write("new.yaml", edited((NEW_TYPE[0], f"        größe: {{type: string}}\n{NEW_TYPE[0]}")))
    with (tree.root.parent / "out").open("w", encoding=encoding) as out:
        monkeypatch.setattr("sys.stdout", out)
        assert update_spec.main([str(source), "--root", str(tree.root)]) == 0
    with (tree.root.parent / "out").open("r", encoding=encoding) as closed:  # nothing can be written to it
        monkeypatch.setattr("sys.stdout", closed)
        assert update_spec.main([str(source), "--root", str(tree.root)]) == 0


def test_same_document_suggests_no_version(tree: Tree) -> None:
    """For machines too, nothing is no patch."""
    report = json.loads(tree.run("--json", tree.write("same.yaml", edited())).out)
    assert report == {"suggestion": "none", "changes": [], "todos": []}


def test_place_with_what_a_shell_takes_for_its_own() -> None:
    """Through make, an address with an ampersand is one place."""
    places = ["https://specs.test/a?b=1&c=2;d", "b.md"]
    # Only printed: make may want to install first.
    command = ["make", "-n", "-C", str(trees.ROOT), "spec-diff", f"FROM={' '.join(places)}"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    [line] = [line for line in printed.splitlines() if "update_spec.py" in line]
    assert shlex.split(line)[-3:] == ["--dry-run", *places]


@pytest.mark.parametrize("broken", ["swap", "write_text"])
def test_failure_halfway_puts_everything_back(
    tree: Tree, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """A disk that fills up, or Ctrl-C, while the new files are moved in leaves the old ones."""
    before = tree.snapshot()
    source = tree.write("new.yaml", edited(*GROWTH))
    if broken == "swap":
        swap = regenerate.swap

        def fail(new: Path, old: Path) -> None:
            swap(new, old)
            raise KeyboardInterrupt

        monkeypatch.setattr(regenerate, "swap", fail)
        run = tree.run(source)
        assert (run.status, run.err) == (130, "nothing was changed: interrupted\n")
    else:
        write = Path.write_text

        def full(self: Path, *args: str, **options: str) -> int:
            if self == tree.root / "CHANGELOG.md":
                write(self, "half", encoding="utf-8")
                raise OSError(28, "No space left on device")
            return write(self, *args, **options)

        monkeypatch.setattr(Path, "write_text", full)
        run = tree.run(source)
        assert (run.status, run.err) == (1, "nothing was changed: [Errno 28] No space left on device\n")
    assert tree.snapshot() == before


def test_changelog_without_unreleased_stops_it(tree: Tree) -> None:
    """Nothing is taken over when the changes could not be written down."""
    tree.replace("CHANGELOG.md", "## [Unreleased]", "## [1.1.0]")
    before = tree.snapshot()
    run = tree.run(tree.write("new.yaml", edited(*GROWTH)))
    assert run.status == 1
    assert "Unreleased" in run.err
    assert tree.snapshot() == before


@pytest.mark.parametrize(
    ("edits", "status"), [(GROWTH, 0), ((*GROWTH, NEW_STATUS), 0), ((*GROWTH, NEW_TYPE), 1), ((), 0)]
)
def test_dry_run_touches_nothing_and_tells_a_pipeline(
    tree: Tree, edits: tuple[tuple[str, str], ...], status: int
) -> None:
    """Exit 1 for a breaking change, else 0, with the same report; not a byte is changed."""
    before = tree.snapshot()
    run = tree.run("--dry-run", tree.write("new.yaml", edited(*edits)))
    assert (run.status, run.err) == (status, "")
    assert ("breaking: " in run.out) == bool(edits)
    assert tree.snapshot() == before


def test_descriptions_alone_are_a_patch(tree: Tree) -> None:
    """A document that says the same in other words is vendored, and suggests a patch."""
    text = edited(("The ID of the call from the provider", "The provider's own ID"))
    run = tree.run(tree.write("new.yaml", text))
    assert run.status == 0
    assert "patch" in run.out
    assert (tree.root / "openapi.yaml").read_text("utf-8") == text


def test_changelog_sections_are_made_where_they_are_missing() -> None:
    """An empty Unreleased gets its sections in the order of Keep a Changelog."""
    old = "# Changelog\n\n## [Unreleased]\n"
    changes = [
        Change(kind=kind, what="field", path="$.x", python="", breaking=False, text=kind)
        for kind in ("removed", "added", "changed")
    ]
    assert update_spec.with_changes(old, changes) == (
        "# Changelog\n\n## [Unreleased]\n"
        "\n### Added\n\n- field `$.x` of the spec: added.\n"
        "\n### Changed\n\n- field `$.x` of the spec: changed.\n"
        "\n### Removed\n\n- field `$.x` of the spec: removed.\n"
    )
    with pytest.raises(GenerationError, match="Unreleased"):
        update_spec.with_changes("# Changelog\n", changes)
