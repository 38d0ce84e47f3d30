"""A connection that cannot be opened gives its place in the pool back, whatever the reason."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import math
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NoReturn

import pytest
from attrs import frozen
from tests.support.clock import movable_loop, run_turns
from tests.support.eventually import eventually
from tests.support.scripted_server import CERTIFICATE, CERTIFICATE_KEY
from tests.unit.core.local_server import response
from tests.unit.core.senders import Thing, open_sender_over, outcome, send

from puretalk_client import APIConnectionError, APITimeoutError, ProtocolError, TLSError
from puretalk_client._core.sender import Sender
from puretalk_client._core.transports import base

SLOTS = 2
FAILURES = 10
OPTIONS: dict[str, Any] = {"max_connections": SLOTS, "timeout": 120.0, "connect_timeout": 60.0}
OWN = pytest.mark.parametrize("kind", ["httpx", "aiohttp"])


@frozen
class Switch:
    """A server that fails until it is switched on.

    Attributes:
        port: Its port.
        connections: The connections that were accepted.
        switch_on: Makes it work.
    """

    port: int
    connections: list[asyncio.StreamWriter]
    switch_on: Callable[[], Awaitable[None]]

    def url(self, scheme: str = "http", host: str = "127.0.0.1") -> str:
        """Return its address."""
        return f"{scheme}://{host}:{self.port}"


Failure = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def close(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Accept and close at once."""
    writer.close()


async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Accept and reset the connection."""
    writer.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    writer.transport.abort()


async def speak_plain_http(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Speak HTTP where TLS is expected."""
    writer.write(response(b"no TLS here", "400 Bad Request"))
    writer.close()


async def be_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Accept and never write."""
    with contextlib.suppress(OSError):
        while await reader.read(65536):
            pass
    writer.close()


@contextlib.asynccontextmanager
async def switchable(failure: Failure | None, tls: ssl.SSLContext | None = None) -> AsyncIterator[Switch]:
    """Run a server that fails in one way, or refuses connections, and then responds, over TLS if given a context."""
    connections: list[asyncio.StreamWriter] = []
    tasks: list[asyncio.Task[None]] = []
    listeners: list[asyncio.Server] = []
    is_on = False

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not is_on and failure is not None:
            await failure(reader, writer)
            return
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            if tls is not None:
                await writer.start_tls(tls)
            while True:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(response(b'{"size":5}', "200 OK", "Content-Type: application/json"))
        writer.close()

    def start(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        tasks.append(asyncio.create_task(serve(reader, writer)))

    async def listen() -> None:
        nonlocal is_on
        is_on = True
        if not listeners:
            listeners.append(await asyncio.start_server(start, sock=bound))

    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    port = bound.getsockname()[1]
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # handshakes that fail are what is tested
    if failure is not None:
        await listen()
        is_on = False
    try:
        yield Switch(port, connections, listen)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for listener in listeners:
            listener.close()
        for writer in connections:
            writer.transport.abort()
        bound.close()


def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return contexts of a server, and of a client that does not trust it yet."""
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    server.load_cert_chain(CERTIFICATE, CERTIFICATE_KEY)
    client.check_hostname = False
    return server, client


async def assert_all_slots_are_free(sender: Sender) -> None:
    """Send more requests than there are slots, at the same time: each slot has to work."""
    results = await asyncio.gather(*(send(sender) for _ in range(2 * SLOTS)))
    assert results == [Thing(size=5)] * (2 * SLOTS)
    assert sender.pool.slots.free == SLOTS


async def fail_often(sender: Sender, *expected: type[Exception]) -> None:
    """Send requests that fail to connect, one after the other and then all at once."""
    errors = [await outcome(sender) for _ in range(FAILURES)]
    errors += await asyncio.gather(*(outcome(sender) for _ in range(FAILURES)))
    assert {type(error) for error in errors} <= set(expected)


