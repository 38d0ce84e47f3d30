"""What the client promises of its speed, compared with the measurements."""

from __future__ import annotations

import functools
import statistics
from collections.abc import Callable, Iterable

from attrs import frozen

from .results import Results, or_none

Summary = Callable[[Iterable[float]], float]

TRANSPORTS = {"default transport": "ours-httpx", "aiohttp": "ours-aiohttp"}


@frozen
class Promise:
    """A figure, and the bound that it keeps.

    Attributes:
        what: As the report names it.
        at_most: The bound.
        median: The figure, from the medians of all rounds.
        minimum: The same from the least disturbed round of each client; None where there are no rounds.
    """

    what: str
    at_most: float
    median: float | None
    minimum: float | None = None

    @property
    def verdict(self) -> str:
        """Whether the median keeps it: yes, no, or not measured."""
        if self.median is None:
            return "not measured"
        return "yes" if self.median <= self.at_most else "no"


def promises(results: Results) -> list[Promise]:
    """Return all promises with their figures. The limit is bare aiohttp and msgspec."""
    range_ = "40 turns, 1 to 500 in flight"
    return [
        _ratio(results, f"default transport / the limit, {range_}", 2.6, "ours-httpx", "limit"),
        _ratio(results, f"aiohttp / the limit, {range_}", 1.25, "ours-aiohttp", "limit"),
        _ratio(results, f"default transport / httpx and response.json(), {range_}", 0.55, "ours-httpx", "hand-httpx"),
        *(_growth(results, name, client) for name, client in TRANSPORTS.items()),
        _instructions(results, "default transport", 2.5),
        _instructions(results, "aiohttp", 1.2),
        *(_memory(results, name, client) for name, client in TRANSPORTS.items()),
    ]


def _ratio(results: Results, what: str, at_most: float, client: str, other: str) -> Promise:
    """Compare the CPU time of two clients, where it is worst."""

    def figure(summary: Summary) -> float | None:
        return or_none(lambda: results.ratio(client, other, 40, summary=summary))

    return Promise(what, at_most, figure(statistics.median), figure(min))


def _growth(results: Results, name: str, client: str) -> Promise:
    """Compare the CPU time with 500 fetches in flight with that of 10."""

    def figure(summary: Summary) -> float | None:
        cpu = functools.partial(results.cpu, client, turns=40, summary=summary)
        return or_none(lambda: cpu(in_flight=500) / cpu(in_flight=10))

    return Promise(f"{name}: 500 in flight / 10 in flight, 40 turns", 1.2, figure(statistics.median), figure(min))


def _instructions(results: Results, name: str, at_most: float) -> Promise:
    found = results.instructions
    figure = or_none(lambda: found[TRANSPORTS[name]] / found["limit"])
    return Promise(f"instructions per fetch: {name} / the limit", at_most, figure)


def _memory(results: Results, name: str, client: str) -> Promise:
    """Report the memory only if every task got its call: a task that failed holds less."""
    what = f"{name}: RSS of 10,000 tasks in flight, MiB"
    delivered, peak = results.tasks.get(client, (0, 0.0))
    return Promise(what, 160, peak if delivered == results.task_count == 10_000 else None)
