"""Faults of the connection: refused, reset, closed, silent, slow, and out of step."""

from __future__ import annotations

from collections.abc import Iterator

from .wire import WORDS, Ask, End, Step, chunk, envelope, fault, good, http, say

DEADLINE = 0.3
"""Seconds given to calls that must run into their deadline."""


@fault("good")
def _good(ask: Ask) -> Iterator[Step]:
    yield good(ask)


# Nobody answers, or not in HTTP: no script runs.


def _unreachable(ask: Ask) -> Iterator[Step]:
    raise AssertionError("no request can arrive here")


fault("refused", "APIConnectionError", target="refused", attempts=3, wire=0)(_unreachable)
fault("unresolvable-name", "APIConnectionError", target="unresolvable", attempts=3, wire=0)(_unreachable)
fault("untrusted-certificate", "TLSError", target="tls", wire=0)(_unreachable)
fault("certificate-of-another-host", "TLSError", target="tls-trusted", wire=0)(_unreachable)
fault("tls-to-plain-port", "TLSError", target="tls-to-plain", wire=0)(_unreachable)
fault("tls-never-answers", "APITimeoutError", target="tls-to-silent", timeout=DEADLINE, wire=0)(_unreachable)
fault(
    "connecting-too-slow",
    "APITimeoutError",
    target="tls-to-silent",
    attempts=3,
    wire=0,
    options={"connect_timeout": 0.1},
)(_unreachable)
fault(
    "pool-full",
    "APITimeoutError or PoolTimeoutError",
    timeout=DEADLINE,
    wire=0,
    options={"max_connections": 1},
    meanwhile="never-answers",
)(_unreachable)

# Broken off.

BROKEN = "APIConnectionError or ProtocolError"

say("reset-before-headers", BROKEN, b"", End.RESET, attempts=3)
say("close-before-headers", BROKEN, b"", End.CLOSE, attempts=3)
say("reset-within-headers", BROKEN, b"HTTP/1.1 200 OK\r\nConte", End.RESET, attempts=3)
say("close-within-headers", BROKEN, b"HTTP/1.1 200 OK\r\nConte", End.CLOSE, attempts=3)
say("close-within-status-line", BROKEN, b"HTTP/1.", End.CLOSE, attempts=3)
say("reset-within-body", BROKEN, lambda ask: good(ask)[:-20], End.RESET, attempts=3)
say("close-within-body", BROKEN, lambda ask: good(ask)[:-20], End.CLOSE, attempts=3)


@fault("close-within-chunks", BROKEN, attempts=3)
def _close_within_chunks(ask: Ask) -> Iterator[Step]:
    yield http(b"", "200 OK", "Transfer-Encoding: chunked", length=False)
    yield chunk(envelope(ask.call_id))
    yield End.CLOSE


@fault("reset-once-then-good", "Call", attempts=2)
def _reset_once(ask: Ask) -> Iterator[Step]:
    yield End.RESET if ask.attempt == 1 else good(ask)


@fault("cut-twice-then-good", "Call", attempts=3)
def _cut_twice(ask: Ask) -> Iterator[Step]:
    yield good(ask)[: -20 if ask.attempt < 3 else None]
    if ask.attempt < 3:
        yield End.CLOSE


# The connection was used before, and closes as this request lands.
say("kept-alive-closes", BROKEN, b"", End.CLOSE, attempts=3, before=("good",))
say("kept-alive-resets", BROKEN, b"", End.RESET, attempts=3, before=("good",))


@fault("kept-alive-closes-once", "Call", attempts=2, before=("good",))
def _kept_alive_closes_once(ask: Ask) -> Iterator[Step]:
    yield End.CLOSE if ask.attempt == 1 else good(ask)


@fault("closed-while-idle", "Call", before=("good-then-close",))
def _closed_while_idle(ask: Ask) -> Iterator[Step]:
    yield good(ask)


