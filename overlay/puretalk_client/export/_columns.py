"""Arrow columns of the models: their types come from the models' own, and their values straight from the fields."""

from __future__ import annotations

import itertools
import types
import typing
from collections.abc import Callable, Collection, Sequence
from typing import Any

import attrs
import pyarrow as pa

from puretalk_generated.codec import hints
from puretalk_generated.models import PostAnalysisItem

from .._post_analysis import _kind
from ._json import json_text, json_texts
from ._scalars import MISMATCH, NONE, SCALARS, TEXT, Column, Place, Step, enum_column, json_column


def column_of(hint: Any, redacted: Collection[Step] = (), path: Step = ()) -> Column:
    """Return the column for values of a type; below ``redacted`` paths, all values are null."""
    members = [member for member in _members(hint) if member is not types.NoneType]
    column = _column(members[0], redacted, path) if len(members) == 1 else json_column()
    if path not in redacted:
        return column
    return Column(column.type, lambda values, _: pa.nulls(len(values), column.type))


def model_columns(model: Any, redacted: Collection[Step] = (), path: Step = ()) -> dict[str, tuple[str, Column]]:
    """Return the name of the field and the column of each field of a model, by its JSON name."""
    types_of = hints(model)
    names = {attribute.metadata.get("json_name", attribute.name): attribute.name for attribute in attrs.fields(model)}
    return {
        json_name: (name, column_of(types_of[name], redacted, (*path, json_name))) for json_name, name in names.items()
    }


def _members(hint: Any) -> tuple[Any, ...]:
    """Return the members of a union, or the type itself, without annotations."""
    if typing.get_origin(hint) is typing.Annotated:
        return _members(typing.get_args(hint)[0])
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        return tuple(member for part in typing.get_args(hint) for member in _members(part))
    return (hint,)


def _column(hint: Any, redacted: Collection[Step], path: Step) -> Column:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint in SCALARS:
        return SCALARS[hint]
    if origin is typing.Literal and all(type(value) is str for value in arguments):
        return enum_column(frozenset(arguments))
    if hint is PostAnalysisItem:
        return _post_analysis_item(redacted, path)
    if origin is list and arguments[0] is not Any:
        return _list(column_of(arguments[0], redacted, path))
    if attrs.has(hint):
        return _struct(hint, redacted, path)
    return json_column(list if origin is list else dict if origin is dict else None)


def _check(kinds: tuple[type, ...], values: Sequence[Any], place: Place) -> tuple[Sequence[Any], pa.Array | None]:
    """Return the values, and where they are None, if anywhere.

    None is in place of each value that is of none of the types, which is noted.
    """

    def convert(value: Any) -> Any:
        if not isinstance(value, kinds):
            raise TypeError
        return value

    found = set(map(type, values))
    if not found <= {*kinds, NONE}:
        values = place.replace(values, convert)
        found.add(NONE)
    return values, pa.array([value is None for value in values], pa.bool_()) if NONE in found else None


def transposer(names: Sequence[str]) -> Callable[[Sequence[Any]], Sequence[Sequence[Any]]]:
    """Return what reads the fields of models: for each name, the values of all.

    A comprehension that names the field takes a third of the time of ``operator.attrgetter``.
    """
    source = ", ".join(f"[model.{name} for model in models]" for name in names)
    transpose: Callable[[Sequence[Any]], Sequence[Sequence[Any]]] = eval(f"lambda models: ({source},)")
    return transpose


def _struct(model: Any, redacted: Collection[Step], path: Step) -> Column:
    columns = model_columns(model, redacted, path)
    fields = [pa.field(name, column.type) for name, (_, column) in columns.items()]
    names = [name for name, _ in columns.values()]
    transpose = transposer(names)
    absent = model(**dict.fromkeys(names))  # its fields are read where there is no model

    def build(values: Sequence[Any], place: Place) -> pa.Array:
        values, nulls = _check((model,), values, place)
        present = values if nulls is None else [absent if value is None else value for value in values]
        arrays = [
            column.build(held, place.below(json_name))
            for held, (json_name, (_, column)) in zip(transpose(present), columns.items(), strict=True)
        ]
        return pa.StructArray.from_arrays(arrays, fields=fields, mask=nulls)

    return Column(pa.struct(fields), build)


_KINDS = {str: "text", int: "number", float: "number", bool: "boolean", NONE: "null"}


def _list(item: Column) -> Column:
    arrow = pa.list_(item.type)

    def build(values: Sequence[Any], place: Place) -> pa.Array:
        values, nulls = _check((list, tuple), values, place)
        lists = [value or () for value in values]
        offsets = [0, *itertools.accumulate(map(len, lists))]
        items = item.build(list(itertools.chain.from_iterable(lists)), place.items(offsets))
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), items, type=arrow, mask=nulls)

    return Column(arrow, build)


def _post_analysis_item(redacted: Collection[Step], path: Step) -> Column:
    """Return a struct with a field for each type of value, since a column has one type.

    ``type`` is text, number, boolean, null, array or object, the latter two against the document. ``json`` is the
    value itself, with every digit, where ``number`` is a double.
    """
    arrow = pa.struct(
        [
            *(("name", pa.string()), ("type", pa.string()), ("text", pa.string())),
            *(("number", pa.float64()), ("boolean", pa.bool_()), ("json", pa.string())),
        ]
    )

    has_name, has_value = (*path, "name") not in redacted, (*path, "value") not in redacted

    def build(values: Sequence[Any], place: Place) -> pa.Array:
        values, nulls = _check((PostAnalysisItem,), values, place)
        here = place.below("value")
        names = [value.name if value is not None and has_name else None for value in values]
        held = [value.value if value is not None and has_value else None for value in values]
        kinds = [_KINDS.get(type(value)) or _kind(value) for value in held] if has_value else [None] * len(held)
        if not {"array", "object"}.isdisjoint(kinds):
            for position, kind in enumerate(kinds):
                if kind in ("array", "object"):
                    here.note(position)

        def of_kind(kind: str) -> list[Any]:
            return [value if each == kind else None for each, value in zip(kinds, held, strict=True)]

        arrays = [
            TEXT.build(names, place.below("name")),
            pa.array(kinds, pa.string()),
            TEXT.build(of_kind("text"), here),
            pa.array(map(_as_double, of_kind("number")), pa.float64()),
            pa.array(of_kind("boolean"), pa.bool_()),
            _exact(held, here) if has_value else pa.nulls(len(held), pa.string()),
        ]
        return pa.StructArray.from_arrays(arrays, fields=list(arrow), mask=nulls)

    return Column(arrow, build)


def _exact(values: Sequence[Any], place: Place) -> pa.Array:
    """Return the JSON of each value, also of None."""
    try:
        return pa.array(json_texts(values), pa.string())
    except MISMATCH:
        texts = place.replace(values, json_text)
        nulls = ("null" if value is None else text for value, text in zip(values, texts, strict=True))
        return pa.array(nulls, pa.string())


def _as_double(value: Any) -> float | None:
    """Return a number as a double; None where it is too large for one."""
    try:
        return None if value is None else float(value)
    except OverflowError:
        return None
