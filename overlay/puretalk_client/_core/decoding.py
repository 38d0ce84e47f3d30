"""From the bytes of a body to models: fast where the body matches the document, tolerant where it does not."""

from __future__ import annotations

import enum
import functools
import itertools
import json
import math
import re
import types
import typing
from collections.abc import Callable, Collection, Iterator
from typing import Any

import attrs
import msgspec

from puretalk_generated.codec import MISSING, Path, decoder, hints, is_msgspec_type, structure

from .._types import Drift, DriftKind
from ..errors import ResponseDecodeError

_ESCAPE = re.compile(
    rb"\\(?:(?P<pair>u(?i:d[89ab][0-9a-f]{2})\\u(?i:d[c-f][0-9a-f]{2}))|(?P<half>u(?i:d[89a-f][0-9a-f]{2}))|.)",
    re.DOTALL,
)
"""An escape of a JSON text: a surrogate pair, half of one, or any other (RFC 8259, section 7)."""

_SHOWN_NAME = re.compile(r"(?!(?:[^0-9]*[0-9]){5})[A-Za-z_][A-Za-z0-9_-]{0,63}")
"""A name that an API would choose. Other names, or five digits, can be a phone number, an id or an address."""

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

MAX_UNKNOWN = 10_000
"""Unknown fields and enum values that are looked at in one response. More of them do no harm."""


