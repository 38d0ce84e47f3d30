"""A call as HTML, for notebooks."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from puretalk_generated.models import TranscriptTurn

from .clean import clean, harmless
from .values import (
    actions_of,
    analysis_of,
    facts_of,
    latency_of,
    role_of,
    to_json,
    to_text,
    transcript_text,
    turns_of,
    words_of,
)

if TYPE_CHECKING:
    from ..models import Call

_LABEL = "padding:0 1em 0 0;opacity:.65;text-align:left;vertical-align:top;white-space:nowrap"
_VALUE = "padding:0;text-align:left;vertical-align:top;white-space:pre-wrap"
_BAR = "display:inline-block;height:.6em;background:currentColor;opacity:.45"


class RenderedCall:
    """A call as HTML, which a notebook shows; its ``repr`` shows nothing of it.

    Attributes:
        html: Elements without scripts, links or style sheets, which take the colors of the page around them.
    """

    def __init__(self, call: Call, *, slow: float) -> None:
        self.html: str = f'<div style="max-width:60em">{"".join(_sections(call, slow))}</div>'

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return f"<RenderedCall, {len(self.html)} characters of HTML>"


def _sections(call: Call, slow: float) -> Iterator[str]:
    status = to_text(call.status.value) or "no status"
    yield f"<h4>Call {_text(to_text(call.call_id) or 'without an id')}: {_text(status)}</h4>"
    yield _table(facts_of(call))
    if analysis := analysis_of(call):
        yield "<h5>Analysis</h5>" + _table(analysis)
    if pairs := call.post_analysis.pairs:
        rows = [
            ("(no name)" if name is None else name, value if isinstance(value, str) else to_json(value))
            for name, value in pairs
        ]
        yield "<h5>Post-analysis</h5>" + _table(rows)
    if turns := turns_of(call):
        yield f"<h5>Transcript ({len(turns)} turn{'' if len(turns) == 1 else 's'})</h5>" + _conversation(turns, slow)
    elif spoken := transcript_text(call):
        yield f'<h5>Transcript</h5><div style="{_VALUE}">{_text(spoken)}</div>'


def _table(rows: Iterable[tuple[str, str]]) -> str:
    cells = [
        f'<tr><th scope="row" style="{_LABEL}">{_text(label)}</th><td style="{_VALUE}">{_text(value)}</td></tr>'
        for label, value in rows
    ]
    return f"<table><tbody>{''.join(cells)}</tbody></table>"


def _conversation(turns: Sequence[TranscriptTurn], slow: float) -> str:
    latencies = [latency_of(turn) for turn in turns]
    longest = max((seconds for seconds in latencies if seconds is not None), default=0.0) or 1.0
    rows = "".join(
        f'<tr><th scope="row" style="{_LABEL}">{_text(role_of(turn))}</th><td style="{_VALUE}">'
        f'{_text(chr(10).join(filter(None, (words_of(turn), *actions_of(turn)))))}</td><td style="{_LABEL}">'
        f"{'' if seconds is None else _latency(seconds, longest, slow)}</td></tr>"
        for turn, seconds in zip(turns, latencies, strict=True)
    )
    return f"<table><tbody>{rows}</tbody></table>"


def _latency(seconds: float, longest: float, slow: float) -> str:
    bar = f'<span style="{_BAR};width:{5 * seconds / longest:.1f}em"></span>'
    label = f"{seconds:.2f} s"
    return f"{bar} <b>{label} slow</b>" if seconds >= slow else f"{bar} {label}"


def _text(value: str) -> str:
    """Return text from any source with its line breaks, and without what could reorder the text around it."""
    return html.escape(harmless(value) if "\n" in value else clean(value))
