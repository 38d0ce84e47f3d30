"""Statuses, how they are retried, Retry-After, and servers that repeat the key or people's words."""

from __future__ import annotations

import email.utils
import json
from collections.abc import Callable, Iterator

from tests.support.canary import WORDS
from tests.support.wire import NOW, End, ReceivedRequest, Step, envelope, good, http

from .rows import fault, http1_only, respond

CLASSES = {
    401: "AuthenticationError",
    403: "PermissionDeniedError",
    404: "NotFoundError",
    429: "RateLimitError",
}
RETRIED = (408, 429, 500, 502, 503, 504, *range(520, 525), 529)
NOT_RETRIED = (
    400,
    401,
    402,
    403,
    404,
    405,
    406,
    409,
    410,
    413,
    422,
    423,
    425,
    451,
    499,
    501,
    505,
    511,
    525,
    530,
)
SORRY = b'{"err": true, "msg": "sorry"}'


def class_of(status: int) -> str:
    """Name the error class of a status."""
    return CLASSES.get(status, "ServerError" if status >= 500 else "APIStatusError")


for _status in RETRIED:
    respond(f"status-{_status}", class_of(_status), http(SORRY, _status), attempts=3)
for _status in (*NOT_RETRIED, 599, 600, 799, 999):
    respond(
        f"status-{_status}",
        class_of(_status) if _status < 600 else "APIStatusError or ProtocolError",
        http(SORRY, _status),
        attempts=1 if _status < 600 else None,
    )

respond("html-404", "NotFoundError", http(b"<html>not here</html>", 404))
respond("empty-500", "ServerError", http(b"", 500), attempts=3)
respond("null-in-a-500", "ServerError", http(b"null", 500), attempts=3)
respond("msg-is-no-text", "NotFoundError", http(b'{"err": true, "msg": {"a": 1}}', 404))
respond("msg-is-endless", "NotFoundError", http(json.dumps({"err": True, "msg": "x" * 60_000}).encode(), 404))
respond(
    "msg-with-control-characters",
    "NotFoundError",
    http(json.dumps({"msg": "a\x1b[31m\r\nb\x00"}).encode(), 404),
)
respond("deep-nesting-in-a-404", "NotFoundError", http(b"[" * 60_000, 404))
respond("integer-of-5000-digits-in-a-404", "NotFoundError", http(b'{"msg": ' + b"7" * 5000 + b"}", 404))

# The status says it all: a broken body of a failure does not change what failed.
respond("broken-body-of-a-404", "NotFoundError", http(b"no gzip", 404, "Content-Encoding: gzip"))
respond("unknown-encoding-of-a-401", "AuthenticationError", http(b"?", 401, "Content-Encoding: br"))


@fault("cut-body-of-a-403", "PermissionDeniedError")
def _cut_403(request: ReceivedRequest) -> Iterator[Step]:
    yield http(b"", 403, "Content-Length: 100", length=False) + b'{"msg'
    yield End.CLOSE


@fault("cut-body-of-a-429", "RateLimitError", retry_after=60)
def _cut_429(request: ReceivedRequest) -> Iterator[Step]:
    yield http(b"", 429, "Retry-After: 60", "Content-Length: 100", length=False) + b'{"msg'
    yield End.CLOSE


# What the server says of retries.
respond("should-retry-a-404", "NotFoundError", http(SORRY, 404, "X-Should-Retry: true"), attempts=3)
respond("should-not-retry-a-503", "ServerError", http(SORRY, 503, "X-Should-Retry: false"))
respond("should-retry-maybe", "ServerError", http(SORRY, 503, "X-Should-Retry: maybe"), attempts=3)


def fails_once(name: str, header: str, waits: float, status: int = 503, **details: object) -> None:
    """Add a script that fails once, with ``header``, and then sends a good response."""

    def script(request: ReceivedRequest) -> Iterator[Step]:
        moment = email.utils.formatdate(NOW + 3, usegmt=True)
        yield http(SORRY, status, header.format(moment)) if request.attempt == 1 else good(request)

    fault(name, "Call", attempts=2, waits=waits, **details)(script)


fails_once("retry-after-seconds", "Retry-After: 2", 2)
fails_once("retry-after-zero", "Retry-After: 0", 0)
fails_once("retry-after-date", "Retry-After: {}", 3)
fails_once("retry-after-ms", "Retry-After-Ms: 250", 0.25)
fails_once("retry-after-past-date", "Retry-After: Mon, 01 Jan 2024 00:00:00 GMT", 0)
fails_once("retry-after-of-a-429", "Retry-After: 2", 2, 429)
fails_once("retry-after-120-to-the-second", "Retry-After: 120", 120, timeout=300.0)
fails_once("no-retry-after", "X-Nothing: 1", 0)

HOSTILE = {
    "negative": "-10",
    "nan": "nan",
    "infinity": "inf",
    "exponent": "1e3",
    "hexadecimal": "0x10",
    "twenty-digits": "99999999999999999999",
    "a-thousand-digits": "9" * 1000,
    "empty": "",
    "word": "soon",
    "superscript": "\xb2",
    "two-points": "1.2.3",
    "year-100000": "Fri, 31 Dec 100000 23:59:59 GMT",
    "day-45": "Sat, 45 Jan 2030 00:00:00 GMT",
    "absurd-zone": "Mon, 01 Jan 2024 00:00:00 +9999",
    "endless-zone": "Mon, 01 Jan 2024 00:00:00 +" + "9" * 30,
    "half-a-date": "Mon, 01",
    "list": "1, 2",
}
for _name, _value in HOSTILE.items():
    fails_once(f"retry-after-hostile-{_name}", f"Retry-After: {_value}", 0)
    fails_once(f"retry-after-ms-hostile-{_name}", f"Retry-After-Ms: {_value}", 0)

