"""From the bytes of a body to models: fast where the body matches the document, tolerant where it does not."""

from __future__ import annotations

import functools
import json
import math
import re
import types
import typing
from typing import Any

import msgspec

from puretalk_generated.codec import MISSING, Path, decoder, is_msgspec_type, structure

from .._types import Drift
from ..errors import ResponseDecodeError

_ESCAPE = re.compile(
    rb"\\(?:(?P<pair>u(?i:d[89ab][0-9a-f]{2})\\u(?i:d[c-f][0-9a-f]{2}))|(?P<half>u(?i:d[89a-f][0-9a-f]{2}))|.)",
    re.DOTALL,
)
"""An escape of a JSON text: a surrogate pair, half of one, or any other (RFC 8259, section 7)."""

MAX_DIGITS = 4300
"""Digits of the longest integer that Python reads by default (``sys.int_info``); reading takes quadratic time."""

SMALL_BYTES = 24 * 1024
"""Size up to which a body is decoded in the event loop, whatever it holds: 8,000 empty objects at most."""
MAX_INLINE_BYTES = 160 * 1024
MAX_INLINE_CONTAINERS = 2000
"""Size, and number of objects and arrays, of a body that is decoded in the event loop, and wholly in C.

C does not let go of the interpreter: no other thread runs meanwhile. msgspec takes 5 us for an object without any of
its optional properties.
"""

MIN_BYTES_PER_CONTAINER = 24
"""A denser body is refused if it has many of them: arrays of arrays make the garbage collector stop all else."""

MAX_DRIFTS = 1000
"""Mismatches in one response, beyond which it is refused: a hostile one may have as many as it has bytes."""


def decode(content: bytes, hint: Any) -> tuple[Any, list[Drift]]:
    """Decode a JSON body into ``hint``, a model or any type that the generated package uses.

    Returns the value, which keeps each mismatch as received, and the mismatches. A body that is not JSON (RFC 8259),
    or another JSON type altogether, is a ResponseDecodeError.
    """
    try:
        if not content.isascii():
            content.decode()  # msgspec does not check texts that no field takes
        containers = _containers(content)
        if containers > max(MAX_INLINE_CONTAINERS, len(content) // MIN_BYTES_PER_CONTAINER):
            raise ResponseDecodeError(f"The response has {containers} objects and arrays in {len(content)} bytes")
        fast = _fast_decoder(hint) if containers <= MAX_INLINE_CONTAINERS else None
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


def is_large(content: bytes) -> bool:
    """Whether the event loop should not wait for this body to be decoded."""
    return len(content) > MAX_INLINE_BYTES or _containers(content) > MAX_INLINE_CONTAINERS


def _containers(content: bytes) -> int:
    """Return at least the number of objects and arrays, or 0 for a small body: those in texts count too."""
    if len(content) <= SMALL_BYTES:
        return 0
    # bytes.replace looks for a character with memchr, and takes half of the time of bytes.count.
    return 2 * len(content) - len(content.replace(b"{", b"")) - len(content.replace(b"[", b""))


@functools.cache
def _fast_decoder(hint: Any) -> msgspec.json.Decoder[Any] | None:
    """Return msgspec's decoder for ``hint`` if it loses nothing."""
    return decoder(hint) if is_msgspec_type(hint) else None


def parse_json(content: bytes) -> tuple[Any, list[Drift]]:
    """Parse JSON; replace what the grammar allows (RFC 8259, sections 6 and 8.2) and Python cannot hold.

    Half a surrogate pair, which servers write that cut UTF-16 texts, becomes U+FFFD. A number that is too large for
    a float, or an integer of more than 4,300 digits, becomes null.
    """
    try:
        return msgspec.json.decode(content), []
    except msgspec.DecodeError:
        text = _ESCAPE.sub(lambda escape: rb"\ufffd" if escape["half"] else escape[0], content)
    numbers = _Numbers()
    try:
        value = json.loads(
            text.decode(),
            parse_int=numbers.read_integer,
            parse_float=numbers.read_float,
            parse_constant=numbers.refuse,
        )
    except json.JSONDecodeError:  # it holds the body
        raise msgspec.DecodeError("not JSON") from None
    drifts = [Drift("$", "Unicode text", "half a surrogate pair")] if text != content else []
    return value, drifts + numbers.drifts


class _Numbers:
    """Reads the numbers of a JSON text, and notes those that Python cannot hold."""

    def __init__(self) -> None:
        self.drifts: list[Drift] = []

    def read_integer(self, token: str) -> int | None:
        try:
            if len(token) <= MAX_DIGITS:
                return int(token)
        except ValueError:
            pass  # the application has lowered the limit
        self._note()
        return None

    def read_float(self, token: str) -> float | None:
        value = float(token)
        if math.isinf(value):
            self._note()
            return None
        return value

    def refuse(self, token: str) -> None:
        """Refuse NaN and Infinity, which Python's parser takes for JSON."""
        raise msgspec.DecodeError("not JSON")

    def _note(self) -> None:
        self.drifts = [Drift("$", "number", "number out of range")]


def _decode_leniently(value: Any, hint: Any) -> tuple[Any, list[Drift]]:
    """Build ``hint`` from parsed JSON, and note where ``value`` does not match."""
    drifts: list[Drift] = []

    def on_mismatch(path: Path, expected: Any, actual: Any) -> None:
        if len(drifts) == MAX_DRIFTS:
            raise ResponseDecodeError(f"The response does not match the document in more than {MAX_DRIFTS} places")
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


@functools.cache
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
    return "None" if hint in (None, type(None)) else hint.__name__


def json_type(value: Any) -> str:
    """Name the JSON type of a parsed value (RFC 8259, section 3)."""
    if value is MISSING:
        return "missing"
    names = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}
    return names.get(type(value), "number")
