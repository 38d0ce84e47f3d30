"""The traffic of a sandbox: faults that tests script, and what a gateway does over time, a rate limit and outages."""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass

from ._fault import Fault


def running_clock() -> float | None:
    """Return the time of the running event loop, which may be virtual; None if none runs in this thread."""
    try:
        return asyncio.get_running_loop().time()
    except RuntimeError:
        return None


def wall_time() -> float:
    """Return the seconds since the epoch by the running event loop."""
    now: float = getattr(asyncio.get_running_loop(), "wall_time", time.time)()
    return now


class RateLimit:
    """A token bucket: ``rate`` requests per second, and up to ``burst`` at once after a pause.

    Raises:
        ValueError: The rate is not a positive number, or the burst is less than one request.
    """

    def __init__(self, rate: float, burst: float | None) -> None:
        self._burst = max(1.0, rate) if burst is None else burst
        if not (math.isfinite(rate) and rate > 0):
            raise ValueError(f"rate must be a positive number of requests per second, not {rate}")
        if not (math.isfinite(self._burst) and self._burst >= 1):
            raise ValueError(f"burst must be one request or more, not {burst}")
        self._rate, self._tokens, self._counted_at = rate, self._burst, -math.inf

    def refusal(self, now: float) -> Fault | None:
        """Count a request. If it comes too early, return the 429 that it gets instead."""
        self._tokens = min(self._burst, self._tokens + max(0.0, now - self._counted_at) * self._rate)
        self._counted_at = now
        if self._tokens > 1 - 1e-6:  # sums of floats are not exact
            self._tokens -= 1
            return None
        # RFC 9110, section 10.2.3: Retry-After is a whole number of seconds.
        seconds = math.ceil((1 - self._tokens) / self._rate)
        return Fault(status=429, headers={"Retry-After": str(seconds)})


@dataclass
class Outage:
    """A fault for ``seconds`` from ``start`` on, or from the first request on if that is None."""

    fault: Fault
    seconds: float
    start: float | None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.seconds) and self.seconds > 0):
            raise ValueError(f"an outage lasts a positive number of seconds, not {self.seconds}")

    def is_over(self, now: float) -> bool:
        """Whether the outage is over."""
        if self.start is None:
            self.start = now
        return now >= self.start + self.seconds


class Traffic:
    """What happens to the requests of a sandbox, whose lock protects it."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.outages: list[Outage] = []
        self.rate_limit: RateLimit | None = None

    def take_fault(self, call_id: str | None, *, is_recording: bool) -> Fault:
        """Return the fault of a request, which changes nothing if there is none for it."""
        now = running_clock() or 0.0
        if not is_recording and self.rate_limit is not None and (refusal := self.rate_limit.refusal(now)) is not None:
            return refusal
        self.outages = [outage for outage in self.outages if not outage.is_over(now)]
        for faults in (self.faults, [outage.fault for outage in self.outages]):
            for index, fault in enumerate(faults):
                if fault.recording == is_recording and fault.call_id in (None, call_id):
                    return faults.pop(index)
        return Fault()
