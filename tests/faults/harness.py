"""Runs rows of the fault table against the fault server, over each transport."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import secrets
import socket
import ssl
import time
import uuid
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
from attrs import define, field

from puretalk_client import AsyncPuretalk, Call, Drift, errors
from puretalk_client._retry import Backoff
from puretalk_client._send import Clock

from .exposure import Exposures
from .process import FaultServer
from .table_rows import ROWS
from .wire import Row

CERTIFICATE = Path(__file__).with_name("untrusted-test-cert.pem")
PATIENCE = 2.0
"""Seconds beyond the deadline after which a call counts as hanging. No measure of speed."""
MAX_ATTEMPTS = 3

API_KEY = "pt-" + secrets.token_hex(16)
"""The canary. It must not be a local anywhere that an error passes."""


def base_url(server: FaultServer, row: Row) -> str:
    """Return where a row's client is pointed at."""
    ports = server.ports
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        refused = free.getsockname()[1]
    address = {
        "plain": f"http://127.0.0.1:{ports['plain']}",
        "refused": f"http://127.0.0.1:{refused}",
        "unresolvable": "https://nowhere.invalid",
        "tls": f"https://127.0.0.1:{ports['tls']}",
        "tls-trusted": f"https://127.0.0.1:{ports['tls']}",
        "tls-to-plain": f"https://127.0.0.1:{ports['plain']}",
        "tls-to-silent": f"https://127.0.0.1:{ports['silent']}",
    }[row.target]
    return f"{address}/{row.name}"


# The transports under test: a name, and how to build a client over it. A new one is added here and nowhere else.
Builder = Callable[..., contextlib.AbstractAsyncContextManager[AsyncPuretalk]]


@contextlib.asynccontextmanager
async def over_httpx(**options: Any) -> AsyncIterator[AsyncPuretalk]:
    """The default."""
    async with AsyncPuretalk(API_KEY, **options) as client:
        yield client


@contextlib.asynccontextmanager
async def over_lent_httpx(**options: Any) -> AsyncIterator[AsyncPuretalk]:
    """A pool of the caller's own."""
    limits = httpx.Limits(max_connections=options.pop("max_connections", 100))
    verify = options.pop("verify", True) if options["base_url"].startswith("https:") else False
    timeout = httpx.Timeout(5.0, connect=options.pop("connect_timeout", 5.0))
    async with (
        httpx.AsyncClient(verify=verify, limits=limits, timeout=timeout, follow_redirects=True) as http,
        AsyncPuretalk(API_KEY, http_client=http, **options) as client,
    ):
        yield client


@contextlib.asynccontextmanager
async def over_aiohttp(**options: Any) -> AsyncIterator[AsyncPuretalk]:
    """The extra."""
    async with AsyncPuretalk(API_KEY, transport="aiohttp", **options) as client:
        yield client


TRANSPORTS: dict[str, Builder] = {"httpx": over_httpx, "aiohttp": over_aiohttp, "httpx-lent": over_lent_httpx}
OWN_POOLS = tuple(name for name in TRANSPORTS if name != "httpx-lent")
"""The transports whose connections are this package's. What a cancelled request leaves behind in a lent
httpx.AsyncClient is httpcore's own bug (encode/httpcore#1093), and its owner's to live with."""


class FastClock(Clock):
    """A clock that jumps where it should sleep."""

    def __init__(self) -> None:
        self.waited = 0.0
        super().__init__(
            monotonic=lambda: time.monotonic() + self.waited,
            wall=lambda: time.time() + self.waited,
            sleep=self._jump,
        )

    async def _jump(self, seconds: float) -> None:
        self.waited += seconds
        await asyncio.sleep(0)


def hasten(client: AsyncPuretalk) -> FastClock:
    """Let a client retry at once, and its waits pass at once."""
    clock = FastClock()
    client._sender.backoff = Backoff(draw=lambda: 0.0)
    client._sender.clock = clock
    return clock


@define(kw_only=True)
class Result:
    """What came of one row over one transport."""

    row: Row
    transport: str
    got: str
    error: errors.PuretalkError | None = None
    wire: int = 0
    elapsed: float = 0.0
    waited: float = 0.0
    problems: list[str] = field(factory=list)
    exposures: Exposures

    @property
    def overrun(self) -> float:
        """Seconds beyond the deadline."""
        return max(0.0, self.elapsed - self.row.timeout)


async def outcome(call: Awaitable[Call]) -> Call | BaseException:
    """Await a call; an error is an outcome like any other. Keeps this frame out of the error's traceback."""
    try:
        return await call
    except Exception as error:
        return error


def new_id(script: str) -> str:
    """Make a call id that names the script that answers it."""
    return f"{script}--{uuid.uuid4().hex}"


