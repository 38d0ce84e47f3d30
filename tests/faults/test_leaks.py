"""Nothing is left behind: descriptors, tasks, memory. ``make soak`` is the long form."""

from __future__ import annotations

import ast
import asyncio
import json
import socket
import subprocess
import sys
import time

import pytest

from .harness import OWN_POOLS, base_url
from .leaks import measured
from .process import ROOT, FaultServer
from .table_rows import ROWS

over_each_transport = pytest.mark.parametrize("transport", OWN_POOLS)
CALLS = 600
MAX_BOMB_GROWTH = 48.0
"""MiB that a bomb of 200 MiB may cost."""


# httpcore leaves the socket of a cancelled TLS handshake to the garbage collector (see collect_half_open).
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@over_each_transport
def test_calls_and_cancellations_leave_nothing_behind(transport: str, server: FaultServer) -> None:
    """Every outcome is one that the fault allows, no call is another's, and every socket and task is gone."""
    tallies = asyncio.run(measured(transport, server, calls=CALLS, cancellations=150), debug=False)
    assert {name: tally.unclassified for name, tally in tallies.items()} == {name: [] for name in tallies}
    assert tallies["calls"].outcomes.total() == CALLS
    assert tallies["calls"].outcomes["Call"] > CALLS * 0.7
    assert tallies["cancellations"].outcomes["CancelledError"] > 50


@over_each_transport
@pytest.mark.parametrize("script", ["gzip-bomb", "gzip-bomb-as-failure"])
def test_gzip_bomb_costs_little(script: str, transport: str, server: FaultServer) -> None:
    """200 kB that stand for 200 MiB are refused, or cut, long before they are in memory."""
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.faults.bomb",
            base_url(server, ROWS["good"]),
            transport,
            f"{script}--1",
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    found = json.loads(ran.stdout)
    assert found["got"] == ROWS[script].expect
    assert found["growth_mib"] <= MAX_BOMB_GROWTH


def test_server_ends_with_its_parent() -> None:
    """A parent that dies without a word takes the fault server with it."""
    parent = (
        "import os; from tests.faults.process import *; print(FaultServer().ports, flush=True); os._exit(1)"
    )
    ran = subprocess.run([sys.executable, "-c", parent], cwd=ROOT, stdout=subprocess.PIPE, check=False)
    address = ("127.0.0.1", ast.literal_eval(ran.stdout.decode())["plain"])
    for _ in range(1000):
        try:
            socket.create_connection(address, timeout=10).close()
        except OSError:  # refused, or reset by a listener that is just going
            return
        time.sleep(0.01)
    pytest.fail("the fault server is still there")
