"""The status of a call (openapi.yaml: ``Call.status``)."""

from __future__ import annotations

import re
from enum import StrEnum

_SEPARATORS = re.compile(r"[\s_-]+")
_MAX_SHOWN = 40


class CallStatus(StrEnum):
    """The status of a call (openapi.yaml: ``components.schemas.Call.properties.status``).

    The document lists both "in progress" and "in-progress". They are one state here, and so are all spellings
    that differ only in case, in surrounding blanks, or in whether spaces, hyphens or underscores separate the words.

    Any other text is an unknown status: it is kept as received, equals that text and hashes like it, and
    ``is_known`` is False. Two of them are equal but not identical, so compare with ``==``. A call without a
    status has ``CallStatus("")``.

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
        # Not registered with the class: a server could fill the memory with them.
        unknown = str.__new__(cls, text)
        unknown._name_ = text
        unknown._value_ = text
        return unknown

    @property
    def is_known(self) -> bool:
        """Whether the document lists this status."""
        return self.value in _KNOWN

    @property
    def is_final(self) -> bool:
        """Whether the call is over and its status will not change again.

        True for completed, failed, busy, no-answer and canceled. False for an unknown status, since it does not
        say whether the call is over.
        """
        return self in _FINAL

    def __repr__(self) -> str:
        # A server can send any length, and a repr ends up in logs.
        text = self.value
        shown = text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "..."
        name = type(self).__name__
        return f"<{name}.{self.name}: {shown!r}>" if self.is_known else f"<{name} {shown!r} (unknown)>"

    def __reduce_ex__(self, protocol: object) -> tuple[type[CallStatus], tuple[str]]:
        # Python pickles a member by its name, and the class has none for an unknown status.
        return type(self), (self.value,)


_FINAL = frozenset(
    {CallStatus.COMPLETED, CallStatus.FAILED, CallStatus.BUSY, CallStatus.NO_ANSWER, CallStatus.CANCELED}
)

_KNOWN = frozenset(status.value for status in CallStatus)
