"""JSON texts: of any value, of a call in a response, and of the fields that the document does not have."""

from __future__ import annotations

import functools
import json
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import attrs
import msgspec

from puretalk_generated.codec import hints

from .._core.decoding import fields_by_json_name, parse_json
from ..models import Call


def json_text(value: Any) -> str:
    """Return the JSON of a value, with every digit of an integer.

    Raises:
        ValueError: It has no JSON (or a TypeError, or a RecursionError).
    """
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON has an escape for
        return json.dumps(value, allow_nan=False, separators=(",", ":"))


def json_texts(values: Sequence[Any]) -> list[str]:
    """Return the JSON of each value; raise as ``json_text`` does."""
    try:
        return _encode_lines(values).decode().split("\n")[: len(values)]
    except UnicodeEncodeError:
        return list(map(json_text, values))


_encode_lines = msgspec.json.Encoder().encode_lines


class _Envelope(msgspec.Struct):
    results: msgspec.Raw


_read_envelope = msgspec.json.Decoder(_Envelope).decode


def received_call(content: bytes) -> bytes:
    """Return the JSON of the call in a response, as received, in one line."""
    try:
        call = bytes(_read_envelope(content).results)
    except (msgspec.DecodeError, UnicodeDecodeError):  # what the client fixed: half of a surrogate pair, say
        call = json_text(parse_json(content)[0]["results"]).encode()
    # JSON allows a line break only between tokens.
    return call.replace(b"\r", b" ").replace(b"\n", b" ") if b"\n" in call or b"\r" in call else call


def parse_call(received: bytes) -> dict[str, Any]:
    """Parse what ``received_call`` returned."""
    call: dict[str, Any] = parse_json(received)[0]
    return call


def unknown_fields(call: Mapping[str, Any]) -> str | None:
    """Return the fields of a call that the document does not have, as a JSON object by JSONPath; None for none."""
    found: dict[str, Any] = {}
    _find_unknown(call, _shape(Call), "$", found)
    return json_text(found) if found else None


def unknown_fields_in(content: bytes) -> str | None:
    """Return the same for the call in a response, faster where there is none."""
    try:
        _strict_decoder()(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return unknown_fields(parse_call(received_call(content)))
    return None


@functools.cache
def _strict_decoder() -> Callable[[bytes], Any]:
    """Return what decodes only responses whose call has no unknown fields; it refuses other mismatches, too."""
    return msgspec.json.Decoder(msgspec.defstruct("Strict", [("results", _strict(Call))])).decode


def _strict(model: Any) -> Any:
    """Return a Struct with the fields of a model, which refuses others, and looks only into the models in it."""
    fields, others = fields_by_json_name(model)
    if others is not None:
        return Any
    members = []
    for name in fields.values():
        hint = hints(model)[name]
        kind: Any = next(map(_strict, models_of(hint)), None)
        if kind is not None and has_list(hint):
            kind = list[kind | None]
        members.append((name, Any if kind is None or kind is Any else kind | None, None))
    names = {name: json_name for json_name, name in fields.items()}
    return msgspec.defstruct(model.__name__, members, rename=names, forbid_unknown_fields=True, kw_only=True, gc=False)


_Shape: TypeAlias = dict[str, "_Shape | None"]
"""The fields of a model by their JSON names, each with those of the model in it."""


@functools.cache
def _shape(model: Any) -> _Shape | None:
    """Return the shape of a model; None for one with properties of any name."""
    fields, others = fields_by_json_name(model)
    inner = {name: next(iter(models_of(hints(model)[field])), None) for name, field in fields.items()}
    return {name: _shape(each) if each else None for name, each in inner.items()} if others is None else None


def _find_unknown(value: Any, shape: _Shape | None, path: str, found: dict[str, Any]) -> None:
    if shape is None:
        return
    if isinstance(value, list):
        for position, item in enumerate(value):
            _find_unknown(item, shape, f"{path}[{position}]", found)
    elif isinstance(value, dict | Mapping):
        for name in value:
            if name not in shape:
                found[f"{path}.{name}" if name.isidentifier() else f"{path}[{name!r}]"] = value[name]
        for name, inner in shape.items():
            if inner is not None and name in value:
                _find_unknown(value[name], inner, f"{path}.{name}", found)


def models_of(hint: Any) -> list[Any]:
    """Return the models in a type."""
    if isinstance(hint, type) and attrs.has(hint):
        return [hint]
    return [model for part in typing.get_args(hint) for model in models_of(part)]


def has_list(hint: Any) -> bool:
    """Whether a type is a list, or one or None."""
    return any(typing.get_origin(part) is list for part in (hint, *typing.get_args(hint)))
