"""From a body's bytes to models: fast when it is what the spec says, tolerant when it strays."""

from __future__ import annotations

import types
import typing
from typing import Any

import msgspec
from attrs import frozen

from puretalk_generated.codec import MISSING, Path, decoder, is_msgspec_type, structure

from .errors import ResponseDecodeError


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
            try:
                return decoder(hint).decode(content), []
            except msgspec.ValidationError:
                pass
        return tolerant(msgspec.json.decode(content), hint)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # The library's own words and locals may quote the body.
        raise ResponseDecodeError("the answer is not JSON") from None


def tolerant(value: Any, hint: Any) -> tuple[Any, list[Drift]]:
    """Build ``hint`` from decoded JSON, and note where ``value`` strays."""
    drifts: list[Drift] = []

    def stray(path: Path, expected: Any, got: Any) -> None:
        drifts.append(Drift(jsonpath(path), type_name(expected), json_type(got)))

    result = structure(value, hint, stray)
    if any(drift.path == "$" for drift in drifts):
        raise ResponseDecodeError(f"the answer is JSON, but not {type_name(hint)}: {json_type(value)}")
    return result, drifts


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
