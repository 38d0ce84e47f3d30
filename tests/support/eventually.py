"""Waiting for a condition without a fixed delay."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

PATIENCE = 60.0
"""Seconds after which a test fails that would otherwise hang."""


async def eventually(condition: Callable[[], object]) -> None:
    """Let other tasks run until the condition is true.

    Raises:
        TimeoutError: It is not true after a minute.
    """
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0)
