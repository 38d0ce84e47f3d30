"""Prints the fault table: ``python -m tests.faults.table [PART_OF_A_NAME ...]``. Fails on a mismatch."""

from __future__ import annotations

import asyncio
import subprocess
import sys

from tests.support.clock import MovableLoop
from tests.support.process import ROOT, ServerProcess, scripted_server

from .harness import SCRIPTS, Outcome, play
from .scripts import ROWS
from .transports import ALL_TRANSPORTS

COLUMNS = "{:<20} {:<55} {:<42} {:<24} {:>8} {:>9} {:>11}"


def line(outcome: Outcome) -> str:
    """Write one line of the table. The time includes delays and deadlines, which the clock of the loop skips."""
    return COLUMNS.format(
        outcome.transport,
        outcome.row.name,
        outcome.row.expect,
        outcome.result,
        outcome.requests,
        f"{outcome.elapsed * 1000:.1f}",
        f"{outcome.overrun * 1000:.1f}" if outcome.overrun else "",
    )


def bomb_costs(server: ServerProcess, transport: str) -> str:
    """Fetch the gzip bomb in a process of its own; return what it measured."""
    base_url = f"http://127.0.0.1:{server.ports['plain']}/good"
    command = [sys.executable, "-m", "tests.faults.bomb", base_url, transport, f"gzip-bomb--{transport}"]
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True).stdout.strip()


def main(wanted: list[str]) -> int:
    """Print the lines of the rows that are wanted; return the exit status."""
    rows = [row for name, row in ROWS.items() if not wanted or any(part in name for part in wanted)]
    if not rows:
        print("no row has such a name")
        return 2
    print(COLUMNS.format("transport", "fault", "expected", "received", "requests", "time ms", "overrun ms"))
    outcomes = []
    with scripted_server(SCRIPTS) as server:
        for transport in ALL_TRANSPORTS:
            if "gzip-bomb" in (row.name for row in rows):
                print(f"{transport:<20} gzip-bomb costs: {bomb_costs(server, transport)}")
            for row in rows:
                if transport in row.left_out:
                    print(f"{transport:<20} {row.name:<55} left out: {row.left_out[transport]}")
                    continue
                with asyncio.Runner(loop_factory=MovableLoop) as runner:
                    outcome = runner.run(play(row, transport, server))
                outcomes.append(outcome)
                print(line(outcome), *(f"MISMATCH: {problem}" for problem in outcome.problems), sep="  ")
    wrong = [outcome for outcome in outcomes if outcome.problems]
    worst = max((outcome.overrun for outcome in outcomes), default=0.0)
    print(f"{len(outcomes)} lines, {len(wrong)} mismatches, worst overrun of a deadline {worst * 1000:.1f} ms")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
