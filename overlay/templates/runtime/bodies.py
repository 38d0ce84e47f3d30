"""Request bodies: from models to bytes, in each of the formats that a document can ask for."""

from __future__ import annotations

import datetime
import mimetypes
import os
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

import attrs
import msgspec

from .types import NULL, Body, File, encode_query, encode_value, named_fields, require_offset

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"

Part = tuple[str, str | None, str | None, bytes]


def to_builtins(value: Any) -> Any:
    """Convert models, also inside lists and dicts, to dicts with JSON names that msgspec.json.encode accepts.

    Raises:
        ValueError: A datetime has no UTC offset.
    """
    if attrs.has(type(value)):
        return {name: to_builtins(item) for name, item in named_fields(value)}
    if isinstance(value, list):
        return [to_builtins(item) for item in value]
    if isinstance(value, dict):
        return {name: to_builtins(item) for name, item in value.items()}
    if isinstance(value, datetime.datetime):
        return require_offset(value)
    return None if value is NULL else value


def json_body(value: Any, content_type: str) -> Body:
    """Build a JSON body."""
    return Body(content=msgspec.json.encode(to_builtins(value)), content_type=content_type)


def form_body(value: Any) -> Body:
    """Build a URL-encoded form from the fields of a model; a list repeats its name, an object is sent as JSON."""
    fields = [
        (name, encode_object(item))
        for name, items in named_fields(value)
        for item in (items if isinstance(items, list) else [items])
    ]
    return Body(fields=encode_query(fields), content_type=FORM)


def encode_object(value: Any) -> Any:
    """Write an object, or a list inside a list, as JSON: their default in forms (OpenAPI 3.0.4, Encoding Object)."""
    if isinstance(value, (dict, list)) or attrs.has(type(value)):
        return msgspec.json.encode(to_builtins(value)).decode()
    return value


def multipart_body(value: Any) -> Body:
    """Build a multipart form (RFC 7578) from the fields of a model; a list repeats its name.

    Raises:
        ValueError: A value cannot be sent in a form, or a media type contains control characters.
    """
    parts: list[Part] = []
    for name, item in named_fields(value):
        for part in item if isinstance(item, list) else [item]:
            if isinstance(part, File):
                # Servers read a part without a file name as a text.
                file_name = part.file_name or name
                media_type = part.mime_type or mimetypes.guess_type(file_name)[0] or "application/octet-stream"
                parts.append((name, file_name, validate_media_type(media_type), read_file(part)))
            elif (encoded := encode_object(part)) is not part:
                parts.append((name, None, "application/json", encoded.encode()))
            elif part is not None:
                parts.append((name, None, None, encode_value(part).encode()))
    return Body(parts=tuple(parts), content_type=MULTIPART)


def binary_body(value: File, content_type: str) -> Body:
    """Build a body that is a single file; its own media type comes first, such as audio/wav for audio/*."""
    media_type = value.mime_type or ("application/octet-stream" if "*" in content_type else content_type)
    return Body(content=read_file(value), content_type=validate_media_type(media_type))


def validate_media_type(media_type: str) -> str:
    """Return ``media_type`` unless it would add another header."""
    if not media_type.isprintable():
        raise ValueError("the mime_type of a File must not contain control characters")
    return media_type


def read_file(file: File) -> bytes:
    """Read a file once, into memory: a retry sends the same bytes again."""
    return file.payload if isinstance(file.payload, bytes) else file.payload.read()


def encode_body(body: Body) -> tuple[bytes, str]:
    """Return the bytes of ``body`` and its ``Content-Type`` header."""
    if body.content is not None:
        return body.content, body.content_type
    if body.content_type == FORM:
        return urlencode(body.fields).encode(), FORM
    boundary = os.urandom(16).hex()
    return _multipart(body.parts, boundary), f"{MULTIPART}; boundary={boundary}"


def _multipart(parts: Iterable[Part], boundary: str) -> bytes:
    lines: list[bytes] = []
    for name, file_name, media_type, content in parts:
        disposition = f'Content-Disposition: form-data; name="{_quoted(name)}"'
        if file_name is not None:
            disposition += f'; filename="{_quoted(file_name)}"'
        lines += [f"--{boundary}".encode(), disposition.encode()]
        if media_type is not None:
            lines.append(f"Content-Type: {media_type}".encode())
        lines += [b"", content]
    return b"\r\n".join([*lines, f"--{boundary}--".encode(), b""])


def _quoted(name: str) -> str:
    """Escape a name as browsers do (HTML, section 4.10.21.8), so that it cannot add a header."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
