"""What a fault is made of: bytes, pauses and ends of a connection. The server plays it; no HTTP library here."""

from __future__ import annotations

import enum
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

WORDS = {
    "transcript": "canary-transcript-4b1d",
    "turn": "canary-turn-9c2e",
    "summary": "canary-summary-77fa",
    "from_number": "+15550142",
    "to_number": "+15550167",
    "recording": "canary-recording-e03b",
    "post_analysis": "canary-value-5d88",
    "post_figure": "777123999.25",
    "metadata": "canary-metadata-1f60",
    "stray": "canary-stray-82c4",
}
"""What people said on the call, or can be reached by: none of it may show anywhere but in the call itself."""


class End(enum.Enum):
    """How a connection ends."""

    CLOSE = "close"
    """In order, with a FIN."""
    RESET = "reset"
    """With a RST."""
    HOLD = "hold"
    """Not at all: silence until the client goes."""


@dataclass(frozen=True)
class Ask:
    """One request, as a script sees it."""

    call_id: str
    attempt: int
    """1 for the first request with this call id, counted over all connections."""
    key: str
    """The API key that came with it, for servers that repeat it."""
    cookie: str
    """The Cookie header that came with it."""
    elsewhere: str
    """Base URL of another host, which is to receive nothing."""


Step = bytes | float | End
"""Bytes to write, seconds to pause, or an end. A script that just stops leaves the connection open for reuse."""
Script = Callable[[Ask], Iterator[Step]]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the fault table: what the server does, and what the caller must get."""

    name: str
    script: Script
    expect: str = "Call"
    """``Call``, or the names of the error classes that are right, separated by " or "."""
    attempts: int | None = 1
    """Requests that the server has to see, and that the error has to tell of; None where up to three are right."""
    wire: int | None = None
    """Requests that the server has to see, where attempts do not get that far."""
    timeout: float = 5.0
    """The deadline of the call."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """More arguments of the client."""
    target: str = "plain"
    """Where the client is pointed at; see ``harness.base_url``."""
    ask: str = "own"
    """The id asked for: ``own`` (names the script), or ``uuid``."""
    before: tuple[str, ...] = ()
    """Scripts of calls that the same client makes first, whatever comes of them."""
    meanwhile: str | None = None
    """Script of a call that is in flight all the time."""
    then_good: bool = False
    """Whether the client then has to get a good call, over whatever connection."""
    waits: tuple[float, float] | None = None
    """Bounds of the seconds that the client has to wait, by its own (faked) clock."""
    retry_after: tuple[float, float] | None = None
    """Bounds of the error's ``retry_after``."""


ROWS: dict[str, Row] = {}


def fault(name: str, expect: str = "Call", **details: Any) -> Callable[[Script], Script]:
    """Add the decorated script to the table."""

    def add(script: Script) -> Script:
        assert name not in ROWS, name
        ROWS[name] = Row(name=name, script=script, expect=expect, **details)
        return script

    return add


def say(name: str, expect: str, payload: bytes | Callable[[Ask], bytes], *end: End, **details: Any) -> None:
    """Add a script that writes ``payload`` and then ends the connection, or leaves it open."""

    def script(ask: Ask) -> Iterator[Step]:
        yield payload if isinstance(payload, bytes) else payload(ask)
        yield from end

    fault(name, expect, **details)(script)


def http(body: bytes = b"", status: object = "200 OK", *headers: str, length: bool = True) -> bytes:
    """Write a whole answer (RFC 9112)."""
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", *headers]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def chunk(data: bytes) -> bytes:
    """Write one chunk (RFC 9112, section 7.1)."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def call(call_id: object, **changes: Any) -> dict[str, Any]:
    """Make the JSON of a call, with every caller's words in it."""
    value: dict[str, Any] = {
        "call_id": call_id,
        "status": "completed",
        "call_type": "outgoing",
        "protocol": "web",
        "from_number": WORDS["from_number"],
        "to_number": WORDS["to_number"],
        "start_time": "2025-05-19T10:15:22.230876-04:00",
        "call_duration_seconds": 61,
        "transcript": WORDS["transcript"],
        "transcript_object": [{"role": "user", "content": WORDS["turn"], "interrupted": False}],
        "call_recording_url": f"https://recordings.test/{WORDS['recording']}.mp3",
        "call_analysis": {
            "summary": WORDS["summary"],
            "post_analysis_data": [
                {"name": "reason", "value": WORDS["post_analysis"]},
                {"name": "amount", "value": float(WORDS["post_figure"])},
            ],
        },
        "metadata": {"model": WORDS["metadata"]},
        **changes,
    }
    return value


def envelope(call_id: str | None, **changes: Any) -> bytes:
    """Make the body of a good answer; ``changes`` are to the call."""
    body = {"msg": "Success", "err": False, "results": call(call_id, **changes)}
    return json.dumps(body, separators=(",", ":")).encode()


def good(ask: Ask) -> bytes:
    """Make a good answer."""
    return http(envelope(ask.call_id))
