"""Places in a document: JSON Pointer (RFC 6901), JSONPath (RFC 9535), and the local ``$ref`` between them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Place = tuple[str | int, ...]
"""A place in a document: names, and positions in lists."""


def escaped(name: Any) -> str:
    """Write a name as a step of a JSON Pointer."""
    return str(name).replace("~", "~0").replace("/", "~1")


def references(node: Any, where: str) -> Iterator[tuple[str, str]]:
    """Yield every ``$ref`` below ``node`` with the place where it stands."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield where, node["$ref"]
        for key, value in node.items():
            yield from references(value, f"{where}/{escaped(key)}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from references(value, f"{where}/{index}")


def at(document: Any, reference: str) -> Any:
    """Return what a local reference points at; the generator takes no other kind.

    Raises:
        KeyError: It is not local, or points at nothing.
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
    """Follow the ``$ref`` that ``node`` may be, to its end.

    Raises:
        KeyError: It points at nothing, or round in a circle.
    """
    followed: set[str] = set()
    while isinstance(node, dict) and isinstance(node.get("$ref"), str):
        if node["$ref"] in followed:
            raise KeyError(node["$ref"])
        followed.add(node["$ref"])
        node = at(document, node["$ref"])
    return node


def jsonpath(place: Place) -> str:
    """Write a place as a JSONPath."""
    steps = []
    for step in place:
        if isinstance(step, int):
            steps.append(f"[{step}]")
        elif re.fullmatch(r"[A-Za-z_]\w*", step):
            steps.append(f".{step}")
        else:
            steps.append("['" + step.replace("\\", "\\\\").replace("'", "\\'") + "']")
    return "$" + "".join(steps)
