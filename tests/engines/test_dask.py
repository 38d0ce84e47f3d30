"""Exports on a Dask cluster with two worker processes."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from distributed import Client, LocalCluster
from tests.engines.server import Server, assert_on_loopback, assert_survives_a_kill, run_example, worker_processes
from tests.support.exports import rows

from puretalk_client import ConfigurationError
from puretalk_client.export import plan, plan_again
from puretalk_client.export.dask import fetch_partitions


@pytest.fixture(scope="module")
def client(cluster_server: Server) -> Iterator[Any]:
    """Run a cluster."""
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", scheduler_port=0, dashboard_address="127.0.0.1:0"
        ) as cluster,
        Client(cluster) as client,
    ):
        assert_on_loopback()
        yield client
    assert worker_processes() == []


def set_key(key: str | None) -> None:
    """Change the environment of a worker."""
    os.environ.pop("PURETALK_API_KEY", None)
    if key is not None:
        os.environ["PURETALK_API_KEY"] = key


def test_a_worker_is_killed(client: Any, server: Server, tmp_path: Path) -> None:
    """Nothing is lost, and nothing is fetched in vain."""
    assert_survives_a_kill(server, tmp_path, functools.partial(fetch_partitions, client))


def test_a_worker_without_a_key(client: Any, server: Server, target: Path) -> None:
    """One error, and what the other one stored is there."""
    client.wait_for_workers(2)
    worker = sorted(client.scheduler_info()["workers"])[0]
    planned = plan(server.ids, target, rows=2)
    client.run(set_key, None, workers=[worker])
    try:
        with pytest.raises(ConfigurationError, match=r"^PURETALK_API_KEY is not set"):
            fetch_partitions(client, planned)
    finally:
        client.run(set_key, server.sandbox.api_key, workers=[worker])
    assert not (target / "_manifest.json").exists()
    report = fetch_partitions(client, planned)
    assert (report.rows, report.failed) == (40, 2)
    assert [row["call_id"] for row in rows(target)] == sorted(server.ids[:40])


def test_failed_calls(client: Any, server: Server, target: Path) -> None:
    """A plan of what is left replaces the files, and the report has all of them."""
    ids = [*server.ids[:10], "late"]
    assert fetch_partitions(client, plan(ids, target, rows=4)).failed == 1
    server.sandbox.add_call({"call_id": "late", "status": "completed"})
    report = fetch_partitions(client, plan_again(target, retry_failed=True))
    assert (report.rows, report.failed) == (11, 0)


def test_refuses_what_is_not_a_client() -> None:
    """Before anything is written."""
    with pytest.raises(ConfigurationError, match="distributed"):
        fetch_partitions(None, [])


def test_nothing_to_fetch(client: Any) -> None:
    """An empty plan has no target."""
    assert fetch_partitions(client, []).partitions == ()


def test_example(server: Server, tmp_path: Path) -> None:
    """The script of docs/how-to/engines.md runs."""
    (tmp_path / "ids.txt").write_text("\n".join(server.ids))
    assert run_example("puretalk_client.export.dask", tmp_path) == "40 2\n"
    assert len(rows(tmp_path / "calls")) == 40
