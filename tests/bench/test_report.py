"""The report of the benchmark, made from invented measurements. ``make bench`` measures."""

from __future__ import annotations

import itertools
import re
from xml.etree import ElementTree

import pytest
from attrs import evolve

from . import plot, report
from .aside import DECODERS, EXTRA_IMPORTS, IMPORTS
from .clients import CLIENTS, LABELS
from .instructions import CLIENTS as COUNTED
from .promises import Promise, promises
from .results import CONCURRENCY, KEEPERS, SHAPES, TLS_CONCURRENCY, Goal, Results, goals
from .sample import TURNS
from .single import TASK_CLIENTS, TASKS

IMPORTED = [client for client in CLIENTS if LABELS[client] in {**IMPORTS, **EXTRA_IMPORTS}]


def invented(slower: float = 1.0) -> Results:
    """Results in which each client takes 100 us more than the one before it, times ``slower`` at 500 in flight."""
    results = Results(
        counter="perf stat",
        instructions={client: 1e6 * number for number, client in enumerate(COUNTED, start=1)},
        task_count=TASKS,
        tasks=dict.fromkeys(TASK_CLIENTS, (TASKS, 120.0)),
        cold_starts={client: [(500.0, 400.0), (510.0, 401.0)] for client in CLIENTS},
        parts={"TLS": 12.0},
        kept_count=10,
        kept={name: float(number) for number, name in enumerate(KEEPERS, start=1)},
        decoding={name: dict.fromkeys(TURNS, 12.5) for name in DECODERS},
        imports=dict.fromkeys([*IMPORTS, *EXTRA_IMPORTS], (80.0, 30.0)),
    )
    for number, client in enumerate(CLIENTS, start=1):
        for turns, concurrency in SHAPES.items():
            for in_flight in concurrency:
                cpu = 100.0 * number * (slower if in_flight == 500 else 1)
                results.samples[client, in_flight, turns] = [(cpu, 1e6 / cpu)]
        results.tls.update({(client, in_flight, 40): [(100.0 * number, 10.0)] for in_flight in TLS_CONCURRENCY})
    return results


def promise(results: Results, what: str) -> Promise:
    """Find a promise by the start of its name."""
    return next(found for found in promises(results) if found.what.startswith(what))


def rows(text: str, client: str) -> list[str]:
    """List the rows of a client in all tables."""
    return [line for line in text.splitlines() if line.startswith(f"| {LABELS[client]} | ")]


def fetch_rows(text: str, client: str) -> list[str]:
    """List the rows of a client in the tables of 40-turn calls."""
    return [row for row in rows(text, client) if row.count("|") == len(CONCURRENCY) + 2]


def test_report_has_a_row_for_everything_measured() -> None:
    """Each client has two rows for each size, and one for TLS, cold start, instructions, tasks and importing."""
    text = report.markdown(invented(), "")
    expected = {
        client: 2 * len(SHAPES) + 2 + (client in COUNTED) + (client in TASK_CLIENTS) + (client in IMPORTED)
        for client in CLIENTS
    }
    assert {client: len(rows(text, client)) for client in CLIENTS} == expected
    for name in (*DECODERS, *IMPORTS):
        assert f"| {name} | " in text


def test_report_says_why_a_client_is_missing() -> None:
    """A client that failed has a reason and no fetches, over TLS or not."""
    results = invented()
    results.skip("openai", "no --extras")
    text = report.markdown(results, "")
    assert f"Left out: {LABELS['openai']}: no --extras" in text
    assert fetch_rows(text, "openai") == []
    assert not [key for key in (*results.samples, *results.tls) if key[0] == "openai"]


def test_report_marks_cells_that_were_not_measured() -> None:
    """A client without the most fetches in flight keeps its other figures."""
    results = invented()
    del results.samples["stock", 1000, 40]
    assert [row.split(" | ")[-1] for row in fetch_rows(report.markdown(results, ""), "stock")] == ["– |"] * 2  # noqa: RUF001


def test_report_says_why_figures_are_missing() -> None:
    """Without a counter of instructions the report has the reason, and the promise no figure."""
    results = invented()
    results.instructions, results.counter = {}, "perf is not installed"
    results.notes.append("instructions per fetch: perf is not installed")
    assert "Not measured: instructions per fetch: perf is not installed" in report.markdown(results, "")
    assert promise(results, "instructions per fetch: aiohttp").verdict == "not measured"


