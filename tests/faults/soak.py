"""The long soak: ``python -m tests.faults.soak [calls] [cancellations]``. Fails where anything is left behind."""

from __future__ import annotations

import asyncio
import sys
import time

from .harness import OWN_POOLS
from .leaks import measured
from .process import fault_server

MAX_GROWTH = 5.0
"""MiB that the second half may add."""


def main(calls: int = 20_000, cancellations: int = 1_000) -> int:
    """Print what came of it over each transport; return the exit status."""
    failed = False
    with fault_server() as server:
        for transport in OWN_POOLS:
            began = time.monotonic()
            tallies = asyncio.run(measured(transport, server, calls=calls, cancellations=cancellations))
            print(f"{transport}: {time.monotonic() - began:.0f} s")
            for name, tally in tallies.items():
                print(f"  {name}: {tally.outcomes.total()}, second half {tally.growth:+.1f} MiB")
                print("   ", ", ".join(f"{kind} {count}" for kind, count in tally.outcomes.most_common()))
                for problem in tally.unclassified:
                    print("    NOT RIGHT:", problem)
                failed = failed or bool(tally.unclassified) or tally.growth > MAX_GROWTH
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
