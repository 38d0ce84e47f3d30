# Generated from openapi.yaml by openapi-python-client 0.29.1 ("make generate"). Do not edit.
"""From JSON to the models: the parts that msgspec cannot do for attrs classes.

msgspec does the bulk in C. It does not rename fields of attrs classes, keep properties that the spec does not
name, or tell two object types of a union apart; ``structure`` does, by walking the same classes.
"""

from __future__ import annotations

import functools
import sys
import threading
import types
import typing
from collections.abc import Callable
from typing import Any

import attrs
import msgspec

from . import models
from .errors import UnexpectedContent
from .types import Answer, named_fields

Path = tuple[str, ...]
"""JSON names from the root; ``*`` stands for any item, and for any name that the spec does not give."""
Stray = Callable[[Path, Any, Any], None]
"""Called with where a value does not fit, the type that was expected, and the value."""
MISSING: Any = object()
"""Given to ``Stray`` for a required property that is not there; the model then holds None."""
Structure = Callable[[Any, Path, Stray], Any]


def decode(content: bytes, answer: Answer) -> Any:
    """Decode a body as ``answer`` describes it.

    Raises:
        UnexpectedContent: It is not JSON, or not of that shape.
    """
    if answer.media == "none":
        return None
    if answer.media == "bytes":
        return content
    try:
        if answer.media == "text":
            return content.decode()
        if is_msgspec_type(answer.type):
            try:
                return decoder(answer.type).decode(content)
            except msgspec.ValidationError:
                pass  # 4.0 is an integer to JSON Schema, but not to msgspec
        return structure(msgspec.json.decode(content), answer.type)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        # What these say quotes the body, which may be personal.
        raise UnexpectedContent("the body is not what the spec describes") from None


_READING = threading.Lock()


@functools.cache
def decoder(hint: Any) -> msgspec.json.Decoder[Any]:
    """Return msgspec's decoder for ``hint``, made once."""
    models_in(hint)  # resolves their annotations, which msgspec reads
    # msgspec keeps what it knows of a class on the class from the moment that it begins to read it: a second
    # thread that finds it half read crashes.
    with _READING:
        return msgspec.json.Decoder(hint)


@functools.cache
def is_msgspec_type(hint: Any) -> bool:
    """Whether msgspec can decode into ``hint`` by itself, with nothing lost."""
    if any(field.metadata for model in models_in(hint) for field in attrs.fields(model)):
        return False
    try:
        decoder(hint)
    except (TypeError, RecursionError):
        return False
    return True


@functools.cache
def models_in(hint: Any) -> frozenset[Any]:
    """Collect every model that ``hint`` can hold."""
    found: set[Any] = set()
    waiting = [hint]
    while waiting:
        part = waiting.pop()
        waiting.extend(typing.get_args(part))
        if isinstance(part, type) and attrs.has(part) and part not in found:
            found.add(part)
            waiting.extend(hints(part).values())
    return frozenset(found)


@functools.cache
def hints(model: Any) -> dict[str, Any]:
    """Return the type of each field of ``model``; its annotations are replaced by them, for msgspec.

    A model names others that it does not import. typing.get_type_hints works once this was called.
    """
    for base in reversed(model.__mro__):
        if "__attrs_attrs__" in vars(base):
            names = _Names(vars(sys.modules[base.__module__]))
            resolved = typing.get_type_hints(base, localns=names, include_extras=True)
            base.__annotations__ = {name: resolved[name] for name in base.__annotations__}
    return typing.get_type_hints(model, include_extras=True)


class _Names(dict[str, Any]):
    """The names of a module; where it lacks one, that of a model."""

    def __missing__(self, name: str) -> Any:
        try:
            return getattr(models, name)
        except AttributeError:
            raise KeyError(name) from None


def _refuse(path: Path, hint: Any, value: Any) -> None:
    raise msgspec.ValidationError(f"expected {hint} - at {path}")


