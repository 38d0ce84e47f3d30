"""The exports: plans, partitions, reports and tables. Never run: mypy --strict and pyright check it."""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true
# pyarrow has neither annotations nor stubs.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import assert_type

import pyarrow as pa

from puretalk_client import AsyncPuretalk, Call, Retries
from puretalk_client.export import (
    CONTACTS,
    SPEECH,
    ExportReport,
    Partition,
    PartitionReport,
    PlanOptions,
    Progress,
    export,
    fetch_partition,
    iter_plan,
    plan,
    plan_again,
    read_ids,
    schema,
    to_batches,
    turns,
    turns_schema,
    write_manifest,
)
from puretalk_client.export._partition import Layout


def read_export_report(value: ExportReport) -> None:
    """Read ExportReport."""
    assert_type(value.partitions, tuple[PartitionReport, ...])
    assert_type(value.rows, int)
    assert_type(value.failed, int)
    assert_type(value.pending, int)


def read_partition(value: Partition) -> None:
    """Read Partition."""
    assert_type(value.index, int)
    assert_type(value.name, str)
    assert_type(value.layout, Layout)
    assert_type(value.packed_ids, bytes)
    assert_type(value.replaces, bool)
    assert_type(value.ids, list[str])
    assert_type(value.stem, str)


def read_partition_report(value: PartitionReport) -> None:
    """Read PartitionReport."""
    assert_type(value.name, str)
    assert_type(value.rows, int)
    assert_type(value.failed, int)
    assert_type(value.pending, int)
    assert_type(value.written, bool)


def read_progress(value: Progress) -> None:
    """Read Progress."""
    assert_type(value.calls, int)
    assert_type(value.failed, int)


def constants() -> None:
    """Read the constants."""
    assert_type(CONTACTS, frozenset[str])
    assert_type(SPEECH, frozenset[str])


async def exports(client: AsyncPuretalk, ids: list[str | uuid.UUID]) -> None:
    """The options are those of ``PlanOptions``."""
    options: PlanOptions = {"format": "jsonl", "columns": ["status"], "redact": SPEECH | CONTACTS, "rate_limit": 5}
    options |= {"workers": 2, "retries": Retries(), "transport": "aiohttp", "max_connections": 5}
    assert_type(plan(ids, Path("calls"), 100, **options), list[Partition])
    assert_type(iter_plan(ids, "calls"), Iterator[Partition])
    assert_type(plan_again("calls", retry_failed=True, refresh=True), list[Partition])
    assert_type(fetch_partition(plan(ids, "calls")[0]), PartitionReport)
    assert_type(await export(client, ids, "calls", resume=True, on_progress=print), ExportReport)
    plan(ids, "calls", form="jsonl")  # type: ignore[call-arg]
    plan(ids, "calls", format="csv")  # type: ignore[arg-type]


def files(partition: Partition) -> None:
    """Ids come from a path or a file of bytes."""
    assert_type(read_ids("ids.txt"), Iterator[str])
    assert_type(read_ids(io.BytesIO()), Iterator[str])
    assert_type(Partition.of(0, ["1"], partition.layout), Partition)
    read_ids(io.StringIO())  # type: ignore[arg-type]
    write_manifest("calls")


def tables(calls: list[Call]) -> None:
    """Pyarrow has no types, so that no checker knows more than the names."""
    schema(columns=["status"])
    turns_schema()
    batches: Iterator[pa.RecordBatch] = to_batches(calls, rows=10, columns=["status"], redact=SPEECH)
    batches = turns(calls, rows=10, redact=CONTACTS)
    del batches
