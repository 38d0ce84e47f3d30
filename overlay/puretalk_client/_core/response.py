"""From a complete HTTP response to a value or an error. No I/O here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from http import HTTPStatus
from typing import Any, Generic, Protocol, TypeVar

from puretalk_generated.types import Responses

from .. import errors
from .._types import Drift
from .decoding import decode
from .redaction import MAX_EXCERPT, Secret

T = TypeVar("T")
Check = Callable[[T], None]

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
    ``message`` returns the server's message in the body of a failure. ``named_by_customers`` are the fields below which
    customers choose the names; a drift does not show those. ``replaced`` has the type to decode into, by
    the document's.
    """

    @property
    def named_by_customers(self) -> Collection[str]: ...
    @property
    def replaced(self) -> Mapping[Any, Any]: ...
    def check(self, value: Any, content: bytes) -> None: ...
    def message(self, content: bytes) -> str | None: ...


class Reader(Generic[T]):
    """Reads the successful responses of an operation.

    ``check`` raises a PuretalkError for what cannot be trusted. ``find_unknown`` also looks for fields and enum values
    that the document does not have, with a slower decoder.
    """

    def __init__(
        self,
        responses: Responses[T],
        conventions: Conventions,
        check: Check[T] | None = None,
        *,
        find_unknown: bool = False,
    ) -> None:
        self._responses, self._conventions, self._check = responses, conventions, check
        self._named_by_customers = conventions.named_by_customers if find_unknown else None

    def __call__(self, status: int, content: bytes, containers: int | None = None) -> tuple[T, list[Drift]]:
        """Return the decoded body, and where it does not match the document.

        A status that the document does not have is a ResponseDecodeError, like a body that cannot be decoded.
        ``containers`` is what ``count_containers`` returned, if the caller has it.
        """
        documented = self._responses.match(status)
        if documented is None:
            raise errors.ResponseDecodeError(f"The document has no response with status {status}")
        drifts: list[Drift] = []
        value: Any = None  # of the media type "none"
        if documented.media == "json":
            hint = self._conventions.replaced[documented.type]
            value, drifts = decode(content, hint, self._named_by_customers, containers=containers)
        elif documented.media == "text":
            value = content.decode(errors="replace")
        elif documented.media == "bytes":
            value = content
        self._conventions.check(value, content)
        if self._check is not None:
            self._check(value)
        return value, drifts


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

    @property
    def is_used(self) -> bool:
        """Whether the application wants to know what a tolerant decoder does not see: unknown fields and values."""
        return self._strict or self._on_drift is not None

    def report(self, drifts: list[Drift]) -> None:
        """Report the drifts of one response; log each path once."""
        if self._strict:
            count = f"{len(drifts)} mismatch{'' if len(drifts) == 1 else 'es'}"
            raise errors.ResponseDecodeError(
                f"The response does not match the document: {_describe(drifts[0])} ({count})", drifts=tuple(drifts)
            )
        for drift in drifts:
            if drift.path not in self._logged_paths and len(self._logged_paths) < MAX_LOGGED_PATHS:
                self._logged_paths.add(drift.path)
                log.warning("Response does not match the document: %s", _describe(drift))
            if self._on_drift is not None:
                try:
                    self._on_drift(drift)
                except Exception as error:
                    # The text of the error may quote anything.
                    log.error("on_drift raised %s", type(error).__name__)


def _describe(drift: Drift) -> str:
    if drift.kind == "unknown field":
        return f"{drift.path} is an unknown field ({drift.actual})"
    if drift.kind == "inconsistent":
        return f"{drift.path} contradicts an earlier response"
    actual = f"another {drift.actual}" if drift.kind == "unknown value" else drift.actual
    return f"{drift.path} should be {drift.expected}, but is {actual}"
