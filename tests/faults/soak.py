"""The long soak: ``python -m tests.faults.soak [FETCHES [CANCELLATIONS]]``. Fails where anything is left behind."""

from __future__ import annotations

import asyncio
import logging
import sys
import time

from tests.support.clock import MovableLoop
from tests.support.process import scripted_server

from .harness import SCRIPTS
from .leaks import measure
from .transports import OWN_POOLS

MAX_GROWTH = 5.0
"""MiB that the second half may add."""


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
            for name, tally in tallies.items():
                print(f"  {name}: {tally.results.total()}, second half {tally.growth:+.1f} MiB")
                print("   ", ", ".join(f"{kind} {count}" for kind, count in tally.results.most_common()))
                for problem in tally.problems:
                    print("    PROBLEM:", problem)
                failed = failed or bool(tally.problems) or tally.growth > MAX_GROWTH
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
