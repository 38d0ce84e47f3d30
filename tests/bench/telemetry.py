"""Measures what telemetry adds to an attempt: ``python -m tests.bench.telemetry``.

Without an SDK, the hooks are timed on their own, since an attempt varies by more than they take. With one, they are
timed with a transport that responds at once.
"""

from __future__ import annotations

import asyncio
import timeit
from types import SimpleNamespace
from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from puretalk_client import AsyncPuretalk
from puretalk_client._core.exchange import Exchange
from puretalk_generated.api.calls import get_call

ROUNDS, NUMBER = 7, 100_000


class Instant:
    """Responds at once."""

    async def send(self, *_: object) -> Any:
        """Return a response."""
        return SimpleNamespace(http_version="1.1")


def best(statement: Any, number: int = NUMBER) -> float:
    """Return the microseconds of one run, the shortest of some rounds."""
    return min(timeit.repeat(statement, number=number, repeat=ROUNDS)) / number * 1e6


def hooks(exchange: Exchange) -> None:
    """Do what an attempt does, up to where a span would be made."""
    if (telemetry := exchange.channel.telemetry) is not None and (span := telemetry.start(exchange)) is not None:
        raise AssertionError(span)
    if exchange.span is not None:
        raise AssertionError


async def record(exchange: Exchange, count: int) -> None:
    """Make spans of attempts."""
    transport: Any = Instant()
    for _ in range(count):
        assert exchange.channel.telemetry is not None
        span = exchange.channel.telemetry.start(exchange)
        assert span is not None
        await span.send(transport, "GET", "", (), None)
        span.end(exchange, 0.0, None)


def exchange_of(*, telemetry: bool) -> Exchange:
    """Return a request of a client."""
    client = AsyncPuretalk("key", telemetry=telemetry)
    exchange = Exchange(client._sender, get_call.request("1"), get_call.RESPONSES, None, None, None)
    exchange.attempts, exchange.start = 1, 0.0
    return exchange


def main() -> None:
    """Print the microseconds of an attempt."""
    nothing = best(lambda: None)
    for label, telemetry in (("off", False), ("on, without an SDK", True)):
        exchange = exchange_of(telemetry=telemetry)
        print(f"{label}: {best(lambda exchange=exchange: hooks(exchange)) - nothing:.2f} us")
    trace.set_tracer_provider(TracerProvider())
    exchange, count = exchange_of(telemetry=True), 2_000
    print(f"on, with the SDK: {best(lambda: asyncio.run(record(exchange, count)), 1) / count:.1f} us")


if __name__ == "__main__":
    main()
