"""Replaces the vendor's document: reports the changes, generates the package, and lists the follow-ups.

Either everything is replaced, or nothing: openapi.yaml and its digest, the generated package, and the changelog.
"""

from __future__ import annotations

import contextlib
import copy
import hashlib
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from attrs import asdict, frozen
from openapi_python_client.config import ConfigFile

from . import changes as spec_changes, generated_names, regenerate, source as spec_source
from .document import GenerationError, check_document
from .fixes import apply_fixes
from .follow_ups import CONFIG, FIXES, OVERLAY, PACKAGE, READS, FollowUp, open_follow_ups
from .loading import load_yaml
from .pointers import Pointer

DIGEST = "overlay/openapi.sha256"
CHANGELOG = "CHANGELOG.md"
INPUTS = (CONFIG, FIXES, READS, regenerate.TEMPLATES, OVERLAY)
SECTIONS = {"added": "Added", "changed": "Changed", "removed": "Removed"}
"""The sections of Keep a Changelog by kind of change, in their order."""


def stage(root: Path, source: spec_source.Source, folder: Path) -> None:
    """Create in ``folder`` a copy of the project at ``root`` with the new document."""
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
    """Return a line for ``sha256sum -c`` that verifies openapi.yaml."""
    return f"{hashlib.sha256(text).hexdigest()}  openapi.yaml\n"


def changes_between(old: Path, new: Path) -> list[spec_changes.Change]:
    """Compare the documents of two projects, with the Python names of each package."""
    before, after = load_yaml(old / "openapi.yaml"), load_yaml(new / "openapi.yaml")
    return spec_changes.compare(before, after, python_names(old, before), python_names(new, after))


def python_names(root: Path, document: Any) -> dict[Pointer, str]:
    """Return the Python names of a project by pointer into its document."""
    fixed = copy.deepcopy(document)
    apply_fixes(fixed, load_yaml(root / FIXES), FIXES, [])
    classes = generated_names.component_classes(fixed, ConfigFile(**load_yaml(root / CONFIG)))
    return generated_names.python_names(fixed, generated_names.read(root / PACKAGE), classes)


def with_changes(changelog: str, changes: list[spec_changes.Change]) -> str:
    """Return the changelog with ``changes`` added below Unreleased (https://keepachangelog.com/en/1.1.0/).

    Raises:
        GenerationError: It has no such section.
    """
    head, mark, rest = changelog.partition("## [Unreleased]\n")
    if not mark:
        raise GenerationError(f'{CHANGELOG}: no line "## [Unreleased]" to add the changes below')
    unreleased, next_mark, older = rest.partition("\n## [")
    preface, *sections = re.split(r"^### ", unreleased, flags=re.MULTILINE)
    entries = {title: body.strip() for title, _, body in (section.partition("\n") for section in sections)}
    for kind, title in SECTIONS.items():
        lines = [changelog_line(change) for change in changes if change.kind == kind]
        known = entries.get(title, "")
        if new := [line for line in dict.fromkeys(lines) if line not in known]:
            entries[title] = "\n".join([known, *new]).strip()
    parts = [part for part in (preface.strip(), *(f"### {title}\n\n{body}" for title, body in entries.items())) if part]
    return head + mark + "".join(f"\n{part}\n" for part in parts) + next_mark + older


def changelog_line(change: spec_changes.Change) -> str:
    """Format a change as a line of the changelog."""
    mark = "**Breaking:** " if change.breaking else ""
    return f"- {mark}{change.what} `{change.python or change.path}` of the document: {change.text}."


@contextlib.contextmanager
def all_or_nothing(paths: list[Path], folder: Path) -> Iterator[None]:
    """Restore ``paths`` if the block raises; ``folder`` receives the copies."""
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


