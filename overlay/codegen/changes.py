"""Compares two OpenAPI documents and says which changes break code that uses the generated package.

No maintained Python library does this: oasdiff is a Go program, optic and openapi-diff are npm packages, and
breakwatch judges by the wire format alone. What matters here is the Python code: a new enum value in a response breaks
nothing, since models keep unknown values, while a removed one in a request does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from attrs import frozen

from .pointers import Pointer, jsonpath
from .surface import Node, Surface, surface

PYTHON_FORMATS = frozenset({"date", "date-time", "uuid", "binary", "byte"})
"""Formats that change the Python type of a string; other formats are documentation."""


@frozen(kw_only=True)
class Change:
    """One difference.

    Attributes:
        kind: ``added``, ``removed`` or ``changed``.
        what: What changed: server, security scheme, operation, parameter, request body, response, schema, field,
            items, member.
        path: JSONPath (RFC 9535) into the new document, or into the old one if it was removed.
        python: Its name in ``puretalk_generated``; empty if it has none.
        breaking: Whether code that uses the package may have to change.
        text: The change, for a person.
    """

    kind: str
    what: str
    path: str
    python: str
    breaking: bool
    text: str


def compare(
    old: Any,
    new: Any,
    old_names: Mapping[Pointer, str] | None = None,
    new_names: Mapping[Pointer, str] | None = None,
) -> list[Change]:
    """Return the changes from one OpenAPI document to another, breaking changes first.

    Args:
        old: The current document.
        new: The document that replaces it.
        old_names: Python names by pointer into ``old``, for what was removed.
        new_names: Python names by pointer into ``new``, for everything else.
    """
    before, after = surface(old), surface(new)
    found = renamed_fields(before, after, old_names or {}, new_names or {})
    covered: set[Pointer] = set()  # nothing below these is reported again
    for key in sorted(before.keys() | after.keys(), key=len):
        if any(key[:length] in covered for length in range(1, len(key))):
            continue
        was, now = before.get(key), after.get(key)
        if was is None or now is None or was.facts.get("type") != now.facts.get("type"):
            covered.add(key)
        found += differences(was, now, old_names or {}, new_names or {})
    return sorted(found, key=lambda change: (not change.breaking, change.path, change.text))


def renamed_fields(
    before: Surface, after: Surface, old_names: Mapping[Pointer, str], new_names: Mapping[Pointer, str]
) -> list[Change]:
    """Find fields that were renamed in the document but not in Python, and move them to their new key in ``before``."""
    added = {new_names.get(node.path): key for key, node in after.items() if key not in before}
    found = []
    for key in [key for key in before if key not in after]:
        name = old_names.get(before[key].path)
        if name is None or name not in added or key[-2:-1] != ("properties",):
            continue
        other = added[name]
        for below in [below for below in before if below[: len(key)] == key]:
            before[*other, *below[len(key) :]] = before.pop(below)
        what, path = after[other].what, jsonpath(after[other].path)
        text = f"is now called {other[-1]}, was {key[-1]}"
        found.append(Change(kind="changed", what=what, path=path, python=name, breaking=False, text=text))
    return found


def differences(
    before: Node | None, after: Node | None, old_names: Mapping[Pointer, str], new_names: Mapping[Pointer, str]
) -> Iterator[Change]:
    """Yield the changes to one node."""
    node, names = (after, new_names) if after is not None else (before, old_names)
    assert node is not None
    about = {"what": node.what, "path": jsonpath(node.path), "python": names.get(node.path, "")}
    if before is None:
        breaks = node.facts.get("required", False) and "request" in node.use
        # Items that could be anything now have a type; an operation with one successful response now has two.
        breaks |= node.what == "items" or bool(node.facts.get("success"))
        yield Change(kind="added", breaking=breaks, text=f"new{describe(node)}", **about)
    elif after is None:
        is_error = node.facts.get("success") is False
        yield Change(kind="removed", breaking=not is_error, text="was removed", **about)
    else:
        was_named, is_named = (own_name(before, old_names), own_name(after, new_names))
        if was_named and is_named and was_named != is_named:
            yield Change(kind="changed", breaking=True, text=f"Python name: {was_named} -> {is_named}", **about)
        for fact in sorted(before.facts.keys() | after.facts.keys()):
            was, now = before.facts.get(fact), after.facts.get(fact)
            if was != now:
                for kind, text, breaks in verdicts(fact, was, now, after):
                    yield Change(kind=kind, breaking=breaks, text=text, **about)


def own_name(node: Node, names: Mapping[Pointer, str]) -> str:
    """Return the Python name of a node without the model or function that it belongs to."""
    name = names.get(node.path, "")
    return name if node.what == "operation" else re.split(r"[.(]", name)[-1]


def verdicts(fact: str, was: Any, now: Any, after: Node) -> Iterator[tuple[str, str, bool]]:
    """Yield kind, text and whether it is breaking of each change to a fact."""
    sent, read = "request" in after.use, "response" in after.use
    match fact:
        case "required":
            optional_read = read and was and not after.facts.get("nullable")
            breaks = bool((sent and now) or optional_read)
            yield "changed", "is now required" if now else "is now optional", breaks
        case "nullable":
            # An optional field is ``T | None`` in any case.
            breaks = after.facts.get("required", False) and (read if now else sent)
            yield "changed", "may now be null" if now else "can no longer be null", breaks
        case "enum":
            yield from enum_verdicts(was, now, sent=sent, read=read)
        case "deprecated":
            yield "changed", "is now deprecated" if now else "is no longer deprecated", False
        case "success":
            yield "changed", "is now a success" if now else "is no longer a success", True
        case _:
            breaks = fact in ("type", "content") and bool(after.use)
            breaks |= fact == "format" and bool({was, now} & PYTHON_FORMATS)
            breaks |= fact == "other properties" and was == "kept"
            yield "changed", f"{fact}: {was or 'none'} -> {now or 'none'}", breaks


def enum_verdicts(was: Any, now: Any, *, sent: bool, read: bool) -> Iterator[tuple[str, str, bool]]:
    """Yield the same for an enum; None means that there is no enum."""
    if was is None:
        yield "changed", f"is now restricted to {listed(now)}", sent
        return
    if now is None:
        # The Literal no longer exists, and code that read one of a few values now reads any text.
        yield "changed", f"is no longer restricted to {listed(was)}", read
        return
    if added := now - was:
        yield "added", f"new value {listed(added)}", False
    if gone := was - now:
        yield "removed", f"value {listed(gone)} was removed", sent


def listed(values: frozenset[str]) -> str:
    """Format the values of an enum."""
    return ", ".join(sorted(values))


def describe(node: Node) -> str:
    """Describe a new node in parentheses."""
    facts = [str(node.facts[name]) for name in ("type", "format") if node.facts.get(name)]
    facts += [name for name in ("required", "nullable", "deprecated") if node.facts.get(name)]
    return f" ({', '.join(facts)})" if facts else ""


def suggestion(changes: list[Change]) -> str:
    """Return the part of the version number to increment (Semantic Versioning 2.0.0)."""
    if any(change.breaking for change in changes):
        return "major"
    return "minor" if any(change.kind == "added" for change in changes) else "patch"


def as_text(changes: list[Change]) -> str:
    """Return a report for a person."""
    lines = []
    for change in changes:
        name = change.python or change.path
        lines.append(f"{'BREAKING' if change.breaking else 'ok':<9} {change.what} {name}: {change.text}")
        if change.python:
            lines.append(f"{'':<9}   {change.path}")
    breaking = sum(change.breaking for change in changes)
    count = "1 change" if len(changes) == 1 else f"{len(changes)} changes"
    lines.append(f"{count}, {breaking or 'none'} breaking: {suggestion(changes)}")
    return "\n".join(lines)
