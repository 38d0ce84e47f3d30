# Generated from openapi.yaml by openapi-python-client 0.29.1 ("make generate"). Do not edit.
"""Requests and responses as plain values: what an operation builds and what it expects, without any I/O.

The stock client of openapi-python-client passes dictionaries to httpx and parses each response in the operation's
module. Here one ``Sender`` sends every request and decodes every response, so it needs both as values.
"""

from __future__ import annotations

import base64
import datetime
import re
from collections.abc import Iterable, Iterator
from typing import IO, Annotated, Any, Generic, Literal, TypeAlias, TypeVar
from urllib.parse import quote

import attrs
import msgspec

T_co = TypeVar("T_co", covariant=True)
Pairs: TypeAlias = tuple[tuple[str, str], ...]

AwareDatetime = Annotated[datetime.datetime, msgspec.Meta(tz=True)]
"""A datetime with a UTC offset, which RFC 3339 and therefore OpenAPI's ``date-time`` require."""


class _Null:
    """The type of ``NULL``, its only value."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "NULL"

    def __reduce__(self) -> str:
        return "NULL"  # copies and pickles are the same object


NULL: Any = _Null()
"""Sends an explicit ``null`` for an optional property of a JSON body, where None leaves the property out.

Decoded models never contain it: null and an absent optional property both become None.
"""


@attrs.frozen
class File:
    """A file to upload."""

    payload: bytes | IO[bytes] = attrs.field(repr=False)
    """The content, or a binary file that is open for reading."""
    file_name: str | None = None
    mime_type: str | None = None


# The following are Structs because msgspec creates one 30 times faster than attrs creates a class.
class Body(msgspec.Struct, frozen=True, kw_only=True):
    """A request body: either its bytes, or the fields or parts of a form (``bodies.encode_body`` encodes it)."""

    content_type: str
    content: bytes | None = None
    fields: tuple[tuple[str, str], ...] = ()
    """Names and values of a URL-encoded form."""
    parts: tuple[tuple[str, str | None, str | None, bytes], ...] = ()
    """Name, file name, media type and content of each part of a multipart form."""

    def __repr__(self) -> str:
        return f"Body({self.content_type!r})"  # the content may be personal


class KeyPlace(msgspec.Struct, frozen=True):
    """Where requests carry the API key."""

    location: Literal["header", "query", "cookie"]
    name: str
    scheme: Literal["", "Basic", "Bearer"] = ""
    """The authentication scheme that stands before the key (RFC 9110, section 11.1)."""

    def parts(self, key: str) -> tuple[Pairs, Pairs]:
        """Return the query parameters and the headers that carry ``key``."""
        if self.location == "query":
            return ((self.name, key),), ()
        if self.location == "cookie":
            return (), encode_cookies([(self.name, key)])
        value = basic_credentials(key) if self.scheme == "Basic" else key
        return (), ((self.name, f"{self.scheme} {value}" if self.scheme else value),)


def basic_credentials(key: str) -> str:
    """Encode "user:password", or a user name alone, as RFC 7617 says."""
    return base64.b64encode((key if ":" in key else f"{key}:").encode()).decode()


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """An HTTP request below the base URL. Building one does no I/O."""

    method: str
    path: str
    """Begins with a slash. Path parameters are percent-encoded (RFC 3986)."""
    params: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    body: Body | None = None
    operation: str | None = None
    """Name of the operation that built it."""
    path_template: str | None = None
    """The path as in the document, without the values of its parameters."""
    accept: str | None = None
    """The media types of its responses, where they are not ``application/json``."""
    key: KeyPlace | Literal["default"] | None = "default"
    """Where it carries the API key, if not at ``spec.API_KEY``; None for nowhere."""
    base_url: str | None = None
    """The server of its operation, where that has one of its own."""

    def __repr__(self) -> str:
        return f"Request({self.method!r}, {self.path!r})"  # the rest may be personal


class DocumentedResponse(msgspec.Struct, frozen=True):
    """One response that the document describes for an operation."""

    first: int
    """The lowest status that it covers: 200 for ``200`` and ``2XX``, 0 for ``default``."""
    last: int
    """The highest status that it covers: 200 for ``200``, 299 for ``2XX``, 999 for ``default``."""
    media: Literal["json", "text", "bytes", "none"]
    """How to read the body; ``none`` ignores it."""
    type: Any
    """The type that the body is decoded into."""


class Responses(msgspec.Struct, Generic[T_co], frozen=True):
    """The documented responses of an operation. Successful ones decode into ``T_co``."""

    documented: tuple[DocumentedResponse, ...]
    """In order of precedence: single statuses, ranges, ``default``."""

    def match(self, status: int) -> DocumentedResponse | None:
        """Return the first documented response that covers ``status``, or None."""
        for response in self.documented:
            if response.first <= status <= response.last:
                return response
        return None


def encode_value(value: Any) -> str:
    """Write one value as OpenAPI's parameter styles ``simple`` and ``form`` do.

    Raises:
        ValueError: These styles cannot express it: NULL, a nested list, an object, a datetime without UTC offset.
    """
    if value is NULL or isinstance(value, (list, tuple, dict, bytes)) or attrs.has(type(value)):
        raise ValueError("NULL, nested lists and objects can only be sent in a JSON body")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.datetime):
        return require_offset(value).isoformat()
    return value.isoformat() if isinstance(value, datetime.date) else str(value)


def require_offset(value: datetime.datetime) -> datetime.datetime:
    """Return ``value`` unchanged if it has a UTC offset, as RFC 3339 requires.

    Raises:
        ValueError: It has none, so each server would read it in its own time zone.
    """
    if value.tzinfo is None:
        raise ValueError("a datetime must have a UTC offset, as datetime.now(UTC) has")
    return value


_UNRESERVED = re.compile("[A-Za-z0-9_.~-]+")
"""Characters that are not percent-encoded (RFC 3986, section 2.3)."""


def encode_path_segment(value: Any) -> str:
    """Percent-encode a path parameter as a single path segment; commas separate the items of a list.

    Raises:
        ValueError: It is empty or a dot segment (RFC 3986, section 5.2.4): the request would reach another path.
    """
    if type(value) is str and _UNRESERVED.fullmatch(value) and value not in (".", ".."):
        return value  # nearly all ids
    items = value if isinstance(value, list) else [value]
    encoded = ",".join([quote(encode_value(item), safe="") for item in items])
    if encoded in ("", ".", ".."):
        raise ValueError("a path parameter must not be empty, '.' or '..'")
    return encoded


def named_fields(model: Any, *, unset: bool = False) -> Iterator[tuple[str, Any]]:
    """Yield JSON name and value of each field of a model that is set, or of every field with ``unset=True``."""
    for field in attrs.fields(type(model)):
        value = getattr(model, field.name)
        if field.metadata.get("additional_properties"):
            yield from value.items()
        elif unset or value is not None or field.default is attrs.NOTHING:
            yield field.metadata.get("json_name", field.name), value


def encode_query(named: Iterable[tuple[str, Any]]) -> tuple[tuple[str, str], ...]:
    """Write query parameters, form fields or headers as pairs: None is left out, a list repeats its name."""
    encoded: list[tuple[str, str]] = []
    for name, value in named:
        if attrs.has(type(value)):
            encoded.extend(encode_query(named_fields(value)))
        elif isinstance(value, (list, tuple)):
            encoded.extend((name, encode_value(item)) for item in value if item is not None)
        elif value is not None:
            encoded.append((name, encode_value(value)))
    return tuple(encoded)


def encode_cookies(named: Iterable[tuple[str, Any]]) -> tuple[tuple[str, str], ...]:
    """Write cookie parameters as a single ``Cookie`` header (RFC 6265); no header if there are none."""
    encoded = "; ".join(f"{name}={quote(value, safe='')}" for name, value in encode_query(named))
    return (("Cookie", encoded),) if encoded else ()


def join_cookies(headers: Pairs) -> Pairs:
    """Join several ``Cookie`` headers, since a request must not have more than one (RFC 6265, section 5.4)."""
    cookies = [value for name, value in headers if name == "Cookie"]
    if len(cookies) < 2:
        return headers
    return (*(pair for pair in headers if pair[0] != "Cookie"), ("Cookie", "; ".join(cookies)))


_SHOWN = frozenset({"bool", "int", "float", "bool | None", "int | None", "float | None"})


def redacted_repr(self: Any) -> str:
    """Show which fields of a model are set, with the values of numbers and flags only: texts may be personal."""
    shown = []
    for field in attrs.fields(type(self)):
        value = getattr(self, field.name)
        if value is None:
            continue
        is_number = field.type in _SHOWN and isinstance(value, (bool, int, float))
        shown.append(f"{field.name}={value!r}" if is_number else f"{field.name}=...")
    return f"{type(self).__name__}({', '.join(shown)})"
