"""Faults of the connection: refused, reset, closed, silent, slow, and out of step."""

from __future__ import annotations

from collections.abc import Iterator

from tests.support.canary import WORDS
from tests.support.wire import End, ReceivedRequest, Step, chunk, envelope, good, http

from .rows import Stall, fault, http1_only, respond, unreachable

TIMEOUT = "APITimeoutError"
ONE_PIECE = http1_only("a head of HTTP/2 arrives in one piece")
UNFRAMED = http1_only("see http2-not-http-and-silent")
BY_STREAM = http1_only("HTTP/2 assigns each response to its request")


@fault("good")
def _good(request: ReceivedRequest) -> Iterator[Step]:
    yield good(request)


# Nobody is there, or does not speak HTTP: no script runs.

fault("refused", "APIConnectionError", target="refused", attempts=3, requests=0)(unreachable)
fault("unresolvable-name", "APIConnectionError", target="unresolvable", attempts=3, requests=0)(unreachable)
fault("untrusted-certificate", "TLSError", target="tls", requests=0)(unreachable)
fault("certificate-of-another-host", "TLSError", target="tls-trusted", requests=0)(unreachable)
fault("tls-to-plain-port", "TLSError", target="tls-to-plain", requests=0)(unreachable)
fault(
    "tls-never-responds",
    TIMEOUT,
    target="tls-to-silent",
    requests=0,
    stall=Stall.HANDSHAKE,
    options={"connect_timeout": 60.0},
)(unreachable)
fault(
    "connecting-too-slow",
    TIMEOUT,
    target="tls-to-silent",
    attempts=3,
    requests=0,
    stall=Stall.CONNECTING,
    options={"connect_timeout": 4.0},
)(unreachable)
fault(
    "pool-full",
    "PoolTimeoutError",
    attempts=0,
    stall=Stall.QUEUE,
    options={"max_connections": 1},
    meanwhile="never-responds",
)(unreachable)

# Broken off.

BROKEN = "APIConnectionError or ProtocolError"

respond("reset-before-headers", BROKEN, b"", End.RESET, attempts=3)
respond("close-before-headers", BROKEN, b"", End.CLOSE, attempts=3)
respond("reset-within-headers", BROKEN, b"HTTP/1.1 200 OK\r\nConte", End.RESET, attempts=3, left_out=ONE_PIECE)
respond("close-within-headers", BROKEN, b"HTTP/1.1 200 OK\r\nConte", End.CLOSE, attempts=3, left_out=ONE_PIECE)
respond("close-within-status-line", BROKEN, b"HTTP/1.", End.CLOSE, attempts=3, left_out=ONE_PIECE)
respond("reset-within-body", BROKEN, lambda request: good(request)[:-20], End.RESET, attempts=3)
respond("close-within-body", BROKEN, lambda request: good(request)[:-20], End.CLOSE, attempts=3)


@fault("close-within-chunks", BROKEN, attempts=3)
def _close_within_chunks(request: ReceivedRequest) -> Iterator[Step]:
    yield http(b"", "200 OK", "Transfer-Encoding: chunked", length=False)
    yield chunk(envelope(request.call_id))
    yield End.CLOSE


@fault("reset-once-then-good", "Call", attempts=2)
def _reset_once(request: ReceivedRequest) -> Iterator[Step]:
    yield End.RESET if request.attempt == 1 else good(request)


@fault("cut-twice-then-good", "Call", attempts=3)
def _cut_twice(request: ReceivedRequest) -> Iterator[Step]:
    yield good(request)[: -20 if request.attempt < 3 else None]
    if request.attempt < 3:
        yield End.CLOSE


# The connection was used before, and closes when this request arrives.
respond("kept-alive-closes", BROKEN, b"", End.CLOSE, attempts=3, before=("good",))
respond("kept-alive-resets", BROKEN, b"", End.RESET, attempts=3, before=("good",))


@fault("kept-alive-closes-once", "Call", attempts=2, before=("good",))
def _kept_alive_closes_once(request: ReceivedRequest) -> Iterator[Step]:
    yield End.CLOSE if request.attempt == 1 else good(request)


@fault("closed-while-idle", "Call", before=("good-then-close",))
def _closed_while_idle(request: ReceivedRequest) -> Iterator[Step]:
    yield good(request)


respond("good-then-close", "Call", good, End.CLOSE, then_good=True)


@fault("body-in-a-second-write")
def _second_write(request: ReceivedRequest) -> Iterator[Step]:
    head, end, body = good(request).partition(b"\r\n\r\n")
    yield head + end
    yield 0.05
    yield body


