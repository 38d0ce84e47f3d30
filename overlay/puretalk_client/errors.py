"""The error tree: ``except PuretalkError`` catches every failure of a call.

No message or attribute holds the API key, and none holds what people said on a call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._decoding import Drift

__all__ = [
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "ConfigurationError",
    "EnvelopeError",
    "InvalidCallIdError",
    "MissingResultsError",
    "NotFoundError",
    "PermissionDeniedError",
    "PoolTimeoutError",
    "PostAnalysisMissingError",
    "PostAnalysisTypeError",
    "ProtocolError",
    "PuretalkError",
    "RateLimitError",
    "RecordingError",
    "ResponseDecodeError",
    "ResponseTooLargeError",
    "ServerError",
    "TLSError",
    "WrongCallError",
]


class PuretalkError(Exception):
    """The root of every error that this package raises.

    Attributes:
        message: What went wrong, in one sentence, without the context below.
        method: HTTP method of the request, e.g. ``GET``; None when no request was made.
        path: Path of the request below the base URL, e.g. ``/calls/42``.
        status: HTTP status code of the answer, where there is one.
        msg: The server's own words: ``msg`` of the envelope or of its ``Error`` (openapi.yaml).
        request_id: The ``x-request-id`` header of the answer, where there is one.
        attempts: How many requests were sent.
        elapsed: Seconds from the call of the method to the error.
        retry_after: Seconds that the server asks to wait, where it asks for more than was waited.
    """

    # Class-level defaults keep pickling plain: args rebuild the message, __dict__ the rest.
    method: str | None = None
    path: str | None = None
    status: int | None = None
    msg: str | None = None
    request_id: str | None = None
    attempts: int = 0
    elapsed: float = 0.0
    retry_after: float | None = None

    def __init__(self, message: str, **context: Any) -> None:
        super().__init__(message)
        self.message = message
        self.__dict__.update(context)

    def __str__(self) -> str:
        text = self.message if self.msg is None else f"{self.message}: {self.msg}"
        if self.method is None:
            return text
        facts = [f"{self.attempts} attempt{'s' if self.attempts != 1 else ''}", f"{self.elapsed:.2f} s"]
        if self.request_id is not None:
            facts.append(f"request id {self.request_id}")
        if self.retry_after is not None:
            facts.append(f"retry after {self.retry_after:g} s")
        return f"{self.method} {self.path}: {text} ({', '.join(facts)})"


class ConfigurationError(PuretalkError, ValueError):
    """The client cannot be built: no usable API key, base URL or option. Raised before any I/O."""


class InvalidCallIdError(PuretalkError, ValueError):
    """A call id that cannot be one path segment of a request. Raised before any I/O."""


class APIConnectionError(PuretalkError):
    """No complete answer arrived: refused, reset, cut off, or the name did not resolve.

    Attributes:
        request_sent: Whether the request may have reached the server.
    """

    request_sent: bool = True


class APITimeoutError(APIConnectionError, TimeoutError):
    """The time given to the call, or to connecting, ran out."""


class PoolTimeoutError(APITimeoutError):
    """Every connection of the pool was in use for too long. Never retried: more requests would not help."""

    request_sent: bool = False


class TLSError(APIConnectionError):
    """The TLS handshake failed: a bad certificate, or no TLS at the other end. Never retried."""


class ProtocolError(APIConnectionError):
    """The other end does not speak HTTP as RFC 9110 and RFC 9112 have it."""


class WrongCallError(ProtocolError):
    """The answer carries another call's id than the one asked for. Its connection is dropped, nothing retried."""


class APIStatusError(PuretalkError):
    """The server answered with a status that is not a success.

    Attributes:
        excerpt: Up to 500 characters of a body that has no ``msg``, without the API key.
    """

    excerpt: str | None = None


class AuthenticationError(APIStatusError):
    """401: the API key is missing, wrong or revoked."""


class PermissionDeniedError(APIStatusError):
    """403: the key is right, but not for this."""


class NotFoundError(APIStatusError):
    """404: no call has this id."""


class RateLimitError(APIStatusError):
    """429: too many requests."""


class ServerError(APIStatusError):
    """500 to 599: the server, or something before it, failed."""


class EnvelopeError(PuretalkError):
    """A success by its status, but the envelope says ``err: true``; ``msg`` says why."""


class MissingResultsError(EnvelopeError):
    """The envelope reports no error, and yet its ``results`` is missing or null."""


class ResponseDecodeError(PuretalkError):
    """An answer that is not the JSON that openapi.yaml promises.

    Attributes:
        drifts: Under ``strict=True``, where the answer strayed from the spec.
    """

    drifts: tuple[Drift, ...] = ()


class ResponseTooLargeError(PuretalkError):
    """The body is larger than ``max_response_bytes``, as it came or once decompressed."""


class RecordingError(PuretalkError):
    """A recording cannot be downloaded: there is none, or its address is not to be trusted."""


class PostAnalysisTypeError(PuretalkError, TypeError):
    """A post-analysis value is of another kind than the one asked for.

    Attributes:
        name: Name of the post-analysis field.
        expected: The kind asked for: ``text``, ``number`` or ``boolean``.
        actual: The kind that the value has. The value itself is never kept.
    """

    def __init__(self, name: str, expected: str, actual: str) -> None:
        super().__init__(f"post-analysis field {name!r} holds {actual}, not {expected}")
        self.args = (name, expected, actual)
        self.name = name
        self.expected = expected
        self.actual = actual


class PostAnalysisMissingError(PuretalkError, KeyError):
    """No post-analysis field of this name has a value, and no ``default=`` was given."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no value in post-analysis field {name!r}")
        self.args = (name,)
        self.name = name
