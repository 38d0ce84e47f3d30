"""The benchmark: ``make bench``, or ``python -m tests.bench.bench`` from the project's folder.

    --quick          a few fetches, one round: shows that the benchmark works; the figures mean nothing
    --output FOLDER  where benchmarks.md and benchmarks.svg are written (docs; with --quick, nowhere)
    --rounds N       rounds of the fetches (5)
    --budget SECONDS no round starts that would end later than this (480)
    --client NAME    only this client; may be repeated
    --extras PYTHON  a Python with tests/bench/requirements.txt, for the clients that need it

It asserts nothing. Progress goes to standard error. It reads memory from /proc, so it runs on Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from . import aside, generators, plot, report, server
from .clients import CLIENTS, EXTRAS, LABELS
from .results import CONCURRENCY, KEEPERS, Results
from .sample import ROOT, TURNS

Cell = tuple[int, int, int, float]
"""Fetches in flight, turns, fetches to warm up, seconds of CPU time to measure for at least."""


def plan(*, quick: bool) -> list[Cell]:
    """Return the cells of the table, with how much is fetched for each."""
    return [
        (in_flight, turns, 5, 0.0) if quick else (in_flight, turns, max(20, in_flight), 0.2)
        for turns in TURNS
        for in_flight in CONCURRENCY
    ]


def say(message: str) -> None:
    """Print progress to standard error."""
    print(message, file=sys.stderr, flush=True)


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of the measured processes: with the generated clients, without proxies."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    for name in ("PYTHONDEVMODE", "PYTHONDONTWRITEBYTECODE", "PURETALK_API_KEY", "PURETALK_BASE_URL"):
        kept.pop(name, None)
    paths = [str(folder), str(ROOT / "overlay"), str(ROOT / "generated")]
    return kept | {"PYTHONPATH": os.pathsep.join(paths)}


class WorkerError(Exception):
    """A measuring process failed; the message is its last line on standard error."""


def run_module(module: str, arguments: list[str], given: Any, env: dict[str, str], python: str = sys.executable) -> Any:
    """Run a module of this folder in a fresh process; return the JSON that it printed."""
    command = [python, "-m", f"tests.bench.{module}", *arguments]
    result = subprocess.run(
        command,
        cwd=ROOT,
        env=env,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if result.returncode != 0:
        raise WorkerError((result.stderr.strip().splitlines() or ["no message"])[-1])
    return json.loads(result.stdout)


def measure_round(
    results: Results, clients: list[str], base_url: str, cells: list[Cell], env: dict[str, str], extras: str
) -> None:
    """Measure all cells of all clients once."""
    for client in clients:
        if client in results.skipped:
            continue
        start = time.monotonic()
        given = {"client": client, "base_url": base_url, "cells": cells}
        try:
            measured = run_module("worker", [], given, env, extras if client in EXTRAS else sys.executable)
        except WorkerError as error:
            results.skipped[client] = str(error)
            results.samples = {key: value for key, value in results.samples.items() if key[0] != client}
            say(f"  {LABELS[client]}: left out: {error}")
            continue
        for (in_flight, turns, _, _), (cpu, rate) in zip(cells, measured, strict=True):
            results.samples.setdefault((client, in_flight, turns), []).append((cpu, rate))
        say(f"  {LABELS[client]}: {time.monotonic() - start:.0f} s")


def measure_fetches(results: Results, clients: list[str], options: argparse.Namespace, env: dict[str, str]) -> None:
    """Measure round after round, the order of the clients rotated, while there is time."""
    cells = plan(quick=options.quick)
    with server.running() as base_url:
        say("trying each client")
        trial: list[Cell] = [(2, turns, 2, 0.0) for turns in TURNS]
        measure_round(Results(skipped=results.skipped), clients, base_url, trial, env, options.extras)
        longest = 0.0
        for number in range(options.rounds):
            start = time.monotonic()
            if number and start - options.start + longest > options.budget:
                say("no time for another round")
                break
            say(f"round {number + 1} of {options.rounds}")
            shift = number % len(clients)
            measure_round(results, clients[shift:] + clients[:shift], base_url, cells, env, options.extras)
            results.rounds = number + 1
            longest = max(longest, time.monotonic() - start)


def measure_aside(results: Results, options: argparse.Namespace, env: dict[str, str]) -> None:
    """Measure decoding, importing and keeping."""
    say("decoding")
    processes, rounds, seconds = (1, 1, 0.001) if options.quick else (7, 3, 0.05)
    # Several, because where a process happens to have its memory changes a decoder's time by a tenth.
    runs = [run_module("aside", ["decode", str(rounds), str(seconds)], None, env) for _ in range(processes)]
    results.decoding = {
        name: {int(turns): statistics.median(run[name][turns] for run in runs) for turns in times}
        for name, times in runs[0].items()
    }
    say("memory of kept calls")
    results.kept_count = 200 if options.quick else 10_000
    for decoder in KEEPERS:
        if decoder in results.decoding:
            results.kept[decoder] = run_module("aside", ["keep", decoder, str(results.kept_count)], None, env)
    say("importing")
    results.imports = aside.measure_imports(1 if options.quick else 7, env, options.extras)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Compare clients side by side.")
    parser.add_argument("--quick", action="store_true", help="a few fetches, one round")
    parser.add_argument("--output", type=Path, help="folder for the report")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--budget", type=float, default=480.0, help="seconds")
    parser.add_argument("--client", action="append", choices=list(CLIENTS), help="only these clients")
    parser.add_argument("--extras", default="", metavar="PYTHON")
    options = parser.parse_args(arguments)
    if options.quick:
        options.rounds = 1
    elif options.output is None:
        options.output = ROOT / "docs"
    options.start = time.monotonic()
    return options


def main(arguments: list[str] | None = None) -> Results:
    """Measure, and write the report."""
    options = parse(arguments)
    results = Results()
    clients: list[str] = options.client or list(CLIENTS)
    results.skipped = {client: "not selected" for client in CLIENTS if client not in clients}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        env = environment(folder)
        say("generating")
        results.skipped = generators.generate(folder, options.extras) | results.skipped
        if not options.extras:
            results.skipped = dict.fromkeys(EXTRAS, "no --extras: see make bench") | results.skipped
        measure_aside(results, options, env)
        measure_fetches(results, clients, options, env)
    results.skipped = {client: results.skipped[client] for client in CLIENTS if client in results.skipped}
    for client, reason in results.skipped.items():
        say(f"left out: {LABELS[client]}: {reason}")
    if not results.samples:
        sys.exit("no client could be measured")
    if options.output is not None:
        options.output.mkdir(parents=True, exist_ok=True)
        (options.output / "benchmarks.md").write_text(report.markdown(results, options.extras), encoding="utf-8")
        (options.output / "benchmarks.svg").write_text(plot.svg(results), encoding="utf-8")
        say(f"written to {options.output}")
    say(f"{time.monotonic() - options.start:.0f} s")
    return results


if __name__ == "__main__":
    print(report.goals_table(main()))
