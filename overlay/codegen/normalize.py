"""Rewrites what openapi-python-client would misread or refuse into an equivalent form that it reads correctly."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from attrs import define, field

from .contents import BINARY, Warnings, normalize_body, normalize_response
from .document import GenerationError, Node, operations, parts, resolve, walk
from .security import Place, find_keys, own_server, server_of

IGNORED_HEADERS = ("accept", "content-type", "authorization")
"""Header parameters with these names must be ignored (OpenAPI 3.0.1, Parameter Object)."""
BODILESS = ("204", "205", "304")
"""Statuses whose responses have no body (RFC 9110, section 15). Responses to HEAD have none either."""
UNIONS = ("allOf", "oneOf", "anyOf")
JSON_TYPES = {str: "string", bool: "boolean", int: "integer", type(None): "null", list: "array", dict: "object"}
Accepted = dict[int, list[str]]
"""The media types of each response, by its id."""
NOTHING = (None, False)
"""How ``additionalProperties`` and its relatives say that there are no other properties."""


@define
class Facts:
    """What the generated package needs to know and the generator does not read from the document."""

    server: str
    """The URL of the first server."""
    key: Place | None = None
    """Where requests carry the API key."""
    operations: defaultdict[str, dict[str, Any]] = field(factory=lambda: defaultdict(dict))
    """``key``, ``accept`` and ``base_url`` of the operations that differ from the others, by method and path."""
    binary: set[str] = field(factory=set)
    """The content types of bodies that are sent as they are."""
    warnings: Warnings = field(factory=lambda: defaultdict(list))


def normalize(document: Any) -> Facts:
    """Rewrite a document in place; a GenerationError says what in it the client cannot do."""
    facts = Facts(server_of(document))
    normalize_paths(document, facts.warnings)
    facts.key, keys = find_keys(document)
    for where, key in keys.items():
        facts.operations[where]["key"] = key
    accepted: Accepted = {}
    for node in [node for node in walk(document) if "$ref" not in node.value]:
        if node.kind == "body":
            facts.binary |= normalize_body(document, node, facts.warnings)
        elif node.kind == "response":
            accepted[id(node.value)] = normalize_response(document, node, facts.warnings)
    for where, operation in operations(document):
        normalize_operation(document, where, operation, facts, accepted)
    normalize_schemas(document, facts.warnings)
    return facts


def normalize_paths(document: Any, warnings: Warnings) -> None:
    """Resolve path items that are references, write status ranges as 2XX, and warn of what a client has no use for."""
    for path, item in document["paths"].items():
        if not path.startswith(("/", "x-")) or "?" in path or "#" in path:
            raise GenerationError(f"path {path}: it must begin with a slash and must not have a query or fragment")
        if isinstance(item, dict) and "$ref" in item:
            document["paths"][path] = {**resolve(document, item), **{k: v for k, v in item.items() if k != "$ref"}}
    if document.get("webhooks"):
        warnings["webhooks are not in the package: a client receives no requests"] = ["the document"]
    for where, operation in operations(document):
        if operation.get("callbacks"):
            warnings[f"callbacks are not in the package: {', '.join(operation['callbacks'])}"].append(where)
        operation["responses"] = {str(key).replace("xx", "XX"): each for key, each in operation["responses"].items()}
        for status, response in operation["responses"].items():
            for keyword in ("headers", "links"):
                if names := resolve(document, response).get(keyword):
                    warnings[f"not in the package: {keyword} {', '.join(names)}"].append(f"{where}: {status}")


def normalize_operation(document: Any, where: str, operation: Any, facts: Facts, accepted: Accepted) -> None:
    """Remove parameters that the client sends itself and bodies that cannot be; note what differs from others."""
    own = facts.operations[where]
    location, name, _ = own.get("key", facts.key) or ("", "", "")
    sent = {("header", each) for each in IGNORED_HEADERS} | {(location, name.lower() if location == "header" else name)}
    for holder in (document["paths"][where.split(" ", 1)[1]], operation):
        if holder.get("parameters"):
            holder["parameters"] = [each for each in holder["parameters"] if key_of(document, each) not in sent]
    accept: list[str] = []
    for status, entry in sorted(operation["responses"].items()):
        response = resolve(document, entry)
        if status in BODILESS or where.startswith("HEAD "):
            operation["responses"][status] = {word: each for word, each in response.items() if word != "content"}
        else:
            accept += accepted[id(response)]
    if set(accept) - {"application/json", "application/problem+json"}:
        own["accept"] = ", ".join(dict.fromkeys(accept))
    if url := own_server(document, where):
        own["base_url"] = url


def key_of(document: Any, parameter: Any) -> tuple[str, str]:
    """Return location and name of a parameter; names of headers do not depend on case."""
    location, name = (resolve(document, parameter)[word] for word in ("in", "name"))
    return location, name.lower() if location == "header" else name


def normalize_schemas(document: Any, warnings: Warnings) -> None:
    """Rewrite all schemas: first each by itself, then what depends on others."""
    uses = find_uses(document)
    nodes = [node for node in walk(document) if node.kind == "schema"]
    for node in nodes:
        normalize_schema(node, warnings)
        normalize_file(node, uses, warnings)
        members = [member for word in UNIONS for member in node.value.get(word) or ()]
        if any(part is node.value for member in members for part in parts(document, member, *UNIONS)):
            raise GenerationError(f"{node.place}: it leads round in a circle to itself, through {', '.join(UNIONS)}")
    nodes = [node for node in nodes if "$ref" not in node.value]
    for node, names in [(node, absent_names(document, node, uses)) for node in nodes]:
        for holder in (node.value, *(node.value.get("allOf") or ())):
            holder["required"] = [name for name in holder.get("required") or () if name not in names]
            if not holder["required"]:
                del holder["required"]
    for node in nodes:
        if node.value.get("allOf"):
            normalize_all_of(document, node.value)
    references = [node for node in walk(document) if node.kind == "schema" and "$ref" in node.value]
    for node in nodes:
        if node.value.get("discriminator") and not members_of(node.value):
            inherit_discriminator(node, references)
    tags: dict[tuple[int, str], Any] = {}
    for node in [*nodes, *references]:
        if node.value.get("discriminator") and members_of(node.value):
            normalize_discriminator(document, node, tags)


def find_uses(document: Any) -> dict[str, set[int]]:
    """Return the ids of what requests and responses lead to, and of what is sent as a file or as a text."""
    uses: dict[str, set[int]] = {use: set() for use in ("request", "response", "file", "text")}
    for node in walk({"paths": document["paths"]}, follow=document):
        words = {"parameter": ["request", "text"], "body": ["request"], "response": ["response"]}.get(node.kind, [])
        if node.kind == "media":
            is_file = node.pointer[-1] == "multipart/form-data" or node.value.get("schema") == BINARY
            words = ["file" if is_file else "text"]
        for word in words:
            for _ in walk(node.value, node.kind, follow=document, seen=uses[word]):
                pass  # the walker adds to what it has seen
    return uses


def normalize_file(node: Node, uses: dict[str, set[int]], warnings: Warnings) -> None:
    """Decide whether a text is a file: only in forms, and in bodies that are nothing else."""
    schema, is_file = node.value, id(node.value) in uses["file"]
    if is_file and "contentMediaType" in schema and "contentEncoding" not in schema:
        schema["format"] = "binary"  # as OpenAPI 3.1 describes a file
    if schema.get("format") == "binary" and id(schema) in uses["text"]:
        if is_file:
            raise GenerationError(f"{node.place}: a file in a form cannot also be in JSON: use two schemas")
        del schema["format"]
        warnings["it is a text in the package: JSON and parameters hold no files"].append(node.place)


def absent_names(document: Any, node: Node, uses: dict[str, set[int]]) -> set[str]:
    """Return the properties that some bodies lack: one class serves both directions (OpenAPI 3.0.1, Schema Object)."""
    is_sent, is_read = (id(node.value) in uses[word] for word in ("request", "response"))
    words = [word for word, applies in (("readOnly", is_sent), ("writeOnly", is_read or not is_sent)) if applies]
    return {
        name
        for part in parts(document, node.value, "allOf")
        for name, child in (part.get("properties") or {}).items()
        if any(holder.get(word) for word in words for holder in (child, resolve(document, child)))
    }


def normalize_schema(node: Node, warnings: Warnings) -> None:
    """Rewrite one schema, whatever refers to it."""
    schema = node.value
    if "$ref" in schema:
        if schema.keys() & {"properties", "allOf", "oneOf", "anyOf"}:  # OpenAPI 3.1 lets keywords stand beside it
            schema["allOf"] = [{"$ref": schema.pop("$ref")}, *(schema.get("allOf") or ())]
        return
    named = schema.get("type") or []
    types = [named] if isinstance(named, str) else list(named)
    if len(types) == 2 and "null" in types:  # as OpenAPI 3.0 writes it, so that both give the same classes
        schema["nullable"] = True
        [schema["type"]] = types = [kind for kind in types if kind != "null"]
    normalize_values(node, types, warnings)
    if not types and "items" in schema:
        schema["type"] = "array"
    if "array" in types and not schema.get("items") and not schema.get("prefixItems"):
        schema["items"] = {}
    others = [*(schema.pop("patternProperties", None) or {}).values(), schema.pop("unevaluatedProperties", None)]
    if any(each not in NOTHING for each in others):
        others = [each for each in (*others, schema.get("additionalProperties")) if each not in NOTHING]
        schema["additionalProperties"] = True if True in others else {"anyOf": others}
    for word in ("oneOf", "anyOf"):
        members = [member.get("type") for member in schema.get(word) or ()]
        if "number" in members and "integer" not in members:
            schema[word].append({"type": "integer"})  # "number" alone becomes a float, which would round integers


def normalize_values(node: Node, types: list[str], warnings: Warnings) -> None:
    """Rewrite the enum, const and default of a schema; the generator knows enums of texts and of integers only."""
    schema = node.value
    if "const" in schema and type(schema["const"]) not in (str, int):
        schema.setdefault("type", json_type(schema.pop("const")))
    given = schema.get("enum") or []
    kinds = dict.fromkeys(json_type(value) for value in given if value is not None)
    if types and not all(fits(value, types) for value in given if value is not None):
        warnings[f"its enum is not in the package: its values are not of type {' or '.join(types)}"].append(node.place)
        del schema["enum"]
    elif len(kinds) > 1 or not {*kinds} <= {"string", "integer"}:
        if not types and not kinds.keys() & {"object", "array"}:
            schema["type"] = [*kinds, *(["null"] if None in given and not schema.get("nullable") else [])]
        del schema["enum"]
    elif schema.get("nullable") and None in given:
        schema["enum"] = [value for value in given if value is not None]
    if "default" in schema:  # what the server assumes: the package does not use it
        value, allowed = schema.pop("default"), schema.get("enum")
        if value is not None and types and not (fits(value, types) and (not allowed or value in allowed)):
            warnings["its default does not match its type"].append(node.place)


def json_type(value: Any) -> str:
    """Return the JSON Schema type of a value."""
    return "number" if isinstance(value, float) else JSON_TYPES[type(value)]


def fits(value: Any, types: list[str]) -> bool:
    """Whether a value is of one of the types."""
    return json_type(value) in types or (json_type(value) == "integer" and "number" in types)


def normalize_all_of(document: Any, schema: Any) -> None:
    """Move the properties next to an allOf into it where the generator would ignore them."""
    if schema.get("nullable"):
        schema.pop("type", None)  # with it, the generator creates a separate type for each member of the allOf
    for member in [resolve(document, member) for member in schema["allOf"]]:
        if member.get("additionalProperties") not in NOTHING:  # which the generator would drop
            schema.setdefault("additionalProperties", member["additionalProperties"])
    if schema.get("nullable") or len(schema["allOf"]) == 1:
        beside = {name: schema.pop(name) for name in ("properties", "required") if name in schema}
        if beside or "additionalProperties" in schema:
            schema["allOf"].append({"type": "object", **beside})


def members_of(union: Any) -> list[Any]:
    """Return the list of members of a union, to which more can be added."""
    members: list[Any] = union.get("oneOf") or union.get("anyOf") or []
    return members


def inherit_discriminator(base: Node, references: list[Node]) -> None:
    """Refer to the subtypes of a schema whose discriminator stands beside its properties, and last to itself."""
    reference = "#/" + "/".join(map(str, base.pointer))
    mine = [node for node in references if node.value.get("$ref") == reference]
    heirs = ["#/" + "/".join(map(str, node.pointer[:3])) for node in mine if node.pointer[3:4] == ("allOf",)]
    for node in mine if heirs else ():
        if node.pointer[3:4] != ("allOf",):
            del node.value["$ref"]
            node.value["oneOf"] = [{"$ref": each} for each in dict.fromkeys([*heirs, reference])]
            node.value["discriminator"] = base.value["discriminator"]


def normalize_discriminator(document: Any, union: Node, tags: dict[tuple[int, str], Any]) -> None:
    """Add to each member the discriminator values that select it, as an enum that becomes a Literal.

    Inline members, and values that are not texts, are left to the decoder, which takes the member that fits best.
    ``tags`` receives for each member the values that it states itself, and the list that becomes its enum.
    """
    discriminator, members = union.value["discriminator"], members_of(union.value)
    name, mapping = discriminator["propertyName"], discriminator.get("mapping") or {}
    for tag, target in mapping.items():
        reference = target if target.startswith("#/") else f"#/components/schemas/{target}"
        try:
            resolve(document, {"$ref": reference})
        except KeyError:
            message = f"{union.place}: the discriminator maps {tag!r} to {target}, which is not in the document"
            raise GenerationError(message) from None
        members += [{"$ref": reference}] if {"$ref": reference} not in members else []
    for member in [member for member in members if "$ref" in member]:
        simple, schema = member["$ref"].rpartition("/")[2], resolve(document, member)
        if schema.get("discriminator") is discriminator:
            continue  # the supertype, which has any value
        mapped = [tag for tag, target in mapping.items() if target in (member["$ref"], simple)]
        if (id(schema), name) not in tags:
            own = own_tags(document, schema, name, None if mapped else simple)
            if own is None:
                continue
            tags[id(schema), name] = own, []
            literal = {"type": "string", "enum": tags[id(schema), name][1]}
            if "allOf" in schema:
                schema["allOf"].append({"type": "object", "properties": {name: literal}})
            else:
                schema.setdefault("properties", {})[name] = literal
        own, values = tags[id(schema), name]
        values += [value for value in dict.fromkeys([*own, *mapped] or [simple]) if value not in values]


def own_tags(document: Any, schema: Any, name: str, implied: str | None) -> list[str] | None:
    """Return the values that a member itself states for a discriminator; None if ``implied`` is not among them."""
    stating = [part for part in parts(document, schema, "allOf") if name in (part.get("properties") or {})]
    given = stating[0]["properties"][name] if stating else {}
    stated = resolve(document, given)
    known = [stated["const"]] if "const" in stated else stated.get("enum") or []
    is_shared = "$ref" in given or name not in (schema.get("properties") or {})
    own = [] if is_shared else [value for value in known if value is not None]
    is_selected = own or not known or implied is None or implied in known
    return own if is_selected and all(isinstance(tag, str) for tag in known) else None
