"""JSON Pointer (RFC 6901), and the local ``$ref`` of an OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Pointer = tuple[str | int, ...]
"""The names, and the positions in lists, that lead from the root of a document to a node."""


class CircularReference(KeyError):
    """A ``$ref`` leads back to itself."""


def escape(name: Any) -> str:
    """Escape a name as a token of a JSON Pointer."""
    return str(name).replace("~", "~0").replace("/", "~1")


def pointer_to(pointer: Pointer) -> str:
    """Format a pointer as a URI fragment, such as ``#/components/schemas/Call``."""
    return "/".join(["#", *map(escape, pointer)])


def references(node: Any, where: str) -> Iterator[tuple[str, str]]:
    """Yield the pointer and the target of every ``$ref`` below ``node``, whose own pointer is ``where``."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield where, node["$ref"]
        for key, value in node.items():
            yield from references(value, f"{where}/{escape(key)}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from references(value, f"{where}/{index}")


def at(document: Any, reference: str) -> Any:
    """Return the target of a local reference, the only kind that the generator supports.

    Raises:
        KeyError: The reference is not local, or its target does not exist.
    """
    if not reference.startswith("#/"):
        raise KeyError(reference)
    node = document
    for step in reference[2:].split("/"):
        key = step.replace("~1", "/").replace("~0", "~")
        if not isinstance(node, dict):
            raise KeyError(reference)
        node = node[key]
    return node


def resolve(document: Any, node: Any) -> Any:
    """Follow ``node`` through any number of ``$ref`` to a node that is not a reference.

    Raises:
        KeyError: A target does not exist; or, as CircularReference, the references form a cycle.
    """
    followed: set[str] = set()
    while isinstance(node, dict) and isinstance(node.get("$ref"), str):
        if node["$ref"] in followed:
            raise CircularReference(node["$ref"])
        followed.add(node["$ref"])
        node = at(document, node["$ref"])
    return node
