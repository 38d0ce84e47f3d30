"""The status of a call (openapi.yaml: ``Call.status``)."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from ._types import JSON

_SEPARATORS = re.compile(r"[\s_-]+")
_MAX_SHOWN = 40


class CallStatus(StrEnum):
    """The status of a call (openapi.yaml: ``components.schemas.Call.properties.status``).

    The document lists both "in progress" and "in-progress". They are one state here, and so are all spellings
    that differ only in case, in surrounding blanks, or in whether spaces, hyphens or underscores separate the words.

    Any other text is an unknown status: it is kept as received, equals that text and hashes like it, and
    ``is_known`` is False. Two of them are equal but not identical, so compare with ``==``. A call without a
    status has ``CallStatus("")``.

    The set of statuses is open, but type checkers assume that the members are all there are. A ``match`` over all
    members that ends with ``assert_never`` passes the checkers, and fails on the first new status. End it with a
    default instead::

        match call.status:
            case CallStatus.COMPLETED:
                ...
            case CallStatus.FAILED | CallStatus.BUSY | CallStatus.NO_ANSWER | CallStatus.CANCELED:
                ...
            case status if status.is_known:
                ...  # queued, ringing or in progress
            case _:
                ...  # unknown: it may be over or not

    A known status equals the text of its member, such as "in-progress", and no other spelling, whichever was received.
    Compare with members, or use ``status.matches("in progress")``. ``==`` does not accept every spelling, because equal
    values need equal hashes, and the hashes of "in progress" and "in-progress" differ.

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

    _received: Any

    @classmethod
    def _missing_(cls, value: object) -> CallStatus | None:
        if not isinstance(value, str):
            return None
        text = str.__str__(value)  # a plain str, also of an instance of a subclass
        spelling = _canonical(text)
        for member in cls:
            if member.value == spelling:
                return member
        # Not registered with the class: a server could fill the memory with them.
        unknown = str.__new__(cls, text)
        unknown._name_ = text
        unknown._value_ = text
        return unknown

    @classmethod
    def from_json(cls, value: object) -> CallStatus:
        """Make a status from any JSON value, so that ``call.status.is_final`` always works.

        Any value but a text becomes an unknown status with the text of its JSON; null becomes ``CallStatus("")``.
        """
        if isinstance(value, str):
            return cls(value)
        status = cls("" if value is None else msgspec.json.encode(value).decode())
        status._received = value
        return status

    @property
    def received(self) -> JSON:
        """The JSON value as received, but for a known status the text of its member; None if it was missing."""
        return getattr(self, "_received", self.value)

    def matches(self, spelling: str, *others: str) -> bool:
        """Whether this is one of these statuses, in any spelling: "in progress", "IN_PROGRESS" and "in-progress".

        ``status in ("busy", "in progress")`` compares with ``==`` instead.
        """
        own = _canonical(self.value)
        return any(_canonical(text) == own for text in (spelling, *others))

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

    def __reduce_ex__(self, protocol: object) -> tuple[Callable[[Any], CallStatus], tuple[Any]]:
        # Python pickles a member by its name, and the class has none for an unknown status.
        return type(self).from_json, (self.received,)


def _canonical(text: str) -> str:
    """Return what all spellings of a status share."""
    return _SEPARATORS.sub("-", text.strip()).lower()


_FINAL = frozenset(
    {CallStatus.COMPLETED, CallStatus.FAILED, CallStatus.BUSY, CallStatus.NO_ANSWER, CallStatus.CANCELED}
)

_KNOWN = frozenset(status.value for status in CallStatus)
