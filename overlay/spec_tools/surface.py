"""What a caller can see of an API: the operations, parameters, bodies, schemas and fields of its document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import define, field

from .document import METHODS
from .places import Path, references, resolve


@define
class Node:
    """One thing that a caller can see, with the facts that are compared."""

    what: str
    path: Path
    use: frozenset[str]
    """``request``, ``response`` or both: who writes it decides whom a change breaks."""
    facts: dict[str, Any] = field(factory=dict)


Surface = dict[Path, Node]
"""Nodes by what they are: as by their path, but a parameter by its name and not by its position in the list, and
the fields of an ``allOf`` as those of the whole."""


def surface(document: Any) -> Surface:
    """Return all that a caller can see of an OpenAPI document."""
    nodes: Surface = {}
    for path, item in document["paths"].items():
        for method in [method for method in METHODS if item.get(method)]:
            _operation(document, ("paths", path), item, method, nodes)
    used = uses(document)
    for name, schema in ((document.get("components") or {}).get("schemas") or {}).items():
        at = ("components", "schemas", name)
        # What no operation names is only there to be read.
        use = frozenset(used.get(f"#/components/schemas/{name}", {"response"}))
        _schema(schema, at, Node("schema", at, use), nodes)
    return nodes


def uses(document: Any) -> dict[str, set[str]]:
    """Return for each ``$ref`` whether requests, responses or both come to it."""
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


def _operation(document: Any, at: Path, item: Any, method: str, nodes: Surface) -> None:
    operation, here = item[method], (*at, method)
    nodes[here] = Node("operation", here, frozenset(), {"deprecated": bool(operation.get("deprecated"))})
    for where, holder in ((at, item), (here, operation)):
        for index, given in enumerate(holder.get("parameters") or ()):
            parameter = resolve(document, given)
            key = (*here, "parameters", str(parameter.get("in")), str(parameter.get("name")))
            node = Node("parameter", (*where, "parameters", index), frozenset({"request"}))
            node.facts["required"] = bool(parameter.get("required"))
            _schema(parameter.get("schema") or {}, key, node, nodes)
    if "requestBody" in operation:
        body = resolve(document, operation["requestBody"])
        node = Node("request body", (*here, "requestBody"), frozenset({"request"}))
        node.facts["required"] = bool(body.get("required"))
        _content(body, node, nodes)
    for status, given in (operation.get("responses") or {}).items():
        node = Node("response", (*here, "responses", str(status)), frozenset({"response"}))
        node.facts["success"] = str(status).startswith("2")
        _content(resolve(document, given), node, nodes)


def _content(holder: Any, node: Node, nodes: Surface) -> None:
    media = holder.get("content") or {}
    node.facts["content"] = ", ".join(sorted(media))
    nodes[node.path] = node
    for name, entry in media.items():
        at = (*node.path, "content", name, "schema")
        _schema((entry or {}).get("schema") or {}, at, Node(node.what, at, node.use), nodes)


def _schema(schema: Any, key: Path, node: Node, nodes: Surface) -> None:
    """Add ``node``, which ``schema`` describes, and all below it."""
    if not isinstance(schema, dict):
        return
    node.facts |= schema_facts(schema)
    nodes[key] = node
    for name, child, required, at in fields(schema):
        _schema(child, (*key, "properties", name), _below(node, "field", at, required=required), nodes)
    for word in ("oneOf", "anyOf"):
        for index, member in enumerate(schema.get(word) or ()):
            if isinstance(member, dict) and "properties" in member:
                _schema(member, (*key, word, index), _below(node, "schema", (word, index)), nodes)
    for word in ("items", "additionalProperties"):
        if isinstance(schema.get(word), dict) and schema[word]:
            _schema(schema[word], (*key, word), _below(node, "items", (word,)), nodes)


def _below(node: Node, what: str, at: Path, **facts: Any) -> Node:
    return Node(what, (*node.path, *at), node.use, facts)


def fields(schema: Any) -> Iterator[tuple[str, Any, bool, Path]]:
    """Yield name, schema, whether it is required, and place of each field, those of inline ``allOf`` members too."""
    required = schema.get("required") or ()
    for name, child in (schema.get("properties") or {}).items():
        yield name, child, name in required, ("properties", name)
    for index, member in enumerate(schema.get("allOf") or ()):
        if isinstance(member, dict):
            for name, child, is_required, at in fields(member):
                yield name, child, is_required or name in required, ("allOf", index, *at)


def schema_facts(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is compared of one schema, apart from what is below it."""
    types, values = schema.get("type"), schema.get("enum")
    members = [member for word in ("oneOf", "anyOf") for member in schema.get(word) or ()]
    nullable = bool(schema.get("nullable")) or (isinstance(types, list) and "null" in types)
    return {
        "type": type_of(schema),
        "format": schema.get("format"),
        "nullable": nullable
        or None in (values or ())
        or any(type_of(member) == "null" for member in members),
        "enum": frozenset(str(value) for value in values if value is not None) if values else None,
        "deprecated": bool(schema.get("deprecated")),
    }


def type_of(schema: Any) -> str:
    """Name the type of a schema in OpenAPI's words."""
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
