"""When a call is as wanted: states, the age of its end, and contradictions between responses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from puretalk_client import Call, Drift
from puretalk_client._until import Seen, contradictions, has_reached, seconds_since_end

ANALYSIS = {"summary": "It went well"}
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FINAL = ["completed", "failed", "busy", "no-answer", "canceled"]
OPEN = ["queued", "ringing", "in progress", "in-progress", "", "gone fishing", None, 5]


def call(status: Any = "completed", **fields: Any) -> Call:
    """Make a call of JSON."""
    return Call.from_dict({"status": status, **fields})


@pytest.mark.parametrize("status", OPEN)
def test_call_that_is_not_over_has_reached_no_state(status: Any) -> None:
    """Whatever it has: an unknown status does not say that the call is over."""
    has_everything = call(status, call_analysis=ANALYSIS, call_recording_url="https://recordings.test/1")
    for state in ("final", "analysis", "recording"):
        assert not has_reached(state, has_everything, is_grace_over=True)


@pytest.mark.parametrize("status", [*FINAL, "Completed", "NO_ANSWER", "no answer"])
def test_every_final_status_is_final(status: str) -> None:
    """In any spelling."""
    assert has_reached("final", call(status), is_grace_over=False)


@pytest.mark.parametrize("status", FINAL[1:])
def test_call_without_a_conversation_gets_neither_analysis_nor_recording(status: str) -> None:
    """Waiting for either would never end."""
    assert has_reached("analysis", call(status), is_grace_over=False)
    assert has_reached("recording", call(status), is_grace_over=False)


@pytest.mark.parametrize(
    ("analysis", "is_there"),
    [
        (ANALYSIS, True),
        ({"summary": None, "task_completion": "yes"}, True),
        ({"post_analysis_data": []}, True),
        ({"summary": ""}, True),
        (None, False),
        ({}, False),
        ({"summary": None, "post_analysis_data": None}, False),
        ("pending", False),
        (False, False),
        ([], False),
    ],
)
def test_analysis_is_there_if_it_holds_anything(analysis: Any, is_there: bool) -> None:
    """Null, an object of nulls, and a text in its place are not one; the end of the grace is the end of the wait."""
    assert has_reached("analysis", call(call_analysis=analysis), is_grace_over=False) is is_there
    assert has_reached("analysis", call(call_analysis=analysis), is_grace_over=True)


@pytest.mark.parametrize(
    ("fields", "is_there"),
    [
        ({"call_recording_url": "https://recordings.test/1"}, True),
        ({"call_recording_url": ""}, False),
        ({"call_recording_url": None, "call_recording_enabled": True}, False),
        ({}, False),
        ({"call_recording_enabled": False}, True),
        ({"call_recording_enabled": "no"}, False),
    ],
)
def test_recording_is_there_or_is_not_enabled(fields: dict[str, Any], is_there: bool) -> None:
    """The grace of the analysis does not end the wait for a recording."""
    assert has_reached("recording", call(**fields), is_grace_over=True) is is_there


def date(**offset: float) -> str:
    """Write a Date, so much off the present."""
    return format_datetime(NOW + timedelta(**offset), usegmt=True)


AN_HOUR_AGO = (NOW - timedelta(hours=1)).isoformat()


@pytest.mark.parametrize(
    ("end_time", "server_date", "seconds"),
    [
        (AN_HOUR_AGO, date(), 3600),
        ("2026-03-01T06:00:00-05:00", date(seconds=59), 3600),
        (AN_HOUR_AGO, date(seconds=-59), 3600),
        (AN_HOUR_AGO, date(seconds=61), 0),
        (AN_HOUR_AGO, date(hours=-1), 0),
        (AN_HOUR_AGO, date(hours=5), 0),
        (AN_HOUR_AGO, None, 0),
        (AN_HOUR_AGO, "yesterday", 0),
        (AN_HOUR_AGO, "Sun, 99 Mar 2026 12:00:00 GMT", 0),
        ((NOW + timedelta(hours=1)).isoformat(), date(), 0),
        ("2026-03-01T11:00:00", date(), 0),
        ("an hour ago", date(), 0),
        (1772362800, date(), 0),
        (None, date(), 0),
        ("0001-01-01T00:00:00+14:00", date(), (NOW - datetime(1, 1, 1, tzinfo=UTC)).total_seconds() + 14 * 3600),
        ("9999-12-31T23:59:59-14:00", date(), 0),
    ],
)
def test_end_counts_only_where_both_clocks_agree(end_time: Any, server_date: str | None, seconds: float) -> None:
    """A server whose clock is hours off, a time in the future, without offset or not ISO: the call ended just now."""
    assert seconds_since_end(call(end_time=end_time), server_date, NOW.timestamp()) == seconds


STATUS = Drift("$.results.status", "CallStatus", "string", "inconsistent")
START = Drift("$.results.start_time", "datetime", "string", "inconsistent")
END = Drift("$.results.end_time", "datetime", "string", "inconsistent")
EARLY, LATE = "2026-03-01T11:00:00Z", "2026-03-01T12:00:00Z"


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({}, {}, []),
        ({"status": "ringing"}, {"status": "queued"}, []),
        ({"status": "Completed"}, {"status": "completed"}, []),
        ({"status": "completed"}, {"status": "in progress"}, [STATUS]),
        ({"status": "completed"}, {"status": "failed"}, [STATUS]),
        ({"status": "busy"}, {"status": "gone fishing"}, [STATUS]),
        ({"status": "busy"}, {"status": None}, [Drift("$.results.status", "CallStatus", "null", "inconsistent")]),
        ({"status": "gone fishing"}, {"status": "queued"}, []),
        ({"start_time": EARLY, "end_time": EARLY}, {"start_time": LATE, "end_time": LATE}, []),
        ({"start_time": LATE, "end_time": LATE}, {"start_time": EARLY, "end_time": EARLY}, [START, END]),
        ({"end_time": LATE}, {"end_time": "2026-03-01T13:00:00+01:00"}, []),
        ({"end_time": LATE}, {"end_time": "2026-03-01T12:30:00+01:00"}, [END]),
        ({"end_time": LATE}, {"end_time": None}, []),
        ({"end_time": LATE}, {"end_time": "2026-03-01T11:00:00"}, []),
        ({"end_time": LATE}, {"end_time": "earlier"}, []),
        ({"end_time": 7}, {"end_time": 5}, []),
    ],
)
def test_contradictions_name_the_field(before: dict[str, Any], after: dict[str, Any], found: list[Drift]) -> None:
    """A final status that changes, and a time that goes backwards; nothing else is one, and no value shows."""
    assert contradictions(Seen.of(Call.from_dict(before)), Call.from_dict(after)) == found
