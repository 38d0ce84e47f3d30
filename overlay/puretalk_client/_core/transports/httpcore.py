"""The default transport: connections of httpcore, the engine of httpx, over asyncio.

Not httpx itself: its Request, Response and URL, and anyio below them, take more than half of the time of a fetch.
"""

from __future__ import annotations

import asyncio
import importlib.util
import ssl
import sys
from collections import deque
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpcore
import httpx

from ... import errors
from ..options import Options
from . import base
from .httpx import map_error
from .streams import AsyncioBackend
from .urls import URL, destination, environment_proxy
from .workarounds import remove_locks

Connection = httpcore.AsyncConnectionInterface


class HttpcoreResponse:
    """A response of httpcore; closing it returns its connection to the pool."""

    def __init__(self, response: httpcore.Response, connection: Connection, pool: HttpcoreTransport) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = joined_headers(response.headers)
        self.encoding = self.headers.get("content-encoding", "identity")
        self._response = response
        self._connection = connection
        self._pool = pool

    @property
    def http_version(self) -> str | None:
        version: bytes | None = self._response.extensions.get("http_version")
        return None if version is None else version.decode().removeprefix("HTTP/")

    def received(self) -> None:
        """Return None: the library does not say."""

    def chunks(self) -> AsyncIterator[bytes]:
        return self._response.stream.__aiter__()  # type: ignore[union-attr]  # that of an async connection

    async def close(self, *, drop: bool) -> None:
        try:
            await self._response.aclose()
        finally:
            await self._pool.release(self._connection, drop=drop)


class HttpcoreTransport:
    """A pool of connections; the one that was used last is used first.

    Not httpcore's pool (1.0.9): it looks at every idle connection for every request, so that its cost grows with the
    concurrent requests; it loses a connection for good when a request is cancelled between being assigned one and
    using it; and it closes idle connections only when there is a next request.
    """

    name = "httpx"
    is_external = False
    max_connections = sys.maxsize

    def __init__(self, options: Options) -> None:
        url = URL(options.base_url)
        self._origin = httpcore.URL(str(url)).origin
        self._prefix = len(f"{url.scheme}://{url.netloc.decode()}")
        self._host = (b"Host", url.netloc)
        self._destination = destination(url)
        self._proxy = environment_proxy(options.base_url)
        self.tls = base.tls_context(options.base_url, options.verify)
        self._factory = _factory(self.tls, options.connect_timeout, self._proxy)
        self._idle: deque[tuple[float, Connection]] = deque()
        self._reaper: asyncio.TimerHandle | None = None
        self._is_closed = False

    async def send(self, method: str, url: str, headers: base.Headers, content: bytes | None) -> HttpcoreResponse:
        encoded = [self._host, *((name.encode(), value.encode()) for name, value in headers)]
        if content is not None or method in ("POST", "PUT", "PATCH"):
            encoded.append((b"Content-Length", b"%d" % len(content or b"")))
        scheme, host, port = self._origin.scheme, self._origin.host, self._origin.port
        request = httpcore.Request(
            method,
            httpcore.URL(scheme=scheme, host=host, port=port, target=url[self._prefix :].encode() or b"/"),
            headers=encoded,
            content=content,
        )
        kept = await self._take()
        connection = kept or self._factory.create_connection(self._origin)
        try:
            response = await connection.handle_async_request(request)
        except BaseException:
            await connection.aclose()
            raise
        if kept is None:
            remove_locks(connection)
        return HttpcoreResponse(response, connection, self)

    async def _take(self) -> Connection | None:
        """Return an idle connection that is still open."""
        while self._idle:
            _, connection = self._idle.pop()
            if not connection.has_expired():
                return connection
            await connection.aclose()
        return None

    async def release(self, connection: Connection, *, drop: bool) -> None:
        """Keep a connection for the next request, or close it."""
        if drop or self._is_closed or not connection.is_idle():
            await connection.aclose()
            return
        loop = asyncio.get_running_loop()
        self._idle.append((loop.time() + base.KEEPALIVE_SECONDS, connection))
        if self._reaper is None:
            self._reaper = loop.call_later(base.KEEPALIVE_SECONDS, self._reap, loop)

    def _reap(self, loop: asyncio.AbstractEventLoop) -> None:
        """Close the connections that were idle for too long."""
        self._reaper = None
        while self._idle and self._idle[0][0] <= loop.time() + 0.1:  # timers may fire a little early
            loop.create_task(self._idle.popleft()[1].aclose())
        if self._idle:
            self._reaper = loop.call_at(self._idle[0][0], self._reap, loop)

    def map_error(self, error: Exception) -> errors.APIConnectionError:
        proxy = f"the proxy {destination(self._proxy.url)}" if self._proxy else None
        return map_error(error, httpcore, self._destination, proxy)

    async def aclose(self) -> None:
        """Close all connections; those in use, when they are released."""
        self._is_closed = True
        if self._reaper is not None:
            self._reaper.cancel()
        while self._idle:
            await self._idle.pop()[1].aclose()


def _factory(
    tls: ssl.SSLContext | None, connect_timeout: float, proxy: httpx.Proxy | None
) -> httpcore.AsyncConnectionPool:
    """Return what opens connections, directly or through a proxy. It is not used as a pool.

    Raises:
        ConfigurationError: A SOCKS proxy without the package socksio.
    """
    settings: dict[str, Any] = {
        "ssl_context": tls,
        "keepalive_expiry": base.KEEPALIVE_SECONDS,
        "network_backend": AsyncioBackend(base.Handshakes(connect_timeout)),
    }
    if proxy is None:
        return httpcore.AsyncConnectionPool(**settings)
    url = str(proxy.url)
    if proxy.url.scheme.startswith("socks"):
        if importlib.util.find_spec("socksio") is None:
            raise errors.ConfigurationError("A SOCKS proxy needs: pip install 'httpx[socks]'")
        return httpcore.AsyncSOCKSProxy(url, proxy_auth=proxy.raw_auth, **settings)
    return httpcore.AsyncHTTPProxy(
        url,
        proxy_auth=proxy.raw_auth,
        proxy_ssl_context=tls if proxy.url.scheme == "https" else None,
        **settings,
    )


def joined_headers(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers by their lower-case names; several of one name are one list (RFC 9110, section 5.3)."""
    joined: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined
