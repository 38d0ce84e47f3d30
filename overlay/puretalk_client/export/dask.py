"""Runs exports on a Dask cluster. It needs the extra ``dask``, and for Parquet ``arrow``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..errors import ConfigurationError
from ._engine import run_on
from ._export import ExportReport
from ._fetch import fetch_partition
from ._partition import Partition, PartitionReport

try:
    from distributed import Client, wait  # pyright: ignore[reportMissingImports]
except ModuleNotFoundError as _error:
    raise ImportError(f"{__name__} needs Dask: install puretalk-client with the extra 'dask'") from _error

__all__ = ["fetch_partitions"]


def fetch_partitions(client: Any, partitions: Iterable[Partition]) -> ExportReport:
    """Fetch partitions on the workers of a Dask cluster, and write the manifest.

    Each worker reads ``PURETALK_API_KEY`` from its own environment. If a worker dies, another one fetches its
    partition. After any other error, stored files stay: fetch the same plan again to go on.

    Args:
        client: A ``distributed.Client`` that is not asynchronous.
        partitions: Partitions that ``plan`` or ``iter_plan`` returned. They are taken as the workers need them. Each
            thread of a worker fetches a partition: pass the number of all threads as the ``workers`` of the plan.

    Raises:
        ConfigurationError: A worker has no API key, or ``client`` is not such a client.
        ExportError: The target cannot be written, or holds another run.
        AuthenticationError: The API key is wrong.
        PermissionDeniedError: The API key may not read a call.
        distributed.KilledWorker: Several workers died while they fetched the same partition.
    """
    if not isinstance(client, Client) or client.asynchronous:
        raise ConfigurationError("client must be a distributed.Client that is not asynchronous")
    return run_on(_Dask(client), partitions)


class _Dask:
    def __init__(self, client: Any) -> None:
        self._client = client

    def slots(self) -> int:
        return sum(self._client.nthreads().values())

    def submit(self, partition: Partition) -> Any:
        # Not pure: a second run of the same plan lists the target again.
        return self._client.submit(fetch_partition, partition, pure=False)

    def wait(self, tasks: list[Any]) -> Any:
        return next(iter(wait(tasks, return_when="FIRST_COMPLETED").done))

    def result(self, task: Any) -> PartitionReport:
        report: PartitionReport = task.result()
        return report

    def close(self, tasks: list[Any]) -> None:
        self._client.cancel(tasks)
