"""The attributes of errors. Never run: mypy --strict and pyright check it."""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from typing import Any, Literal, assert_type

from puretalk_client import Call, Drift
from puretalk_client.errors import (
    APIConnectionError,
    APIResponseError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    CallIdMismatchError,
    ConfigurationError,
    DownloadError,
    EnvelopeError,
    InvalidCallIdError,
    MissingResultsError,
    NotFoundError,
    PermissionDeniedError,
    PoolTimeoutError,
    PostAnalysisMissingError,
    PostAnalysisTypeError,
    ProtocolError,
    PuretalkError,
    RateLimitError,
    ResponseDecodeError,
    ResponseTooLargeError,
    ServerError,
    TLSError,
    WaitTimeoutError,
)
from puretalk_client.export import ExportError
from puretalk_client.testing import VirtualTimeError

WITHOUT_ATTRIBUTES_OF_THEIR_OWN: tuple[type[PuretalkError], ...] = (
    APIConnectionError,
    APITimeoutError,
    AuthenticationError,
    CallIdMismatchError,
    ConfigurationError,
    DownloadError,
    EnvelopeError,
    InvalidCallIdError,
    MissingResultsError,
    NotFoundError,
    PermissionDeniedError,
    PoolTimeoutError,
    ProtocolError,
    RateLimitError,
    ResponseTooLargeError,
    ServerError,
    TLSError,
    ExportError,
    VirtualTimeError,
)


def read_api_response_error(value: APIResponseError) -> None:
    """Read APIResponseError."""
    assert_type(value.closes_connection, bool)


def read_api_status_error(value: APIStatusError) -> None:
    """Read APIStatusError."""
    assert_type(value.RETRYABLE_STATUSES, frozenset[int])
    assert_type(value.excerpt, str | None)
    assert_type(value.retryable, bool)


def read_post_analysis_missing_error(value: PostAnalysisMissingError) -> None:
    """Read PostAnalysisMissingError."""
    assert_type(value.args, tuple[Any, ...])
    assert_type(value.name, str)


def read_post_analysis_type_error(value: PostAnalysisTypeError) -> None:
    """Read PostAnalysisTypeError."""
    assert_type(value.args, tuple[Any, ...])
    assert_type(value.name, str)
    assert_type(value.expected, str)
    assert_type(value.actual, str)


def read_puretalk_error(value: PuretalkError) -> None:
    """Read PuretalkError."""
    assert_type(value.retryable, bool)
    assert_type(value.request_sent, bool)
    assert_type(value.method, str | None)
    assert_type(value.path, str | None)
    assert_type(value.status, int | None)
    assert_type(value.msg, str | None)
    assert_type(value.request_id, str | None)
    assert_type(value.attempts, int)
    assert_type(value.elapsed, float)
    assert_type(value.retry_after, float | None)
    assert_type(value.message, str)


def read_response_decode_error(value: ResponseDecodeError) -> None:
    """Read ResponseDecodeError."""
    assert_type(value.drifts, tuple[Drift, ...])


def read_wait_timeout_error(value: WaitTimeoutError) -> TimeoutError:
    """It is the built-in error, too, and has the call as last seen."""
    assert_type(value.call, Call | None)
    assert_type(value.polls, int)
    assert_type(value.missing, Literal["call", "final", "analysis", "recording", "predicate"])
    return value
