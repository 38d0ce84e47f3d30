"""The sandbox, its faults and virtual time. Never run: mypy --strict and pyright check it."""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, assert_type

from starlette.datastructures import Headers

from puretalk_client.testing import (
    EXAMPLE_CALL_ID,
    SAMPLE_CALL_ID,
    Fault,
    ReceivedRequest,
    Sandbox,
    VirtualClock,
    VirtualTimeLoop,
    example_call,
    running_server,
    sample_call,
    serve,
    virtual_time,
)


def read_fault(value: Fault) -> None:
    """Read Fault."""
    assert_type(value.status, int | None)
    assert_type(value.headers, Mapping[str, str])
    assert_type(value.delay, float)
    assert_type(value.body, object)
    assert_type(value.call_id, str | None)
    assert_type(value.reset, bool)
    assert_type(value.cut_after, int | None)
    assert_type(value.replaces_content, bool)


def read_received_request(value: ReceivedRequest) -> None:
    """Read ReceivedRequest."""
    assert_type(value.method, str)
    assert_type(value.path, str)
    assert_type(value.call_id, str | None)
    assert_type(value.headers, Headers)
    assert_type(value.query, str)
    assert_type(value.body, bytes)


def read_sandbox(value: Sandbox) -> None:
    """Read Sandbox."""
    assert_type(value.base_url, str)
    assert_type(value.api_key, str)
    assert_type(value.requests, list[ReceivedRequest])


def read_virtual_clock(value: VirtualClock) -> None:
    """Read VirtualClock."""
    assert_type(value.elapsed, float)


def read_virtual_time_loop(value: VirtualTimeLoop) -> None:
    """Read VirtualTimeLoop."""
    assert_type(value.clock, VirtualClock)
    assert_type(value.threads, int)


def constants() -> None:
    """Read the constants."""
    ids: list[str] = [EXAMPLE_CALL_ID, SAMPLE_CALL_ID]
    del ids


def scripting(sandbox: Sandbox) -> None:
    """Calls are JSON objects, and faults are values."""
    assert_type(sandbox.add_call(example_call(call_id="1")), str)
    assert_type(sandbox.add_lifecycle(sample_call(), {0: "queued", 2.5: "completed"}, analysis_after=2), str)
    assert_type(sandbox.fail_next(Fault(status=503), Fault(reset=True)), None)
    assert_type(sandbox.fail_for(30, Fault(status=500)), None)
    assert_type(sandbox.set_rate_limit(10, burst=2), None)
    assert_type(sample_call(), dict[str, Any])
    sandbox.add_call([])  # type: ignore[arg-type]
    sandbox.fail_next(503)  # type: ignore[arg-type]


async def serving(sandbox: Sandbox) -> None:
    """Both give the base URL of the sandbox."""
    async with serve(sandbox) as url:
        assert_type(url, str)
    with running_server(sandbox) as url:
        assert_type(url, str)


@virtual_time()
async def decorated(number: int) -> str:
    """Run in a loop of its own: the function is then no coroutine function."""
    return str(number)


def clocks(loop: VirtualTimeLoop, clock: VirtualClock) -> None:
    """The clock says what time it is, and moves on by itself."""
    assert_type(decorated(1), str)
    with virtual_time() as started:
        assert_type(started, VirtualClock)
    assert_type(clock.time(), float)
    assert_type(clock.wall_time(), float)
    assert_type(loop.time(), float)
    assert_type(loop.wall_time(), float)
    assert_type(loop.call_at(1.0, print, "1"), asyncio.TimerHandle)
    assert_type(loop.run_in_executor(None, str, 1), asyncio.Future[str])
    assert_type(VirtualTimeLoop(clock).clock, VirtualClock)


async def ending(loop: VirtualTimeLoop) -> None:
    """As the loop that it is made of."""
    assert_type(await loop.shutdown_default_executor(), None)
