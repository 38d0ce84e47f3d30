"""Plays rows of the fault table, and compares their outcome with the table."""

from __future__ import annotations

import asyncio
import contextlib
import math
import tempfile
import uuid
from pathlib import Path
from typing import Any
from unittest import mock

from tests.support.clock import movable_loop, run_turns, skip_delays
from tests.support.eventually import eventually
from tests.support.exposure import Exposures
from tests.support.process import ServerProcess

from puretalk_client import AsyncPuretalk, Call, Drift
from puretalk_client._core.transports import base
from puretalk_client._core.transports.base import KEEPALIVE_SECONDS

from .outcome import Outcome, mismatches
from .requests import GUARD, Exchange, HeldClock, Recording, in_progress, new_id, result_of
from .rows import ROWS, Download, Row
from .targets import Target, base_url, collect_half_open, fail_to_resolve
from .transports import ALL_TRANSPORTS

__all__ = [
    "GUARD",
    "SCRIPTS",
    "Outcome",
    "base_url",
    "collect_half_open",
    "fail_to_resolve",
    "new_id",
    "play",
    "result_of",
]

SCRIPTS = "tests.faults.scripts"
"""The module that a scripted server loads for the fault table."""
ENOUGH_QUESTIONS = 1000
"""Within which the server notices that a connection was closed. They take far less than half a minute."""


async def play(row: Row, transport: str, server: ServerProcess) -> Outcome:
    """Play a row on the running ``MovableLoop``, and note in the outcome where it is not as the table says."""
    exposures, drifts, target = Exposures(), list[Drift](), Target(row, server)
    outcome = Outcome(row=row, transport=transport, url=target.url)
    options: dict[str, Any] = {"base_url": target.url, "on_drift": drifts.append, **target.options, **row.options}
    call_id = str(uuid.uuid4()) if row.call_id == "uuid" else new_id(row.name)
    if row.is_idle_afterwards:
        await eventually(lambda: not server.ask("connections"))  # those of other rows
    # The clock of a row jumps, and the machine may be slow: neither makes the event loop late.
    never_late = mock.patch.object(base, "LATE", math.inf)
    folder = tempfile.TemporaryDirectory() if row.download is not None else contextlib.nullcontext("")
    with never_late, exposures.capture_logs(), target.opened(), folder as path:
        async with ALL_TRANSPORTS[transport](**options) as client:
            result = await play_all(Exchange(client, server, Path(path)), outcome, target, call_id)
            exposures.inspect_client(client)
        if row.download is not None:
            outcome.problems += wrong_files(Path(path), row.download, result)
    exposures.inspect_result(result)
    exposures.add("drifts", repr(drifts))
    outcome.problems += mismatches(outcome, result, call_id, drifts)
    outcome.problems += [f"shows the key: {where}" for where in exposures.of_key()]
    outcome.problems += [f"shows {word}" for word in exposures.of_words()]
    if server.ask("elsewhere") != [0, ""]:
        outcome.problems.append("another host received something")
    return outcome


def wrong_files(folder: Path, download: Download, result: object) -> list[str]:
    """Say whether the folder of the target has a file that it must not have, or lacks the recording."""
    names = [path.name for path in folder.iterdir()]
    is_saved = isinstance(result, Recording) and not download.into_open_file
    return [] if names == ["recording.wav"] * is_saved else [f"the folder of the target has {len(names)} files"]


async def play_all(exchange: Exchange, outcome: Outcome, target: Target, call_id: str) -> object:
    """Play what comes before, the request of the row, and what comes after it; return its result."""
    row, client, server = outcome.row, exchange.client, exchange.server
    clock = skip_delays(client)
    if row.queued:
        client._sender.pool.clock = clock = HeldClock(movable_loop())
    if row.prepare is not None:
        await row.prepare(client)
    outcome.problems += await target.fail_first(client)
    for name in row.before:
        before = Outcome(row=ROWS[name], transport=outcome.transport, url=outcome.url)
        await exchange.play(before, new_id(name))
    async with contextlib.AsyncExitStack() as stack:
        if row.meanwhile is not None:
            exchange.blocker = await stack.enter_async_context(in_progress(client, row.meanwhile, server))
        result = await exchange.play(outcome, call_id)
    outcome.requests = server.ask(f"requests {call_id}")
    outcome.slept = clock.slept
    if row.then_good:
        after = await result_of(client.calls.get(new_id("good"), timeout=row.timeout))
        if not isinstance(after, Call):
            outcome.problems.append(f"the next request failed: {type(after).__name__}")
    if row.is_idle_afterwards:
        outcome.problems += await wait_idly(client, server)
    return result


async def wait_idly(client: AsyncPuretalk, server: ServerProcess) -> list[str]:
    """Let half a minute pass without a request; return whether connections are closed too early or too late."""
    loop = movable_loop()
    # aiohttp reads the clock of the system, too.
    with mock.patch("aiohttp.connector.monotonic", loop.time):
        loop.move(KEEPALIVE_SECONDS - 2)
        await run_turns()
        if not server.ask("connections"):
            return ["no connection is kept"]
        loop.move(4)
        for _ in range(ENOUGH_QUESTIONS):
            await asyncio.sleep(0)
            if not server.ask("connections"):
                return []
    return ["an idle connection stays open"]
