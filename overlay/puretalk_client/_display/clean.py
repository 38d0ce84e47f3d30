"""Text that cannot control a terminal."""

from __future__ import annotations

_JOINERS = "\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}"


def clean(text: str) -> str:
    """Make text safe to print: one line, without the characters that control a terminal or reorder its text.

    Runs of white space are single spaces. Control characters (C0, C1), direction controls, lone surrogates and all
    other characters that ``str.isprintable`` rejects are U+FFFD. Joiners are kept, because some scripts and emoji need
    them.
    """
    return harmless(" ".join(text.split()))


def harmless(text: str) -> str:
    """Make text safe to print as ``clean`` does, but keep its lines and tabs."""
    if text.isprintable():
        return text
    kept = _JOINERS + "\n\t"
    text = text.replace("\r\n", "\n")
    return "".join(char if char.isprintable() or char in kept else "\N{REPLACEMENT CHARACTER}" for char in text)
