"""Outages that a patient request survives, and the end of its patience."""

from __future__ import annotations

from collections.abc import Iterator

from tests.support.wire import End, ReceivedRequest, Step, good, http

from puretalk_client import Retries

from .rows import Stall, fault

DOWN = 40
"""Attempts that fail: more than the 35 retries of a client that do not wait for quota."""


@fault(
    "outage-of-forty-attempts",
    attempts=DOWN + 1,
    waits=4.3,
    timeout=100.0,
    options={"retries": Retries(deadline=1000.0)},
)
def _(request: ReceivedRequest) -> Iterator[Step]:
    yield good(request) if request.attempt > DOWN else http(b"down", "503 Service Unavailable")


@fault(
    "outage-of-forty-resets",
    attempts=DOWN + 1,
    timeout=100.0,
    options={"retries": Retries(deadline=1000.0)},
)
def _(request: ReceivedRequest) -> Iterator[Step]:
    yield good(request) if request.attempt > DOWN else End.RESET


@fault(
    "outage-and-no-patience", "ServerError", attempts=36, timeout=100.0, options={"max_retries": 100, "retries": None}
)
@fault(
    "outage-longer-than-the-number-of-retries",
    "ServerError",
    attempts=11,
    waits=0.0,
    timeout=100.0,
    options={"retries": Retries(max_retries=10)},
)
def _(request: ReceivedRequest) -> Iterator[Step]:
    yield http(b"down", "503 Service Unavailable")


@fault("silent-attempt-of-a-patient-request", attempts=2, stall=Stall.RESPONSE, options={"retries": Retries()})
def _(request: ReceivedRequest) -> Iterator[Step]:
    yield End.HOLD if request.attempt == 1 else good(request)


@fault(
    "body-of-a-patient-request-stops", attempts=2, stall=Stall.RESPONSE, then_good=True, options={"retries": Retries()}
)
def _(request: ReceivedRequest) -> Iterator[Step]:
    whole = good(request)
    if request.attempt == 1:
        yield whole[:-20]
    yield End.HOLD if request.attempt == 1 else whole


@fault(
    "retry-after-of-five-minutes-and-patience",
    attempts=2,
    waits=300.0,
    timeout=1000.0,
    options={"retries": Retries(max_delay=300.0)},
)
def _(request: ReceivedRequest) -> Iterator[Step]:
    yield good(request) if request.attempt > 1 else http(b"", "503 Service Unavailable", "Retry-After: 300")
