"""Makes values from schemas: enough of them to contain every property, type, enum value and member of a union."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from .document import parts, resolve

TEXTS = {
    "date-time": "2026-02-03T04:05:06Z",
    "date": "2026-02-03",
    "uuid": "0b7e7d9c-53c8-4f4c-9d8c-0f1b1f2c3d4e",
    "binary": "a file",
}
FILE = TEXTS["binary"]
"""Stands for a file in a form."""
SCALARS: dict[str, Any] = {
    "boolean": True,
    "integer": 2**53 + 1,  # a float would round it
    "number": 1.5,
    "null": None,
}
FULL_LEVELS = 2
"""References down to which optional properties are set; further ones would multiply."""
MAX_LEVELS = 8


class Samples:
    """Makes the values of the schemas of a document.

    Attributes:
        seen: The ids of the schemas that the values contain.
    """

    def __init__(self, document: Any, models: Collection[str]) -> None:
        """Set up; ``models`` are the component schemas with a class, which others need only a few values of."""
        self.document = document
        self.models = {f"#/components/schemas/{name}" for name in models}
        self.seen: set[int] = set()
        self._made: dict[tuple[int, int], list[Any]] = {}
        self._open: set[int] = set()

    def values(self, schema: Any, level: int = 0) -> list[Any]:
        """Return values of a schema, to which ``level`` references to classes led; none if it is endless."""
        if not isinstance(schema, dict):
            return ["text"]
        self.seen.add(id(schema))
        if "$ref" in schema:
            return self._referred(schema, level)
        members = parts(self.document, schema, "allOf")
        self.seen.update(map(id, members))
        found = self._own_values(members, level)
        for word in ("oneOf", "anyOf"):
            if union := [member for part in members for member in part.get(word) or ()]:
                each = [value for member in union for value in self.values(member, level)]
                found = combined(found, each) if found else each
        if schema.get("nullable"):
            found = [*found, None]
        stated = {"type", "properties", "enum", "const", "oneOf", "anyOf"}
        return found if found or any(part.keys() & stated for part in members) else ["text"]

    def _referred(self, schema: Any, level: int) -> list[Any]:
        target = resolve(self.document, schema)
        is_model = schema["$ref"] in self.models
        level += is_model
        if level > MAX_LEVELS or id(target) in self._open:
            return []
        key = (id(target), level)
        if key not in self._made:
            if not is_model:
                self._open.add(id(target))
            self._made[key] = self.values(target, level)[: 1 if is_model else None]
            self._open.discard(id(target))
        return self._made[key]

    def _own_values(self, members: list[Any], level: int) -> list[Any]:
        """Return the values that the members of an allOf describe without their unions."""
        if enums := [part.get("enum") or [part["const"]] for part in members if part.keys() & {"enum", "const"}]:
            return [value for value in enums[0] if all(value in others for others in enums)]
        given = [part["type"] for part in members if part.get("type")]
        named = [[each] if isinstance(each, str) else each for each in given]
        if not named:
            return self._objects(members, level) if any(part.get("properties") for part in members) else []
        wide = [{*types, "integer"} if "number" in types else {*types} for types in named]
        allowed = set.intersection(*wide)
        kinds = [kind for kind in named[0] if kind in allowed] or sorted(allowed)
        return [value for kind in kinds for value in self._of_type(kind, members, level)]

    def _of_type(self, kind: str, members: list[Any], level: int) -> list[Any]:
        if kind == "object":
            return self._objects(members, level)
        if kind == "array":
            given = [part["items"] for part in members if "items" in part]
            items = [item for part in members for item in part.get("prefixItems") or ()]
            items += given if len(given) < 2 else [{"allOf": given}]
            return [[value for item in items for value in self.values(item, level)]]
        if kind == "string":
            formats = [TEXTS[part["format"]] for part in members if part.get("format") in TEXTS]
            return [*formats, "text"][:1]
        return [SCALARS[kind]]

    def _objects(self, members: list[Any], level: int) -> list[Any]:
        schemas: dict[str, list[Any]] = {}
        required = {name: None for part in members for name in part.get("required") or ()}
        for name, child in [pair for part in members for pair in (part.get("properties") or {}).items()]:
            schemas.setdefault(name, []).append(child)
        lists: dict[str, list[Any]] = {}
        for name in dict.fromkeys([*schemas, *required]):
            if level < FULL_LEVELS or name in required:
                each = schemas.get(name, [{}])
                values = self.values(each[0] if len(each) == 1 else {"allOf": each}, level)
                if values:
                    lists[name] = values
                elif name in required:
                    return []
        count = max(map(len, lists.values()), default=1)
        rows = [{name: values[min(row, len(values) - 1)] for name, values in lists.items()} for row in range(count)]
        for part in members:
            if part.get("additionalProperties") not in (None, False) and level < FULL_LEVELS:
                others = self.values(part["additionalProperties"], level)
                rows[0] |= {f"another {number}": value for number, value in enumerate(others)}
        return rows if level else [*rows, {name: values[0] for name, values in lists.items() if name in required}]


def combined(found: list[Any], others: list[Any]) -> list[Any]:
    """Return values that are both: objects with the properties of each, else those of the union, which say more."""
    if not all(isinstance(value, dict) for value in [*found, *others]):
        return others
    last = len(found) - 1
    return [{**found[min(row, last)], **other} for row, other in enumerate(others)]
