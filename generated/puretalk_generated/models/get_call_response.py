# Generated from openapi.yaml by openapi-python-client 0.29.1 ("make generate"). Do not edit.
from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from ..types import redacted_repr as _redacted_repr

if TYPE_CHECKING:
    from ..models.call import Call


@frozen(kw_only=True, repr=False)
class GetCallResponse:
    """The spec's ``GetCallResponse``."""

    msg: str | None = None
    """A success message"""
    err: bool | None = None
    """Indicates if there was an error"""
    results: Call | None = None

    __repr__ = _redacted_repr
