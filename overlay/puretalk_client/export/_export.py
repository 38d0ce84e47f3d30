"""Plans exports, and runs one in this process."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Literal, TypedDict, Unpack

from attrs import frozen

from .._client import AsyncPuretalk
from .._core.options import Retries, validate_int
from .._core.telemetry import Operation
from .._many import FetchResult
from ..errors import ConfigurationError
from ._fetch import Fetcher, fetch_into
from ._inventory import Inventory, leftovers, write_manifest
from ._partition import Format, Layout, Partition, PartitionReport, partitions, validate_rate, validated_retries
from ._target import ExportError, Target, open_target

CONCURRENT_PARTITIONS = 2
"""Partitions that one process fetches at a time: the last calls of one do not keep the connections idle."""


@frozen
class ExportReport:
    """The result of an export.

    Attributes:
        partitions: The result of each partition, by index.
    """

    partitions: tuple[PartitionReport, ...]

    @property
    def rows(self) -> int:
        """Calls stored."""
        return sum(each.rows for each in self.partitions)

    @property
    def failed(self) -> int:
        """Ids without a call."""
        return sum(each.failed for each in self.partitions)

    @property
    def pending(self) -> int:
        """Calls stored whose status was not final."""
        return sum(each.pending for each in self.partitions)


@frozen
class Progress:
    """The progress of an export.

    Attributes:
        calls: Calls fetched by this run.
        failed: Ids without a call, in this run.
        present: Calls and ids without a call in the parts that were there before.
    """

    calls: int
    failed: int
    present: int = 0


class PlanOptions(TypedDict, total=False):
    """The options of ``plan``."""

    format: Format
    """"parquet", or "jsonl" for JSON Lines, which needs no pyarrow."""
    columns: Collection[str] | None
    """Fields of ``Call`` to store, and for Parquet ``_drift`` and ``_unknown``. ``call_id`` is always stored. Default:
    all."""
    redact: Collection[str]
    """Paths of fields whose values to leave out, such as ``transcript_object.content``. ``SPEECH`` and ``CONTACTS`` are
    sets of such paths. Fields that the document does not have are then left out, too."""
    rate_limit: float | None
    """Requests per second, above 0, of all workers together. Default: no limit."""
    workers: int
    """How many workers share the ``rate_limit``, at least 1. Default: 1."""
    retries: Retries | None
    """Limits of the retries of each request. Default: ``Retries()``, which survives an outage of minutes."""
    transport: Literal["httpx", "aiohttp"] | None
    """As for ``AsyncPuretalk``, for the client of each worker."""
    max_connections: int | None
    """As for ``AsyncPuretalk``, for the client of each worker."""


def plan(
    ids: Iterable[str | uuid.UUID], target: str | os.PathLike[str], rows: int = 5000, **options: Unpack[PlanOptions]
) -> list[Partition]:
    """Divide an export into partitions, which ``fetch_partition`` fetches on this or another machine.

    The same ids and options make the same partitions. To go on after a failure, plan and fetch again: partitions whose
    file exists are skipped. Planning sends and writes nothing, and needs no API key.

    Args:
        ids: The calls' ids. Each is fetched once, even if it occurs again.
        target: Path of a folder that all workers can write to, or a URI for ``pyarrow.fs``, such as
            ``s3://bucket/calls``.
        rows: Largest number of ids in a partition, at least 1.
        **options: See ``PlanOptions``.

    Raises:
        ConfigurationError: An argument cannot be used.
    """
    return list(iter_plan(ids, target, rows, **options))


def iter_plan(
    ids: Iterable[str | uuid.UUID], target: str | os.PathLike[str], rows: int = 5000, **options: Unpack[PlanOptions]
) -> Iterator[Partition]:
    """Yield the partitions of ``plan`` one by one, so that those of ten million ids need not be in memory.

    The arguments and errors are those of ``plan``. ``ids`` is read while you iterate.
    """
    return partitions(ids, _layout(target, **options), validate_int("rows", rows, minimum=1))


def plan_again(
    target: str | os.PathLike[str],
    *,
    retry_failed: bool = False,
    refresh: bool = False,
    **options: Unpack[PlanOptions],
) -> list[Partition]:
    """Plan to fetch the failed or unfinished calls of an export again; ``fetch_partition`` replaces their files.

    Args:
        target: As for ``plan``.
        retry_failed: Fetch the ids that failed.
        refresh: Fetch the calls whose status was not final.
        **options: As for ``plan``, with the same format, columns and redaction as before.

    Raises:
        ConfigurationError: An argument cannot be used.
        ExportError: The target cannot be read, or was exported with other options.
    """
    layout = _layout(target, **options)
    inventory = Inventory.of(open_target(layout.target))
    return list(leftovers(inventory, layout, failed=retry_failed, pending=refresh))


def _layout(
    target: str | os.PathLike[str],
    *,
    format: Format = "parquet",
    columns: Collection[str] | None = None,
    redact: Collection[str] = (),
    rate_limit: float | None = None,
    workers: int = 1,
    retries: Retries | None = None,
    transport: Literal["httpx", "aiohttp"] | None = None,
    max_connections: int | None = None,
) -> Layout:
    validate_int("workers", workers, minimum=1)
    validate_rate(rate_limit)
    return Layout.of(
        target,
        format,
        columns,
        redact,
        rate_limit=None if rate_limit is None else rate_limit / workers,
        retries=validated_retries(retries),
        transport=transport,
        max_connections=max_connections,
    )


async def export(
    client: AsyncPuretalk,
    ids: Iterable[str | uuid.UUID] | None,
    target: str | os.PathLike[str],
    *,
    rows: int = 5000,
    format: Format = "parquet",
    columns: Collection[str] | None = None,
    redact: Collection[str] = (),
    resume: bool = False,
    overwrite: bool = False,
    retry_failed: bool = False,
    refresh: bool = False,
    retries: Retries | None = None,
    on_progress: Callable[[Progress], object] | None = None,
) -> ExportReport:
    """Fetch calls into files in ``target``, in this process, with the connections and the rate limit of ``client``.

    To resume a run that ended early, for whatever reason, use the same ids and options and ``resume=True``: partitions
    whose file exists are skipped. The failure of one call does not end the run. It is counted in the report, and listed
    in a file beside those with the calls. At the end, ``_manifest.json`` lists all files.

    Args:
        client: The client, which stays open.
        ids: The calls' ids, read lazily; each is fetched once, even if it occurs again. None, with ``retry_failed`` or
            ``refresh``, for the ids of an earlier run only.
        target: Path of a folder, or a URI for ``pyarrow.fs``, such as ``s3://bucket/calls``.
        rows: Largest number of ids in a file, at least 1.
        format: "parquet", or "jsonl" for JSON Lines, which needs no pyarrow.
        columns: See ``PlanOptions``.
        redact: See ``PlanOptions``.
        resume: Go on with the run in the target.
        overwrite: Remove the files of earlier runs from the target first.
        retry_failed: Also fetch the ids that failed in the run in the target.
        refresh: Also fetch the calls again whose status was not final in the run in the target.
        retries: Limits of the retries of each request. Default: ``Retries()``, which survives an outage of minutes.
        on_progress: Called after each call.

    Raises:
        ConfigurationError: An argument cannot be used, or the client is closed.
        ExportError: The target cannot be used, for example because it holds another run.
        AuthenticationError: The API key is wrong.
        PermissionDeniedError: The API key may not read a call.
    """
    continues = resume or retry_failed or refresh
    if overwrite and continues:
        raise ConfigurationError("overwrite excludes resume, retry_failed and refresh")
    if ids is None and not (retry_failed or refresh):
        raise ConfigurationError("ids can be None only with retry_failed or refresh")
    layout = _layout(target, format=format, columns=columns, redact=redact, retries=retries)
    planned = partitions(() if ids is None else ids, layout, validate_int("rows", rows, minimum=1))
    inventory = _prepare(open_target(layout.target), continues=continues, overwrite=overwrite)
    run = _Run(Fetcher(client, layout.retries), inventory, on_progress)
    with Operation(client._sender.telemetry, "export"):
        await run.fetch(planned)
        if ids is not None:
            run.require_all()
        if retry_failed or refresh:
            await run.fetch(leftovers(inventory, layout, failed=retry_failed, pending=refresh))
    return ExportReport(tuple(write_manifest(layout.target, run.reports)))


def _prepare(target: Target, *, continues: bool, overwrite: bool) -> Inventory:
    target.remove_abandoned()
    inventory = Inventory.of(target)
    if overwrite:
        inventory.clear()
    elif not inventory.is_empty and not continues:
        raise ExportError(f"{target.label} holds another run: pass resume=True to go on with it, or overwrite=True")
    return inventory


class _Run:
    """The partitions that one process fetches.

    Attributes:
        reports: What became of those fetched so far, by the names of their files.
    """

    def __init__(
        self, fetcher: Fetcher, inventory: Inventory, on_progress: Callable[[Progress], object] | None
    ) -> None:
        self.reports: dict[str, PartitionReport] = {}
        self._fetcher, self._inventory, self._on_progress = fetcher, inventory, on_progress
        self._calls = self._failed = self._present = 0

    async def fetch(self, planned: Iterator[Partition]) -> None:
        """Fetch partitions, two at a time."""
        workers = [asyncio.ensure_future(self._work(planned)) for _ in range(CONCURRENT_PARTITIONS)]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.wait(workers)

    async def _work(self, planned: Iterator[Partition]) -> None:
        for partition in planned:
            report = await fetch_into(self._fetcher, partition, self._inventory, self._count)
            self.reports[partition.name] = report
            self._present += 0 if report.written else report.rows + report.failed

    def require_all(self) -> None:
        """Refuse files of a longer list of ids: the run that the target holds is another."""
        for name in self._inventory.parts.values():
            if name not in self.reports:
                raise ExportError(f"{self._inventory.target.label} holds another run: {name} is not of these ids")

    def _count(self, result: FetchResult) -> None:
        self._calls += result.call is not None
        self._failed += result.call is None
        if self._on_progress is not None:
            self._on_progress(Progress(self._calls, self._failed, self._present))
