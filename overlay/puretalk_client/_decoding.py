"""From a body's bytes to models: fast when it is what the spec says, tolerant when it strays."""

from __future__ import annotations

import contextlib
import json
import re
import types
import typing
from typing import Any

import msgspec
from attrs import frozen

from puretalk_generated.codec import MISSING, Path, decoder, is_msgspec_type, structure

from .errors import ResponseDecodeError

_ESCAPE = re.compile(
    rb"\\(?:(?P<pair>u[dD][89abAB]..\\u[dD][c-fC-F]..)|(?P<half>u[dD][89a-fA-F]..)|.)", re.DOTALL
)
"""An escape of a JSON text: a surrogate pair, half of one, or any other (RFC 8259, section 7)."""

MAX_DRIFTS = 1000
"""Strays that are noted of one answer: a hostile one may have as many as it has bytes."""


@frozen
class Drift:
    """One place where an answer strayed from the spec. The value itself is never kept.

    Attributes:
        path: Where, as a JSONPath (RFC 9535); ``[*]`` stands for any item of an array.
        expected: The type that openapi.yaml promises.
        got_type: The JSON type that came: object, array, string, number, boolean, null, or missing.
    """

    path: str
    expected: str
    got_type: str

    def parts(self) -> tuple[str, str, str]:
        """Return path, expected type and JSON type."""
        return self.path, self.expected, self.got_type


def decode(content: bytes, hint: Any) -> tuple[Any, list[Drift]]:
    """Decode a JSON body into ``hint``.

    Args:
        content: The whole body.
        hint: A model, or any type that the generated package uses.

    Returns:
        The value, and where the body strayed from the spec. What strayed is kept in the value as it came.

    Raises:
        ResponseDecodeError: The body is not JSON (RFC 8259), or another kind of JSON altogether.
    """
    try:
        if not content.isascii():
            content.decode()  # msgspec does not look into texts that no field wants
        if is_msgspec_type(hint):
            with contextlib.suppress(msgspec.DecodeError):
                return decoder(hint).decode(content), []
        value, mended = parse(content)
        result, drifts = tolerant(value, hint)
        return result, drifts + mended
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # The library's own words and locals may quote the body.
        raise ResponseDecodeError("the answer is not JSON") from None


def parse(content: bytes) -> tuple[Any, list[Drift]]:
    """Parse JSON, also with half a surrogate pair in a text, as servers write that cut texts in UTF-16.

    RFC 8259, section 8.2, allows it, but no Unicode text can hold it: U+FFFD takes its place.
    """
    try:
        return msgspec.json.decode(content), []
    except msgspec.DecodeError:
        mended = _ESCAPE.sub(lambda escape: rb"\ufffd" if escape["half"] else escape[0], content)
        if mended == content:
            raise
    return msgspec.json.decode(mended), [Drift("$", "Unicode text", "half a surrogate pair")]


def tolerant(value: Any, hint: Any) -> tuple[Any, list[Drift]]:
    """Build ``hint`` from decoded JSON, and note where ``value`` strays."""
    drifts: list[Drift] = []

    def stray(path: Path, expected: Any, got: Any) -> None:
        if len(drifts) < MAX_DRIFTS:
            drifts.append(Drift(jsonpath(path), type_name(expected), json_type(got)))

    result = structure(value, hint, stray)
    if any(drift.path == "$" for drift in drifts):
        raise ResponseDecodeError(f"the answer is JSON, but not {type_name(hint)}: {json_type(value)}")
    return result, drifts


def repeats_a_name(content: bytes, names: tuple[bytes, ...]) -> bool:
    """Whether the object that ``content`` is has one of ``names`` twice, of which msgspec takes the last.

    RFC 8259 leaves open what that means, and a proxy may have read the other one.
    """
    # Names can be written with escapes of ASCII letters, which no sane encoder does.
    is_suspect = b"\\u006" in content or b"\\u007" in content
    if not is_suspect and all(content.count(b'"%s"' % name) < 2 for name in names):
        return False
    outermost: list[str] = []

    def keep_names(pairs: list[tuple[str, Any]]) -> None:
        outermost[:] = [name for name, _ in pairs]  # json calls this for the outermost object last

    json.loads(content, object_pairs_hook=keep_names)
    return any(outermost.count(name.decode()) > 1 for name in names)


def jsonpath(path: Path) -> str:
    """Write a path as RFC 9535 has it."""
    return "$" + "".join("[*]" if step == "*" else f".{step}" for step in path)


def type_name(hint: Any) -> str:
    """Name a type as a person would read it."""
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
    """Name the JSON type of a decoded value (RFC 8259, section 3)."""
    if value is MISSING:
        return "missing"
    names = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}
    return names.get(type(value), "number")
