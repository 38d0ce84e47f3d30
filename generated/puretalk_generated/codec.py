# Generated from openapi.yaml by openapi-python-client 0.29.1 ("make generate"). Do not edit.
"""JSON to models.

msgspec decodes directly into the attrs classes of ``models``, in C, 8 times faster than the ``from_dict`` of the stock
generator. There are three things that it does not do for attrs classes: rename fields, keep properties that the
document does not name, and tell two object types of a union apart. ``structure`` walks the same classes for those.

A field of a subclass may have a class that is not a model, but a classmethod ``__from_json__`` with the signature
``Structure``: it builds its instance from what a JSON parser returned, and reports what does not match. Both decoders
use it.
"""

from __future__ import annotations

import functools
import threading
import types
import typing
from collections.abc import Callable
from typing import Any

import attrs
import msgspec

from .errors import UnexpectedContent
from .types import DocumentedResponse, named_fields

Path = tuple[str, ...]
"""JSON names from the root; ``*`` stands for any array item, and for any name that the document does not give."""
OnMismatch = Callable[[Path, Any, Any], None]
"""Receives the path of a value that does not match, the expected type, and the value."""
MISSING: Any = object()
"""The value passed to ``OnMismatch`` for a required property that is absent; the model then has None."""
Structure = Callable[[Any, Path, OnMismatch], Any]


def decode(content: bytes, documented: DocumentedResponse) -> Any:
    """Decode a body as ``documented`` describes it.

    Raises:
        UnexpectedContent: It is not JSON, or does not match.
    """
    if documented.media == "none":
        return None
    if documented.media == "bytes":
        return content
    try:
        if documented.media == "text":
            return content.decode()
        if is_msgspec_type(documented.type):
            try:
                return decoder(documented.type).decode(content)
            except msgspec.ValidationError:
                pass  # JSON Schema accepts 4.0 as an integer, msgspec does not
        return structure(msgspec.json.decode(content), documented.type)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        # The messages of these quote the body, which may be personal.
        raise UnexpectedContent("the body does not match the document") from None


_DECODER_LOCK = threading.Lock()


@functools.cache
def decoder(hint: Any) -> msgspec.json.Decoder[Any]:
    """Return msgspec's decoder for ``hint``, created once.

    Raises:
        TypeError: msgspec does not support a type in it.
        RecursionError: Its models refer to each other more deeply than msgspec can follow.
    """
    # msgspec 0.20 to 0.22 stores what it knows of a class on the class before it has read all of it (not reported
    # upstream). Two things crash the process at the next decoding: a second thread that finds a class half read, and,
    # after an error, a class that refers to a half-read one.
    models = models_in(hint)
    with _DECODER_LOCK:
        try:
            return msgspec.json.Decoder(hint, dec_hook=_from_json)
        except BaseException:
            for model in models:
                if "__msgspec_cache__" in vars(model):
                    del model.__msgspec_cache__
            raise


def _from_json(kind: Any, value: Any) -> Any:
    """Build an instance of a class that msgspec does not know."""
    return kind.__from_json__(value, (), _refuse)


@functools.cache
def is_msgspec_type(hint: Any) -> bool:
    """Whether msgspec can decode into ``hint`` by itself without losing anything."""
    if any(field.metadata for model in models_in(hint) for field in attrs.fields(model)):
        return False
    try:
        decoder(hint)
    except (TypeError, RecursionError):
        return False
    return True


@functools.cache
def models_in(hint: Any) -> frozenset[Any]:
    """Collect every model that ``hint`` can contain, at any depth."""
    found: set[Any] = set()
    waiting = [*_named(hint)]
    while waiting:
        model = waiting.pop()
        if model not in found:
            found.add(model)
            waiting.extend(_held(model)[0])
    return frozenset(found)


@functools.cache
def is_bounded(model: Any) -> bool:
    """Whether there is a limit to how many other models ``model`` can hold: none in arrays or maps, and no circle."""
    models = models_in(model)
    if any(_held(each)[1] for each in models):
        return False
    return not any(each in models_in(inner) for each in models for inner in _held(each)[0])


