"""The measurements, and the goals that they are compared with."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable

from attrs import define, field, frozen

CONCURRENCY = (1, 10, 100, 500)
KEEPERS = ("puretalk_client", "stock from_dict(json.loads)", "pydantic from JSON")


@define
class Results:
    """The measurements.

    Attributes:
        rounds: Rounds of fetches.
        samples: By client, fetches in flight and turns: (microseconds of CPU, fetches per second) of each round.
        decoding: Microseconds by decoder and turns.
        imports: Milliseconds of CPU time and MiB of peak memory by import.
        kept: MiB of kept 40-turn calls by decoder.
        kept_count: How many calls were kept.
        skipped: Why a client is missing.
    """

    rounds: int = 0
    samples: dict[tuple[str, int, int], list[tuple[float, float]]] = field(factory=dict)
    decoding: dict[str, dict[int, float]] = field(factory=dict)
    imports: dict[str, tuple[float, float]] = field(factory=dict)
    kept: dict[str, float] = field(factory=dict)
    kept_count: int = 0
    skipped: dict[str, str] = field(factory=dict)

    def cpu(self, client: str, in_flight: int, turns: int) -> float:
        """Return the median of the microseconds per fetch.

        Raises:
            KeyError: It was not measured.
        """
        return statistics.median(cpu for cpu, _ in self.samples[client, in_flight, turns])

    def rate(self, client: str, in_flight: int, turns: int) -> float:
        """Return the median of fetches per second."""
        return statistics.median(rate for _, rate in self.samples[client, in_flight, turns])

    def ratio(self, client: str, other: str, turns: int, in_flight: Iterable[int] = CONCURRENCY) -> float:
        """Return the worst ratio of two clients' CPU time over the given numbers in flight."""
        return max(self.cpu(client, number, turns) / self.cpu(other, number, turns) for number in in_flight)


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
    """Return the goals of the project, with the ratios reached."""
    r = results
    rows: list[tuple[str, float, Callable[[], float]]] = [
        ("ours on aiohttp / the limit, 40 turns, any concurrency", 2.2,
         lambda: r.ratio("ours-aiohttp", "limit", 40)),
        ("ours on aiohttp, 500 in flight / 10 in flight, 40 turns", 1.25,
         lambda: r.cpu("ours-aiohttp", 500, 40) / r.cpu("ours-aiohttp", 10, 40)),
        ("ours on aiohttp / stock generated client, 40 turns, 100 and 500 in flight", 0.33,
         lambda: r.ratio("ours-aiohttp", "stock", 40, (100, 500))),
        ("ours on httpx / stock generated client, 40 turns, any concurrency", 0.90,
         lambda: r.ratio("ours-httpx", "stock", 40)),
        ("ours on aiohttp / stock generated client, 400 turns, any concurrency", 0.25,
         lambda: r.ratio("ours-aiohttp", "stock", 400)),
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
