"""The one walker over OpenAPI documents: it knows which keywords hold which objects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from attrs import frozen

from .document import METHODS
from .pointers import Pointer, at, resolve

CHILDREN: dict[str, dict[str, tuple[str, type | None]]] = {
    "document": {"paths": ("path", dict), "components": ("components", None)},
    "components": {
        "schemas": ("schema", dict),
        "parameters": ("parameter", dict),
        "requestBodies": ("body", dict),
        "responses": ("response", dict),
    },
    "path": {"parameters": ("parameter", list), **dict.fromkeys(METHODS, ("operation", None))},
    "operation": {"parameters": ("parameter", list), "requestBody": ("body", None), "responses": ("response", dict)},
    "parameter": {"schema": ("schema", None), "content": ("media", dict)},
    "body": {"content": ("media", dict)},
    "response": {"content": ("media", dict)},
    "media": {"schema": ("schema", None)},
    "schema": {
        **dict.fromkeys(("properties", "patternProperties", "dependentSchemas"), ("schema", dict)),
        **dict.fromkeys(("allOf", "oneOf", "anyOf", "prefixItems"), ("schema", list)),
        **dict.fromkeys(("items", "additionalProperties", "unevaluatedProperties"), ("schema", None)),
        **dict.fromkeys(("then", "else"), ("schema", None)),
    },
}
"""For each kind of object the keywords that hold others: of which kind, and whether in a mapping or a list."""


@frozen
class Node:
    """An object of a document."""

    kind: str
    """A key of ``CHILDREN``."""
    value: Any
    pointer: Pointer

    @property
    def place(self) -> str:
        """The location, as messages show it."""
        return place(self.pointer)


def place(pointer: Pointer) -> str:
    """Name a location: "GET /calls: responses/200", "#/components/schemas/Call"."""
    if pointer[:1] == ("paths",) and len(pointer) > 2 and pointer[2] in METHODS:
        rest = "/".join(map(str, pointer[3:]))
        return f"{str(pointer[2]).upper()} {pointer[1]}" + (f": {rest}" if rest else "")
    return "#/" + "/".join(map(str, pointer))


def walk(value: Any, kind: str = "document", *, follow: Any = None, seen: set[int] | None = None) -> Iterator[Node]:
    """Yield an object and all objects inside it, parents first, in the order of the document.

    Each is yielded once, and added to the ids in ``seen``. With ``follow``, the whole document, references are
    followed. What a consumer changes in a node counts for the nodes inside it.
    """
    waiting: list[tuple[str, Any, Pointer]] = [(kind, value, ())]
    seen = set() if seen is None else seen
    while waiting:
        kind, value, pointer = waiting.pop()
        while follow is not None and isinstance(value, dict) and "$ref" in value:
            pointer, value = tuple(value["$ref"][2:].split("/")), at(follow, value["$ref"])
        if not isinstance(value, dict) or id(value) in seen:
            continue
        seen.add(id(value))
        yield Node(kind, value, pointer)
        if "$ref" not in value:
            waiting.extend(reversed(list(_children(kind, value, pointer))))


def _children(kind: str, value: Any, pointer: Pointer) -> Iterator[tuple[str, Any, Pointer]]:
    for keyword, (child, container) in CHILDREN[kind].items():
        inner: Any = value.get(keyword)
        if container is None:
            yield child, inner, (*pointer, keyword)
        elif isinstance(inner, container) and isinstance(inner, (dict, list)):
            members = inner.items() if isinstance(inner, dict) else enumerate(inner)
            yield from ((child, each, (*pointer, keyword, name)) for name, each in members)


def parts(document: Any, schema: Any, *keywords: str) -> list[Any]:
    """Return a schema and its members below ``keywords``, at any depth, without references, each once."""
    found: dict[int, Any] = {}
    waiting = [schema]
    while waiting:
        part = resolve(document, waiting.pop())
        if isinstance(part, dict) and id(part) not in found:
            found[id(part)] = part
            waiting.extend(member for word in reversed(keywords) for member in reversed(part.get(word) or ()))
    return list(found.values())
