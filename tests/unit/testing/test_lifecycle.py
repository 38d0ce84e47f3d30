"""Calls that advance with each fetch."""

from __future__ import annotations

import asyncio
import math
from datetime import datetime
from typing import Any

import pytest
from tests.support.eventually import PATIENCE
from tests.unit.testing.in_process import get, results, send

from puretalk_client.testing import Fault, Sandbox, VirtualTimeLoop, sample_call, virtual_time


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
    assert ended == {**call, "call_analysis": None, "sentiment": None, "call_recording_url": None}
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
    sandbox.add_lifecycle({"call_id": "1", **transcript}, ["in progress", "completed"], 0, 0)
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


@pytest.mark.parametrize(
    ("statuses", "changes"),
    [
        ([], {}),
        ((), {}),
        ({}, {}),
        ("queued", {}),
        ([None], {}),
        ({1: "queued"}, {}),
        ({0: "queued", -1: "ringing"}, {}),
        ({0: "queued", math.nan: "ringing"}, {}),
        ({0: "queued", math.inf: "ringing"}, {}),
        (["queued"], {"analysis_after": -1}),
        (["queued"], {"recording_after": -1}),
        ({0: "queued"}, {"analysis_after": math.nan}),
        ({0: "queued"}, {"recording_after": math.inf}),
    ],
)
def test_bad_arguments(statuses: Any, changes: dict[str, float]) -> None:
    """Without statuses, with a text instead of a list, and with impossible numbers, it raises ValueError."""
    with pytest.raises(ValueError, match=r"(?i)status|analysis_after|recording_after"):
        Sandbox().add_lifecycle({}, statuses, **changes)


@pytest.mark.parametrize("status", ["no-answer", "NO_ANSWER", "busy", "failed", "canceled"])
async def test_call_that_was_never_answered(status: str) -> None:
    """It ends without a start, a duration, a transcript, an analysis and a recording, and never gets them."""
    sandbox = Sandbox()
    sandbox.add_lifecycle(sample_call(call_id="1"), ["queued", "ringing", status])
    for state in (await results(sandbox, "1", 6))[2:]:
        assert state["status"] == status
        assert not {"start_time", "answered_by"} & state.keys()
        assert state["end_time"] is not None
        assert not state["is_billed"]
        for name in ("call_duration_seconds", "transcript", "transcript_object", "call_analysis", "sentiment"):
            assert state[name] is None, name
        assert state["call_recording_url"] is None


@pytest.mark.parametrize(("analysis", "recording"), [(0, 0), (0, 3), (3, 0), (1, 2), (2, 1), (2, 2)])
async def test_analysis_and_recording_come_separately(analysis: int, recording: int) -> None:
    """Each comes so many fetches after the end as was said."""
    sandbox = Sandbox()
    sandbox.add_lifecycle(sample_call(call_id="1"), ["queued", "completed"], analysis, recording)
    states = (await results(sandbox, "1", 6))[1:]
    assert [state["call_analysis"] is not None for state in states] == [number >= analysis for number in range(5)]
    assert [state["call_recording_url"] is not None for state in states] == [number >= recording for number in range(5)]
    assert states[-1] == sample_call(call_id="1")


async def call_at(sandbox: Sandbox, second: float) -> dict[str, Any]:
    """Fetch call "1" at a second of the event loop."""
    await asyncio.sleep(second - asyncio.get_running_loop().time())
    [state] = await results(sandbox, "1", 1)
    return state


class TestSeconds:
    @virtual_time()
    async def test_by_the_clock(self) -> None:
        """Statuses, analysis and recording come when they were said to, however often the call is fetched."""
        sandbox = Sandbox()
        statuses = {0: "queued", 2.5: "ringing", 5: "in progress", 35: "completed"}
        sandbox.add_lifecycle(sample_call(call_id="1"), statuses, analysis_after=20, recording_after=60)
        seen: dict[tuple[str, bool, bool], int] = {}
        for tenth in range(0, 1000, 5):
            state = await call_at(sandbox, tenth / 10)
            seen.setdefault((state["status"], bool(state["call_analysis"]), bool(state["call_recording_url"])), tenth)
        assert seen == {
            ("queued", False, False): 0,
            ("ringing", False, False): 25,
            ("in progress", False, False): 50,
            ("completed", False, False): 350,
            ("completed", True, False): 550,
            ("completed", True, True): 950,
        }

    @virtual_time()
    async def test_begins_with_the_first_fetch(self) -> None:
        """Each call has its own beginning, so that it does not matter when it was added."""
        sandbox = Sandbox()
        await asyncio.sleep(100)
        for call_id in ("1", "2"):
            sandbox.add_lifecycle({"call_id": call_id}, {0: "queued", 10: "busy"})
        await asyncio.sleep(100)
        assert (await call_at(sandbox, 205))["status"] == "queued"
        assert (await call_at(sandbox, 214.5))["status"] == "queued"
        assert (await call_at(sandbox, 215))["status"] == "busy"
        assert (await results(sandbox, "2", 1))[0]["status"] == "queued"

    @virtual_time()
    async def test_times_agree_with_the_clock(self) -> None:
        """The call starts when it is in progress, ends when it is completed, and lasts as long as that takes."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        sandbox = Sandbox()
        await asyncio.sleep(7)
        sandbox.add_lifecycle(sample_call(call_id="1"), {0: "queued", 5: "in-progress", 35: "completed"})
        begin = loop.wall_time()
        assert "start_time" not in await call_at(sandbox, 7)
        for second in (12, 41.9):
            talking = await call_at(sandbox, second)
            assert datetime.fromisoformat(talking["start_time"]).timestamp() == pytest.approx(begin + 5)
            assert (talking["end_time"], talking["call_duration_seconds"]) == (None, None)
        for second in (42, 43, 1000):
            ended = await call_at(sandbox, second)
            assert ended["start_time"] == talking["start_time"]
            assert datetime.fromisoformat(ended["end_time"]).timestamp() == pytest.approx(begin + 35)
            assert ended["call_duration_seconds"] == 30

    @virtual_time()
    async def test_without_a_status_in_progress(self) -> None:
        """A call that is over when it is first seen keeps its duration, and has just ended."""
        sandbox = Sandbox()
        sandbox.add_lifecycle(sample_call(call_id="1"), {0: "completed"})
        state = await call_at(sandbox, 0)
        start, end = (datetime.fromisoformat(state[name]) for name in ("start_time", "end_time"))
        assert (end - start).total_seconds() == state["call_duration_seconds"] == 318

    @virtual_time()
    async def test_status_that_turns_back(self) -> None:
        """A call that is completed, and then in progress again, has no end in between."""
        sandbox = Sandbox()
        statuses = {0: "in progress", 10: "completed", 20: "in progress", 30: "completed"}
        sandbox.add_lifecycle(sample_call(call_id="1"), statuses, analysis_after=5)
        states = [await call_at(sandbox, second) for second in (0, 10, 19, 20, 30, 35)]
        assert [state["call_duration_seconds"] for state in states] == [None, 10, 10, None, 30, 30]
        assert [state["call_analysis"] is not None for state in states] == [False] * 5 + [True]

    async def test_in_real_time(self) -> None:
        """In a real event loop, the clock is the real one."""
        sandbox = Sandbox()
        sandbox.add_lifecycle({"call_id": "1"}, {0: "queued", 0.01: "busy"})
        assert (await results(sandbox, "1", 1))[0]["status"] == "queued"
        async with asyncio.timeout(PATIENCE):
            while (await results(sandbox, "1", 1))[0]["status"] != "busy":
                await asyncio.sleep(0)
