"""Bodies: too large, badly compressed, no JSON, no envelope, another call's, and full of strays."""

from __future__ import annotations

import functools
import gzip
import json
import zlib
from collections.abc import Callable, Iterator

from .rows_connection import DEADLINE
from .wire import WORDS, Ask, End, Step, call, envelope, fault, good, http, say

MIB = 1 << 20
BOMB_MIB = 200


def encoded(encoding: str, change: Callable[[bytes], bytes]) -> Callable[[Ask], bytes]:
    """Make a script's payload: a good body, changed, and declared to be in ``encoding``."""
    return lambda ask: http(change(envelope(ask.call_id)), "200 OK", f"Content-Encoding: {encoding}")


def raw_deflate(body: bytes) -> bytes:
    """Compress as RFC 1951 has it, without the header that HTTP's "deflate" should have."""
    return zlib.compress(body)[2:-4]


@functools.cache
def bomb() -> bytes:
    """Make a gzip body of about 200 kB that holds 200 MiB."""
    return gzip.compress(bytes(BOMB_MIB * MIB), mtime=0)


# Encodings that hold: positive controls for the rows below.
say("good-gzip", "Call", encoded("gzip", gzip.compress))
say("good-x-gzip-in-capitals", "Call", encoded("X-GZIP", gzip.compress))
say(
    "good-gzip-of-two-members", "Call", encoded("gzip", lambda b: gzip.compress(b[:9]) + gzip.compress(b[9:]))
)
say("good-deflate", "Call", encoded("deflate", zlib.compress))
say("good-deflate-without-header", "Call", encoded("deflate", raw_deflate))
say("good-identity", "Call", encoded("identity", bytes))

for _name, _encoding, _change in (
    ("gzip-cut", "gzip", lambda body: gzip.compress(body)[:-30]),
    ("gzip-without-trailer", "gzip", lambda body: gzip.compress(body)[:-8]),
    ("gzip-cut-in-first-byte", "gzip", lambda body: gzip.compress(body)[:1]),
    ("gzip-of-no-bytes", "gzip", lambda body: b""),
    ("gzip-wrong-checksum", "gzip", lambda body: gzip.compress(body)[:-8] + b"\0" * 8),
    ("gzip-flipped-bytes", "gzip", lambda body: gzip.compress(body)[:40] + b"\xff" * 40),
    ("gzip-then-garbage", "gzip", lambda body: gzip.compress(body) + b"garbage"),
    ("gzip-then-zeros", "gzip", lambda body: gzip.compress(body) + b"\0" * 64),
    ("gzip-then-half-a-member", "gzip", lambda body: gzip.compress(body) + gzip.compress(b" ")[:12]),
    ("gzip-is-plain", "gzip", bytes),
    ("deflate-cut", "deflate", lambda body: zlib.compress(body)[:-20]),
    ("deflate-then-garbage", "deflate", lambda body: zlib.compress(body) + b"garbage"),
    ("deflate-is-plain", "deflate", bytes),
    ("encoding-br", "br", bytes),
    ("encoding-zstd", "zstd", bytes),
    ("encoding-unknown", "rot13", bytes),
    ("encoding-twice", "gzip, gzip", lambda body: gzip.compress(gzip.compress(body))),
):
    say(_name, "ProtocolError", encoded(_encoding, _change), attempts=3)
say(
    "encoding-in-two-headers",
    "ProtocolError",
    lambda ask: http(
        gzip.compress(envelope(ask.call_id)), "200 OK", "Content-Encoding: gzip", "Content-Encoding: br"
    ),
    attempts=3,
)

# Too large. Nothing else than the deadline and the size cap ends some of these.
say("gzip-bomb", "ResponseTooLargeError", lambda ask: http(bomb(), "200 OK", "Content-Encoding: gzip"))
say("gzip-bomb-as-failure", "NotFoundError", lambda ask: http(bomb(), "404 No", "Content-Encoding: gzip"))


@fault("endless-empty-gzip-members", "APITimeoutError", timeout=DEADLINE)
def _empty_members(ask: Ask) -> Iterator[Step]:
    yield http(b"", "200 OK", "Content-Encoding: gzip", length=False)
    while True:
        yield gzip.compress(b"", mtime=0) * 1000


@fault("huge-plain-body", "ResponseTooLargeError", then_good=True)
def _huge_body(ask: Ask) -> Iterator[Step]:
    yield http(b"", "200 OK", f"Content-Length: {64 * MIB}", length=False)
    for _ in range(64):
        yield b" " * MIB


@fault("endless-body-until-close", "ResponseTooLargeError", options={"max_response_bytes": 2 * MIB})
def _endless_body(ask: Ask) -> Iterator[Step]:
    yield http(b"", length=False)
    while True:
        yield b" " * MIB


@fault("huge-length-then-silence", "APITimeoutError or ResponseTooLargeError", timeout=DEADLINE)
def _huge_length(ask: Ask) -> Iterator[Step]:
    yield http(b"{", "200 OK", f"Content-Length: {10**15}", length=False)
    yield End.HOLD


@fault("endless-body-of-a-failure", "NotFoundError", then_good=True)
def _endless_failure(ask: Ask) -> Iterator[Step]:
    yield http(b"", "404 Not Found", length=False)
    while True:
        yield b"x" * 65536


say(
    "body-of-one-byte-too-many",
    "ResponseTooLargeError",
    http(b"x" * 101),
    options={"max_response_bytes": 100},
)
say(
    "body-at-the-limit",
    "Call",
    lambda ask: http(envelope(ask.call_id).ljust(4096)),
    options={"max_response_bytes": 4096},
)

# Whole, but not what was promised: never retried.


