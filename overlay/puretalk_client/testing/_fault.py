"""Scripted faults: responses that the sandbox sends instead of its normal ones."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import responses as REASON_PHRASES

_FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.1
_FIELD_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")  # RFC 9110, section 5.5
_STATUSES_WITHOUT_BODY = {204, 304}  # RFC 9110, sections 15.3.5 and 15.4.5


@dataclass(frozen=True)
class Fault:
    """A change to a response of the sandbox. Script it with ``Sandbox.fail_next`` or ``Sandbox.fail_for``.

    A fault with a ``status``, a ``body`` or ``reset`` replaces the response: the sandbox checks no API key, looks up
    no call and does not advance a lifecycle. Any other fault delays the normal response, adds headers or cuts it.

    Attributes:
        status: HTTP status code, 200 to 999. None keeps the normal status, or means 200 if there is a ``body``.
        headers: Header fields to set on the response, e.g. ``{"Retry-After": "2"}``.
        delay: Seconds to wait before the response starts. The wait ends early if the client disconnects.
        body: Bytes and text are sent unchanged, any other value as JSON. With a ``status`` and no body, the
            body is the ``Error`` schema of openapi.yaml with the reason phrase of the status, also for a
            200. The Content-Type is application/json unless ``headers`` sets another.
        call_id: Apply the fault to a request for this call only. None applies it to any request.
        reset: Reset the connection, after the ``delay``, instead of a response.
        cut_after: Close the connection after this number of bytes of the body. A shorter body stays complete.
        recording: Apply the fault to a request for the recording of a call, and to no request of the API.

    In process, without a connection, the sandbox raises a ConnectionResetError, which ``AsyncPuretalk`` treats as a
    broken connection.

    Raises:
        ValueError: HTTP cannot send the status, the delay or a header; JSON cannot represent the body; or ``reset``
            or ``cut_after`` contradicts another attribute.
        TypeError: The body has a type that JSON does not support.
    """

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    body: object = field(default=None, repr=False)
    call_id: str | None = None
    reset: bool = False
    cut_after: int | None = None
    recording: bool = False

    def __post_init__(self) -> None:
        if self.status is not None and not 200 <= self.status <= 999:
            raise ValueError(f"status must be from 200 to 999, not {self.status}")
        if not (math.isfinite(self.delay) and self.delay >= 0):
            raise ValueError(f"delay must be zero or more seconds, not {self.delay}")
        for name, value in self.headers.items():
            if not _FIELD_NAME.fullmatch(name) or not _FIELD_VALUE.fullmatch(value) or value != value.strip():
                raise ValueError(f"header {name!r} cannot be sent")
        if self.status in _STATUSES_WITHOUT_BODY and self.body is not None:
            raise ValueError(f"a response with status {self.status} has no body")
        if self.reset and (self.replaces_content or self.headers or self.cut_after is not None):
            raise ValueError("a connection that is reset has no response")
        if self.cut_after is not None and (self.cut_after < 0 or self.status in _STATUSES_WITHOUT_BODY):
            raise ValueError("cut_after must be zero or more bytes of a body")
        self.content()

    @property
    def replaces_content(self) -> bool:
        """Whether the fault replaces status and body of the normal response, rather than changing it."""
        return self.status is not None or self.body is not None

    def content(self) -> bytes:
        """Encode the body."""
        if isinstance(self.body, bytes):
            return self.body
        if isinstance(self.body, str):
            return self.body.encode()
        if self.body is not None:
            return to_json(self.body)
        if self.status is None or self.status in _STATUSES_WITHOUT_BODY:
            return b""
        return error_json(REASON_PHRASES.get(self.status, f"Status {self.status}"))


def to_json(value: object) -> bytes:
    """Encode a value as RFC 8259 requires: in UTF-8, without NaN and Infinity.

    Raises:
        ValueError: The value contains NaN, Infinity or a lone surrogate.
        TypeError: The value contains a type that JSON does not support.
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()


def error_json(message: str) -> bytes:
    """Encode the schema ``Error`` of openapi.yaml."""
    return to_json({"err": True, "msg": message})
