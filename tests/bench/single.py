"""Measures what happens once in a process: a cold start, and many tasks at once."""

from __future__ import annotations

import sys
import time

from .clients import LABELS
from .processes import WorkerError
from .run import Run
from .sample import call_id

TASKS = 10_000
TASK_CLIENTS = ("limit", "ours-aiohttp", "ours-httpx")
COLD_ROUNDS = 5


def measure_tasks(run: Run) -> None:
    """Measure the peak memory of many tasks that fetch at once on the default number of connections."""
    run.results.task_count = 200 if run.quick else TASKS
    for client in run.clients:
        if client not in TASK_CLIENTS:
            continue
        try:
            delivered, peak = run.processes.one_client("tasks", client, run.addresses.http, str(run.results.task_count))
        except WorkerError as error:
            run.results.notes.append(f"tasks in flight: {LABELS[client]}: {error}")
            continue
        run.results.tasks[client] = int(delivered), peak


def measure_cold_starts(run: Run) -> None:
    """Measure how long a process takes until it has its first call, all under one Python."""
    left = [client for client in run.clients if client != "ours-aiohttp-gc"]  # it starts as ours-aiohttp does
    python = run.processes.extras or sys.executable
    for number in range(-1, min(run.options.rounds, COLD_ROUNDS)):  # the first round writes the byte code
        for client in list(left):
            start = time.monotonic()
            try:
                decoded, cpu = run.processes.one_client("cold", client, run.addresses.http, call_id(40, 0), python)
            except WorkerError as error:
                run.results.notes.append(f"cold start: {LABELS[client]}: {error}")
                left.remove(client)
                continue
            if number >= 0:
                sample = (decoded - start) * 1e3, cpu * 1e3
                run.results.cold_starts.setdefault(client, []).append(sample)
