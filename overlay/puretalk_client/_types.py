"""Values that every layer may use. This module imports nothing of the package."""

from __future__ import annotations

from attrs import frozen


@frozen
class Drift:
    """One place where a response does not match openapi.yaml. The value itself is never kept.

    Attributes:
        path: JSONPath (RFC 9535) of the value; ``[*]`` stands for any item of an array.
        expected: The type that openapi.yaml documents.
        actual: The JSON type received: object, array, string, number, boolean, null, or missing.
    """

    path: str
    expected: str
    actual: str
