"""The default transport: its pool of connections."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

import httpcore
import pytest
from attrs import evolve
from tests.support.clock import movable_loop, pass_time, run_turns
from tests.support.eventually import eventually
from tests.unit.core.local_server import local_server, response
from tests.unit.core.senders import OPTIONS

from puretalk_client._core.transports.base import KEEPALIVE_SECONDS
from puretalk_client._core.transports.httpcore import Connection, HttpcoreTransport, joined_headers


def test_headers_of_one_name_are_one_list() -> None:
    """By lower-case names (RFC 9110, section 5.3)."""
    assert joined_headers([(b"A", b"1"), (b"B", b"\xe9"), (b"a", b"2")]) == {"a": "1, 2", "b": "\xe9"}


@pytest.mark.parametrize(
    ("method", "content", "length"),
    [("GET", None, []), ("DELETE", None, []), ("POST", None, ["0"]), ("PUT", None, ["0"]), ("PATCH", None, ["0"]),
     ("POST", b"", ["0"]), ("GET", b"xyz", ["3"]), ("PATCH", b"xyz", ["3"])],
)  # fmt: skip
async def test_length_of_the_content_is_sent_where_servers_expect_content(
    method: str, content: bytes | None, length: list[str]
) -> None:
    """RFC 9110, section 8.6: a server may refuse a POST without Content-Length (411)."""
    async with local_server(lambda head: response(b"x")) as server:
        transport = HttpcoreTransport(evolve(OPTIONS, base_url=f"{server.url}/api"))
        received = await transport.send(method, f"{server.url}/api/x?y", (("X-A", "1"),), content)
        await received.close(drop=True)
        await transport.aclose()
    request_line, *lines = server.requests[0].strip().split("\r\n")
    assert request_line == f"{method} /api/x?y HTTP/1.1"
    fields = [line.split(": ") for line in lines]
    assert [value for name, value in fields if name == "Content-Length"] == length
    assert [value for name, value in fields if name == "Host"] == [server.url.removeprefix("http://")]
    assert ["X-A", "1"] in fields


async def test_url_without_a_path_is_that_of_the_root() -> None:
    """A request has a path (RFC 9112, section 3.2.1)."""
    async with local_server(lambda head: response(b"x")) as server:
        transport = HttpcoreTransport(evolve(OPTIONS, base_url=server.url))
        await (await transport.send("GET", server.url, (), None)).close(drop=True)
        await transport.aclose()
    assert server.requests[0].startswith("GET / HTTP/1.1\r\n")


async def test_connection_used_last_is_used_first() -> None:
    """Others become idle and are closed when traffic falls."""
    async with local_server(lambda head: response(head.split()[1].encode())) as server:
        transport = HttpcoreTransport(evolve(OPTIONS, base_url=server.url))
        first = await transport.send("GET", f"{server.url}/1", (), None)
        second = await transport.send("GET", f"{server.url}/2", (), None)
        for received in (first, second):
            assert [chunk async for chunk in received.chunks()]
            await received.close(drop=False)
        assert server.connections == 2
        third = await transport.send("GET", f"{server.url}/3", (), None)
        assert third._connection is second._connection
        await third.close(drop=True)
        await transport.aclose()
    assert server.connections == 2


async def test_connection_in_use_while_its_transport_closes_is_closed_afterwards() -> None:
    """The response can still be read."""
    async with local_server(lambda head: response(b"content")) as server:
        transport = HttpcoreTransport(evolve(OPTIONS, base_url=server.url))
        received = await transport.send("GET", server.url, (), None)
        await transport.aclose()
        assert b"".join([chunk async for chunk in received.chunks()]) == b"content"
        await received.close(drop=False)
        assert not transport._idle


async def test_idle_connections_are_closed_in_time() -> None:
    """Thirty seconds after their last use, also if no further request comes."""
    ended = asyncio.Event()
    async with local_server(lambda head: response(b"content"), on_end=ended.set) as server:
        transport = HttpcoreTransport(evolve(OPTIONS, base_url=server.url))
        received = await transport.send("GET", server.url, (), None)
        assert b"".join([chunk async for chunk in received.chunks()]) == b"content"
        await received.close(drop=False)
        await pass_time(KEEPALIVE_SECONDS - 1)
        assert len(transport._idle) == 1
        movable_loop().move(1)
        await ended.wait()
        assert not transport._idle
        await transport.aclose()


async def test_each_idle_connection_is_closed_in_its_own_time() -> None:
    """Thirty seconds after the last request that used it, and not after that of another."""
    async with local_server(lambda head: response(b"x")) as server:
        transport = HttpcoreTransport(evolve(OPTIONS, base_url=server.url))
        received = [await transport.send("GET", server.url, (), None) for _ in range(3)]
        for one in received:
            assert [chunk async for chunk in one.chunks()] == [b"x"]
            await one.close(drop=False)
            movable_loop().move(10.0)
        assert server.connections == len(transport._idle) == 3
        for left in (2, 1, 0):
            await run_turns()
            assert len(transport._idle) == left
            assert (transport._reaper is None) is (left == 0)
            movable_loop().move(10.0)
        await transport.aclose()


async def test_closing_ends_idle_connections_and_their_timer() -> None:
    """Nothing of the transport is left in the event loop."""
    ended: list[None] = []
    async with local_server(lambda head: response(b"x"), on_end=lambda: ended.append(None)) as server:
        transport = HttpcoreTransport(evolve(OPTIONS, base_url=server.url))
        received = [await transport.send("GET", server.url, (), None) for _ in range(2)]
        for one in received:
            assert [chunk async for chunk in one.chunks()] == [b"x"]
            await one.close(drop=False)
        timer = transport._reaper
        assert timer is not None
        await transport.aclose()
        assert timer.cancelled()
        assert not transport._idle
        await eventually(lambda: len(ended) == 2)


async def test_connection_of_a_request_that_is_cancelled_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else would close it."""
    started = asyncio.Event()
    made: list[Connection] = []

    async def hang(head: str) -> bytes:
        started.set()
        return await asyncio.Event().wait() and b""

    async with local_server(hang) as server:
        transport = HttpcoreTransport(evolve(OPTIONS, base_url=server.url))
        create = transport._factory.create_connection

        def record(origin: httpcore.Origin) -> Connection:
            made.append(create(origin))
            return made[-1]

        monkeypatch.setattr(transport._factory, "create_connection", record)
        task = asyncio.create_task(transport.send("GET", server.url, (), None))
        await started.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()
        assert [connection.is_closed() for connection in made] == [True]
        assert not transport._idle


