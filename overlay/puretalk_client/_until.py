"""When a call is as wanted: what of that the document says, and what is this client's reading. No I/O here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Literal, TypeAlias

from attrs import frozen

from ._call_status import CallStatus
from ._core.decoding import json_type
from ._core.retry import seconds_until
from ._types import Drift
from .models import Call, CallAnalysis

State: TypeAlias = Literal["final", "analysis", "recording"]
Until: TypeAlias = State | Callable[[Call], bool] | Callable[[Call], Awaitable[bool]]
"""What to wait for: a state of the call, or a function that says whether it is as wanted."""

MAX_SKEW = 60.0
"""Seconds by which the clock of the server may differ from this one's for ``end_time`` to count."""
WITHOUT_ANALYSIS = frozenset({CallStatus.FAILED, CallStatus.BUSY, CallStatus.NO_ANSWER, CallStatus.CANCELED})
"""Final statuses of calls on which nobody spoke: they get neither an analysis nor a recording."""


def has_reached(state: State, call: Call, *, is_grace_over: bool) -> bool:
    """Whether a call is in a state. The document has the fields and the statuses; the rest is this client's reading."""
    if not call.status.is_final:
        return False
    if state == "final" or call.status in WITHOUT_ANALYSIS:
        return True
    if state == "recording":
        return bool(call.call_recording_url) or call.call_recording_enabled is False
    return is_grace_over or has_analysis(call)


def has_analysis(call: Call) -> bool:
    """Whether ``call_analysis`` holds anything: not null, and not an object in which everything is."""
    analysis = call.call_analysis
    return isinstance(analysis, CallAnalysis) and analysis != CallAnalysis()


def seconds_since_end(call: Call, date: str | None, now: float) -> float:
    """Return how many seconds ago a final call ended, or 0 where ``end_time`` cannot be trusted.

    It is trusted if the Date of the response agrees with this machine's clock, ``now`` in seconds since the epoch.
    Otherwise the server's clock may be hours behind, and a call that has just ended would seem to have ended long ago.
    """
    skew = None if date is None else seconds_until(date, now)
    end: datetime | None = call.end_time
    if skew is None or abs(skew) > MAX_SKEW or not isinstance(end, datetime) or end.utcoffset() is None:
        return 0.0
    return max(now - end.timestamp(), 0.0)


@frozen
class Seen:
    """The part of a response that the next one is compared with."""

    status: CallStatus
    start_time: datetime | None
    end_time: datetime | None

    @classmethod
    def of(cls, call: Call) -> Seen:
        """Remember a call."""
        return cls(call.status, call.start_time, call.end_time)


def contradictions(before: Seen, call: Call) -> list[Drift]:
    """Say where a response contradicts the one before: a final status changed, or a time is earlier than it was."""
    found = []
    if before.status.is_final and call.status != before.status:
        found.append(Drift("$.results.status", "CallStatus", json_type(call.status.received), "inconsistent"))
    for name, old, new in (
        ("start_time", before.start_time, call.start_time),
        ("end_time", before.end_time, call.end_time),
    ):
        if not (isinstance(old, datetime) and isinstance(new, datetime)):  # or what the server sent instead
            continue
        if (old.utcoffset() is None) == (new.utcoffset() is None) and new < old:
            found.append(Drift(f"$.results.{name}", "datetime", "string", "inconsistent"))
    return found