# Late, or never. Whatever drips has no end, so that only the deadline can end the request.

respond("never-responds", TIMEOUT, b"", End.HOLD, stall=Stall.RESPONSE)
respond("silent-within-headers", TIMEOUT, b"HTTP/1.1 200 OK\r\nC", End.HOLD, stall=Stall.RESPONSE, left_out=ONE_PIECE)
respond("silent-within-body", TIMEOUT, lambda request: good(request)[:-20], End.HOLD, stall=Stall.RESPONSE)


def dripping(data: bytes) -> Iterator[Step]:
    """Write ``data``, then slowly one byte after the other, so that no read ever takes long."""
    yield data
    while True:
        yield b" "
        yield 0.01


@fault("dripping-headers", TIMEOUT, stall=Stall.RESPONSE, left_out=ONE_PIECE)
def _dripping_headers(request: ReceivedRequest) -> Iterator[Step]:
    yield from dripping(b"HTTP/1.1 200 OK\r\nX-Filler: ")


@fault("dripping-body", TIMEOUT, stall=Stall.RESPONSE)
def _dripping_body(request: ReceivedRequest) -> Iterator[Step]:
    yield from dripping(http(envelope(request.call_id)[:-1], length=False))


@fault("dripping-body-of-a-failure", "APITimeoutError or NotFoundError", stall=Stall.RESPONSE)
def _dripping_failure(request: ReceivedRequest) -> Iterator[Step]:
    yield from dripping(http(b"", "404 Not Found", "Content-Length: 60000", length=False))


@fault("second-attempt-never-responds", TIMEOUT, attempts=2, stall=Stall.RESPONSE)
def _second_never_responds(request: ReceivedRequest) -> Iterator[Step]:
    yield End.RESET if request.attempt == 1 else End.HOLD


@fault("endless-100-flood", TIMEOUT, stall=Stall.RESPONSE)
def _endless_100(request: ReceivedRequest) -> Iterator[Step]:
    while True:
        yield b"HTTP/1.1 100 Continue\r\n\r\n" * 1000
        yield 0.0


@fault("endless-102", TIMEOUT, stall=Stall.RESPONSE)
def _endless_102(request: ReceivedRequest) -> Iterator[Step]:
    while True:
        yield b"HTTP/1.1 102 Processing\r\n\r\n"
        yield 0.02


@fault("endless-103", TIMEOUT, stall=Stall.RESPONSE)
def _endless_103(request: ReceivedRequest) -> Iterator[Step]:
    while True:
        yield b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
        yield 0.02


respond("few-1xx-then-good", "Call", lambda request: b"HTTP/1.1 103 Early Hints\r\n\r\n" * 3 + good(request))

# Out of step: the response to another request lies on the connection. It never gets through, and the client recovers.


def _another(request: ReceivedRequest) -> bytes:
    return http(envelope("call-of-another-caller"))


respond(
    "two-responses-in-one-write",
    "Call",
    lambda request: good(request) + _another(request),
    left_out=BY_STREAM,
)


@fault("response-pushed-while-idle", "Call", left_out=BY_STREAM)
def _pushed(request: ReceivedRequest) -> Iterator[Step]:
    yield good(request)
    yield 0.01
    yield _another(request)


respond(
    "next-after-two-responses",
    "CallIdMismatchError or Call",
    good,
    attempts=None,
    before=("two-responses-in-one-write",),
    then_good=True,
    left_out=BY_STREAM,
)
respond(
    "next-after-pushed-response",
    "CallIdMismatchError or Call",
    good,
    attempts=None,
    before=("response-pushed-while-idle",),
    then_good=True,
    left_out=BY_STREAM,
)
respond(
    "length-too-short",
    "ResponseDecodeError or ProtocolError",
    lambda request: http(
        envelope(request.call_id),
        "200 OK",
        f"Content-Length: {len(envelope(request.call_id)) - 200}",
        length=False,
    ),
    attempts=None,
    then_good=True,
    left_out=BY_STREAM,
)
respond(
    "next-after-length-too-short",
    "Call",
    good,
    attempts=None,
    before=("length-too-short",),
    then_good=True,
    left_out=BY_STREAM,
)
respond(
    "words-where-the-status-belongs",
    "ProtocolError",
    WORDS["transcript"].encode() + b"\r\n\r\n",
    attempts=3,
    left_out=UNFRAMED,
)
respond(
    "http-2-preface",
    "ProtocolError",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    attempts=3,
    left_out=UNFRAMED,
)
