"""What became of one row over one transport, and where that is not as the table says."""

from __future__ import annotations

from attrs import define, field

from puretalk_client import Call, Drift, errors

from .rows import Row

MAX_ATTEMPTS = 3


@define(kw_only=True)
class Outcome:
    """One row as it was played over one transport."""

    row: Row
    transport: str
    url: str
    """The base URL that the client used."""
    result: str = "nothing"
    """``Call``, ``Recording``, or the class of the error."""
    error: errors.PuretalkError | None = None
    requests: int = 0
    """Requests that the server saw."""
    elapsed: float = 0.0
    """Seconds by the clock of the event loop, which is moved where a row stalls."""
    moved: float = 0.0
    """The part of these seconds by which the clock was moved: all that the client's own clock shows."""
    slept: float = 0.0
    """Seconds of all delays of the client, also before this request."""
    problems: list[str] = field(factory=list)

    @property
    def overrun(self) -> float:
        """Seconds beyond the deadline. A wait goes by the client's clock, which stands still during its many polls."""
        return max(0.0, (self.elapsed if self.row.wait is None else self.moved) - self.row.timeout)


def mismatches(outcome: Outcome, result: object, call_id: str, drifts: list[Drift]) -> list[str]:
    """Say where an outcome is not as the table says."""
    row, found = outcome.row, []
    if outcome.result not in row.expect.split(" or "):
        found.append(f"received {outcome.result}")
    if isinstance(result, Call):
        found += call_mismatches(result, row, call_id)
    expected_requests = row.attempts if row.requests is None else row.requests
    if outcome.requests != expected_requests and (expected_requests is not None or outcome.requests > MAX_ATTEMPTS):
        found.append(f"{outcome.requests} requests, not {expected_requests}")
    if row.waits is not None and not is_close(outcome.slept, row.waits):
        found.append(f"delays of {outcome.slept:g} s, not {row.waits} s")
    if row.drifts is not None and len(drifts) != row.drifts:
        found.append(f"{len(drifts)} drifts, not {row.drifts}")
    if outcome.error is not None:
        is_timeout_of_wait = isinstance(outcome.error, errors.WaitTimeoutError)
        if not is_timeout_of_wait:  # which is about many requests
            found += facts_missing(outcome.error, row, call_id)
        # Any other error that ends a wait is about its last request.
        if (row.wait is None or is_timeout_of_wait) and not is_close(outcome.error.elapsed, outcome.moved):
            found.append(f"the error reports {outcome.error.elapsed:g} s, not {outcome.moved:g} s")
    return found


def call_mismatches(call: Call, row: Row, call_id: str) -> list[str]:
    """Say where a call is not the one that was requested, or not as the table says."""
    found = [f"{name} is not None" for name in row.nulls if getattr(call, name) is not None]
    if call.call_id is not None and row.options.get("verify_call_id", True):
        received, expected = (text.replace("-", "").lower() for text in (str(call.call_id), call_id))
        if received != expected:
            found.append("received another call")
    return found


def facts_missing(error: errors.PuretalkError, row: Row, call_id: str) -> list[str]:
    """Say which facts an error does not report as the table says."""
    found = []
    if row.attempts is not None and error.attempts != row.attempts:
        found.append(f"the error reports {error.attempts} attempts, not {row.attempts}")
    path = call_id if row.download is None else "(download)"
    if error.method != "GET" or error.path is None or not error.path.endswith(path):
        found.append("the error does not report its request")
    if row.retry_after is not None and not is_close(error.retry_after, row.retry_after):
        found.append(f"retry_after is {error.retry_after}, not {row.retry_after}")
    return found


def is_close(value: float | None, expected: float) -> bool:
    """Whether a number of seconds is there and as expected, apart from rounding."""
    return value is not None and abs(value - expected) < 1e-6
