"""What every transport does, over sockets: requests, connections, errors, proxies."""

from __future__ import annotations

import asyncio
import builtins
import errno
import socket
import ssl
import sys
from typing import Any

import httpx
import pytest
from tests.support.canary import API_KEY, WORDS
from tests.support.clock import movable_loop, pass_time, run_turns
from tests.support.eventually import eventually
from tests.support.exposure import Exposures
from tests.support.scripted_server import CERTIFICATE, CERTIFICATE_KEY
from tests.unit.core.local_server import CONNECTION_REFUSED, local_server, redirect, refusing_port, response
from tests.unit.core.senders import OPTIONS, Thing, open_sender_over, outcome, send

from puretalk_client import (
    APIConnectionError,
    ConfigurationError,
    ProtocolError,
    TLSError,
)
from puretalk_client._core.redaction import install_log_filters
from puretalk_client._core.transports import open_transport
from puretalk_client._core.transports.aiohttp import AiohttpTransport
from puretalk_client._core.transports.base import KEEPALIVE_SECONDS
from puretalk_client._core.transports.httpcore import HttpcoreTransport
from puretalk_client._core.transports.httpx import ExternalTransport

OWN = pytest.mark.parametrize("kind", ["httpx", "aiohttp"])
EACH = pytest.mark.parametrize("kind", ["httpx", "aiohttp", "external"])
THING = response(b'{"size":5}')


def test_each_kind_has_its_transport() -> None:
    """A name, or the caller's own client."""
    assert isinstance(open_transport("httpx", OPTIONS), HttpcoreTransport)
    assert isinstance(open_transport("aiohttp", OPTIONS), AiohttpTransport)
    assert isinstance(open_transport("httpx", OPTIONS, httpx.AsyncClient()), ExternalTransport)


@pytest.mark.parametrize("kind", ["", "requests", None])
def test_unknown_transport_is_refused(kind: Any) -> None:
    """A typing error does not become the default."""
    with pytest.raises(ConfigurationError, match="'httpx' or 'aiohttp'"):
        open_transport(kind, OPTIONS)


def test_missing_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without aiohttp the message names the extra."""
    real = builtins.__import__

    def without_aiohttp(name: str, *rest: Any, **options: Any) -> Any:
        if name == "aiohttp":
            raise ImportError(name)
        return real(name, *rest, **options)

    monkeypatch.delitem(sys.modules, "puretalk_client._core.transports.aiohttp")
    monkeypatch.setattr(builtins, "__import__", without_aiohttp)
    with pytest.raises(ConfigurationError, match="install puretalk-client with the extra 'aiohttp'"):
        open_transport("aiohttp", OPTIONS)


@EACH
async def test_request_is_sent_as_it_was_built(kind: str) -> None:
    """The path keeps its percent-encoding, and nothing is added that says more than the request does."""
    path = "/things/%2E%2E%2Fa%3Fb%23c%20%C3%A9;x,y@:!$&'()*+=?q=%2F%20&q="
    async with local_server(lambda head: THING) as server, open_sender_over(kind, server.url) as sender:
        headers = (("X-KEY", API_KEY), ("Accept", "application/json"), ("User-Agent", "test"))
        received = await sender.pool.transport.send("GET", server.url + path, headers, None)
        content = b"".join([chunk async for chunk in received.chunks()])
        await received.close(drop=False)
    [head] = server.requests
    request_line, *lines = head.strip().split("\r\n")
    assert request_line == f"GET {path} HTTP/1.1"
    names = [line.partition(":")[0].lower() for line in lines]
    assert {"x-key", "accept", "user-agent", "host"} <= set(names) <= {
        "x-key", "accept", "user-agent", "host", "connection", "accept-encoding"
    }  # fmt: skip
    assert len(names) == len(set(names))
    assert (received.status, received.encoding, content) == (200, "identity", b'{"size":5}')


@EACH
async def test_content_is_sent_with_its_length(kind: str) -> None:
    """A body of bytes needs no chunks."""
    async with local_server(lambda head: THING) as server, open_sender_over(kind, server.url) as sender:
        received = await sender.pool.transport.send("PUT", f"{server.url}/", (("Content-Type", "a/b"),), b"xyz")
        await received.close(drop=True)
    head = server.requests[0].lower()
    assert head.startswith("put / http/1.1\r\n")
    assert "content-length: 3\r\n" in head
    assert "content-type: a/b\r\n" in head
    assert "transfer-encoding" not in head


@EACH
async def test_encodings_of_several_headers_are_one_list(kind: str) -> None:
    """RFC 9110, section 5.3."""
    content = response(b"", "200 OK", "Content-Encoding: gzip", "Content-Encoding: br")
    async with local_server(lambda head: content) as server, open_sender_over(kind, server.url) as sender:
        received = await sender.pool.transport.send("GET", f"{server.url}/", (), None)
        await received.close(drop=True)
    assert received.encoding == "gzip, br"


@EACH
async def test_connections_are_kept_and_bounded(kind: str) -> None:
    """Fifty requests at once over three connections."""
    async with (
        local_server(lambda head: THING) as server,
        open_sender_over(kind, server.url, max_connections=3) as sender,
    ):
        results = await asyncio.gather(*(send(sender) for _ in range(50)))
    assert results == [Thing(size=5)] * 50
    assert (server.connections, len(server.requests)) == (3, 50)


def idle_connections(transport: Any) -> int:
    """Count the connections that a transport keeps for later requests."""
    if isinstance(transport, HttpcoreTransport):
        return len(transport._idle)
    return sum(map(len, transport._session.connector._conns.values()))


@OWN
async def test_idle_connections_end(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All those of a burst, although no further request comes, and before common load balancers end them."""
    monkeypatch.setattr("aiohttp.connector.monotonic", movable_loop().time)
    ended: list[None] = []
    async with (
        local_server(lambda head: THING, on_end=lambda: ended.append(None)) as server,
        open_sender_over(kind, server.url) as sender,
    ):
        await asyncio.gather(*(send(sender) for _ in range(5)))
        await pass_time(KEEPALIVE_SECONDS / 2)
        assert idle_connections(sender.pool.transport) == server.connections == 5
        movable_loop().move(KEEPALIVE_SECONDS / 2 + 2)  # aiohttp rounds up to a second
        await run_turns()
        assert idle_connections(sender.pool.transport) == 0
        await eventually(lambda: len(ended) == 5)


