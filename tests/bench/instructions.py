"""Counts the instructions of one fetch, which no other process on the machine disturbs.

Two processes fetch a few and many calls; the difference leaves out starting, importing and connecting.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from attrs import frozen

from .clients import LABELS
from .processes import Processes, WorkerError
from .run import Run, say

CLIENTS = ("limit", "ours-aiohttp", "ours-httpx", "floor", "hand-aiohttp", "hand-httpx", "hand-httpx-sniffio")
"""Those that are counted in a quick run come first."""
PERF = ["perf", "stat", "-x,", "-e", "instructions:u", "-o"]
VALGRIND = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", "--log-file={}"]


@frozen
class Counter:
    """A tool that counts the instructions of a process.

    Attributes:
        name: As the report names it.
        command: Makes the prefix of a command from the file for the count.
        pattern: Finds the count in that file.
        counts: How many calls the two processes fetch.
    """

    name: str
    command: Callable[[str], list[str]]
    pattern: str
    counts: tuple[int, int]

    def read(self, path: Path) -> int:
        """Return the count.

        Raises:
            WorkerError: There is none: the machine has no such counter, or does not permit it.
        """
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        found = re.search(self.pattern, text, re.MULTILINE)
        if found is None:
            raise WorkerError(f"{self.name} counted nothing")
        return int(found[1].replace(",", ""))


COUNTERS = (
    Counter("perf stat", lambda path: [*PERF, path, "--"], r"^(\d+),,instructions:u", (200, 2200)),
    Counter(
        "valgrind --tool=cachegrind",
        lambda path: [part.format(path) for part in VALGRIND],
        r"I\s+refs:\s+([\d,]+)",
        (20, 220),
    ),
)


def choose(processes: Processes) -> tuple[Counter | None, str]:
    """Return the first counter that works here; and which one it is, or why there is none."""
    reasons = []
    for counter in COUNTERS:
        program = counter.command("")[0]
        if shutil.which(program) is None:
            reasons.append(f"{program} is not installed")
            continue
        try:
            count(processes, counter, ["true"])
        except WorkerError as error:
            reasons.append(str(error))
        else:
            return counter, counter.name
    return None, "; ".join(reasons)


def count(processes: Processes, counter: Counter, command: list[str]) -> int:
    """Run a command; return how many instructions it executed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "count"
        # A set or dict of strings is laid out by their hashes: one seed makes two runs comparable.
        processes.run([*counter.command(str(path)), *command], PYTHONHASHSEED="0")
        return counter.read(path)


def per_fetch(processes: Processes, counter: Counter, client: str, base_url: str, *, quick: bool) -> float:
    """Return the instructions of one fetch: 40 turns, 10 in flight."""
    few, many = (2, 12) if quick else counter.counts
    command = [processes.python(client), "-m", "tests.bench.one_client", "fetch", client, base_url]
    first, second = (count(processes, counter, [*command, str(fetches)]) for fetches in (few, many))
    return (second - first) / (many - few)


def measure(run: Run) -> None:
    """Count for each client, with as many processes at once as there are cores."""
    results, processes = run.results, run.processes
    counter, results.counter = choose(processes)
    say(f"  counter: {results.counter}")
    if counter is None:
        results.notes.append(f"instructions per fetch: {results.counter}")
        return

    def measure_client(client: str) -> float:
        return per_fetch(processes, counter, client, run.addresses.http, quick=run.quick)

    counted = CLIENTS[:3] if run.quick else CLIENTS
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        futures = {client: pool.submit(measure_client, client) for client in run.clients if client in counted}
    for client, future in futures.items():
        try:
            results.instructions[client] = future.result()
        except WorkerError as error:
            results.notes.append(f"instructions per fetch: {LABELS[client]}: {error}")
