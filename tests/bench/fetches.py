"""Measures fetches round after round, each client in a fresh process."""

from __future__ import annotations

import time
from collections.abc import Callable

from .clients import GENERATED, LABELS, PROMISED
from .processes import WorkerError
from .results import PROMISED_CONCURRENCY, SHAPES, TLS_CONCURRENCY, Samples
from .run import Run, say
from .sample import TURNS

OTHER_ROUNDS = 2
TLS_CLIENTS = (
    "floor", "limit", "ours-aiohttp", "ours-httpx", "hand-aiohttp", "hand-httpx", "pyreqwest", "wreq",
)  # fmt: skip
MOST_OF_GENERATED = 500
"""The most fetches in flight by a generated client: 1,000 would take minutes."""

Cell = tuple[int, int, int, float]
"""Fetches in flight, turns, fetches to warm up, seconds of CPU time to measure for at least."""
Plan = Callable[[str], list[Cell]]


def cell(in_flight: int, turns: int, *, quick: bool, seconds: float = 0.2) -> Cell:
    """Return a cell of the table, with how much is fetched for it."""
    return (in_flight, turns, 5, 0.0) if quick else (in_flight, turns, max(20, in_flight), seconds)


def plan_others(client: str, *, quick: bool) -> list[Cell]:
    """Return the cells of a client that are not measured with the promises."""
    return [
        cell(in_flight, turns, quick=quick)
        for turns, concurrency in SHAPES.items()
        for in_flight in concurrency
        if not (client in PROMISED and turns == 40 and in_flight in PROMISED_CONCURRENCY)
        and not (client in GENERATED and in_flight > MOST_OF_GENERATED)
    ]


def try_clients(run: Run) -> None:
    """Leave out the clients that do not deliver."""
    measure_round(run, {}, run.clients, run.addresses.http, lambda _: [(2, turns, 2, 0.0) for turns in TURNS])


def measure_promised(run: Run) -> None:
    """Measure what promises are made about, in all rounds."""
    chosen = [client for client in run.clients if client in PROMISED]
    cells = [cell(number, 40, quick=run.quick, seconds=0.4) for number in PROMISED_CONCURRENCY]
    measure_rounds(run, run.results.samples, chosen, run.addresses.http, lambda _: cells, run.options.rounds)


def measure_others(run: Run) -> None:
    """Measure the other clients and sizes."""
    rounds = min(run.options.rounds, OTHER_ROUNDS)

    def plan(client: str) -> list[Cell]:
        return plan_others(client, quick=run.quick)

    measure_rounds(run, run.results.samples, run.clients, run.addresses.http, plan, rounds)


def measure_tls(run: Run) -> None:
    """Measure over TLS."""
    chosen = [client for client in run.clients if client in TLS_CLIENTS]
    cells = [cell(number, 40, quick=run.quick) for number in TLS_CONCURRENCY]
    rounds = min(run.options.rounds, OTHER_ROUNDS)
    measure_rounds(run, run.results.tls, chosen, run.addresses.https, lambda _: cells, rounds)


def measure_rounds(run: Run, samples: Samples, clients: list[str], base_url: str, plan: Plan, rounds: int) -> None:
    """Measure round after round, the order of the clients rotated, while there is time."""
    longest = 0.0
    for number in range(rounds):
        start = time.monotonic()
        if number and not run.has_time(longest):
            say("  no time for another round")
            break
        say(f"  round {number + 1} of {rounds}")
        shift = number % max(1, len(clients))
        measure_round(run, samples, clients[shift:] + clients[:shift], base_url, plan)
        longest = max(longest, time.monotonic() - start)


def measure_round(run: Run, samples: Samples, clients: list[str], base_url: str, plan: Plan) -> None:
    """Measure all cells of all clients once. A client that fails is left out from then on, with all its figures."""
    for client in clients:
        if client in run.results.skipped:
            continue
        start, cells = time.monotonic(), plan(client)
        given = {"client": client, "base_url": base_url, "cells": cells}
        try:
            measured = run.processes.module("worker", given=given, python=run.processes.python(client))
        except WorkerError as error:
            run.results.skip(client, str(error))
            say(f"    {LABELS[client]}: left out: {error}")
            continue
        for (in_flight, turns, _, _), (cpu, rate) in zip(cells, measured, strict=True):
            samples.setdefault((client, in_flight, turns), []).append((cpu, rate))
        say(f"    {LABELS[client]}: {time.monotonic() - start:.1f} s")
