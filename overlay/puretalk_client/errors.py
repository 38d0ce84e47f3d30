"""The error tree: ``except PuretalkError`` catches every failure of a request.

No message and no attribute holds the API key or what people said on a call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from ._types import Drift, Missing
    from .models import Call


class PuretalkError(Exception):
    """The base class of all errors of this package.

    Attributes:
        message: What failed, in one sentence, without the facts below.
        retryable: Whether the failure can be transient. The client retries no others, and a method that is not
            idempotent only if the request had no effect.
        request_sent: Whether the request may have reached the server.
        method: HTTP method of the request, e.g. ``GET``; None if no request was made.
        path: Path of the request below the base URL, e.g. ``/calls/42``; None if no request was made.
        status: HTTP status code of the response, if there was one.
        msg: The server's own message: ``msg`` of the envelope or of ``Error`` (openapi.yaml).
        request_id: The ``x-request-id`` header of the response, if there was one.
        attempts: How many requests were sent.
        elapsed: Seconds from the start of the request to the error.
        retry_after: Seconds to wait before the next request, if the client did not wait that long.
    """

    # Class-level defaults keep pickling simple: args rebuild the message, __dict__ the rest.
    retryable: bool = False
    request_sent: bool = True
    method: str | None = None
    path: str | None = None
    status: int | None = None
    msg: str | None = None
    request_id: str | None = None
    attempts: int = 0
    elapsed: float = 0.0
    retry_after: float | None = None

    def __init__(self, message: str, **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.__dict__.update(facts)

    def __str__(self) -> str:
        text = self.message if self.msg is None else f"{self.message}: {self.msg}"
        if self.method is None:
            return text
        facts = [f"{self.method} {self.path}", f"{self.attempts} attempt{'' if self.attempts == 1 else 's'}"]
        facts.append(f"{self.elapsed:.2f} s")
        if self.request_id is not None:
            facts.append(f"request id {self.request_id}")
        if self.retry_after is not None:
            facts.append(f"retry after {self.retry_after:g} s")
        return f"{text} ({', '.join(facts)})"


class ConfigurationError(PuretalkError, ValueError):
    """The client is closed, or has no usable API key, base URL or option."""

    request_sent = False


class InvalidCallIdError(PuretalkError, ValueError):
    """The call id cannot be one path segment of a URL. Raised before any I/O."""

    request_sent = False


class APIConnectionError(PuretalkError):
    """No complete response arrived: the connection failed, or the host name did not resolve."""

    retryable = True


class APITimeoutError(APIConnectionError, TimeoutError):
    """The time for the request or for connecting ran out."""


class PoolTimeoutError(APITimeoutError):
    """All connections were in use until the time ran out; this attempt was not sent."""

    retryable = False
    request_sent = False


class TLSError(APIConnectionError):
    """The TLS handshake failed: the certificate is not trusted, or the server does not speak TLS."""

    retryable = False
    request_sent = False


class ProtocolError(APIConnectionError):
    """The response is not valid HTTP (RFC 9110, RFC 9112)."""


class APIStatusError(PuretalkError):
    """The response has a status that is not a success.

    Attributes:
        excerpt: Up to 500 characters of a body that has no ``msg`` and is not JSON, without the API key.
    """

    RETRYABLE_STATUSES: ClassVar[frozenset[int]] = frozenset({408, 429, 500, 502, 503, 504, *range(520, 525), 529})
    """Transient failures (RFC 9110, RFC 6585), and the statuses of Cloudflare and of overloaded servers."""

    excerpt: str | None = None

    def __init__(self, message: str, **facts: object) -> None:
        super().__init__(message, **facts)
        self.retryable: bool = self.status in self.RETRYABLE_STATUSES


class AuthenticationError(APIStatusError):
    """401: the API key is missing, wrong or revoked."""


class PermissionDeniedError(APIStatusError):
    """403: the API key is valid, but not for this resource."""


class NotFoundError(APIStatusError):
    """404: no call has this id."""


class RateLimitError(APIStatusError):
    """429: too many requests."""


class ServerError(APIStatusError):
    """500 to 599: the server, or a gateway in front of it, failed."""


class APIResponseError(PuretalkError):
    """A complete, successful response cannot be used. Never retried.

    Attributes:
        closes_connection: Whether the connection that the response came on is closed.
    """

    closes_connection: bool = False


class EnvelopeError(APIResponseError):
    """The status is a success, but the envelope says ``err: true``; ``msg`` says why."""


class MissingResultsError(EnvelopeError):
    """The envelope reports no error, but its ``results`` is missing or null."""


class ResponseDecodeError(APIResponseError):
    """The body is not the JSON that openapi.yaml documents.

    Attributes:
        drifts: With ``strict=True``, the places where the response does not match the document.
    """

    drifts: tuple[Drift, ...] = ()


class ResponseTooLargeError(APIResponseError):
    """The body is larger than ``max_response_bytes``, as received or once decompressed."""


class CallIdMismatchError(APIResponseError):
    """The response has the id of another call. Its connection is closed."""

    closes_connection = True


class WaitTimeoutError(PuretalkError, TimeoutError):
    """``wait`` or ``watch`` ran out of time. If the last poll failed, its error is the cause.

    Attributes:
        call: The call as last seen; None if no poll returned it. A pickle of the error leaves it out.
        polls: How often the call was fetched, retries not counted.
        missing: The part that was still missing. ``call``: no poll returned the call. ``final``: its status is not
            final. ``analysis`` or ``recording``: it does not have this part yet. ``predicate``: your function did not
            accept it.
    """

    call: Call | None = None
    polls: int = 0
    missing: Missing = "call"

    def __reduce__(self) -> tuple[Any, ...]:
        # Task queues pickle errors into result stores, where nobody expects a transcript.
        return type(self), self.args, {name: fact for name, fact in self.__dict__.items() if name != "call"}


class DownloadError(PuretalkError):
    """The call has no recording, or the URL of its recording cannot be trusted."""


class PostAnalysisTypeError(PuretalkError, TypeError):
    """A post-analysis value has another kind than the one requested.

    Attributes:
        name: Name of the post-analysis field.
        expected: The kind requested: ``text``, ``number`` or ``boolean``.
        actual: The kind of the value. The value itself is never kept.
    """

    def __init__(self, name: str, expected: str, actual: str) -> None:
        super().__init__(f"Post-analysis field {name!r} holds {actual}, not {expected}")
        self.args: tuple[Any, ...] = (name, expected, actual)
        self.name = name
        self.expected = expected
        self.actual = actual


class PostAnalysisMissingError(PuretalkError, KeyError):
    """No post-analysis field of this name has a value, and no ``default=`` was given."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Post-analysis field {name!r} has no value")
        self.args: tuple[Any, ...] = (name,)
        self.name = name