async def test_connection_that_the_server_closes_while_it_is_idle_is_not_used() -> None:
    """The client closes its side at once, and the next request has a new one."""
    async with local_server(lambda head: b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", closes=True) as server:
        transport = HttpcoreTransport(evolve(OPTIONS, base_url=server.url))
        for count in (1, 2):
            received = await transport.send("GET", server.url, (), None)
            assert [chunk async for chunk in received.chunks()] == [b"x"]
            await received.close(drop=False)
            assert server.connections == count
            [(_, connection)] = transport._idle
            await eventually(connection.has_expired)
        await transport.aclose()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_context_of_the_client_is_that_of_connections_and_proxies(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one of its own, httpcore would trust whom the application does not."""
    context = ssl.create_default_context()
    monkeypatch.setenv("HTTPS_PROXY", f"{scheme}://user:pass@proxy.test:3128")
    pool: Any = HttpcoreTransport(evolve(OPTIONS, base_url="https://api.test", verify=context))._factory
    assert (pool._ssl_context, pool._proxy_ssl_context) == (context, context if scheme == "https" else None)
    monkeypatch.delenv("HTTPS_PROXY")
    direct: Any = HttpcoreTransport(evolve(OPTIONS, base_url="https://api.test", verify=context))._factory
    assert direct._ssl_context is context


async def test_idle_connection_that_ended_is_closed_before_another_is_made() -> None:
    """Its socket would stay open until the garbage collector finds it."""
    async with local_server(lambda head: b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", closes=True) as server:
        transport = HttpcoreTransport(evolve(OPTIONS, base_url=server.url))
        received = await transport.send("GET", server.url, (), None)
        assert [chunk async for chunk in received.chunks()] == [b"x"]
        await received.close(drop=False)
        [(_, connection)] = transport._idle
        await eventually(connection.has_expired)
        await (await transport.send("GET", server.url, (), None)).close(drop=True)
        assert connection.is_closed()
        await transport.aclose()
