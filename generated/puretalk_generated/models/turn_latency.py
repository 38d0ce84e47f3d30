# Generated from openapi.yaml by openapi-python-client 0.29.1 ("make generate"). Do not edit.
from __future__ import annotations

from attrs import frozen

from ..types import redacted_repr as _redacted_repr


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