say("good-then-close", "Call", good, End.CLOSE, then_good=True)

# Late, or never.

say("never-answers", "APITimeoutError", b"", End.HOLD, timeout=DEADLINE)
say("silent-within-headers", "APITimeoutError", b"HTTP/1.1 200 OK\r\nC", End.HOLD, timeout=DEADLINE)
say("silent-within-body", "APITimeoutError", lambda ask: good(ask)[:-20], End.HOLD, timeout=DEADLINE)


def dripping(data: bytes) -> Iterator[Step]:
    """Write a byte at a time, slowly, so that something always arrives before a read times out."""
    for byte in data:
        yield bytes((byte,))
        yield 0.01


@fault("dripping-headers", "APITimeoutError", timeout=DEADLINE)
def _dripping_headers(ask: Ask) -> Iterator[Step]:
    yield from dripping(good(ask))


@fault("dripping-body", "APITimeoutError", timeout=DEADLINE)
def _dripping_body(ask: Ask) -> Iterator[Step]:
    head, _, body = good(ask).partition(b"\r\n\r\n")
    yield head + b"\r\n\r\n"
    yield from dripping(body)


@fault("dripping-body-of-a-failure", "APITimeoutError or NotFoundError", timeout=DEADLINE)
def _dripping_failure(ask: Ask) -> Iterator[Step]:
    yield http(b"", "404 Not Found", "Content-Length: 1000", length=False)
    yield from dripping(b" " * 1000)


@fault("second-attempt-never-answers", "APITimeoutError", attempts=2, timeout=DEADLINE)
def _second_never_answers(ask: Ask) -> Iterator[Step]:
    yield End.RESET if ask.attempt == 1 else End.HOLD


@fault("endless-100-flood", "APITimeoutError", timeout=DEADLINE)
def _endless_100(ask: Ask) -> Iterator[Step]:
    while True:
        yield b"HTTP/1.1 100 Continue\r\n\r\n" * 1000
        yield 0.0


@fault("endless-102", "APITimeoutError", timeout=DEADLINE)
def _endless_102(ask: Ask) -> Iterator[Step]:
    while True:
        yield b"HTTP/1.1 102 Processing\r\n\r\n"
        yield 0.02


@fault("endless-103", "APITimeoutError", timeout=DEADLINE)
def _endless_103(ask: Ask) -> Iterator[Step]:
    while True:
        yield b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
        yield 0.02


say("few-1xx-then-good", "Call", lambda ask: b"HTTP/1.1 103 Early Hints\r\n\r\n" * 3 + good(ask))

# Out of step: another caller's answer lies on the connection. Never another's call; then it works again.


def _another(ask: Ask) -> bytes:
    return http(envelope("another-callers-call"))


say("two-answers-in-one-write", "Call", lambda ask: good(ask) + _another(ask))


@fault("answer-pushed-while-idle", "Call")
def _pushed(ask: Ask) -> Iterator[Step]:
    yield good(ask)
    yield 0.01
    yield _another(ask)


say(
    "next-after-two-answers",
    "WrongCallError or Call",
    good,
    attempts=None,
    before=("two-answers-in-one-write",),
    then_good=True,
)
say(
    "next-after-pushed-answer",
    "WrongCallError or Call",
    good,
    attempts=None,
    before=("answer-pushed-while-idle",),
    then_good=True,
)
say(
    "length-too-short",
    "ResponseDecodeError or ProtocolError",
    lambda ask: http(
        envelope(ask.call_id), "200 OK", f"Content-Length: {len(envelope(ask.call_id)) - 200}", length=False
    ),
    attempts=None,
    then_good=True,
)
say("next-after-length-too-short", "Call", good, attempts=None, before=("length-too-short",), then_good=True)
say("words-where-the-status-belongs", "ProtocolError", WORDS["transcript"].encode() + b"\r\n\r\n", attempts=3)
say("http-2-preface", "ProtocolError", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", attempts=3)