respond("429-beyond-the-deadline", "RateLimitError", http(SORRY, 429, "Retry-After: 60"), retry_after=60)
respond("503-beyond-the-deadline", "ServerError", http(SORRY, 503, "Retry-After: 60"), retry_after=60)
respond(
    "429-beyond-120-seconds",
    "RateLimitError",
    http(SORRY, 429, "Retry-After: 121"),
    retry_after=121,
    timeout=300.0,
)
respond("after-a-429-beyond-the-deadline", "RateLimitError", good, attempts=0, before=("429-beyond-the-deadline",))
respond("429-with-two-seconds", "RateLimitError", http(SORRY, 429, "Retry-After: 2"), attempts=3, waits=4)
respond("after-a-429", "Call", good, before=("429-with-two-seconds",), waits=6)

respond(
    "429-while-others-queue",
    "Call",
    lambda request: http(SORRY, 429, "Retry-After: 2") if request.attempt == 1 else good(request),
    attempts=2,
    timeout=1000.0,
    queued=20,
    options={"max_connections": 2},
    meanwhile="never-responds",
)

# Servers that repeat the key, wherever they can.
respond(
    "key-in-msg",
    "AuthenticationError",
    lambda request: http(json.dumps({"msg": f"bad key {request.key}"}).encode(), 401),
)
respond("key-in-html", "AuthenticationError", lambda request: http(f"<p>bad key {request.key}</p>".encode(), 401))
respond("key-at-the-edge", "AuthenticationError", lambda request: http((f"{' ' * 3980}{request.key}").encode(), 401))
respond("key-cut-at-500", "AuthenticationError", lambda request: http(("x" * 490 + request.key).encode(), 401))
respond("key-in-request-id", "NotFoundError", lambda request: http(SORRY, 404, f"X-Request-Id: req {request.key}"))
respond(
    "key-in-reason",
    "PermissionDeniedError",
    lambda request: http(SORRY, f"403 Forbidden {request.key}"),
    left_out=http1_only("HTTP/2 has no status line"),
)
respond("key-in-header-name", "NotFoundError", lambda request: http(SORRY, 404, f"X-{request.key}: 1"))
respond(
    "key-in-status-line",
    "ProtocolError",
    lambda request: f"HTTP/1.1 {request.key}\r\n\r\n".encode(),
    End.CLOSE,
    attempts=3,
)
respond(
    "key-in-bad-header",
    "ProtocolError",
    lambda request: http(SORRY, 404, f"no colon {request.key}"),
    End.CLOSE,
    attempts=3,
    left_out=http1_only("httpcore 1.0.9 does not check the fields of HTTP/2"),
)
SPELLINGS: dict[str, Callable[[str], str]] = {
    "in-upper-case": str.upper,
    "percent-encoded": lambda key: "".join(f"%{ord(character):02x}" for character in key),
    "percent-encoded-twice": lambda key: "".join(f"%25{ord(character):02X}" for character in key),
    "cut-by-zero-width-characters": "\u200b".join,
    "cut-by-a-word-joiner": lambda key: f"{key[:20]}\u2060{key[20:]}",
}
for _name, _spell in SPELLINGS.items():
    for _status in (200, 404):
        respond(
            f"key-{_name}-in-a-{_status}",
            "EnvelopeError" if _status == 200 else "NotFoundError",
            lambda request, spell=_spell, status=_status: http(  # type: ignore[misc]
                json.dumps({"msg": f"bad key {spell(request.key)}!", "err": True}).encode(), status
            ),
        )
respond(
    "key-in-location",
    "APIStatusError",
    lambda request: http(b"", 302, f"Location: {request.elsewhere}/?key={request.key}"),
)
respond("key-in-a-200-of-html", "ResponseDecodeError", lambda request: http(f"<p>{request.key}</p>".encode()))
respond(
    "key-in-an-envelope-error",
    "EnvelopeError",
    lambda request: http(json.dumps({"msg": request.key, "err": True}).encode()),
)
respond("key-in-a-good-call", "Call", lambda request: http(envelope(request.call_id, campaign_id=request.key)))
respond(
    "key-as-unknown-name", "Call", lambda request: http(envelope(request.call_id, variables={request.key: request.key}))
)
respond(
    "key-as-chunk-size",
    "ProtocolError",
    lambda request: http(request.key.encode() + b"\r\n", "200 OK", "Transfer-Encoding: chunked", length=False),
    End.CLOSE,
    attempts=3,
    left_out=http1_only("HTTP/2 has no chunks"),
)

# A failure by its status whose body is a call all the same.
respond("call-in-a-500", "ServerError", lambda request: http(envelope(request.call_id), 500), attempts=3)
respond("bare-call-in-a-404", "NotFoundError", http(json.dumps({"call": WORDS["turn"]}).encode(), 404))
