# Generated from openapi.yaml by openapi-python-client 0.29.1 ("make generate"). Do not edit.
"""The models of the document."""

from __future__ import annotations

from typing import Any, Literal

from attrs import frozen

from .types import AwareDatetime
from .types import redacted_repr as _redacted_repr

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


CallAnsweredBy = Literal["human", "machine"]

CallProtocol = Literal["telnyx", "twilio", "web"]

CallSentiment = Literal["n/a", "negative", "neutral", "positive"]

CallType = Literal["incoming", "outgoing"]


@frozen(kw_only=True, repr=False)
class Call:
    """The schema ``Call``."""

    call_analysis: CallAnalysis | None = None
    """The analysis of the call"""
    protocol: CallProtocol | None = None
    """The protocol of the call"""
    call_id: str | None = None
    """The ID of the call"""
    from_number: str | None = None
    """The originating phone number"""
    to_number: str | None = None
    """The destination phone number"""
    assistant_id: str | None = None
    """The ID of the assistant"""
    assistant_name: str | None = None
    """The name of the assistant"""
    voice_id: str | None = None
    """The ID of the voice"""
    voice_name: str | None = None
    """The name of the voice"""
    start_time: AwareDatetime | None = None
    """The start time of the call"""
    end_time: AwareDatetime | None = None
    """The end time of the call"""
    call_duration_seconds: int | None = None
    """The duration of the call in seconds"""
    call_type: CallType | None = None
    """The type of call"""
    transcript: str | None = None
    """The transcript of the call"""
    transcript_object: list[TranscriptTurn] | None = None
    """The transcript of the call"""
    status: str | None = None
    """The status of the call"""
    provider_call_id: str | None = None
    """The ID of the call from the provider"""
    metadata: CallMetadata | None = None
    """The metadata of the call"""
    variables: list[str] | None = None
    answered_by: CallAnsweredBy | None = None
    """The name of the person who answered the call"""
    call_recording_enabled: bool | None = None
    """Whether the call recording is enabled"""
    call_recording_url: str | None = None
    """The URL of the call recording"""
    campaign_id: str | None = None
    sentiment: CallSentiment | None = None
    """The sentiment of the call"""
    is_billed: bool | None = None
    """Whether the call is billed"""

    __repr__ = _redacted_repr


@frozen(kw_only=True, repr=False)
class CallAnalysis:
    """The analysis of the call"""

    summary: str | None = None
    """A summary of the call"""
    call_completion_summary: str | None = None
    """A summary of the call completion"""
    call_completion: str | None = None
    """A summary of the call completion"""
    task_completion_summary: str | None = None
    """A summary of the task completion"""
    task_completion: str | None = None
    """A summary of the task completion"""
    post_analysis_data: list[PostAnalysisItem] | None = None

    __repr__ = _redacted_repr


@frozen(kw_only=True, repr=False)
class CallMetadata:
    """The metadata of the call"""

    model: str | None = None
    """The model of the call"""

    __repr__ = _redacted_repr


@frozen(kw_only=True, repr=False)
class Error:
    """The schema ``Error``."""

    err: bool
    msg: str

    __repr__ = _redacted_repr


@frozen(kw_only=True, repr=False)
class GetCallResponse:
    """The schema ``GetCallResponse``."""

    msg: str | None = None
    """A success message"""
    err: bool | None = None
    """Indicates if there was an error"""
    results: Call | None = None

    __repr__ = _redacted_repr


@frozen(kw_only=True, repr=False)
class PostAnalysisItem:
    """The schema ``PostAnalysisItem``."""

    name: str | None = None
    """The name of the post analysis data"""
    value: bool | float | int | str | None = None
    """The value of the post analysis data"""

    __repr__ = _redacted_repr


@frozen(kw_only=True, repr=False)
class TranscriptTurn:
    """The schema ``TranscriptTurn``."""

    role: str | None = None
    """Whether the role is user or assistant"""
    content: str | None = None
    """The content of the transcript"""
    function_name: str | None = None
    """The name of the function called"""
    interrupted: bool | None = None
    """Whether the turn was interrupted"""
    function_args: str | None = None
    """The arguments passed to the function"""
    tool_calls: list[Any] | None = None
    """Array of tool calls made during the turn"""
    turn_latency: TurnLatency | None = None
    """Latency metrics for the turn"""

    __repr__ = _redacted_repr


@frozen(kw_only=True, repr=False)
class TurnLatency:
    """Latency metrics for the turn"""

    latency: float | None = None
    """Total latency for the turn"""
    eou_delay: float | None = None
    """End of utterance delay"""
    llm_latency: float | None = None
    """LLM processing latency"""
    tts_latency: float | None = None
    """Text-to-speech latency"""

    __repr__ = _redacted_repr
