# Generated from openapi.yaml by openapi-python-client 0.29.1 ("make generate"). Do not edit.
from __future__ import annotations

from attrs import frozen

from ..types import redacted_repr as _redacted_repr


@frozen(kw_only=True, repr=False)
class PostAnalysisItem:
    """The spec's ``PostAnalysisItem``."""

    name: str | None = None
    """The name of the post analysis data"""
    value: bool | float | int | str | None = None
    """The value of the post analysis data"""

    __repr__ = _redacted_repr
