"""From the bytes of a body to models: fast where the body matches the document, tolerant where it does not."""

from __future__ import annotations

import functools
import re
import types
import typing
from typing import Any

import msgspec

from puretalk_generated.codec import MISSING, Path, decoder, is_msgspec_type, structure

from .._types import Drift
from ..errors import ResponseDecodeError

_ESCAPE = re.compile(rb"\\(?:(?P<pair>u[dD][89abAB]..\\u[dD][c-fC-F]..)|(?P<half>u[dD][89a-fA-F]..)|.)", re.DOTALL)
"""An escape of a JSON text: a surrogate pair, half of one, or any other (RFC 8259, section 7)."""

MAX_DRIFTS = 1000
"""Mismatches that are kept of one response: a hostile one may have as many as it has bytes."""


def decode(content: bytes, hint: Any) -> tuple[Any, list[Drift]]:
    """Decode a JSON body into ``hint``, a model or any type that the generated package uses.

    Returns the value, which keeps each mismatch as received, and the mismatches. A body that is not JSON (RFC 8259),
    or another JSON type altogether, is a ResponseDecodeError.
    """
    try:
        if not content.isascii():
            content.decode()  # msgspec does not check texts that no field takes
        fast = _fast_decoder(hint)
        if fast is not None:
            try:  # contextlib.suppress would take a fifth of the time of a small body
                return fast.decode(content), []
            except msgspec.DecodeError:
                pass
        value, fixed = parse_json(content)
        result, drifts = _decode_leniently(value, hint)
        return result, drifts + fixed
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # The library's text and locals may quote the body.
        raise ResponseDecodeError("The response is not JSON") from None


@functools.cache
def _fast_decoder(hint: Any) -> msgspec.json.Decoder[Any] | None:
    """Return msgspec's decoder for ``hint`` if it loses nothing."""
    return decoder(hint) if is_msgspec_type(hint) else None


def parse_json(content: bytes) -> tuple[Any, list[Drift]]:
    """Parse JSON; half a surrogate pair, which servers write that cut UTF-16 texts, becomes U+FFFD.

    RFC 8259, section 8.2, allows such texts, but Unicode text cannot hold them.
    """
    try:
        return msgspec.json.decode(content), []
    except msgspec.DecodeError:
        fixed = _ESCAPE.sub(lambda escape: rb"\ufffd" if escape["half"] else escape[0], content)
        if fixed == content:
            raise
    return msgspec.json.decode(fixed), [Drift("$", "Unicode text", "half a surrogate pair")]


def _decode_leniently(value: Any, hint: Any) -> tuple[Any, list[Drift]]:
    """Build ``hint`` from parsed JSON, and note where ``value`` does not match."""
    drifts: list[Drift] = []

    def on_mismatch(path: Path, expected: Any, actual: Any) -> None:
        if len(drifts) < MAX_DRIFTS:
            drifts.append(Drift(jsonpath(path), type_name(expected), json_type(actual)))

    result = structure(value, hint, on_mismatch)
    if any(drift.path == "$" for drift in drifts):
        raise ResponseDecodeError(f"The response is JSON, but {json_type(value)} instead of {type_name(hint)}")
    return result, drifts


def jsonpath(path: Path) -> str:
    """Write a path as RFC 9535 does."""
    return "$" + "".join(
        "[*]" if step == "*" else f".{step}" if step.isidentifier() else f"[{step!r}]" for step in path
    )


def type_name(hint: Any) -> str:
    """Name a type for people."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return type_name(arguments[0])
    if origin is typing.Literal:
        return " | ".join(repr(value) for value in arguments)
    if origin in (types.UnionType, typing.Union):
        return " | ".join(type_name(member) for member in arguments)
    if arguments:
        return f"{origin.__name__}[{', '.join(type_name(member) for member in arguments)}]"
    return "None" if hint in (None, type(None)) else getattr(hint, "__name__", str(hint))


def json_type(value: Any) -> str:
    """Name the JSON type of a parsed value (RFC 8259, section 3)."""
    if value is MISSING:
        return "missing"
    names = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}
    return names.get(type(value), "number")
