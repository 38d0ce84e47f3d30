"""What openapi-python-client reads past without a word: mended where the same can be said another way, else refused.

Only what can be seen in the document alone. completeness.py finds what is missing from the package that came out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from openapi_python_client.strings import ClassName

from .document import GenerationError, operations
from .places import references, resolve
from .surface import uses
from .walk import media_types, parameters, reachable, schemas, union_members

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
SCALARS = ("string", "number", "integer", "boolean", "null")
DROPPED = ("unevaluatedProperties", "$dynamicRef")
"""Keywords that may describe properties, and that the generator does not know."""
USED = ("Any", "AwareDatetime", "BytesIO", "ClassVar", "File", "FileTypes", "Literal", "UUID")
USED_BY_OPERATIONS = ("Answer", "Client", "Final", "Request", "Responses")


def mend(document: Any) -> None:
    """Rewrite, in place, what the generator reads otherwise than it is meant."""
    tags: dict[tuple[int, str], list[str]] = {}
    used = uses(document)
    for where, schema in list(schemas(document)):
        if schema.get("required"):
            mend_required(document, where, schema, used)
        if schema.get("allOf"):
            mend_all_of(schema)
        if schema.get("discriminator") and union_members(schema):
            mend_discriminator(document, schema, where, tags)


def mend_required(document: Any, where: str, schema: Any, used: dict[str, set[str]]) -> None:
    """Take from ``required`` what only answers, or only requests, must have: one class stands for both.

    OpenAPI 3.0.1, Schema Object: readOnly and writeOnly.
    """
    use = used.get("/".join(where.split("/")[:4]), {"response"} if where.startswith("#/") else set())
    absent = [word for word, side in (("readOnly", "request"), ("writeOnly", "response")) if side in use]
    for name, child in (schema.get("properties") or {}).items():
        if name in schema["required"] and any(resolve(document, child).get(word) for word in absent):
            schema["required"].remove(name)


def mend_all_of(schema: Any) -> None:
    """Move what stands beside an allOf into it, where the generator would pass over it."""
    if schema.get("nullable"):
        schema.pop("type", None)  # else the generator makes each type of its own out of the allOf
    if schema.get("nullable") or len(schema["allOf"]) == 1:
        beside = {name: schema.pop(name) for name in ("properties", "required") if name in schema}
        if beside or "additionalProperties" in schema:
            schema["allOf"].append({"type": "object", **beside})


def mend_discriminator(document: Any, union: Any, where: str, tags: dict[tuple[int, str], list[str]]) -> None:
    """Say in each member which values of the discriminator stand for it; the generator makes Literals of them."""
    name = union["discriminator"]["propertyName"]
    mapping = union["discriminator"].get("mapping") or {}
    members = {member.get("$ref"): member for member in union_members(union)}
    simple_names = {str(reference).rpartition("/")[2] for reference in members}
    for tag, target in mapping.items():
        if target not in members and target not in simple_names:
            raise GenerationError(f"{where}: the discriminator maps {tag!r} to {target}, which is no member")
    for member in union_members(union):
        if member.get("type") == "null":
            continue
        if "$ref" not in member:
            raise GenerationError(f"{where}: a discriminator tells only members apart that are a $ref")
        simple = member["$ref"].rpartition("/")[2]
        mapped = [tag for tag, target in mapping.items() if target in (member["$ref"], simple)] or [simple]
        schema = resolve(document, member)
        values = tags.setdefault((id(schema), name), [])
        literal = {"type": "string", "enum": values}
        if "allOf" in schema:
            schema["allOf"].append({"type": "object", "properties": {name: literal}})
        else:
            schema.setdefault("properties", {})[name] = literal
        values += [value for value in mapped if value not in values]


def check_expressible(document: Any, name: str, overrides: Any = ()) -> None:
    """Refuse what would be missing from the generated package, or wrong in it.

    Args:
        document: The document, its spec fixes applied.
        name: The document's file name, for the message.
        overrides: The class names that the generator's configuration replaces.

    Raises:
        GenerationError: The message names the place and the reason.
    """
    try:
        for place in schemas(document):
            check_schema(document, *place)
        for where, parameter in parameters(document):
            check_parameter(document, where, parameter)
        for where, is_request, content_type, media in media_types(document):
            check_media_type(document, f"{where} {content_type}", is_request, content_type, media)
        check_class_names(document, overrides or ())
        for where, operation in operations(document):
            check_bodies(document, where, resolve(document, operation.get("requestBody") or {}))
    except GenerationError as error:
        raise GenerationError(f"{name}: {error}") from None


def check_schema(document: Any, where: str, schema: Any) -> None:
    """Refuse a schema of which the generator would keep only a part."""
    for keyword in DROPPED:
        if isinstance(schema.get(keyword), (dict, str)):
            raise GenerationError(f"{where}: the generator ignores '{keyword}'")
    if schema.get("oneOf") and schema.get("anyOf"):
        raise GenerationError(f"{where}: beside 'oneOf' the generator ignores 'anyOf'")
    if schema.get("nullable") and schema.get("allOf") and schema.get("additionalProperties"):
        raise GenerationError(f"{where}: 'nullable' beside allOf and 'additionalProperties' hides the latter")
    if isinstance(schema.get("const"), float):
        raise GenerationError(f"{where}: the generator cannot express const {schema['const']!r}")
    for index, member in enumerate(schema.get("allOf") or ()):
        check_member(document, f"{where}/allOf/{index}", member, schema)
    if schema.get("discriminator") and not union_members(schema):
        for user, reference in references(document, "#"):
            inherits = user.startswith("#/components/schemas/") and user.split("/")[4:5] == ["allOf"]
            if reference == where and not inherits:
                raise GenerationError(
                    f"{user}: {reference} has a discriminator, so more than its own properties may come:"
                    " refer to a oneOf of its kinds"
                )


def check_member(document: Any, where: str, member: Any, whole: Any) -> None:
    """Refuse a reference within allOf whose other properties the generator would drop."""
    if "$ref" not in member or len(whole["allOf"]) == 1 or "additionalProperties" in whole:
        return
    if resolve(document, member).get("additionalProperties") not in (None, False):
        raise GenerationError(f"{where}: allOf drops its 'additionalProperties': repeat it beside the allOf")


def check_parameter(document: Any, where: str, parameter: Any) -> None:
    """Refuse a parameter that the client could not spell."""
    if "schema" not in parameter:
        return
    where = f"{where}: parameter {parameter.get('name')!r}"
    location, schema = parameter["in"], resolve(document, parameter["schema"])
    if any(place[1].get("format") == "binary" for place in reachable(document, schema, where)):
        raise GenerationError(f"{where} cannot hold format binary; base64 in a text is format byte")
    fitting = [is_scalar, *{"path": [is_list], "query": [is_list, is_record]}.get(location, [])]
    if not any(is_flat(document, schema, test) for test in fitting):
        raise GenerationError(f"{where}: there is no one way to spell such a value in {location}")


def check_media_type(document: Any, where: str, is_request: bool, content_type: str, media: Any) -> None:
    """Refuse a body or an answer whose bytes the client cannot write or read."""
    kind = content_type.partition(";")[0].strip().lower()
    if "schema" not in media:
        return
    schema = resolve(document, media["schema"])
    if kind == "application/octet-stream" and is_request and schema.get("format") != "binary":
        raise GenerationError(f"{where}: the schema of a binary body must be of type string, format binary")
    if kind in ("application/json", FORMS[0]) or kind.endswith("+json"):
        for place in reachable(document, media["schema"], where):
            if place[1].get("format") == "binary":
                raise GenerationError(
                    f"{place[0]}: {kind} cannot hold format binary; base64 in a text is format byte"
                )
    if kind not in FORMS:
        return
    if not is_flat(document, schema, is_object) or (
        kind == FORMS[0] and not is_flat(document, schema, is_record)
    ):
        raise GenerationError(f"{where}: there is no one way to spell such a value in a form")


def check_bodies(document: Any, where: str, body: Any) -> None:
    """Refuse bodies of several content types that the type of the value cannot tell apart."""
    for content_type, media in list((body.get("content") or {}).items())[:-1]:
        schema = resolve(document, media.get("schema", {}))
        if not isinstance(schema.get("type", "object" if schema.get("properties") else None), str):
            raise GenerationError(
                f"{where}: nothing tells which body is meant for {content_type}: give it one type"
            )


def check_class_names(document: Any, overrides: Any) -> None:
    """Refuse a schema whose class would hide what the generated modules import."""
    names = [
        (f"#/components/schemas/{name}", name)
        for name in (document.get("components") or {}).get("schemas") or {}
    ]
    names += [
        (where, schema["title"])
        for where, schema in schemas(document)
        if isinstance(schema.get("title"), str)
    ]
    for where, name in names:
        class_name = ClassName(str(name), "field_")
        if class_name in (*USED, *USED_BY_OPERATIONS) and class_name not in overrides:
            raise GenerationError(
                f"{where}: a class {class_name} would hide what the generated modules import:"
                " name it otherwise under class_overrides in generator-config.yaml"
            )


def is_flat(document: Any, schema: Any, test: Callable[[Any, Any], bool]) -> bool:
    """Whether ``test`` holds for a schema, or for every member of a union."""
    schema = resolve(document, schema)
    members = union_members(schema) or schema.get("allOf") if test is is_scalar else union_members(schema)
    if members:
        return all(is_flat(document, member, test) for member in members)
    return test(document, schema)


def is_scalar(_: Any, schema: Any) -> bool:
    """Whether a schema allows no array and no object; one that says nothing is taken at its word."""
    kinds = schema.get("type", [])
    is_map = schema.get("properties") or schema.get("additionalProperties")
    return not is_map and all(kind in SCALARS for kind in ([kinds] if isinstance(kinds, str) else kinds))


def is_list(document: Any, schema: Any) -> bool:
    """Whether a schema is an array of scalars."""
    kinds = schema.get("type")
    return kinds in ("array", ["array", "null"]) and is_flat(document, schema.get("items", {}), is_scalar)


def is_object(_: Any, schema: Any) -> bool:
    """Whether a schema is an object."""
    return schema.get("type") == "object" or bool(schema.get("properties") or schema.get("allOf"))


def is_record(document: Any, schema: Any) -> bool:
    """Whether a schema is an object of scalars, and of arrays of them."""
    if not is_object(document, schema):
        return False
    values = list((schema.get("properties") or {}).values())
    for member in schema.get("allOf") or ():
        member = resolve(document, member)
        if (not is_object(document, member) and member) or not is_record(
            document, {"type": "object", **member}
        ):
            return False
    extra = schema.get("additionalProperties")
    values += [extra] if isinstance(extra, dict) else []
    return all(
        is_flat(document, value, is_scalar) or is_list(document, resolve(document, value)) for value in values
    )
