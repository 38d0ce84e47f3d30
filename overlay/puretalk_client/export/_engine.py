"""An export whose partitions the workers of an engine fetch: what its adapters share."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Protocol, TypeVar

from ._export import ExportReport
from ._inventory import write_manifest
from ._partition import Partition, PartitionReport
from ._target import open_target

IN_ADVANCE = 2
"""Partitions that an engine holds for each slot of a worker, the one in progress included. They hold ids: those of all
partitions would fill the memory of a scheduler."""

Task = TypeVar("Task")


class Engine(Protocol[Task]):
    """What fetches partitions on other machines."""

    def slots(self) -> int:
        """Return how many partitions the workers of now fetch at a time."""
        ...

    def submit(self, partition: Partition) -> Task:
        """Let a worker run ``fetch_partition``."""
        ...

    def wait(self, tasks: list[Task]) -> Task:
        """Return one of the tasks that has ended."""
        ...

    def result(self, task: Task) -> PartitionReport:
        """Return what a task returned, or raise its error."""
        ...

    def close(self, tasks: list[Task]) -> None:
        """Cancel the tasks that are left after an error, and end what else runs for them."""
        ...


def run_on(engine: Engine[Task], partitions: Iterable[Partition]) -> ExportReport:
    """Fetch partitions, which are taken as the workers need them; after an error, the others are canceled."""
    reports: dict[str, PartitionReport] = {}
    planned, tasks, target = iter(partitions), list[Task](), None
    try:
        while True:
            for partition in islice(planned, max(0, IN_ADVANCE * max(1, engine.slots()) - len(tasks))):
                if target is None:
                    target = partition.layout.target
                    open_target(target).remove_abandoned()
                tasks.append(engine.submit(partition))
            if not tasks:
                break
            done = engine.wait(tasks)
            tasks.remove(done)
            report = engine.result(done)
            reports[report.name] = report
    finally:
        engine.close(tasks)
    return ExportReport(() if target is None else tuple(write_manifest(target, reports)))
