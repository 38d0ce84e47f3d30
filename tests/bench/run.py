"""One run of the benchmark, which its parts share."""

from __future__ import annotations

import argparse
import sys
import time

from attrs import frozen

from .processes import Processes
from .results import Results
from .server import Addresses


def say(message: str) -> None:
    """Print progress to standard error."""
    print(message, file=sys.stderr, flush=True)


@frozen
class Run:
    """What the parts measure with, and where they leave it.

    Attributes:
        results: The measurements.
        processes: Starts the measuring processes.
        addresses: The server.
        selected: The clients that the command line selects.
        options: The command line.
    """

    results: Results
    processes: Processes
    addresses: Addresses
    selected: list[str]
    options: argparse.Namespace

    @property
    def clients(self) -> list[str]:
        """The selected clients that could be measured so far."""
        return [client for client in self.selected if client not in self.results.skipped]

    @property
    def quick(self) -> bool:
        """Whether the figures mean nothing."""
        return bool(self.options.quick)

    def has_time(self, seconds: float) -> bool:
        """Return whether something that takes this long fits into the budget."""
        return bool(time.monotonic() - self.options.start + seconds <= self.options.budget)