def changed(old: bytes, new: bytes) -> Callable[[Ask], bytes]:
    """Make a script's payload: a good body in which ``old`` is replaced."""

    def payload(ask: Ask) -> bytes:
        body = envelope(ask.call_id)
        assert old in body
        return http(body.replace(old, new, 1))

    return payload


DECODE = "ResponseDecodeError"
FIGURE = b'"call_duration_seconds":61'
UNDECODABLE: dict[str, bytes | Callable[[Ask], bytes]] = {
    "cut-until-close": lambda ask: http(envelope(ask.call_id)[:-20], length=False),
    "empty-200": http(b""),
    "html-200": http(b"<html><body>Maintenance</body></html>"),
    "json-then-garbage": lambda ask: http(envelope(ask.call_id) + b"}"),
    "json-twice": lambda ask: http(envelope(ask.call_id) * 2),
    "utf-8-broken": changed(WORDS["turn"].encode(), b"caf\xe9"),
    "utf-8-broken-where-nobody-looks": changed(b'{"msg"', b'{"unknown":"\xff","msg"'),
    "utf-16": lambda ask: http(envelope(ask.call_id).decode().encode("utf-16")),
    "envelope-keys-twice": changed(b'"err":false', b'"err":true,"err":false'),
    "results-twice": changed(b'{"msg"', b'{"results":{"status":"queued"},"msg"'),
    "nan": changed(FIGURE, b'"call_duration_seconds":NaN'),
    "infinity": changed(FIGURE, b'"call_duration_seconds":-Infinity'),
    "number-beyond-range": changed(FIGURE, b'"call_duration_seconds":1e999'),
    "deep-nesting": changed(FIGURE, b'"unknown":' + b"[" * 100_000 + b"]" * 100_000),
    "deep-nesting-in-metadata": changed(FIGURE, b'"metadata":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    "envelope-is-null": http(b"null"),
    "envelope-is-list": http(b"[]"),
    "envelope-is-text": http(b'"Success"'),
    "envelope-is-another-object": http(b'{"hello": "world"}'),
    "results-is-text": http(
        b'{"msg": "Success", "err": false, "results": "' + WORDS["turn"].encode() + b'"}'
    ),
    "results-is-list": http(b'{"msg": "Success", "err": false, "results": [{}]}'),
}
for _name, _payload in UNDECODABLE.items():
    say(_name, DECODE, _payload, *([End.CLOSE] if _name == "cut-until-close" else []))
say(
    "integer-of-5000-digits",
    "Call or ResponseDecodeError",
    changed(FIGURE, b'"call_duration_seconds":' + b"7" * 5000),
)
say("204", DECODE, http(b"", "204 No Content", length=False))
say("205", DECODE, http(b"", "205 Reset Content"))
say("206", DECODE, lambda ask: http(envelope(ask.call_id), "206 Partial Content"))
say("err-true", "EnvelopeError", http(b'{"msg": "no such call", "err": true, "results": null}'))
say("err-true-with-results", "EnvelopeError", changed(b'"err":false', b'"err":true'))
say("results-missing", "MissingResultsError", http(b'{"msg": "Success", "err": false}'))
say("results-null", "MissingResultsError", http(b'{"msg": "Success", "err": false, "results": null}'))

# The right call.


def named(call_id: Callable[[str], object]) -> Callable[[Ask], bytes]:
    """Make a script's payload: a good body, whose id is made of the one asked for."""
    return lambda ask: http(
        json.dumps({"msg": "Success", "err": False, "results": call(call_id(ask.call_id))}).encode()
    )


say("id-of-another-call", "WrongCallError", named(lambda _: "another-callers-call"), then_good=True)
say("id-with-more-behind", "WrongCallError", named(lambda own: own + "0"))
say(
    "id-of-another-uuid",
    "WrongCallError",
    named(lambda own: own[:-1] + ("0" if own[-1] != "0" else "1")),
    ask="uuid",
)
say("id-is-empty", "WrongCallError", named(lambda _: ""))
say("id-is-a-number", "WrongCallError", named(lambda _: 42))
say("id-is-an-object", "WrongCallError", named(lambda own: {"id": own}))
say("id-in-other-case", "Call", named(str.upper))
say("uuid-in-other-case", "Call", named(str.upper), ask="uuid")
say("uuid-without-hyphens", "Call", named(lambda own: own.replace("-", "")), ask="uuid")
say("id-is-null", "Call", named(lambda _: None))
say("id-unchecked", "Call", named(lambda _: "another-callers-call"), options={"verify_call_id": False})


@fault("id-absent", "Call")
def _id_absent(ask: Ask) -> Iterator[Step]:
    yield http(good(ask).partition(b"\r\n\r\n")[2].replace(b'"call_id":', b'"unknown":', 1))


# Strays from the spec: the call is delivered, and nothing of them shows.
STRAYS = {
    "status": WORDS["stray"],
    "transcript": [WORDS["stray"]],
    "start_time": WORDS["stray"],
    "end_time": "2025-02-30T00:00:00Z",
    "call_duration_seconds": WORDS["stray"],
    "from_number": {WORDS["stray"]: 1},
    "call_type": WORDS["stray"],
    "sentiment": {"a": WORDS["stray"]},
    "metadata": WORDS["stray"],
    "variables": {WORDS["stray"]: WORDS["stray"]},
    "transcript_object": {"role": WORDS["stray"]},
    "call_analysis": [WORDS["stray"]],
    WORDS["stray"]: WORDS["stray"],
}
say("strays", "Call", lambda ask: http(envelope(ask.call_id, **STRAYS)))
say("strays-when-strict", DECODE, lambda ask: http(envelope(ask.call_id, **STRAYS)), options={"strict": True})