@functools.cache
def _held(model: Any) -> tuple[frozenset[Any], bool]:
    """Return the models that the fields of ``model`` name, and whether one has an array or a map of models in it."""
    types_of = hints(model).values()
    return frozenset(each for hint in types_of for each in _named(hint)), any(map(_repeats, types_of))


def _named(hint: Any) -> list[Any]:
    """Return the models in ``hint`` itself, without those in their fields."""
    if isinstance(hint, type) and attrs.has(hint):
        return [hint]
    return [model for part in typing.get_args(hint) for model in _named(part)]


def _repeats(hint: Any) -> bool:
    """Whether ``hint`` has an array or a map of models in it."""
    if typing.get_origin(hint) in (list, dict):
        return bool(_named(hint))
    return any(map(_repeats, typing.get_args(hint)))


@functools.cache
def hints(model: Any) -> dict[str, Any]:
    """Return the types of the fields of ``model`` by name."""
    return typing.get_type_hints(model, include_extras=True)


def _refuse(path: Path, hint: Any, value: Any) -> None:
    raise msgspec.ValidationError(f"expected {hint} - at {path}")


def structure(value: Any, hint: Any, on_mismatch: OnMismatch = _refuse) -> Any:
    """Build what ``hint`` describes from decoded JSON.

    Args:
        value: What a JSON parser returned.
        hint: A model, or any type that the generated package uses.
        on_mismatch: Called for every value that does not match. If it returns, the model keeps the value as received.
            The default raises msgspec.ValidationError.
    """
    return structurer(hint)(value, (), on_mismatch)


@functools.cache
def structurer(hint: Any) -> Structure:
    """Return the function that builds ``hint`` from decoded JSON."""
    origin = typing.get_origin(hint)
    if hint is Any:
        return lambda value, path, on_mismatch: value
    if hasattr(hint, "__from_json__"):
        build: Structure = hint.__from_json__
        return build
    if isinstance(hint, type) and attrs.has(hint):
        return _model(hint)
    if origin is list:
        return _list(hint, typing.get_args(hint)[0])
    if origin is dict:
        return _dict(hint, typing.get_args(hint)[1])
    if origin in (types.UnionType, typing.Union):
        return _union(hint, typing.get_args(hint))
    return _scalar(hint)


def _scalar(hint: Any) -> Structure:
    is_integer = hint is int or any(type(value) is int for value in typing.get_args(hint))

    def build(value: Any, path: Path, on_mismatch: OnMismatch) -> Any:
        if is_integer and type(value) is float and value.is_integer():
            value = int(value)  # 4.0 is an integer to JSON Schema
        try:
            return msgspec.convert(value, hint)
        except (msgspec.ValidationError, UnicodeEncodeError):  # UnicodeEncodeError: a lone surrogate
            on_mismatch(path, hint, value)
            return value

    return build


def _list(hint: Any, item: Any) -> Structure:
    build_item = structurer(item)

    def build(value: Any, path: Path, on_mismatch: OnMismatch) -> Any:
        if not isinstance(value, list):
            on_mismatch(path, hint, value)
            return value
        return [build_item(item, (*path, "*"), on_mismatch) for item in value]

    return build


def _dict(hint: Any, item: Any) -> Structure:
    build_item = structurer(item)

    def build(value: Any, path: Path, on_mismatch: OnMismatch) -> Any:
        if not isinstance(value, dict):
            on_mismatch(path, hint, value)
            return value
        # "*", because a name that the document does not give may be somebody's phone number.
        return {name: build_item(item, (*path, "*"), on_mismatch) for name, item in value.items()}

    return build


