# Generated from openapi.yaml by openapi-python-client 0.29.1 ("make generate"). Do not edit.
"""The models of the spec. Each is imported when it is first used."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .call import Call
    from .call_analysis import CallAnalysis
    from .call_answered_by import CallAnsweredBy
    from .call_metadata import CallMetadata
    from .call_protocol import CallProtocol
    from .call_sentiment import CallSentiment
    from .call_type import CallType
    from .error import Error
    from .get_call_response import GetCallResponse
    from .post_analysis_item import PostAnalysisItem
    from .transcript_turn import TranscriptTurn
    from .turn_latency import TurnLatency
else:
    _MODULES = {
        "Call": ".call",
        "CallAnalysis": ".call_analysis",
        "CallAnsweredBy": ".call_answered_by",
        "CallMetadata": ".call_metadata",
        "CallProtocol": ".call_protocol",
        "CallSentiment": ".call_sentiment",
        "CallType": ".call_type",
        "Error": ".error",
        "GetCallResponse": ".get_call_response",
        "PostAnalysisItem": ".post_analysis_item",
        "TranscriptTurn": ".transcript_turn",
        "TurnLatency": ".turn_latency",
    }

    def __getattr__(name: str) -> Any:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = model = getattr(import_module(_MODULES[name], __name__), name)
        return model

    def __dir__() -> list[str]:
        return sorted({*globals(), *_MODULES})


__all__ = (
    "Call",
    "CallAnalysis",
    "CallAnsweredBy",
    "CallMetadata",
    "CallProtocol",
    "CallSentiment",
    "CallType",
    "Error",
    "GetCallResponse",
    "PostAnalysisItem",
    "TranscriptTurn",
    "TurnLatency",
)
