"""Checks an OpenAPI document and finds its operations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .pointers import CircularReference, references, resolve

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


class GenerationError(Exception):
    """Generation cannot continue; the message says where and why."""


def check_document(document: Any, name: str) -> None:
    """Refuse a document that cannot become a client.

    Raises:
        GenerationError: It is not an OpenAPI 3 document, has no paths, or has a broken reference.
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
        except KeyError as error:
            reason = "leads round in a circle" if isinstance(error, CircularReference) else "is not in the document"
            raise GenerationError(f"{name}: {where}: $ref to {reference!r}, which {reason}") from None


def operations(document: Any) -> Iterator[tuple[str, Any]]:
    """Yield every operation as "GET /path" with its Operation Object."""
    for path, item in (document.get("paths") or {}).items():
        for method, operation in item.items() if isinstance(item, dict) else ():
            if method in METHODS and isinstance(operation, dict):
                yield f"{method.upper()} {path}", operation
