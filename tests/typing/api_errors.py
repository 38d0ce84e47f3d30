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


def read_api_connection_error(value: APIConnectionError) -> None:
    """Read APIConnectionError."""
    assert_type(value.retryable, bool)


def read_api_response_error(value: APIResponseError) -> None:
    """Read APIResponseError."""
    assert_type(value.closes_connection, bool)


def read_api_status_error(value: APIStatusError) -> None:
    """Read APIStatusError."""
    assert_type(value.RETRYABLE_STATUSES, frozenset[int])
    assert_type(value.excerpt, str | None)
    assert_type(value.retryable, bool)


def read_api_timeout_error(value: APITimeoutError) -> None:
    """Read APITimeoutError."""


def read_authentication_error(value: AuthenticationError) -> None:
    """Read AuthenticationError."""


def read_call_id_mismatch_error(value: CallIdMismatchError) -> None:
    """Read CallIdMismatchError."""
    assert_type(value.closes_connection, bool)


def read_configuration_error(value: ConfigurationError) -> None:
    """Read ConfigurationError."""
    assert_type(value.request_sent, bool)


def read_download_error(value: DownloadError) -> None:
    """Read DownloadError."""


def read_envelope_error(value: EnvelopeError) -> None:
    """Read EnvelopeError."""


def read_invalid_call_id_error(value: InvalidCallIdError) -> None:
    """Read InvalidCallIdError."""
    assert_type(value.request_sent, bool)


def read_missing_results_error(value: MissingResultsError) -> None:
    """Read MissingResultsError."""


def read_not_found_error(value: NotFoundError) -> None:
    """Read NotFoundError."""


def read_permission_denied_error(value: PermissionDeniedError) -> None:
    """Read PermissionDeniedError."""


def read_pool_timeout_error(value: PoolTimeoutError) -> None:
    """Read PoolTimeoutError."""
    assert_type(value.retryable, bool)
    assert_type(value.request_sent, bool)


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


def read_protocol_error(value: ProtocolError) -> None:
    """Read ProtocolError."""


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


def read_rate_limit_error(value: RateLimitError) -> None:
    """Read RateLimitError."""


def read_response_decode_error(value: ResponseDecodeError) -> None:
    """Read ResponseDecodeError."""
    assert_type(value.drifts, tuple[Drift, ...])


def read_response_too_large_error(value: ResponseTooLargeError) -> None:
    """Read ResponseTooLargeError."""


def read_server_error(value: ServerError) -> None:
    """Read ServerError."""


def read_tls_error(value: TLSError) -> None:
    """Read TLSError."""
    assert_type(value.retryable, bool)
    assert_type(value.request_sent, bool)


def read_wait_timeout_error(value: WaitTimeoutError) -> None:
    """Read WaitTimeoutError."""
    assert_type(value.call, Call | None)
    assert_type(value.polls, int)
    assert_type(value.missing, Literal["call", "final", "analysis", "recording", "predicate"])
