"""Bodies: too large, badly compressed, not JSON, not the envelope, another call's, or not as documented."""

from __future__ import annotations

import functools
import gzip
import json
import zlib
from collections.abc import Callable, Iterator

from tests.support.canary import WORDS
from tests.support.wire import End, ReceivedRequest, Step, call, envelope, good, http

from .rows import Stall, fault, respond

MIB = 1 << 20
BOMB_MIB = 200


def encoded(encoding: str, change: Callable[[bytes], bytes]) -> Callable[[ReceivedRequest], bytes]:
    """Make the payload of a script: a good body, changed, and declared to have this encoding."""
    return lambda request: http(change(envelope(request.call_id)), "200 OK", f"Content-Encoding: {encoding}")


def raw_deflate(body: bytes) -> bytes:
    """Compress by RFC 1951, without the header that "deflate" should have in HTTP."""
    return zlib.compress(body)[2:-4]


@functools.cache
def bomb() -> bytes:
    """Make a gzip body of about 200 kB that holds 200 MiB. It lacks its end, which nobody should get to."""
    packer = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
    mebibyte = bytes(MIB)
    start = packer.compress(mebibyte) + packer.flush(zlib.Z_FULL_FLUSH)
    repeatable = packer.compress(mebibyte) + packer.flush(zlib.Z_FULL_FLUSH)
    return start + repeatable * (BOMB_MIB - 1)


# Valid encodings: positive controls for the rows below.
respond("good-gzip", "Call", encoded("gzip", gzip.compress))
respond("good-x-gzip-in-capitals", "Call", encoded("X-GZIP", gzip.compress))
respond("good-gzip-of-two-members", "Call", encoded("gzip", lambda b: gzip.compress(b[:9]) + gzip.compress(b[9:])))
respond("good-deflate", "Call", encoded("deflate", zlib.compress))
respond("good-deflate-without-header", "Call", encoded("deflate", raw_deflate))
respond("good-identity", "Call", encoded("identity", bytes))

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
    respond(_name, "ProtocolError", encoded(_encoding, _change), attempts=3)
respond(
    "encoding-in-two-headers",
    "ProtocolError",
    lambda request: http(
        gzip.compress(envelope(request.call_id)), "200 OK", "Content-Encoding: gzip", "Content-Encoding: br"
    ),
    attempts=3,
)

# Too large. Only the deadline and the size limit end some of these.
respond("gzip-bomb", "ResponseTooLargeError", lambda request: http(bomb(), "200 OK", "Content-Encoding: gzip"))
respond("gzip-bomb-as-failure", "NotFoundError", lambda request: http(bomb(), "404 No", "Content-Encoding: gzip"))


@fault("endless-empty-gzip-members", "APITimeoutError", stall=Stall.RESPONSE)
def _empty_members(request: ReceivedRequest) -> Iterator[Step]:
    yield http(b"", "200 OK", "Content-Encoding: gzip", length=False)
    while True:
        yield gzip.compress(b"", mtime=0) * 1000
        yield 0.0


@fault("huge-plain-body", "ResponseTooLargeError", then_good=True)
def _huge_body(request: ReceivedRequest) -> Iterator[Step]:
    yield http(b"", "200 OK", f"Content-Length: {64 * MIB}", length=False)
    for _ in range(64):
        yield b" " * MIB


@fault("endless-body-until-close", "ResponseTooLargeError", options={"max_response_bytes": 2 * MIB})
def _endless_body(request: ReceivedRequest) -> Iterator[Step]:
    yield http(b"", length=False)
    while True:
        yield b" " * MIB


@fault("huge-length-then-silence", "ResponseTooLargeError")
def _huge_length(request: ReceivedRequest) -> Iterator[Step]:
    yield http(b"{", "200 OK", f"Content-Length: {10**15}", length=False)
    yield End.HOLD


@fault("endless-body-of-a-failure", "NotFoundError", then_good=True)
def _endless_failure(request: ReceivedRequest) -> Iterator[Step]:
    yield http(b"", "404 Not Found", length=False)
    while True:
        yield b"x" * 65536


