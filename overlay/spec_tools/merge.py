"""Merging OpenAPI documents that overlap, as the pages of one API do, into one."""

from __future__ import annotations

import io
import reprlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from .document import GenerationError, parse_yaml
from .places import Place, escaped

MAX_CONTRADICTIONS = 10
# How deep the documents add up: what stands deeper, an operation or a schema, is one value.
DEPTHS = {"info": 2, "paths": 3, "webhooks": 3, "components": 3, "tags": 2}
# What speaks for everything beside it means something else once it is merged with what lacks it.
DOCUMENT_WIDE = ("security", "servers")
PATH_WIDE = ("parameters", "servers")
# Only one page need say it.
PROSE = ("description", "summary")
MISSING = object()


def merge_documents(documents: Sequence[tuple[str, Any]]) -> bytes:
    """Make one document, as YAML, of several with their names, which must agree where they overlap.

    Raises:
        GenerationError: They contradict each other; the message has every place, or the first ten.
    """
    merged: dict[Place, tuple[Any, str]] = {}
    contradictions: list[str] = []
    for name, document in documents:
        for place, value in parts(document, name):
            known, first = merged.setdefault(place, (value, name))
            contradictions += [
                f"{pointer}: {describe(one)} in {first}, {describe(other)} in {name}"
                for pointer, one, other in differences(known, value, pointer_to(place))
            ]
    if contradictions:
        lines = contradictions[:MAX_CONTRADICTIONS]
        if len(contradictions) > len(lines):
            lines.append(f"... and {len(contradictions) - len(lines)} more")
        advice = "the documents contradict each other. Take all of them from one version of the API."
        raise GenerationError("\n".join([advice, *lines]))
    whole = assemble({place: value for place, (value, _) in merged.items()})
    text = dump(whole, list(dict.fromkeys(name for name, _ in documents)))
    for pointer, *_ in differences(whole, parse_yaml(text, "the merged document"), "#"):
        raise GenerationError(f"the merged document: {pointer} is lost when it is written as YAML")
    return text


def parts(node: Any, name: str, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Yield what a document brings into the merged one: each fact, operation and component with its place."""
    if place and len(place) >= DEPTHS.get(str(place[0]), 1):
        yield place, node
        return
    if place == ("tags",):
        node = by_name(node, name)
    if not isinstance(node, dict):
        raise GenerationError(f"{name}: {pointer_to(place)}: no mapping, so it cannot be merged")
    if not place and node.get("paths"):
        yield from (((key,), MISSING) for key in DOCUMENT_WIDE if key not in node)
    if len(place) == 2 and place[0] == "paths":
        yield from (((*place, key), MISSING) for key in PATH_WIDE if key not in node)
    for key, value in node.items():
        yield from parts(value, name, (*place, key))


def by_name(tags: Any, name: str) -> dict[str, Any]:
    """Make a mapping of the list of tags."""
    found: dict[str, Any] = {}
    for tag in tags if isinstance(tags, list) else [tags]:
        if not isinstance(tag, dict) or not isinstance(tag.get("name"), str) or tag["name"] in found:
            raise GenerationError(f"{name}: #/tags: not a list of tags, each with a name of its own")
        found[tag["name"]] = tag
    return found


def differences(one: Any, other: Any, pointer: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield where two values differ, as JSON pointer and what either has there; the order of keys is no matter."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in {**one, **other}:
            if key in PROSE and (key in one) != (key in other) and isinstance({**one, **other}[key], str):
                continue
            step = pointer_to((key,)).removeprefix("#")
            yield from differences(one.get(key, MISSING), other.get(key, MISSING), pointer + step)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, pair in enumerate(zip(one, other, strict=True)):
            yield from differences(*pair, f"{pointer}/{index}")
    elif one != other or isinstance(one, bool) != isinstance(other, bool):  # to Python, True is 1
        yield pointer, one, other


def pointer_to(place: Place) -> str:
    """Write a place as JSON pointer."""
    return "/".join(["#", *map(escaped, place)])


def describe(value: Any) -> str:
    """Say in a few words what stands somewhere."""
    if value is MISSING:
        return "missing"
    if isinstance(value, (dict, list)):
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value)}"
    return reprlib.repr(str(value) if isinstance(value, str) else value)


def assemble(merged: dict[Place, Any]) -> Any:
    """Build the document of its parts."""
    document = CommentedMap()
    for place, value in merged.items():
        node = document
        for key in place[:-1]:
            node = node.setdefault(key, CommentedMap())
        if value is not MISSING:
            node[place[-1]] = value
    if "tags" in document:
        document["tags"] = list(document["tags"].values())
    return document


def dump(document: Any, names: list[str]) -> bytes:
    """Write the merged document; its first line says of what, without the folders of this machine."""
    short = (name if "://" in name else Path(name).name for name in names)
    stream = io.BytesIO(f"# Merged from {' and '.join(' '.join(name.split()) for name in short)}.\n".encode())
    stream.seek(0, io.SEEK_END)
    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.dump(document, stream)
    return stream.getvalue()
