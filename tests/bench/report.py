"""Writes the report of the benchmark in Markdown."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

from .clients import GC_THRESHOLD, LABELS
from .results import CONCURRENCY, Results, goals
from .sample import TURNS

LIBRARIES = ("httpx", "httpcore", "aiohttp", "attrs", "msgspec", "openapi-python-client")
EXTRA_LIBRARIES = ("openai", "httpx2", "pydantic", "openapi-generator-cli")


def markdown(results: Results, extras: str) -> str:
    """Return the report."""
    return "\n\n".join([
        "# Benchmarks",
        "Written by `make bench`; do not edit. Times can be compared within this run only.",
        "![CPU time per fetch by fetches in flight](benchmarks.svg)",
        "## Goals",
        goals_table(results),
        *growth(results),
        *fetch_tables(results),
        "## Decoding alone\n\nMicroseconds of CPU time per body.",
        decoding_table(results),
        "## Importing",
        "CPU time beyond that of bare Python, and the peak memory of the process.",
        imports_table(results),
        f"## Memory of {results.kept_count:,} kept 40-turn calls",
        table(["models", "MiB"], [[name, f"{size:,.0f}"] for name, size in results.kept.items()]),
        "## How it was measured",
        method(results, extras),
    ]) + "\n"  # fmt: skip


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Lay out a table; every column but the first holds numbers."""
    names = list(head)
    lines = [names, ["---", *("---:" for _ in names[1:])], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def goals_table(results: Results) -> str:
    """Lay out the goals and what was reached."""
    rows = []
    for goal in goals(results):
        bound = f"{'at least' if goal.at_least else 'at most'} {goal.bound:g}"
        rows.append([goal.what, bound, "" if goal.reached is None else f"{goal.reached:.3g}", goal.verdict])
    return table(["ratio of CPU times, or of memory", "goal", "measured", "reached?"], rows)


def growth(results: Results) -> list[str]:
    """Say why a fetch takes longer with 500 in flight than with 10: the garbage collector."""
    times = {
        client: f"{results.cpu(client, 500, 40) / results.cpu(client, 10, 40):.2f} times"
        for client in ("limit", "ours-aiohttp-gc")
        if client not in results.skipped
    }
    if len(times) < 2:
        return []
    return [
        f"The limit itself takes {times['limit']} as long at 500 in flight as at 10: with so many concurrent requests"
        " Python collects garbage, which at 10 it hardly does. puretalk-client takes"
        f" {times['ours-aiohttp-gc']} as long where the application calls `gc.set_threshold({GC_THRESHOLD:_})`."
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
        [LABELS[client], *(f"{figure(client, number, turns):,.0f}" for number in CONCURRENCY)] for client in clients
    ]
    return table(["client", *map(str, CONCURRENCY)], rows)


def decoding_table(results: Results) -> str:
    """Lay out the times of decoding."""
    rows = [[name, *(f"{times[turns]:,.1f}" for turns in TURNS)] for name, times in results.decoding.items()]
    return table(["decoder", *(f"{turns} turns" for turns in TURNS)], rows)


def imports_table(results: Results) -> str:
    """Lay out the cost of importing."""
    rows = [[name, f"{cpu:,.0f}", f"{peak:,.1f}"] for name, (cpu, peak) in results.imports.items()]
    return table(["import", "ms", "peak MiB"], rows)


def method(results: Results, extras: str) -> str:
    """Say how, where and with which versions this was measured, and which clients are missing."""
    lines = [
        f"- {results.rounds} rounds, medians. The order of the clients is rotated from round to round.",
        "- The server is a process of its own on loopback. Its responses are made beforehand.",
        "- Each client has a fresh process in each round: in one process, each would pay for the garbage collections"
        " of the objects that the others left in memory. Garbage collection stays on; the whole heap is collected"
        " once before each cell is measured.",
        "- CPU time is that of the client's whole process. Fetches per second also depend on the server.",
        "- Every client may open as many connections as there are fetches in flight, at least 100, and keeps"
        " them. They are open before the measurement starts.",
        "- The last two clients run under a Python of their own, because their dependencies change how fast httpx is"
        " for the others.",
        "- puretalk-client runs with its default options: every guarantee is on.",
        "- The time of importing is `time.process_time` at its end, less that of bare Python, all under that second"
        " Python: it has no package that httpx would import beyond its own dependencies.",
        "- Kept calls are measured by the resident memory of a fresh process.",
        f"- {datetime.datetime.now(datetime.UTC):%Y-%m-%d}, {os.cpu_count()} cores, {cpu_model()},"
        f" {platform.system()} {platform.machine()},"
        f" {platform.python_implementation()} {platform.python_version()}.",
        f"- {', '.join(versions(extras))}.",
    ]
    lines += [f"- Left out: {LABELS[client]}: {reason}" for client, reason in results.skipped.items()]
    return "\n".join(lines)


def cpu_model() -> str:
    """Return the name of the CPU."""
    info = Path("/proc/cpuinfo")
    for line in info.read_text(encoding="utf-8").splitlines() if info.exists() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown CPU"


def versions(extras: str) -> list[str]:
    """Return the versions of the libraries that were compared; ``extras`` is the other Python, or empty."""
    found = [f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES]
    script = "import importlib.metadata, sys; print(sys.argv[1], importlib.metadata.version(sys.argv[1]))"
    for name in EXTRA_LIBRARIES if extras else ():
        result = subprocess.run([extras, "-c", script, name], capture_output=True, text=True, check=False)
        if result.returncode == 0:
            found.append(result.stdout.strip())
    return found