respond(
    "body-of-one-byte-too-many",
    "ResponseTooLargeError",
    http(b"x" * 101),
    options={"max_response_bytes": 100},
)
respond(
    "body-at-the-limit",
    "Call",
    lambda request: http(envelope(request.call_id).ljust(4096)),
    options={"max_response_bytes": 4096},
)

# Complete, but not what the document promises: never retried.


def changed(old: bytes, new: bytes) -> Callable[[ReceivedRequest], bytes]:
    """Make the payload of a script: a good body in which ``old`` is replaced."""

    def payload(request: ReceivedRequest) -> bytes:
        body = envelope(request.call_id)
        assert old in body
        return http(body.replace(old, new, 1))

    return payload


DECODE = "ResponseDecodeError"
FIGURE = b'"call_duration_seconds":61'
UNDECODABLE: dict[str, bytes | Callable[[ReceivedRequest], bytes]] = {
    "cut-until-close": lambda request: http(envelope(request.call_id)[:-20], length=False),
    "empty-200": http(b""),
    "html-200": http(b"<html><body>Maintenance</body></html>"),
    "json-then-garbage": lambda request: http(envelope(request.call_id) + b"}"),
    "json-twice": lambda request: http(envelope(request.call_id) * 2),
    "utf-8-broken": changed(WORDS["turn"].encode(), b"caf\xe9"),
    "utf-8-broken-where-nobody-looks": changed(b'{"msg"', b'{"unknown":"\xff","msg"'),
    "utf-16": lambda request: http(envelope(request.call_id).decode().encode("utf-16")),
    "nan": changed(FIGURE, b'"call_duration_seconds":NaN'),
    "infinity": changed(FIGURE, b'"call_duration_seconds":-Infinity'),
    "envelope-is-null": http(b"null"),
    "envelope-is-list": http(b"[]"),
    "envelope-is-text": http(b'"Success"'),
    "envelope-is-another-object": http(b'{"hello": "world"}'),
    "results-is-text": http(b'{"msg": "Success", "err": false, "results": "' + WORDS["turn"].encode() + b'"}'),
    "results-is-list": http(b'{"msg": "Success", "err": false, "results": [{}]}'),
}
for _name, _payload in UNDECODABLE.items():
    respond(_name, DECODE, _payload, *([End.CLOSE] if _name == "cut-until-close" else []))
