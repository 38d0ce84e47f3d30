"""Runs exports on a Ray cluster. It needs the extra ``ray``, and for Parquet ``arrow``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attrs import evolve

from ..errors import PuretalkError
from ._engine import run_on
from ._export import ExportReport
from ._fetch import fetch_partition
from ._partition import Partition, PartitionReport, validate_rate
from ._shared_pace import SharedPace, Slots

try:
    import ray  # pyright: ignore[reportMissingImports]
except ModuleNotFoundError as _error:
    raise ImportError(f"{__name__} needs Ray: install puretalk-client with the extra 'ray'") from _error

__all__ = ["fetch_partitions"]


def fetch_partitions(partitions: Iterable[Partition], *, rate_limit: float | None = None) -> ExportReport:
    """Fetch partitions as tasks of the Ray cluster that ``ray.init`` connected to, and write the manifest.

    Each worker reads ``PURETALK_API_KEY`` from its own environment. Each task takes one CPU. If a worker dies, another
    one fetches its partition. After any other error, stored files stay: fetch the same plan again to go on.

    Args:
        partitions: Partitions that ``plan`` or ``iter_plan`` returned. They are taken as the workers need them.
        rate_limit: Requests per second, above 0, of all workers together, however many there are at the moment. It
            replaces the ``rate_limit`` of ``plan``. Default: none.

    Raises:
        ConfigurationError: A worker has no API key, or ``rate_limit`` is not a number above 0.
        ExportError: The target cannot be written, or holds another run.
        AuthenticationError: The API key is wrong.
        PermissionDeniedError: The API key may not read a call.
        ray.exceptions.WorkerCrashedError: Several workers died while they fetched the same partition.
    """
    validate_rate(rate_limit)
    return run_on(_Ray(rate_limit), partitions)


def _fetch(partition: Partition, rate: float | None, slots: Any) -> PartitionReport:
    return fetch_partition(partition, rate_limit=None if rate is None else SharedPace(rate, slots.reserve.remote))


class _Ray:
    def __init__(self, rate: float | None) -> None:
        self._rate, self._task, self._slots = rate, ray.remote(_fetch), None
        if rate is not None:
            options = {"num_cpus": 0, "max_restarts": -1, "max_task_retries": -1}
            self._slots = ray.remote(Slots).options(**options).remote(rate)

    def slots(self) -> int:
        return int(ray.cluster_resources().get("CPU", 1))

    def submit(self, partition: Partition) -> Any:
        if self._rate is not None:
            # Requests queue for the rate: so many that none of a larger cluster waits until its deadline, either.
            seconds = (partition.layout.retries.deadline or 30) / 4
            queued = max(1, int(self._rate * seconds / max(1, self.slots())))
            connections = min(partition.layout.max_connections or 100, queued)
            partition = evolve(partition, layout=evolve(partition.layout, max_connections=connections))
        return self._task.remote(partition, self._rate, self._slots)

    def wait(self, tasks: list[Any]) -> Any:
        return ray.wait(tasks, num_returns=1)[0][0]

    def result(self, task: Any) -> PartitionReport:
        try:
            report: PartitionReport = ray.get(task)
        except ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, PuretalkError):
                raise error.cause from None
            raise
        return report

    def close(self, tasks: list[Any]) -> None:
        for task in tasks:
            ray.cancel(task)
        if self._slots is not None:
            ray.kill(self._slots)
