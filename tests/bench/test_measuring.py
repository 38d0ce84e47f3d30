"""The measuring processes of the benchmark, with a few fetches. No figure is asserted: ``make bench`` measures."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from . import instructions, worker
from .instructions import COUNTERS
from .processes import Processes, WorkerError, environment
from .sample import call_id
from .server import Addresses, running
from .target import target

PERF, CACHEGRIND = COUNTERS
HERE = ("limit", "ours-aiohttp", "ours-httpx", "hand-aiohttp", "hand-httpx")
"""Clients that need nothing but the development environment."""


@pytest.fixture(scope="module")
def addresses() -> Iterator[Addresses]:
    """The server of the benchmark."""
    with running() as found:
        yield found


@pytest.fixture
def processes(tmp_path: Path) -> Processes:
    """Processes without another Python."""
    return Processes(environment(tmp_path), "")


def tool(folder: Path, name: str, script: str) -> None:
    """Write a program that stands for a counter of instructions."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_server_ends_with_the_block() -> None:
    """The server sends the requested call with as many turns as its id says, and its port is closed afterwards."""
    with running() as found:
        response = httpx.get(f"{found.http}/calls/{call_id(40, 7)}", trust_env=False, timeout=60)
        results = response.json()["results"]
        assert (results["call_id"], len(results["transcript_object"])) == (call_id(40, 7), 40)
    with pytest.raises(httpx.ConnectError):
        httpx.get(found.http, trust_env=False)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("client", HERE)
async def test_clients_deliver(client: str, scheme: str, addresses: Addresses, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client is measured only if it delivers the call; measuring it gives a time and a rate."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    base_url = getattr(addresses, scheme)
    assert (target(base_url, 1).tls is None) == (scheme == "http")
    [(cpu, rate)] = await worker.run(client, base_url, [(2, 40, 4, 0.0)])
    assert cpu > 0
    assert rate > 0


@pytest.mark.parametrize(
    "call",
    [
        {"call_id": call_id(1, 1), "transcript_object": [{}]},
        {"call_id": call_id(1, 0), "transcript_object": []},
        {"call_id": call_id(1, 0), "transcript_object": None},
    ],
)
def test_another_call_is_refused(call: dict[str, object]) -> None:
    """A client that delivers another call, or half of one, is not measured."""
    with pytest.raises(ValueError, match="not the call"):
        worker.check(call, call_id(1, 0), 1)


def test_tasks_and_cold_start(addresses: Addresses, processes: Processes) -> None:
    """Both print two numbers: of tasks, those that got their call come first."""
    delivered, peak = processes.one_client("tasks", "ours-aiohttp", addresses.http, "30")
    assert delivered == 30
    assert peak > 0
    decoded, cpu = processes.one_client("cold", "ours-httpx", addresses.http, call_id(40, 0))
    assert decoded > cpu > 0


def test_a_process_that_fails_has_a_reason(processes: Processes) -> None:
    """The reason is the last line on standard error."""
    with pytest.raises(WorkerError, match="'no-such-client'"):
        processes.module(
            "worker", given={"client": "no-such-client", "base_url": "http://127.0.0.1:1", "cells": [[1, 0, 1, 0]]}
        )


@pytest.mark.parametrize(
    ("counter", "text", "count"),
    [
        (PERF, "# started on Tue\n\n123456,,instructions:u,99,100.00,,\n", 123456),
        (PERF, "123456,,instructions:u:H,99,100.00,,\n", 123456),
        (CACHEGRIND, "==7== \n==7== I   refs:      1,234,567\n", 1234567),
    ],
)
def test_counts_are_read(counter: instructions.Counter, text: str, count: int, tmp_path: Path) -> None:
    """Both tools write their count into a file."""
    (tmp_path / "count").write_text(text, encoding="utf-8")
    assert counter.read(tmp_path / "count") == count


@pytest.mark.parametrize(
    "text", ["<not supported>,,instructions:u,0,100.00,,\n", "<not counted>,,instructions:u,,,,\n", ""]
)
def test_a_machine_without_a_counter_says_so(text: str, tmp_path: Path) -> None:
    """Virtual machines often have no counter of instructions, and perf then exits with 0."""
    (tmp_path / "count").write_text(text, encoding="utf-8")
    with pytest.raises(WorkerError, match="perf stat counted nothing"):
        PERF.read(tmp_path / "count")


def test_counters_are_chosen_in_order(processes: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second tool is used where the first cannot count; where none can, the reason names both."""
    monkeypatch.setenv("PATH", str(tmp_path))
    processes.env["PATH"] = str(tmp_path)
    assert instructions.choose(processes) == (None, "perf is not installed; valgrind is not installed")
    tool(tmp_path, "perf", 'echo "<not supported>,,instructions:u" > "$6"')
    assert instructions.choose(processes) == (None, "perf stat counted nothing; valgrind is not installed")
    tool(tmp_path, "valgrind", 'echo "I refs: 1,000" > "${4#--log-file=}"')
    assert instructions.choose(processes) == (CACHEGRIND, "valgrind --tool=cachegrind")


def test_starting_is_left_out_of_the_count(
    processes: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The difference of two processes is divided by the difference of their fetches, which is the last argument."""
    processes.env["PATH"] = str(tmp_path)
    tool(
        tmp_path, "perf", 'path="$6"; for last; do :; done; echo "$((5000000 + 700 * last)),,instructions:u" > "$path"'
    )
    assert instructions.per_fetch(processes, PERF, "limit", "http://127.0.0.1:1", quick=True) == 700
