"""Writes the report of the benchmark in Markdown."""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from .clients import GC_THRESHOLD, LABELS
from .results import IN_FLIGHT, Results, goals
from .sample import TURNS

LIBRARIES = ("httpx", "httpcore", "aiohttp", "attrs", "msgspec", "openapi-python-client")
EXTRA_LIBRARIES = ("openai", "httpx2", "pydantic", "openapi-generator-cli")


def markdown(results: Results, extras: str) -> str:
    """Return the report."""
    return "\n\n".join([
        "# Benchmarks",
        'Written by `make bench`: change nothing here by hand. Times are for comparing within this run.',
        "![CPU time per fetch by fetches in flight](benchmarks.svg)",
        "## What must be reached",
        goals_table(results),
        *growth(results),
        *fetch_tables(results),
        "## Decoding alone\n\nMicroseconds of CPU time per body.",
        decoding_table(results),
        "## Importing",
        "CPU time beyond what bare Python takes, and the peak memory of the process.",
        imports_table(results),
        f"## Memory of {results.kept_count:,} kept 40-turn calls",
        table(["models", "MiB"], [[name, f"{size:,.0f}"] for name, size in results.kept.items()]),
        "## How it was measured",
        method(results, extras),
    ]) + "\n"  # fmt: skip


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Lay out a table; every column but the first is of numbers."""
    names = list(head)
    lines = [names, ["---", *("---:" for _ in names[1:])], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def goals_table(results: Results) -> str:
    """Lay out what must be reached, and what is."""
    rows = []
    for goal in goals(results):
        bound = f"{'at least' if goal.at_least else 'at most'} {goal.bound:g}"
        rows.append([goal.what, bound, "" if goal.reached is None else f"{goal.reached:.3g}", goal.verdict])
    return table(["ratio of CPU times, or of memory", "asked", "reached", "reached?"], rows)


def growth(results: Results) -> list[str]:
    """Say what makes the 500th fetch in flight dearer than the 10th: for no client at all, and without collections."""
    times = {
        client: f"{results.cpu(client, 500, 40) / results.cpu(client, 10, 40):.2f} times"
        for client in ("limit", "ours-aiohttp-gc")
        if client not in results.skipped
    }
    if len(times) < 2:
        return []
    return [
        f"The limit itself takes {times['limit']} as long at 500 in flight as at 10. With so many answers under way"
        " Python collects garbage, which at 10 it hardly does; ours takes"
        f" {times['ours-aiohttp-gc']} as long where the application has called"
        f" `gc.set_threshold({GC_THRESHOLD:_})`."
    ]


def fetch_tables(results: Results) -> list[str]:
    """Lay out CPU time and fetches per second, for each size of call."""
    parts = []
    for turns in TURNS:
        parts.append(
            f"## Fetching a call of {turns} turns\n\nMicroseconds of CPU time per fetch, by fetches in flight."
        )
        parts.append(fetch_table(results, turns, results.cpu))
        parts.append("Fetches per second.")
        parts.append(fetch_table(results, turns, results.rate))
    return parts


def fetch_table(results: Results, turns: int, figure: Callable[[str, int, int], float]) -> str:
    """Lay out one figure by client and fetches in flight."""
    clients = [client for client in LABELS if client not in results.skipped]
    rows = [
        [LABELS[client], *(f"{figure(client, number, turns):,.0f}" for number in IN_FLIGHT)]
        for client in clients
    ]
    return table(["client", *map(str, IN_FLIGHT)], rows)


def decoding_table(results: Results) -> str:
    """Lay out the times of decoding."""
    rows = [[name, *(f"{times[turns]:,.1f}" for turns in TURNS)] for name, times in results.decoding.items()]
    return table(["decoder", *(f"{turns} turns" for turns in TURNS)], rows)


def imports_table(results: Results) -> str:
    """Lay out the cost of importing."""
    rows = [[name, f"{cpu:,.0f}", f"{peak:,.1f}"] for name, (cpu, peak) in results.imports.items()]
    return table(["import", "ms", "peak MiB"], rows)


def method(results: Results, extras: str) -> str:
    """Say how, where and with what this was measured, and what is missing."""
    lines = [
        f"- {results.rounds} rounds, medians. The order of the clients is rotated from round to round.",
        "- The server is a process of its own on loopback and answers with bytes made beforehand.",
        "- Each client has a fresh process in each round, because one process for all would make each pay"
        " for the garbage collections of what the others left in memory. Garbage collection stays on;"
        " the whole heap is collected once before the clock of each cell starts.",
        "- CPU time is that of the client's whole process. Fetches per second also depend on the server.",
        "- Every client may open as many connections as there are fetches in flight, at least 100, and keeps"
        " them. Connections are open before the clock starts.",
        "- The last two clients run under a Python of their own with what they need installed, because what they"
        " bring along changes how fast httpx is for the others.",
        "- puretalk-client runs with its default options: every guarantee is on.",
        "- Importing counts what `time.process_time` says at its end, less that of bare Python, all under that"
        " second Python: it has nothing that httpx would import beyond its own dependencies.",
        "- Kept calls are measured by the resident memory of a fresh process.",
        f"- {datetime.datetime.now(datetime.UTC):%Y-%m-%d}, {os.cpu_count()} cores, {cpu_model()},"
        f" {platform.system()} {platform.machine()},"
        f" {platform.python_implementation()} {platform.python_version()}.",
        f"- {', '.join(versions(extras))}.",
    ]
    lines += [f"- Left out: {LABELS[client]}: {reason}" for client, reason in results.skipped.items()]
    return "\n".join(lines)


def cpu_model() -> str:
    """Return what the CPU is called."""
    info = Path("/proc/cpuinfo")
    for line in info.read_text(encoding="utf-8").splitlines() if info.exists() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown CPU"


def versions(extras: str) -> list[str]:
    """Return the versions of what was compared."""
    ask = "import importlib.metadata, sys; print(sys.argv[1], importlib.metadata.version(sys.argv[1]))"
    found = []
    for python, names in ((sys.executable, LIBRARIES), (extras, EXTRA_LIBRARIES)):
        for name in names if python else ():
            result = subprocess.run([python, "-c", ask, name], capture_output=True, text=True, check=False)
            if result.returncode == 0:
                found.append(result.stdout.strip())
    return found