@OWN
@pytest.mark.parametrize(
    ("failure", "expected"),
    [(None, APIConnectionError), (close, ProtocolError), (reset, APIConnectionError)],
    ids=["refused", "closed", "reset"],
)
async def test_connections_that_break_release_their_slots(
    failure: Failure | None, expected: type[Exception], kind: str
) -> None:
    """Of a server that does not listen, closes at once, or resets."""
    async with switchable(failure) as server, open_sender_over(kind, server.url(), **OPTIONS) as sender:
        await fail_often(sender, expected, APIConnectionError)
        await server.switch_on()
        await assert_all_slots_are_free(sender)


@OWN
@pytest.mark.parametrize("failure", [close, reset, speak_plain_http], ids=["closed", "reset", "plain-http"])
async def test_tls_handshakes_that_break_release_their_slots(failure: Failure, kind: str) -> None:
    """Of a server that closes, resets, or speaks HTTP instead."""
    tls, trusting = contexts()
    trusting.load_verify_locations(CERTIFICATE)
    async with (
        switchable(failure, tls) as server,
        open_sender_over(kind, server.url("https"), verify=trusting, **OPTIONS) as sender,
    ):
        await fail_often(sender, TLSError, APIConnectionError)
        await server.switch_on()
        await assert_all_slots_are_free(sender)


@OWN
async def test_untrusted_certificates_release_their_slots(kind: str) -> None:
    """Until the client trusts the server."""
    tls, client_tls = contexts()
    async with (
        switchable(None, tls) as server,
        open_sender_over(kind, server.url("https"), verify=client_tls, **OPTIONS) as sender,
    ):
        await server.switch_on()
        await fail_often(sender, TLSError)
        client_tls.load_verify_locations(CERTIFICATE)
        await assert_all_slots_are_free(sender)


@OWN
async def test_handshakes_that_take_too_long_release_their_slots(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """``connect_timeout`` ends them."""
    monkeypatch.setattr(base, "LATE", math.inf)  # the clock jumps, and the machine may be slow
    tls, client_tls = contexts()
    client_tls.load_verify_locations(CERTIFICATE)
    options = {**OPTIONS, "connect_timeout": 5.0, "verify": client_tls}
    async with (
        switchable(be_silent, tls) as server,
        open_sender_over(kind, server.url("https"), **options) as sender,
    ):
        for number in range(FAILURES):
            task = asyncio.create_task(outcome(sender))
            await eventually(lambda: len(server.connections) > number)  # noqa: B023
            await run_turns()
            movable_loop().move(5.0)
            await run_turns(50)
            assert task.done()
            error = task.result()
            assert (type(error), error.request_sent) == (APITimeoutError, False)
        await server.switch_on()
        await assert_all_slots_are_free(sender)


@OWN
async def test_names_that_do_not_resolve_release_their_slots(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until they do."""

    async def fail(*_: object, **__: object) -> NoReturn:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async with switchable(None) as server, open_sender_over(kind, server.url(host="localhost"), **OPTIONS) as sender:
        with monkeypatch.context() as patch:
            patch.setattr(asyncio.get_running_loop(), "getaddrinfo", fail)
            await fail_often(sender, APIConnectionError)
        await server.switch_on()
        await assert_all_slots_are_free(sender)


# asyncio's staggered_race (CPython 3.11) drops the socket of an attempt that succeeds while it is cancelled. The
# garbage collector closes it, with a warning.
@pytest.mark.filterwarnings("ignore:.*unclosed <socket:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@OWN
async def test_cancelled_connections_release_their_slots(kind: str) -> None:
    """At any point of connecting and of the TLS handshake."""
    tls, client_tls = contexts()
    client_tls.load_verify_locations(CERTIFICATE)
    async with (
        switchable(be_silent, tls) as server,
        open_sender_over(kind, server.url("https"), verify=client_tls, **OPTIONS) as sender,
    ):
        for turns in range(4 * FAILURES):
            task = asyncio.create_task(send(sender))
            await run_turns(turns)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert task.cancelled()
        gc.collect()
        await server.switch_on()
        await assert_all_slots_are_free(sender)