def replace(root: Path, folder: Path, changelog: str) -> None:
    """Move everything that was staged in ``folder`` into the project, or nothing."""
    targets = [root / name for name in (PACKAGE, "openapi.yaml", DIGEST, CHANGELOG)]
    with all_or_nothing(targets, folder / "before"):
        regenerate.swap(folder / PACKAGE, root / PACKAGE)
        (folder / "openapi.yaml").replace(root / "openapi.yaml")
        (folder / DIGEST).replace(root / DIGEST)
        (root / CHANGELOG).write_text(changelog, encoding="utf-8")


@frozen
class Outcome:
    """The consequences of a new document.

    Attributes:
        name: What messages call the document.
        is_new: Whether it differs from openapi.yaml.
        changes: The differences in the surface of the API.
        follow_ups: What a person must decide.
    """

    name: str
    is_new: bool
    changes: list[spec_changes.Change]
    follow_ups: list[FollowUp]

    def as_json(self) -> str:
        """Return the report as JSON."""
        report = {
            "suggestion": spec_changes.suggestion(self.changes) if self.is_new else "none",
            "changes": [asdict(change) for change in self.changes],
            "follow_ups": [asdict(follow_up) for follow_up in self.follow_ups],
        }
        return json.dumps(report, indent=2)

    def as_text(self) -> str:
        """Return the report for a person."""
        if not self.is_new:
            lines = [f"{self.name} is identical to openapi.yaml."]
        elif self.changes:
            lines = [spec_changes.as_text(self.changes)]
        else:
            lines = [f"{self.name} differs from openapi.yaml in nothing that affects the package: patch"]
        if self.follow_ups:
            count = "1 follow-up" if len(self.follow_ups) == 1 else f"{len(self.follow_ups)} follow-ups"
            lines += ["", f"{count}; tests/codegen/test_follow_ups.py fails until all are done:"]
            lines += [f"  {follow_up}" for follow_up in self.follow_ups]
        return "\n".join(lines)


def update(root: Path, locations: list[str], *, dry_run: bool) -> Outcome:
    """Replace the document with the one at ``locations``, or with ``dry_run`` only find the consequences.

    Raises:
        GenerationError: The document cannot be read, is invalid or cannot be generated. Nothing was changed.
    """
    source = spec_source.load(locations)
    check_document(source.document, source.name)
    if source.text == (root / "openapi.yaml").read_bytes():
        return Outcome(source.name, False, [], open_follow_ups(root))
    # In the same folder as the package, so that a rename can replace it.
    with tempfile.TemporaryDirectory(prefix=".new-", dir=None if dry_run else root / "generated") as name:
        folder = Path(name)
        try:
            stage(root, source, folder)
        except GenerationError as error:  # the document is named openapi.yaml in the copy
            raise GenerationError(str(error).replace("openapi.yaml", source.name, 1)) from None
        outcome = Outcome(source.name, True, changes_between(root, folder), open_follow_ups(folder))
        changelog = with_changes((root / CHANGELOG).read_text(encoding="utf-8"), outcome.changes)
        if not dry_run:
            replace(root, folder, changelog)
    return outcome


def show(report: str) -> None:
    """Print a report. A closed stdout is not an error: the update is done."""
    encoding = sys.stdout.encoding or "utf-8"
    with contextlib.suppress(OSError):
        print(report.encode(encoding, "backslashreplace").decode(encoding), flush=True)


def run(root: Path, locations: list[str], *, dry_run: bool, as_json: bool) -> int:
    """Update the project, or with ``dry_run`` only report; print the report and return the exit status.

    An update returns 0, 1 if nothing was changed (with a message on stderr), or 2 if there are follow-ups. A dry run
    returns 1 if a change is breaking or the document is refused. An interrupted run returns 130.
    """
    try:
        outcome = update(root, locations, dry_run=dry_run)
    except (GenerationError, OSError) as error:
        print(f"nothing was changed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("nothing was changed: interrupted", file=sys.stderr)
        return 130  # 128 + SIGINT, as shells report it
    show(outcome.as_json() if as_json else outcome.as_text())
    if dry_run:
        return 1 if any(change.breaking for change in outcome.changes) else 0
    return 2 if outcome.follow_ups else 0
