"""Requests to an address that was checked before."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl

import pytest
from tests.support.clock import movable_loop, run_turns
from tests.support.eventually import eventually
from tests.support.scripted_server import CERTIFICATE, CERTIFICATE_KEY
from tests.unit.core.local_server import local_server, refusing_port, response

from puretalk_client import APIConnectionError, APITimeoutError, ProtocolError
from puretalk_client._core.transports.pinned import PinnedResponse, open_pinned
from puretalk_client._core.transports.streams import Stream
from puretalk_client._core.transports.urls import URL


def open_plain(port: int) -> contextlib.AbstractAsyncContextManager[PinnedResponse]:
    """Get ``/secret`` without TLS."""
    return open_pinned("127.0.0.1", URL(f"http://api.test:{port}/secret"), (), tls=None, connect_timeout=5.0)


async def test_pinned_connection_goes_to_the_address_with_the_name_of_the_url() -> None:
    """The Host header and the certificate's name are the URL's; no encoding is requested."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(CERTIFICATE, CERTIFICATE_KEY)
    trusting = ssl.create_default_context(cafile=str(CERTIFICATE))
    async with local_server(lambda head: response(b"content"), tls) as server:
        url = URL(f"https://api.test:{server.port}/r?q=1#fragment")
        async with open_pinned("127.0.0.1", url, (("X-A", "1"),), tls=trusting, connect_timeout=5.0) as received:
            assert b"".join([chunk async for chunk in received.chunks()]) == b"content"
    head = server.requests[0]
    assert head.startswith("GET /r?q=1 HTTP/1.1\r\n")
    assert f"Host: api.test:{server.port}\r\n" in head
    assert "Accept-Encoding: identity\r\n" in head
    assert "X-A: 1\r\n" in head


async def test_failure_to_connect_names_the_host_of_the_url() -> None:
    """Not the address, and not the path, which may open the recording to anybody."""
    with refusing_port() as port, pytest.raises(APIConnectionError, match=f"connect to api.test:{port}: ") as caught:
        async with open_plain(port):
            pass
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("headers", "encoding"),
    [
        ((), "identity"),
        (("Content-Encoding: gzip",), "gzip"),
        (("Content-Encoding: gzip", "content-encoding: br"), "gzip, br"),
    ],
)
async def test_response_has_its_status_headers_and_encoding(headers: tuple[str, ...], encoding: str) -> None:
    """Names in lower case; without Content-Encoding the body is as it is."""
    sent = response(b"x", "404 Not Found", "X-A: 1", *headers)
    async with local_server(lambda head: sent) as server, open_plain(server.port) as received:
        assert (received.status, received.headers["x-a"], received.encoding) == (404, "1", encoding)
        # A stream of this package, and not of anyio, which takes a third of the time of a request.
        assert isinstance(received._response.extensions["network_stream"], Stream)


async def test_body_that_breaks_off_names_the_host_of_the_url() -> None:
    """As a failure of this package, whose message shows no path."""
    sent = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"
    async with local_server(lambda head: sent, closes=True) as server, open_plain(server.port) as received:
        with pytest.raises(ProtocolError, match=rf"^api\.test:{server.port} disconnected") as caught:
            assert [chunk async for chunk in received.chunks()] == [b"x"]
    assert "secret" not in str(caught.value)


async def test_connecting_is_bounded() -> None:
    """A host that accepts connections and does not respond to a TLS handshake."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        url, tls = URL(f"https://api.test:{port}/secret"), ssl.create_default_context()
        opening = open_pinned("127.0.0.1", url, (), tls=tls, connect_timeout=5.0).__aenter__()
        task = asyncio.ensure_future(opening)
        await run_turns()
        movable_loop().move(5.0)
        await eventually(task.done)
        error = task.exception()
    assert isinstance(error, APITimeoutError)
    assert error.message == f"Connecting to api.test:{port} took too long"
    assert not error.request_sent
