"""Async Python client for the Puretalk AI voice-call API."""

from ._client import AsyncPuretalk
from ._decoding import Drift
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
    PostAnalysisMissingError,
    PostAnalysisTypeError,
    ProtocolError,
    PuretalkError,
    RateLimitError,
    ResponseDecodeError,
    ServerError,
    TLSError,
)
from .models import Call, CallStatus, PostAnalysis, TranscriptTurn, TurnLatency

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
    "PostAnalysis",
    "PostAnalysisMissingError",
    "PostAnalysisTypeError",
    "ProtocolError",
    "PuretalkError",
    "RateLimitError",
    "ResponseDecodeError",
    "ServerError",
    "TLSError",
    "TranscriptTurn",
    "TurnLatency",
]

__version__ = "0.1.0"
