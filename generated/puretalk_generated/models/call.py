# Generated from openapi.yaml by openapi-python-client 0.29.1 ("make generate"). Do not edit.
from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from ..models.call_answered_by import CallAnsweredBy
from ..models.call_protocol import CallProtocol
from ..models.call_sentiment import CallSentiment
from ..models.call_type import CallType
from ..types import AwareDatetime
from ..types import redacted_repr as _redacted_repr

if TYPE_CHECKING:
    from ..models.call_analysis import CallAnalysis
    from ..models.call_metadata import CallMetadata
    from ..models.transcript_turn import TranscriptTurn


@frozen(kw_only=True, repr=False)
class Call:
    """The spec's ``Call``."""

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
