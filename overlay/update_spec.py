"""Take over a new document from the vendor: say what changed, vendor it, generate, and list what is left to decide.

    update_spec.py PLACE ...             a file, an http(s) URL, or a page of the vendor's with the document inside
    update_spec.py --dry-run PLACE ...   say what would change; touch nothing

Exit status: 0 done; 1 nothing was done, since the document cannot be read, is invalid or cannot be expressed, with one
message on stderr; 2 done, but something is left for a person to decide. A dry run: 0 no caller has to change, 1 a
change breaks callers or the document is refused.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from attrs import asdict, frozen
from openapi_python_client.config import ConfigFile

import regenerate
from spec_tools import changes as spec_changes
from spec_tools import generated_names
from spec_tools import source as spec_source
from spec_tools.document import GenerationError, apply_fixes, check_document, load_yaml
from spec_tools.places import Place
from spec_tools.todos import CONFIG, FIXES, OVERLAY, PACKAGE, READS, Todo, open_todos

DIGEST = "overlay/openapi.sha256"
CHANGELOG = "CHANGELOG.md"
INPUTS = (CONFIG, FIXES, READS, "overlay/templates", OVERLAY)
SECTIONS = {"added": "Added", "changed": "Changed", "removed": "Removed"}
"""Of Keep a Changelog, by kind of change; in its order."""


def stage(root: Path, source: spec_source.Source, folder: Path) -> None:
    """Make in ``folder`` the project that ``root`` would be with the new document."""
    for name in INPUTS:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (root / name).is_dir() else shutil.copy
        copy(root / name, target)
    (folder / "openapi.yaml").write_bytes(source.text)
    (folder / DIGEST).write_text(digest(source.text), encoding="ascii")
    (folder / "generated").mkdir()
    regenerate.generate(folder, folder / PACKAGE, allow_idle_fixes=True)


def digest(text: bytes) -> str:
    """Write the line by which ``sha256sum -c`` knows the document that was vendored."""
    return f"{hashlib.sha256(text).hexdigest()}  openapi.yaml\n"


def changes_between(old: Path, new: Path) -> list[spec_changes.Change]:
    """Compare the documents of two projects, with the Python names that each package gives."""
    before, after = load_yaml(old / "openapi.yaml"), load_yaml(new / "openapi.yaml")
    return spec_changes.compare(before, after, python_names(old), python_names(new))


def python_names(root: Path) -> dict[Place, str]:
    """Return the Python names of a project by place in its document."""
    document = load_yaml(root / "openapi.yaml")
    apply_fixes(document, load_yaml(root / FIXES), FIXES, [])
    classes = generated_names.component_classes(document, ConfigFile(**load_yaml(root / CONFIG)))
    return generated_names.python_names(document, generated_names.read(root / PACKAGE), classes)


def with_changes(changelog: str, changes: list[spec_changes.Change]) -> str:
    """Return the text of a changelog with ``changes`` below Unreleased (https://keepachangelog.com/en/1.1.0/).

    Raises:
        GenerationError: It has no such part.
    """
    head, mark, rest = changelog.partition("## [Unreleased]\n")
    if not mark:
        raise GenerationError(f'{CHANGELOG}: no line "## [Unreleased]" to write the changes below')
    unreleased, next_mark, older = rest.partition("\n## [")
    preface, *sections = re.split(r"^### ", unreleased, flags=re.MULTILINE)
    entries = {title: body.strip() for title, _, body in (section.partition("\n") for section in sections)}
    for kind, title in SECTIONS.items():
        lines = [changelog_line(change) for change in changes if change.kind == kind]
        known = entries.get(title, "")
        if new := [line for line in dict.fromkeys(lines) if line not in known]:
            entries[title] = "\n".join([known, *new]).strip()
    parts = [
        part
        for part in (preface.strip(), *(f"### {title}\n\n{body}" for title, body in entries.items()))
        if part
    ]
    return head + mark + "".join(f"\n{part}\n" for part in parts) + next_mark + older


def changelog_line(change: spec_changes.Change) -> str:
    """Write one change as a line of the changelog."""
    mark = "**Breaking:** " if change.breaking else ""
    return f"- {mark}{change.what} `{change.python or change.path}` of the spec: {change.text}."


@contextlib.contextmanager
def all_or_nothing(paths: list[Path], folder: Path) -> Iterator[None]:
    """Put ``paths`` back as they were when what stands inside fails; ``folder`` is for the copies."""
    folder.mkdir()
    for number, path in enumerate(paths):
        if path.is_dir():
            shutil.copytree(path, folder / str(number))
        elif path.exists():
            shutil.copy2(path, folder / str(number))
    try:
        yield
    except BaseException:
        for number, path in enumerate(paths):
            saved = folder / str(number)
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
            if saved.exists():
                saved.rename(path)
        raise


def take_over(root: Path, folder: Path, changelog: str) -> None:
    """Move what was staged in ``folder`` into the project: all of it, or nothing."""
    targets = [root / name for name in (PACKAGE, "openapi.yaml", DIGEST, CHANGELOG)]
    with all_or_nothing(targets, folder / "before"):
        regenerate.swap(folder / PACKAGE, root / PACKAGE)
        (folder / "openapi.yaml").replace(root / "openapi.yaml")
        (folder / DIGEST).replace(root / DIGEST)
        (root / CHANGELOG).write_text(changelog, encoding="utf-8")


@frozen
class Outcome:
    """What a document means for the project.

    Attributes:
        name: What the document is called.
        is_new: Whether it is another than the one that is vendored.
        changes: What callers can see of the difference.
        todos: What is left for a person to decide.
    """

    name: str
    is_new: bool
    changes: list[spec_changes.Change]
    todos: list[Todo]

    def as_json(self) -> str:
        """Return a report for machines."""
        report = {
            "suggestion": spec_changes.suggestion(self.changes) if self.is_new else "none",
            "changes": [asdict(change) for change in self.changes],
            "todos": [asdict(todo) for todo in self.todos],
        }
        return json.dumps(report, indent=2)

    def as_text(self) -> str:
        """Return a report for a person."""
        if not self.is_new:
            lines = [f"{self.name} is the document that openapi.yaml holds already."]
        elif self.changes:
            lines = [spec_changes.as_text(self.changes)]
        else:
            lines = [f"{self.name} differs from openapi.yaml in nothing that a caller can see: patch"]
        if self.todos:
            count = len(self.todos)
            lines += ["", f"{count} to decide; tests/generation/test_todos.py fails until each is done:"]
            lines += [f"  {todo}" for todo in self.todos]
        return "\n".join(lines)


def update(root: Path, places: list[str], *, dry_run: bool) -> Outcome:
    """Take over what ``places`` name, or only say what that would mean."""
    source = spec_source.load(places)
    check_document(source.document, source.name)
    if source.text == (root / "openapi.yaml").read_bytes():
        return Outcome(source.name, False, [], open_todos(root))
    # Beside the generated package, so that moving in is a rename on one file system.
    with tempfile.TemporaryDirectory(prefix=".new-", dir=None if dry_run else root / "generated") as name:
        folder = Path(name)
        try:
            stage(root, source, folder)
        except GenerationError as error:  # it speaks of openapi.yaml, which this is to become
            raise GenerationError(str(error).replace("openapi.yaml", source.name, 1)) from None
        outcome = Outcome(source.name, True, changes_between(root, folder), open_todos(folder))
        changelog = with_changes((root / CHANGELOG).read_text(encoding="utf-8"), outcome.changes)
        if not dry_run:
            take_over(root, folder, changelog)
    return outcome


def show(report: str) -> None:
    """Print what was done; it is done, also where nobody can read of it."""
    encoding = sys.stdout.encoding or "utf-8"
    with contextlib.suppress(OSError):
        print(report.encode(encoding, "backslashreplace").decode(encoding), flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(description="Take over a new OpenAPI document from the vendor.")
    parser.add_argument(
        "places", nargs="*", metavar="PLACE", help="a file, a URL, or a page with the document"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would change; touch nothing")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("--root", type=Path, default=regenerate.ROOT, help="the project's folder")
    options = parser.parse_args(arguments)
    try:
        outcome = update(options.root.resolve(), options.places, dry_run=options.dry_run)
    except (GenerationError, OSError) as error:
        print(f"nothing was changed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("nothing was changed: interrupted", file=sys.stderr)
        return 130  # 128 + SIGINT, as shells have it
    show(outcome.as_json() if options.json else outcome.as_text())
    if options.dry_run:
        return 1 if any(change.breaking for change in outcome.changes) else 0
    return 2 if outcome.todos else 0


if __name__ == "__main__":
    sys.exit(main())
