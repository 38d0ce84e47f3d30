# Generated from openapi.yaml by openapi-python-client 0.29.1 ("make generate"). Do not edit.
"""From the models to the bodies of requests, in each of the forms that a document can ask for."""

from __future__ import annotations

import datetime
from typing import Any

import attrs
import msgspec

from .types import NULL, Body, File, aware, named_fields, pairs, text


def plain(value: Any) -> Any:
    """Turn models, also within lists and dicts, into what msgspec.json.encode writes as the spec has it."""
    if attrs.has(type(value)):
        return {name: plain(item) for name, item in named_fields(value)}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, datetime.datetime):
        return aware(value)
    return None if value is NULL else value


def json_body(value: Any, content_type: str) -> Body:
    """Encode a JSON body."""
    return Body(content=msgspec.json.encode(plain(value)), content_type=content_type)


def form_body(value: Any) -> Body:
    """Encode a body as the fields of a form (``application/x-www-form-urlencoded``)."""
    return Body(fields=pairs(named_fields(value)))


def multipart_body(value: Any) -> Body:
    """Encode a body as the parts of a form (``multipart/form-data``)."""
    parts: list[tuple[str, Any]] = []
    for name, item in named_fields(value):
        for part in item if isinstance(item, list) else [item]:
            if isinstance(part, File):
                # A part without a file name is a text to most servers.
                parts.append((name, (part.file_name or name, content_of(part), part.mime_type)))
            elif attrs.has(type(part)) or isinstance(part, dict):
                parts.append((name, (None, msgspec.json.encode(plain(part)), "application/json")))
            elif part is not None:
                parts.append((name, (None, text(part))))
    return Body(files=tuple(parts))


def binary_body(value: File, content_type: str) -> Body:
    """Encode a body that is one file."""
    return Body(content=content_of(value), content_type=content_type)


def content_of(file: File) -> bytes:
    """Read a file, once: a request may be sent several times."""
    return file.payload if isinstance(file.payload, bytes) else file.payload.read()
