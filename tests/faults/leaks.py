"""What is left behind by many calls, some of them failing, and by many cancelled ones."""

from __future__ import annotations

import asyncio
import gc
import random
import resource
import ssl
from collections import Counter
from pathlib import Path

from attrs import define, field

from puretalk_client import AsyncPuretalk, Call
from puretalk_client.errors import ProtocolError, WrongCallError

from .harness import PATIENCE, TRANSPORTS, collect_half_open, hasten, new_id, outcome
from .process import FaultServer
from .table_rows import ROWS

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
    "two-answers-in-one-write",
    "length-too-short",
    "strays",
    "status-404",
    "status-429",
    "status-503",
    "redirect-302-elsewhere",
    "endless-body-of-a-failure",
    "good-then-close",
    "silent-within-body",
)
"""A mix of all kinds. Some leave a connection out of step, for any of the other calls to meet."""
OUT_OF_STEP = (WrongCallError.__name__, ProtocolError.__name__)
CANCELLED = (
    "good",
    "silent-within-body",
    "dripping-body",
    "never-answers",
    "reset-before-headers",
    "gzip-cut",
)
IN_FLIGHT = 64
POOL = 4


@define
class Tally:
    """What came of many calls."""

    outcomes: Counter[str] = field(factory=Counter)
    unclassified: list[str] = field(factory=list)
    resident: list[int] = field(factory=list)
    """Bytes of memory, at the start, half-way and at the end."""

    @property
    def growth(self) -> float:
        """MiB of memory that came on top in the second half."""
        return (self.resident[-1] - self.resident[-2]) / 2**20


def descriptors() -> int:
    """Count this process's open files and sockets."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def resident() -> int:
    """Return this process's resident memory in bytes."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


async def settled(baseline: int) -> int:
    """Give closed transports some turns of the loop to let go; return the descriptors that are still open."""
    collect_half_open()
    for _ in range(200):
        if descriptors() <= baseline:
            break
        await asyncio.sleep(0.005)
    return descriptors()


async def many_calls(client: AsyncPuretalk, count: int, seed: int) -> Tally:
    """Make ``count`` calls, ``IN_FLIGHT`` at a time, a fifth of them with a fault."""
    tally, pick, left = Tally(), random.Random(seed), iter(range(count))

    async def worker() -> None:
        for number in left:
            if number == count // 2:
                tally.resident.append(resident())
            script = pick.choice(QUICK_FAULTS) if pick.random() < 0.2 else "good"
            call_id = new_id(script)
            timeout = 0.05 if script == "silent-within-body" else 30.0
            got = await outcome(client.calls.get(call_id, timeout=timeout))
            name = type(got).__name__
            tally.outcomes[name] += 1
            is_right = name in ROWS[script].expect.split(" or ") or name in OUT_OF_STEP
            if not is_right or (isinstance(got, Call) and got.call_id != call_id):
                tally.unclassified.append(f"{script}: {name}")

    tally.resident.append(resident())
    async with asyncio.TaskGroup() as group:
        for _ in range(IN_FLIGHT):
            group.create_task(worker())
    tally.resident.append(resident())
    return tally


async def many_cancellations(client: AsyncPuretalk, count: int, seed: int) -> Tally:
    """Cancel ``count`` calls at random points, with a good call after every eighth.

    The client's pool has ``POOL`` connections. It may hold that many at the end, and no more.
    """
    tally, pick = Tally(), random.Random(seed)

    async def cancelled() -> None:
        task = asyncio.create_task(client.calls.get(new_id(pick.choice(CANCELLED))))
        if pick.random() < 0.5:
            for _ in range(pick.randrange(60)):
                await asyncio.sleep(0)
        else:
            await asyncio.sleep(pick.random() * 0.01)
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=PATIENCE)
        if not done:
            tally.unclassified.append("a call that survives its cancellation")
            return
        name = "CancelledError" if task.cancelled() else type(task.exception() or task.result()).__name__
        tally.outcomes[name] += 1

    tally.resident.append(resident())
    baseline = descriptors()
    for batch in range(0, count, 8):
        if batch == count // 16 * 8:
            tally.resident.append(resident())
        await asyncio.gather(*(cancelled() for _ in range(min(8, count - batch))))
        after = await outcome(client.calls.get(new_id("good"), timeout=3))
        if not isinstance(after, Call):
            tally.unclassified.append(f"next call: {type(after).__name__}")
    held = await settled(baseline + POOL) - baseline
    if held > POOL:
        tally.unclassified.append(f"a pool of {POOL} connections holds {held} descriptors")
    tally.resident.append(resident())
    return tally


async def measured(
    transport: str, server: FaultServer, *, calls: int, cancellations: int
) -> dict[str, Tally]:
    """Make calls and cancellations over plain and TLS connections; check that nothing is left behind."""
    unverified = ssl.create_default_context()
    unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
    plain = f"http://127.0.0.1:{server.ports['plain']}/good"
    tls = f"https://127.0.0.1:{server.ports['tls']}/good"
    build = TRANSPORTS[transport]
    tallies = {}
    tasks, baseline = len(asyncio.all_tasks()), descriptors()
    async with build(base_url=plain) as client:
        hasten(client)
        tallies["calls"] = await many_calls(client, calls, seed=1)
    for name, url in (("cancellations", plain), ("cancellations over TLS", tls)):
        async with build(base_url=url, verify=unverified, max_connections=POOL) as client:
            hasten(client)
            tallies[name] = await many_cancellations(client, cancellations // 2, seed=2)
    left = await settled(baseline)
    if left > baseline:
        tallies["calls"].unclassified.append(f"{left - baseline} descriptors left open")
    if len(asyncio.all_tasks()) > tasks:
        tallies["calls"].unclassified.append(f"tasks left behind: {len(asyncio.all_tasks()) - tasks}")
    return tallies
