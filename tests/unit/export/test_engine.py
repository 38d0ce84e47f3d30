"""What the adapters for engines share, with threads as the workers; ``tests/engines`` has the engines."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

import pytest
from tests.support.exports import rows

from puretalk_client import AuthenticationError, ConfigurationError
from puretalk_client.export import ExportReport, Partition, PartitionReport, fetch_partition, iter_plan, plan
from puretalk_client.export._engine import IN_ADVANCE, run_on
from puretalk_client.testing import Sandbox

Task = Future[PartitionReport]


class Threads:
    """An engine of so many threads.

    Attributes:
        count: The threads that it says it has.
        most: The most tasks that it held.
        closed: How often it was closed, with the tasks that were left.
    """

    def __init__(self, count: int) -> None:
        self.count, self.most = count, 0
        self.closed = 0
        self._pool = ThreadPoolExecutor(max(1, count))

    def slots(self) -> int:
        return self.count

    def submit(self, partition: Partition) -> Task:
        return self._pool.submit(fetch_partition, partition)

    def wait(self, tasks: list[Task]) -> Task:
        self.most = max(self.most, len(tasks))
        return wait(tasks, return_when=FIRST_COMPLETED).done.pop()

    def result(self, task: Task) -> PartitionReport:
        return task.result()

    def close(self, tasks: list[Task]) -> None:
        self.closed += 1
        for task in tasks:
            task.cancel()
        self._pool.shutdown()


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("count", [0, 1, 3])
def test_partitions_are_taken_as_they_are_needed(ids: list[str], tmp_path: Path, count: int) -> None:
    """An engine holds few of them: not even those of ten million ids fill its memory. No worker may be there yet."""
    taken: list[Partition] = []

    def planned() -> Iterator[Partition]:
        for partition in iter_plan(ids, tmp_path / "calls", rows=4):
            taken.append(partition)
            yield partition

    engine = Threads(count)
    source = planned()
    report = run_on(engine, source)
    assert (report.rows, len(taken), len(report.partitions)) == (50, 13, 13)
    assert engine.most == IN_ADVANCE * max(1, count)
    assert len(rows(tmp_path / "calls")) == 50
    assert (tmp_path / "calls" / "_manifest.json").exists()


@pytest.mark.usefixtures("environment")
def test_workers_come_and_go(ids: list[str], tmp_path: Path) -> None:
    """Each partition looks at how many there are now."""
    engine = Threads(4)

    def shrinking() -> Iterator[Partition]:
        for partition in plan(ids, tmp_path / "calls", rows=2):
            engine.count = 1 if partition.index > 7 else 4
            yield partition

    assert run_on(engine, shrinking()).rows == 50


@pytest.mark.usefixtures("environment")
def test_an_error_ends_the_run(ids: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits is canceled, and what is stored stays: the same plan goes on from there."""
    planned = plan(ids, tmp_path / "calls", rows=4)
    stored = run_on(Threads(2), planned[:3])
    assert stored.rows == 12
    monkeypatch.setenv("PURETALK_API_KEY", "wrong")
    engine = Threads(1)
    with pytest.raises(AuthenticationError):
        run_on(engine, iter(planned[3:]))
    assert engine.closed == 1
    assert len(rows(tmp_path / "calls")) == 12
    monkeypatch.setenv("PURETALK_API_KEY", Sandbox().api_key)
    report = run_on(Threads(2), planned)
    assert report.rows == 50
    assert [part.written for part in report.partitions] == [False] * 3 + [True] * 10


def test_an_error_of_the_plan_ends_the_run(tmp_path: Path) -> None:
    """An unreadable file of ids, for example."""

    def planned() -> Iterator[Partition]:
        yield from plan(["c-1"], tmp_path / "calls")
        raise ConfigurationError("Line 7 of ids.txt is not a call id")

    engine = Threads(1)
    with pytest.raises(ConfigurationError, match="Line 7"):
        run_on(engine, planned())


@pytest.mark.parametrize(("adapter", "engine", "name"), [("dask", "distributed", "Dask"), ("ray", "ray", "Ray")])
def test_an_engine_that_is_not_installed(adapter: str, engine: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line names the extra."""
    monkeypatch.setitem(sys.modules, engine, None)
    monkeypatch.delitem(sys.modules, f"puretalk_client.export.{adapter}", raising=False)
    with pytest.raises(ImportError) as caught:
        importlib.import_module(f"puretalk_client.export.{adapter}")
    line = f"puretalk_client.export.{adapter} needs {name}: install puretalk-client with the extra '{adapter}'"
    assert str(caught.value) == line


def test_nothing_to_fetch() -> None:
    """An empty plan has no target."""
    assert run_on(Threads(1), []) == ExportReport(())
