"""Refuses what openapi-python-client would silently ignore, and what the client could not send or read.

These checks need nothing but the document. normalize.py rewrites what has an equivalent form. completeness.py compares
the generated package with the document.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from openapi_python_client.strings import ClassName

from .document import GenerationError, operations
from .pointers import references, resolve
from .walk import all_properties, media_types, parameters, reachable, schemas, union_members

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
TYPED = ("binary", "byte", "date", "date-time", "uuid")
"""Formats of strings whose Python type is not str."""
SCALARS = ("string", "number", "integer", "boolean", "null")
DROPPED = ("unevaluatedProperties", "$dynamicRef")
"""Keywords that may describe properties and that the generator ignores."""
PYTHON: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int, float),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}
"""The Python types that YAML values of each JSON type have."""
IMPORTED_BY_MODELS = ("Any", "AwareDatetime", "BytesIO", "File", "FileTypes", "Literal", "UUID")
IMPORTED_BY_OPERATIONS = ("DocumentedResponse", "Final", "Request", "Responses", "Sender")


def check_expressible(document: Any, name: str, overrides: Any = ()) -> None:
    """Refuse what would be missing from the generated package, or wrong in it.

    Args:
        document: The document with the spec fixes applied.
        name: The file name of the document, for the message.
        overrides: The class names that generator-config.yaml overrides.

    Raises:
        GenerationError: The message gives the location and the reason.
    """
    try:
        for path in document["paths"]:
            if not path.startswith(("/", "x-")) or "?" in path or "#" in path:
                raise GenerationError(f"path {path}: it must begin with a slash and must not have a query or fragment")
        for where, schema in schemas(document):
            check_schema(document, where, schema)
        for where, parameter in parameters(document):
            check_parameter(document, where, parameter)
        for where, is_request, content_type, media in media_types(document):
            check_media_type(document, f"{where} {content_type}", is_request, content_type, media)
        check_class_names(document, overrides or ())
        for where, operation in operations(document):
            check_bodies(document, where, resolve(document, operation.get("requestBody") or {}))
    except GenerationError as error:
        raise GenerationError(f"{name}: {error}") from None
    except RecursionError:
        raise GenerationError(f"{name}: a schema contains itself through allOf, oneOf or anyOf") from None


def find_warnings(document: Any) -> list[str]:
    """Return what does not stop generation but somebody should know: response headers and links, missing names."""
    found = []
    for where, operation in operations(document):
        if "operationId" not in operation:
            found.append(
                f"{where} has no operationId, so its function is named after the path: add one in"
                " overlay/spec-fixes.yaml before anybody uses it"
            )
        for status, entry in (operation.get("responses") or {}).items():
            response = resolve(document, entry)
            for keyword in ("headers", "links"):
                if response.get(keyword):
                    names = ", ".join(response[keyword])
                    found.append(f"{where}: {status}: not in the package: {keyword} {names}")
    return found


def check_schema(document: Any, where: str, schema: Any) -> None:
    """Refuse a schema that the generator would use only in part."""
    for keyword in DROPPED:
        if isinstance(schema.get(keyword), (dict, str)):
            raise GenerationError(f"{where}: the generator ignores '{keyword}'")
    if schema.get("oneOf") and schema.get("anyOf"):
        raise GenerationError(f"{where}: the generator ignores 'anyOf' next to 'oneOf'")
    if schema.get("nullable") and schema.get("allOf") and schema.get("additionalProperties"):
        raise GenerationError(f"{where}: 'nullable' next to allOf hides its 'additionalProperties'")
    check_enum(where, schema)
    if isinstance(schema.get("const"), float):
        raise GenerationError(f"{where}: the generator cannot express const {schema['const']!r}")
    for index, member in enumerate(schema.get("allOf") or ()):
        check_member(document, f"{where}/allOf/{index}", member, schema)
    if schema.get("discriminator") and not union_members(schema):
        for user, reference in references(document, "#"):
            inherits = user.startswith("#/components/schemas/") and user.split("/")[4:5] == ["allOf"]
            if reference == where and not inherits:
                raise GenerationError(
                    f"{user}: {reference} has a discriminator, so a value may have more properties than its own:"
                    " refer to a oneOf of its subtypes"
                )


def check_enum(where: str, schema: Any) -> None:
    """Refuse enum values that do not match the type of the schema, such as an unquoted number in YAML."""
    named = schema.get("type") or []
    kinds = tuple(kind for name in ([named] if isinstance(named, str) else named) for kind in PYTHON.get(name, ()))
    for value in [value for value in schema.get("enum") or () if value is not None]:
        if kinds and (not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds)):
            raise GenerationError(f"{where}: its enum contains {value!r}, which is not of type {named}")


def check_member(document: Any, where: str, member: Any, whole: Any) -> None:
    """Refuse a reference inside allOf whose additional properties the generator would drop."""
    if "$ref" not in member or len(whole["allOf"]) == 1 or "additionalProperties" in whole:
        return
    if resolve(document, member).get("additionalProperties") not in (None, False):
        raise GenerationError(f"{where}: allOf drops its 'additionalProperties': repeat them next to the allOf")


def check_parameter(document: Any, where: str, parameter: Any) -> None:
    """Refuse a parameter that the client cannot encode."""
    if "schema" not in parameter:
        return
    where = f"{where}: parameter {parameter.get('name')!r}"
    if parameter.get("allowReserved"):
        raise GenerationError(f"{where}: the client does not support allowReserved")
    location, schema = parameter["in"], resolve(document, parameter["schema"])
    if any(inner.get("format") == "binary" for _, inner in reachable(document, schema, where)):
        raise GenerationError(f"{where} cannot have format binary; use format byte for base64")
    fitting = [is_scalar, *{"path": [is_list], "query": [is_list, is_record]}.get(location, [])]
    if not any(is_flat(document, schema, test) for test in fitting):
        raise GenerationError(f"{where}: there is no unambiguous encoding of such a value in {location}")


def check_media_type(document: Any, where: str, is_request: bool, content_type: str, media: Any) -> None:
    """Refuse a body that the client cannot encode, or cannot decode."""
    kind = content_type.partition(";")[0].strip().lower()
    if "schema" not in media:
        return
    schema = resolve(document, media["schema"])
    is_plain = schema.get("type", "string") == "string" and not (
        schema.keys() & {"enum", "const", "properties", "items", "allOf", "oneOf", "anyOf"}
    )
    if kind == "application/octet-stream" and is_request and schema.get("format") != "binary":
        raise GenerationError(f"{where}: the schema of a binary body must be of type string, format binary")
    if kind == "application/octet-stream" and not is_plain:
        raise GenerationError(f"{where}: only a string of format binary can be decoded from such a response")
    if kind.startswith("text/") and not is_request and (not is_plain or schema.get("format", "") in TYPED):
        raise GenerationError(f"{where}: a text can only be decoded as a plain string")
    if kind in ("application/json", FORMS[0]) or kind.endswith("+json"):
        for inner_where, inner in reachable(document, media["schema"], where):
            if inner.get("format") == "binary":
                raise GenerationError(f"{inner_where}: {kind} cannot have format binary; use format byte for base64")
    if kind in FORMS:
        check_form(document, where, kind, schema, media.get("encoding") or {})


def check_form(document: Any, where: str, kind: str, schema: Any, encoding: Any) -> None:
    """Refuse a form whose fields the client would not encode as the document says."""
    if not is_flat(document, schema, is_object) or (kind == FORMS[0] and not is_flat(document, schema, is_record)):
        raise GenerationError(f"{where}: there is no unambiguous encoding of such a value in a form")
    for name, child in all_properties(document, schema, set()):
        part = resolve(document, child)
        if part.get("type") == "array":
            part = resolve(document, part.get("items") or {})
            if part.get("type") == "array":
                raise GenerationError(f"{where}: {name}: there is no unambiguous encoding of nested lists in a form")
        if part.get("contentMediaType") and not part.get("contentEncoding"):
            raise GenerationError(f"{where}: {name}: a file must have format: binary")
        sent = "application/json" if is_object(document, part) else "text/plain"
        wanted = encoding.get(name, {}).get("contentType", sent)
        if part.get("format") != "binary" and wanted != sent:  # File.mime_type overrides it
            raise GenerationError(f"{where}: {name}: the client sends it as {sent}, not as {wanted}")


def check_bodies(document: Any, where: str, body: Any) -> None:
    """Refuse bodies of several content types whose values have the same type."""
    content = list((body.get("content") or {}).items())
    behind = [alias_of(media.get("schema", {})) for _, media in content]
    for content_type, media in content[:-1]:
        schema = resolve(document, media.get("schema", {}))
        kind = schema.get("type", "object" if schema.get("properties") else None)
        is_twice = behind.count(alias_of(media["schema"])) > 1 if media.get("schema") else False
        if not isinstance(kind, str) or kind == "number" or schema.get("nullable") or is_twice:
            raise GenerationError(
                f"{where}: the type of the value does not decide whether it is sent as {content_type}:"
                " give the body a single type"
            )


def alias_of(schema: Any) -> Any:
    """Return the reference that a schema is a mere alias of, or the schema itself."""
    members = schema.get("allOf") or []
    return members[0] if len(members) == 1 and not schema.get("properties") else schema


def check_class_names(document: Any, overrides: Any) -> None:
    """Refuse a schema whose class would hide a name that the generated modules import."""
    names = [(f"#/components/schemas/{name}", name) for name in (document.get("components") or {}).get("schemas") or {}]
    names += [(where, schema["title"]) for where, schema in schemas(document) if isinstance(schema.get("title"), str)]
    for where, name in names:
        class_name = ClassName(str(name), "field_")
        if class_name in (*IMPORTED_BY_MODELS, *IMPORTED_BY_OPERATIONS) and class_name not in overrides:
            raise GenerationError(
                f"{where}: a class {class_name} would hide a name that the generated modules import:"
                " rename it under class_overrides in generator-config.yaml"
            )


def is_flat(document: Any, schema: Any, test: Callable[[Any, Any], bool]) -> bool:
    """Whether ``test`` holds for a schema, or for every member of a union."""
    schema = resolve(document, schema)
    members = union_members(schema) or schema.get("allOf") if test is is_scalar else union_members(schema)
    if members:
        return all(is_flat(document, member, test) for member in members)
    return test(document, schema)


def is_scalar(_: Any, schema: Any) -> bool:
    """Whether a schema allows neither arrays nor objects. A schema without a type counts as a scalar."""
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
    """Whether a schema is an object whose values are scalars or arrays of scalars."""
    if not is_object(document, schema):
        return False
    values = list((schema.get("properties") or {}).values())
    for member in schema.get("allOf") or ():
        member = resolve(document, member)
        if (not is_object(document, member) and member) or not is_record(document, {"type": "object", **member}):
            return False
    extra = schema.get("additionalProperties")
    values += [extra] if isinstance(extra, dict) else []
    return all(is_flat(document, value, is_scalar) or is_list(document, resolve(document, value)) for value in values)
