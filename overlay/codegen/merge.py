"""Merges overlapping OpenAPI documents, such as those in the pages of one API, into one."""

from __future__ import annotations

import io
import reprlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from .document import GenerationError, Pointer, pointer_to
from .loading import Number, is_json, parse_yaml

MAX_CONTRADICTIONS = 10
# Down to which depth documents are merged. A node at that depth, such as an operation or a schema, is one value.
DEPTHS = {"info": 2, "paths": 3, "webhooks": 3, "components": 3, "tags": 2}
# Keywords that apply to all their siblings: they would change meaning if only one of the documents had them.
DOCUMENT_WIDE = ("security", "servers")
PATH_WIDE = ("parameters", "servers")
# These may be missing from all documents but one.
PROSE = ("description", "summary")
MISSING = object()


def merge_documents(documents: Sequence[tuple[str, bytes, Any]]) -> bytes:
    """Merge documents, given by name, text and value, into YAML in the style of the texts; list contradictions."""
    merged: dict[Pointer, tuple[Any, str]] = {}
    styled: dict[str, Any] = {}
    contradictions: list[str] = []
    for name, text, document in documents:
        as_written = dict(parts(with_style(text, document), name))
        for at, value in parts(document, name):
            if at not in merged and value is not MISSING:
                add(styled, at, as_written[at])
            known, first = merged.setdefault(at, (value, name))
            contradictions += [
                f"{pointer}: {describe(one)} in {first}, {describe(other)} in {name}"
                for pointer, one, other in differences(known, value, pointer_to(at))
            ]
    if contradictions:
        advice = f"the documents contradict each other in {len(contradictions)} places, such as"
        lines = [*contradictions[:MAX_CONTRADICTIONS], "Use documents of the same version of the API."]
        raise GenerationError("\n".join([advice, *lines]))
    names = dict.fromkeys(name if "://" in name else Path(name).name for name, *_ in documents)
    head = f"# Merged from {' and '.join(' '.join(name.split()) for name in names)}.\n"
    result = head.encode() + dump(styled)
    expected = {at: value for at, (value, _) in merged.items() if value is not MISSING}
    written = {at: value for at, value in parts(parse_yaml(result, "merged"), "merged") if value is not MISSING}
    if written != expected:
        raise GenerationError("the merged document cannot be written as YAML without a loss")
    return result


def with_style(text: bytes, document: Any) -> Any:
    """Return a document with comments, quotes and folded texts as written; one in JSON has none."""
    if is_json(text):
        return document
    yaml = YAML()
    yaml.preserve_quotes = True
    return yaml.load(text.decode("utf-8-sig"))


def parts(node: Any, name: str, at: Pointer = ()) -> Iterator[tuple[Pointer, Any]]:
    """Yield pointer and value of each mergeable part of a document: facts, operations, components, tags by name."""
    if at and len(at) >= DEPTHS.get(str(at[0]), 1):
        yield at, node
        return
    if at == ("tags",) and isinstance(node, list):
        node = {str(tag.get("name") if isinstance(tag, dict) else tag): tag for tag in node}
    if not isinstance(node, dict):
        raise GenerationError(f"{name}: {pointer_to(at)}: not a mapping, so it cannot be merged")
    if not at and node.get("paths"):
        yield from (((key,), MISSING) for key in DOCUMENT_WIDE if key not in node)
    if len(at) == 2 and at[0] == "paths":
        yield from (((*at, key), MISSING) for key in PATH_WIDE if key not in node)
    for key, value in node.items():
        yield from parts(value, name, (*at, str(key)))


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
    return "missing" if value is MISSING else reprlib.repr(value)


def add(document: dict[str, Any], at: Pointer, value: Any) -> None:
    """Add a part to a document."""
    *above, last = map(str, at)
    for step in above:
        document = document.setdefault(step, [] if step == "tags" else {})
    if isinstance(document, list):
        document.append(value)
    else:
        document[last] = value


def dump(document: Any) -> bytes:
    """Write a document."""
    stream = io.BytesIO()
    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.representer.add_representer(
        Number, lambda representer, number: representer.represent_scalar("tag:yaml.org,2002:float", number.text)
    )
    yaml.dump(document, stream)
    return stream.getvalue()
