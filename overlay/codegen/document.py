"""Checks an OpenAPI document and finds its operations and security schemes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from openapi_python_client.parser.openapi import generate_operation_id
from openapi_python_client.schema.untrusted_string import UntrustedString
from openapi_python_client.strings import PythonIdentifier

from .pointers import references, resolve

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


class GenerationError(Exception):
    """Generation cannot continue; the message says where and why."""


def check_document(document: Any, name: str) -> None:
    """Refuse a document that cannot become a client.

    Raises:
        GenerationError: It is not an OpenAPI 3 document, has no paths, or has a broken reference or API key scheme.
    """
    if not isinstance(document, dict):
        raise GenerationError(f"{name}: not an OpenAPI document: the top level is not a mapping")
    if "swagger" in document and "openapi" not in document:
        raise GenerationError(f"{name}: Swagger {document['swagger']}: convert it to OpenAPI 3 first")
    if not str(document.get("openapi", "")).startswith("3."):
        raise GenerationError(f"{name}: 'openapi' must be 3.0.x or 3.1.x, not {document.get('openapi')!r}")
    if not isinstance(document.get("paths"), dict) or not document["paths"]:
        raise GenerationError(f"{name}: 'paths' is missing or empty: there is nothing to generate")
    for where, reference in references(document, "#"):
        try:
            resolve(document, {"$ref": reference})
        except KeyError:
            message = f"{name}: {where}: $ref to {reference!r}, which is not in the document"
            raise GenerationError(message) from None
    for scheme, details in security_schemes(document).items():
        if details.get("type") == "apiKey" and not (details.get("name") and details.get("in")):
            raise GenerationError(f"{name}: security scheme {scheme} lacks 'name' or 'in'")


def check_operation_names(document: Any, name: str) -> None:
    """Refuse two operations that would share a module, and one whose name its module already uses."""
    seen: dict[tuple[str, str], str] = {}
    for where, operation in operations(document):
        method, _, path = where.partition(" ")
        identifier = generate_operation_id(path=UntrustedString(path), method=method.lower(), prefix="field_")
        if "operationId" in operation:
            identifier = PythonIdentifier(str(operation["operationId"]), prefix="field_")
        if identifier == "request":
            raise GenerationError(
                f"{name}: {where}: an operation cannot be named 'request': every module has a function of that name"
            )
        tags = operation.get("tags") or ["default"]
        tag = PythonIdentifier(str(tags[0] if isinstance(tags, list) else tags), prefix="tag")
        other = seen.setdefault((tag, identifier), where)
        if other != where:
            given = operation.get("operationId")
            label = f"operationId {given}" if given is not None else f"the name {identifier}"
            raise GenerationError(f"{name}: {where}: {label} is also used by {other}")


def operations(document: Any) -> Iterator[tuple[str, Any]]:
    """Yield every operation as "GET /path" with its Operation Object."""
    for path, item in (document.get("paths") or {}).items():
        for method, operation in item.items() if isinstance(item, dict) else ():
            if method in METHODS and isinstance(operation, dict):
                yield f"{method.upper()} {path}", operation


def security_schemes(document: Any) -> dict[str, Any]:
    """Return the security schemes of a document by name."""
    components = document.get("components")
    schemes = components.get("securitySchemes") if isinstance(components, dict) else None
    named = schemes.items() if isinstance(schemes, dict) else ()
    return {name: details for name, details in named if isinstance(details, dict)}


def key_header(document: Any, name: str) -> str | None:
    """Return the header of an apiKey scheme that is enough for every operation, or None if none is needed.

    Raises:
        GenerationError: An operation needs credentials that the client cannot send.
    """
    keys = {
        scheme: details["name"]
        for scheme, details in security_schemes(document).items()
        if details.get("type") == "apiKey" and details.get("in") == "header"
    }
    unserved: list[tuple[str, Any]] = []
    for key in [*keys, None]:  # None: operations that need no key
        unserved = [
            (where, needed)
            for where, operation in operations(document)
            if (needed := operation.get("security", document.get("security")))
            and not any(set(alternative) <= {key} for alternative in needed)
        ]
        if not unserved:
            return keys[key] if key else None
    where, needed = unserved[0]
    schemes = " or ".join(" with ".join(alternative) for alternative in needed)
    kinds = ", ".join(
        f"{scheme} is {details.get('type')} {details.get('scheme') or details.get('in') or ''}".strip()
        for scheme, details in security_schemes(document).items()
    )
    raise GenerationError(
        f"{name}: {where}: needs {schemes}, but the client sends one API key in one header ({kinds})."
        " Change 'security' in overlay/spec-fixes.yaml to what it can send."
    )
