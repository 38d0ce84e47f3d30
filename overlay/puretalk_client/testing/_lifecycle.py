"""The states of a call in progress: copies of the finished call, reduced to what is known at the time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_NOT_CONNECTED = {"queued", "ringing"}
_CONNECTED = {"in progress"}

# openapi.yaml allows null for these fields. start_time and answered_by are not nullable, so they are left out.
_KNOWN_AT_THE_END = ("end_time", "call_duration_seconds", "call_recording_url")
_KNOWN_ONCE_CONNECTED = ("transcript", "transcript_object")
_ABSENT_UNTIL_CONNECTED = ("start_time", "answered_by")


def lifecycle(call: Mapping[str, Any], statuses: Sequence[str], analysis_after: int) -> list[dict[str, Any]]:
    """List the states of a call, one for each fetch. Later fetches return the last state.

    Args:
        call: The finished call, in the API's JSON format.
        statuses: Its statuses in order.
        analysis_after: How many fetches return the last status before the analysis is available.

    Raises:
        ValueError: ``statuses`` is empty or a single text, or ``analysis_after`` is negative.
    """
    if isinstance(statuses, str) or not statuses:
        raise ValueError("a lifecycle needs a list of at least one status")
    if analysis_after < 0:
        raise ValueError(f"analysis_after must be zero or more fetches, not {analysis_after}")
    *earlier, last = statuses
    states = [_state(call, status) for status in earlier]
    if _normalized(last) in _NOT_CONNECTED | _CONNECTED:
        return [*states, _state(call, last)]
    return [*states, *[_state(call, last)] * analysis_after, {**call, "status": last}]


def _normalized(status: str) -> str:
    return status.lower().replace("-", " ").replace("_", " ")


def _state(call: Mapping[str, Any], status: str) -> dict[str, Any]:
    """Reduce a call to one state, always without its analysis."""
    state: dict[str, Any] = {**call, "status": status, "call_analysis": None, "sentiment": None}
    if _normalized(status) in _NOT_CONNECTED | _CONNECTED:
        state |= dict.fromkeys(_KNOWN_AT_THE_END)
        state["is_billed"] = False
    if _normalized(status) in _CONNECTED:
        transcript, turns = call.get("transcript"), call.get("transcript_object")
        if isinstance(transcript, str):
            state["transcript"] = "\n".join(_first_half(transcript.split("\n")))
        if isinstance(turns, list):
            state["transcript_object"] = _first_half(turns)
    if _normalized(status) in _NOT_CONNECTED:
        state |= dict.fromkeys(_KNOWN_ONCE_CONNECTED)
        for name in _ABSENT_UNTIL_CONNECTED:
            state.pop(name, None)
    return state


def _first_half(items: list[Any]) -> list[Any]:
    return items[: (len(items) + 1) // 2]
