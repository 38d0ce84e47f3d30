"""The files of partitions: JSON Lines and Parquet."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Protocol, Self

import msgspec
from attrs import evolve, frozen

from ..models import Call
from ._ids import same_call
from ._json import json_text, parse_call, received_call, unknown_fields_in
from ._partition import Format, Layout
from ._selection import Selection
from ._target import ExportError, Target, target_errors

MAX_BATCH_CALLS = 50
MAX_BATCH_BYTES = 1024 * 1024
"""Calls, and bytes of JSON, that are held as objects, which take four times as much, before they are a batch."""
MAX_GROUP_BYTES = 3 * 1024 * 1024
"""Bytes of batches that are held before they are a row group."""


@frozen(repr=False)
class Fetched:
    """A call as it was requested, decoded and received."""

    call_id: str
    call: Call
    content: bytes


class Writer(Protocol):
    """Writes the file of a partition."""

    def add(self, fetched: Fetched) -> None:
        """Add a call."""
        ...

    def copy(self, target: Target, name: str, without: Collection[str]) -> int:
        """Add the calls of another file, without those of some ids as ``same_call`` returns them; return how many."""
        ...

    def finish(self) -> None:
        """Write what is held."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...


@contextlib.contextmanager
def open_writer(path: str, layout: Layout, label: str) -> Iterator[Writer]:
    """Open the writer of a format; ``label`` names the target in errors."""
    with target_errors(label, "write to"):
        writer: Writer = (JsonLinesWriter if layout.format == "jsonl" else ParquetWriter)(path, layout.selection)
    try:
        yield writer
        with target_errors(label, "write to"):
            writer.finish()
            writer.close()
    except BaseException:
        with contextlib.suppress(Exception):  # the disk may be full; the error that is on its way out says more
            writer.close()
        raise


