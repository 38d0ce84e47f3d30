"""Streams over asyncio, as httpcore uses them: without a network, but for connecting."""

from __future__ import annotations

import asyncio
import errno
import math
import ssl
from typing import Any

import httpcore
import pytest
from tests.support.clock import pass_time, run_turns
from tests.unit.core.local_server import local_server, refusing_port, response

from puretalk_client._core.transports import base
from puretalk_client._core.transports.base import Handshakes
from puretalk_client._core.transports.streams import (
    HAPPY_EYEBALLS_DELAY,
    MAX_BUFFERED,
    MAX_READ,
    AsyncioBackend,
    Stream,
)

HANDSHAKES = Handshakes(5.0)


class RecordingTransport(asyncio.Transport):
    """A transport that records what a stream does with it."""

    def __init__(self) -> None:
        super().__init__({"peername": "peer"})
        self.did: list[object] = []

    def write(self, data: Any) -> None:
        """Record the data."""
        self.did.append(data)

    def abort(self) -> None:
        """Record it."""
        self.did.append("abort")

    def pause_reading(self) -> None:
        """Record it."""
        self.did.append("pause")

    def resume_reading(self) -> None:
        """Record it."""
        self.did.append("resume")


@pytest.fixture
def transport() -> RecordingTransport:
    """Return the transport of ``stream``."""
    return RecordingTransport()


@pytest.fixture
def stream(transport: RecordingTransport) -> Stream:
    """Return a stream that is connected."""
    connected = Stream(HANDSHAKES)
    connected.connection_made(transport)
    return connected


async def test_received_bytes_are_read_in_order(stream: Stream) -> None:
    """As many as there are, and no more than the reader takes."""
    for data in (b"abc", b"de", b"f"):
        stream.data_received(data)
    assert [await stream.read(4), await stream.read(1), await stream.read(9)] == [b"abcd", b"e", b"f"]
    stream.data_received(b"gh")
    assert await stream.read(2) == b"gh"


async def test_reader_waits_for_bytes(stream: Stream) -> None:
    """And takes what arrived at once."""
    reading = asyncio.create_task(stream.read(9))
    await run_turns()
    assert not reading.done()
    stream.data_received(b"abc")
    stream.data_received(b"de")
    assert await reading == b"abcde"


@pytest.mark.parametrize("waits", [False, True])
async def test_end_of_the_stream_is_no_bytes(stream: Stream, waits: bool) -> None:
    """After what arrived before it, and as often as it is read."""
    if waits:
        reading = asyncio.create_task(stream.read(9))
        await run_turns()
        assert stream.eof_received() is False  # the transport closes itself
        assert await reading == b""
    else:
        stream.data_received(b"abc")
        stream.eof_received()
        assert await stream.read(9) == b"abc"
    assert [await stream.read(9), await stream.read(9)] == [b"", b""]
    with pytest.raises(httpcore.WriteError):
        await stream.write(b"x")


@pytest.mark.parametrize("waits", [False, True])
async def test_connection_that_broke_is_an_error_after_what_arrived(stream: Stream, waits: bool) -> None:
    """With the reason as its cause, for readers and writers."""
    broke = ConnectionResetError(errno.ECONNRESET, "reset")
    reading = asyncio.create_task(stream.read(9))
    if waits:
        await run_turns()
    else:
        stream.data_received(b"abc")
    stream.connection_lost(broke)
    if not waits:
        assert await reading == b"abc"
        reading = asyncio.create_task(stream.read(9))
    with pytest.raises(httpcore.ReadError) as caught:
        await reading
    assert caught.value.__cause__ is broke
    with pytest.raises(httpcore.WriteError) as failed:
        await stream.write(b"x")
    assert failed.value.__cause__ is broke


async def test_connection_that_closed_is_the_end(stream: Stream) -> None:
    """Without an error it did not break."""
    stream.connection_lost(None)
    assert await stream.read(9) == b""


async def test_stream_stops_receiving_while_nobody_reads(stream: Stream, transport: RecordingTransport) -> None:
    """From the limit on, once, until the reader has taken enough."""
    stream.data_received(b"x" * MAX_BUFFERED)
    assert transport.did == []
    stream.data_received(b"xx")
    stream.data_received(b"x")
    assert transport.did == ["pause"]
    await stream.read(2)
    assert transport.did == ["pause"]
    await stream.read(1)
    assert transport.did == ["pause", "resume"]
    await stream.read(MAX_BUFFERED)
    assert transport.did == ["pause", "resume"]
    stream.data_received(b"x" * (MAX_BUFFERED + 1))
    assert transport.did == ["pause", "resume", "pause"]


