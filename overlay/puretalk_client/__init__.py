"""Async Python client for the Puretalk AI voice-call API."""

from typing import TYPE_CHECKING, Any

from . import models
from ._client import AsyncPuretalk
from ._decoding import Drift
from ._version import __version__
from .errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    ConfigurationError,
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
    RecordingError,
    ResponseDecodeError,
    ResponseTooLargeError,
    ServerError,
    TLSError,
    WrongCallError,
)
from .models import Call, CallStatus, PostAnalysis

if TYPE_CHECKING:
    from .models import TranscriptTurn, TurnLatency

__all__ = [
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "AsyncPuretalk",
    "AuthenticationError",
    "Call",
    "CallStatus",
    "ConfigurationError",
    "Drift",
    "EnvelopeError",
    "InvalidCallIdError",
    "MissingResultsError",
    "NotFoundError",
    "PermissionDeniedError",
    "PoolTimeoutError",
    "PostAnalysis",
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
    "TranscriptTurn",
    "TurnLatency",
    "WrongCallError",
    "__version__",
]


def __getattr__(name: str) -> Any:
    if name in ("TranscriptTurn", "TurnLatency"):
        return getattr(models, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
