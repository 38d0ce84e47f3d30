# Generated from openapi.yaml by openapi-python-client 0.29.1 ("make generate"). Do not edit.
"""What the plain client raises.

The stock client of openapi-python-client returns None for a status that the document does not describe, and lets any
exception through for a body that it cannot read.
"""

from __future__ import annotations

from typing import Any


class UnexpectedStatus(Exception):
    """The status of the response is not a documented success.

    Attributes:
        status: HTTP status code.
        content: Body of the response. It is neither in the message nor in the repr, since it may be personal.
        parsed: The decoded body if it matches what the document describes for this status, else None.
    """

    def __init__(self, status: int, content: bytes = b"", parsed: Any = None) -> None:
        super().__init__(status)  # not the body: a repr shows the arguments
        self.status = status
        self.content = content
        self.parsed = parsed

    def __str__(self) -> str:
        return f"unexpected status {self.status}"


class UnexpectedContent(ValueError):
    """The body of the response does not match the document."""
