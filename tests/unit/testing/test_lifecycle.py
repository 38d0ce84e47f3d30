"""Calls that advance with each fetch."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.testing.in_process import get, results, send

from puretalk_client.testing import Fault, Sandbox, sample_call


async def test_default_statuses() -> None:
    """Queued, ringing, in progress, completed without analysis, and then complete in every later fetch."""
    sandbox = Sandbox()
    call = sample_call(call_id="1")
    assert sandbox.add_lifecycle(call) == "1"
    queued, ringing, in_progress, ended, analyzed, later = await results(sandbox, "1", 6)
    for state, status in ((queued, "queued"), (ringing, "ringing")):
        assert state["status"] == status
        assert "start_time" not in state
        assert "answered_by" not in state
        assert state["transcript"] is None
        assert state["transcript_object"] is None
        assert state["end_time"] is None
    assert in_progress["status"] == "in progress"
    assert in_progress["start_time"] == call["start_time"]
    assert in_progress["end_time"] is None
    assert in_progress["call_duration_seconds"] is None
    assert in_progress["transcript_object"] == call["transcript_object"][:20]
    assert call["transcript"].startswith(in_progress["transcript"] + "\n")
    assert in_progress["transcript"].count("\n") == 19
    for state in (queued, ringing, in_progress, ended):
        assert state["call_analysis"] is None
        assert state["sentiment"] is None
    assert ended == {**call, "call_analysis": None, "sentiment": None}
    assert analyzed == later == call


@pytest.mark.parametrize("fetches", [0, 1, 5])
async def test_analysis_after(fetches: int) -> None:
    """``analysis_after`` fetches return the last status without the analysis."""
    sandbox = Sandbox()
    sandbox.add_lifecycle(sample_call(call_id="1"), ["completed"], analysis_after=fetches)
    states = await results(sandbox, "1", fetches + 2)
    assert [state["call_analysis"] is not None for state in states] == [False] * fetches + [True, True]


async def test_statuses_keep_their_spelling() -> None:
    """Statuses are returned as given: both spellings of in-progress, and an unknown status."""
    sandbox = Sandbox()
    statuses = ["Queued", "in-progress", "in progress", "ON_HOLD", "no-answer"]
    sandbox.add_lifecycle(sample_call(call_id="1"), statuses, analysis_after=0)
    states = await results(sandbox, "1", 5)
    assert [state["status"] for state in states] == statuses
    assert "start_time" not in states[0]
    half = sample_call()["transcript_object"][:20]
    assert states[1]["transcript_object"] == states[2]["transcript_object"] == half


@pytest.mark.parametrize("status", ["queued", "ringing", "in progress", "in-progress", "IN_PROGRESS"])
async def test_call_that_never_ends(status: str) -> None:
    """A lifecycle whose last status is not final stays there, without an analysis."""
    sandbox = Sandbox()
    sandbox.add_lifecycle(sample_call(call_id="1"), ["queued", status])
    _, *rest = await results(sandbox, "1", 5)
    assert {state["status"] for state in rest} == {status}
    assert all(state["call_analysis"] is None and state["end_time"] is None for state in rest)


@pytest.mark.parametrize(
    "transcript",
    [
        {},
        {"transcript": None, "transcript_object": None},
        {"transcript": "", "transcript_object": []},
        {"transcript": "one line", "transcript_object": [{"role": "user"}]},
        {"transcript": 7, "transcript_object": "not a list"},
    ],
)
async def test_short_transcripts(transcript: dict[str, Any]) -> None:
    """A call in progress keeps a transcript that is empty, has one turn, or has another type."""
    sandbox = Sandbox()
    sandbox.add_lifecycle({"call_id": "1", **transcript}, ["in progress", "completed"], analysis_after=0)
    in_progress, ended = await results(sandbox, "1", 2)
    assert ended == {"call_id": "1", "status": "completed", **transcript}
    assert {name: in_progress[name] for name in transcript} == transcript


async def test_calls_advance_separately() -> None:
    """Only a successful fetch advances a call, and only that call."""
    sandbox = Sandbox()
    for call_id in ("1", "2"):
        sandbox.add_lifecycle({"call_id": call_id})
    await get(sandbox, "1", headers={})
    sandbox.fail_next(Fault(status=503))
    await get(sandbox, "1")
    await send(sandbox, "/api/calls/1", "POST")
    assert [state["status"] for state in await results(sandbox, "1", 2)] == ["queued", "ringing"]
    assert [state["status"] for state in await results(sandbox, "2", 1)] == ["queued"]


@pytest.mark.parametrize(("statuses", "analysis_after"), [([], 1), ((), 1), ("queued", 1), (["queued"], -1)])
def test_bad_arguments(statuses: Any, analysis_after: int) -> None:
    """An empty list, a text instead of a list, and a negative count raise ValueError."""
    with pytest.raises(ValueError, match=r"status|analysis_after"):
        Sandbox().add_lifecycle({}, statuses, analysis_after)
