"""Partitions of an export: plain values that say what to fetch, and where to store it."""

from __future__ import annotations

import hashlib
import itertools
import math
import os
import re
import uuid
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec
from attrs import field, frozen

from .._core.options import Retries, validate_retries
from ..errors import ConfigurationError
from ._ids import unique
from ._selection import Selection

Format: TypeAlias = Literal["parquet", "jsonl"]
FORMATS: tuple[Format, ...] = ("parquet", "jsonl")

_PART = re.compile(r"part-(?P<index>\d{6,})-(?P<layout>[0-9a-f]{6})(?P<ids>[0-9a-f]{14})\.(?P<format>parquet|jsonl)")
SIDE_FILE = re.compile(r"_(?P<kind>failed|pending)-(?P<stem>\d{6,}-[0-9a-f]{20})-[0-9a-f]{12}\.jsonl")


@frozen(kw_only=True)
class Layout:
    """What all partitions of an export share. There is no key in it.

    Attributes:
        target: A path, or a URI.
        format: Of the files.
        selection: The columns, and the values to leave out.
        rate_limit: Requests in a second of the process that fetches a partition.
        retries: How patient requests are.
        transport: The HTTP library.
        max_connections: Concurrent requests of the process that fetches a partition.
    """

    target: str = field(repr=False)  # a URI may hold credentials
    format: Format
    selection: Selection
    rate_limit: float | None = None
    retries: Retries = field(factory=Retries)
    transport: Literal["httpx", "aiohttp"] | None = None
    max_connections: int | None = None

    @classmethod
    def of(
        cls,
        target: str | os.PathLike[str],
        format: str,
        columns: Collection[str] | None,
        redact: Collection[str],
        **options: object,
    ) -> Layout:
        """Validate what an export has in common."""
        location = os.fspath(target) if isinstance(target, (str, os.PathLike)) else None
        if not isinstance(location, str) or not location:
            raise ConfigurationError("target must be a path, or a URI such as s3://bucket/calls")
        if format not in FORMATS:
            raise ConfigurationError(f"format must be one of {', '.join(FORMATS)}")
        selection = Selection.of(columns, redact)
        if format == "jsonl" and columns is not None and {"_drift", "_unknown"} & set(columns):
            raise ConfigurationError("Only Parquet files have the columns _drift and _unknown")
        location = location if "://" in location else str(Path(location).absolute())
        return cls(target=location, format=format, selection=selection, **options)  # type: ignore[arg-type]

    @property
    def digest(self) -> str:
        """Names what the files of an export hold, whatever the ids: six hexadecimal digits."""
        parts = (self.format, self.selection.columns, self.selection.redact)
        return hashlib.blake2b(msgspec.json.encode(parts), digest_size=3).hexdigest()


@frozen(kw_only=True)
class Partition:
    """Calls to fetch into one file. It can be pickled, and contains neither a key nor a client.

    Attributes:
        index: Number of the partition in the export.
        name: Name of the file. It depends on the ids, the format, the columns and the redaction.
        layout: The options that all partitions of an export share.
        replaces: Whether the file exists, and its calls with the same ids are replaced.
    """

    index: int
    name: str
    layout: Layout
    packed_ids: bytes = field(repr=False)  # a third of the memory of a list of texts
    replaces: bool = False

    @classmethod
    def of(cls, index: int, ids: list[str], layout: Layout) -> Partition:
        """Make the partition of these ids."""
        packed = msgspec.msgpack.encode(ids)
        digest = layout.digest + hashlib.blake2b(packed, digest_size=7).hexdigest()
        return cls(index=index, name=f"part-{index:06d}-{digest}.{layout.format}", layout=layout, packed_ids=packed)

    @property
    def ids(self) -> list[str]:
        """The ids of the calls to fetch."""
        return msgspec.msgpack.decode(self.packed_ids, type=list[str])

    @property
    def stem(self) -> str:
        """What the names of all files of the partition share."""
        return stem_of(self.name)


@frozen
class PartitionReport:
    """The result of a partition.

    Attributes:
        name: Name of the file.
        rows: Calls in the file.
        failed: Ids without a call.
        pending: Calls in the file whose status was not final.
        written: Whether this run wrote the file; False if it existed.
    """

    name: str
    rows: int
    failed: int
    pending: int
    written: bool


@frozen
class PartName:
    """The name of a partition's file."""

    index: int
    layout_digest: str
    format: Format

    @classmethod
    def parse(cls, name: str) -> PartName | None:
        """Read a name; None for the name of something else."""
        match = _PART.fullmatch(name)
        if match is None:
            return None
        return cls(int(match["index"]), match["layout"], "parquet" if match["format"] == "parquet" else "jsonl")


def stem_of(name: str) -> str:
    """Return what the names of all files of a partition share."""
    return name.removeprefix("part-").partition(".")[0]


def partitions(ids: Iterable[str | uuid.UUID], layout: Layout, rows: int) -> Iterator[Partition]:
    """Divide ids, each once, as they are read."""
    distinct = unique(ids)
    for index in itertools.count():
        chunk = list(itertools.islice(distinct, rows))
        if not chunk:
            return
        yield Partition.of(index, chunk, layout)


def validate_rate(rate: float | None) -> None:
    """Refuse a rate that workers cannot share; None is none."""
    is_number = isinstance(rate, (int, float)) and not isinstance(rate, bool)
    if rate is not None and not (is_number and 0 < rate < math.inf):
        raise ConfigurationError("rate_limit must be a number of requests per second above 0: workers share it")


def validated_retries(retries: Retries | None) -> Retries:
    """Return how patient the requests of an export are: by default, enough to survive an outage."""
    if retries is None:
        return Retries()
    validate_retries(None, retries)
    return retries
