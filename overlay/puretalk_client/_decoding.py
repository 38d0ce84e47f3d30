"""From a body's bytes to models: fast when it is what the spec says, tolerant when it strays."""

from __future__ import annotations

import functools
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
        fast = fast_decoder(hint)
        if fast is not None:
            try:  # no contextlib.suppress: it takes a fifth of the time of a small body
                return fast.decode(content), []
            except msgspec.DecodeError:
                pass
        value, mended = parse(content)
        result, drifts = tolerant(value, hint)
        return result, drifts + mended
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # The library's own words and locals may quote the body.
        raise ResponseDecodeError("the answer is not JSON") from None


@functools.cache
def fast_decoder(hint: Any) -> msgspec.json.Decoder[Any] | None:
    """Return msgspec's decoder for ``hint``, where it can do that by itself with nothing lost."""
    return decoder(hint) if is_msgspec_type(hint) else None


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


class _Envelope(msgspec.Struct):
    msg: msgspec.Raw = msgspec.Raw()
    err: msgspec.Raw = msgspec.Raw()
    results: msgspec.Raw = msgspec.Raw()


ENVELOPE = _Envelope.__struct_fields__
"""What every answer of the API is wrapped in."""

_SKIM = msgspec.json.Decoder(_Envelope)
_SHORTEST_MEMBER = len(b'"err":1,')
_NAMES = re.compile(rb'"(msg|err|results)"')


def repeats_a_name(content: bytes) -> bool:
    """Whether an envelope names msg, err or results twice; decoders take the last, a proxy may have read the first.

    Skimming takes a sixth of the time of decoding. What is left of the length without the values, one name each
    and the punctuation has no room for another member, or is looked at closely.
    """
    envelope = _SKIM.decode(content)
    values = [(name, getattr(envelope, name)) for name in ENVELOPE]
    needed = 1 + sum(len(name) + len(value) + len(b'"":,') for name, value in values if value)
    if len(content) - needed < _SHORTEST_MEMBER:
        return False
    found = _NAMES.findall(content)
    # Names can be written with escapes of ASCII letters, which no sane encoder does.
    if len(found) == len(set(found)) and b"\\u006" not in content and b"\\u007" not in content:
        return False
    outermost: list[str] = []

    def keep_names(pairs: list[tuple[str, Any]]) -> None:
        outermost[:] = [name for name, _ in pairs]  # json calls this for the outermost object last

    json.loads(content, object_pairs_hook=keep_names)
    return any(outermost.count(name) > 1 for name in ENVELOPE)


def jsonpath(path: Path) -> str:
    """Write a path as RFC 9535 has it."""
    return "$" + "".join(
        "[*]" if step == "*" else f".{step}" if step.isidentifier() else f"[{step!r}]" for step in path
    )


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
