"""The error tree: classes, messages, retryability."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

import puretalk_client
from puretalk_client import (
    APIConnectionError,
    APIResponseError,
    APIStatusError,
    APITimeoutError,
    CallIdMismatchError,
    ConfigurationError,
    DownloadError,
    Drift,
    EnvelopeError,
    InvalidCallIdError,
    MissingResultsError,
    NotFoundError,
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
    errors,
)

FACTS: dict[str, Any] = {"method": "GET", "path": "/calls/42", "attempts": 2, "elapsed": 1.254}
ALL = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)]


@pytest.mark.parametrize("kind", ALL)
def test_package_exports_every_error_under_one_root(kind: type[Exception]) -> None:
    """One ``except PuretalkError`` catches each of them."""
    assert issubclass(kind, PuretalkError)
    assert getattr(puretalk_client, kind.__name__) is kind


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (ConfigurationError, ValueError),
        (InvalidCallIdError, ValueError),
        (APITimeoutError, TimeoutError),
        (PoolTimeoutError, TimeoutError),
        (WaitTimeoutError, TimeoutError),
        (PostAnalysisTypeError, TypeError),
        (PostAnalysisMissingError, KeyError),
    ],
)
def test_errors_are_also_the_builtin_ones(kind: type[PuretalkError], builtin: type[Exception]) -> None:
    """Code that catches the built-in exception catches them too."""
    assert issubclass(kind, builtin)


@pytest.mark.parametrize(
    "kind",
    [EnvelopeError, MissingResultsError, ResponseDecodeError, ResponseTooLargeError, CallIdMismatchError],
)
def test_a_response_that_cannot_be_trusted_is_not_a_connection_error(kind: type[PuretalkError]) -> None:
    """Nobody's own "retry on connection error" repeats such a request."""
    assert issubclass(kind, APIResponseError)
    assert not issubclass(kind, (APIConnectionError, APIStatusError))
    assert not kind.retryable


@pytest.mark.parametrize(
    ("kind", "retryable", "request_sent"),
    [
        (APIConnectionError, True, True),
        (APITimeoutError, True, True),
        (ProtocolError, True, True),
        (PoolTimeoutError, False, False),
        (TLSError, False, False),
        (ConfigurationError, False, False),
        (InvalidCallIdError, False, False),
        (APIResponseError, False, True),
        (DownloadError, False, True),
        (WaitTimeoutError, False, True),
        (PuretalkError, False, True),
    ],
)
def test_class_says_whether_a_retry_may_help(kind: type[PuretalkError], retryable: bool, request_sent: bool) -> None:
    """``retryable`` and ``request_sent`` are attributes of the class, and of its instances."""
    assert (kind.retryable, kind.request_sent) == (retryable, request_sent)
    assert (kind("x").retryable, kind("x").request_sent) == (retryable, request_sent)


@pytest.mark.parametrize("kind", [APIStatusError, ServerError])
def test_status_says_whether_a_retry_may_help(kind: type[APIStatusError]) -> None:
    """408, 429, 500, 502, 503, 504, 520 to 524 and 529 may be transient; no other status is."""
    found = {status for status in range(100, 1000) if kind("x", status=status).retryable}
    assert found == {408, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529}


def test_status_error_without_a_status_is_not_retryable() -> None:
    """Nothing is known of it."""
    assert not APIStatusError("x").retryable


def test_facts_can_override_the_class() -> None:
    """A refused connection cannot have had an effect, and says so."""
    assert not APIConnectionError("x", request_sent=False).request_sent
    assert APIConnectionError.request_sent


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (PuretalkError("Something failed"), "Something failed"),
        (
            NotFoundError("404 Not Found", msg="No such call", status=404, **{**FACTS, "attempts": 1}),
            "404 Not Found: No such call (GET /calls/42, 1 attempt, 1.25 s)",
        ),
        (
            RateLimitError("429 Too Many Requests", **FACTS, request_id="req-7", retry_after=500.0),
            "429 Too Many Requests (GET /calls/42, 2 attempts, 1.25 s, request id req-7, retry after 500 s)",
        ),
        (
            PoolTimeoutError("All 100 connections were in use for 5 s", **{**FACTS, "attempts": 0}),
            "All 100 connections were in use for 5 s (GET /calls/42, 0 attempts, 1.25 s)",
        ),
        (EnvelopeError("The server reports an error", msg="Quota"), "The server reports an error: Quota"),
    ],
)
def test_message_begins_with_the_failure_and_ends_with_the_facts(error: PuretalkError, text: str) -> None:
    """The server's message follows a colon; the facts are in parentheses, once a request was made."""
    assert str(error) == text
    assert error.message == text.partition(":")[0].partition(" (")[0]


ERRORS = [
    RateLimitError("429 Too Many Requests", status=429, **FACTS, request_id="r", retry_after=9.0, msg="Slow down"),
    ServerError("500", status=500, excerpt="<html>", **FACTS),
    ResponseDecodeError("x", drifts=(Drift("$.results", "Call", "string", "wrong type"),)),
    CallIdMismatchError("x", **FACTS),
    APIConnectionError("x", request_sent=False),
    PostAnalysisTypeError("mood", "text", "number"),
    PostAnalysisMissingError("mood"),
    WaitTimeoutError("x", polls=3, missing="analysis", elapsed=900.0),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_error_survives_pickle_and_copy(error: PuretalkError) -> None:
    """Type, message and every attribute arrive in another process."""
    copies = [copy.copy(error), copy.deepcopy(error)]
    copies += [pickle.loads(pickle.dumps(error, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
    for other in copies:
        assert type(other) is type(error)
        assert (str(other), other.args, other.__dict__) == (str(error), error.args, error.__dict__)
        assert other.retryable is error.retryable


def test_only_another_calls_response_closes_its_connection() -> None:
    """Responses on that connection may be out of step; after other errors it is kept."""
    closing = [kind for kind in ALL if getattr(kind, "closes_connection", False)]
    assert closing == [CallIdMismatchError]


def test_post_analysis_errors_name_the_field() -> None:
    """A KeyError shows its argument with quotes; these show a sentence."""
    assert str(PostAnalysisMissingError("mood")) == "Post-analysis field 'mood' has no value"
    assert str(PostAnalysisTypeError("mood", "text", "number")) == "Post-analysis field 'mood' holds number, not text"
