"""A sandbox for the workers of an engine: it counts requests, and can hold them while a worker is killed."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import psutil
from starlette.types import Receive, Scope, Send
from tests.docs.markdown import ROOT, blocks
from tests.support.eventually import PATIENCE
from tests.support.exports import contents, rows, side_ids

from puretalk_client.export import ExportReport, Partition, fetch_partition, iter_plan, plan
from puretalk_client.testing import Sandbox, sample_call


class Server:
    """An ASGI app around a sandbox with 40 calls; two of the ids are of no call.

    Attributes:
        ids: Ids to export.
        requests: How often each path was requested.
        arrivals: When each request arrived, in seconds of a monotonic clock.
        variables: Environment variables that lead a client here.
    """

    variables: Mapping[str, str]

    def __init__(self) -> None:
        self.sandbox = Sandbox()
        calls = [sample_call(call_id=f"c-{n}", status="completed" if n % 7 else "in-progress") for n in range(40)]
        self.ids: list[str] = [*map(self.sandbox.add_call, calls), "no-1", "no-2"]
        self.reset()

    def reset(self) -> None:
        """Forget all requests."""
        self.requests: Counter[str] = Counter()
        self.arrivals: list[float] = []
        self._held_after, self._port = math.inf, 0
        self._is_held, self._is_released = threading.Event(), threading.Event()

    @contextlib.contextmanager
    def holding(self, after: int) -> Iterator[None]:
        """Respond to so many requests, and hold those that follow, until the block ends."""
        self._held_after = sum(self.requests.values()) + after
        try:
            yield
        finally:
            self._held_after = math.inf
            self._is_released.set()

    def wait_until_held(self) -> None:
        """Wait until a request is held."""
        assert self._is_held.wait(PATIENCE)

    def kill_a_worker(self) -> None:
        """Wait until requests are held, and SIGKILL the process that sent one of them."""
        self.wait_until_held()
        (worker,) = (
            child
            for child in worker_processes()
            if any(connection.laddr.port == self._port for connection in _connections(child))
        )
        worker.kill()
        worker.wait(PATIENCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.requests[scope["path"]] += 1
        self.arrivals.append(time.monotonic())
        if sum(self.requests.values()) > self._held_after:
            self._port = self._port or scope["client"][1]
            self._is_held.set()
            await asyncio.to_thread(self._is_released.wait, PATIENCE)
        await self.sandbox(scope, receive, send)


def assert_survives_a_kill(server: Server, folder: Path, run: Callable[[Iterable[Partition]], ExportReport]) -> None:
    """Kill a worker: another one fetches its partition, every call is there once, and a second run fetches nothing."""
    undisturbed, target = folder / "undisturbed", folder / "calls"
    for partition in plan(server.ids, undisturbed, rows=7):
        fetch_partition(partition)
    server.reset()
    with ThreadPoolExecutor(1) as thread, server.holding(after=10):
        first = thread.submit(run, iter_plan(server.ids, target, rows=7))
        server.kill_a_worker()
    report = first.result()
    assert (report.rows, report.failed, report.pending) == (40, 2, 6)
    assert rows(target) == rows(undisturbed)
    assert side_ids(target, "failed") == ["no-1", "no-2"]
    assert 2 in server.requests.values()  # by the worker that was killed, and by another
    assert (target / "_manifest.json").exists()

    server.reset()
    files = contents(target)
    assert run(plan(server.ids, target, rows=7)).rows == 40
    assert contents(target) == files
    assert not server.requests


def run_example(module: str, folder: Path) -> str:
    """Run the script of docs/how-to/engines.md that imports a module, in a folder; return what it prints."""
    (script,) = (block.text for block in blocks("py") if f"from {module} import" in block.text)
    (folder / "example.py").write_text(script, encoding="utf-8")
    command = [sys.executable, "-X", "faulthandler", "example.py"]
    paths = os.pathsep.join(str(ROOT / name) for name in ("overlay", "generated"))
    environment = {**os.environ, "PYTHONPATH": paths}
    return subprocess.run(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True
    ).stdout


def worker_processes() -> list[psutil.Process]:
    """Return the processes that this one has started, and theirs."""
    return [process for process in psutil.Process().children(recursive=True) if _is_worker(process)]


def _is_worker(process: psutil.Process) -> bool:
    try:
        # The other one is of multiprocessing, and ends with this process.
        return "resource_tracker" not in " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # it has ended since
        return False


def _connections(process: psutil.Process) -> list[Any]:
    try:
        return list(process.net_connections("tcp"))
    except psutil.NoSuchProcess:
        return []


def assert_on_loopback() -> None:
    """Fail if a cluster can be reached from other machines."""
    for process in [psutil.Process(), *worker_processes()]:
        for connection in _connections(process):
            if connection.status == psutil.CONN_LISTEN:
                assert ip_address(connection.laddr.ip.removeprefix("::ffff:")).is_loopback, connection
