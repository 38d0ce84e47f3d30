"""Merges overlapping OpenAPI documents, such as those in the pages of one API, into one."""

from __future__ import annotations

import codecs
import io
import reprlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from .document import GenerationError, Pointer, pointer_to
from .loading import Number, parse_yaml

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
    styled: dict[Pointer, Any] = {}
    contradictions: list[str] = []
    for name, text, document in documents:
        styled = {**dict(parts(with_style(text, document), name)), **styled}
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
    names = dict.fromkeys(name if "://" in name else Path(name).name for name, *_ in documents)
    head = f"# Merged from {' and '.join(' '.join(name.split()) for name in names)}.\n"
    result = head.encode() + dump(assemble({at: styled.get(at, value) for at, (value, _) in merged.items()}))
    whole = assemble({at: value for at, (value, _) in merged.items()})
    for pointer, *_ in differences(whole, parse_yaml(result, "the merged document"), "#"):
        raise GenerationError(f"the merged document: {pointer} is lost when written as YAML")
    return result


def with_style(text: bytes, document: Any) -> Any:
    """Return a document with comments, quotes and folded texts as written; one in JSON has none."""
    if text.lstrip(codecs.BOM_UTF8 + b" \t\r\n").startswith(b"{"):
        return document
    yaml = YAML()
    yaml.preserve_quotes = True
    return yaml.load(text.decode("utf-8-sig"))


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
        yield from parts(value, name, (*at, str(key)))


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
    document: dict[Any, Any] = {}
    for at, value in merged.items():
        node = document
        for key in at[:-1]:
            node = node.setdefault(key, {})
        if value is not MISSING:
            node[at[-1]] = value
    if "tags" in document:
        document["tags"] = list(document["tags"].values())
    return document


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
