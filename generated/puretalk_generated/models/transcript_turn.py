# Generated from openapi.yaml by openapi-python-client 0.29.1 ("make generate"). Do not edit.
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from ..types import redacted_repr as _redacted_repr

if TYPE_CHECKING:
    from ..models.turn_latency import TurnLatency


@frozen(kw_only=True, repr=False)
class TranscriptTurn:
    """The spec's ``TranscriptTurn``."""

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
