"""The report of the benchmark, made from invented measurements. ``make bench`` measures."""

from __future__ import annotations

import itertools
import re
from xml.etree import ElementTree

import httpx
import pytest
from attrs import evolve

from . import plot, report
from .aside import DECODERS, EXTRA_IMPORTS, IMPORTS
from .clients import CLIENTS, LABELS
from .results import CONCURRENCY, KEEPERS, Goal, Results, goals
from .sample import TURNS
from .server import running


def invented(slower: float = 1.0) -> Results:
    """Results in which each client takes 100 us more than the one before it, times ``slower`` at 500 in flight."""
    results = Results(
        rounds=1,
        kept_count=10,
        kept={name: float(number) for number, name in enumerate(KEEPERS, start=1)},
        decoding={name: dict.fromkeys(TURNS, 12.5) for name in DECODERS},
        imports=dict.fromkeys([*IMPORTS, *EXTRA_IMPORTS], (80.0, 30.0)),
    )
    for number, client in enumerate(CLIENTS, start=1):
        for in_flight, turns in itertools.product(CONCURRENCY, TURNS):
            cpu = 100.0 * number * (slower if in_flight == 500 else 1)
            results.samples[client, in_flight, turns] = [(cpu, 1e6 / cpu)]
    return results


def fetch_rows(text: str, client: str) -> list[str]:
    """List the rows of a client in the tables of fetches."""
    rows = [line for line in text.splitlines() if line.startswith(f"| {LABELS[client]} | ")]
    return [row for row in rows if row.count("|") == len(CONCURRENCY) + 2]


def test_report_has_a_row_for_everything_measured() -> None:
    """Each client has two rows for each size of call, each decoder and each import one."""
    text = report.markdown(invented(), "")
    assert {client: len(fetch_rows(text, client)) for client in CLIENTS} == dict.fromkeys(CLIENTS, 2 * len(TURNS))
    for name in (*DECODERS, *IMPORTS):
        assert f"| {name} | " in text


def test_report_says_why_a_client_is_missing() -> None:
    """A client that could not be measured has a reason and no row."""
    results = invented()
    results.skipped["openai"] = "no --extras"
    results.samples = {key: value for key, value in results.samples.items() if key[0] != "openai"}
    text = report.markdown(results, "")
    assert f"Left out: {LABELS['openai']}: no --extras" in text
    assert fetch_rows(text, "openai") == []


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


def test_worst_concurrency_counts() -> None:
    """A ratio that must hold at any concurrency is that of the worst one."""
    results = invented()
    results.samples["ours-aiohttp", 100, 40] = [(1000.0, 1000.0)]
    assert goals(results)[0].reached == 10.0


def test_flatness_compares_500_with_10_in_flight() -> None:
    """The second goal compares the time at 500 in flight with that at 10."""
    assert goals(invented(slower=3.0))[1].reached == 3.0


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


def test_a_goal_whose_client_is_missing_is_not_measured() -> None:
    """A goal without measurements is neither reached nor missed."""
    results = invented()
    results.samples = {key: value for key, value in results.samples.items() if key[0] != "ours-aiohttp"}
    assert goals(results)[0].verdict == "not measured"
    assert re.search(r"\| at most 2\.2 \|\s+\| not measured \|", report.goals_table(results))


def test_server_ends_with_the_block() -> None:
    """The server sends the requested call with as many turns as its id says, and its port is closed afterwards."""
    call_id = "00000040-0000-4000-8000-000000000007"
    with running() as base_url:
        results = httpx.get(f"{base_url}/calls/{call_id}", trust_env=False, timeout=60).json()["results"]
        assert (results["call_id"], len(results["transcript_object"])) == (call_id, 40)
    with pytest.raises(httpx.ConnectError):
        httpx.get(base_url, trust_env=False)
