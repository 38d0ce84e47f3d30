"""Merges overlapping OpenAPI documents, such as those in the pages of one API, into one."""

from __future__ import annotations

import io
import reprlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from .document import GenerationError
from .loading import parse_yaml
from .pointers import Pointer, pointer_to

MAX_CONTRADICTIONS = 10
# Down to which depth documents are merged. A node at that depth, such as an operation or a schema, is one value.
DEPTHS = {"info": 2, "paths": 3, "webhooks": 3, "components": 3, "tags": 2}
# Keywords that apply to all their siblings: they would change meaning if only one of the documents had them.
DOCUMENT_WIDE = ("security", "servers")
PATH_WIDE = ("parameters", "servers")
# These may be missing from all documents but one.
PROSE = ("description", "summary")
MISSING = object()


def merge_documents(documents: Sequence[tuple[str, Any]]) -> bytes:
    """Merge documents, given with their names, and return the result as YAML.

    Raises:
        GenerationError: They contradict each other; the message lists the first ten contradictions.
    """
    merged: dict[Pointer, tuple[Any, str]] = {}
    contradictions: list[str] = []
    for name, document in documents:
        for at, value in parts(document, name):
            known, first = merged.setdefault(at, (value, name))
            contradictions += [
                f"{pointer}: {describe(one)} in {first}, {describe(other)} in {name}"
                for pointer, one, other in differences(known, value, pointer_to(at))
            ]
    if contradictions:
        lines = contradictions[:MAX_CONTRADICTIONS]
        if len(contradictions) > len(lines):
            lines.append(f"... and {len(contradictions) - len(lines)} more")
        advice = "the documents contradict each other. Use documents of the same version of the API."
        raise GenerationError("\n".join([advice, *lines]))
    whole = assemble({at: value for at, (value, _) in merged.items()})
    text = dump(whole, list(dict.fromkeys(name for name, _ in documents)))
    for pointer, *_ in differences(whole, parse_yaml(text, "the merged document"), "#"):
        raise GenerationError(f"the merged document: {pointer} is lost when written as YAML")
    return text


def parts(node: Any, name: str, at: Pointer = ()) -> Iterator[tuple[Pointer, Any]]:
    """Yield pointer and value of each mergeable part of a document: facts, operations, components."""
    if at and len(at) >= DEPTHS.get(str(at[0]), 1):
        yield at, node
        return
    if at == ("tags",):
        node = by_name(node, name)
    if not isinstance(node, dict):
        raise GenerationError(f"{name}: {pointer_to(at)}: not a mapping, so it cannot be merged")
    if not at and node.get("paths"):
        yield from (((key,), MISSING) for key in DOCUMENT_WIDE if key not in node)
    if len(at) == 2 and at[0] == "paths":
        yield from (((*at, key), MISSING) for key in PATH_WIDE if key not in node)
    for key, value in node.items():
        yield from parts(value, name, (*at, key))


def by_name(tags: Any, name: str) -> dict[str, Any]:
    """Return the tags by name."""
    found: dict[str, Any] = {}
    for tag in tags if isinstance(tags, list) else [tags]:
        if not isinstance(tag, dict) or not isinstance(tag.get("name"), str) or tag["name"] in found:
            raise GenerationError(f"{name}: #/tags: not a list of tags with unique names")
        found[tag["name"]] = tag
    return found


def differences(one: Any, other: Any, pointer: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield pointer and both values of each difference between two nodes; the order of keys is irrelevant."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in {**one, **other}:
            if key in PROSE and (key in one) != (key in other) and isinstance({**one, **other}[key], str):
                continue
            step = pointer_to((key,)).removeprefix("#")
            yield from differences(one.get(key, MISSING), other.get(key, MISSING), pointer + step)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, pair in enumerate(zip(one, other, strict=True)):
            yield from differences(*pair, f"{pointer}/{index}")
    elif one != other or isinstance(one, bool) != isinstance(other, bool):  # True == 1 in Python
        yield pointer, one, other


def describe(value: Any) -> str:
    """Describe a value in a few words."""
    if value is MISSING:
        return "missing"
    if isinstance(value, (dict, list)):
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value)}"
    return reprlib.repr(str(value) if isinstance(value, str) else value)


def assemble(merged: dict[Pointer, Any]) -> Any:
    """Build a document from its parts."""
    document = CommentedMap()
    for at, value in merged.items():
        node = document
        for key in at[:-1]:
            node = node.setdefault(key, CommentedMap())
        if value is not MISSING:
            node[at[-1]] = value
    if "tags" in document:
        document["tags"] = list(document["tags"].values())
    return document


def dump(document: Any, names: list[str]) -> bytes:
    """Write the merged document. Its first line names the sources, without the folders of this machine."""
    short = (name if "://" in name else Path(name).name for name in names)
    stream = io.BytesIO(f"# Merged from {' and '.join(' '.join(name.split()) for name in short)}.\n".encode())
    stream.seek(0, io.SEEK_END)
    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.dump(document, stream)
    return stream.getvalue()
