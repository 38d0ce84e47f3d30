"""A transcript as a conversation, with the latency of each turn."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.table import Column, Table
from rich.text import Text

from .._display.values import actions_of, latency_of, role_of, stages_of, words_of
from ..models import TranscriptTurn
from .console import lines, text

_COLORS = {"assistant": "cyan", "user": "green"}
_BAR = 10
_WIDE = 64
"""Columns from which on there is room for bars."""


def conversation(turns: Sequence[TranscriptTurn], console: Console, *, slow: float) -> RenderableType:
    """Return a table of the turns. A turn whose latency is ``slow`` seconds or more says where the time went."""
    latencies = [latency_of(turn) for turn in turns]
    longest = max([seconds for seconds in latencies if seconds is not None], default=0.0)
    bar = _BAR if console.width >= _WIDE else 0
    table = Table.grid(Column(max_width=console.width // 4), Column(ratio=1), padding=(0, 2, 0, 0), expand=True)
    if longest or any(seconds is not None for seconds in latencies):
        table.add_column(no_wrap=True)
    for turn, seconds in zip(turns, latencies, strict=True):
        role = role_of(turn)
        row: list[RenderableType] = [text(role, _COLORS.get(role.lower(), "yellow")), _content(turn, seconds, slow)]
        if seconds is not None:
            row.append(_latency(seconds, longest, bar, slow, console.encoding))
        table.add_row(*row)
    return table


def _content(turn: TranscriptTurn, seconds: float | None, slow: float) -> RenderableType:
    parts: list[RenderableType] = [lines(words_of(turn))]
    parts += [lines(action, "dim") for action in actions_of(turn)]
    if seconds is not None and seconds >= slow and (stages := stages_of(turn)):
        parts.append(Text(", ".join(f"{label} {part:.2f} s" for label, part in stages.items()), "yellow"))
    shown = [part for part in parts if not isinstance(part, Text) or part.plain]
    return Group(*shown) if len(shown) != 1 else shown[0]


def _latency(seconds: float, longest: float, bar: int, slow: float, encoding: str) -> RenderableType:
    is_slow = seconds >= slow
    block = "\N{FULL BLOCK}" if encoding.startswith("utf") else "#"
    drawn = (block * round(bar * seconds / (longest or 1))).ljust(bar) + " " if bar else ""
    label = f"{seconds:6.2f} s" + (" slow" if is_slow else "")
    return Text(drawn + label, "yellow" if is_slow else "dim")
