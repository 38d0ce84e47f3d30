"""What all clients share that ``with_options`` made of one: connections, and what is known of the server."""

from __future__ import annotations

import asyncio
import time
import warnings
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from puretalk_generated.types import Request

from ..errors import ConfigurationError
from . import retry
from .deadline import Deadlines
from .pace import Pace
from .redaction import Secret
from .transports import Transport

OnResponse = Callable[[Request, int, Mapping[str, str], bytes, Secret], None]
"""Sees a response as received: its request, status, headers and body, and the API key of the attempt."""

QUOTA_CHECK = 0.1
"""Seconds until a request looks again for retry quota, which a success can release at any time."""


class Clock:
    """Time as the request loop reads and spends it; tests over real sockets skip its delays."""

    monotonic: Callable[[], float] = staticmethod(time.monotonic)
    wall: Callable[[], float] = staticmethod(time.time)
    sleep: Callable[[float], Awaitable[None]] = staticmethod(asyncio.sleep)

    def follow(self, loop: asyncio.AbstractEventLoop) -> None:
        """Read the time of an event loop, which may be virtual; such a loop has a ``wall_time`` too."""
        self.monotonic = loop.time
        self.wall = getattr(loop, "wall_time", time.time)


class Slots:
    """So many requests at a time; who waits goes first in, first out.

    It does what ``asyncio.Semaphore`` does, but takes no coroutine where a slot is free.
    """

    def __init__(self, count: int) -> None:
        self.free: int = count
        self._waiting: deque[asyncio.Future[None]] = deque()

    def take(self) -> bool:
        """Take a slot if one is free."""
        if not self.free:
            return False
        self.free -= 1
        return True

    async def wait(self) -> None:
        """Take a slot after all others that wait for one."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # the slot came at the same time
                self.release()
            raise

    def release(self) -> None:
        """Hand the slot to who waited longest, or free it."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self.free += 1


def current_task() -> asyncio.Task[Any]:
    """Return the current task; raise a ConfigurationError without asyncio."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        task = None
    if task is None:
        raise ConfigurationError("puretalk-client needs asyncio")
    return task


class Pool:
    """A transport, and the requests that may use it at a time: the first to wait is the first to go."""

    def __init__(
        self, transport: Transport, max_connections: int, open_other: Callable[[str], Transport] | None = None
    ) -> None:
        """Set up a pool; ``open_other`` opens a transport to another base URL."""
        self.transport: Transport = transport
        self._open_other = open_other
        self._others: dict[str, Transport] = {}
        self.max_connections: int = min(max_connections, transport.max_connections)
        self.backoff: retry.Backoff = retry.Backoff()
        self.quota: retry.RetryQuota = retry.RetryQuota()
        self.pace: Pace = Pace()
        self.clock: Clock = Clock()
        self.slots: Slots = Slots(self.max_connections)
        self._retry_turn = asyncio.Lock()
        self.deadlines: Deadlines  # of this event loop, from ``bind`` on
        self.is_closed: bool = False
        self.on_response: OnResponse | None = None  # it must not raise
        self._loop: asyncio.AbstractEventLoop | None = None

    def transport_to(self, base_url: str | None) -> Transport:
        """Return the transport to a server that an operation has of its own; None stands for the usual one."""
        if base_url is None or self._open_other is None:
            return self.transport
        if base_url not in self._others:
            self._others[base_url] = self._open_other(base_url)
        return self._others[base_url]

    def bind(self) -> asyncio.Task[Any]:
        """Return the current task, the way to its event loop.

        Refuses requests of a closed client, without asyncio, and in another event loop than its connections'.
        """
        if self.is_closed:
            raise ConfigurationError("This client is closed")
        task = current_task()
        loop = task.get_loop()
        if loop is not self._loop:
            if self._loop is not None and not self.transport.is_external:
                message = "A client belongs to the event loop of its first request: make one for each loop"
                raise ConfigurationError(message)
            self._loop, self.slots = loop, Slots(self.max_connections)
            self._retry_turn = asyncio.Lock()
            self.deadlines = Deadlines(loop)
            self.clock.follow(loop)
        return task

    async def wait_for_quota(self) -> None:
        """Wait until the quota has a retry to spare, first in, first out, and acquire it."""
        async with self._retry_turn:
            while not self.is_closed and not self.quota.acquire(self.clock.monotonic()):
                await self.clock.sleep(QUOTA_CHECK)

    async def aclose(self) -> None:
        """Close the connections. Requests that wait for one fail."""
        self.is_closed = True
        for transport in (self.transport, *self._others.values()):
            await transport.aclose()

    def __del__(self) -> None:
        # The constructor may have raised; and without a request there is nothing to close.
        if getattr(self, "_loop", None) is not None and not self.is_closed and not self.transport.is_external:
            message = "An AsyncPuretalk was not closed: use 'async with', or aclose()"
            warnings.warn(message, ResourceWarning, stacklevel=2, source=self)
