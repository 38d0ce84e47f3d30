"""The measurements, and the goals that they are compared with."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable

from attrs import define, field, frozen

CONCURRENCY = (1, 10, 100, 500, 1000)
PROMISED_CONCURRENCY = (1, 10, 100, 500)
SHAPES = {0: (10, 100), 40: CONCURRENCY, 400: (10, 100)}
"""Fetches in flight that are measured, by the turns of the calls."""
TLS_CONCURRENCY = (10, 100)
KEEPERS = ("puretalk_client", "stock from_dict(json.loads)", "pydantic from JSON")

Samples = dict[tuple[str, int, int], list[tuple[float, float]]]
"""By client, fetches in flight and turns: (microseconds of CPU, fetches per second) of each round."""


@define
class Results:
    """The measurements.

    Attributes:
        quick: Whether the figures mean nothing.
        samples: The fetches.
        tls: The fetches over TLS.
        instructions: Instructions per fetch by client.
        counter: What counted them, or why nothing did.
        cold_starts: (milliseconds, milliseconds of CPU) from the start of a process to its first call, by client.
        task_count: How many tasks were started at once.
        tasks: (calls delivered, MiB of peak memory) of that many tasks, by client.
        decoding: Microseconds by decoder and turns.
        imports: Milliseconds of CPU time and MiB of peak memory by import.
        kept: MiB of kept 40-turn calls by decoder.
        kept_count: How many calls were kept.
        skipped: Why a client is missing.
        notes: Why a figure of a client is missing.
        parts: Seconds that each part of the benchmark took.
    """

    quick: bool = False
    samples: Samples = field(factory=dict)
    tls: Samples = field(factory=dict)
    instructions: dict[str, float] = field(factory=dict)
    counter: str = ""
    cold_starts: dict[str, list[tuple[float, float]]] = field(factory=dict)
    task_count: int = 0
    tasks: dict[str, tuple[int, float]] = field(factory=dict)
    decoding: dict[str, dict[int, float]] = field(factory=dict)
    imports: dict[str, tuple[float, float]] = field(factory=dict)
    kept: dict[str, float] = field(factory=dict)
    kept_count: int = 0
    skipped: dict[str, str] = field(factory=dict)
    notes: list[str] = field(factory=list)
    parts: dict[str, float] = field(factory=dict)

    def skip(self, client: str, reason: str) -> None:
        """Leave a client out, with the fetches measured so far."""
        self.skipped[client] = reason
        for samples in (self.samples, self.tls):
            for key in [key for key in samples if key[0] == client]:
                del samples[key]

    def cpu(
        self,
        client: str,
        in_flight: int,
        turns: int,
        summary: Callable[[Iterable[float]], float] = statistics.median,
    ) -> float:
        """Sum up the microseconds per fetch of all rounds.

        Raises:
            KeyError: It was not measured.
        """
        return summary(cpu for cpu, _ in self.samples[client, in_flight, turns])

    def rate(self, client: str, in_flight: int, turns: int) -> float:
        """Return the median of fetches per second."""
        return statistics.median(rate for _, rate in self.samples[client, in_flight, turns])

    def tls_cpu(self, client: str, in_flight: int) -> float:
        """Return the median of the microseconds per fetch of a 40-turn call over TLS."""
        return statistics.median(cpu for cpu, _ in self.tls[client, in_flight, 40])

    def ratio(
        self,
        client: str,
        other: str,
        turns: int,
        in_flight: Iterable[int] = PROMISED_CONCURRENCY,
        summary: Callable[[Iterable[float]], float] = statistics.median,
    ) -> float:
        """Return the worst ratio of two clients' CPU time over the given numbers in flight."""
        return max(
            self.cpu(client, number, turns, summary) / self.cpu(other, number, turns, summary) for number in in_flight
        )

    def rounds(self, client: str) -> int:
        """Return in how many rounds 40-turn calls were fetched by a client."""
        return max(
            (len(rows) for (name, _, turns), rows in self.samples.items() if (name, turns) == (client, 40)), default=0
        )


@frozen
class Goal:
    """A ratio, and the bound that it must keep."""

    what: str
    bound: float
    reached: float | None
    at_least: bool = False

    @property
    def verdict(self) -> str:
        """Whether it is reached: yes, no, or not measured."""
        if self.reached is None:
            return "not measured"
        return "yes" if (self.reached >= self.bound) is self.at_least or self.reached == self.bound else "no"


def goals(results: Results) -> list[Goal]:
    """Return the goals of the project beyond promises.py, with the ratios reached."""
    r = results
    rows: list[tuple[str, float, Callable[[], float]]] = [
        ("ours on aiohttp / stock generated client, 40 turns, 100 and 500 in flight", 0.33,
         lambda: r.ratio("ours-aiohttp", "stock", 40, (100, 500))),
        ("ours, default transport / stock generated client, 40 turns, 1 to 500 in flight", 0.90,
         lambda: r.ratio("ours-httpx", "stock", 40)),
        ("ours on aiohttp / stock generated client, 400 turns, 10 and 100 in flight", 0.25,
         lambda: r.ratio("ours-aiohttp", "stock", 400, SHAPES[400])),
        ("memory of kept 40-turn calls / the same in stock models", 0.75,
         lambda: r.kept[KEEPERS[0]] / r.kept[KEEPERS[1]]),
        ("decoding: ours / bare msgspec, any size", 1.2,
         lambda: max(r.decoding["puretalk_client"][turns] / r.decoding["bare msgspec"][turns]
                     for turns in r.decoding["bare msgspec"])),
        ("importing: puretalk_client / httpx, attrs and msgspec alone", 1.35,
         lambda: r.imports["puretalk_client"][0] / r.imports["httpx, attrs and msgspec alone"][0]),
    ]  # fmt: skip
    found = [Goal(what, bound, or_none(compute)) for what, bound, compute in rows]
    faster = or_none(lambda: min(r.decoding[KEEPERS[1]][turns] / r.decoding[KEEPERS[0]][turns] for turns in (40, 400)))
    return [*found, Goal("decoding: stock / ours, 40 and 400 turns", 6, faster, at_least=True)]


def or_none(compute: Callable[[], float]) -> float | None:
    """Return a figure, or None where it needs one that was not measured."""
    try:
        return compute()
    except KeyError:
        return None
