"""The state of a call, as openapi.yaml's ``Call.status`` names it."""

from __future__ import annotations

import re
from enum import StrEnum

__all__ = ["CallStatus"]

_SEPARATORS = re.compile(r"[\s_-]+")
_LONGEST_SHOWN = 40
_UNKNOWN = "UNKNOWN"


class CallStatus(StrEnum):
    """The state of a call (openapi.yaml, ``components.schemas.Call.properties.status``).

    The spec lists both "in progress" and "in-progress". They are one state here, and so are all
    spellings that differ only in case, in surrounding blanks, or in how spaces, hyphens and underscores
    part the words.

    A text that is none of these states does not raise: it is kept as it came, is equal to that text and
    hashes like it, and ``is_known`` is False. It is not remembered anywhere, so two of them are equal
    but not identical: compare with ``==``. A call whose status is absent has ``CallStatus("")``.

    Raises:
        ValueError: From ``CallStatus(value)``, when the value is not a ``str``.
    """

    QUEUED = "queued"
    RINGING = "ringing"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    FAILED = "failed"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    CANCELED = "canceled"

    @classmethod
    def _missing_(cls, value: object) -> CallStatus | None:
        if not isinstance(value, str):
            return None
        text = str.__str__(value)  # a plain str, also of an instance of a subclass
        spelling = _SEPARATORS.sub("-", text.strip()).lower()
        for member in cls:
            if member.value == spelling:
                return member
        # Only assigned, never registered with the class: the garbage collector can have it back.
        unknown = str.__new__(cls, text)
        unknown._name_ = _UNKNOWN
        unknown._value_ = text
        return unknown

    @property
    def is_known(self) -> bool:
        """Whether this is one of the states that the spec lists."""
        return self.name != _UNKNOWN

    @property
    def is_final(self) -> bool:
        """Whether the call is over and its status will not change again.

        True for completed, failed, busy, no-answer and canceled. False for an unknown status: nobody
        knows that such a call is over.
        """
        return self in _FINAL

    def __repr__(self) -> str:
        # What the server sent can be of any length, and a repr ends up in logs.
        text = self.value
        shown = text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "..."
        return f"<{type(self).__name__}.{self.name}: {shown!r}>"

    def __reduce_ex__(self, protocol: object) -> tuple[type[CallStatus], tuple[str]]:
        # Some versions of Python pickle a member by its name, which no unknown status has in the class.
        return type(self), (self.value,)


_FINAL = frozenset(
    {
        CallStatus.COMPLETED,
        CallStatus.FAILED,
        CallStatus.BUSY,
        CallStatus.NO_ANSWER,
        CallStatus.CANCELED,
    }
)
