"""Calls, and what describes requests and differences. Never run: mypy --strict and pyright check it."""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, assert_type

from puretalk_client import (
    AsyncPuretalk,
    Attempt,
    Call,
    CallAnalysis,
    CallMetadata,
    CallsResource,
    CallStatus,
    Drift,
    FetchResult,
    Paginator,
    PostAnalysis,
    PostAnalysisItem,
    PuretalkError,
    RawResponse,
    Retries,
    TranscriptTurn,
    TurnLatency,
)
from puretalk_client._raw_calls import RawCalls
from puretalk_client._types import JSON
from puretalk_client.drift import (
    MAX_DRIFTS,
    MAX_UNREADABLE,
    Comparison,
    CountedDrift,
    DriftReport,
    drift_report,
    parse_text,
)
from puretalk_client.models import NAMED_BY_CUSTOMERS, REPLACED, CallEnvelope, replaced
from puretalk_generated.api.calls import get_call
from puretalk_generated.models import GetCallResponse


def read_async_puretalk(value: AsyncPuretalk) -> None:
    """Read AsyncPuretalk."""
    assert_type(value.calls, CallsResource)
    assert_type(value.base_url, str)
    assert_type(value.timeout, float)
    assert_type(value.max_retries, int | None)
    assert_type(value.retries, Retries)
    assert_type(value.max_connections, int)
    assert_type(value.max_response_bytes, int)


def read_attempt(value: Attempt) -> None:
    """Read Attempt."""
    assert_type(value.operation, str | None)
    assert_type(value.method, str)
    assert_type(value.path_template, str | None)
    assert_type(value.number, int)
    assert_type(value.status_code, int | None)
    assert_type(value.error, str | None)
    assert_type(value.elapsed, float)
    assert_type(value.retry_in, float | None)
    assert_type(value.request_id, str | None)


def read_call(value: Call) -> None:
    """Read Call."""
    assert_type(value.call_analysis, CallAnalysis | None)
    assert_type(value.protocol, Literal["telnyx", "twilio", "web"] | None)
    assert_type(value.call_id, str | None)
    assert_type(value.from_number, str | None)
    assert_type(value.to_number, str | None)
    assert_type(value.assistant_id, str | None)
    assert_type(value.assistant_name, str | None)
    assert_type(value.voice_id, str | None)
    assert_type(value.voice_name, str | None)
    assert_type(value.start_time, datetime | None)
    assert_type(value.end_time, datetime | None)
    assert_type(value.call_duration_seconds, int | None)
    assert_type(value.call_type, Literal["incoming", "outgoing"] | None)
    assert_type(value.transcript, str | None)
    assert_type(value.transcript_object, list[TranscriptTurn] | None)
    assert_type(value.provider_call_id, str | None)
    assert_type(value.variables, list[str] | None)
    assert_type(value.answered_by, Literal["human", "machine"] | None)
    assert_type(value.call_recording_enabled, bool | None)
    assert_type(value.call_recording_url, str | None)
    assert_type(value.campaign_id, str | None)
    assert_type(value.sentiment, Literal["n/a", "negative", "neutral", "positive"] | None)
    assert_type(value.is_billed, bool | None)
    assert_type(value.status, CallStatus)
    assert_type(value.metadata, CallMetadata)
    assert_type(value.post_analysis, PostAnalysis)


def read_call_analysis(value: CallAnalysis) -> None:
    """Read CallAnalysis."""
    assert_type(value.summary, str | None)
    assert_type(value.call_completion_summary, str | None)
    assert_type(value.call_completion, str | None)
    assert_type(value.task_completion_summary, str | None)
    assert_type(value.task_completion, str | None)
    assert_type(value.post_analysis_data, list[PostAnalysisItem] | None)


def read_call_metadata(value: CallMetadata) -> None:
    """Read CallMetadata."""
    assert_type(value.model, str | None)
    assert_type(value.received, JSON)


def read_call_status(value: CallStatus) -> None:
    """Read CallStatus."""
    assert_type(CallStatus.QUEUED, Literal[CallStatus.QUEUED])
    assert_type(CallStatus.RINGING, Literal[CallStatus.RINGING])
    assert_type(CallStatus.IN_PROGRESS, Literal[CallStatus.IN_PROGRESS])
    assert_type(CallStatus.COMPLETED, Literal[CallStatus.COMPLETED])
    assert_type(CallStatus.FAILED, Literal[CallStatus.FAILED])
    assert_type(CallStatus.BUSY, Literal[CallStatus.BUSY])
    assert_type(CallStatus.NO_ANSWER, Literal[CallStatus.NO_ANSWER])
    assert_type(CallStatus.CANCELED, Literal[CallStatus.CANCELED])
    assert_type(value.received, JSON)
    assert_type(value.is_known, bool)
    assert_type(value.is_final, bool)


def read_calls_resource(value: CallsResource) -> None:
    """Read CallsResource."""
    assert_type(value.with_raw_response, RawCalls)


