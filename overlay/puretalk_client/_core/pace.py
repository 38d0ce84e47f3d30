"""How fast requests may leave after the server said that they come too fast (RFC 6585, section 4)."""

from __future__ import annotations

import contextlib
import math
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

from ..errors import ConfigurationError

MIN_RATE = 1.0
"""Requests in a second after a refusal without a success: the least that a client begins with."""
FIRST_GROWTH = 2.0
"""Seconds in which a rate that was estimated doubles. Slowly first, then faster and faster, as CUBIC (RFC 9438)."""
LATER_DIP, LATER_GROWTH = 8.0, 15.8
"""The same for a rate at which requests were refused: 13 % less at once, the old rate after 8 s, twice it after 24."""
MAX_SUCCESSES = 1000


class Interval:
    """A rate that requests keep to: each leaves so many seconds after the one before, and none makes up for a pause."""

    def __init__(self, rate: float) -> None:
        """Set the rate, in requests per second."""
        self._gap = 1 / rate
        self._next_at = 0.0

    def next_at(self, now: float) -> float:
        """Return when the next request may leave, in seconds of a monotonic clock."""
        return max(now, self._next_at)

    def reserve(self, leaves_at: float) -> None:
        """Count a request that leaves at the time that ``next_at`` returned."""
        self._next_at = leaves_at + self._gap


class Pace:
    """A pause that all requests of a client observe, and a rate at which they leave afterwards.

    The server does not say which rate it allows. Without a rate, all requests that waited would leave in one moment,
    and most be refused again. The successes before a refusal, over the time from the first of them to the end of the
    pause, are an estimate; only those of the last seconds count, as many as the pause has. From there the rate grows
    until the next refusal.
    """

    def __init__(self) -> None:
        self.resumes_at: float = 0.0
        """End of the pause. All times are those of a monotonic clock, in seconds."""
        self.changes: int = 0
        """How often the pause changed: what was reserved before has to be reserved again."""
        self._next_at = 0.0
        self._successes: deque[float] = deque(maxlen=MAX_SUCCESSES)
        self._refused_at, self._lookback = 0.0, 1.0
        self._peak = math.inf  # where the curve of the rate is flat
        self._is_estimated = True
        self._dip, self._growth = 0.0, FIRST_GROWTH

    def next_at(self, now: float) -> float:
        """Return when the next request may leave. During a pause, none can be reserved."""
        return max(now, self._next_at)

    def reserve(self, leaves_at: float) -> None:
        """Count a request that leaves at the time that ``next_at`` returned, after the pause."""
        if not self._is_estimated:
            self._is_estimated, self._peak = True, max(MIN_RATE, self._estimate())
        self._next_at = leaves_at + 1 / self.rate(leaves_at)

    def rate(self, now: float) -> float:
        """Return how many requests may leave in a second."""
        if math.isinf(self._peak):
            return math.inf
        return self._peak * (1 + ((now - self.resumes_at - self._dip) / self._growth) ** 3)

    def refuse(self, now: float, pause: float) -> None:
        """Note a refusal; no request leaves for ``pause`` seconds, or for longer if that was said before."""
        was_paused = now < self.resumes_at
        rate = self.rate(now)  # before the pause changes it
        if now + pause > self.resumes_at or not was_paused:
            self.changes += 1
            self.resumes_at = self._next_at = now + pause
        if was_paused:
            return  # one of those that had left already
        self._refused_at, self._lookback = now, max(pause, 1.0)
        recent = sum(success >= now - self._lookback for success in self._successes) / self._lookback
        if recent >= rate / 2:  # requests did leave at that rate
            self._peak, self._dip, self._growth = min(rate, max(recent, 0.7 * rate)), LATER_DIP, LATER_GROWTH
        else:
            self._is_estimated, self._dip, self._growth = False, 0.0, FIRST_GROWTH

    def succeed(self, now: float) -> None:
        """Note a success."""
        self._successes.append(now)

    def _estimate(self) -> float:
        recent = [success for success in self._successes if success >= self._refused_at - self._lookback]
        return len(recent) / max(self.resumes_at - recent[0], 0.001) if recent else 0.0


@contextlib.asynccontextmanager
async def entered(limiter: AbstractAsyncContextManager[object]) -> AsyncIterator[None]:
    """Enter the caller's limiter, and leave it without telling it of exceptions, which hold what people said."""
    try:
        await limiter.__aenter__()
    except Exception as error:
        raise ConfigurationError(f"rate_limit raised {type(error).__name__}") from None
    try:
        yield
    finally:
        with contextlib.suppress(Exception):
            await limiter.__aexit__(None, None, None)