async def run_row(row: Row, transport: str, server: FaultServer) -> Result:
    """Play a row, and compare."""
    exposures = Exposures(API_KEY)
    drifts: list[Drift] = []
    options: dict[str, Any] = {"base_url": base_url(server, row), "on_drift": drifts.append, **row.options}
    if row.target == "tls-trusted":
        options["verify"] = ssl.create_default_context(cafile=str(CERTIFICATE))
    if row.target == "unresolvable":
        refuse_names()
    call_id = str(uuid.uuid4()) if row.ask == "uuid" else new_id(row.name)
    with exposures.logs():
        async with TRANSPORTS[transport](**options) as client:
            clock = hasten(client)
            for script in row.before:
                await outcome(client.calls.get(new_id(script), timeout=row.timeout))
            async with in_flight(client, row.meanwhile, server):
                began = time.monotonic()
                got = await outcome(client.calls.get(call_id, timeout=row.timeout))
                elapsed = time.monotonic() - began
            result = Result(
                row=row,
                transport=transport,
                got=type(got).__name__,
                error=got if isinstance(got, errors.PuretalkError) else None,
                wire=server.ask(f"requests {call_id}"),
                elapsed=elapsed,
                waited=clock.waited,
                exposures=exposures,
            )
            if row.then_good:
                after = await outcome(client.calls.get(new_id("good"), timeout=row.timeout))
                if not isinstance(after, Call):
                    result.problems.append(f"the next call failed: {type(after).__name__}")
            exposures.look_at_client(client)
    exposures.look_at_outcome(got)
    exposures.look_at_drifts(drifts)
    result.problems += problems(result, got, call_id)
    if server.ask("elsewhere") != [0, ""]:
        result.problems.append("another host heard of it")
    return result


_played: dict[tuple[str, str], Result] = {}


def played(name: str, transport: str, server: FaultServer) -> Result:
    """Play a row once in this process, for all tests that look at what came of it."""
    if (name, transport) not in _played:
        # Not in asyncio's debug mode, which "python -X dev" would bring: it takes twice the time.
        _played[name, transport] = asyncio.run(run_row(ROWS[name], transport, server), debug=False)
        if ROWS[name].target == "tls-to-silent":
            collect_half_open()
    return _played[name, transport]


def problems(result: Result, got: object, call_id: str) -> list[str]:
    """Say where a result is not what its row wants."""
    row, error, found = result.row, result.error, []
    if result.got not in row.expect.split(" or "):
        found.append(f"got {result.got}")
    if isinstance(got, Call) and got.call_id is not None and row.options.get("verify_call_id", True):
        ours = str(got.call_id).replace("-", "").lower() == call_id.replace("-", "").lower()
        if not ours:
            found.append("got another caller's call")
    wire = row.attempts if row.wire is None else row.wire
    if result.wire > MAX_ATTEMPTS or (wire is not None and result.wire != wire):
        found.append(f"{result.wire} requests on the wire, not {wire}")
    if error is not None:
        if row.attempts is not None and error.attempts != row.attempts:
            found.append(f"the error tells of {error.attempts} attempts, not {row.attempts}")
        if error.method != "GET" or error.path is None or not error.path.endswith(call_id):
            found.append("the error does not say what was asked")
        if row.retry_after is not None and not within(error.retry_after, row.retry_after):
            found.append(f"retry_after is {error.retry_after}, not {row.retry_after}")
    if row.waits is not None and not within(result.waited, row.waits):
        found.append(f"waited {result.waited:g} s, not {row.waits}")
    if result.overrun > PATIENCE:
        found.append(f"{result.overrun:.1f} s beyond the deadline")
    return found


def collect_half_open() -> None:
    """Let go of sockets whose TLS handshake was cancelled.

    httpcore 1.0.9 closes them on an Exception, not on a CancelledError, and so leaves them to the collector.
    Everything else has to be closed without it: an unclosed socket fails the test that runs when it is found.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def within(value: float | None, bounds: tuple[float, float]) -> bool:
    """Whether a number was given and lies within ``bounds``, but for a rounding error."""
    return value is not None and bounds[0] - 1e-3 <= value <= bounds[1] + 1e-3


@contextlib.asynccontextmanager
async def in_flight(client: AsyncPuretalk, script: str | None, server: FaultServer) -> AsyncIterator[None]:
    """Keep another call in flight."""
    if script is None:
        yield
        return
    call_id = new_id(script)
    task = asyncio.create_task(client.calls.get(call_id, timeout=60))
    while not server.ask(f"requests {call_id}"):
        await asyncio.sleep(0.001)
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def refuse_names() -> None:
    """Let no name resolve in the running loop: what a resolver answers is not for tests to depend on."""

    async def getaddrinfo(*_: object, **__: object) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    asyncio.get_running_loop().getaddrinfo = getaddrinfo  # type: ignore[method-assign]
