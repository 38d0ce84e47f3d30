"""Waits for a call, through outages of minutes and what ends them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.support.wire import End, ReceivedRequest, Step, envelope, good, http

from .rows import Stall, fault, http1_only

POLLS = 24
"""Requests that fail: with the delays of a wait, an outage of minutes."""


def respond_in_turn(name: str, expect: str, *phases: tuple[int, Step], requests: int, **details: Any) -> None:
    """Add a wait whose server does what each phase says, for so many requests each, and then has the analysis."""

    def script(request: ReceivedRequest) -> Iterator[Step]:
        left = request.attempt
        for count, step in phases:
            left -= count
            if left <= 0:
                yield in_progress(request) if step == IN_PROGRESS else step
                if step == CUT_BODY:
                    yield End.CLOSE
                return
        yield good(request)

    details = {"attempts": None, "wait": {}, "timeout": 900.0, "options": {"max_retries": 0}, **details}
    fault(f"wait-{name}", expect, requests=requests, **details)(script)


def in_progress(request: ReceivedRequest) -> bytes:
    """Respond with a call that is not over."""
    return http(envelope(request.call_id, status="in progress", call_analysis=None))


IN_PROGRESS = b"in progress"
CUT_BODY = http(b'{"err": false, "results": {"call_', "200 OK", "Content-Length: 900", length=False)
FAILURES: dict[str, Step] = {
    "503": http(b'{"err": true, "msg": "busy"}', "503 Service Unavailable"),
    "gateway-page": http(b"<html><h1>502 Bad Gateway</h1></html>", "502 Bad Gateway"),
    "origin-is-down": http(b"error code: 521", "521"),
    "reset": End.RESET,
    "close": End.CLOSE,
    "cut-body": CUT_BODY,
    "not-http": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
}
for _name, _step in FAILURES.items():
    respond_in_turn(
        f"outage-{_name}",
        "Call",
        (2, IN_PROGRESS),
        (POLLS, _step),
        requests=POLLS + 3,
        left_out=http1_only("these are the bytes of a response to HTTP/1.1")
        if _name in ("cut-body", "not-http")
        else {},
    )
respond_in_turn(
    "outage-503-with-retries", "Call", (1, IN_PROGRESS), (30, FAILURES["503"]), requests=32, options={"max_retries": 2}
)
respond_in_turn(
    "outage-that-exhausts-the-quota", "Call", (60, FAILURES["503"]), requests=61, options={"max_retries": 9}
)
respond_in_turn("outage-to-the-end", "WaitTimeoutError", (9999, FAILURES["503"]), requests=67, timeout=600.0)
for _status, _requests in (("429 Too Many Requests", 3), ("503 Service Unavailable", 3)):
    respond_in_turn(
        f"{_status[:3]}-with-retry-after-of-minutes",
        "Call",
        (1, IN_PROGRESS),
        (1, http(b"", _status, "Retry-After: 400")),
        requests=_requests,
        waits=400.5,
    )
respond_in_turn("404-for-a-while", "Call", (4, http(b"", "404 Not Found")), requests=5, wait={"not_found_for": 60})
respond_in_turn("404", "NotFoundError", (1, http(b"", "404 Not Found")), requests=1)
respond_in_turn("key-is-revoked", "AuthenticationError", (2, IN_PROGRESS), (1, http(b"", "401 No")), requests=3)
respond_in_turn("forbidden", "PermissionDeniedError", (2, IN_PROGRESS), (1, http(b"", "403 No")), requests=3)
respond_in_turn("another-call", "CallIdMismatchError", (2, IN_PROGRESS), (1, http(envelope("another"))), requests=3)
respond_in_turn("page-of-a-proxy", "ResponseDecodeError", (2, IN_PROGRESS), (1, http(b"<html>")), requests=3)
respond_in_turn("never-over", "WaitTimeoutError", (9999, IN_PROGRESS), requests=67, timeout=600.0)


@fault(
    "wait-never-responds", "WaitTimeoutError", attempts=None, requests=1, stall=Stall.RESPONSE, wait={}, timeout=60.0
)
def never_responds(request: ReceivedRequest) -> Iterator[Step]:
    """Be silent from the first poll to the deadline of the wait."""
    yield End.HOLD
