"""A server whose responses depend on virtual time, and a client whose delays take that time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx

from puretalk_client import AsyncPuretalk
from puretalk_client._core.pool import Clock
from puretalk_client.testing import VirtualTimeLoop

from .transports import Scripted, Step, client_over, envelope

CALL_ID = "c-1"


def virtual_loop() -> VirtualTimeLoop:
    """Return the running event loop of a test in virtual time."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    return loop


class Timeline(httpx.AsyncBaseTransport):
    """A server that does the same from one time to the next.

    Attributes:
        arrivals: When each request arrived, in seconds since the first.
    """

    def __init__(self, *phases: tuple[float, Step], latency: float = 0.0) -> None:
        """Do what each phase says from its time on, in seconds since the first request."""
        self._phases, self._latency = phases, latency
        self._start: float | None = None
        self.arrivals: list[float] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Do what the present phase says."""
        now = virtual_loop().time()
        self._start = now if self._start is None else self._start
        self.arrivals.append(now - self._start)
        step = [step for since, step in self._phases if since <= now - self._start][-1]
        await asyncio.sleep(self._latency)
        if isinstance(step, BaseException):
            raise type(step)(*step.args)
        response = step if isinstance(step, Scripted) else await step(request)
        return httpx.Response(response.status, headers=response.headers, content=response.content)


@contextlib.asynccontextmanager
async def virtual_client(
    transport: httpx.AsyncBaseTransport, *, draw: Callable[[], float] = lambda: 1.0, **options: Any
) -> AsyncIterator[AsyncPuretalk]:
    """Open a client in virtual time. Without another ``draw``, its delays are as long as they can be."""
    async with client_over(transport, **options) as client:
        client._sender.pool.clock, client._sender.pool.backoff.draw = Clock(), draw
        yield client


def call(status: str | None = "in progress", **fields: Any) -> Scripted:
    """Return the response with the call."""
    headers = fields.pop("headers", {})
    response = envelope({"call_id": CALL_ID, "status": status, **fields})
    return Scripted(response.status, response.content, headers)


def analysed(**fields: Any) -> Scripted:
    """Return the response with the call and its analysis."""
    return call("completed", call_analysis={"summary": "It went well"}, **fields)
