"""The benchmark works. What it measures is not looked at: that is for ``make bench`` on a quiet machine."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from attrs import evolve

from . import plot, report
from .clients import CLIENTS, LABELS
from .results import IN_FLIGHT, Goal, Results, goals
from .sample import ROOT, TURNS
from .server import running

WITHOUT_EXTRAS = ("ours-httpx", "stock")
"""Clients that need nothing but what every developer has installed."""


def made_up(slower: float = 1.0) -> Results:
    """Results in which each client takes 100 us more than the one before it, times ``slower`` at 500 in flight."""
    results = Results(
        rounds=1, kept_count=10, kept={"puretalk_client": 1.0, "stock from_dict(json.loads)": 2.0}
    )
    for place, client in enumerate(CLIENTS, start=1):
        for in_flight in IN_FLIGHT:
            for turns in TURNS:
                cpu = 100.0 * place * (slower if in_flight == 500 else 1)
                results.samples[client, in_flight, turns] = [(cpu, 1e6 / cpu)]
    return results


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder and the standard error of one brief run."""
    folder = tmp_path_factory.mktemp("bench")
    command = [sys.executable, "-m", "tests.benchmarks.bench", "--quick", "--output", str(folder)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert run.returncode == 0, run.stderr
    return folder, run.stderr


def test_every_row_is_there(written: tuple[Path, str]) -> None:
    """Each client has its rows, or a reason why not, in the report and on standard error."""
    folder, said = written
    text = (folder / "benchmarks.md").read_text(encoding="utf-8")
    for client, label in LABELS.items():
        rows = [
            line for line in text.splitlines() if line.startswith(f"| {label} | ") and line.count("|") == 6
        ]
        if f"Left out: {label}: " in text:
            assert client not in WITHOUT_EXTRAS, text
            assert not rows
            assert f"left out: {label}: " in said
        else:
            assert len(rows) == 2 * len(TURNS), label
    for name in ("bare msgspec", "puretalk_client", "stock from_dict(json.loads)", "bare Python"):
        assert f"| {name} | " in text


def test_every_number_is_positive(written: tuple[Path, str]) -> None:
    """No figure is nought, negative or not a number."""
    text = (written[0] / "benchmarks.md").read_text(encoding="utf-8")
    assert not re.search(r"\b(nan|inf)\b", text)
    rows = [line for line in text.splitlines() if line.startswith("|") and "at most" not in line]
    figures = [cell.strip().replace(",", "") for row in rows for cell in row.split("|")[2:-1]]
    numbers = [float(figure) for figure in figures if re.fullmatch(r"-?[\d.]+", figure)]
    assert len(numbers) > 50
    assert min(numbers) >= 0


def test_plot_names_every_client_that_was_measured() -> None:
    """The plot is XML, with one line and one name for each client."""
    root = ElementTree.fromstring(plot.svg(made_up()))
    space = {"svg": "http://www.w3.org/2000/svg"}
    assert len(root.findall("svg:polyline", space)) == len(CLIENTS)
    names = {node.text for node in root.findall("svg:text", space)}
    assert {LABELS["ours-aiohttp"], LABELS["stock"]} <= names


def test_labels_of_the_plot_never_cover_each_other() -> None:
    """Lines that end at one place still have their names apart, and above the axis."""
    places = sorted(plot.spread(dict.fromkeys(CLIENTS, plot.HEIGHT - 60.0)).values())
    assert min(after - before for before, after in itertools.pairwise(places)) >= plot.LINE_HEIGHT
    assert places[-1] <= plot.HEIGHT - plot.BOTTOM


def test_worst_concurrency_counts() -> None:
    """A ratio that holds at any concurrency is that of the worst one."""
    results = made_up()
    results.samples["ours-aiohttp", 100, 40] = [(1000.0, 1000.0)]
    assert goals(results)[0].reached == 10.0


def test_flatness_compares_500_with_10_in_flight() -> None:
    """The second goal is the cost at 500 in flight over that at 10."""
    assert goals(made_up(slower=3.0))[1].reached == 3.0


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


def test_a_goal_whose_client_is_missing_is_said_to_be_unmeasured() -> None:
    """Nothing is called reached that was not measured."""
    results = made_up()
    results.samples = {key: value for key, value in results.samples.items() if key[0] != "ours-aiohttp"}
    assert goals(results)[0].verdict == "not measured"
    assert "not measured" in report.goals_table(results)


def test_server_ends_with_the_block() -> None:
    """The port is closed when the benchmark is done with it."""
    import httpx

    with running() as base_url:
        answer = httpx.get(f"{base_url}/calls/00000040-0000-4000-8000-000000000007", trust_env=False)
        assert answer.json()["results"]["call_id"] == "00000040-0000-4000-8000-000000000007"
        assert len(answer.json()["results"]["transcript_object"]) == 40
    with pytest.raises(httpx.ConnectError):
        httpx.get(base_url, trust_env=False)