@EACH
@pytest.mark.parametrize("drop", [False, True])
async def test_dropped_connection_is_not_used_again(kind: str, drop: bool) -> None:
    """Although its body was read to the end."""
    async with local_server(lambda head: THING) as server, open_sender_over(kind, server.url) as sender:
        for _ in range(2):
            received = await sender.pool.transport.send("GET", f"{server.url}/", (), None)
            assert [chunk async for chunk in received.chunks()]
            await received.close(drop=drop)
    assert server.connections == (2 if drop else 1)


@EACH
async def test_connection_with_an_unread_body_is_not_used_again(kind: str) -> None:
    """The rest of the body would be read as the next response."""
    content = response(b"x" * 500_000)
    async with local_server(lambda head: content) as server, open_sender_over(kind, server.url) as sender:
        for _ in range(2):
            received = await sender.pool.transport.send("GET", f"{server.url}/", (), None)
            await received.close(drop=False)
    assert server.connections == 2


@EACH
async def test_refused_connection_names_host_port_and_reason(kind: str) -> None:
    """In the words of the operating system; the request cannot have had an effect."""
    with refusing_port() as port:
        async with open_sender_over(kind, f"http://127.0.0.1:{port}") as sender:
            error = await outcome(sender)
    assert type(error) is APIConnectionError
    assert error.message == f"Could not connect to 127.0.0.1:{port}: {CONNECTION_REFUSED}"
    assert not error.request_sent
    assert isinstance(error.__cause__, ConnectionRefusedError)
    assert error.__cause__.errno == errno.ECONNREFUSED


