# Generated from openapi.yaml by openapi-python-client 0.29.1 ("make generate"). Do not edit.
from __future__ import annotations

from attrs import frozen

from ..types import redacted_repr as _redacted_repr


@frozen(kw_only=True, repr=False)
class CallMetadata:
    """The metadata of the call"""

    model: str | None = None
    """The model of the call"""

    __repr__ = _redacted_repr
