"""Places of values, and columns of values that hold no others: texts, numbers, moments, JSON."""

from __future__ import annotations

import datetime
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import pyarrow as pa
from attrs import define, field, frozen

from .._core.decoding import jsonpath
from ..models import CallMetadata, CallStatus
from ._json import json_text, json_texts

Drifts: TypeAlias = dict[int, dict[str, None]]
"""The paths of the mismatches, by row."""
Step: TypeAlias = tuple[str, ...]

MISMATCH = (TypeError, ValueError, OverflowError, RecursionError)
_REFUSED = (pa.ArrowException, *MISMATCH)
"""What pyarrow raises for values that it does not convert."""
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MICROSECOND = datetime.timedelta(microseconds=1)
_FIRST = (datetime.datetime.min.replace(tzinfo=datetime.UTC) - _EPOCH) // _MICROSECOND
_LAST = (datetime.datetime.max.replace(tzinfo=datetime.UTC) - _EPOCH) // _MICROSECOND


@define
class Place:
    """Where the values of a column come from.

    Attributes:
        path: JSON names from the call; ``*`` for any item.
        row_of: Returns the row of a value by its position.
        drifts: Where mismatches are noted.
    """

    path: Step
    row_of: Callable[[int], int]
    drifts: Drifts

    def note(self, position: int) -> None:
        """Note that the value at a position does not match."""
        self.drifts.setdefault(self.row_of(position), {})[jsonpath(self.path)] = None

    def below(self, name: str) -> Place:
        """Return the place of a field."""
        return Place((*self.path, name), self.row_of, self.drifts)

    def items(self, offsets: Sequence[int]) -> Place:
        """Return the place of the items of lists that begin at these positions."""
        return Place((*self.path, "*"), lambda item: self.row_of(bisect_right(offsets, item) - 1), self.drifts)

    def replace(self, values: Sequence[Any], convert: Callable[[Any], Any]) -> list[Any]:
        """Convert each value; note one for which that raises an error, and put None in its place."""
        converted: list[Any] = [None] * len(values)
        for position, value in enumerate(values):
            if value is None:
                continue
            try:
                converted[position] = convert(value)
            except MISMATCH:
                self.note(position)
        return converted


@frozen
class Column:
    """A column, or what is below one.

    Attributes:
        type: The Arrow type, which does not depend on the values.
        build: Makes an array of values.
    """

    type: pa.DataType
    build: Callable[[Sequence[Any], Place], pa.Array] = field(repr=False)


def _scalar(arrow: pa.DataType, convert: Callable[[Any], Any]) -> Column:
    """Return a column of values for which pyarrow refuses what does not match."""

    def build(values: Sequence[Any], place: Place) -> pa.Array:
        try:
            return pa.array(values, arrow)
        except _REFUSED:
            return pa.array(place.replace(values, convert), arrow)

    return Column(arrow, build)


def _number(arrow: pa.DataType, convert: Callable[[Any], Any]) -> Column:
    """Return a column of numbers; asked for their type, pyarrow would also take true for 1.0, and 4.0 for 4."""

    def build(values: Sequence[Any], place: Place) -> pa.Array:
        try:
            array = pa.array(values)
        except _REFUSED:
            array = None
        if array is None or array.type != arrow:
            array = pa.array(place.replace(values, convert), arrow)
        return array

    return Column(arrow, build)


def _read_text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    value.encode()  # raises for half of a surrogate pair
    return str.__str__(value)


def _read_integer(value: Any) -> int:
    if type(value) is not int or not -(2**63) <= value < 2**63:
        raise TypeError
    return value


def _read_number(value: Any) -> float:
    if type(value) not in (int, float):
        raise TypeError
    return float(value)


def _read_boolean(value: Any) -> bool:
    if type(value) is not bool:
        raise TypeError
    return value


def _read_datetime(value: Any) -> int:
    """Return microseconds since 1970; a TypeError for a datetime without a UTC offset."""
    microseconds: int = (value - _EPOCH) // _MICROSECOND
    if not isinstance(value, datetime.datetime) or not _FIRST <= microseconds <= _LAST:
        raise TypeError
    return microseconds


NONE = type(None)
_MOMENT = pa.timestamp("us", tz="UTC")
TEXT = _scalar(pa.string(), _read_text)
_BOOLEAN = _scalar(pa.bool_(), _read_boolean)


def enum_column(known: frozenset[str]) -> Column:
    """Return a column of texts that notes unknown ones, and keeps them."""

    def build(values: Sequence[Any], place: Place) -> pa.Array:
        for position, value in enumerate(values):
            if isinstance(value, str) and value not in known:
                place.note(position)
        return TEXT.build(values, place)

    return Column(TEXT.type, build)


def json_column(expected: type | None = None) -> Column:
    """Return a column of JSON texts; a value of another type than ``expected`` is a mismatch."""
    fast = {expected, NONE}
    empty = "[]" if expected is list else "{}"  # most are

    def convert(value: Any) -> str:
        if expected is not None and not isinstance(value, expected):
            raise TypeError
        return json_text(value)

    def texts_of(values: Sequence[Any]) -> list[str | None]:
        if not any(values):
            return [None if value is None else empty for value in values]
        full = iter(json_texts([value for value in values if value]))
        return [next(full) if value else None if value is None else empty for value in values]

    def build(values: Sequence[Any], place: Place) -> pa.Array:
        if fast.issuperset(map(type, values)):
            try:
                return pa.array(texts_of(values), pa.string())
            except MISMATCH:
                pass
        return pa.array(place.replace(values, convert), pa.string())

    return Column(pa.string(), build)


def _status(values: Sequence[Any], place: Place) -> pa.Array:
    return TEXT.build([value.received for value in values], place)


def _metadata(values: Sequence[CallMetadata], place: Place) -> pa.Array:
    received = [value.received for value in values]
    for position, (value, metadata) in enumerate(zip(received, values, strict=True)):
        if not isinstance(value, dict | None):
            place.note(position)
        elif metadata.model is None and metadata.get("model") is not None:
            place.below("model").note(position)
    return json_column().build(received, place)


SCALARS: dict[Any, Column] = {
    str: TEXT,
    int: _number(pa.int64(), _read_integer),
    float: _number(pa.float64(), _read_number),
    bool: _BOOLEAN,
    datetime.datetime: Column(_MOMENT, lambda values, place: pa.array(place.replace(values, _read_datetime), _MOMENT)),
    CallStatus: Column(TEXT.type, _status),
    CallMetadata: Column(pa.string(), _metadata),
}
