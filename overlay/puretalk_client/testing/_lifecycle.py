"""What the API shows of a call while it goes on: the same call, cut down to what is known by then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_BEFORE_ANSWER = {"queued", "ringing"}
_GOING_ON = {"in progress"}

# openapi.yaml lets these be null; the other two are left out instead, for they may not be null.
_KNOWN_AT_THE_END = ("end_time", "call_duration_seconds", "call_recording_url")
_KNOWN_ONCE_ANSWERED = ("transcript", "transcript_object")
_ABSENT_UNTIL_ANSWERED = ("start_time", "answered_by")


def lifecycle(call: Mapping[str, Any], statuses: Sequence[str], analysis_after: int) -> list[dict[str, Any]]:
    """The call as each fetch sees it, first to last. The last one stays.

    Args:
        call: The finished call, in the API's JSON shape.
        statuses: Its states in order.
        analysis_after: How many fetches see the last status before the analysis is there.

    Raises:
        ValueError: No status, or a negative number of fetches.
    """
    if isinstance(statuses, str) or not statuses:
        raise ValueError("a lifecycle needs a list of at least one status")
    if analysis_after < 0:
        raise ValueError(f"analysis_after must be zero or more fetches, not {analysis_after}")
    *passing, last = statuses
    steps = [_seen_at(call, status) for status in passing]
    if _plain(last) in _BEFORE_ANSWER | _GOING_ON:
        return [*steps, _seen_at(call, last)]
    return [*steps, *[_seen_at(call, last)] * analysis_after, {**call, "status": last}]


def _plain(status: str) -> str:
    return status.lower().replace("-", " ").replace("_", " ")


def _seen_at(call: Mapping[str, Any], status: str) -> dict[str, Any]:
    """The call in one state, always without its analysis."""
    seen: dict[str, Any] = {**call, "status": status, "call_analysis": None, "sentiment": None}
    if _plain(status) in _BEFORE_ANSWER | _GOING_ON:
        seen |= dict.fromkeys(_KNOWN_AT_THE_END)
        seen["is_billed"] = False
    if _plain(status) in _GOING_ON:
        seen["transcript"] = _first_half(call.get("transcript"), by_line=True)
        seen["transcript_object"] = _first_half(call.get("transcript_object"))
    if _plain(status) in _BEFORE_ANSWER:
        seen |= dict.fromkeys(_KNOWN_ONCE_ANSWERED)
        for name in _ABSENT_UNTIL_ANSWERED:
            seen.pop(name, None)
    return seen


def _first_half(said: Any, *, by_line: bool = False) -> Any:
    """The first half of the turns, or of a text's lines; what is neither stays as it is."""
    if by_line and isinstance(said, str):
        return "\n".join(_first_half(said.split("\n")))
    return said[: (len(said) + 1) // 2] if isinstance(said, list) else said
