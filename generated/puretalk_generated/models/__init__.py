# Generated from openapi.yaml by openapi-python-client 0.29.1 ("make generate"). Do not edit.
"""Contains all the data models used in inputs/outputs"""

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
