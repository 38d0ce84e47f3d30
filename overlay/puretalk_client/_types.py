"""Values that every layer may use. This module imports nothing of the package."""

from __future__ import annotations

from typing import Literal, TypeAlias

from attrs import frozen

JSON: TypeAlias = "dict[str, JSON] | list[JSON] | str | int | float | bool | None"
"""Any JSON value."""

DriftKind: TypeAlias = Literal["unknown field", "unknown value", "wrong type", "missing", "inconsistent"]


Missing: TypeAlias = Literal["call", "final", "analysis", "recording", "predicate"]


@frozen
class Drift:
    """One place where a response does not match openapi.yaml. The value itself is never kept.

    Attributes:
        path: JSONPath (RFC 9535) of the value; ``[*]`` stands for any item of an array, and for any name that can
            be personal data.
        expected: The type that openapi.yaml documents; "nothing" for an unknown field.
        actual: The JSON type received: object, array, string, number, boolean, null, or missing.
        kind: ``unknown field``: the document does not have the field. ``unknown value``: the value is not in
            the enum. ``wrong type``: the value has another type or format. ``missing``: a required field is
            missing. ``inconsistent``: the value contradicts an earlier response; only ``wait`` and ``watch`` compare
            responses.
    """

    path: str
    expected: str
    actual: str
    kind: DriftKind


@frozen(kw_only=True)
class Attempt:
    """One request on the wire and its outcome. Nothing in it identifies a call or a caller.

    Attributes:
        operation: Name of the operation, e.g. ``get_call``; None for a request that no operation built.
        method: HTTP method.
        path_template: Path as in openapi.yaml, e.g. ``/calls/{call_id}``; None for a request that no operation built.
        number: 1 for the first attempt of a request.
        status_code: HTTP status code of the response, if there was one.
        error: Name of the error's class, or ``CancelledError``; None after a success.
        elapsed: Seconds of this attempt, until the body was decoded.
        retry_in: Seconds until the next attempt; None if none follows.
        request_id: The ``x-request-id`` header of the response, if there was one.
    """

    operation: str | None
    method: str
    path_template: str | None
    number: int
    status_code: int | None
    error: str | None
    elapsed: float
    retry_in: float | None
    request_id: str | None