class JsonLinesWriter:
    """Writes calls as received; with a selection, what it leaves."""

    def __init__(self, path: str, selection: Selection) -> None:
        self._file = Path(path).open("wb")  # noqa: SIM115  # close() closes it
        self._selection = selection
        self._is_complete = selection.columns is None and not selection.redact

    def add(self, fetched: Fetched) -> None:
        line = received_call(fetched.content)
        if not self._is_complete or fetched.call.call_id is None:
            call = self._selection.prune(parse_call(line))
            line = json_text({**call, "call_id": fetched.call.call_id or fetched.call_id}).encode()
        self._file.write(line + b"\n")

    def copy(self, target: Target, name: str, without: Collection[str]) -> int:
        copied = 0
        with target.open(name) as file:
            for line in _lines(file):
                if same_call(_line_id(line)) not in without:
                    self._file.write(line)
                    copied += 1
        return copied

    def finish(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def _lines(file: Any) -> Iterator[bytes]:
    """Yield the lines of a file; those of pyarrow have no iterator for them."""
    rest = b""
    while chunk := file.read(1024 * 1024):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from (line + b"\n" for line in lines)
    if rest:
        yield rest


class _Id(msgspec.Struct):
    call_id: Any = None


_read_id = msgspec.json.Decoder(_Id).decode


def _line_id(line: bytes) -> str:
    try:
        return str(_read_id(line).call_id)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return str(parse_call(line).get("call_id"))


class ParquetWriter:
    """Writes calls as row groups of a few MiB."""

    def __init__(self, path: str, selection: Selection) -> None:
        try:
            from pyarrow import OSFile, parquet

            from ._table import call_table
        except ModuleNotFoundError as error:
            raise ImportError("Parquet files need pyarrow: install puretalk-client with the extra 'arrow'") from error

        self._table = call_table(selection)
        self._file = OSFile(path, "wb")
        schema = self._table.schema
        # Statistics of what lies in structs and lists help no query, and take an eighth of the time.
        flat = [name for name in schema.names if schema.field(name).type.num_fields == 0]
        options = {"compression": "zstd", "compression_level": 1, "write_statistics": flat}
        self._writer = parquet.ParquetWriter(self._file, schema, **options)
        self._calls: list[Call] = []
        self._unknown: list[str | None] = []
        self._bytes = 0
        self._batches: list[Any] = []
        self._batch_bytes = 0

    def add(self, fetched: Fetched) -> None:
        call = fetched.call
        self._calls.append(call if call.call_id is not None else evolve(call, call_id=fetched.call_id))
        keeps_unknown = self._table.keeps_unknown
        self._unknown.append(unknown_fields_in(fetched.content) if keeps_unknown else None)
        self._bytes += len(fetched.content)
        if len(self._calls) >= MAX_BATCH_CALLS or self._bytes >= MAX_BATCH_BYTES:
            self._add_batch(self._table.batch(self._calls, self._unknown))
            self._calls, self._unknown, self._bytes = [], [], 0

    def copy(self, target: Target, name: str, without: Collection[str]) -> int:
        import pyarrow as pa
        from pyarrow import parquet

        copied = 0
        with target.open(name) as file:
            old = parquet.ParquetFile(file)
            if old.schema_arrow != self._table.schema:
                raise ExportError(f"{name} in {target.label} was written by a version with other columns")
            for batch in old.iter_batches(batch_size=MAX_BATCH_CALLS):
                ids = batch.column("call_id").to_pylist()
                kept = batch.filter(pa.array([same_call(str(call_id)) not in without for call_id in ids], pa.bool_()))
                self._add_batch(kept)
                copied += len(kept)
        return copied

    def close(self) -> None:
        with self._file:
            self._writer.close()

    def finish(self) -> None:
        if self._calls:
            self._add_batch(self._table.batch(self._calls, self._unknown))
        self._calls, self._unknown = [], []
        self._write_group()

    def _add_batch(self, batch: Any) -> None:
        self._batches.append(batch)
        self._batch_bytes += batch.nbytes
        if self._batch_bytes >= MAX_GROUP_BYTES:
            self._write_group()

    def _write_group(self) -> None:
        from pyarrow import Table

        if self._batches:
            self._writer.write_table(Table.from_batches(self._batches, self._table.schema))
        self._batches, self._batch_bytes = [], 0


@frozen(repr=False)
class SideEntry:
    """A line of the file of failures, or of calls that were not final; it holds nothing that was said.

    Attributes:
        call_id: The id, as it was requested.
        reason: Name of the error's class, or the status of the call.
        status_code: HTTP status code of the response, if there was one.
        request_id: The ``x-request-id`` header of the response, if there was one.
    """

    call_id: str
    reason: str
    status_code: int | None = None
    request_id: str | None = None

    def to_json(self) -> bytes:
        """Return the line."""
        return msgspec.json.encode(self) + b"\n"

    @classmethod
    def read(cls, target: Target, name: str) -> list[Self]:
        """Read a file of them."""
        with target.open(name) as file:
            try:
                return [msgspec.json.decode(line, type=cls) for line in _lines(file)]
            except msgspec.DecodeError:
                raise ExportError(f"{name} in {target.label} is not a file of this package") from None


def count_rows(target: Target, name: str, format: Format) -> int:
    """Return how many calls a file has: a Parquet file says so, a file of lines is read."""
    with target.open(name) as file:
        if format == "jsonl":
            return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1024 * 1024), b""))
        from pyarrow import parquet

        rows: int = parquet.ParquetFile(file).metadata.num_rows
        return rows


def stored_ids(target: Target, name: str, format: Format) -> set[str]:
    """Return the ids of the calls in a file, as ``same_call`` returns them."""
    with target.open(name) as file:
        if format == "jsonl":
            return {same_call(_line_id(line)) for line in _lines(file)}
        from pyarrow import parquet

        ids = parquet.ParquetFile(file).read(columns=["call_id"]).column("call_id").to_pylist()
        return {same_call(str(call_id)) for call_id in ids}
