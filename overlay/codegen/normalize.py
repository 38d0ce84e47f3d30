"""Rewrites what openapi-python-client would misread into an equivalent form that it reads correctly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .document import GenerationError, key_header, operations
from .pointers import resolve
from .surface import uses
from .walk import all_properties, media_types, nested, parameters, schemas, union_members

IGNORED_HEADERS = ("accept", "content-type", "authorization")
"""Header parameters with these names must be ignored (OpenAPI 3.0.1, Parameter Object)."""
BODILESS = ("204", "205", "304")
"""Statuses whose responses have no body (RFC 9110, section 15). Responses to HEAD have none either."""


def normalize(document: Any) -> None:
    """Rewrite a document in place.

    Raises:
        GenerationError: A discriminator contradicts its members, or no single API key is enough for all operations.
    """
    stated: dict[tuple[int, str], tuple[list[str], list[str]]] = {}
    tags: dict[tuple[int, str], list[str]] = {}
    for use, where, schema in roots(document):
        for _, inner in list(nested(schema, where)):
            normalize_required(document, inner, use)
    for where, schema in list(schemas(document)):
        if schema.get("allOf"):
            normalize_all_of(schema)
        if schema.get("discriminator") and union_members(schema):
            normalize_discriminator(document, schema, where, tags, stated)
    normalize_headers(document)
    normalize_responses(document)


def roots(document: Any) -> Iterator[tuple[set[str], str, Any]]:
    """Yield every schema that is not nested in another, after its use (request, response) and its location."""
    used = uses(document)
    for name, schema in ((document.get("components") or {}).get("schemas") or {}).items():
        where = f"#/components/schemas/{name}"
        yield used.get(where, {"response"}), where, schema
    for where, parameter in parameters(document):
        yield {"request"}, where, parameter.get("schema")
    for where, is_request, _, media in media_types(document):
        yield {"request" if is_request else "response"}, where, media.get("schema")


def normalize_required(document: Any, schema: Any, use: set[str]) -> None:
    """Remove from ``required`` what is required only in responses, or only in requests: one class serves both.

    OpenAPI 3.0.1, Schema Object: readOnly and writeOnly.
    """
    words = [word for word, side in (("readOnly", "request"), ("writeOnly", "response")) if side in use]
    absent = {
        name
        for name, child in all_properties(document, schema, set())
        if any(word in holder and holder[word] for word in words for holder in (child, resolve(document, child)))
    }
    for holder in (schema, *(schema.get("allOf") or ())):
        for name in [name for name in holder.get("required") or () if name in absent]:
            holder["required"].remove(name)


def normalize_all_of(schema: Any) -> None:
    """Move the properties next to an allOf into it where the generator would ignore them."""
    if schema.get("nullable"):
        schema.pop("type", None)  # with it, the generator creates a separate type for each member of the allOf
    if schema.get("nullable") or len(schema["allOf"]) == 1:
        beside = {name: schema.pop(name) for name in ("properties", "required") if name in schema}
        if beside or "additionalProperties" in schema:
            schema["allOf"].append({"type": "object", **beside})


def normalize_discriminator(
    document: Any,
    union: Any,
    where: str,
    tags: dict[tuple[int, str], list[str]],
    stated: dict[tuple[int, str], tuple[list[str], list[str]]],
) -> None:
    """Add to each member the discriminator values that select it, as an enum that becomes a Literal.

    Args:
        document: The whole document.
        union: The schema with the discriminator.
        where: Its location.
        tags: Receives the values by member and property. A member may belong to several unions.
        stated: Receives the result of ``enums_of`` for each member before any member is rewritten.
    """
    name = union["discriminator"]["propertyName"]
    mapping = union["discriminator"].get("mapping") or {}
    members = {member.get("$ref"): member for member in union_members(union)}
    simple_names = {str(reference).rpartition("/")[2] for reference in members}
    for tag, target in mapping.items():
        if target not in members and target not in simple_names:
            raise GenerationError(
                f"openapi.yaml: {where}: the discriminator maps {tag!r} to {target}, which is not a member"
            )
    for member in union_members(union):
        if member.get("type") == "null":
            continue
        if "$ref" not in member:
            raise GenerationError(f"openapi.yaml: {where}: each member of a union with a discriminator must be a $ref")
        simple = member["$ref"].rpartition("/")[2]
        mapped = [tag for tag, target in mapping.items() if target in (member["$ref"], simple)]
        schema = resolve(document, member)
        key = (id(schema), name)
        if key not in stated:
            stated[key] = enums_of(document, schema, name, member["$ref"])
        own, shared = stated[key]
        if own and not set(mapped) <= set(own):
            raise GenerationError(
                f"openapi.yaml: {where}: the discriminator maps {mapped} to {simple}, whose {name} is {own}"
            )
        if shared and simple not in shared and not own and not mapped:
            raise GenerationError(
                f"openapi.yaml: {where}: no value of {name} selects {simple}: give the discriminator a mapping"
            )
        values = tags.setdefault(key, [])
        literal = {"type": "string", "enum": values}
        if "allOf" in schema:
            schema["allOf"].append({"type": "object", "properties": {name: literal}})
        else:
            schema.setdefault("properties", {})[name] = literal
        values += [value for value in own or mapped or [simple] if value not in values]


def enums_of(document: Any, schema: Any, name: str, where: str) -> tuple[list[str], list[str]]:
    """Return the enum values of a property: those that the schema states itself, and those of shared schemas."""
    own_holders = [schema, *(member for member in schema.get("allOf") or () if "$ref" not in member)]
    own_children = [(holder.get("properties") or {}).get(name) for holder in own_holders]
    own: list[Any] = []
    shared: list[Any] = []
    for known, child in all_properties(document, schema, set()):
        is_own = any(child is own_child for own_child in own_children) and "$ref" not in child
        found = resolve(document, child)
        if known == name:
            values = [found["const"]] if "const" in found else found.get("enum") or []
            (own if is_own else shared).extend(value for value in values if value is not None)
    if not all(isinstance(value, str) for value in own + shared):
        raise GenerationError(f"openapi.yaml: {where}: its discriminator {name} must be a string")
    return own, shared


def normalize_headers(document: Any) -> None:
    """Remove header parameters that must be ignored, and the API key header, which the client sends itself."""
    ignored = {*IGNORED_HEADERS, (key_header(document, "openapi.yaml") or "").lower()}
    for holder in [*document["paths"].values(), *(operation for _, operation in operations(document))]:
        if isinstance(holder, dict) and holder.get("parameters"):
            holder["parameters"][:] = [
                entry
                for entry in holder["parameters"]
                if (parameter := resolve(document, entry))["in"] != "header" or parameter["name"].lower() not in ignored
            ]


def normalize_responses(document: Any) -> None:
    """Remove the content of responses that cannot have a body."""
    for where, operation in operations(document):
        for status, entry in (operation.get("responses") or {}).items():
            response = resolve(document, entry)
            if (status in BODILESS or where.startswith("HEAD ")) and response.get("content"):
                kept = {name: value for name, value in response.items() if name != "content"}
                operation["responses"][status] = kept
