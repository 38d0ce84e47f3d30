"""The httpx transport and the external client: their exceptions, and connections of their own."""

from __future__ import annotations

import errno
import ssl

import httpx
import pytest
from attrs import evolve
from tests.support.scripted_server import CERTIFICATE, CERTIFICATE_KEY
from tests.support.transports import ScriptedTransport, client_over, envelope
from tests.unit.core.local_server import CONNECTION_REFUSED, CONNECTION_RESET, local_server, response
from tests.unit.core.senders import OPTIONS

from puretalk_client import APIConnectionError, APITimeoutError, PoolTimeoutError, ProtocolError
from puretalk_client._core.transports.httpx import ExternalTransport, HttpxTransport, map_error, open_pinned


def caused_by(error: Exception, cause: Exception) -> Exception:
    """Raise ``error`` from ``cause``, as httpx does."""
    error.__cause__ = cause
    return error


REFUSED = ConnectionRefusedError(errno.ECONNREFUSED, "x")
RESET = ConnectionResetError(errno.ECONNRESET, "x")


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (httpx.PoolTimeout("x"), PoolTimeoutError, "All connections of the external client were in use"),
        (httpx.ConnectTimeout("x"), APITimeoutError, "Connecting to api.test:443 took too long"),
        (httpx.ReadTimeout("x"), APITimeoutError, "The response took too long"),
        (httpx.WriteTimeout("x"), APITimeoutError, "The response took too long"),
        (TimeoutError(), APITimeoutError, "The response took too long"),
        (caused_by(httpx.ConnectError("x"), REFUSED), APIConnectionError,
         f"Could not connect to api.test:443: {CONNECTION_REFUSED}"),
        (httpx.ProxyError("x"), APIConnectionError, "Could not connect to the proxy p.test:1: no reason given"),
        (httpx.RemoteProtocolError("x"), ProtocolError,
         "api.test:443 disconnected or sent malformed HTTP (RemoteProtocolError)"),
        (httpx.LocalProtocolError("x"), ProtocolError,
         "api.test:443 disconnected or sent malformed HTTP (LocalProtocolError)"),
        (httpx.DecodingError("x"), ProtocolError, "api.test:443 disconnected or sent malformed HTTP (DecodingError)"),
        (caused_by(httpx.ReadError("x"), RESET), APIConnectionError,
         f"The connection to api.test:443 broke: {CONNECTION_RESET}"),
        (RESET, APIConnectionError, f"The connection to api.test:443 broke: {CONNECTION_RESET}"),
        (ValueError("x"), APIConnectionError, "The connection to api.test:443 broke: ValueError"),
    ],
)  # fmt: skip
def test_exceptions_of_httpx_are_mapped(error: Exception, kind: type[APIConnectionError], message: str) -> None:
    """Each to the class and the message that say what it means."""
    proxy = "the proxy p.test:1" if isinstance(error, httpx.ProxyError) else None
    mapped = map_error(error, "api.test:443", proxy)
    assert type(mapped) is kind
    assert mapped.message == message


async def test_connection_used_last_is_used_first() -> None:
    """Others become idle and are closed when traffic falls."""
    async with local_server(lambda head: response(head.split()[1].encode())) as server:
        transport = HttpxTransport(evolve(OPTIONS, base_url=server.url))
        first = await transport.send("GET", f"{server.url}/1", (), None)
        second = await transport.send("GET", f"{server.url}/2", (), None)
        for received in (first, second):
            assert [chunk async for chunk in received.chunks()]
            await received.close(drop=False)
        assert server.connections == 2
        third = await transport.send("GET", f"{server.url}/3", (), None)
        assert third._transport is second._transport  # type: ignore[attr-defined]
        await third.close(drop=True)
        await transport.aclose()
    assert server.connections == 2


async def test_connection_in_use_while_its_transport_closes_is_closed_afterwards() -> None:
    """The response can still be read."""
    async with local_server(lambda head: response(b"content")) as server:
        transport = HttpxTransport(evolve(OPTIONS, base_url=server.url))
        received = await transport.send("GET", server.url, (), None)
        await transport.aclose()
        assert b"".join([chunk async for chunk in received.chunks()]) == b"content"
        await received.close(drop=False)
        assert transport._idle == []


async def test_closing_leaves_an_external_client_open() -> None:
    """Its owner closes it."""
    async with httpx.AsyncClient() as http:
        await ExternalTransport(http, "https://api.test").aclose()
        assert not http.is_closed


async def test_external_client_works_over_any_transport() -> None:
    """HTTP/2, an ASGI application, or a script."""
    async with client_over(ScriptedTransport(envelope({"status": "completed"}))) as client:
        assert (await client.calls.get("c-1")).status.is_final


async def test_pinned_connection_goes_to_the_address_with_the_name_of_the_url() -> None:
    """The Host header and the certificate's name are the URL's; no encoding is requested."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(CERTIFICATE, CERTIFICATE_KEY)
    trusting = ssl.create_default_context(cafile=str(CERTIFICATE))
    async with local_server(lambda head: response(b"content"), tls) as server:
        url = httpx.URL(f"https://api.test:{server.port}/r?q=1#fragment")
        async with open_pinned("127.0.0.1", url, {"X-A": "1"}, verify=trusting, connect_timeout=5.0) as received:
            assert b"".join([chunk async for chunk in received.chunks()]) == b"content"
    head = server.requests[0]
    assert head.startswith("GET /r?q=1 HTTP/1.1\r\n")
    assert f"Host: api.test:{server.port}\r\n" in head
    assert "Accept-Encoding: identity\r\n" in head
    assert "X-A: 1\r\n" in head