def structure(value: Any, hint: Any, stray: Stray = _refuse) -> Any:
    """Build what ``hint`` describes from decoded JSON.

    Args:
        value: What a JSON parser returned.
        hint: A model, or any type that the generated package uses.
        stray: Called for every value that does not fit; when it returns, the value is kept as it came.
    """
    return structurer(hint)(value, (), stray)


@functools.cache
def structurer(hint: Any) -> Structure:
    """Return the function that builds ``hint`` from decoded JSON."""
    origin = typing.get_origin(hint)
    if hint is Any:
        return lambda value, path, stray: value
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

    def build(value: Any, path: Path, stray: Stray) -> Any:
        if is_integer and type(value) is float and value.is_integer():
            value = int(value)  # 4.0 is an integer to JSON Schema
        try:
            return msgspec.convert(value, hint)
        except (msgspec.ValidationError, UnicodeEncodeError):  # the latter: a lone surrogate
            stray(path, hint, value)
            return value

    return build


def _list(hint: Any, item: Any) -> Structure:
    build_item = structurer(item)

    def build(value: Any, path: Path, stray: Stray) -> Any:
        if not isinstance(value, list):
            stray(path, hint, value)
            return value
        return [build_item(item, (*path, "*"), stray) for item in value]

    return build


def _dict(hint: Any, item: Any) -> Structure:
    build_item = structurer(item)

    def build(value: Any, path: Path, stray: Stray) -> Any:
        if not isinstance(value, dict):
            stray(path, hint, value)
            return value
        # "*", because a name that the spec does not give may be anybody's phone number.
        return {name: build_item(item, (*path, "*"), stray) for name, item in value.items()}

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

    def build(value: Any, path: Path, stray: Stray) -> Any:
        if not isinstance(value, dict):
            stray(path, model, value)
            return value
        arguments: dict[str, Any] = {}
        others: dict[str, Any] = {}
        for json_name, item in value.items():
            if json_name in fields:
                name, hint = fields[json_name]
                arguments[name] = structurer(hint)(item, (*path, json_name), stray)
            elif extra is not None:
                others[json_name] = structurer(extra[1])(item, (*path, "*"), stray)
        for json_name, name in required:
            if name not in arguments:
                stray((*path, json_name), types_of[name], MISSING)
                arguments[name] = None
        if extra is not None:
            arguments[extra[0]] = others
        return model(**arguments)

    return build


def _union(hint: Any, members: tuple[Any, ...]) -> Structure:
    scalars = [member for member in members if member in (bool, int, float, str, type(None))]
    others = [member for member in members if member not in scalars]

    def build(value: Any, path: Path, stray: Stray) -> Any:
        if type(value) in scalars:
            return value
        found: list[tuple[list[tuple[Path, Any, Any]], Any]] = []
        for member in ([member for member in others if _may_be(member, value)] or others) + scalars:
            strays: list[tuple[Path, Any, Any]] = []
            built = structurer(member)(value, path, lambda *one, into=strays: into.append(one))
            if not strays or strays[0][0] != path:  # else it is not this member at all
                found.append((strays, built))
        if not found:
            stray(path, hint, value)
            return value
        best = found[0]
        if len(found) > 1:
            best = min(found, key=lambda one: (len(one[0]), _lost(value, one[1])))
        for one in best[0]:
            stray(*one)
        return best[1]

    return build


def _may_be(model: Any, value: Any) -> bool:
    """Whether an object has what ``model`` requires; looking no deeper, since unions within unions multiply."""
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
    """Count the properties in ``value`` that ``built`` does not hold; fewer make a better match."""
    if isinstance(value, list) and isinstance(built, list):
        return sum(map(_lost, value, built))
    held = dict(named_fields(built, unset=True)) if attrs.has(type(built)) else built
    if not isinstance(value, dict) or not isinstance(held, dict):
        return 0
    return sum(_lost(item, held[name]) if name in held else 1 for name, item in value.items())
