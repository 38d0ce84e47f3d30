"""Prints the fault table: ``python -m tests.faults.table [part of a name ...]``. Fails on a mismatch."""

from __future__ import annotations

import asyncio
import subprocess
import sys

from .harness import TRANSPORTS, Result, run_row
from .process import ROOT, FaultServer, fault_server
from .table_rows import ROWS

COLUMNS = "{:<11} {:<40} {:<42} {:<24} {:>8} {:>8} {:>11}"


def line(result: Result) -> str:
    """Write one line of the table."""
    return COLUMNS.format(
        result.transport,
        result.row.name,
        result.row.expect,
        result.got,
        result.wire,
        f"{result.elapsed * 1000:.1f}",
        f"{result.overrun * 1000:.1f}" if result.overrun else "",
    )


def bomb_costs(server: FaultServer, transport: str) -> str:
    """Fetch the gzip bomb in a process of its own; return what it measured."""
    base_url = f"http://127.0.0.1:{server.ports['plain']}/good"
    command = [sys.executable, "-m", "tests.faults.bomb", base_url, transport, f"gzip-bomb--{transport}"]
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True).stdout.strip()


def main(wanted: list[str]) -> int:
    """Print the lines whose row is wanted; return the exit status."""
    rows = [row for name, row in ROWS.items() if not wanted or any(part in name for part in wanted)]
    print(COLUMNS.format("transport", "fault", "expected", "got", "requests", "time ms", "overrun ms"))
    results = []
    with fault_server() as server:
        for transport in TRANSPORTS:
            if "gzip-bomb" in (row.name for row in rows):
                print(f"{transport:<11} gzip-bomb costs: {bomb_costs(server, transport)}")
            for row in rows:
                result = asyncio.run(run_row(row, transport, server))
                result.problems += [f"shows the key: {place}" for place in result.exposures.of_the_key()]
                result.problems += [f"shows {word}" for word in result.exposures.of_words()]
                results.append(result)
                print(line(result), *(f"MISMATCH: {problem}" for problem in result.problems), sep="  ")
    wrong = [result for result in results if result.problems]
    worst = max(result.overrun for result in results)
    print(f"{len(results)} lines, {len(wrong)} mismatches, worst overrun of a deadline {worst * 1000:.1f} ms")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
