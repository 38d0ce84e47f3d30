"""Calls that are built for tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest
from tests.unit.testing.in_process import get
from tests.unit.testing.spec import call_validator

from puretalk_client import Call, CallAnalysis, CallMetadata, CallStatus, TranscriptTurn
from puretalk_client.testing import Sandbox, make_call, make_calls, sample_call

TALK = {"start_time", "answered_by", "transcript", "transcript_object"}
END = {"end_time", "call_duration_seconds", "call_analysis", "call_recording_url", "sentiment"}


@pytest.mark.parametrize("status", CallStatus)
def test_a_call_has_what_calls_of_its_status_have(status: CallStatus) -> None:
    """No talk without a connection, no end before it, and what it has is valid."""
    call = make_call(status)
    expected = {CallStatus.COMPLETED: TALK | END, CallStatus.IN_PROGRESS: TALK}.get(status, set())
    if status.is_final:
        expected = expected | {"end_time"}
    assert {name for name in TALK | END if getattr(call, name) is not None} == expected
    assert call.is_billed is (status == CallStatus.COMPLETED)
    assert call_validator(exact=False).is_valid(call.to_dict())


def test_what_is_passed_is_set_in_any_case() -> None:
    """Also where a call of this status does not have it."""
    call = make_call(status="no-answer", turns=4, post_analysis={"score": 7}, metadata={"order": 5})
    assert (call.status, call.post_analysis.number("score"), call.metadata["order"]) == ("no-answer", 7, 5)
    assert len(call.transcript_object or []) == 4
    assert (call.call_recording_url, call.start_time) == (None, None)
    assert make_call(call_recording_url=None).call_recording_url is None
    assert make_call(post_analysis={}).post_analysis == {}
    assert make_call(turns=0).transcript == ""


def test_times_agree() -> None:
    """Start, end and duration, whichever of them is passed; and the transcript with its turns."""
    start, hour = datetime(2025, 1, 1, tzinfo=UTC), timedelta(hours=1)
    assert make_call(start_time=start, call_duration_seconds=3600).end_time == start + hour
    assert make_call(start_time=start, end_time=start + hour).call_duration_seconds == 3600
    assert make_call(end_time=start.isoformat(), call_duration_seconds=3600).start_time == start - hour
    assert make_call(transcript_object=[TranscriptTurn(role="user", content="Hello")]).transcript == "User: Hello"
    assert len((make_call(turns=100).transcript or "").splitlines()) == 100


def test_fields_are_models_or_json() -> None:
    """Both make the same call."""
    as_json = make_call(call_id="1", call_analysis={"summary": "Short"}, post_analysis={"score": 7}, metadata={"a": 1})
    analysis = CallAnalysis(summary="Short")
    assert make_call(
        call_id="1", call_analysis=analysis, post_analysis={"score": 7}, metadata=CallMetadata({"a": 1})
    ) == (as_json)
    assert as_json.call_analysis is not None
    assert as_json.call_analysis.summary == "Short"


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: make_call("no-anwser"), "'no-anwser' is not a status of a call; did you mean 'no-answer'"),
        (lambda: make_call(""), "; there are queued, ringing"),
        (lambda: make_call(CallStatus("on-hold")), "not a status"),
        (lambda: make_call(None), "status must be a text, not NoneType"),  # type: ignore[arg-type]
        (lambda: make_call(turns=-1), "turns must be"),
        (lambda: make_call(turns=True), "turns must be"),
        (lambda: make_call(call_durations=3), "no field 'call_durations'; did you mean 'call_duration_seconds'"),
        (lambda: make_call(turn=3), "did you mean 'turns'"),
        (lambda: make_call(call_duration_seconds="3"), r"\$.call_duration_seconds must be int"),
        (lambda: make_call(call_type="outgoin"), r"\$.call_type must be 'incoming' | 'outgoing'"),
        (lambda: make_call(start_time="yesterday"), r"\$.start_time must be datetime"),
        (lambda: make_call(start_time=datetime(2025, 1, 1)), r"\$.start_time must be datetime"),
        (lambda: make_call(call_analysis={"sumary": "x"}), r"\$.call_analysis.sumary"),
        (lambda: make_call(transcript_object=[{"rol": "user"}]), r"\$.transcript_object\[\*\].rol"),
        (lambda: make_call(post_analysis={"score": [1]}), "post_analysis_data.*not array"),  # type: ignore[dict-item]
        (lambda: make_call(post_analysis=[("score", 1)]), "must be a mapping"),  # type: ignore[arg-type]
        (lambda: make_call(call_analysis="x", post_analysis={}), "call_analysis an object"),
        (lambda: make_call(variables=object()), "unsupported"),
        (lambda: make_calls(1, statu="busy"), "did you mean 'status'"),
        (lambda: make_calls(2, call_id="1"), "cannot share a call_id"),
        (lambda: make_calls(-1), "count must be"),
    ],
)
def test_mistakes_raise(build: Callable[[], object], message: str) -> None:
    """With what is possible instead."""
    with pytest.raises((TypeError, ValueError), match=message):
        build()


def test_calls_differ_and_are_the_same_each_time() -> None:
    """Ids, statuses and texts differ; a seed selects the calls, and more of them begin with the same ones."""
    calls = make_calls(200, seed=3)
    assert make_calls(50, seed=3) == calls[:50]
    assert make_calls(50, seed=4) != calls[:50]
    assert len({call.call_id for call in calls}) == len({call.provider_call_id for call in calls}) == 200
    assert {call.status for call in calls[:8]} == set(CallStatus)
    assert Counter(call.status for call in calls).most_common(1)[0][0] == CallStatus.COMPLETED
    assert len({call.transcript for call in calls}) > 20
    assert len({call.post_analysis.get("score") for call in calls}) == 11
    assert all((call.from_number or "").startswith("+155501") for call in calls)
    for call in calls:
        assert call_validator(exact=False).is_valid(call.to_dict())
        if call.start_time and call.end_time:
            assert (call.end_time - call.start_time).total_seconds() == call.call_duration_seconds


def test_calls_are_the_same_in_every_process() -> None:
    """A fixed seed means fixed ids."""
    assert [call.call_id for call in make_calls(2)] == [
        "4da5e709-d471-4d60-88a7-0639eb1167b3",
        "259f4329-e6f4-490b-9a16-4106cf6a659e",
    ]


def test_calls_share_what_is_passed() -> None:
    """All other fields differ."""
    calls = make_calls(9, status="completed", post_analysis={"score": 7}, turns=2)
    assert {(call.status, call.post_analysis["score"], len(call.transcript_object or [])) for call in calls} == {
        (CallStatus.COMPLETED, 7, 2)
    }


async def test_a_sandbox_takes_calls() -> None:
    """As they are, also for a lifecycle."""
    sandbox, call = Sandbox(), make_call(call_id="42")
    assert sandbox.add_call(call) == "42"
    assert Call.from_dict((await get(sandbox, "42")).json()["results"]) == call
    sandbox.add_lifecycle(call, ["queued", "completed"])
    assert (await get(sandbox, "42")).json()["results"]["status"] == "queued"


def test_a_call_converts_json() -> None:
    """``Call(**json)`` is what ``Call.from_dict`` makes, and what is a model stays the same object."""
    json: dict[str, Any] = sample_call()
    call = Call(**json)
    assert call == Call.from_dict(json)
    assert len(call.post_analysis) == 8
    changed = attrs.evolve(call, call_type="incoming")
    assert changed.transcript_object is call.transcript_object
    assert changed.call_analysis is call.call_analysis