def read_drift(value: Drift) -> None:
    """Read Drift."""
    assert_type(value.path, str)
    assert_type(value.expected, str)
    assert_type(value.actual, str)
    assert_type(value.kind, Literal["unknown field", "unknown value", "wrong type", "missing", "inconsistent"])


def read_fetch_result(value: FetchResult) -> None:
    """Read FetchResult."""
    assert_type(value.call_id, str | uuid.UUID)
    assert_type(value.call, Call | None)
    assert_type(value.error, PuretalkError | None)


def read_paginator(value: Paginator[Call]) -> None:
    """Read Paginator."""
    assert_type(value.page, int | None)
    assert_type(value.count, int | None)


def read_post_analysis(value: PostAnalysis) -> None:
    """Read PostAnalysis."""
    assert_type(value.pairs, tuple[tuple[str | None, str | int | float | bool | None], ...])


def read_post_analysis_item(value: PostAnalysisItem) -> None:
    """Read PostAnalysisItem."""
    assert_type(value.name, str | None)
    content: bool | float | int | str | None = value.value
    del content


def read_raw_response(value: RawResponse[Call]) -> None:
    """Read RawResponse."""
    assert_type(value.status_code, int)
    assert_type(value.headers, Mapping[str, str])
    assert_type(value.content, bytes)
    assert_type(value.request_id, str | None)
    assert_type(value.attempts, int)
    assert_type(value.elapsed, float)


def read_retries(value: Retries) -> None:
    """Read Retries."""
    assert_type(value.max_retries, int | None)
    assert_type(value.max_delay, float)
    assert_type(value.deadline, float | None)
    assert_type(value.limit, float)


def read_transcript_turn(value: TranscriptTurn) -> None:
    """Read TranscriptTurn."""
    assert_type(value.role, str | None)
    assert_type(value.content, str | None)
    assert_type(value.function_name, str | None)
    assert_type(value.interrupted, bool | None)
    assert_type(value.function_args, str | None)
    assert_type(value.tool_calls, list[Any] | None)
    assert_type(value.turn_latency, TurnLatency | None)


def read_turn_latency(value: TurnLatency) -> None:
    """Read TurnLatency."""
    assert_type(value.latency, float | None)
    assert_type(value.eou_delay, float | None)
    assert_type(value.llm_latency, float | None)
    assert_type(value.tts_latency, float | None)


def read_comparison(value: Comparison) -> None:
    """Read Comparison."""
    assert_type(value.model, object)
    assert_type(value.responses, int)
    assert_type(value.unreadable, list[str])
    assert_type(value.unreadable_count, int)
    assert_type(value.complete, bool)
    counts: Mapping[Drift, object] = value.counts
    del counts


def read_counted_drift(value: CountedDrift) -> None:
    """Read CountedDrift."""
    assert_type(value.path, str)
    assert_type(value.expected, str)
    assert_type(value.actual, str)
    assert_type(value.kind, Literal["unknown field", "unknown value", "wrong type", "missing", "inconsistent"])
    assert_type(value.occurrences, int)
    assert_type(value.responses, int)


def read_drift_report(value: DriftReport) -> None:
    """Read DriftReport."""
    assert_type(value.responses, int)
    assert_type(value.drifts, tuple[CountedDrift, ...])
    assert_type(value.unreadable, tuple[str, ...])
    assert_type(value.unreadable_count, int)
    assert_type(value.complete, bool)


def constants() -> None:
    """Read the constants."""
    limits: list[int] = [MAX_DRIFTS, MAX_UNREADABLE]
    del limits
    assert_type(CallEnvelope, Any)
    assert_type(NAMED_BY_CUSTOMERS, frozenset[str])
    assert_type(REPLACED, Mapping[Any, Any])
    assert_type(replaced, Mapping[Any, Any])


async def raw(client: AsyncPuretalk) -> None:
    """``parse`` returns the call, and ``map`` another type for it."""
    response = await client.calls.with_raw_response.get("1", timeout=5)
    assert_type(response, RawResponse[Call])
    assert_type(response.parse(), Call)
    assert_type(response.map(lambda call: call.status), RawResponse[CallStatus])
    assert_type(await client.send_raw(get_call.request("1"), get_call.RESPONSES), RawResponse[GetCallResponse])


def values(fields: PostAnalysis, retries: Retries) -> None:
    """All values of a name that came several times, and options that replace others."""
    assert_type(fields.all("name"), tuple[str | int | float | bool | None, ...])
    assert_type(retries.replaced_by(3), Retries)


def differences(comparison: Comparison) -> None:
    """Recorded responses are bytes or text."""
    assert_type(drift_report([b"{}", "{}"]), DriftReport)
    assert_type(drift_report([], GetCallResponse), DriftReport)
    assert_type(parse_text(b"{}"), tuple[JSON, Sequence[Drift]])
    assert_type(comparison.add(b"{}", "a file"), None)
    assert_type(comparison.skip("a file", "empty"), None)
    assert_type(comparison.report(), DriftReport)
    drift_report(b"{}")  # type: ignore[arg-type]
