"""A small project that stands still: "make update-spec" changes the real one, and these tests with it otherwise."""

from __future__ import annotations

import contextlib
import io
import shutil
from pathlib import Path

from attrs import frozen

import regenerate
import update_spec
from spec_tools import todos as spec_todos

ROOT = Path(__file__).resolve().parents[2]
BASE = Path(__file__).with_name("base")
MODELS = '''"""Reads a few fields."""

def show(call):
    return call.call_id, call.assistant_name


def seconds(call):
    return getattr(call, "call_duration_seconds")
'''
STATUS = '''"""The states of a call."""

STATES = ("queued", "ringing", "in-progress", "completed", "failed", "busy", "no-answer", "canceled")


class CallStatus(str):
    QUEUED = "queued"
    CANCELED = "canceled"

    @property
    def is_known(self):
        return self.replace(" ", "-").lower() in (*STATES, *vars(type(self)).values())
'''
READS = """operations:
  calls.get_call: {takes: "call_id: str", answers: GetCallResponse}
models:
  Call:
    call_id: str | None
    assistant_name: str | None
    call_duration_seconds: int | None
"""
CHANGELOG = """# Changelog

## [Unreleased]

### Added

- Something else.

## [1.0.0] - 2026-11-01

### Added

- All.
"""

# What a vendor may do in one release. The first four ask nothing of a person.
LIST_CALLS = """paths:
  /calls:
    get:
      operationId: listCalls
      tags: [calls]
      description: Returns a page of calls
      parameters:
        - name: page
          in: query
          schema: {type: integer, minimum: 1}
        - name: limit
          in: query
          schema: {type: integer, maximum: 100}
        - name: status
          in: query
          description: Only calls with one of these statuses
          schema: {type: array, items: {type: string}}
        - name: started_after
          in: query
          schema: {type: string, format: date-time}
      responses:
        '200':
          description: A page of calls
          content:
            application/json:
              schema: {$ref: '#/components/schemas/CallPage'}
    post:
      operationId: createCall
      tags: [calls]
      description: Places a call
      requestBody:
        required: true
        content:
          application/json:
            schema: {$ref: '#/components/schemas/NewCall'}
      responses:
        '201':
          description: The call is queued
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Call'}
        '422':
          description: Not acceptable
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Error'}
"""
SCHEMAS = """components:
  schemas:
    CallPage:
      type: object
      required: [results]
      properties:
        count: {type: integer}
        next: {type: string, nullable: true}
        previous: {type: string, nullable: true}
        results:
          type: array
          items: {$ref: '#/components/schemas/Call'}
    NewCall:
      type: object
      required: [assistant_id, to_number]
      properties:
        assistant_id: {type: string}
        to_number: {type: string}
        variables:
          type: object
          additionalProperties: {type: string}
"""
NEW_FIELD = "        disposition: {type: string, nullable: true}\n        provider_call_id:\n"
GROWTH = (
    ("paths:\n", LIST_CALLS),
    ("components:\n  schemas:\n", SCHEMAS),
    ("        provider_call_id:\n", NEW_FIELD),
    ("            - machine\n", "            - machine\n            - voicemail\n"),
)
NEW_STATUS = ("            - canceled\n", "            - canceled\n            - on-hold\n")
NEW_TYPE = (
    "        call_duration_seconds:\n          type: integer\n",
    "        call_duration_seconds:\n          type: number\n",
)


def edited(*edits: tuple[str, str], text: str | None = None) -> str:
    """Return the base document with texts replaced, each of which stands in it once."""
    document = (BASE / "openapi.yaml").read_text(encoding="utf-8") if text is None else text
    for old, new in edits:
        assert document.count(old) == 1, f"the document holds it {document.count(old)} times: {old!r}"
        document = document.replace(old, new)
    return document


@frozen
class Run:
    """What one run of update_spec.py printed, and its exit status."""

    status: int
    out: str
    err: str


@frozen
class Tree:
    """The project, in a folder of its own."""

    root: Path

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a file beside the project, for update_spec.py to read."""
        path = self.root.parent / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def replace(self, name: str, old: str, new: str) -> None:
        """Replace a text that stands in a file of the project exactly once."""
        path = self.root / name
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{name} holds it {text.count(old)} times: {old!r}"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def run(self, *arguments: str | Path) -> Run:
        """Run update_spec.py in this process."""
        with (
            contextlib.redirect_stdout(io.StringIO()) as out,
            contextlib.redirect_stderr(io.StringIO()) as err,
        ):
            status = update_spec.main([*map(str, arguments), "--root", str(self.root)])
        return Run(status, out.getvalue(), err.getvalue())

    def snapshot(self) -> dict[str, bytes | None]:
        """Every file of the project, and None for a folder."""
        paths = sorted(path for path in self.root.rglob("*") if "__pycache__" not in path.parts)
        return {
            str(path.relative_to(self.root)): path.read_bytes() if path.is_file() else None for path in paths
        }

    def line(self, where: str) -> str:
        """Return the line that "file:number" points at."""
        name, _, number = where.rpartition(":")
        return (self.root / name).read_text(encoding="utf-8").splitlines()[int(number) - 1].strip()


def make(root: Path) -> Tree:
    """Make the project, its package generated."""
    overlay = root / spec_todos.OVERLAY
    for reader in spec_todos.READERS:
        (overlay / reader).parent.mkdir(parents=True, exist_ok=True)
        (overlay / reader).write_text("", encoding="utf-8")
    (overlay / "models.py").write_text(MODELS, encoding="utf-8")
    (overlay / "_status.py").write_text(STATUS, encoding="utf-8")
    shutil.copytree(ROOT / "overlay" / "templates", root / "overlay" / "templates")
    shutil.copy(BASE / "openapi.yaml", root)
    shutil.copy(BASE / "generator-config.yaml", root)
    shutil.copy(BASE / "spec-fixes.yaml", root / "overlay")
    (root / spec_todos.READS).write_text(READS, encoding="utf-8")
    (root / update_spec.CHANGELOG).write_text(CHANGELOG, encoding="utf-8")
    (root / update_spec.DIGEST).write_text(
        update_spec.digest((root / "openapi.yaml").read_bytes()), encoding="ascii"
    )
    (root / "generated").mkdir()
    regenerate.generate(root, root / spec_todos.PACKAGE)
    return Tree(root)
