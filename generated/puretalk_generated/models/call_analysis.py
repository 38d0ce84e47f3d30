# Generated from openapi.yaml by openapi-python-client 0.29.1 ("make generate"). Do not edit.
from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from ..types import redacted_repr as _redacted_repr

if TYPE_CHECKING:
    from ..models.post_analysis_item import PostAnalysisItem


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
