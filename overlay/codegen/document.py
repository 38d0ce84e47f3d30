"""An OpenAPI document: its pointers and references, its operations, and the one walker over all objects in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from attrs import frozen

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
Pointer = tuple[str | int, ...]
"""The names, and the positions in lists, that lead from the root of a document to a node (RFC 6901)."""
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


class GenerationError(Exception):
    """Generation cannot continue; the message says where and why."""


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
    return pointer_to(pointer)


def pointer_to(pointer: Pointer) -> str:
    """Format a pointer as a URI fragment, such as ``#/components/schemas/Call``."""
    return "/".join(["#", *(str(step).replace("~", "~0").replace("/", "~1") for step in pointer)])


def steps_of(reference: str) -> Pointer:
    """Return the pointer of a local reference, the only kind that the generator supports."""
    if not reference.startswith("#/"):
        raise KeyError(reference)
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in reference[2:].split("/"))


def at(document: Any, pointer: Pointer) -> Any:
    """Return the node that a pointer leads to; KeyError: there is none."""
    node = document
    for step in pointer:
        try:
            node = node[step]
        except (TypeError, IndexError):
            raise KeyError(pointer) from None
    return node


def resolve(document: Any, node: Any) -> Any:
    """Follow any number of ``$ref``; KeyError: a target does not exist; RecursionError: they lead round in a circle."""
    followed: set[str] = set()
    while isinstance(node, dict) and isinstance(reference := node.get("$ref"), str):
        if reference in followed:
            raise RecursionError(reference)
        followed.add(reference)
        node = at(document, steps_of(reference))
    return node


def check_document(document: Any, name: str) -> None:
    """Refuse a document that cannot become a client.

    Raises:
        GenerationError: It is not an OpenAPI 3 document, has no paths, or has a broken reference.
    """
    if not isinstance(document, dict):
        raise GenerationError(f"{name}: not an OpenAPI document: the top level is not a mapping")
    if "swagger" in document and "openapi" not in document:
        raise GenerationError(f"{name}: Swagger {document['swagger']}: convert it to OpenAPI 3 first")
    if not str(document.get("openapi", "")).startswith("3."):
        raise GenerationError(f"{name}: 'openapi' must be 3.0.x or 3.1.x, not {document.get('openapi')!r}")
    if not isinstance(document.get("paths"), dict) or not document["paths"]:
        raise GenerationError(f"{name}: 'paths' is missing or empty: there is nothing to generate")
    for node in walk(document):
        try:
            resolve(document, node.value)
        except (KeyError, RecursionError) as error:
            reason = "leads round in a circle" if isinstance(error, RecursionError) else "is not in the document"
            message = f"{name}: {node.place}: $ref to {node.value['$ref']!r}, which {reason}"
            raise GenerationError(message) from None


def operations(document: Any) -> Iterator[tuple[str, Any]]:
    """Yield every operation as "GET /path" with its Operation Object."""
    for path, item in (document.get("paths") or {}).items():
        for method, operation in item.items() if isinstance(item, dict) else ():
            if method in METHODS and isinstance(operation, dict):
                yield f"{method.upper()} {path}", operation


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
            pointer = steps_of(value["$ref"])
            value = at(follow, pointer)
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
