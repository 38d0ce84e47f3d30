"""The states of a call in progress: copies of the finished call, reduced to what is known at the time."""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from .._call_status import CallStatus

Statuses = Sequence[str] | Mapping[int, str] | Mapping[float, str]

_NOT_CONNECTED = {CallStatus.QUEUED, CallStatus.RINGING}
_NEVER_CONNECTED = {CallStatus.NO_ANSWER, CallStatus.BUSY, CallStatus.FAILED, CallStatus.CANCELED}

# openapi.yaml allows null for these fields. start_time and answered_by are not nullable, so they are left out.
_KNOWN_AT_THE_END = ("end_time", "call_duration_seconds")
_KNOWN_ONCE_CONNECTED = ("call_duration_seconds", "transcript", "transcript_object")
_ABSENT_UNTIL_CONNECTED = ("start_time", "answered_by")


class Lifecycle:
    """A call that advances, with each fetch or with the clock.

    Args:
        call: The finished call, in the API's JSON format.
        statuses: Its statuses, one for each fetch; or each status by the second in which it begins.
        analysis_after: Fetches or seconds from the beginning of the last status to the analysis.
        recording_after: The same for the recording.

    Raises:
        ValueError: ``statuses`` is empty, a single text, or does not begin with second 0; or a number is negative
            or not finite.
    """

    def __init__(
        self, call: Mapping[str, Any], statuses: Statuses, analysis_after: float, recording_after: float
    ) -> None:
        if isinstance(statuses, str) or not statuses:
            raise ValueError("a lifecycle needs a list of at least one status")
        self._call, self._analysis_after, self._recording_after = dict(call), analysis_after, recording_after
        self.is_timed: bool = isinstance(statuses, Mapping)
        items = statuses.items() if isinstance(statuses, Mapping) else enumerate(statuses)
        by_start: dict[float, str] = dict(items)
        times = {"analysis_after": analysis_after, "recording_after": recording_after}
        for name, number in (*times.items(), *(("the second of a status", start) for start in by_start)):
            if not (math.isfinite(number) and number >= 0):
                raise ValueError(f"{name} must be zero or more, not {number}")
        self._statuses = sorted(by_start.items())
        if self._statuses[0][0] != 0:
            raise ValueError("the first status must begin with second 0")
        self._end, last = self._statuses[-1]
        gets_more = CallStatus(last) not in {*_NOT_CONNECTED, *_NEVER_CONNECTED, CallStatus.IN_PROGRESS}
        later = {self._end + analysis_after, self._end + recording_after} if gets_more else set()
        self.starts: list[float] = sorted(later.union(start for start, _ in self._statuses))

    def states(self, wall_start: float) -> list[dict[str, Any]]:
        """List the states that begin at ``starts``.

        Args:
            wall_start: The date of second 0, in seconds since the epoch. With a lifecycle in seconds, the times of
                the call follow the clock. Without, they are those of the finished call.
        """
        return [self._state(start, wall_start) for start in self.starts]

    def set_recording(self, url: str) -> None:
        """Let the finished call have its recording at this URL."""
        self._call["call_recording_url"] = url

    def _state(self, start: float, wall_start: float) -> dict[str, Any]:
        """Reduce the call to what is known from ``start`` on."""
        begin, text = self._statuses[bisect(self._statuses, start, key=lambda item: item[0]) - 1]
        status = CallStatus(text)
        state: dict[str, Any] = {**self._call, "status": text}
        if self.is_timed:
            state |= self._times(begin, wall_start)
        is_over = status not in _NOT_CONNECTED and status != CallStatus.IN_PROGRESS
        is_last, has_talked = start >= self._end, is_over and status not in _NEVER_CONNECTED
        if not (is_last and has_talked and start >= self._end + self._analysis_after):
            state |= {"call_analysis": None, "sentiment": None}
        if not (is_last and has_talked and start >= self._end + self._recording_after):
            state["call_recording_url"] = None
        if not is_over:
            state |= dict.fromkeys(_KNOWN_AT_THE_END)
        if not has_talked:
            state["is_billed"] = False
        if status == CallStatus.IN_PROGRESS:
            _halve_transcript(state)
        elif not has_talked:
            state |= dict.fromkeys(_KNOWN_ONCE_CONNECTED)
            for name in _ABSENT_UNTIL_CONNECTED:
                state.pop(name, None)
        return state

    def _times(self, end: float, wall_start: float) -> dict[str, Any]:
        """Return the times of a call that ends in second ``end``. It started when it was first in progress."""
        duration = self._call.get("call_duration_seconds")
        talks = (start for start, text in self._statuses if CallStatus(text) == CallStatus.IN_PROGRESS)
        start = next(talks, end - (duration if isinstance(duration, int) else 0))
        started_at, ended_at = (datetime.fromtimestamp(wall_start + second, UTC) for second in (start, end))
        return {
            "start_time": started_at.isoformat(),
            "end_time": ended_at.isoformat(),
            "call_duration_seconds": round(end - start),
        }


def _halve_transcript(state: dict[str, Any]) -> None:
    transcript, turns = state.get("transcript"), state.get("transcript_object")
    if isinstance(transcript, str):
        state["transcript"] = "\n".join(_first_half(transcript.split("\n")))
    if isinstance(turns, list):
        state["transcript_object"] = _first_half(turns)


def _first_half(items: list[Any]) -> list[Any]:
    return items[: (len(items) + 1) // 2]
