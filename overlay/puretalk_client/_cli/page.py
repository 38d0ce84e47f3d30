"""A call as a page for people to read.

Attributes are read by name, so that a type checker finds the lines that a new document breaks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from .._call_status import CallStatus
from .._display.values import analysis_of, facts_of, to_json, to_text, transcript_text, turns_of
from ..models import Call
from .console import lines, make_console, text
from .conversation import conversation

_Rows = Sequence[tuple[str, str]]
_PADDING = re.compile(r"(?: |\x1b\[[0-9;]*m)+$")
"""Blanks at the end of a line, with the styles that rich gives them."""


def render_call(call: Call, stream: TextIO, *, slow: float, width: int | None = None) -> str:
    """Format a call for a stream, which is not written to.

    Args:
        call: A call, whose attributes can be of any type.
        stream: A stream whose encoding counts, and whether it is a terminal.
        slow: Seconds of latency from which on a turn is marked as slow.
        width: Columns; else those of the terminal.
    """
    console = make_console(stream, width=width)
    with console.capture() as capture:
        console.print(call_page(call, console, slow=slow))
    return "".join(f"{_PADDING.sub(_reset, line)}\n" for line in capture.get().splitlines())


def _reset(padding: re.Match[str]) -> str:
    return "\x1b[0m" if "\x1b" in padding[0] else ""


def call_page(call: Call, console: Console, *, slow: float) -> RenderableType:
    """Return the sections of a call."""
    return Group(*_sections(call, console, slow))


def _sections(call: Call, console: Console, slow: float) -> Iterator[RenderableType]:
    yield _title(call, console.width)
    if facts := facts_of(call):
        yield _indent(_grid(facts))
    if analysis := analysis_of(call):
        yield _heading("Analysis")
        yield _indent(_grid(analysis))
    if call.post_analysis.pairs:
        yield _heading("Post-analysis")
        yield _indent(_post_analysis(call, console.width))
    if turns := turns_of(call):
        yield _heading(f"Transcript ({len(turns)} turn{'' if len(turns) == 1 else 's'})")
        yield _indent(conversation(turns, console, slow=slow))
    elif spoken := transcript_text(call):
        yield _heading("Transcript")
        yield _indent(lines(spoken))


def _title(call: Call, width: int) -> RenderableType:
    name, status = text(f"Call {to_text(call.call_id) or 'without an id'}", "bold"), _status(call.status)
    if name.cell_len + status.cell_len >= width:
        return Group(name, status)
    table = Table.grid(Column(ratio=1), Column(justify="right"), expand=True)
    table.add_row(name, status)
    return table


def _status(status: CallStatus) -> Text:
    """Return a status: completed is green, the other final statuses are red, and all others yellow."""
    shown = text(status.value)
    if not shown.plain:
        return Text("no status", "yellow")
    if not status.is_known:
        return text(f"{shown.plain} (unknown)", "yellow")
    color = "green" if status is CallStatus.COMPLETED else "red" if status.is_final else "yellow"
    return text(shown.plain, color)


def _heading(words: str) -> RenderableType:
    return Text(f"\n{words}", "bold")


def _indent(content: RenderableType) -> RenderableType:
    return Padding(content, (0, 0, 0, 2))


def _grid(rows: _Rows) -> Table:
    table = Table.grid(Column(style="dim", max_width=16), Column(ratio=1), padding=(0, 2, 0, 0), expand=True)
    for label, value in rows:
        table.add_row(text(label), lines(value))
    return table


def _post_analysis(call: Call, width: int) -> Table:
    table = Table(
        Column("Name", max_width=width // 3),
        Column("Type", no_wrap=True),
        Column("Value", ratio=1),
        box=None,
        expand=True,
        header_style="dim",
        padding=(0, 2, 0, 0),
        pad_edge=False,
    )
    for name, value in call.post_analysis.pairs:
        shown = lines(value) if isinstance(value, str) else text(to_json(value))
        table.add_row(text("(no name)" if name is None else name), _kind(value), shown)
    return table


def _kind(value: object) -> Text:
    kinds = {bool: "boolean", str: "text", type(None): "null"}
    return Text(kinds.get(type(value), "number"), "dim")
