"""The benchmark: ``make bench``, or ``python -m tests.bench.bench`` from the project's folder.

    --quick          a few fetches, one round: shows that the benchmark works; the figures mean nothing
    --output FOLDER  where benchmarks.md and benchmarks.svg are written (docs; with --quick, nowhere)
    --rounds N       rounds of the fetches in promises.py (5); the others have at most two
    --budget SECONDS no round of fetches starts that would end later than this (420)
    --client NAME    only this client; may be repeated
    --only PART      only this part; may be repeated
    --extras PYTHON  a Python with tests/bench/requirements.txt, for the clients that need it

It asserts nothing. Progress goes to standard error, the tables of promises and goals to standard output. It reads
memory from /proc, so it runs on Linux only.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from . import aside, fetches, generators, instructions, plot, report, server, single
from .clients import CLIENTS, EXTRAS, LABELS
from .processes import Processes, allow_open_files, environment
from .results import Results
from .run import Run, say
from .sample import ROOT

PARTS: dict[str, Callable[[Run], None]] = {
    "promised fetches": fetches.measure_promised,
    "other fetches": fetches.measure_others,
    "TLS": fetches.measure_tls,
    "tasks": single.measure_tasks,
    "cold start": single.measure_cold_starts,
    "instructions": instructions.measure,
    "decoding": aside.measure_decoders,
    "kept calls": aside.measure_kept,
    "importing": aside.measure_all_imports,
}


def measure(results: Results, options: argparse.Namespace) -> None:
    """Measure all parts."""
    with tempfile.TemporaryDirectory() as name, server.running() as addresses:
        folder = Path(name)
        run = Run(results, Processes(environment(folder), options.extras), addresses, list(options.client), options)
        say("generating")
        results.skipped = {client: "not selected" for client in CLIENTS if client not in run.selected}
        results.skipped = generators.generate(folder, options.extras) | results.skipped
        if not options.extras:
            results.skipped = dict.fromkeys(EXTRAS, "no --extras: see make bench") | results.skipped
        say("trying each client")
        fetches.try_clients(run)
        results.parts["preparing"] = time.monotonic() - options.start
        for part in options.only:
            say(part)
            start = time.monotonic()
            PARTS[part](run)
            results.parts[part] = time.monotonic() - start
            say(f"  {results.parts[part]:.0f} s")
    results.skipped = {client: results.skipped[client] for client in CLIENTS if client in results.skipped}
    for client, reason in results.skipped.items():
        say(f"left out: {LABELS[client]}: {reason}")
    for note in results.notes:
        say(f"not measured: {note}")


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Compare clients side by side.")
    parser.add_argument("--quick", action="store_true", help="a few fetches, one round")
    parser.add_argument("--output", type=Path, help="folder for the report")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--budget", type=float, default=420.0, help="seconds")
    parser.add_argument("--client", action="append", choices=list(CLIENTS), help="only these clients")
    parser.add_argument("--only", action="append", choices=list(PARTS), help="only these parts")
    parser.add_argument("--extras", default="", metavar="PYTHON")
    options = parser.parse_args(arguments)
    if options.quick:
        options.rounds = 1
    elif options.output is None and not options.only:
        options.output = ROOT / "docs"
    options.client, options.only = options.client or list(CLIENTS), options.only or list(PARTS)
    options.start = time.monotonic()
    return options


def main(arguments: list[str] | None = None) -> Results:
    """Measure, and write the report."""
    options = parse(arguments)
    results = Results(quick=options.quick)
    allow_open_files()
    measure(results, options)
    if options.output is not None:
        if not results.samples:
            sys.exit("no client could be measured")
        options.output.mkdir(parents=True, exist_ok=True)
        (options.output / "benchmarks.md").write_text(report.markdown(results, options.extras), encoding="utf-8")
        (options.output / "benchmarks.svg").write_text(plot.svg(results), encoding="utf-8")
        say(f"written to {options.output}")
    say(f"{time.monotonic() - options.start:.0f} s")
    return results


if __name__ == "__main__":
    measured = main()
    print(report.promises_table(measured), report.goals_table(measured), sep="\n\n")
