"""Descriptors, tasks and memory: nothing is left behind. ``make soak`` is the long form."""

from __future__ import annotations

import ast
import json
import socket
import subprocess
import sys
import time

import pytest
from tests.support.process import ROOT, ServerProcess

from .harness import SCRIPTS, base_url
from .leaks import measure
from .scripts import ROWS
from .transports import OWN_POOLS

over_own_pools = pytest.mark.parametrize("transport", OWN_POOLS)
FETCHES = 600
MAX_BOMB_GROWTH = 48.0
"""MiB that a bomb of 200 MiB may cost."""


# httpcore leaves the socket of a cancelled TLS handshake to the garbage collector (see collect_half_open).
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@over_own_pools
async def test_requests_leave_nothing_behind(transport: str, server: ServerProcess) -> None:
    """Every result is one that the fault allows, no call is another's, and every socket and task is gone."""
    tallies = await measure(transport, server, fetches=FETCHES, cancellations=150)
    assert {name: tally.problems for name, tally in tallies.items()} == {name: [] for name in tallies}
    assert tallies["fetches"].results.total() == FETCHES
    assert tallies["fetches"].results["Call"] > FETCHES * 0.7
    left = tallies["loops over get_many that are left"].results
    assert min(left[f"left by {kind}"] for kind in ("CancelledError", "EndOfBody", "break or the end")) > 5
    assert tallies["cancellations"].results["CancelledError"] >= tallies["cancellations"].endless > 20


@over_own_pools
@pytest.mark.parametrize("script", ["gzip-bomb", "gzip-bomb-as-failure"])
def test_gzip_bomb_costs_little(script: str, transport: str, server: ServerProcess) -> None:
    """200 kB that decompress to 200 MiB are refused, or cut, long before they are in memory."""
    command = [sys.executable, "-m", "tests.faults.bomb", base_url(server, ROWS["good"]), transport, f"{script}--1"]
    ran = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    found = json.loads(ran.stdout)
    assert found["result"] == ROWS[script].expect
    assert found["growth_mib"] <= MAX_BOMB_GROWTH


def test_server_ends_with_its_parent() -> None:
    """A parent that exits without closing its server takes the server with it."""
    parent = (
        "import os; from tests.support.process import ServerProcess;"
        f"print(ServerProcess({SCRIPTS!r}).ports, flush=True); os._exit(1)"
    )
    ran = subprocess.run([sys.executable, "-c", parent], cwd=ROOT, stdout=subprocess.PIPE, check=False)
    address = ("127.0.0.1", ast.literal_eval(ran.stdout.decode())["plain"])
    for _ in range(6000):
        try:
            socket.create_connection(address, timeout=60).close()
        except OSError:  # refused, or reset by a listener that is closing
            return
        time.sleep(0.01)
    pytest.fail("the server still listens")