def _model(model: Any) -> Structure:
    types_of = hints(model)
    fields: dict[str, tuple[str, Any]] = {}
    extra: tuple[str, Any] | None = None
    required: list[tuple[str, str]] = []
    for field in attrs.fields(model):
        if field.metadata.get("additional_properties"):
            extra = field.name, typing.get_args(types_of[field.name])[1]
            continue
        json_name = field.metadata.get("json_name", field.name)
        fields[json_name] = field.name, types_of[field.name]
        if field.default is attrs.NOTHING:
            required.append((json_name, field.name))
    # Others would be converted in vain at every level, and might keep the interpreter for long.
    is_small = is_bounded(model) and is_msgspec_type(model)

    def build(value: Any, path: Path, on_mismatch: OnMismatch) -> Any:
        if not isinstance(value, dict):
            on_mismatch(path, model, value)
            return value
        if is_small:
            try:  # in C, for the many objects that match
                return msgspec.convert(value, model, dec_hook=_from_json)
            except (msgspec.ValidationError, UnicodeEncodeError):
                pass
        arguments: dict[str, Any] = {}
        others: dict[str, Any] = {}
        for json_name, item in value.items():
            if json_name in fields:
                name, hint = fields[json_name]
                arguments[name] = structurer(hint)(item, (*path, json_name), on_mismatch)
            elif extra is not None:
                others[json_name] = structurer(extra[1])(item, (*path, "*"), on_mismatch)
        for json_name, name in required:
            if name not in arguments:
                on_mismatch((*path, json_name), types_of[name], MISSING)
                arguments[name] = None
        if extra is not None:
            arguments[extra[0]] = others
        return model(**arguments)

    return build


def _union(hint: Any, members: tuple[Any, ...]) -> Structure:
    scalars = [member for member in members if member in (bool, int, float, str, type(None))]
    others = sorted((member for member in members if member not in scalars), key=_literals, reverse=True)
    if len(others) == 1 and scalars == [type(None)]:
        return _optional(hint, others[0])

    def build(value: Any, path: Path, on_mismatch: OnMismatch) -> Any:
        if type(value) in scalars:
            return value
        found: list[tuple[list[tuple[Path, Any, Any]], Any]] = []
        for member in ([member for member in others if _may_be(member, value)] or others) + scalars:
            mismatches: list[tuple[Path, Any, Any]] = []
            built = structurer(member)(value, path, lambda *one, into=mismatches: into.append(one))
            if not mismatches or mismatches[0][0] != path:  # a mismatch at the root: it is not this member
                found.append((mismatches, built))
        if not found:
            on_mismatch(path, hint, value)
            return value
        best = found[0]
        if len(found) > 1:
            best = min(found, key=lambda one: (len(one[0]), _lost(value, one[1])))
        for one in best[0]:
            on_mismatch(*one)
        return best[1]

    return build


def _literals(member: Any) -> int:
    """Count the fields that allow certain values only: of members that fit equally, the most specific one wins."""
    if not attrs.has(member):
        return 0
    return sum(
        any(typing.get_origin(each) is typing.Literal for each in (hint, *typing.get_args(hint)))
        for hint in hints(member).values()
    )


def _optional(hint: Any, member: Any) -> Structure:
    """Return the function for ``member | None``, where there is nothing to try."""

    def build(value: Any, path: Path, on_mismatch: OnMismatch) -> Any:
        if value is None:
            return None

        def on_member(at: Path, expected: Any, actual: Any) -> None:
            on_mismatch(at, hint if at == path else expected, actual)

        return structurer(member)(value, path, on_member)

    return build


def _may_be(model: Any, value: Any) -> bool:
    """Whether an object has the required properties of ``model``. Nested unions are not tried: they multiply."""
    if not isinstance(value, dict) or not attrs.has(model):
        return True
    for field in attrs.fields(model):
        name, expected = field.metadata.get("json_name", field.name), hints(model)[field.name]
        if name not in value:
            if field.default is attrs.NOTHING:
                return False
        elif typing.get_origin(expected) is typing.Literal and value[name] not in typing.get_args(expected):
            return False
    return True


def _lost(value: Any, built: Any) -> int:
    """Count the properties of ``value`` that ``built`` does not keep; the member that keeps most fits best."""
    if isinstance(value, list) and isinstance(built, list):
        return sum(map(_lost, value, built))
    held = dict(named_fields(built, unset=True)) if attrs.has(type(built)) else built
    if not isinstance(value, dict) or not isinstance(held, dict):
        return 0
    return sum(_lost(item, held[name]) if name in held else 1 for name, item in value.items())