async def test_event_loop_runs_while_much_is_buffered(stream: Stream) -> None:
    """A flood of small messages keeps the parser busy: it gets a little at a time, and others run in between."""
    stream.data_received(b"x" * (10 * MAX_READ))
    stream.eof_received()
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    sizes = [len(await stream.read(1 << 20)) for _ in range(10)]
    assert sizes == [MAX_READ] * 10
    assert turns >= 9
    counting.cancel()


async def test_writer_waits_while_the_transport_is_full(stream: Stream, transport: RecordingTransport) -> None:
    """And for the end of the connection no longer."""
    await stream.write(b"")
    await stream.write(b"a")
    for end in (stream.resume_writing, lambda: stream.connection_lost(None)):
        await stream.write(b"c")
        stream.pause_writing()
        writing = asyncio.create_task(stream.write(b"b"))
        await run_turns()
        assert not writing.done()
        end()
        await writing
    assert transport.did == [b"a", b"c", b"b", b"c", b"b"]


async def test_closing_drops_what_is_still_to_be_sent(stream: Stream, transport: RecordingTransport) -> None:
    """Nobody wants it."""
    await stream.aclose()
    assert transport.did == ["abort"]


def test_idle_stream_is_readable_when_it_cannot_be_used_again(stream: Stream) -> None:
    """It ended, or holds bytes that nobody requested. Other information is the transport's."""
    assert stream.get_extra_info("is_readable") is False
    assert stream.get_extra_info("peername") == "peer"
    stream.data_received(b"x")
    assert stream.get_extra_info("is_readable") is True
    ended = Stream(HANDSHAKES)
    ended.eof_received()
    assert ended.get_extra_info("is_readable") is True


async def test_connection_that_is_refused_is_a_connect_error() -> None:
    """With the reason as its cause."""
    with refusing_port() as port, pytest.raises(httpcore.ConnectError) as caught:
        await AsyncioBackend(HANDSHAKES).connect_tcp("127.0.0.1", port, 5.0)
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)


async def test_name_that_cannot_be_encoded_is_a_connect_error() -> None:
    """A label of more than 63 characters is not a host name (RFC 1035)."""
    with pytest.raises(httpcore.ConnectError):
        await AsyncioBackend(HANDSHAKES).connect_tcp("a" * 64 + ".test", 1, 5.0)


async def test_next_address_of_a_host_is_tried_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """An IPv6 address that does not respond must not cost the whole timeout (RFC 8305)."""
    given: dict[str, Any] = {}
    opened = Stream(HANDSHAKES)

    async def create_connection(*arguments: Any, **options: Any) -> tuple[None, Stream]:
        given.update(options, address=arguments[1:])
        return None, opened

    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", create_connection)
    assert await AsyncioBackend(HANDSHAKES).connect_tcp("api.test", 443, 5.0) is opened
    assert given == {"address": ("api.test", 443), "happy_eyeballs_delay": HAPPY_EYEBALLS_DELAY}
    assert HAPPY_EYEBALLS_DELAY == 0.25


@pytest.mark.parametrize("tls", [False, True])
async def test_connecting_is_bounded(tls: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """TCP and TLS have a timeout each; a handshake that took too long leaves no connection."""
    monkeypatch.setattr(base, "LATE", math.inf)  # the clock jumps, and the machine may be slow

    async def hang(*_: Any, **__: Any) -> None:
        await asyncio.Event().wait()

    transport, stream = RecordingTransport(), Stream(HANDSHAKES)
    stream.connection_made(transport)
    monkeypatch.setattr(asyncio.get_running_loop(), "start_tls" if tls else "create_connection", hang)
    context = ssl.create_default_context()
    connecting = (
        stream.start_tls(context, "api.test", 5.0)
        if tls
        else AsyncioBackend(HANDSHAKES).connect_tcp("api.test", 1, 5.0)
    )
    task = asyncio.ensure_future(connecting)
    await run_turns()
    await pass_time(4.0)
    assert not task.done()
    await pass_time(1.0)
    assert task.done()
    assert type(task.exception()) is httpcore.ConnectTimeout
    assert transport.did == (["abort"] if tls else [])


async def test_handshake_that_fails_is_a_connect_error() -> None:
    """With OpenSSL's reason as its cause; the connection is closed."""
    async with local_server(lambda head: response(b"x")) as server:
        stream = await AsyncioBackend(HANDSHAKES).connect_tcp("127.0.0.1", server.port, 5.0)
        await stream.write(b"GET / HTTP/1.1\r\n\r\n")
        with pytest.raises(httpcore.ConnectError) as caught:
            await stream.start_tls(ssl.create_default_context(), "api.test", 5.0)
        assert isinstance(caught.value.__cause__, OSError)
        assert stream.transport.is_closing()
