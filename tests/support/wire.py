"""What a scripted server sends: bytes, pauses and the end of a connection. No HTTP library here."""

from __future__ import annotations

import asyncio
import enum
import json
import socket
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .canary import WORDS

NOW = 1_750_000_000.0
"""Seconds since the epoch when a client with ``clock.MovableClock`` starts: June 2025."""


class End(enum.Enum):
    """How a connection ends."""

    CLOSE = "close"
    """In order, with a FIN."""
    RESET = "reset"
    """With a RST."""
    HOLD = "hold"
    """Not at all: silence until the client closes it."""


@dataclass(frozen=True)
class ReceivedRequest:
    """One request, as a script sees it."""

    call_id: str
    attempt: int
    """1 for the first request with this call id, counted over all connections."""
    key: str
    """The API key that came with it, for servers that repeat it."""
    cookie: str
    """The Cookie header that came with it."""
    elsewhere: str
    """Base URL of another host, which must not receive anything."""


@dataclass(frozen=True)
class Frame:
    """One frame (RFC 9113, section 4.1), for faults that only HTTP/2 has."""

    kind: int
    payload: bytes = b""
    flags: int = 0
    stream_id: int | None = None
    """0 for the connection; None for the stream of the request."""

    def to_bytes(self, stream_id: int) -> bytes:
        """Write the frame, on ``stream_id`` if it does not say where."""
        used = stream_id if self.stream_id is None else self.stream_id
        return struct.pack(">HBBBI", *divmod(len(self.payload), 256), self.kind, self.flags, used) + self.payload


Step = bytes | float | End | Frame
"""Bytes to write, seconds to pause, or an end. A script that just stops leaves the connection open for reuse."""
Script = Callable[[ReceivedRequest], Iterator[Step]]


def reset(writer: asyncio.StreamWriter) -> None:
    """Close a connection with a RST."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def http(body: bytes = b"", status: object = "200 OK", *headers: str, length: bool = True) -> bytes:
    """Write a response (RFC 9112)."""
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", *headers]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def chunk(data: bytes) -> bytes:
    """Write one chunk (RFC 9112, section 7.1)."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def call(call_id: object, **changes: Any) -> dict[str, Any]:
    """Make the JSON of a call that holds every one of ``canary.WORDS`` but that of mismatches."""
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


def envelope(call_id: object, **changes: Any) -> bytes:
    """Make the body of a good response; ``changes`` are to the call."""
    body = {"msg": "Success", "err": False, "results": call(call_id, **changes)}
    return json.dumps(body, separators=(",", ":")).encode()


def good(request: ReceivedRequest) -> bytes:
    """Make a good response."""
    return http(envelope(request.call_id))
