"""Sends many requests, some of which fail or are cancelled, and looks for whatever they leave behind."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import random
import resource
import ssl
from collections import Counter
from pathlib import Path

from attrs import define, field
from tests.support.clock import skip_delays
from tests.support.eventually import eventually
from tests.support.process import ServerProcess

from puretalk_client import APIConnectionError, AsyncPuretalk, Call, CallIdMismatchError, ProtocolError

from .harness import GUARD, collect_half_open, new_id, result_of
from .scripts import ROWS
from .transports import TRANSPORTS

QUICK_FAULTS = (
    "reset-before-headers",
    "close-within-headers",
    "reset-within-body",
    "close-within-chunks",
    "kept-alive-closes",
    "status-line-is-html",
    "bad-first-chunk",
    "two-different-lengths",
    "gzip-cut",
    "gzip-then-garbage",
    "encoding-br",
    "html-200",
    "utf-8-broken",
    "deep-nesting",
    "err-true",
    "id-of-another-call",
    "two-responses-in-one-write",
    "length-too-short",
    "mismatches",
    "status-404",
    "status-429",
    "status-503",
    "redirect-302-elsewhere",
    "endless-body-of-a-failure",
    "good-then-close",
    "silent-within-body",
)
"""Faults of all kinds. Some leave a connection out of step, which any other request may then use."""
OUT_OF_STEP = (CallIdMismatchError.__name__, ProtocolError.__name__, APIConnectionError.__name__)
ENDLESS = ("silent-within-body", "dripping-body", "never-responds")
CANCELLED = (*ENDLESS, "good", "reset-before-headers", "gzip-cut")
CONCURRENT = 64
POOL = 4
TIMEOUT = 120.0
"""Seconds for requests that should not reach their deadline, on a loaded machine either."""


@define
class Tally:
    """The results of many requests.

    Attributes:
        results: How often a request ended with a call, with each class of error, or cancelled.
        problems: Results that are not right, and whatever was left behind.
        resident: Bytes of memory at the start, half-way and at the end.
        endless: Requests that could only end by their cancellation.
    """

    results: Counter[str] = field(factory=Counter)
    problems: list[str] = field(factory=list)
    resident: list[int] = field(factory=list)
    endless: int = 0

    @property
    def growth(self) -> float:
        """MiB of memory that the second half added."""
        return (self.resident[-1] - self.resident[-2]) / 2**20


def count_descriptors() -> int:
    """Count this process's open files and sockets."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def resident_bytes() -> int:
    """Return this process's resident memory."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


async def settle(expected: int) -> int:
    """Wait until transports have closed all but ``expected`` descriptors; return how many are open."""
    collect_half_open()
    loop = asyncio.get_running_loop()
    end = loop.time() + GUARD
    while count_descriptors() > expected and loop.time() < end:
        await asyncio.sleep(0.005)
    return count_descriptors()


async def fetch_many(client: AsyncPuretalk, count: int, seed: int) -> Tally:
    """Fetch ``count`` calls, ``CONCURRENT`` at a time, a fifth of them with a fault."""
    tally, pick, numbers = Tally(), random.Random(seed), iter(range(count))

    async def worker() -> None:
        for number in numbers:
            if number == count // 2:
                tally.resident.append(resident_bytes())
            script = pick.choice(QUICK_FAULTS) if pick.random() < 0.2 else "good"
            call_id = new_id(script)
            timeout = 0.05 if script == "silent-within-body" else TIMEOUT
            result = await result_of(client.calls.get(call_id, timeout=timeout))
            name = type(result).__name__
            tally.results[name] += 1
            is_allowed = name in ROWS[script].expect.split(" or ") or name in OUT_OF_STEP
            if not is_allowed or (isinstance(result, Call) and result.call_id != call_id):
                tally.problems.append(f"{script}: {name}")

    tally.resident.append(resident_bytes())
    async with asyncio.TaskGroup() as group:
        for _ in range(CONCURRENT):
            group.create_task(worker())
    tally.resident.append(resident_bytes())
    return tally


async def cancel_many(client: AsyncPuretalk, count: int, seed: int) -> Tally:
    """Cancel ``count`` requests at random points, with a good one after every eighth.

    The client has ``POOL`` connections. It may keep that many, and not more.
    """
    tally, pick = Tally(), random.Random(seed)

    async def cancel_one() -> None:
        script = pick.choice(CANCELLED)
        tally.endless += script in ENDLESS
        task = asyncio.create_task(client.calls.get(new_id(script), timeout=TIMEOUT))
        if pick.random() < 0.5:
            for _ in range(pick.randrange(60)):
                await asyncio.sleep(0)
        else:
            await asyncio.sleep(pick.random() * 0.01)
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=GUARD)
        if not done:
            tally.problems.append("a request goes on after its cancellation")
            return
        name = "CancelledError" if task.cancelled() else type(task.exception() or task.result()).__name__
        tally.results[name] += 1

    tally.resident.append(resident_bytes())
    baseline = count_descriptors()
    for batch in range(0, count, 8):
        if batch == count // 16 * 8:
            tally.resident.append(resident_bytes())
        await asyncio.gather(*(cancel_one() for _ in range(min(8, count - batch))))
        after = await result_of(client.calls.get(new_id("good"), timeout=TIMEOUT))
        if not isinstance(after, Call):
            tally.problems.append(f"next request: {type(after).__name__}")
    held = await settle(baseline + POOL) - baseline
    if held > POOL:
        tally.problems.append(f"a pool of {POOL} connections holds {held} descriptors")
    tally.resident.append(resident_bytes())
    return tally


async def leave_many(client: AsyncPuretalk, count: int, seed: int) -> Tally:
    """Leave ``count`` loops over ``get_many`` at random points and in every way; some of their calls never end.

    The client has ``POOL`` connections. It may keep that many, and not more.
    """
    tally, pick = Tally(), random.Random(seed)

    async def consume(ids: list[str], limit: int, *, in_block: bool) -> None:
        results = client.calls.get_many(ids, concurrency=pick.randrange(1, 2 * POOL), timeout=TIMEOUT)
        async with results if in_block else contextlib.nullcontext():
            taken = 0
            async for result in results:
                taken += 1
                tally.results["Call" if result.call is not None else type(result.error).__name__] += 1
                if taken == limit:
                    if pick.random() < 0.5:
                        raise EndOfBody
                    break

    async def leave_one() -> None:
        ids = [
            new_id(pick.choice(CANCELLED if pick.random() < 0.1 else ("good",))) for _ in range(pick.randrange(1, 30))
        ]
        task = asyncio.create_task(consume(ids, pick.randrange(1, 10), in_block=pick.random() < 0.5))
        await asyncio.wait({task}, timeout=pick.choice((0.005, 0.03, 0.3)) * pick.random())
        task.cancel()
        [end] = await asyncio.gather(task, return_exceptions=True)
        tally.results[f"left by {type(end).__name__ if end is not None else 'break or the end'}"] += 1
        if not isinstance(end, (EndOfBody, asyncio.CancelledError, type(None))):
            tally.problems.append(f"the loop ended with {type(end).__name__}")

    tally.resident.append(resident_bytes())
    baseline, tasks = count_descriptors(), len(asyncio.all_tasks())
    for number in range(count):
        if number == count // 2:
            tally.resident.append(resident_bytes())
        await leave_one()
        await eventually(lambda: len(asyncio.all_tasks()) == tasks)
    after = await result_of(client.calls.get(new_id("good"), timeout=TIMEOUT))
    if not isinstance(after, Call) or client._sender.pool.slots.free != POOL:
        tally.problems.append("a connection is still reserved")
    held = await settle(baseline + POOL) - baseline
    if held > POOL:
        tally.problems.append(f"a pool of {POOL} connections holds {held} descriptors")
    tally.resident.append(resident_bytes())
    return tally


class EndOfBody(Exception):
    """Ends the body of a loop."""


async def measure(transport: str, server: ServerProcess, *, fetches: int, cancellations: int) -> dict[str, Tally]:
    """Fetch and cancel over plain and TLS connections; note what is left behind when the clients are closed."""
    unverified = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
    plain = f"http://127.0.0.1:{server.ports['plain']}/good"
    tls = f"https://127.0.0.1:{server.ports['tls']}/good"
    build = TRANSPORTS[transport]
    tallies = {}
    tasks, baseline = len(asyncio.all_tasks()), count_descriptors()
    async with build(base_url=plain) as client:
        skip_delays(client)
        tallies["fetches"] = await fetch_many(client, fetches, seed=1)
    for name, url in (("cancellations", plain), ("cancellations over TLS", tls)):
        async with build(base_url=url, verify=unverified, max_connections=POOL) as client:
            skip_delays(client)
            tallies[name] = await cancel_many(client, cancellations // 2, seed=2)
    async with build(base_url=plain, max_connections=POOL) as client:
        skip_delays(client)
        tallies["loops over get_many that are left"] = await leave_many(client, cancellations, seed=3)
    left = await settle(baseline)
    if left > baseline:
        tallies["fetches"].problems.append(f"{left - baseline} descriptors left open")
    if len(asyncio.all_tasks()) > tasks:
        tallies["fetches"].problems.append(f"{len(asyncio.all_tasks()) - tasks} tasks left behind")
    return tallies
