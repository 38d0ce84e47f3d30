"""Private names of httpx, httpcore and aiohttp that this package has to use, each with the reason and when it can go.

``tests/unit/core/transports/test_workarounds.py`` fails where a new version lacks one of them.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    import aiohttp


def disable_resends(session: aiohttp.ClientSession) -> None:
    """Keep aiohttp from sending a GET twice when a kept connection turns out to be closed.

    ``max_retries`` counts every request on the wire. aiohttp 3.11 to 3.14 resend idempotent requests once, and have
    no public switch for it (aio-libs/aiohttp#10790).
    """
    session._retry_connection = False


class _NoLock:
    """Lets everybody in at once."""

    async def __aenter__(self) -> None: ...
    async def __aexit__(self, *exc_info: object) -> None: ...


_LOCKS = ("_request_lock", "_connect_lock", "_state_lock")


def remove_locks(connection: Any) -> None:
    """Remove the locks of a connection of httpcore that has connected and carries one request at a time.

    httpcore 1.0.9 takes three of them for a request. They are anyio's, which let the event loop run each time, and
    leave a dozen objects to the garbage collector: with many requests in flight, a tenth of all CPU time. Can go when
    httpcore makes them with ``fast_acquire=True``.
    """
    while connection is not None:  # those of proxies are wrapped
        for name in _LOCKS:
            if hasattr(connection, name):
                setattr(connection, name, _NoLock())
        connection = getattr(connection, "_connection", None)


def pool_size(client: httpx.AsyncClient) -> int:
    """Return how many connections a client of httpx may open; without bound where it does not say.

    More requests than that would queue in httpcore's pool, which loses a connection for good when one of them is
    cancelled between being assigned it and using it (encode/httpcore#1093, httpcore 1.0.9). Can go when that is fixed.
    """
    pool = getattr(client._transport, "_pool", None)
    size = getattr(pool, "_max_connections", None)
    # A connection of HTTP/2 carries many requests.
    return size if isinstance(size, int) and not getattr(pool, "_http2", False) else sys.maxsize


def ssl_context(client: httpx.AsyncClient) -> ssl.SSLContext | None:
    """Return the TLS settings of a client of httpx 0.28, which has no public name for them."""
    context = getattr(getattr(client._transport, "_pool", None), "_ssl_context", None)
    return context if isinstance(context, ssl.SSLContext) else None


def transport_for(client: httpx.AsyncClient, url: str) -> httpx.AsyncBaseTransport | None:
    """Return what a client of httpx 0.28 sends a request for ``url`` with, its mounts included; it has no public way.

    None where a client that is used like it does not say.
    """
    find = getattr(client, "_transport_for_url", None)
    return find(httpx.URL(url)) if find is not None else None


async def retire_http2(client: httpx.AsyncClient) -> None:
    """Keep a client of httpx from sending more requests over its open connections of HTTP/2.

    They close with their last response. A request that is cancelled while it is written leaves the header table of
    the connection out of step, one that is cancelled later leaves data that are never acknowledged, and a connection
    whose socket was closed stays in use (httpcore 1.0.9). Can go when httpcore resets and acknowledges what nobody
    reads, and shields its writes from cancellation.
    """
    for transport in (client._transport, *client._mounts.values()):
        for connection in getattr(getattr(transport, "_pool", None), "connections", ()):
            inner: Any = getattr(connection, "_connection", None)
            if type(inner).__name__ == "AsyncHTTP2Connection":  # of httpcore, or of httpcore2
                inner._used_all_stream_ids = True
                if not inner._events:
                    await connection.aclose()


class ConnectionWatch:
    """Ends a body of aiohttp that nothing else ends, and closes its connection where that must not be used again.

    aiohttp 3.14 does not tell the reader of a body when a chunk is malformed and the connection is closed for it:
    reading then waits for ever (compare aio-libs/aiohttp#4581). And a response releases its connection as soon as
    the body is there, so that closing the response does not close the connection. Can go when both are fixed.
    """

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._content = response.content
        self._protocol = response._protocol
        self._closed: asyncio.Future[None] | None = None
        if not response.content.is_eof() and self._protocol is not None:
            self._closed = self._protocol.closed
            if self._closed is not None:
                # Once for each connection, which carries many responses and may break when it carries none.
                self._closed.remove_done_callback(_retrieve_exception)
                self._closed.add_done_callback(_retrieve_exception)
                self._closed.add_done_callback(self._connection_lost)

    def _connection_lost(self, closed: asyncio.Future[None]) -> None:
        from aiohttp import ClientPayloadError  # here, since httpx needs this module too

        if not self._content.is_eof() and self._content.exception() is None:
            self._content.set_exception(ClientPayloadError("the connection was lost within the body"))

    def end(self, *, close: bool) -> None:
        """Stop watching; ``close`` the connection."""
        if self._closed is not None:
            self._closed.remove_done_callback(self._connection_lost)
        if close and self._protocol is not None:
            self._protocol.close()


def _retrieve_exception(closed: asyncio.Future[None]) -> None:
    """Retrieve why a connection was lost: asyncio logs an exception that nobody retrieved."""
    if not closed.cancelled():
        closed.exception()
