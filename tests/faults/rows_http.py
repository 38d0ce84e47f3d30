"""Responses that are not HTTP as RFC 9110 and RFC 9112 define it, and redirects."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.support.wire import End, ReceivedRequest, Step, chunk, envelope, good, http

from .rows import Stall, fault, http1_only, respond

CHUNKED = "Transfer-Encoding: chunked"
NO_CHUNKS = http1_only("HTTP/2 has no chunks")
BY_FRAMES = http1_only("frames say where a body of HTTP/2 ends")
UNCHECKED = http1_only("httpcore 1.0.9 does not check the fields of HTTP/2")


def with_header(header: bytes) -> bytes:
    """Write a response with one raw header line."""
    return b"HTTP/1.1 200 OK\r\n" + header + b"\r\nContent-Length: 2\r\n\r\n{}"


def lengths(*values: object) -> bytes:
    """Write a response with these Content-Lengths."""
    return http(b"{}", "200 OK", *(f"Content-Length: {value}" for value in values), length=False)


for _name, _payload in {
    "status-line-is-html": b"<html>not HTTP</html>\r\n\r\n",
    "status-line-with-words": b"HTTP/1.1 twohundred OK\r\n\r\n",
    "status-line-of-http-0.9": b"GET / HTTP/0.9\r\n\r\n",
    "status-of-two-digits": b"HTTP/1.1 20 OK\r\n\r\n",
    "status-of-four-digits": b"HTTP/1.1 2000 OK\r\n\r\n",
    "http-2-settings": bytes.fromhex("00001204000000000000030000006400040000ffff000500004000"),
    "tls-alert": bytes.fromhex("15030300020228") + b"\r\n\r\n",
    "banner-of-ssh": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "many-headers": http(b"{}", "200 OK", *(f"X-Filler-{n}: {'x' * 40}" for n in range(4000))),
}.items():
    respond(_name, "ProtocolError", _payload, End.CLOSE, attempts=3)
respond(
    "oversized-header",
    "ProtocolError",
    with_header(b"X-Filler: " + b"x" * 300_000),
    End.CLOSE,
    attempts=3,
    left_out=http1_only("see http2-head-of-300-kb"),
)
for _name, _payload in {
    "nul-in-header": with_header(b"X-Note: a\x00b"),
    "header-without-colon": with_header(b"no colon here"),
    "header-name-with-space": with_header(b"X Note: a"),
}.items():
    respond(_name, "ProtocolError", _payload, End.CLOSE, attempts=3, left_out=UNCHECKED)
for _name, _payload in {
    "two-different-lengths": lengths(2, 3),
    "negative-length": lengths(-1),
    "length-is-a-word": lengths("two"),
    "length-with-sign": lengths("+2"),
    "unknown-transfer-encoding": http(b"{}", "200 OK", "Transfer-Encoding: gzip", length=False),
}.items():
    respond(_name, "ProtocolError", _payload, End.CLOSE, attempts=3, left_out=BY_FRAMES)

# A client may accept them as one, or refuse them (RFC 9110, section 8.6).
respond(
    "two-equal-lengths",
    "ResponseDecodeError or ProtocolError",
    lengths(2, 2),
    attempts=None,
    left_out=BY_FRAMES,
)


@fault("endless-header", "ProtocolError", attempts=3, left_out=http1_only("a head of HTTP/2 arrives in one piece"))
def _endless_header(request: ReceivedRequest) -> Iterator[Step]:
    yield b"HTTP/1.1 200 OK\r\nX-Endless: "
    while True:
        yield b"x" * 65536


@fault("bad-first-chunk", "ProtocolError", attempts=3, left_out=NO_CHUNKS)
def _bad_first_chunk(request: ReceivedRequest) -> Iterator[Step]:
    yield http(b"zz\r\n{}\r\n0\r\n\r\n", "200 OK", CHUNKED, length=False)
    yield End.HOLD


@fault("bad-later-chunk", "ProtocolError", attempts=3, left_out=NO_CHUNKS)
def _bad_later_chunk(request: ReceivedRequest) -> Iterator[Step]:
    body = envelope(request.call_id)
    yield http(chunk(body[:50]), "200 OK", CHUNKED, length=False)
    yield 0.01
    yield b"zz\r\n" + body[50:]
    yield End.HOLD


@fault("chunk-longer-than-it-says", "ProtocolError", attempts=3, left_out=NO_CHUNKS)
def _long_chunk(request: ReceivedRequest) -> Iterator[Step]:
    body = envelope(request.call_id)
    yield http(chunk(body[:50]), "200 OK", CHUNKED, length=False)
    yield b"4\r\n" + body[50:] + b"\r\n0\r\n\r\n"
    yield End.HOLD


@fault("flood-of-one-byte-chunks", "APITimeoutError", stall=Stall.RESPONSE)
def _tiny_chunks(request: ReceivedRequest) -> Iterator[Step]:
    yield http(b"", "200 OK", CHUNKED, length=False)
    while True:
        yield chunk(b" ") * 5000
        yield 0.0


@fault("chunk-size-of-a-terabyte", "ProtocolError or APITimeoutError", attempts=3, left_out=NO_CHUNKS)
def _huge_chunk(request: ReceivedRequest) -> Iterator[Step]:
    yield http(b"10000000000\r\n" + envelope(request.call_id), "200 OK", CHUNKED, length=False)
    yield End.CLOSE


def _chunked(request: ReceivedRequest) -> bytes:
    body = envelope(request.call_id)
    return chunk(body[:7]) + chunk(body[7:]) + b"0\r\n\r\n"


respond("good-chunked", "Call", lambda request: http(_chunked(request), "200 OK", CHUNKED, length=False))
respond(
    "good-chunked-with-trailers",
    "Call",
    lambda request: http(_chunked(request)[:-2] + b"X-Late: 1\r\n\r\n", "200 OK", CHUNKED, length=False),
)
respond(
    "chunked-and-length",
    "Call or ProtocolError",
    lambda request: http(_chunked(request), "200 OK", CHUNKED, "Content-Length: 7", length=False),
    attempts=None,
    then_good=True,
    left_out=NO_CHUNKS,
)
respond(
    "good-until-close",
    "Call",
    lambda request: http(envelope(request.call_id), length=False),
    End.CLOSE,
    then_good=True,
)
STATUS_LINE = http1_only("HTTP/2 has no status line")
respond(
    "good-http-1.0",
    "Call",
    lambda request: good(request).replace(b"HTTP/1.1", b"HTTP/1.0", 1),
    End.CLOSE,
    left_out=STATUS_LINE,
)
respond(
    "good-without-reason",
    "Call",
    lambda request: good(request).replace(b"200 OK", b"200", 1),
    left_out=STATUS_LINE,
)
respond(
    "good-with-bare-newlines",
    "Call or ProtocolError",
    lambda request: good(request).replace(b"\r\n", b"\n"),
    attempts=None,
    left_out=STATUS_LINE,
)

# An upgrade that was not requested.
respond(
    "101-not-requested",
    "APIStatusError or ProtocolError",
    http(b"", "101 Switching Protocols", "Upgrade: websocket", "Connection: upgrade", length=False),
    End.CLOSE,
    attempts=None,
    left_out=http1_only("HTTP/2 has no upgrade"),
)

# A redirect would lead the key to another host. None is followed, and ``elsewhere`` receives nothing.


def redirect(status: int) -> Callable[[ReceivedRequest], bytes]:
    """Make the payload of a script: a redirect to the same path on another host."""
    return lambda request: http(b"", f"{status} Moved", f"Location: {request.elsewhere}/calls/{request.call_id}")


for _status in (301, 302, 303, 307, 308):
    respond(f"redirect-{_status}-elsewhere", "APIStatusError", redirect(_status))
respond(
    "redirect-with-html-refresh",
    "APIStatusError",
    lambda request: http(
        f'<meta http-equiv="refresh" content="0; url={request.elsewhere}/">'.encode(),
        "300 Multiple Choices",
        f"Refresh: 0; url={request.elsewhere}/",
        f"Link: <{request.elsewhere}/>; rel=next",
        f'Alt-Svc: h2="{request.elsewhere.removeprefix("http://")}"',
    ),
)
respond("redirect-without-location", "APIStatusError", http(b"", "302 Found"))
# An external httpx.AsyncClient parses the Location even where it does not follow it.
respond(
    "redirect-to-nonsense",
    "APIStatusError or ProtocolError",
    http(b"", "302 Found", "Location: http://[::bad"),
    attempts=None,
)
respond("not-modified", "APIStatusError", http(b"", "304 Not Modified", length=False))


@fault("sets-a-cookie", "Call")
def _sets_a_cookie(request: ReceivedRequest) -> Iterator[Step]:
    yield http(envelope(request.call_id), "200 OK", "Set-Cookie: sid=canary; Path=/")


@fault("cookie-is-not-sent-back", "Call", before=("sets-a-cookie",))
def _cookie_is_not_sent_back(request: ReceivedRequest) -> Iterator[Step]:
    yield http(b"", "400 Bad Request") if request.cookie else good(request)
