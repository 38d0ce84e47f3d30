"""From a complete HTTP response to a value or an error. No I/O here."""

from __future__ import annotations

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Protocol

from attrs import astuple

from puretalk_generated.types import DocumentedResponse, Responses

from .. import errors
from .._types import Drift
from .decoding import decode
from .redaction import MAX_EXCERPT, Secret

log = logging.getLogger("puretalk_client")

MAX_LOGGED_PATHS = 1000  # a hostile server must not fill the memory with paths that were logged

_BY_STATUS: dict[int, type[errors.APIStatusError]] = {
    401: errors.AuthenticationError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    429: errors.RateLimitError,
}


class Conventions(Protocol):
    """What an API does in every response, beside what its document says of each.

    ``check`` raises a PuretalkError if a decoded success (``value``, from ``content``) reports a failure after all.
    ``message`` returns the server's message in the body of a failure.
    """

    def check(self, value: Any, content: bytes) -> None: ...
    def message(self, content: bytes) -> str | None: ...


def read_success(
    status: int, content: bytes, responses: Responses[Any], conventions: Conventions
) -> tuple[Any, list[Drift]]:
    """Return the decoded body of a 2xx response, and where it does not match the document.

    A status that the document does not have is a ResponseDecodeError, like a body that cannot be decoded.
    """
    documented = responses.match(status)
    if documented is None:
        raise errors.ResponseDecodeError(f"The document has no response with status {status}")
    value, drifts = _decode_body(content, documented)
    conventions.check(value, content)
    return value, drifts


def _decode_body(content: bytes, documented: DocumentedResponse) -> tuple[Any, list[Drift]]:
    if documented.media == "none":
        return None, []
    if documented.media == "bytes":
        return content, []
    if documented.media == "text":
        return content.decode(errors="replace"), []
    return decode(content, documented.type)


def status_error(status: int, content: bytes, secret: Secret, conventions: Conventions) -> errors.APIStatusError:
    """Return the error for a status that is not a success; ``content`` may be the start of its body."""
    kind = _BY_STATUS.get(status, errors.ServerError if 500 <= status <= 599 else errors.APIStatusError)
    try:
        phrase = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        phrase = str(status)  # 499, 520 to 524 and others that proxies use
    msg = secret.excerpt(conventions.message(content))
    excerpt = None
    if msg is None and not content.lstrip().startswith((b"{", b"[")):  # JSON may hold what people said
        excerpt = secret.excerpt(content[: 8 * MAX_EXCERPT].decode(errors="replace"))
    return kind(phrase, status=status, msg=msg, excerpt=excerpt)


class DriftReporter:
    """Tells the application where responses do not match the document."""

    def __init__(self, *, strict: bool, on_drift: Callable[[Drift], object] | None) -> None:
        """Report to ``on_drift``, whose exceptions are only logged; or under ``strict`` raise."""
        self._strict = strict
        self._on_drift = on_drift
        self._logged_paths: set[str] = set()

    def report(self, drifts: list[Drift]) -> None:
        """Report the drifts of one response; log each path once."""
        if self._strict:
            first = drifts[0]
            raise errors.ResponseDecodeError(
                f"The response does not match the document: {first.path} should be {first.expected},"
                f" but is {first.actual} ({len(drifts)} mismatch{'' if len(drifts) == 1 else 'es'})",
                drifts=tuple(drifts),
            )
        for drift in drifts:
            if drift.path not in self._logged_paths and len(self._logged_paths) < MAX_LOGGED_PATHS:
                self._logged_paths.add(drift.path)
                log.warning("Response does not match the document: %s should be %s, but is %s", *astuple(drift))
            if self._on_drift is not None:
                try:
                    self._on_drift(drift)
                except Exception as error:
                    # The text of the error may quote anything.
                    log.error("on_drift raised %s", type(error).__name__)
