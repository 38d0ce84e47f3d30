"""The public surface of an API: the operations, parameters, bodies, schemas and fields of its document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import define, field

from .document import METHODS
from .pointers import Pointer, references, resolve

SCALARS = ("string", "number", "integer", "boolean")
"""Types without a class: a ``$ref`` to one is the type itself."""


@define
class Node:
    """One element of the surface, with the facts that are compared."""

    what: str
    path: Pointer
    use: frozenset[str]
    """``request``, ``response`` or both. Whether a change is breaking depends on it."""
    facts: dict[str, Any] = field(factory=dict)


Surface = dict[Pointer, Node]
"""Nodes by a key that does not change when a document is rearranged: like the path, but with the name of a parameter
instead of its position, and with the fields of an ``allOf`` as fields of the whole."""


def surface(document: Any) -> Surface:
    """Return the surface of an OpenAPI document."""
    nodes: Surface = {}
    servers = document.get("servers") or [{"url": "/"}]
    at: Pointer = ("servers", 0, "url")
    nodes[at] = Node("server", at, frozenset(), {"url": servers[0].get("url")})
    for name, scheme in ((document.get("components") or {}).get("securitySchemes") or {}).items():
        at = ("components", "securitySchemes", name)
        facts = {fact: scheme.get(fact) for fact in ("type", "in", "name", "scheme")}
        nodes[at] = Node("security scheme", at, frozenset(), facts)
    for path, item in document["paths"].items():
        for method in [method for method in METHODS if item.get(method)]:
            _operation(document, ("paths", path), item, method, nodes)
    used = uses(document)
    for name, schema in ((document.get("components") or {}).get("schemas") or {}).items():
        at = ("components", "schemas", name)
        # A schema that no operation uses counts as a response.
        use = frozenset(used.get(f"#/components/schemas/{name}", {"response"}))
        _schema(document, schema, at, Node("schema", at, use), nodes)
    return nodes


def uses(document: Any) -> dict[str, set[str]]:
    """Return for each ``$ref`` whether requests, responses or both lead to it."""
    found: dict[str, set[str]] = {}
    for item in document["paths"].values():
        for method in METHODS:
            operation = item.get(method) or {}
            requests = [item.get("parameters"), operation.get("parameters"), operation.get("requestBody")]
            for use, waiting in (("request", requests), ("response", [operation.get("responses")])):
                seen: set[str] = set()
                while waiting:
                    for _, reference in references(waiting.pop(), ""):
                        if reference not in seen:
                            seen.add(reference)
                            found.setdefault(reference, set()).add(use)
                            waiting.append(resolve(document, {"$ref": reference}))
    return found


def _operation(document: Any, at: Pointer, item: Any, method: str, nodes: Surface) -> None:
    operation, here = item[method], (*at, method)
    needed = operation.get("security", document.get("security")) or [{}]
    security = " or ".join(" and ".join(sorted(alternative)) or "nothing" for alternative in needed)
    facts = {"deprecated": bool(operation.get("deprecated")), "needs": security}
    nodes[here] = Node("operation", here, frozenset(), facts)
    for where, holder in ((at, item), (here, operation)):
        for index, given in enumerate(holder.get("parameters") or ()):
            parameter = resolve(document, given)
            key = (*here, "parameters", str(parameter.get("in")), str(parameter.get("name")))
            node = Node("parameter", (*where, "parameters", index), frozenset({"request"}))
            node.facts["required"] = bool(parameter.get("required"))
            _schema(document, parameter.get("schema") or {}, key, node, nodes)
    if "requestBody" in operation:
        body = resolve(document, operation["requestBody"])
        node = Node("request body", (*here, "requestBody"), frozenset({"request"}))
        node.facts["required"] = bool(body.get("required"))
        _content(document, body, node, nodes)
    for status, given in (operation.get("responses") or {}).items():
        node = Node("response", (*here, "responses", str(status)), frozenset({"response"}))
        node.facts["success"] = str(status).startswith("2")
        _content(document, resolve(document, given), node, nodes)


def _content(document: Any, holder: Any, node: Node, nodes: Surface) -> None:
    media = holder.get("content") or {}
    node.facts["content"] = ", ".join(sorted(media))
    nodes[node.path] = node
    for name, entry in media.items():
        at = (*node.path, "content", name, "schema")
        _schema(document, (entry or {}).get("schema") or {}, at, Node(node.what, at, node.use), nodes)


def _schema(document: Any, schema: Any, key: Pointer, node: Node, nodes: Surface) -> None:
    """Add ``node``, which ``schema`` describes, and everything below it."""
    if not isinstance(schema, dict):
        return
    schema, step = unwrapped(schema)
    behind = resolve(document, schema)
    if isinstance(behind, dict) and behind.get("type") in SCALARS:
        schema = {**behind, **{name: value for name, value in schema.items() if name != "$ref"}}
    inner = Node(node.what, (*node.path, *step), node.use)
    node.facts |= schema_facts(schema)
    nodes[key] = node
    for name, child, required, at in fields(schema):
        _schema(document, child, (*key, "properties", name), _below(inner, "field", at, required=required), nodes)
    for word in ("oneOf", "anyOf", "prefixItems"):
        for index, member in enumerate(schema.get(word) or ()):
            if isinstance(member, dict) and "$ref" not in member:
                _schema(document, member, (*key, word, index), _below(inner, "member", (word, index)), nodes)
    for word in ("items", "additionalProperties"):
        if isinstance(schema.get(word), dict) and schema[word]:
            _schema(document, schema[word], (*key, word), _below(inner, "items", (word,)), nodes)


def unwrapped(schema: Mapping[str, Any]) -> tuple[Mapping[str, Any], Pointer]:
    """Return the only schema of a union other than null, made nullable, and the step to it."""
    for word in ("oneOf", "anyOf"):
        members = list(enumerate(schema.get(word) or ()))
        others = [(index, member) for index, member in members if type_of(member) != "null"]
        if len(others) == 1 and isinstance(others[0][1], dict):
            index, member = others[0]
            beside = {name: value for name, value in schema.items() if name != word}
            return {**beside, **member, "nullable": len(members) > 1}, (word, index)
    return schema, ()


def _below(node: Node, what: str, at: Pointer, **facts: Any) -> Node:
    return Node(what, (*node.path, *at), node.use, facts)


def fields(schema: Any) -> Iterator[tuple[str, Any, bool, Pointer]]:
    """Yield name, schema, whether it is required, and pointer of each field, also of inline ``allOf`` members."""
    required = schema.get("required") or ()
    for name, child in (schema.get("properties") or {}).items():
        yield name, child, name in required, ("properties", name)
    for index, member in enumerate(schema.get("allOf") or ()):
        if isinstance(member, dict):
            for name, child, is_required, at in fields(member):
                yield name, child, is_required or name in required, ("allOf", index, *at)


def schema_facts(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts of a schema that are compared, without those of its subschemas."""
    types, values = schema.get("type"), schema.get("enum") or ([schema["const"]] if "const" in schema else [])
    members = [member for word in ("oneOf", "anyOf") for member in schema.get(word) or ()]
    nullable = bool(schema.get("nullable")) or (isinstance(types, list) and "null" in types)
    extra = schema.get("additionalProperties")
    return {
        "type": type_of(schema),
        "format": schema.get("format"),
        "nullable": nullable or None in values or any(type_of(member) == "null" for member in members),
        "enum": frozenset(str(value) for value in values if value is not None) if values else None,
        "other properties": None if extra is None else "dropped" if extra is False else "kept",
        "deprecated": bool(schema.get("deprecated")),
    }


def type_of(schema: Any) -> str:
    """Return the type of a schema in the vocabulary of OpenAPI."""
    if not isinstance(schema, dict):
        return "anything"
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    types = schema.get("type")
    if isinstance(types, list):
        return " | ".join(sorted(str(name) for name in types if name != "null")) or "null"
    if types is not None:
        return str(types)
    for word, sign in (("allOf", " & "), ("oneOf", " | "), ("anyOf", " | ")):
        if schema.get(word):
            members = {type_of(member) for member in schema[word]} - {"null", "anything"}
            return sign.join(sorted(members)) or "anything"
    return "object" if "properties" in schema else "array" if "items" in schema else "anything"
