# Generated from openapi.yaml by openapi-python-client 0.29.1 ("make generate"). Do not edit.
from __future__ import annotations

from attrs import frozen

from ..types import redacted_repr as _redacted_repr


@frozen(kw_only=True, repr=False)
class Error:
    """The spec's ``Error``."""

    err: bool
    msg: str

    __repr__ = _redacted_repr
