"""Values of a call as text.

Values of any type can be shown, since a response that does not match openapi.yaml can have a text where a datetime is
documented, or an object where an array is.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from puretalk_generated.models import CallAnalysis, TranscriptTurn, TurnLatency

if TYPE_CHECKING:
    from ..models import Call


def to_text(value: object) -> str:
    """Format any value, without cleaning it. None is empty."""
    if value is None:
        return ""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    return to_json(value)


def to_json(value: object) -> str:
    """Format any value as JSON, in which the text "4" and the number 4 look different."""
    try:
        return json.dumps(value, ensure_ascii=False, default=repr)
    except (TypeError, ValueError, RecursionError):  # e.g. an int with too many digits, or nesting that is too deep
        return "(cannot be shown)"


def duration(value: object) -> str:
    """Format seconds as hours, minutes and seconds."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 10**9:
        return to_text(value)
    minutes, seconds = divmod(value, 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (seconds, "s")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 s"


def facts_of(call: Call) -> list[tuple[str, str]]:
    """Return the facts of a call that are known, each with its label."""
    numbers = [to_text(call.from_number), to_text(call.to_number)]
    rows = [
        ("Assistant", to_text(call.assistant_name) or to_text(call.assistant_id)),
        ("Type", to_text(call.call_type)),
        ("Numbers", " -> ".join(number or "?" for number in numbers) if any(numbers) else ""),
        ("Started", to_text(call.start_time)),
        ("Duration", duration(call.call_duration_seconds)),
        ("Answered by", to_text(call.answered_by)),
        ("Sentiment", to_text(call.sentiment)),
        ("Billed", to_text(call.is_billed)),
    ]
    return [(label, value) for label, value in rows if value]


def analysis_of(call: Call) -> list[tuple[str, str]]:
    """Return the analysis of a call, each part of it with its label; empty where there is none."""
    analysis = call.call_analysis
    if not isinstance(analysis, CallAnalysis):
        rows = [("Analysis", to_text(analysis))]
    else:
        call_parts = (analysis.call_completion, analysis.call_completion_summary)
        task_parts = (analysis.task_completion, analysis.task_completion_summary)
        rows = [("Summary", to_text(analysis.summary)), ("Call", _joined(call_parts)), ("Task", _joined(task_parts))]
    return [(label, value) for label, value in rows if value]


def _joined(parts: tuple[object, ...]) -> str:
    return "\n".join(filter(None, map(to_text, parts)))


def turns_of(call: Call) -> list[TranscriptTurn]:
    """Return the turns of a call; empty where there are none, or something else in their place."""
    turns = call.transcript_object
    return turns if isinstance(turns, list) else []


def transcript_text(call: Call) -> str:
    """Return the transcript of a call without turns."""
    return to_text(call.transcript_object) if call.transcript_object else to_text(call.transcript)


def role_of(turn: TranscriptTurn) -> str:
    """Return who speaks, with a capital."""
    role = to_text(turn.role).strip() if isinstance(turn, TranscriptTurn) else ""
    return role[:1].upper() + role[1:] if role else "?"


def latency_of(turn: TranscriptTurn) -> float | None:
    """Return the seconds until the turn began, if they are known."""
    return _stage(turn, "latency")


def stages_of(turn: TranscriptTurn) -> dict[str, float]:
    """Return the parts of the latency that are known."""
    names = {"end of speech": "eou_delay", "language model": "llm_latency", "voice": "tts_latency"}
    found = {label: _stage(turn, name) for label, name in names.items()}
    return {label: seconds for label, seconds in found.items() if seconds is not None}


def _stage(turn: TranscriptTurn, name: str) -> float | None:
    latency = turn.turn_latency if isinstance(turn, TranscriptTurn) else None
    value: object = getattr(latency, name) if isinstance(latency, TurnLatency) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1000:
        return None
    # openapi.yaml has no unit. Its example, 1.5, can only be seconds.
    return float(value) if math.isfinite(value) else None


def words_of(turn: TranscriptTurn) -> str:
    """Return what was said in a turn."""
    if not isinstance(turn, TranscriptTurn):
        return to_text(turn)
    content = to_text(turn.content)
    return f"{content} (interrupted)".lstrip() if turn.interrupted is True else content


def actions_of(turn: TranscriptTurn) -> Iterator[str]:
    """List the function calls of a turn."""
    if not isinstance(turn, TranscriptTurn):
        return
    calls = turn.tool_calls
    actions = [_action(turn.function_name, turn.function_args)]
    actions += [_tool_call(item) for item in (calls if isinstance(calls, list) else [calls])]
    # The same function call can also be in tool_calls. It is shown once.
    yield from dict.fromkeys(action for action in actions if action)


def _action(name: object, arguments: object) -> str:
    return "" if name is None and arguments is None else f"-> {to_text(name)}({to_text(arguments)})"


def _tool_call(item: object) -> str:
    # openapi.yaml does not describe the items. One that names a function is shown like a function call.
    function = (item.get("function") or item) if isinstance(item, dict) else None
    if isinstance(function, dict) and function.get("name") is not None:
        return _action(function["name"], function.get("arguments"))
    return "" if item is None else f"-> {to_text(item)}"
