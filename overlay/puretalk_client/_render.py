"""A call as text for a terminal.

Every value is shown as it is, whatever its type: a server that strays from openapi.yaml leaves a text
where a date is expected, or an object where a list is. No value can control the terminal.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterator
from datetime import datetime

from ._post_analysis import PostAnalysis
from ._status import CallStatus

__all__ = ["clean", "render_call"]

_NARROWEST = 40
_LATENCY_COLUMN = 10
_JOINERS = "\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}"
_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}

_Paint = Callable[[str, str], str]
_Rows = list[tuple[str, str]]


def clean(text: str) -> str:
    """Replace what could control a terminal or reorder its text, and make each run of blanks one blank.

    Args:
        text: Text from anywhere.

    Returns:
        One line, in which control characters (C0, C1), direction controls, lone surrogates and all else
        that ``str.isprintable`` refuses are U+FFFD. Joiners stay: scripts and emoji are written with them.
    """
    line = " ".join(text.split())
    if line.isprintable():
        return line
    return "".join(
        char if char.isprintable() or char in _JOINERS else "\N{REPLACEMENT CHARACTER}" for char in line
    )


def render_call(call: object, *, width: int, color: bool) -> str:
    """Write a call for a person to read.

    Args:
        call: A ``Call``. What its attributes hold may be of any type.
        width: Columns of the terminal; fewer than 40 count as 40.
        color: Whether to use ANSI colours (ECMA-48, SGR).

    Returns:
        Lines that are no wider than the terminal, ending in a newline.
    """
    width = max(width, _NARROWEST)

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
    status_lines = _wrap(status, width)
    title_lines = _wrap(f"Call {_plain(_get(call, 'call_id')) or 'without an id'}", width)
    room = width - _cells(title_lines[-1]) - _cells(status_lines[0])
    if len(status_lines) == 1 and room > 1:
        gap = " " * room
        return [
            *(paint(line, "bold") for line in title_lines[:-1]),
            paint(title_lines[-1], "bold") + gap + paint(status, style),
        ]
    return [*(paint(line, "bold") for line in title_lines), *(paint(line, style) for line in status_lines)]


def _status(status: object) -> tuple[str, str]:
    text = clean(_plain(status)) or "no status"
    if not isinstance(status, CallStatus) or not status.is_known:
        return (text, "yellow") if text == "no status" else (f"{text} (unknown)", "yellow")
    if not status.is_final:
        return text, "yellow"
    return text, "green" if status is CallStatus.COMPLETED else "red"


def _facts(call: object) -> _Rows:
    numbers = [_plain(_get(call, "from_number")), _plain(_get(call, "to_number"))]
    rows = [
        ("Assistant", _plain(_get(call, "assistant_name")) or _plain(_get(call, "assistant_id"))),
        ("Type", _plain(_get(call, "call_type"))),
        ("Numbers", " -> ".join(number or "?" for number in numbers) if any(numbers) else ""),
        ("Started", _plain(_get(call, "start_time"))),
        ("Duration", _duration(_get(call, "call_duration_seconds"))),
        ("Answered by", _plain(_get(call, "answered_by"))),
        ("Sentiment", _plain(_get(call, "sentiment"))),
        ("Billed", _plain(_get(call, "is_billed"))),
    ]
    return [(label, value) for label, value in rows if value]


def _analysis(call: object) -> _Rows:
    analysis = _get(call, "call_analysis")
    if isinstance(analysis, str):
        return [("Analysis", analysis)]
    rows: _Rows = [("Summary", _plain(_get(analysis, "summary")))]
    for label, name in (("Call", "call_completion"), ("Task", "task_completion")):
        parts = [_plain(_get(analysis, name)), _plain(_get(analysis, f"{name}_summary"))]
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
        column = min(max(_cells(role) for role in roles), width // 4)
        latency = any(_latency(turn) for turn in turns)
        lines = [
            line
            for turn, role in zip(turns, roles, strict=True)
            for line in _turn(turn, role, column, width, latency, paint)
        ]
        return f"Transcript ({len(turns)} turn{'' if len(turns) == 1 else 's'})", lines
    text = _plain(turns) if turns else _plain(_get(call, "transcript"))
    return "Transcript", _indented(_wrap(text, width - 2), 2) if text else []


def _turn(turn: object, role: str, column: int, width: int, latency: bool, paint: _Paint) -> Iterator[str]:
    indent = column + 4
    room = width - indent - (_LATENCY_COLUMN if latency else 0)
    lines = [line for text in _spoken(turn) for line in _wrap(text, room)] or [""]
    style = {"assistant": "cyan", "user": "green"}.get(role.lower(), "yellow")
    label = _pad(next(_pieces(role, column)), column)
    seconds = _latency(turn)
    tail = " " * (width - indent - _cells(lines[0]) - len(seconds)) + paint(seconds, "dim") if seconds else ""
    yield f"  {paint(label, style)}  {lines[0]}{tail}".rstrip()
    yield from _indented(lines[1:], indent)


def _spoken(turn: object) -> Iterator[str]:
    """What was said and done in a turn, a paragraph each."""
    content = _plain(turn) if isinstance(turn, str | int | float | list) else _plain(_get(turn, "content"))
    if _get(turn, "interrupted") is True:
        content = f"{content} (interrupted)".lstrip()
    if content:
        yield content
    calls = _get(turn, "tool_calls")
    actions = [_action(_get(turn, "function_name"), _get(turn, "function_args"))]
    actions += [_tool_call(item) for item in (calls if isinstance(calls, list) else [calls])]
    # A function call can stand in tool_calls as well: each is shown once.
    yield from dict.fromkeys(action for action in actions if action)


def _action(name: object, arguments: object) -> str:
    return "" if name is None and arguments is None else f"-> {_plain(name)}({_plain(arguments)})"


def _tool_call(call: object) -> str:
    # openapi.yaml does not say what an item is; what names a function reads like one.
    function = _get(call, "function") or call
    if _get(function, "name") is not None:
        return _action(_get(function, "name"), _get(function, "arguments"))
    return "" if call is None else f"-> {_plain(call)}"


def _role(turn: object) -> str:
    role = clean(_plain(_get(turn, "role")))
    return role[:1].upper() + role[1:] if role else "?"


def _latency(turn: object) -> str:
    value = _get(_get(turn, "turn_latency"), "latency")
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1000:
        return ""
    # openapi.yaml names no unit; its example, 1.5, can only be seconds.
    return f"{value:.2f} s"


def _duration(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 10**9:
        return _plain(value)
    minutes, seconds = divmod(value, 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (seconds, "s")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 s"


def _get(holder: object, name: str) -> object:
    """Read a property of a model, or of the plain object that a stray one stayed."""
    return holder.get(name) if isinstance(holder, dict) else getattr(holder, name, None)


def _plain(value: object) -> str:
    """Write any value, not yet cleaned: empty for null."""
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
    except (TypeError, ValueError, RecursionError):  # such as an int of too many digits, a list too deep
        return "(cannot be shown)"


def _table(rows: _Rows, width: int, paint: _Paint) -> list[str]:
    """Align values in a column; a label that is too wide for its own gets a line of its own."""
    labels = [clean(label) for label, _ in rows]
    limit = width // 3
    column = max((_cells(label) for label in labels if _cells(label) <= limit), default=0)
    lines: list[str] = []
    for label, (_, value) in zip(labels, rows, strict=True):
        values = _wrap(value, width - column - 4)
        if _cells(label) > column:
            lines += [f"  {paint(line, 'dim')}" for line in _wrap(label, width - 2)]
        else:
            lines.append(f"  {paint(_pad(label, column), 'dim')}  {values.pop(0)}")
        lines += _indented(values, column + 4)
    return lines


def _indented(lines: list[str], indent: int) -> list[str]:
    return [" " * indent + line for line in lines]


def _wrap(text: str, width: int) -> list[str]:
    """Break text into clean lines of at most ``width`` columns; at least one line."""
    return [line for part in text.splitlines() for line in _wrap_line(clean(part), width)] or [""]


def _wrap_line(text: str, width: int) -> Iterator[str]:
    line, used = "", 0
    for word in text.split():
        size = _cells(word)
        if line and used + 1 + size <= width:
            line, used = f"{line} {word}", used + 1 + size
            continue
        if line:
            yield line
        *full, line = _pieces(word, width) if size > width else (word,)
        yield from full
        used = _cells(line)
    if line:
        yield line


def _pieces(word: str, width: int) -> Iterator[str]:
    """Cut a word that is wider than a line, in one pass: it may be as long as the whole answer."""
    start = used = 0
    for index, char in enumerate(word):
        size = _cells(char)
        if used + size > width:
            yield word[start:index]
            start, used = index, 0
        used += size
    yield word[start:]


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _cells(text))


def _cells(text: str) -> int:
    """Count the columns that clean text takes: two for wide characters, none for marks and joiners."""
    if text.isascii():
        return len(text)
    return sum(
        0
        if unicodedata.category(char) in {"Mn", "Me", "Cf"}
        else 2
        if unicodedata.east_asian_width(char) in "WF"
        else 1
        for char in text
    )
