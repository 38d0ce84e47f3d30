"""Writes the report of the benchmark in Markdown."""

from __future__ import annotations

import functools
import statistics
from collections.abc import Callable, Iterable, Sequence

from .clients import LABELS
from .machine import method
from .ours import GC_THRESHOLD
from .promises import promises
from .results import SHAPES, TLS_CONCURRENCY, Results, goals, or_none
from .sample import TURNS

MISSING = "–"  # noqa: RUF001


def markdown(results: Results, extras: str) -> str:
    """Return the report."""
    return "\n\n".join([
        "# Benchmarks",
        "CPU time, memory and start-up time of this client beside other clients. `make bench` measures them and writes"
        " this page; do not edit it. Compare times within this page only.",
        *(["**A quick run: the figures mean nothing.**"] if results.quick else []),
        "![CPU time per fetch by fetches in flight](benchmarks.svg)",
        "## Required ratios",
        'Ratios compare CPU time per fetch, unless they say otherwise. "The limit" is bare aiohttp and msgspec.',
        promises_table(results),
        "## Other goals",
        goals_table(results),
        *growth(results),
        *fetch_tables(results),
        "## TLS",
        "Microseconds of CPU time per fetch of a call of 40 turns over https on open connections, by fetches in"
        " flight.",
        tls_table(results),
        "## Instructions per fetch",
        f"Instructions in user space for a call of 40 turns, 10 in flight. Counted by: {results.counter or 'nothing'}.",
        instructions_table(results),
        "## Cold start",
        "From the start of a process to its first decoded call, over http.",
        cold_start_table(results),
        f"## {results.task_count:,} tasks in flight",
        "All tasks start at once and share 100 connections. The memory is the peak of the process.",
        tasks_table(results),
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


def number(value: float | None) -> str:
    """Write three digits of a number, or that there is none."""
    return MISSING if value is None else f"{value:.3g}"


def promises_table(results: Results) -> str:
    """Lay out what is promised and what was measured."""
    rows = [
        [promise.what, f"{promise.at_most:g}", number(promise.median), number(promise.minimum), promise.verdict]
        for promise in promises(results)
    ]
    return table(["figure", "at most", "median", "minimum", "reached?"], rows)


def goals_table(results: Results) -> str:
    """Lay out the other goals and what was reached."""
    rows = []
    for goal in goals(results):
        bound = f"{'at least' if goal.at_least else 'at most'} {goal.bound:g}"
        rows.append([goal.what, bound, number(goal.reached), goal.verdict])
    return table(["ratio of CPU times, or of memory", "goal", "measured", "reached?"], rows)


def growth(results: Results) -> list[str]:
    """Say why a fetch takes longer with 500 in flight than with 10: the garbage collector."""
    limit, collecting_less = (
        or_none(functools.partial(slowdown, results, client)) for client in ("limit", "ours-aiohttp-gc")
    )
    if limit is None or collecting_less is None:
        return []
    return [
        f"The limit itself takes {limit:.2f} times as long at 500 in flight as at 10, because Python collects"
        " garbage more often with many concurrent requests. puretalk-client on aiohttp takes"
        f" {collecting_less:.2f} times as long if the application calls"
        f" `gc.set_threshold({GC_THRESHOLD:_})`."
    ]


def slowdown(results: Results, client: str) -> float:
    """Return the CPU time of a fetch with 500 in flight, compared with 10."""
    return results.cpu(client, 500, 40) / results.cpu(client, 10, 40)


def fetch_tables(results: Results) -> list[str]:
    """Lay out CPU time and fetches per second, for each size of call."""
    parts = []
    for turns in TURNS:
        parts.append(
            f"## Fetching a call of {turns} turns\n\nMicroseconds of CPU time per fetch, by fetches in flight."
        )
        for text, figure in (("", results.cpu), ("Fetches per second.", results.rate)):
            parts += [text] if text else []
            parts.append(fetch_table(results.samples, SHAPES[turns], turns, figure))
    return parts


def fetch_table(
    measured: Iterable[tuple[str, int, int]],
    concurrency: Sequence[int],
    turns: int,
    figure: Callable[[str, int, int], float],
) -> str:
    """Lay out one figure by client and fetches in flight."""
    keys = set(measured)
    rows = [
        [
            label,
            *(
                f"{figure(client, in_flight, turns):,.0f}" if (client, in_flight, turns) in keys else MISSING
                for in_flight in concurrency
            ),
        ]
        for client, label in LABELS.items()
        if any((client, in_flight, turns) in keys for in_flight in concurrency)
    ]
    return table(["client", *(f"{in_flight:,}" for in_flight in concurrency)], rows)


def tls_table(results: Results) -> str:
    """Lay out CPU time over TLS."""
    return fetch_table(
        results.tls, TLS_CONCURRENCY, 40, lambda client, in_flight, _: results.tls_cpu(client, in_flight)
    )


def instructions_table(results: Results) -> str:
    """Lay out thousands of instructions per fetch."""
    limit = results.instructions.get("limit")
    rows = [
        [LABELS[client], f"{count / 1000:,.0f}", number(count / limit if limit else None)]
        for client, count in sorted(results.instructions.items(), key=lambda item: item[1])
    ]
    return table(["client", "thousands", "/ the limit"], rows)


def cold_start_table(results: Results) -> str:
    """Lay out the time until the first call."""
    rows = []
    for client, samples in results.cold_starts.items():
        elapsed, cpu = zip(*samples, strict=True)
        figures = (statistics.median(elapsed), min(elapsed), statistics.median(cpu))
        rows.append([LABELS[client], *(f"{figure:,.0f}" for figure in figures)])
    return table(["client", "ms", "minimum", "ms of CPU time"], rows)


def tasks_table(results: Results) -> str:
    """Lay out the memory of tasks in flight."""
    rows = [[LABELS[client], f"{delivered:,}", f"{peak:,.0f}"] for client, (delivered, peak) in results.tasks.items()]
    return table(["client", "calls delivered", "peak MiB"], rows)


def decoding_table(results: Results) -> str:
    """Lay out the times of decoding."""
    rows = [[name, *(f"{times[turns]:,.1f}" for turns in TURNS)] for name, times in results.decoding.items()]
    return table(["decoder", *(f"{turns} turns" for turns in TURNS)], rows)


def imports_table(results: Results) -> str:
    """Lay out the cost of importing."""
    rows = [[name, f"{cpu:,.0f}", f"{peak:,.1f}"] for name, (cpu, peak) in results.imports.items()]
    return table(["import", "ms", "peak MiB"], rows)
