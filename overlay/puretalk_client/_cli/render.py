"""A call as text for a terminal.

Attributes are read by name, so that a type checker finds the lines that a new document breaks. Values of any type can
be shown all the same, since a response that does not match openapi.yaml can have a text where a datetime is documented,
or an object where an array is. No value can control the terminal.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime

from .._call_status import CallStatus
from ..models import Call, CallAnalysis, TranscriptTurn, TurnLatency
from .layout import cells, clean, indented, pad, pieces, wrap

__all__ = ["render_call"]

_MIN_WIDTH = 40
_LATENCY_WIDTH = 10
_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}

_Paint = Callable[[str, str], str]
_Rows = list[tuple[str, str]]


def render_call(call: Call, *, width: int, color: bool) -> str:
    """Format a call for people to read.

    Args:
        call: A call, whose attributes can be of any type.
        width: Width of the terminal in columns. Fewer than 40 count as 40.
        color: Whether to use ANSI colors (ECMA-48, SGR).

    Returns:
        Lines of at most ``width`` columns, with a newline at the end.
    """
    width = max(width, _MIN_WIDTH)

    def paint(text: str, style: str) -> str:
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if color and style and text else text

    sections = [
        ("", [*_title(call, width, paint), *_table(_facts(call), width, paint)]),
        ("Analysis", _table(_analysis(call), width, paint)),
        ("Post-analysis", _table(_post_analysis(call), width, paint)),
        _transcript(call, width, paint),
    ]
    blocks = [[*([paint(head, "bold")] if head else []), *lines] for head, lines in sections if lines]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _title(call: Call, width: int, paint: _Paint) -> list[str]:
    status, style = _status(call.status)
    status_lines = wrap(status, width)
    title_lines = wrap(f"Call {_text(call.call_id) or 'without an id'}", width)
    room = width - cells(title_lines[-1]) - cells(status_lines[0])
    if len(status_lines) == 1 and room > 1:
        gap = " " * room
        return [
            *(paint(line, "bold") for line in title_lines[:-1]),
            paint(title_lines[-1], "bold") + gap + paint(status, style),
        ]
    return [*(paint(line, "bold") for line in title_lines), *(paint(line, style) for line in status_lines)]


def _status(status: CallStatus) -> tuple[str, str]:
    text = clean(status.value) or "no status"
    if not status.is_known:
        return (text, "yellow") if text == "no status" else (f"{text} (unknown)", "yellow")
    if not status.is_final:
        return text, "yellow"
    return text, "green" if status is CallStatus.COMPLETED else "red"


def _facts(call: Call) -> _Rows:
    numbers = [_text(call.from_number), _text(call.to_number)]
    rows = [
        ("Assistant", _text(call.assistant_name) or _text(call.assistant_id)),
        ("Type", _text(call.call_type)),
        ("Numbers", " -> ".join(number or "?" for number in numbers) if any(numbers) else ""),
        ("Started", _text(call.start_time)),
        ("Duration", _duration(call.call_duration_seconds)),
        ("Answered by", _text(call.answered_by)),
        ("Sentiment", _text(call.sentiment)),
        ("Billed", _text(call.is_billed)),
    ]
    return [(label, value) for label, value in rows if value]


def _analysis(call: Call) -> _Rows:
    analysis = call.call_analysis
    if not isinstance(analysis, CallAnalysis):
        rows = [("Analysis", _text(analysis))]
    else:
        call_parts = (analysis.call_completion, analysis.call_completion_summary)
        task_parts = (analysis.task_completion, analysis.task_completion_summary)
        rows = [("Summary", _text(analysis.summary)), ("Call", _lines(call_parts)), ("Task", _lines(task_parts))]
    return [(label, value) for label, value in rows if value]


def _lines(parts: tuple[object, ...]) -> str:
    return "\n".join(filter(None, map(_text, parts)))


def _post_analysis(call: Call) -> _Rows:
    # JSON's spelling, so that the text "4" and the number 4 look different.
    return [("(no name)" if name is None else name, _json(value)) for name, value in call.post_analysis.pairs]


def _transcript(call: Call, width: int, paint: _Paint) -> tuple[str, list[str]]:
    turns = call.transcript_object
    if isinstance(turns, list) and turns:
        roles = [_role(turn) for turn in turns]
        column = min(max(cells(role) for role in roles), width // 4)
        latency = any(_latency(turn) for turn in turns)
        lines = [
            line
            for turn, role in zip(turns, roles, strict=True)
            for line in _turn(turn, role, column, width, latency, paint)
        ]
        return f"Transcript ({len(turns)} turn{'' if len(turns) == 1 else 's'})", lines
    text = _text(turns) if turns else _text(call.transcript)
    return "Transcript", indented(wrap(text, width - 2), 2) if text else []


def _turn(turn: TranscriptTurn, role: str, column: int, width: int, latency: bool, paint: _Paint) -> Iterator[str]:
    indent = column + 4
    room = width - indent - (_LATENCY_WIDTH if latency else 0)
    lines = [line for text in _spoken(turn) for line in wrap(text, room)] or [""]
    style = {"assistant": "cyan", "user": "green"}.get(role.lower(), "yellow")
    label = pad(next(pieces(role, column)), column)
    seconds = _latency(turn)
    tail = " " * (width - indent - cells(lines[0]) - len(seconds)) + paint(seconds, "dim") if seconds else ""
    yield f"  {paint(label, style)}  {lines[0]}{tail}".rstrip()
    yield from indented(lines[1:], indent)


def _spoken(turn: TranscriptTurn) -> Iterator[str]:
    """List the paragraphs of a turn: the words, and each function call."""
    if not isinstance(turn, TranscriptTurn):
        yield _text(turn)
        return
    content = _text(turn.content)
    if turn.interrupted is True:
        content = f"{content} (interrupted)".lstrip()
    if content:
        yield content
    calls = turn.tool_calls
    actions = [_action(turn.function_name, turn.function_args)]
    actions += [_tool_call(item) for item in (calls if isinstance(calls, list) else [calls])]
    # The same function call can also be in tool_calls. It is shown once.
    yield from dict.fromkeys(action for action in actions if action)


def _action(name: object, arguments: object) -> str:
    return "" if name is None and arguments is None else f"-> {_text(name)}({_text(arguments)})"


def _tool_call(item: object) -> str:
    # openapi.yaml does not describe the items. One that names a function is shown like a function call.
    function = (item.get("function") or item) if isinstance(item, dict) else None
    if isinstance(function, dict) and function.get("name") is not None:
        return _action(function["name"], function.get("arguments"))
    return "" if item is None else f"-> {_text(item)}"


def _role(turn: TranscriptTurn) -> str:
    role = clean(_text(turn.role)) if isinstance(turn, TranscriptTurn) else ""
    return role[:1].upper() + role[1:] if role else "?"


def _latency(turn: TranscriptTurn) -> str:
    if not isinstance(turn, TranscriptTurn) or not isinstance(turn.turn_latency, TurnLatency):
        return ""
    value = turn.turn_latency.latency
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1000:
        return ""
    # openapi.yaml has no unit. Its example, 1.5, can only be seconds.
    return f"{value:.2f} s"


def _duration(value: int | None) -> str:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 10**9:
        return _text(value)
    minutes, seconds = divmod(value, 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (seconds, "s")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 s"


def _text(value: object) -> str:
    """Format any value, without cleaning it. None is empty."""
    if value is None:
        return ""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    return _json(value)


def _json(value: object) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, default=repr)
    except (
        TypeError,
        ValueError,
        RecursionError,
    ):  # e.g. an int with too many digits, or nesting that is too deep
        return "(cannot be shown)"


def _table(rows: _Rows, width: int, paint: _Paint) -> list[str]:
    """Align labels and values in two columns. A label that is too wide has its own line."""
    labels = [clean(label) for label, _ in rows]
    limit = width // 3
    column = max((cells(label) for label in labels if cells(label) <= limit), default=0)
    lines: list[str] = []
    for label, (_, value) in zip(labels, rows, strict=True):
        values = wrap(value, width - column - 4)
        if cells(label) > column:
            lines += [f"  {paint(line, 'dim')}" for line in wrap(label, width - 2)]
        else:
            lines.append(f"  {paint(pad(label, column), 'dim')}  {values.pop(0)}")
        lines += indented(values, column + 4)
    return lines
