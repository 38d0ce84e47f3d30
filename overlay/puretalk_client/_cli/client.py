"""The client of a command."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from .._client import AsyncPuretalk
from .interrupts import raising_interrupts

T = TypeVar("T")


@dataclass(frozen=True)
class Connection:
    """How the API is reached; None is the client's default.

    Attributes:
        base_url: Where the API is.
        timeout: Seconds for a request.
        rate_limit: Attempts in a second.
        concurrency: How many calls are fetched at a time.
    """

    base_url: str | None = None
    timeout: float | None = None
    rate_limit: float | None = None
    concurrency: int | None = None

    def open(self) -> AsyncPuretalk:
        """Make the client. It reads the API key from the environment."""
        timeout: dict[str, Any] = {} if self.timeout is None else {"timeout": self.timeout}
        return AsyncPuretalk(base_url=self.base_url, rate_limit=self.rate_limit, **timeout)


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's work. Ctrl-C cancels it."""
    with raising_interrupts():
        return asyncio.run(work)