def decode(
    content: bytes, hint: Any, named_by_customers: Collection[str] | None = None, *, containers: int | None = None
) -> tuple[Any, list[Drift]]:
    """Decode the JSON body of a response into ``hint``, a model or any type that the generated package uses.

    Returns the value, which keeps each mismatch as received, and the mismatches. With ``named_by_customers``, the
    fields below which customers choose the names, these include unknown fields and enum values, each path once. A body
    that is not JSON (RFC 8259), or another JSON type altogether, is a ResponseDecodeError. ``containers`` is what
    ``count_containers`` returned, if the caller has it.
    """
    containers = count_containers(content) if containers is None else containers
    if containers > max(MAX_INLINE_CONTAINERS, len(content) // MIN_BYTES_PER_CONTAINER):
        raise ResponseDecodeError(f"The response has {containers} objects and arrays in {len(content)} bytes")
    is_inline = containers <= MAX_INLINE_CONTAINERS
    return decode_trusted(content, hint, named_by_customers, in_c=is_inline and named_by_customers is None)


def decode_trusted(
    content: bytes, hint: Any, named_by_customers: Collection[str] | None = None, *, in_c: bool = True
) -> tuple[Any, list[Drift]]:
    """Decode JSON as ``decode`` does, but however dense it is."""
    try:
        if not content.isascii():
            content.decode()  # msgspec does not check texts that no field takes
        fast = _fast_decoder(hint) if in_c else None
        if fast is not None:
            try:  # contextlib.suppress would take a fifth of the time of a small body
                return fast(content), []
            except msgspec.DecodeError:
                pass
        value, fixed = parse_json(content)
        result, drifts = convert(value, hint, named_by_customers)
        return result, drifts + fixed
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    # Raised outside of the handler: the library's error, its locals and its text may hold the body.
    raise ResponseDecodeError("The response is not JSON")


def is_large(content: bytes, containers: int) -> bool:
    """Whether the event loop should not wait for this body to be decoded."""
    return len(content) > MAX_INLINE_BYTES or containers > MAX_INLINE_CONTAINERS


def count_containers(content: bytes) -> int:
    """Return at least the number of objects and arrays, or 0 for a small body: those in texts count too."""
    if len(content) <= SMALL_BYTES:
        return 0
    # bytes.replace looks for a character with memchr, and takes half of the time of bytes.count.
    return 2 * len(content) - len(content.replace(b"{", b"")) - len(content.replace(b"[", b""))


@functools.cache
def _fast_decoder(hint: Any) -> Callable[[bytes], Any] | None:
    """Return what decodes ``hint`` in C without losing anything, if there is such a thing."""
    if is_msgspec_type(hint):
        return decoder(hint).decode
    if not attrs.has(hint) or not all(map(is_msgspec_type, hints(hint).values())):
        return None
    if any(field.default not in (None, attrs.NOTHING) for field in attrs.fields(hint)):  # properties of any name
        return None
    # msgspec cannot rename fields of attrs classes, such as "next" of a page, but those of its own.
    fields = [
        (field.name, hints(hint)[field.name], *(() if field.default is attrs.NOTHING else (field.default,)))
        for field in attrs.fields(hint)
    ]
    names = {name: json_name for json_name, name in fields_by_json_name(hint)[0].items()}
    decode_twin = decoder(msgspec.defstruct(hint.__name__, fields, rename=names, kw_only=True)).decode
    return lambda content: hint(**msgspec.structs.asdict(decode_twin(content)))


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
    drifts = [Drift("$", "Unicode text", "half a surrogate pair", "wrong type")] if text != content else []
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
        self.drifts = [Drift("$", "number", "number out of range", "wrong type")]


def convert(value: Any, hint: Any, named_by_customers: Collection[str] | None = None) -> tuple[Any, list[Drift]]:
    """Build ``hint`` from parsed JSON as ``decode`` does."""
    drifts: list[Drift] = []

    def report(drift: Drift) -> None:
        if len(drifts) == MAX_DRIFTS:
            raise ResponseDecodeError(f"The response does not match the document in more than {MAX_DRIFTS} places")
        drifts.append(drift)

    result = build(value, hint, report)
    if any(drift.path == "$" for drift in drifts):
        raise ResponseDecodeError(f"The response is JSON, but {json_type(value)} instead of {type_name(hint)}")
    if named_by_customers is not None:
        # A new field of the API is in every item of an array, and no reason to refuse a response.
        unknown = itertools.islice(find_unknown(value, result, named_by_customers), MAX_UNKNOWN)
        drifts += itertools.islice(dict.fromkeys(unknown), MAX_DRIFTS)
    return result, drifts


def build(value: Any, hint: Any, report: Callable[[Drift], None]) -> Any:
    """Build ``hint`` from parsed JSON, and report each value that does not match the document."""

    def on_mismatch(path: Path, expected: Any, actual: Any) -> None:
        kind: DriftKind = "wrong type"
        if actual is MISSING:
            kind = "missing"
        elif _is_enum_of(expected, type(actual)):
            kind = "unknown value"
        report(Drift(jsonpath(path), type_name(expected), json_type(actual), kind))

    return structure(value, hint, on_mismatch)


def find_unknown(value: Any, built: Any, named_by_customers: Collection[str], path: Path = ()) -> Iterator[Drift]:
    """Find what ``build`` tolerates: fields that a model does not have, and values that an open enum does not list.

    Args:
        value: The parsed JSON.
        built: What ``build`` made of it.
        named_by_customers: Fields below which customers choose the names, which are then not shown.
        path: Where the value is.
    """
    if built is value:  # a scalar, or a mismatch, which decoding leaves unchanged
        return
    if isinstance(built, enum.Enum):
        if isinstance(value, str) and type(built).__members__.get(built.name) is not built:
            yield Drift(jsonpath(path), type(built).__name__, json_type(value), "unknown value")
    elif isinstance(built, list):
        for item, built_item in zip(value, built, strict=True):
            yield from find_unknown(item, built_item, named_by_customers, (*path, "*"))
    elif isinstance(built, dict):
        for name, built_item in built.items():
            yield from find_unknown(value[name], built_item, named_by_customers, (*path, "*"))
    elif attrs.has(type(built)):
        fields, others = fields_by_json_name(built.__class__)
        for name, item in value.items():
            if name in fields:
                yield from find_unknown(item, getattr(built, fields[name]), named_by_customers, (*path, name))
            elif others is not None:
                yield from find_unknown(item, getattr(built, others)[name], named_by_customers, (*path, "*"))
            else:
                is_shown = _SHOWN_NAME.fullmatch(name) and not any(step in named_by_customers for step in path)
                yield Drift(jsonpath((*path, name if is_shown else "*")), "nothing", json_type(item), "unknown field")


@functools.cache
def fields_by_json_name(model: Any) -> tuple[dict[str, str], str | None]:
    """Return the fields of a model by their JSON names, and the field for properties of any other name."""
    fields = {field.metadata.get("json_name", field.name): field.name for field in attrs.fields(model)}
    others = [field.name for field in attrs.fields(model) if field.metadata.get("additional_properties")]
    return {key: name for key, name in fields.items() if name not in others}, next(iter(others), None)


def _is_enum_of(hint: Any, kind: type[Any]) -> bool:
    """Whether ``hint`` is an enum of values of this type."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return kind in map(type, arguments)
    if origin in (types.UnionType, typing.Union, typing.Annotated):
        return any(_is_enum_of(argument, kind) for argument in arguments)
    return False


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