def test_plot_names_every_client_that_was_measured() -> None:
    """The plot is XML, with one line and one name for each client."""
    root = ElementTree.fromstring(plot.svg(invented()))
    space = {"svg": "http://www.w3.org/2000/svg"}
    assert len(root.findall("svg:polyline", space)) == len(CLIENTS)
    names = {node.text for node in root.findall("svg:text", space)}
    assert {LABELS["ours-aiohttp"], LABELS["stock"]} <= names


def test_labels_of_the_plot_never_cover_each_other() -> None:
    """The names of lines that end at the same height are apart, and above the axis."""
    positions = sorted(plot.spread(dict.fromkeys(CLIENTS, plot.HEIGHT - 60.0)).values())
    assert min(after - before for before, after in itertools.pairwise(positions)) >= plot.LINE_HEIGHT
    assert positions[-1] <= plot.HEIGHT - plot.BOTTOM


def test_the_worst_concurrency_counts() -> None:
    """A ratio that must hold from 1 to 500 in flight is the worst of these; 1,000 is not promised."""
    results = invented()
    results.samples["limit", 100, 40] = [(100.0, 10.0)]
    results.samples["ours-aiohttp", 100, 40] = [(1000.0, 1000.0)]
    results.samples["ours-aiohttp", 1000, 40] = [(9000.0, 1000.0)]
    assert promise(results, "aiohttp / the limit").median == 10.0


def test_a_promise_has_the_ratio_of_medians_and_of_minima() -> None:
    """The minimum compares the least disturbed round of each client; the median decides."""
    results = invented()
    for number in (1, 10, 100, 500):
        results.samples["limit", number, 40] = [(100.0, 1.0), (150.0, 1.0), (900.0, 1.0)]
        results.samples["ours-aiohttp", number, 40] = [(110.0, 1.0), (300.0, 1.0), (310.0, 1.0)]
    found = promise(results, "aiohttp / the limit")
    assert (found.median, found.minimum, found.verdict) == (2.0, 1.1, "no")
    assert re.search(r"\| aiohttp / the limit, [^|]+\| 1\.25 \| 2 \| 1\.1 \| no \|", report.promises_table(results))


def test_growth_compares_500_with_10_in_flight() -> None:
    """Both transports promise to take about the same time at 500 in flight as at 10."""
    for name in ("default transport: 500", "aiohttp: 500"):
        assert promise(invented(slower=3.0), name).median == 3.0


def test_instructions_are_compared_with_the_limit() -> None:
    """The counts of both transports are divided by that of the limit."""
    results = invented()
    results.instructions.update({"limit": 8e5, "ours-httpx": 1.6e6, "ours-aiohttp": 8e5})
    assert promise(results, "instructions per fetch: default").median == 2.0
    assert promise(results, "instructions per fetch: aiohttp").median == 1.0


@pytest.mark.parametrize(("delivered", "verdict"), [(TASKS, "yes"), (TASKS - 1, "not measured")])
def test_memory_of_tasks_counts_only_if_all_got_their_call(delivered: int, verdict: str) -> None:
    """A task that failed holds less memory."""
    results = invented()
    results.tasks["ours-httpx"] = (delivered, 120.0)
    assert promise(results, "default transport: RSS").verdict == verdict


def test_a_promise_is_kept_up_to_its_bound() -> None:
    """A figure may be equal to the bound."""
    assert Promise("x", 2.0, 2.0).verdict == "yes"
    assert Promise("x", 2.0, 2.01).verdict == "no"


def test_rounds_are_summed_up_by_their_median() -> None:
    """One disturbed round does not move a figure."""
    results = Results(samples={("stock", 1, 40): [(100.0, 10.0), (9000.0, 1.0), (102.0, 9.0)]})
    assert results.cpu("stock", 1, 40) == 102.0
    assert results.rate("stock", 1, 40) == 9.0


def test_a_goal_says_whether_it_is_reached() -> None:
    """A bound may be met exactly, and from below or above as the goal says."""
    goal = Goal("x", bound=2.0, reached=2.0)
    assert goal.verdict == "yes"
    assert evolve(goal, reached=2.01).verdict == "no"
    assert evolve(goal, reached=1.0, at_least=True).verdict == "no"
    assert evolve(goal, reached=3.0, at_least=True).verdict == "yes"


def test_a_figure_whose_client_is_missing_is_not_measured() -> None:
    """A goal or a promise without measurements is neither reached nor missed."""
    results = invented()
    results.skip("ours-aiohttp", "not selected")
    assert goals(results)[0].verdict == "not measured"
    assert re.search(r"\| at most 0\.33 \| – \| not measured \|", report.goals_table(results))  # noqa: RUF001
    assert promise(results, "aiohttp / the limit").verdict == "not measured"
