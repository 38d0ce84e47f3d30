# Generated from openapi.yaml by openapi-python-client 0.29.1 ("make generate"). Do not edit.
"""What the plain client raises."""

from typing import Any


class UnexpectedStatus(Exception):
    """The answer's status is no success.

    Attributes:
        status: HTTP status code.
        content: Body of the answer.
        parsed: The body as the spec describes it for this status, or None where it does not.
    """

    def __init__(self, status: int, content: bytes = b"", parsed: Any = None) -> None:
        super().__init__(status)  # the body may be personal, and args show in a repr
        self.status = status
        self.content = content
        self.parsed = parsed

    def __str__(self) -> str:
        return f"unexpected status {self.status}"


class UnexpectedContent(ValueError):
    """The answer's body is not what the spec describes."""
