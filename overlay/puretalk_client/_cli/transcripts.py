"""A transcript alone, as text or Markdown."""

from __future__ import annotations

import re

from .._display.clean import clean
from .._display.values import actions_of, role_of, to_text, transcript_text, turns_of, words_of
from ..models import Call
from .failures import UsageError
from .formats import Format

_MARKDOWN = re.compile(r"[\\`*_{}\[\]<>()#|~!&$]")


def transcript_format(kind: str) -> Format:
    """Return the format ``text``, a line for each turn, or ``markdown``, with a heading for each call."""
    if kind not in ("text", "markdown"):
        raise UsageError("--transcript must be text or markdown")
    return Format(_text if kind == "text" else _markdown, between="\n")


def _text(call: Call) -> str:
    return "".join(f"{line}\n" for line in _paragraphs(call))


def _markdown(call: Call) -> str:
    # Escaped, since a text from a call could otherwise become a link, an image or HTML.
    heading = f"## Call {_escape(to_text(call.call_id)) or 'without an id'}\n"
    turns = turns_of(call)
    if not turns:
        return heading + "".join(f"\n{_escape(line)}\n" for line in _paragraphs(call))
    parts = [heading]
    for turn in turns:
        parts.append(f"**{_escape(role_of(turn))}:** {_escape(words_of(turn))}".rstrip() + "\n")
        parts += [f"- {_escape(action)}\n" for action in actions_of(turn)]
    return "\n".join(parts)


def _paragraphs(call: Call) -> list[str]:
    turns = turns_of(call)
    if not turns:
        return [line for line in map(clean, transcript_text(call).splitlines()) if line]
    lines = []
    for turn in turns:
        spoken = [words_of(turn), *actions_of(turn)]
        lines.append(clean(f"{role_of(turn)}: {' '.join(filter(None, spoken))}"))
    return lines


def _escape(text: str) -> str:
    return _MARKDOWN.sub(r"\\\g<0>", clean(text))
