"""Compares two generated packages and says, for their callers, what has changed and what breaks their code.

The packages come from the documents with their fixes, so a document that says the same in another way has no changes.
griffe's own comparison sees neither annotations nor Literals, and does not know which models callers read or write.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from attrs import frozen

from .document import pointer_to
from .package_facts import Contents, Fact

Facts = Mapping[str, Fact]


@frozen(kw_only=True)
class Change:
    """One difference.

    Attributes:
        kind: ``added``, ``removed`` or ``changed``.
        what: What changed: constant, model, values, field, operation, parameter, response.
        path: JSON pointer into the new document, or into the old one if it was removed; empty if it has none.
        python: Its name in ``puretalk_generated``.
        breaking: Whether code that uses the package may have to change.
        text: The change, for a person.
    """

    kind: str
    what: str
    path: str
    python: str
    breaking: bool
    text: str


def compare(was: Contents, now: Contents) -> list[Change]:
    """Return the changes from one package to another, breaking changes first."""
    before, after = was.facts, now.facts
    both, pointers = {**before, **after}, {**was.pointers, **now.pointers}
    sent, read = used(before, after, "parameter"), used(before, after, "operation", "response")
    literals = {name: fact.values for name, fact in both.items() if fact.values}
    differing = {name: fact for name, fact in both.items() if before.get(name) != after.get(name)}
    takes_others = {fact.of for fact in differing.values() if fact.what == "parameter"}
    changes = []
    for name, fact in differing.items():
        if fact.of and (fact.of in before) != (fact.of in after):
            continue  # part of what is new or gone as a whole
        is_sent = fact.what == "parameter" or (fact.of or name) in sent
        is_read = not is_sent or (fact.of or name) in read
        for kind, breaking, text in verdicts(name, before.get(name), after.get(name), literals, is_sent, is_read):
            if text.endswith("sends another request") and name in takes_others:
                continue  # with other parameters, it is another one anyway
            path = pointer_to(pointers[name]) if name in pointers else ""
            changes.append(Change(kind=kind, what=fact.what, path=path, python=name, breaking=breaking, text=text))
    return sorted(changes, key=lambda change: (not change.breaking, change.path, change.text))


def used(before: Facts, after: Facts, *what: str) -> set[str]:
    """Return the models and Literals that parameters, or responses, consist of in either package."""
    facts = [*before.items(), *after.items()]
    parts: dict[str, set[str]] = {}
    for name, fact in facts:
        if fact.what in ("model", "values", "field"):
            parts.setdefault(fact.of or name, set()).update(re.findall(r"\w+", fact.type))
    waiting = {word for _, fact in facts if fact.what in what for word in re.findall(r"\w+", fact.type)}
    found: set[str] = set()
    while waiting := (waiting & parts.keys()) - found:
        found |= waiting
        waiting = set().union(*(parts[name] for name in waiting))
    return found


def verdicts(
    name: str, was: Fact | None, now: Fact | None, literals: Mapping[str, frozenset[str]], sent: bool, read: bool
) -> Iterator[tuple[str, bool, str]]:
    """Yield kind, whether it is breaking, and text of each change to one name."""
    part = re.sub(r".*[( ]|\)", "", name)
    if was is None or now is None:
        yield added_or_removed(name, part, was, now, sent)
        return
    subject = f"`{part}` of `{now.of}`" if now.what in ("parameter", "response") else f"`{name}`"
    if added := now.values - was.values:
        yield "added", False, f"{subject} has the new value {', '.join(sorted(added))}"
    if gone := was.values - now.values:
        yield "removed", sent, f"{subject} no longer has the value {', '.join(sorted(gone))}"
    if (was.type, was.required) != (now.type, now.required):
        old_types, new_types = members(was.type, literals), members(now.type, literals)
        breaking = now.what != "constant" and (
            (read and bool(uncovered(new_types, old_types)))
            or (sent and bool(uncovered(old_types, new_types)))
            or (sent and now.required and not was.required)
        )
        need = ["required" if now.required else "optional"] if was.required != now.required else []
        types = [f"`{now.type}`"] if was.type != now.type else []
        before = f", was `{was.type}`" if types else ""
        yield "changed", breaking, f"{subject} is now {' and '.join(types + need)}{before}"
    elif was.declared != now.declared:
        how = {
            "operation": "sends another request",
            "field": f"is declared as `{now.declared}`, was `{was.declared}`",
            "response": f"is read as {now.declared}, was {was.declared}",
        }
        yield "changed", now.what == "parameter", f"{subject} {how.get(now.what, 'is declared differently')}"


def added_or_removed(name: str, part: str, was: Fact | None, now: Fact | None, sent: bool) -> tuple[str, bool, str]:
    """Return kind, whether it is breaking, and text of a name that is new or gone."""
    if now is not None:
        texts = {
            "parameter": f"`{now.of}` {'needs' if now.required else 'accepts'} `{part}`",
            "response": f"`{now.of}` documents {part}",
            "field": f"`{name}` is new (`{now.type}`{', required' if now.required else ''})",
        }
        return "added", sent and now.required, texts.get(now.what, f"`{name}` is new")
    assert was is not None
    texts = {
        "parameter": f"`{was.of}` no longer accepts `{part}`",
        "response": f"`{was.of}` no longer documents {part}",
    }
    return "removed", was.what != "response" or part.startswith("2"), texts.get(was.what, f"`{name}` is gone")


def members(annotation: str, literals: Mapping[str, frozenset[str]]) -> set[str]:
    """Return the members of a union, with the values of its Literals."""
    waiting: list[ast.expr] = [ast.parse(annotation, mode="eval").body]
    found: set[str] = set()
    for node in waiting:
        if isinstance(node, ast.BinOp):
            waiting += [node.left, node.right]
        else:
            found |= literals.get(text := ast.unparse(node), frozenset({text}))
    return found


def uncovered(types: set[str], by: set[str]) -> set[str]:
    """Return the types that are none of the others; a text of a Literal is a str."""
    return {name for name in types - by if not (name[0] in "'\"" and "str" in by)}


def suggestion(changes: list[Change]) -> str:
    """Return the part of the version number to increment (Semantic Versioning 2.0.0)."""
    if any(change.breaking for change in changes):
        return "major"
    return "minor" if any(change.python != "spec.VERSION" for change in changes) else "patch"


def as_text(changes: list[Change]) -> str:
    """Return a report for a person."""
    lines = []
    for change in changes:
        lines.append(f"{'BREAKING' if change.breaking else 'ok':<9} {change.text}")
        lines += [f"{'':<9}   {change.path}"] if change.path else []
    breaking = sum(change.breaking for change in changes)
    count = "1 change" if len(changes) == 1 else f"{len(changes)} changes"
    return "\n".join([*lines, f"{count}, {breaking or 'none'} breaking: {suggestion(changes)}"])