@EACH
async def test_name_that_does_not_resolve_is_named_with_the_reason(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the words of the resolver."""

    async def getaddrinfo(*_: object, **__: object) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    async with open_sender_over(kind, "https://nowhere.test") as sender:
        error = await outcome(sender)
    assert type(error) is APIConnectionError
    assert error.message == "Could not connect to nowhere.test:443: name or service not known"
    assert isinstance(error.__cause__, socket.gaierror)


@EACH
async def test_untrusted_certificate_is_a_tls_error_with_the_reason(kind: str) -> None:
    """In the words of OpenSSL; it is not retried."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(CERTIFICATE, CERTIFICATE_KEY)
    async with (
        local_server(lambda head: THING, tls) as server,
        open_sender_over(kind, f"https://127.0.0.1:{server.port}", max_retries=2) as sender,
    ):
        error = await outcome(sender)
    assert type(error) is TLSError
    reason = error.message.removeprefix(f"TLS handshake with 127.0.0.1:{server.port} failed: ")
    assert reason.startswith("certificate verify failed: ")
    assert "certificate" in reason.removeprefix("certificate verify failed: ")
    assert isinstance(error.__cause__, ssl.SSLCertVerificationError)
    assert str(error.__cause__) == reason
    assert (error.attempts, server.requests) == (1, [])


@EACH
async def test_server_that_does_not_speak_tls_is_a_tls_error(kind: str) -> None:
    """Such as a port for plain http."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listener:
        destination = f"127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        async with open_sender_over(kind, f"https://{destination}") as sender:
            error = await outcome(sender)
    assert type(error) is TLSError
    reason = error.message.removeprefix(f"TLS handshake with {destination} failed: ")
    assert reason.replace(" ", "").isalpha()
    assert str(error.__cause__) == reason


@EACH
async def test_server_that_disconnects_without_a_response_is_a_protocol_error(kind: str) -> None:
    """The request may have had an effect. Where it is not retried, neither does the library retry it."""
    async with local_server(lambda head: b"") as server, open_sender_over(kind, server.url) as sender:
        error = await outcome(sender)
    assert type(error) is ProtocolError
    assert error.request_sent
    assert len(server.requests) == 1


@OWN
async def test_library_does_not_resend_over_a_kept_connection_that_is_closed(kind: str) -> None:
    """Each request on the wire is an attempt of the sender's: here the second is the only one."""
    contents = iter([THING, b"", THING])
    async with local_server(lambda head: next(contents)) as server, open_sender_over(kind, server.url) as sender:
        assert await send(sender) == Thing(size=5)
        error = await outcome(sender)
    assert isinstance(error, APIConnectionError)
    assert (error.attempts, len(server.requests), server.connections) == (1, 2, 1)


@EACH
async def test_body_that_breaks_off_is_a_connection_error(kind: str) -> None:
    """However many bytes arrived; what arrived is in no message."""
    async with (
        local_server(lambda head: THING[:-3].replace(b"Content-Length: 10", b"content-length: 10")) as server,
        open_sender_over(kind, server.url) as sender,
    ):
        error = await outcome(sender)
    assert isinstance(error, APIConnectionError)
    assert (error.status, error.attempts) == (200, 1)


@EACH
async def test_cookies_of_the_server_are_not_sent_back(kind: str) -> None:
    """The API knows callers by their key."""
    content = response(b'{"size":5}', "200 OK", "Set-Cookie: session=1; Path=/")
    async with (
        local_server(lambda head: content) as server,
        open_sender_over(kind, f"http://localhost:{server.port}") as sender,
    ):
        await send(sender)
        await send(sender)
    assert len(server.requests) == 2
    assert "cookie" not in "".join(server.requests).lower()


@EACH
async def test_redirects_are_not_followed(kind: str) -> None:
    """The key would go along."""
    async with (
        local_server(lambda head: redirect("/elsewhere")) as server,
        open_sender_over(kind, server.url) as sender,
    ):
        error = await outcome(sender)
    assert (error.status, len(server.requests)) == (302, 1)


@EACH
async def test_logs_of_libraries_show_neither_the_key_nor_the_response(kind: str) -> None:
    """At DEBUG, httpcore logs every header of a response, and this one repeats the key."""
    install_log_filters()
    content = response(b'{"size":5}', "200 OK", f"X-Echo: {API_KEY}", f"X-Said: {WORDS['turn']}")
    exposures = Exposures()
    with exposures.capture_logs():
        async with local_server(lambda head: content) as server, open_sender_over(kind, server.url) as sender:
            await send(sender)
    assert exposures.of_key() == exposures.of_words() == []


@OWN
async def test_requests_end_when_their_client_closes(kind: str) -> None:
    """A waiting request is refused. One that is being sent may succeed, or ends with the same error."""
    release = asyncio.Event()

    async def respond(head: str) -> bytes:
        await release.wait()
        return THING

    async with (
        local_server(respond) as server,
        open_sender_over(kind, server.url, max_connections=1, max_retries=2) as sender,
    ):
        sender.pool.backoff.draw = lambda: 0.0
        tasks = [asyncio.create_task(outcome(sender)) for _ in range(3)]
        await eventually(lambda: server.requests)
        await sender.aclose()
        release.set()
        being_sent, *waiting = await asyncio.gather(*tasks)
    assert being_sent == Thing(size=5) or being_sent.message == "This client is closed"
    assert [error.message for error in waiting] == ["This client is closed"] * 2
    assert len(server.requests) == 1
