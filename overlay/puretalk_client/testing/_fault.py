"""A scripted departure from the answer that the sandbox would give."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import responses as REASON_PHRASES

_FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.1
_FIELD_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")  # RFC 9110, section 5.5
_NO_BODY = {204, 304}  # RFC 9110, sections 15.3.5 and 15.4.5


@dataclass(frozen=True)
class Fault:
    """What the sandbox does in place of, or on top of, one normal answer. See ``Sandbox.fail_next``.

    With ``status`` or ``body`` the fault is the whole answer: nothing is checked or looked up, and a
    lifecycle stays where it is. With neither, the normal answer is sent, late or with more headers.

    Attributes:
        status: HTTP status code, 200 to 999. None is the normal one, or 200 where there is a ``body``.
        headers: Header fields set on the answer, e.g. ``{"Retry-After": "2"}``.
        delay: Seconds before the answer starts. A client that goes away ends the wait.
        body: Bytes and text are sent as they are, anything else as JSON. None with a ``status`` is the
            ``Error`` of openapi.yaml with the status's reason phrase, also under a 200. The Content-Type
            is application/json unless ``headers`` says otherwise.
        call_id: Only a request for this call meets the fault. None is any request.

    Raises:
        ValueError: A status, delay or header that HTTP cannot have, or a body that JSON cannot.
        TypeError: A body of a type that JSON does not know.
    """

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    body: object = field(default=None, repr=False)
    call_id: str | None = None

    def __post_init__(self) -> None:
        if self.status is not None and not 200 <= self.status <= 999:
            raise ValueError(f"status must be from 200 to 999, not {self.status}")
        if not (math.isfinite(self.delay) and self.delay >= 0):
            raise ValueError(f"delay must be zero or more seconds, not {self.delay}")
        for name, value in self.headers.items():
            if not _FIELD_NAME.fullmatch(name) or not _FIELD_VALUE.fullmatch(value) or value != value.strip():
                raise ValueError(f"header {name!r} cannot be sent")
        if self.status in _NO_BODY and self.body is not None:
            raise ValueError(f"an answer with status {self.status} has no body")
        self.content()

    @property
    def replaces_answer(self) -> bool:
        """Whether the fault is the whole answer, rather than an addition to the normal one."""
        return self.status is not None or self.body is not None

    def content(self) -> bytes:
        """The bytes of the body."""
        if isinstance(self.body, bytes):
            return self.body
        if isinstance(self.body, str):
            return self.body.encode()
        if self.body is not None:
            return to_json(self.body)
        if self.status is None or self.status in _NO_BODY:
            return b""
        return error_json(REASON_PHRASES.get(self.status, f"Status {self.status}"))


def to_json(value: object) -> bytes:
    """JSON as RFC 8259 has it: UTF-8, and no NaN or Infinity."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()


def error_json(message: str) -> bytes:
    """The schema ``Error`` of openapi.yaml."""
    return to_json({"err": True, "msg": message})
