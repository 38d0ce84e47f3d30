"""The request of a row, and what happens at the same time: time runs out, others wait, the client closes."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

from attrs import define, frozen
from tests.support.canary import WORDS
from tests.support.clock import MovableClock, MovableLoop, movable_loop, run_turns
from tests.support.eventually import eventually
from tests.support.process import ServerProcess

from puretalk_client import AsyncPuretalk, Call, errors

from .outcome import Outcome
from .rows import Row, Stall

GUARD = 20.0
"""Seconds beyond its deadline after which a request counts as hanging, and is cancelled."""
ENOUGH_TURNS = 100
"""Turns of the event loop in which a request that does not wait would have been sent."""


def new_id(script: str) -> str:
    """Make a call id that names the script to play."""
    return f"{script}--{uuid.uuid4().hex}"


@frozen
class Recording:
    """A recording that was downloaded."""

    size: int


async def result_of(fetch: Awaitable[Call | int]) -> Call | Recording | Exception:
    """Return the call, or the error that was raised. The frame of the caller is not in the error's traceback."""
    try:
        result = await fetch
    except Exception as error:
        return error
    return Recording(result) if isinstance(result, int) else result


class HeldClock(MovableClock):
    """A clock whose delays all wait until they are released.

    Attributes:
        waiting: How many delays began.
        released: Lets them pass.
    """

    def __init__(self, loop: MovableLoop) -> None:
        super().__init__(loop)
        self.waiting = 0
        self.released = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        """Wait, and then move the clock."""
        self.waiting += 1
        await self.released.wait()
        await super().sleep(seconds)


@define
class Exchange:
    """A request of a row, and what it needs.

    Attributes:
        blocker: The request that is in progress all the time.
    """

    client: AsyncPuretalk
    server: ServerProcess
    folder: Path
    blocker: asyncio.Task[Call] | None = None

    def start(self, row: Row, call_id: str, base_url: str) -> asyncio.Task[Call | Recording | Exception]:
        """Start the request; no frame that holds its URL is in a traceback."""
        calls = self.client.calls
        if row.wait is not None:
            return asyncio.create_task(result_of(calls.wait(call_id, timeout=row.timeout, **row.wait)))
        if row.download is None:
            return asyncio.create_task(result_of(calls.get(call_id, timeout=row.timeout)))
        server, _, script = base_url.rpartition("/")
        here = f"{server}/{WORDS['recording']}/{script}/recordings/{call_id}"
        call = Call(call_recording_url=row.download.url.format(here=here, port=self.server.ports["plain"]))
        target, size = row.download.target(self.folder), row.download.max_bytes
        download = calls.download_recording(call, target, max_bytes=size, timeout=row.timeout)  # type: ignore[arg-type]
        return asyncio.create_task(result_of(download))

    async def play(self, outcome: Outcome, call_id: str) -> Call | Recording | Exception | None:
        """Send the request, let its time run out where the row stalls, and end it where it hangs."""
        loop, row = movable_loop(), outcome.row
        begun = self.server.ask("silent") if row.stall in (Stall.HANDSHAKE, Stall.CONNECTING) else 0
        start, moved = loop.time(), loop.moved
        task = self.start(row, call_id, outcome.url)
        keeper = asyncio.create_task(self._accompany(row, call_id, start, begun))
        await asyncio.wait({task}, timeout=row.timeout + GUARD)
        outcome.elapsed, outcome.moved = loop.time() - start, loop.moved - moved
        if row.queued and task.done():
            await keeper
        for unfinished in (task, keeper):
            unfinished.cancel()
        await asyncio.gather(task, keeper, return_exceptions=True)
        if not keeper.cancelled():
            outcome.problems += keeper.result()
        if task.cancelled():
            outcome.problems.append(f"hangs {GUARD:g} s beyond its deadline")
            return None
        result = task.result()
        outcome.result = type(result).__name__
        outcome.error = result if isinstance(result, errors.PuretalkError) else None
        return result

    async def _accompany(self, row: Row, call_id: str, start: float, begun: int) -> list[str]:
        """Do what happens at the same time as the request; return problems.

        The clock of the event loop moves to the end of the time that a stalled request has. Not before the request
        has come to the point where it stalls: how long that takes depends on the machine.

        Args:
            row: The row.
            call_id: The id that is fetched.
            start: When the request began, by the clock of the event loop.
            begun: Connections to the silent listener that had sent something then.
        """
        loop, server = movable_loop(), self.server
        match row.stall:
            case None:
                return await self._hold_back(row) if row.queued else []
            case Stall.RESPONSE:
                await eventually(lambda: server.ask(f"pauses {call_id}"))
            case Stall.HANDSHAKE | Stall.CONNECTING:
                for attempt in range(1, (row.attempts or 1) + 1):
                    await eventually(lambda: server.ask("silent") >= begun + attempt)  # noqa: B023
                    await run_turns()
                    if row.stall is Stall.CONNECTING:
                        loop.move(row.options["connect_timeout"])
            case Stall.CLOSING:
                await run_turns()
                await self.client.aclose()
                assert self.blocker is not None
                self.blocker.cancel()
            case Stall.QUEUE:
                pass  # waiting for a connection takes no I/O
        await run_turns()
        if row.stall not in (Stall.CONNECTING, Stall.CLOSING):
            loop.move(start + row.timeout - loop.time())
        return []

    async def _hold_back(self, row: Row) -> list[str]:
        """Let good requests wait for the connections; return which of them did not wait for the rate limit too."""
        clock = self.client._sender.pool.clock
        assert isinstance(clock, HeldClock)
        ids = [new_id("good") for _ in range(row.queued)]
        others = [asyncio.create_task(result_of(self.client.calls.get(each, timeout=row.timeout))) for each in ids]
        await eventually(lambda: clock.waiting or all(task.done() for task in others))
        if self.blocker is not None:
            self.blocker.cancel()
        await run_turns(ENOUGH_TURNS)
        early = sum(self.server.ask(f"requests {each}") for each in ids)
        clock.released.set()
        results = await asyncio.gather(*others)
        problems = [f"a queued request failed: {type(each).__name__}" for each in results if not isinstance(each, Call)]
        return problems + ([f"{early} queued requests did not wait"] if early else [])


@contextlib.asynccontextmanager
async def in_progress(client: AsyncPuretalk, script: str, server: ServerProcess) -> AsyncIterator[asyncio.Task[Call]]:
    """Keep another request in progress."""
    call_id = new_id(script)
    task = asyncio.create_task(client.calls.get(call_id, timeout=1000))
    await eventually(lambda: server.ask(f"requests {call_id}"))
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
