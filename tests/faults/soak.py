"""The long soak: ``python -m tests.faults.soak [FETCHES [CANCELLATIONS]]``. Fails where anything is left behind."""

from __future__ import annotations

import asyncio
import logging
import sys
import time

from tests.support.clock import MovableLoop
from tests.support.process import scripted_server

from .gateways import GATEWAYS, fetch_through, program
from .harness import SCRIPTS
from .leaks import Tally, measure
from .transports import OWN_POOLS, TRANSPORTS

MAX_GROWTH = 5.0
"""MiB that the second half may add."""
SHARE_OF_GATEWAYS = 4
"""A gateway carries one such part of the fetches over each transport."""
RESTARTS = 10
"""How often the server behind a gateway is killed meanwhile."""


def main(fetches: int = 20_000, cancellations: int = 1_000) -> int:
    """Print the results over each transport; return the exit status."""
    logging.getLogger("puretalk_client").setLevel(logging.ERROR)  # drifts are expected
    failed = False
    with scripted_server(SCRIPTS) as server:
        for transport in OWN_POOLS:
            start = time.monotonic()
            with asyncio.Runner(loop_factory=MovableLoop) as runner:
                tallies = runner.run(measure(transport, server, fetches=fetches, cancellations=cancellations))
            print(f"{transport}: {time.monotonic() - start:.0f} s")
            failed = report(tallies) or failed
    for name in GATEWAYS:
        if program(name) is None:
            print(f"{name}: skipped: {name} is not installed")
            continue
        for transport in TRANSPORTS:
            start = time.monotonic()
            count = fetches // SHARE_OF_GATEWAYS
            tally = asyncio.run(fetch_through(name, transport, fetches=count, restarts=RESTARTS))
            print(f"{transport} through {name}, whose server was killed {RESTARTS} times:", end=" ")
            print(f"{time.monotonic() - start:.0f} s")
            failed = report({"fetches": tally}) or failed
    return 1 if failed else 0


def report(tallies: dict[str, Tally]) -> bool:
    """Print results; return whether any is a failure."""
    for name, tally in tallies.items():
        print(f"  {name}: {tally.results.total()}, second half {tally.growth:+.1f} MiB")
        print("   ", ", ".join(f"{kind} {count}" for kind, count in tally.results.most_common()))
        for problem in tally.problems:
            print("    PROBLEM:", problem)
    return any(tally.problems or tally.growth > MAX_GROWTH for tally in tallies.values())


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
