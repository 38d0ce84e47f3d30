"""Iterators over an OpenAPI document: its schemas, parameters, bodies and responses, each with its location."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .document import operations
from .pointers import resolve

Located = tuple[str, Any]
"""The location of a node, as a message shows it, and the node."""


def union_members(schema: Any) -> list[Any]:
    """Return the members of oneOf and anyOf."""
    return [*(schema.get("oneOf") or ()), *(schema.get("anyOf") or ())]


def schemas(document: Any) -> Iterator[Located]:
    """Yield every Schema Object that is not a reference."""
    for name, schema in ((document.get("components") or {}).get("schemas") or {}).items():
        yield from nested(schema, f"#/components/schemas/{name}")
    for where, parameter in parameters(document):
        yield from nested(parameter.get("schema"), f"{where}: parameter {parameter.get('name')!r}")
    for where, _, content_type, media in media_types(document):
        yield from nested(media.get("schema"), f"{where} {content_type}")


def nested(schema: Any, where: str) -> Iterator[Located]:
    """Yield a schema and the schemas inside it, without following references."""
    if not isinstance(schema, dict) or "$ref" in schema:
        return
    yield where, schema
    for step, child in children(schema):
        yield from nested(child, f"{where}/{step}")


def children(schema: Any) -> Iterator[Located]:
    """Yield the direct subschemas of a schema."""
    for name, child in (schema.get("properties") or {}).items():
        yield f"properties/{name}", child
    for keyword in ("allOf", "oneOf", "anyOf", "prefixItems"):
        for index, child in enumerate(schema.get(keyword) or ()):
            yield f"{keyword}/{index}", child
    for keyword in ("items", "additionalProperties"):
        if isinstance(schema.get(keyword), dict):
            yield keyword, schema[keyword]


def all_properties(document: Any, schema: Any, seen: set[int]) -> Iterator[tuple[str, Any]]:
    """Yield name and schema of each property, including those of the members of allOf."""
    schema = resolve(document, schema)
    if id(schema) in seen:
        return
    seen.add(id(schema))
    yield from ((name, child) for name, child in (schema.get("properties") or {}).items() if isinstance(child, dict))
    for member in schema.get("allOf") or ():
        yield from all_properties(document, member, seen)


def reachable(document: Any, schema: Any, where: str) -> Iterator[Located]:
    """Yield a schema and everything inside it, following references."""
    seen: set[int] = set()
    waiting = [(where, schema)]
    while waiting:
        where, schema = waiting.pop()
        if not isinstance(schema, dict):
            continue
        if "$ref" in schema:
            where, schema = schema["$ref"], resolve(document, schema)
        if id(schema) not in seen:
            seen.add(id(schema))
            yield where, schema
            waiting.extend((f"{where}/{step}", child) for step, child in children(schema))


def parameters(document: Any) -> Iterator[Located]:
    """Yield every Parameter Object that is not a reference."""
    for name, parameter in ((document.get("components") or {}).get("parameters") or {}).items():
        if "$ref" not in parameter:
            yield f"#/components/parameters/{name}", parameter
    holders = [*document["paths"].items(), *operations(document)]
    for where, holder in holders:
        for parameter in (holder.get("parameters") or ()) if isinstance(holder, dict) else ():
            if "$ref" not in parameter:
                yield where, parameter


def media_types(document: Any) -> Iterator[tuple[str, bool, str, Any]]:
    """Yield location, whether it is a request, content type and Media Type Object of every body."""
    components = document.get("components") or {}
    holders: list[tuple[str, bool, Any]] = [
        (f"#/components/{kind}/{name}", kind == "requestBodies", holder)
        for kind in ("requestBodies", "responses")
        for name, holder in (components.get(kind) or {}).items()
    ]
    for where, operation in operations(document):
        holders.append((f"{where}: requestBody", True, operation.get("requestBody") or {}))
        holders += [
            (f"{where}: {status}", False, response) for status, response in (operation.get("responses") or {}).items()
        ]
    for where, is_request, holder in holders:
        for content_type, media in (holder.get("content") or {}).items():
            yield where, is_request, content_type, media
