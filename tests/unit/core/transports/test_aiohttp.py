"""The aiohttp transport: its exceptions, and connections of its own."""

from __future__ import annotations

import asyncio
import errno
from typing import Any

import aiohttp
import pytest
from attrs import evolve
from tests.unit.core.local_server import CONNECTION_RESET, local_server
from tests.unit.core.senders import OPTIONS, open_sender_over, outcome, send

from puretalk_client import APIConnectionError, APITimeoutError, ConfigurationError, ProtocolError
from puretalk_client._core.transports.aiohttp import AiohttpTransport

RESET = ConnectionResetError(errno.ECONNRESET, "x")


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (aiohttp.ConnectionTimeoutError(), APITimeoutError, "Connecting to api.test:443 took too long"),
        (aiohttp.SocketTimeoutError(), APITimeoutError, "The response took too long"),
        (TimeoutError(), APITimeoutError, "The response took too long"),
        (aiohttp.ClientOSError(errno.ECONNRESET, "x"), APIConnectionError,
         f"The connection to api.test:443 broke: {CONNECTION_RESET}"),
        (RESET, APIConnectionError, f"The connection to api.test:443 broke: {CONNECTION_RESET}"),
        (aiohttp.ServerDisconnectedError(), ProtocolError,
         "api.test:443 disconnected or sent malformed HTTP (ServerDisconnectedError)"),
        (aiohttp.ClientPayloadError("x"), ProtocolError,
         "api.test:443 disconnected or sent malformed HTTP (ClientPayloadError)"),
        (ValueError("x"), APIConnectionError, "The connection to api.test:443 broke: ValueError"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)  # fmt: skip
def test_exceptions_of_aiohttp_are_mapped(error: Exception, kind: type[APIConnectionError], message: str) -> None:
    """Each to the class and the message that say what it means."""
    mapped = AiohttpTransport(evolve(OPTIONS, base_url="https://api.test", verify=False)).map_error(error)
    assert type(mapped) is kind
    assert mapped.message == message


def test_transport_needs_no_event_loop_before_its_first_request() -> None:
    """Applications make their client at import."""
    transport = AiohttpTransport(OPTIONS)
    asyncio.run(transport.aclose())


@pytest.fixture
def connecting(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Let no name ever resolve; return what says that a look-up began."""
    event = asyncio.Event()

    async def getaddrinfo(*_: object, **__: object) -> list[Any]:
        event.set()
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    monkeypatch.setattr(asyncio.SelectorEventLoop, "getaddrinfo", getaddrinfo)
    return event


async def test_closing_while_it_connects_is_an_error_and_not_a_cancellation(connecting: asyncio.Event) -> None:
    """Aiohttp cancels its own connection attempts; nobody cancelled the task."""
    async with open_sender_over("aiohttp", "https://api.test") as sender:
        task = asyncio.create_task(outcome(sender))
        await connecting.wait()
        await sender.aclose()
        error = await task
    assert isinstance(error, ConfigurationError)
    assert error.message == "This client is closed"


async def test_cancellation_while_it_connects_stays_one(connecting: asyncio.Event) -> None:
    """Also when the client is closed at the same time."""
    async with open_sender_over("aiohttp", "https://api.test") as sender:
        task = asyncio.create_task(send(sender))
        await connecting.wait()
        task.cancel()
        await sender.aclose()
        await asyncio.wait([task])
    assert task.cancelled()


@pytest.mark.parametrize("encoding", ["gzip, chunked", "deflate", "identity"])
async def test_unrequested_transfer_encoding_is_a_protocol_error(encoding: str) -> None:
    """Aiohttp would return the encoded bytes as the body."""
    content = f"HTTP/1.1 200 OK\r\nTransfer-Encoding: {encoding}\r\n\r\n0\r\n\r\n".encode()
    async with local_server(lambda head: content) as server, open_sender_over("aiohttp", server.url) as sender:
        error = await outcome(sender)
    assert isinstance(error, ProtocolError)
    assert error.attempts == 1


async def test_chunked_body_is_read() -> None:
    """In any case of the word."""
    content = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n4\r\n{"si\r\n6\r\nze":5}\r\n0\r\n\r\n'
    async with local_server(lambda head: content) as server, open_sender_over("aiohttp", server.url) as sender:
        assert (await send(sender)).size == 5
