"""Replaces the vendor's document: reports the changes, generates the package, and lists the follow-ups.

Either everything is replaced, or nothing: openapi.yaml and its digest, the generated package, and the changelog.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from attrs import asdict, frozen

from . import package_facts, regenerate, source as spec_source
from .changes import Change, as_text, compare, suggestion
from .document import GenerationError, check_document
from .follow_ups import OVERLAY, TESTED, FollowUp, open_follow_ups
from .regenerate import CONFIG, FIXES, PACKAGE, TEMPLATES

DIGEST = "overlay/openapi.sha256"
CHANGELOG = "CHANGELOG.md"
INPUTS = (CONFIG, FIXES, TEMPLATES, OVERLAY, TESTED)
OUTPUTS = (PACKAGE, "openapi.yaml", DIGEST, CHANGELOG)
SIGNALS = (signal.SIGINT, signal.SIGTERM)
SECTIONS = {"added": "Added", "changed": "Changed", "removed": "Removed"}
"""The sections of Keep a Changelog by kind of change, in their order."""


class Interrupted(BaseException):
    """SIGINT or SIGTERM arrived; the argument is its number."""


@frozen
class Outcome:
    """The consequences of a new document."""

    name: str
    changes: list[Change] | None
    """The differences between the packages; None if the document is the current one."""
    follow_ups: list[FollowUp]
    verb: str

    def as_json(self) -> str:
        """Return the report as JSON."""
        report = {
            "suggestion": "none" if self.changes is None else suggestion(self.changes),
            "changes": [asdict(change) for change in self.changes or ()],
            "follow_ups": [asdict(follow_up) for follow_up in self.follow_ups],
        }
        return json.dumps(report, indent=2)

    def as_text(self) -> str:
        """Return the report for a person."""
        if self.changes:
            lines = [as_text(self.changes)]
        elif self.changes is None:
            lines = [f"{self.name} is identical to openapi.yaml."]
        else:
            lines = [f"{self.name} differs from openapi.yaml in nothing that affects the package: patch"]
        if self.follow_ups:
            lines += ["", "tests/codegen/test_follow_ups.py fails until these are done:"]
            lines += [f"  {follow_up}" for follow_up in self.follow_ups]
        count = len(self.follow_ups)
        return "\n".join([*lines, self.verb + (f"; {count} follow-up{'' if count == 1 else 's'}" if count else "")])


def stage(root: Path, source: spec_source.Source, folder: Path, verb: str) -> Outcome:
    """Create in ``folder`` a copy of the project at ``root`` with the new document and all that depends on it."""
    for name in [name for name in INPUTS if (root / name).exists()]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (root / name).is_dir() else shutil.copy
        copy(root / name, folder / name)
    (folder / "openapi.yaml").write_bytes(source.text)
    (folder / DIGEST).write_text(digest(source.text), encoding="ascii")
    (folder / "generated").mkdir()
    try:
        regenerate.generate(folder, folder / PACKAGE, allow_idle_fixes=True)
    except GenerationError as error:  # the document is named openapi.yaml in the copy
        raise GenerationError(str(error).replace("openapi.yaml", source.name, 1)) from None
    changes = compare(package_facts.read(root), package_facts.read(folder))
    changelog = with_changes((root / CHANGELOG).read_text(encoding="utf-8"), changes)
    (folder / CHANGELOG).write_text(changelog, encoding="utf-8")
    return Outcome(source.name, changes, open_follow_ups(folder), verb)


def digest(text: bytes) -> str:
    """Return a line for ``sha256sum -c`` that verifies openapi.yaml."""
    return f"{hashlib.sha256(text).hexdigest()}  openapi.yaml\n"


def with_changes(changelog: str, changes: list[Change]) -> str:
    """Return the changelog with ``changes`` added below Unreleased (https://keepachangelog.com/en/1.1.0/)."""
    head, mark, rest = changelog.partition("## [Unreleased]\n")
    if not mark:
        raise GenerationError(f'{CHANGELOG}: no line "## [Unreleased]" to add the changes below')
    unreleased, next_mark, older = rest.partition("\n## [")
    preface, *sections = re.split(r"^### ", unreleased, flags=re.MULTILINE)
    entries = {title: body.strip() for title, _, body in (section.partition("\n") for section in sections)}
    for change in sorted(changes, key=lambda change: list(SECTIONS).index(change.kind)):
        at = f" (`{change.path}`)" if change.path else ""
        line = f"- {'**Breaking:** ' if change.breaking else ''}{change.text}{at}."
        known = entries.setdefault(SECTIONS[change.kind], "")
        if line not in known:
            entries[SECTIONS[change.kind]] = f"{known}\n{line}".strip()
    parts = [part for part in (preface.strip(), *(f"### {title}\n\n{body}" for title, body in entries.items())) if part]
    return head + mark + "".join(f"\n{part}\n" for part in parts) + next_mark + older


def update(root: Path, locations: list[str], *, dry_run: bool, add: bool) -> Outcome:
    """Replace the document with that at ``locations``, or with ``add`` merge both; with ``dry_run`` only report."""
    current = root / "openapi.yaml"
    source = spec_source.load([str(current), *locations] if add and locations else locations)
    check_document(source.document, source.name)
    verb = "nothing was changed" if dry_run else "done"
    if source.text == current.read_bytes():
        return Outcome(source.name, None, open_follow_ups(root), verb)
    # In the same folder as the package, so that a rename can replace it.
    with tempfile.TemporaryDirectory(prefix=".new-", dir=None if dry_run else root / "generated") as name:
        outcome = stage(root, source, Path(name), verb)
        if not dry_run:
            for number in SIGNALS:  # too late: everything is changed in a moment
                signal.signal(number, signal.SIG_IGN)
            regenerate.replace(root, Path(name), OUTPUTS)
    return outcome


@contextlib.contextmanager
def alone(root: Path) -> Iterator[None]:
    """Refuse to run beside another update."""
    folder = os.open(root, os.O_RDONLY)  # a lock on the folder leaves no file behind
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise GenerationError("another update is running") from None
    finally:
        os.close(folder)


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Raise Interrupted at the first SIGINT or SIGTERM, so that everything is cleaned up; ignore any others."""

    def interrupt(number: int, frame: Any) -> NoReturn:
        for caught in SIGNALS:
            signal.signal(caught, signal.SIG_IGN)
        raise Interrupted(number)

    before = {number: signal.signal(number, interrupt) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run(root: Path, locations: list[str], *, dry_run: bool, as_json: bool, add: bool = False) -> int:
    """Update the project, or with ``dry_run`` only report; print the report and return the exit status.

    An update returns 0, 1 if nothing was changed (with a message on stderr), or 2 if there are follow-ups. A dry run
    returns 1 if a change is breaking or the document is refused. A run ended by a signal returns 128 and its number.
    """
    status = 1
    try:
        with interruptible(), contextlib.nullcontext() if dry_run else alone(root):
            outcome = update(root, locations, dry_run=dry_run, add=add)
    except (GenerationError, OSError, Interrupted) as error:
        cause: object = error
        if isinstance(error, OSError):
            cause = f"{error.filename or root}: {error.strerror}"
        elif isinstance(error, Interrupted):
            cause, status = "interrupted", 128 + int(error.args[0])
        print(f"nothing was changed: {cause}", file=sys.stderr)
        return status
    encoding = sys.stdout.encoding or "utf-8"
    report = (outcome.as_json() if as_json else outcome.as_text()).encode(encoding, "backslashreplace").decode(encoding)
    with contextlib.suppress(OSError):  # a closed stdout is not an error: the update is done
        print(report, flush=True)
    if dry_run:
        return 1 if any(change.breaking for change in outcome.changes or ()) else 0
    return 2 if outcome.follow_ups else 0
