"""Fetching many calls in virtual time, without a client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import pytest

from puretalk_client import Call, FetchResults

IDS = [f"c-{number}" for number in range(30)]


class Fetcher:
    """Fetches calls in so many seconds of virtual time, some of them in vain.

    Attributes:
        begun: The ids, in the order in which fetching began.
        running: How many are being fetched.
    """

    def __init__(
        self,
        seconds: float | Callable[[Any], float] = 1.0,
        failures: dict[Any, BaseException] | None = None,
    ) -> None:
        self._seconds, self._failures = seconds, failures or {}
        self.begun: list[Any] = []
        self.running = 0

    async def __call__(self, call_id: Any) -> Call:
        """Fetch a call."""
        self.begun.append(call_id)
        self.running += 1
        try:
            await asyncio.sleep(self._seconds(call_id) if callable(self._seconds) else self._seconds)
        finally:
            self.running -= 1
        if call_id in self._failures:
            raise self._failures[call_id]
        return Call(call_id=str(call_id))

    def many(self, ids: Any = IDS, *, concurrency: int = 4, ordered: bool = False) -> FetchResults:
        """Fetch many."""
        return FetchResults(self, ids, concurrency, ordered=ordered)


def number(call_id: str) -> int:
    """Return the number of one of ``IDS``."""
    return int(call_id.removeprefix("c-"))


async def as_async(ids: Iterable[Any]) -> AsyncIterator[Any]:
    """Iterate asynchronously."""
    for call_id in ids:
        await asyncio.sleep(0.1)
        yield call_id


async def outcome(results: FetchResults) -> tuple[list[Any], BaseException | None]:
    """Return the ids of the results, and the error that ended them."""
    found: list[Any] = []
    try:
        async for result in results:
            found.append(result.call_id)
    except BaseException as error:
        return found, error
    return found, None


async def cancel_after(work: Any, seconds: float) -> None:
    """Cancel a task after some time, and see that it ends by that."""
    task = asyncio.create_task(work)
    await asyncio.sleep(seconds)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


both_orders = pytest.mark.parametrize("ordered", [False, True])
both_kinds = pytest.mark.parametrize("kind", [list, iter, as_async])
