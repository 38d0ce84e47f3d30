"""Calls as Arrow tables: one row for a call, or one for a turn."""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import pyarrow as pa

from .._core.options import validate_int
from ..errors import ConfigurationError
from ..models import Call
from ._columns import model_columns, transposer
from ._json import unknown_fields
from ._scalars import Column, Drifts, Place
from ._selection import Selection

AnyCall: TypeAlias = Call | Mapping[str, Any]

TURNS = "transcript_object"
_PATHS = pa.list_(pa.string())


class CallTable:
    """Makes record batches of calls, with the columns of a selection.

    Attributes:
        schema: The columns. It depends on the models only.
    """

    def __init__(self, selection: Selection) -> None:
        columns = model_columns(Call, selection.redacted_paths)
        self._columns: dict[str, tuple[str, Column]] = {
            name: column for name, column in columns.items() if selection.has(name)
        }
        self._transpose = transposer([field for field, _ in self._columns.values()])
        fields = [pa.field(name, column.type) for name, (_, column) in self._columns.items()]
        self._has_drift = selection.has("_drift")
        self._has_unknown = selection.has("_unknown")
        self.keeps_unknown: bool = self._has_unknown and not selection.redact
        fields += [pa.field("_drift", _PATHS)] if self._has_drift else []
        fields += [pa.field("_unknown", pa.string())] if self._has_unknown else []
        self.schema: pa.Schema = pa.schema(fields)

    def batch(self, calls: Sequence[Call], unknown: Sequence[str | None] | None = None) -> pa.RecordBatch:
        """Return calls as a record batch; ``unknown`` has the JSON of each one's unknown fields."""
        drifts: Drifts = {}
        place = Place((), operator.index, drifts)
        arrays = [
            column.build(values, place.below(name))
            for values, (name, (_, column)) in zip(self._transpose(calls), self._columns.items(), strict=True)
        ]
        if self._has_drift:
            arrays.append(pa.array([list(drifts.get(row, ())) for row in range(len(calls))], _PATHS))
        if self._has_unknown:
            known = unknown if unknown is not None and self.keeps_unknown else [None] * len(calls)
            arrays.append(pa.array(known, pa.string()))
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)


@functools.lru_cache(maxsize=32)
def call_table(selection: Selection) -> CallTable:
    """Return the table of a selection."""
    return CallTable(selection)


def schema(*, columns: Collection[str] | None = None) -> pa.Schema:
    """Return the Arrow schema of calls: a column for each field of ``Call``, then ``_drift`` and ``_unknown``.

    Args:
        columns: The columns to include. Default: all.

    Raises:
        ConfigurationError: There is no such column.
    """
    return call_table(Selection.of(columns, ())).schema


def to_batches(
    calls: Iterable[AnyCall],
    *,
    rows: int = 1000,
    columns: Collection[str] | None = None,
    redact: Collection[str] = (),
) -> Iterator[pa.RecordBatch]:
    """Yield calls as Arrow record batches, all of the schema that ``schema(columns=columns)`` returns.

    A value that does not match the document is null, and ``_drift`` has its path. ``_unknown`` is a JSON object with
    the fields that the document does not have, by path. For a ``Call``, which lacks these fields, it is null.

    Args:
        calls: An iterable of calls, read lazily: each a ``Call``, or a mapping in the API's JSON format.
        rows: Largest number of calls in a batch, at least 1.
        columns: The columns to include. ``call_id`` is always included. Default: all.
        redact: Paths of fields whose values to leave out, such as ``transcript`` or ``transcript_object.content``.

    Raises:
        ConfigurationError: There is no such column or path, or an item is not a call.
        ResponseDecodeError: While iterating: a mapping does not match the document in more than 1,000 places.
    """
    table = call_table(Selection.of(columns, redact))
    return _batches(table, iter(calls), validate_int("rows", rows, minimum=1))


def _batches(table: CallTable, calls: Iterator[AnyCall], rows: int) -> Iterator[pa.RecordBatch]:
    while chunk := list(itertools.islice(calls, rows)):
        unknown = [unknown_fields(call) if isinstance(call, Mapping) else None for call in chunk]
        yield table.batch([_as_call(call) for call in chunk], unknown)


def _as_call(call: AnyCall) -> Call:
    if isinstance(call, Call):
        return call
    if isinstance(call, Mapping):
        return Call.from_dict(call)
    raise ConfigurationError(
        f"calls must hold Call objects, or mappings in the API's format, not {type(call).__name__}"
    )


def turns_schema() -> pa.Schema:
    """Return the Arrow schema of ``turns``."""
    return _turns(call_table(Selection.of(("call_id", TURNS), ())).batch([])).schema


def turns(calls: Iterable[AnyCall], *, rows: int = 1000, redact: Collection[str] = ()) -> Iterator[pa.RecordBatch]:
    """Yield the turns of calls as a flat table: ``call_id``, ``turn`` from 0, and the fields of a turn.

    Args:
        calls: As for ``to_batches``.
        rows: Largest number of calls whose turns are in a batch, at least 1.
        redact: As for ``to_batches``.

    Raises:
        ConfigurationError: As for ``to_batches``.
        ResponseDecodeError: As for ``to_batches``.
    """
    batches = to_batches(calls, rows=rows, columns=("call_id", TURNS), redact=redact)
    return map(_turns, batches)


def _turns(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return the turns in a batch of calls."""
    nested = batch.column(TURNS)
    lengths = (length or 0 for length in nested.value_lengths().to_pylist())
    numbers = itertools.chain.from_iterable(map(range, lengths))
    arrays = {
        "call_id": batch.column("call_id").take(nested.value_parent_indices()),
        "turn": pa.array(numbers, pa.int32()),
    }
    _flatten(nested.flatten(), "", arrays)
    return pa.RecordBatch.from_pydict(arrays)


def _flatten(struct: pa.StructArray, parent: str, arrays: dict[str, pa.Array]) -> None:
    """Add the fields of structs, and of those in them; a name that is taken follows that of its parent."""
    for field, array in zip(struct.type, struct.flatten(), strict=True):
        if isinstance(array, pa.StructArray):
            _flatten(array, field.name, arrays)
        else:
            arrays[f"{parent}_{field.name}" if field.name in arrays else field.name] = array
