"""Faults that only HTTP/2 has: of its frames, its streams and its compression of fields (RFC 9113, RFC 7541)."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Any

from tests.support.wire import End, Frame, ReceivedRequest, Script, Step, envelope, good

from .rows import HTTP2_ONLY, Stall, fault

DATA, HEADERS, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 5, 6, 7, 8, 9
END_STREAM, END_HEADERS = 0x1, 0x4
REFUSED_STREAM, NO_ERROR, ENHANCE_YOUR_CALM = 7, 0, 11
LAST = 2**31 - 1
"""The stream that a GOAWAY names which refuses none (RFC 9113, section 6.8)."""
BROKEN = "ProtocolError or APIConnectionError"


def field(name: bytes, value: bytes, *, kind: bytes = b"\0") -> bytes:
    """Encode a field; the default kind leaves the table of the connection as it is (RFC 7541, section 6.2.2)."""
    return kind + length_of(name) + name + length_of(value) + value


def length_of(text: bytes) -> bytes:
    """Encode the length of a text that is not compressed (RFC 7541, sections 5.1 and 5.2)."""
    if len(text) < 127:
        return bytes([len(text)])
    encoded, rest = bytearray([127]), len(text) - 127
    while rest > 127:
        encoded.append(rest % 128 + 128)
        rest //= 128
    return bytes([*encoded, rest])


STATUS = field(b":status", b"200")
ADDED, LATEST = b"\x40", b"\xbe"
"""The kind of a field that enters the table of the connection, and the field that did so last (RFC 7541, section 6)."""


def head(*fields: bytes, flags: int = END_HEADERS) -> Frame:
    """Write the head of a response."""
    return Frame(HEADERS, b"".join(fields), flags)


def body(request: ReceivedRequest, flags: int = END_STREAM) -> Frame:
    """Write the body of a good response."""
    return Frame(DATA, envelope(request.call_id), flags)


def goaway(last: int, code: int = NO_ERROR, words: bytes = b"") -> Frame:
    """Write a GOAWAY: requests on later streams than ``last`` were not looked at."""
    return Frame(GOAWAY, struct.pack(">II", last, code) + words, stream_id=0)


def frames(name: str, expect: str, *steps: Step, **details: Any) -> None:
    """Add a script that does the same for every request."""

    def script(request: ReceivedRequest) -> Iterator[Step]:
        yield from steps

    http2_fault(name, expect, **details)(script)


def http2_fault(name: str, expect: str = "Call", **details: Any) -> Callable[[Script], Script]:
    """Add the decorated script to the table, for HTTP/2 only."""
    return fault(f"http2-{name}", expect, left_out=HTTP2_ONLY, **details)


def once(name: str, *steps: Step, **details: Any) -> None:
    """Add a script that does this at the first attempt, and then sends a good response."""

    def script(request: ReceivedRequest) -> Iterator[Step]:
        yield from steps if request.attempt == 1 else (good(request),)

    http2_fault(name, "Call", attempts=2, **details)(script)


# The server ends the stream or the connection.
for _name, _code in (("refused", REFUSED_STREAM), ("no-error", NO_ERROR), ("enhance-your-calm", ENHANCE_YOUR_CALM)):
    _reset = Frame(RST_STREAM, struct.pack(">I", _code))
    frames(f"stream-reset-{_name}", "ProtocolError", _reset, attempts=3)
    frames(f"stream-reset-{_name}-within-body", BROKEN, head(STATUS), Frame(DATA, b"{"), _reset, attempts=3)
    once(f"stream-reset-{_name}-once", _reset)
frames("goaway", "ProtocolError", goaway(LAST), End.CLOSE, attempts=3)
frames("goaway-of-this-stream", "ProtocolError", goaway(0, ENHANCE_YOUR_CALM), End.CLOSE, attempts=3)
once("goaway-once", goaway(LAST), End.CLOSE, then_good=True)
# httpcore sends the request again by itself, which is right: the server has not looked at it.
once("goaway-of-later-streams", goaway(1), End.CLOSE, before=("good",), then_good=True)


@http2_fault("goaway-within-body", BROKEN, attempts=3)
def _goaway_within_body(request: ReceivedRequest) -> Iterator[Step]:
    yield good(request)[:-20]
    yield goaway(LAST)
    yield End.CLOSE


@http2_fault("goaway-after-response", then_good=True)
def _goaway_after_response(request: ReceivedRequest) -> Iterator[Step]:
    yield good(request)
    yield goaway(LAST)
    yield End.CLOSE


@http2_fault("key-in-goaway", "ProtocolError", attempts=3)
def _key_in_goaway(request: ReceivedRequest) -> Iterator[Step]:
    yield goaway(LAST, ENHANCE_YOUR_CALM, f"bad key {request.key}".encode())
    yield End.CLOSE


# Bodies that do not end as they should.
frames("no-body-frame", "ResponseDecodeError", head(STATUS, flags=END_HEADERS | END_STREAM))
frames("stream-ends-early", "ResponseDecodeError", head(STATUS), Frame(DATA, b"{", END_STREAM))
frames("body-without-head", BROKEN, Frame(DATA, b"{}", END_STREAM), attempts=3)


def of_length(length: int, sent: int, delay: float = 0.0) -> Script:
    """Make a script that declares one length and sends another, at once or after the client has read the head."""

    def script(request: ReceivedRequest) -> Iterator[Step]:
        yield head(STATUS, field(b"content-length", b"%d" % length))
        yield delay
        yield Frame(DATA, b" " * sent, END_STREAM)

    return script


http2_fault("stream-ends-before-its-length", BROKEN, attempts=3)(of_length(100, 50))
http2_fault("stream-longer-than-its-length", BROKEN, attempts=3)(of_length(50, 100))
http2_fault("stream-ends-late-before-its-length", BROKEN, attempts=3)(of_length(100, 50, delay=0.05))
for _name, _value in {"a-word": b"two", "negative": b"-2", "two": b"2, 3"}.items():
    frames(
        f"length-is-{_name}", BROKEN, head(STATUS, field(b"content-length", _value)), Frame(DATA, b"{}", 1), attempts=3
    )

# Heads. httpcore 1.0.9 checks no fields: it takes a missing status for 200, and ignores what is not allowed.
for _name, _fields in {
    "without-status": (),
    "with-status-twice": (STATUS, field(b":status", b"404")),
    "with-path": (STATUS, field(b":path", b"/")),
    "with-status-behind-fields": (field(b"x-note", b"a"), STATUS),
    "with-name-in-capitals": (STATUS, field(b"X-Note", b"a")),
    "with-connection": (STATUS, field(b"connection", b"close"), field(b"transfer-encoding", b"chunked")),
    "with-nul": (STATUS, field(b"x-note", b"a\0b")),
    "with-line-break": (STATUS, field(b"x-note", b"a\r\nx-other: b")),
}.items():

    def _script(request: ReceivedRequest, fields: tuple[bytes, ...] = _fields) -> Iterator[Step]:
        yield head(*fields)
        yield body(request)

    http2_fault(f"head-{_name}", f"Call or NotFoundError or {BROKEN}", attempts=None)(_script)
frames("status-is-a-word", BROKEN, head(field(b":status", b"ok")), attempts=3)
frames("head-cut", "ProtocolError", head(STATUS, flags=0), End.CLOSE, attempts=3)
frames("head-silent", "APITimeoutError", head(STATUS, flags=0), End.HOLD, stall=Stall.RESPONSE)
frames("head-is-not-hpack", "ProtocolError", head(b"\xff\xff\xff\xff\xff\xff"), attempts=3)
# One large field, then four thousand references to it.
frames(
    "head-is-a-bomb",
    "ProtocolError",
    head(STATUS, field(b"x", b"x" * 4000, kind=ADDED), LATEST * 4000),
    attempts=3,
)

_large = STATUS + field(b"x-large", b"x" * 300_000)
frames(
    "head-of-300-kb",
    "ProtocolError",
    Frame(HEADERS, _large[:16_384]),
    *(Frame(CONTINUATION, _large[start : start + 16_384]) for start in range(16_384, 300_000, 16_384)),
    Frame(CONTINUATION, b"", END_HEADERS),
    attempts=3,
)
frames("not-http", "ProtocolError", b"This is not HTTP.\r\n\r\n", End.CLOSE, attempts=3)
# h2 4.4.1 waits for all of the frame that such bytes seem to be, which would be too large.
frames("not-http-and-silent", "APITimeoutError", b"This is not HTTP.\r\n\r\n", End.HOLD, stall=Stall.RESPONSE)


@http2_fault("endless-head", "ProtocolError", attempts=3)
def _endless_head(request: ReceivedRequest) -> Iterator[Step]:
    yield head(STATUS, flags=0)
    while True:
        yield Frame(CONTINUATION, field(b"x-filler", b"x" * 100))


# Frames that are not allowed, and frames without end that are.
for _name, _frame in {
    "too-large": Frame(DATA, b" " * 20_000),
    "of-a-promise": Frame(PUSH_PROMISE, struct.pack(">I", 2), END_HEADERS),
    "of-another-stream": Frame(DATA, b"{}", stream_id=99),
    "of-an-empty-window": Frame(WINDOW_UPDATE, bytes(4), stream_id=0),
    "of-bad-settings": Frame(SETTINGS, b"\0\5\0\0\0\1", stream_id=0),
}.items():
    frames(f"frame-{_name}", BROKEN, _frame, attempts=3)


@http2_fault("frame-of-unknown-kind")
def _unknown_kind(request: ReceivedRequest) -> Iterator[Step]:
    yield Frame(0xBE, b"whatever")
    yield good(request)


for _name, _frame in {
    "pings": Frame(PING, bytes(8), stream_id=0),
    "settings": Frame(SETTINGS, stream_id=0),
    "windows": Frame(WINDOW_UPDATE, struct.pack(">I", 1), stream_id=0),
}.items():

    def _flood(request: ReceivedRequest, flood: Frame = _frame) -> Iterator[Step]:
        while True:
            for _ in range(1000):
                yield flood
            yield 0.0

    http2_fault(f"flood-of-{_name}", f"APITimeoutError or {BROKEN}", attempts=None, stall=Stall.RESPONSE)(_flood)


@http2_fault("flood-of-empty-data", "APITimeoutError", stall=Stall.RESPONSE)
def _empty_data(request: ReceivedRequest) -> Iterator[Step]:
    yield head(STATUS)
    while True:
        for _ in range(1000):
            yield Frame(DATA)
        yield 0.0
