"""Exports on a local Ray cluster with two workers."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import ray
from tests.engines.server import Server, assert_on_loopback, assert_survives_a_kill, run_example, worker_processes
from tests.support.exports import contents, rows

from puretalk_client import AuthenticationError, ConfigurationError
from puretalk_client.export import plan
from puretalk_client.export.ray import fetch_partitions


def start() -> None:
    """Start a cluster, whose workers have the environment of now."""
    ray.init(num_cpus=2, include_dashboard=False, object_store_memory=80 * 2**20, log_to_driver=False)


@pytest.fixture(scope="module")
def _end() -> Iterator[None]:
    yield
    ray.shutdown()
    assert worker_processes() == []


@pytest.fixture
def cluster(server: Server, _end: None) -> None:
    """Run a cluster, unless one runs already."""
    if not ray.is_initialized():
        start()
        assert_on_loopback()


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("rate_limit", [None, 200])
def test_a_worker_is_killed(server: Server, tmp_path: Path, rate_limit: float | None) -> None:
    """Nothing is lost, and nothing is fetched in vain."""
    assert_survives_a_kill(server, tmp_path, functools.partial(fetch_partitions, rate_limit=rate_limit))


@pytest.mark.usefixtures("cluster")
def test_workers_share_a_pace(server: Server, target: Path) -> None:
    """All requests together take the time that the rate says; with a rate for each, the two workers take half of it.

    The process of the actor is killed meanwhile, and Ray starts it again.
    """
    with ThreadPoolExecutor(1) as thread, server.holding(after=5):
        run = thread.submit(fetch_partitions, plan(server.ids, target, rows=7), rate_limit=20)
        server.wait_until_held()
        (actor,) = (process for process in worker_processes() if process.cmdline()[0].startswith("ray::Slots"))
        actor.kill()
    assert run.result().rows == 40
    assert server.arrivals[-1] - server.arrivals[0] > 0.8 * len(server.arrivals) / 20


@pytest.mark.usefixtures("cluster")
def test_a_wrong_key(server: Server, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is one error, with the class that it has elsewhere; the partitions that are left are not fetched."""
    monkeypatch.setattr(server.sandbox, "api_key", "another")
    with pytest.raises(AuthenticationError):
        fetch_partitions(plan(server.ids, target, rows=2))
    assert not list(target.glob("part-*"))


@pytest.mark.usefixtures("cluster")
def test_workers_without_a_key(server: Server, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One error, and what was stored is there, to go on from."""
    planned = plan(server.ids, target, rows=2)
    fetch_partitions(planned[:3])
    files = contents(target)
    ray.shutdown()
    monkeypatch.delenv("PURETALK_API_KEY")
    start()
    with pytest.raises(ConfigurationError, match=r"^PURETALK_API_KEY is not set"):
        fetch_partitions(planned)
    assert contents(target) == files
    ray.shutdown()
    monkeypatch.setenv("PURETALK_API_KEY", server.sandbox.api_key)
    start()
    report = fetch_partitions(planned)
    assert (report.rows, report.failed) == (40, 2)
    assert [row["call_id"] for row in rows(target)] == sorted(server.ids[:40])


@pytest.mark.parametrize("rate_limit", [0, "5", True])
def test_refuses_a_rate(rate_limit: Any, target: Path) -> None:
    """Before anything is written."""
    with pytest.raises(ConfigurationError, match="rate_limit"):
        fetch_partitions([], rate_limit=rate_limit)


def test_example(server: Server, tmp_path: Path) -> None:
    """The script of docs/how-to/engines.md runs, on a cluster of its own."""
    (tmp_path / "ids.txt").write_text("\n".join(server.ids))
    assert run_example("puretalk_client.export.ray", tmp_path).splitlines()[-1] == "40 2"
    assert len(rows(tmp_path / "calls")) == 40
