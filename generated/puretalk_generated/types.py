# Generated from openapi.yaml by openapi-python-client 0.29.1 ("make generate"). Do not edit.
"""What operations are made of: requests and responses as plain values, with no I/O."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from typing import IO, Annotated, Any, Generic, Literal, TypeVar
from urllib.parse import quote

import attrs
import msgspec

T_co = TypeVar("T_co", covariant=True)

AwareDatetime = Annotated[datetime.datetime, msgspec.Meta(tz=True)]
"""A moment with its UTC offset, as RFC 3339 and so OpenAPI's date-time demand."""


class _Null:
    """The type of ``NULL``, its one value."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "NULL"

    def __reduce__(self) -> str:
        return "NULL"  # so that copies and pickles are the same value


NULL: Any = _Null()
"""In a JSON body: null (RFC 8259) for a property that may be absent, where None leaves it out.

Models that were decoded never hold it: of an answer, null and absence of an optional property both read as None.
"""


@attrs.frozen
class File:
    """A file to upload, or one that was downloaded."""

    payload: bytes | IO[bytes] = attrs.field(repr=False)
    file_name: str | None = None
    mime_type: str | None = None


# Structs, since one of them takes a thirtieth of the time of an attrs class to make, and every import makes these.
class Body(msgspec.Struct, frozen=True, kw_only=True):
    """A request body, encoded: either whole, or the fields and files of a form."""

    content: bytes | None = None
    content_type: str | None = None
    fields: tuple[tuple[str, str], ...] = ()
    files: tuple[tuple[str, Any], ...] = ()

    def __repr__(self) -> str:
        return f"Body({self.content_type!r})"  # the rest may be personal


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """An HTTP request below the base URL. Building one does no I/O."""

    method: str
    path: str
    """Begins with a slash; path parameters are percent-encoded (RFC 3986)."""
    params: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    body: Body | None = None

    def __repr__(self) -> str:
        return f"Request({self.method!r}, {self.path!r})"  # the rest may be personal


class Answer(msgspec.Struct, frozen=True):
    """One documented response of an operation."""

    first: int
    last: int
    """The statuses that it covers, both included: 200 to 200, 200 to 299 (``2XX``), 0 to 999 (``default``)."""
    media: Literal["json", "text", "bytes", "none"]
    type: Any
    """What the body decodes into."""


class Responses(msgspec.Struct, Generic[T_co], frozen=True):
    """The documented responses of an operation, whose successes decode into ``T_co``."""

    answers: tuple[Answer, ...]
    """In order of precedence: codes, ranges, ``default``."""

    def match(self, status: int) -> Answer | None:
        """Return the response that covers ``status``, if one does."""
        for answer in self.answers:
            if answer.first <= status <= answer.last:
                return answer
        return None


def text(value: Any) -> str:
    """Spell a parameter as OpenAPI's "simple" and "form" styles do.

    Raises:
        ValueError: For what these styles cannot say: NULL, lists within lists, objects, moments without offset.
    """
    if value is NULL or isinstance(value, (list, tuple, dict, bytes)) or attrs.has(type(value)):
        raise ValueError("only a JSON body can hold NULL, a list or an object here")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.datetime):
        return aware(value).isoformat()
    return value.isoformat() if isinstance(value, datetime.date) else str(value)


def aware(moment: datetime.datetime) -> datetime.datetime:
    """Return a moment that has a UTC offset, as RFC 3339 demands.

    Raises:
        ValueError: It has none, so that it would be another moment to each server.
    """
    if moment.tzinfo is None:
        raise ValueError("a datetime must have a UTC offset, as datetime.now(UTC) has")
    return moment


def segment(value: Any) -> str:
    """Percent-encode a path parameter so that it stays one segment; commas stand between the items of a list.

    Raises:
        ValueError: For an empty text and for the dot segments of RFC 3986, which would name another path.
    """
    spelled = ",".join(quote(text(item), safe="") for item in (value if isinstance(value, list) else [value]))
    if spelled in ("", ".", ".."):
        raise ValueError("a path parameter must not be empty, '.' or '..'")
    return spelled


def named_fields(model: Any, *, unset: bool = False) -> Iterator[tuple[str, Any]]:
    """Yield the JSON name and the value of each field of a model that is set, or of every field."""
    for field in attrs.fields(type(model)):
        value = getattr(model, field.name)
        if field.metadata.get("additional_properties"):
            yield from value.items()
        elif unset or value is not None or field.default is attrs.NOTHING:
            yield field.metadata.get("json_name", field.name), value


def pairs(named: Iterable[tuple[str, Any]]) -> tuple[tuple[str, str], ...]:
    """Spell query parameters, form fields or headers; None is left out, a list repeats its name."""
    spelled: list[tuple[str, str]] = []
    for name, value in named:
        if attrs.has(type(value)):
            spelled.extend(pairs(named_fields(value)))
        elif isinstance(value, (list, tuple)):
            spelled.extend((name, text(item)) for item in value if item is not None)
        elif value is not None:
            spelled.append((name, text(value)))
    return tuple(spelled)


def cookie(named: Iterable[tuple[str, Any]]) -> tuple[tuple[str, str], ...]:
    """Spell cookie parameters as one ``Cookie`` header (RFC 6265)."""
    spelled = "; ".join(f"{name}={quote(value, safe='')}" for name, value in pairs(named))
    return (("Cookie", spelled),) if spelled else ()


_SHOWN = frozenset({"bool", "int", "float", "bool | None", "int | None", "float | None"})


def redacted_repr(self: Any) -> str:
    """Show which fields are set; of their values only flags and figures, since texts may be personal."""
    shown = []
    for field in attrs.fields(type(self)):
        value = getattr(self, field.name)
        if value is None:
            continue
        is_figure = field.type in _SHOWN and isinstance(value, (bool, int, float))
        shown.append(f"{field.name}={value!r}" if is_figure else f"{field.name}=...")
    return f"{type(self).__name__}({', '.join(shown)})"
