"""A call as text for a terminal.

Values of any type can be shown, since a response that does not match openapi.yaml can have a text where a
datetime is documented, or an object where an array is. No value can control the terminal.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime

from .._call_status import CallStatus
from .._post_analysis import PostAnalysis
from .layout import cells, clean, indented, pad, pieces, wrap

__all__ = ["render_call"]

_MIN_WIDTH = 40
_LATENCY_WIDTH = 10
_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}

_Paint = Callable[[str, str], str]
_Rows = list[tuple[str, str]]


def render_call(call: object, *, width: int, color: bool) -> str:
    """Format a call for people to read.

    Args:
        call: A ``Call``, whose attributes can be of any type.
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


def _title(call: object, width: int, paint: _Paint) -> list[str]:
    status, style = _status(_get(call, "status"))
    status_lines = wrap(status, width)
    title_lines = wrap(f"Call {_text(_get(call, 'call_id')) or 'without an id'}", width)
    room = width - cells(title_lines[-1]) - cells(status_lines[0])
    if len(status_lines) == 1 and room > 1:
        gap = " " * room
        return [
            *(paint(line, "bold") for line in title_lines[:-1]),
            paint(title_lines[-1], "bold") + gap + paint(status, style),
        ]
    return [*(paint(line, "bold") for line in title_lines), *(paint(line, style) for line in status_lines)]


def _status(status: object) -> tuple[str, str]:
    text = clean(_text(status)) or "no status"
    if not isinstance(status, CallStatus) or not status.is_known:
        return (text, "yellow") if text == "no status" else (f"{text} (unknown)", "yellow")
    if not status.is_final:
        return text, "yellow"
    return text, "green" if status is CallStatus.COMPLETED else "red"


def _facts(call: object) -> _Rows:
    numbers = [_text(_get(call, "from_number")), _text(_get(call, "to_number"))]
    rows = [
        ("Assistant", _text(_get(call, "assistant_name")) or _text(_get(call, "assistant_id"))),
        ("Type", _text(_get(call, "call_type"))),
        ("Numbers", " -> ".join(number or "?" for number in numbers) if any(numbers) else ""),
        ("Started", _text(_get(call, "start_time"))),
        ("Duration", _duration(_get(call, "call_duration_seconds"))),
        ("Answered by", _text(_get(call, "answered_by"))),
        ("Sentiment", _text(_get(call, "sentiment"))),
        ("Billed", _text(_get(call, "is_billed"))),
    ]
    return [(label, value) for label, value in rows if value]


def _analysis(call: object) -> _Rows:
    analysis = _get(call, "call_analysis")
    if isinstance(analysis, str):
        return [("Analysis", analysis)]
    rows: _Rows = [("Summary", _text(_get(analysis, "summary")))]
    for label, name in (("Call", "call_completion"), ("Task", "task_completion")):
        parts = [_text(_get(analysis, name)), _text(_get(analysis, f"{name}_summary"))]
        rows.append((label, "\n".join(part for part in parts if part)))
    return [(label, value) for label, value in rows if value]


def _post_analysis(call: object) -> _Rows:
    view = _get(call, "post_analysis")
    if not isinstance(view, PostAnalysis):
        return []
    # JSON's spelling, so that the text "4" and the number 4 look different.
    return [("(no name)" if name is None else name, _json(value)) for name, value in view.pairs]


def _transcript(call: object, width: int, paint: _Paint) -> tuple[str, list[str]]:
    turns = _get(call, "transcript_object")
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
    text = _text(turns) if turns else _text(_get(call, "transcript"))
    return "Transcript", indented(wrap(text, width - 2), 2) if text else []


def _turn(turn: object, role: str, column: int, width: int, latency: bool, paint: _Paint) -> Iterator[str]:
    indent = column + 4
    room = width - indent - (_LATENCY_WIDTH if latency else 0)
    lines = [line for text in _spoken(turn) for line in wrap(text, room)] or [""]
    style = {"assistant": "cyan", "user": "green"}.get(role.lower(), "yellow")
    label = pad(next(pieces(role, column)), column)
    seconds = _latency(turn)
    tail = " " * (width - indent - cells(lines[0]) - len(seconds)) + paint(seconds, "dim") if seconds else ""
    yield f"  {paint(label, style)}  {lines[0]}{tail}".rstrip()
    yield from indented(lines[1:], indent)


def _spoken(turn: object) -> Iterator[str]:
    """List the paragraphs of a turn: the words, and each function call."""
    content = _text(turn) if isinstance(turn, str | int | float | list) else _text(_get(turn, "content"))
    if _get(turn, "interrupted") is True:
        content = f"{content} (interrupted)".lstrip()
    if content:
        yield content
    calls = _get(turn, "tool_calls")
    actions = [_action(_get(turn, "function_name"), _get(turn, "function_args"))]
    actions += [_tool_call(item) for item in (calls if isinstance(calls, list) else [calls])]
    # The same function call can also be in tool_calls. It is shown once.
    yield from dict.fromkeys(action for action in actions if action)


def _action(name: object, arguments: object) -> str:
    return "" if name is None and arguments is None else f"-> {_text(name)}({_text(arguments)})"


def _tool_call(call: object) -> str:
    # openapi.yaml does not describe the items. One that names a function is shown like a function call.
    function = _get(call, "function") or call
    if _get(function, "name") is not None:
        return _action(_get(function, "name"), _get(function, "arguments"))
    return "" if call is None else f"-> {_text(call)}"


def _role(turn: object) -> str:
    role = clean(_text(_get(turn, "role")))
    return role[:1].upper() + role[1:] if role else "?"


def _latency(turn: object) -> str:
    value = _get(_get(turn, "turn_latency"), "latency")
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1000:
        return ""
    # openapi.yaml has no unit. Its example, 1.5, can only be seconds.
    return f"{value:.2f} s"


def _duration(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 10**9:
        return _text(value)
    minutes, seconds = divmod(value, 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (seconds, "s")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 s"


def _get(holder: object, name: str) -> object:
    """Read a property of a model, or of a dict that decoding could not turn into one."""
    return holder.get(name) if isinstance(holder, dict) else getattr(holder, name, None)


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
