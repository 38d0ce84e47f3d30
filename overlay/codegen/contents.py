"""Chooses how each body is sent and each response is read, and rewrites the document accordingly."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from .document import Node, resolve

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
BINARY = {"type": "string", "format": "binary"}
STRUCTURE = frozenset({"properties", "items", "allOf", "oneOf", "anyOf", "additionalProperties"})
READ_AS = {"json": "application/json", "text": "text/plain", "bytes": "application/octet-stream"}
"""The content type that makes the generator read a response as JSON, text or bytes."""
Warnings = defaultdict[str, list[str]]
"""The locations of each warning."""


def kinds_in(document: Any, node: Node) -> dict[str, str]:
    """Return ``json``, ``text`` or ``bytes``, or the content type of a form, for each content type of a body."""
    kinds: dict[str, str] = {}
    for content_type, media in (node.value.get("content") or {}).items():
        base = content_type.partition(";")[0].strip().lower()
        schema = resolve(document, (media or {}).get("schema") or {})
        is_text = schema.get("type", "string") == "string" and not schema.keys() & STRUCTURE
        if base in ("application/json", "text/json") or base.endswith("+json") or ("*" in base and not is_text):
            kinds[content_type] = "json"
        elif node.kind == "body":
            kinds[content_type] = base if base in FORMS else "bytes"
        else:
            is_text = is_text and not schema.keys() & {"enum", "format"}
            is_text = is_text and base.startswith("text/") and base not in ("text/csv", "text/xml")
            kinds[content_type] = "text" if is_text else "bytes"
    return kinds


def normalize_response(document: Any, node: Node, warnings: Warnings) -> list[str]:
    """Leave one content type in a response: JSON if there is one, else text, else bytes; return what it accepts."""
    kinds = kinds_in(document, node)
    if not kinds:
        return []
    kind = next(kind for kind in READ_AS if kind in kinds.values())
    chosen = [name for name in kinds if kinds[name] == kind]
    given = [(node.value["content"][name] or {}).get("schema") or {} for name in chosen]
    if kind == "json":
        members = [schema for index, schema in enumerate(given) if schema not in given[:index]]
        schema: Any = members[0] if len(members) == 1 else {"anyOf": members}
    else:
        schema = dict(BINARY) if kind == "bytes" else {"type": "string"}
        for name, each in zip(chosen, given, strict=True):
            warn_of_structure(document, node, name, each, warnings)
    node.value["content"] = {READ_AS[kind]: {"schema": schema}}
    if dropped := [name for name in kinds if name not in chosen]:
        text = f"the client asks for {' and '.join(chosen)}, not for {' and '.join(dropped)}"
        warnings[text].append(node.place)
    return ["application/json" if "*" in name and kind == "json" else name for name in chosen]


def normalize_body(document: Any, node: Node, warnings: Warnings) -> set[str]:
    """Leave the content types of a body that the type of a value tells apart, JSON first; return the binary ones."""
    kinds = kinds_in(document, node)
    kept: dict[str, Any] = {}
    types: list[Any] = []
    for name in sorted(kinds, key=lambda name: kinds[name] != "json"):
        media = node.value["content"][name] or {}
        if kinds[name] == "bytes":
            warn_of_structure(document, node, name, media.get("schema") or {}, warnings)
            media["schema"] = dict(BINARY)
        media.setdefault("schema", {"type": "object"} if kinds[name] in FORMS else {})
        found = type_of(document, media["schema"])
        if not kept or not (found is None or found in types or None in types):
            types.append(found)
            kept["application/json" if "*" in name and kinds[name] == "json" else name.lower()] = media
        elif kinds[name] != "bytes" or "file" not in types:  # File.mime_type chooses between binary types
            text = f"the client sends {' or '.join(kept)}, not {name}: the type of the value does not tell them apart"
            warnings[text].append(node.place)
    node.value["content"] = kept
    return {name.lower() for name, kind in kinds.items() if kind == "bytes" and name.lower() in kept}


def type_of(document: Any, schema: Any) -> Any:
    """Return what tells values of a schema from those of another, or None if nothing does."""
    while isinstance(schema, dict) and len(schema.get("allOf") or ()) == 1 and not schema.get("properties"):
        schema = schema["allOf"][0]  # a mere alias
    behind = resolve(document, schema)
    kind = behind.get("type", "object" if behind.keys() & {"properties", "allOf"} else None)
    if not isinstance(kind, str) or kind == "number" or behind.get("nullable") or behind.keys() & {"oneOf", "anyOf"}:
        return None
    if kind == "object":
        return id(behind)
    return "file" if behind.get("format") == "binary" else kind


def warn_of_structure(document: Any, node: Node, content_type: str, schema: Any, warnings: Warnings) -> None:
    """Warn of a schema that describes more than a text, of a body that is read or sent as bytes."""
    if STRUCTURE & resolve(document, schema).keys():
        warnings[f"{content_type} is bytes in the package; its schema is not used"].append(node.place)
