"""The fault table: what the server does in each row, and what the caller must get."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.wire import End, ReceivedRequest, Script, Step

from puretalk_client import AsyncPuretalk

from .transports import HTTP2, OWN_POOLS, TRANSPORTS


class Stall(enum.Enum):
    """Where a request of the row never gets any further, so that the harness lets its time run out."""

    RESPONSE = "response"
    """The server has the request, and pauses or is silent. The deadline passes."""
    HANDSHAKE = "handshake"
    """The server accepted the connection, and is silent in the TLS handshake. The deadline passes."""
    CONNECTING = "connecting"
    """The same, in every attempt; each time the ``connect_timeout`` passes."""
    QUEUE = "queue"
    """Another request has the only connection. The deadline passes."""
    CLOSING = "closing"
    """Another request has the only connection. The client closes, and that request ends."""


@dataclass(frozen=True, kw_only=True)
class Download:
    """A recording to download instead of a call to fetch."""

    url: str = "{here}"
    """The URL of the recording; ``{here}`` plays the script of the row, ``{port}`` is the port of the server."""
    target: Callable[[Path], object] = lambda folder: folder / "recording.wav"
    """Makes the target, in an empty folder."""
    into_open_file: bool = False
    max_bytes: int = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of the fault table."""

    name: str
    script: Script
    expect: str = "Call"
    """``Call``, or the names of the error classes that are right, separated by " or "."""
    attempts: int | None = 1
    """Requests that the server must see, and that the error must report; None where up to three are right."""
    requests: int | None = None
    """Requests that the server must see, where it does not see all attempts."""
    timeout: float = 30.0
    """The deadline in seconds. A row that should not reach it has time enough on a loaded machine."""
    stall: Stall | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    """More arguments of the client."""
    target: str = "plain"
    """Where the client connects; see ``harness.base_url``."""
    call_id: str = "own"
    """The id to fetch: ``own`` (names the script), or ``uuid``."""
    download: Download | None = None
    wait: Mapping[str, Any] | None = None
    """The options of ``wait``, where that is used instead of a single request. ``timeout`` is its deadline."""
    prepare: Callable[[AsyncPuretalk], Awaitable[object]] | None = None
    """What happens to the client first."""
    before: tuple[str, ...] = ()
    """Rows that the same client plays first, whatever their outcome."""
    failures: int = 0
    """Requests that fail to connect first. Then the port of the row is turned on."""
    queued: int = 0
    """Good requests that wait for the connections behind this one. None may arrive before its next attempt."""
    meanwhile: str | None = None
    """Script of a request that is in progress all the time."""
    then_good: bool = False
    """Whether the client must fetch a good call afterwards, over whatever connection."""
    waits: float | None = None
    """Seconds of delay that the client must have had in all."""
    retry_after: float | None = None
    """The error's ``retry_after``."""
    drifts: int | None = None
    """Drifts that the client must have reported."""
    nulls: tuple[str, ...] = ()
    """Fields of the call that must be None."""
    is_idle_afterwards: bool = False
    """Whether the connections must be closed after half a minute without a request."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Why the row is not played over a transport, by its name."""


ROWS: dict[str, Row] = {}


def http1_only(why: str) -> Mapping[str, str]:
    """Leave a row out over HTTP/2."""
    return {HTTP2: why}


HTTP2_ONLY = dict.fromkeys(TRANSPORTS, "these are frames of HTTP/2")
EXTERNAL_ONLY = dict.fromkeys(OWN_POOLS, "there is no external client")
OWN_POOLS_ONLY = dict.fromkeys(("httpx-external", HTTP2), "the pool of an external client has its own settings")


def unreachable(request: ReceivedRequest) -> Iterator[Step]:
    """Be the script of a row whose requests never arrive."""
    raise AssertionError("no request can arrive here")


def fault(name: str, expect: str = "Call", **details: Any) -> Callable[[Script], Script]:
    """Add the decorated script to the table."""

    def add(script: Script) -> Script:
        assert name not in ROWS, name
        ROWS[name] = Row(name=name, script=script, expect=expect, **details)
        return script

    return add


def respond(
    name: str, expect: str, payload: bytes | Callable[[ReceivedRequest], bytes], *end: End, **details: Any
) -> None:
    """Add a script that writes ``payload`` and then ends the connection, or leaves it open."""

    def script(request: ReceivedRequest) -> Iterator[Step]:
        yield payload if isinstance(payload, bytes) else payload(request)
        yield from end

    fault(name, expect, **details)(script)