# How deep JSON may nest depends on the interpreter's stack.
for _name, _payload in {
    "deep-nesting": changed(FIGURE, b'"unknown":' + b"[" * 100_000 + b"]" * 100_000),
    "deep-nesting-in-metadata": changed(FIGURE, b'"metadata":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
}.items():
    respond(_name, "Call or ResponseDecodeError", _payload)
for _depth in (100, 500, 900, 950, 970, 980, 985, 990, 995, 1000, 1010, 1100):
    for _name, _options in (("", {}), ("-when-strict", {"strict": True})):
        respond(
            f"nesting-of-{_depth}{_name}",
            "Call" if _depth < 900 else "Call or ResponseDecodeError",
            changed(b'"metadata":{', b'"metadata":{"a":' + b"[" * _depth + b"]" * _depth + b","),
            options=_options,
        )
# Python refuses to convert more than 4,300 digits. It costs the field, not the call.
respond("integer-of-4300-digits", "Call", changed(FIGURE, b'"call_duration_seconds":' + b"7" * 4300))
for _name, _number in {
    **{f"integer-of-{digits}-digits": b"7" * digits for digits in (4301, 5000, 100_000)},
    "negative-integer-of-5000-digits": b"-" + b"7" * 5000,
    "number-beyond-range": b"1e999",
}.items():
    respond(
        _name,
        "Call",
        changed(FIGURE, b'"call_duration_seconds":' + _number),
        drifts=1,
        nulls=("call_duration_seconds",),
    )
respond("integer-of-5000-digits-where-nobody-looks", "Call", changed(FIGURE, b'"unknown":' + b"7" * 5000))
respond(
    "integer-of-5000-digits-when-strict",
    DECODE,
    changed(FIGURE, b'"call_duration_seconds":' + b"7" * 5000),
    options={"strict": True},
)

# Half of a surrogate pair, as servers write that cut a text of UTF-16 within an emoji (RFC 8259, section 8.2).
HALF = rb"hello \ud83d"
for _name, _field in {
    "turn": (WORDS["turn"].encode(), HALF),
    "transcript": (WORDS["transcript"].encode(), HALF),
    "metadata": (WORDS["metadata"].encode(), HALF),
    "a-name": (b'"model"', b'"' + HALF + b'"'),
    "msg": (b'"Success"', b'"' + HALF + b'"'),
    "a-value-where-nobody-looks": (FIGURE, b'"unknown":"' + HALF + b'"'),
    "a-post-analysis-value": (WORDS["post_analysis"].encode(), HALF),
    "an-enumeration": (b'"completed"', b'"' + HALF + b'"'),
    "a-url": (f"{WORDS['recording']}.mp3".encode(), HALF),
    "the-other-order": (WORDS["turn"].encode(), rb"\ude00\uD83D"),
    "the-middle": (WORDS["turn"].encode(), rb"\\\ud83d\ud83d\ude00\u0041"),
}.items():
    respond(f"half-a-surrogate-pair-in-{_name}", "Call", changed(*_field))
    respond(f"half-a-surrogate-pair-in-{_name}-when-strict", DECODE, changed(*_field), options={"strict": True})
respond("half-a-surrogate-pair-in-an-error", "EnvelopeError", http(b'{"err": true, "msg": "' + HALF + b'"}'))
respond("half-a-surrogate-pair-in-a-404", "NotFoundError", http(b'{"err": true, "msg": "' + HALF + b'"}', 404))
respond("204", DECODE, http(b"", "204 No Content", length=False))
respond("205", DECODE, http(b"", "205 Reset Content"))
respond("206", DECODE, lambda request: http(envelope(request.call_id), "206 Partial Content"))
# A field twice: decoders take the last one, a proxy may have taken the first. Only strict=True looks for it.
for _name, _payload in {
    "envelope-fields-twice": changed(b'"err":false', b'"err":true,"err":false'),
    "results-twice": changed(b'{"msg"', b'{"results":{"status":"queued"},"msg"'),
}.items():
    respond(_name, "Call", _payload)
    respond(f"{_name}-when-strict", DECODE, _payload, options={"strict": True})
respond("err-true", "EnvelopeError", http(b'{"msg": "no such call", "err": true, "results": null}'))
respond("err-true-with-results", "EnvelopeError", changed(b'"err":false', b'"err":true'))
respond("results-missing", "MissingResultsError", http(b'{"msg": "Success", "err": false}'))
respond("results-null", "MissingResultsError", http(b'{"msg": "Success", "err": false, "results": null}'))

# The right call.


def named(call_id: Callable[[str], object]) -> Callable[[ReceivedRequest], bytes]:
    """Make the payload of a script: a good body with an id made from the requested one."""
    return lambda request: http(
        json.dumps({"msg": "Success", "err": False, "results": call(call_id(request.call_id))}).encode()
    )


respond("id-of-another-call", "CallIdMismatchError", named(lambda _: "call-of-another-caller"), then_good=True)
respond("id-with-more-behind", "CallIdMismatchError", named(lambda own: own + "0"))
respond(
    "id-of-another-uuid",
    "CallIdMismatchError",
    named(lambda own: own[:-1] + ("0" if own[-1] != "0" else "1")),
    call_id="uuid",
)
respond("half-a-surrogate-pair-in-the-id", "CallIdMismatchError", named(lambda own: own + "\ud83d"))
respond("id-is-empty", "CallIdMismatchError", named(lambda _: ""))
respond("id-is-a-number", "CallIdMismatchError", named(lambda _: 42))
respond("id-is-an-object", "CallIdMismatchError", named(lambda own: {"id": own}))
respond("id-in-other-case", "Call", named(str.upper))
respond("uuid-in-other-case", "Call", named(str.upper), call_id="uuid")
respond("uuid-without-hyphens", "Call", named(lambda own: own.replace("-", "")), call_id="uuid")
respond("id-is-null", "Call", named(lambda _: None))
respond("id-unchecked", "Call", named(lambda _: "call-of-another-caller"), options={"verify_call_id": False})


@fault("id-absent", "Call")
def _id_absent(request: ReceivedRequest) -> Iterator[Step]:
    yield http(good(request).partition(b"\r\n\r\n")[2].replace(b'"call_id":', b'"unknown":', 1))
