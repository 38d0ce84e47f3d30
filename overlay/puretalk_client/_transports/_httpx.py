"""httpx: its own transport, or the client that a caller lends."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Mapping

import httpx

from .. import errors
from ._failures import chain, quiet_logs
from ._protocol import KEEPALIVE_SECONDS, Failure, Headers, Lifetime, Reply, environment_proxy


class HttpxReply:
    """An answer of httpx."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self.encoding = response.headers.get("content-encoding", "identity")
        self._response = response

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes, still encoded."""
        stream = self._response.stream
        assert isinstance(stream, httpx.AsyncByteStream)
        return stream.__aiter__()

    async def close(self, *, drop: bool) -> None:
        """Give the connection back; one whose socket is closed, its pool replaces."""
        if drop and (stream := self._response.extensions.get("network_stream")) is not None:
            await stream.aclose()
        await self._response.aclose()


class HttpxTransport:
    """httpx's own transport, without the client around it: no redirects, no cookies, nothing per request.

    One of them for each connection, the one that was used last first. httpcore's pool (1.0.9) looks at every idle
    connection for every request, and for each of those at all others, so that its cost grows with the square of
    the calls in flight; and it loses a connection for good when a request is cancelled between being given one
    and using it. A pool of one does neither.
    """

    def __init__(
        self, base_url: str, *, verify: bool | ssl.SSLContext, connect_timeout: float, max_connections: int
    ) -> None:
        # The deadline of the call bounds all the rest.
        self._timeouts = {"connect": connect_timeout, "read": None, "write": None, "pool": None}
        self._proxy = environment_proxy(base_url)
        self._verify = ssl_setting(base_url, verify)
        self._slots = asyncio.Semaphore(max_connections)
        self._free: list[httpx.AsyncHTTPTransport] = []
        self._lifetime = Lifetime()

    async def open(self, method: str, url: str, headers: Headers, content: bytes | None) -> Reply:
        """Send a request."""
        self._lifetime.check()
        extensions = {"timeout": self._timeouts}
        request = httpx.Request(method, url, headers=headers, content=content, extensions=extensions)
        await self._slots.acquire()
        transport = self._free.pop() if self._free else self._new()
        try:
            return _PooledReply(await transport.handle_async_request(request), transport, self)
        except BaseException:
            await self.finish(transport, drop=True)
            raise

    def _new(self) -> httpx.AsyncHTTPTransport:
        limits = httpx.Limits(max_keepalive_connections=1, keepalive_expiry=KEEPALIVE_SECONDS)
        return httpx.AsyncHTTPTransport(verify=self._verify, proxy=self._proxy, limits=limits)

    async def finish(self, transport: httpx.AsyncHTTPTransport, *, drop: bool) -> None:
        """Take a transport back, or close it."""
        self._slots.release()
        if drop or self._lifetime.is_over:
            await transport.aclose()
        else:
            self._free.append(transport)

    def quiet_logs(self) -> contextlib.AbstractContextManager[None]:
        """Cut what httpx logs."""
        return quiet_logs()

    def classify(self, error: Exception) -> Failure:
        """Say what an exception of httpx means."""
        return classify(error)

    async def aclose(self) -> None:
        """Close all connections; those in use, when they are given back."""
        self._lifetime.is_over = True
        while self._free:
            await self._free.pop().aclose()


class _PooledReply(HttpxReply):
    """An answer that gives its transport back when it is closed."""

    def __init__(
        self, response: httpx.Response, transport: httpx.AsyncHTTPTransport, pool: HttpxTransport
    ) -> None:
        super().__init__(response)
        self._transport = transport
        self._pool = pool

    async def close(self, *, drop: bool) -> None:
        """Give the connection back, or close it."""
        is_done = False
        try:
            await self._response.aclose()
            is_done = True
        finally:
            await self._pool.finish(self._transport, drop=drop or not is_done)


def ssl_setting(base_url: str, verify: bool | ssl.SSLContext) -> bool | ssl.SSLContext:
    """Return what verifies certificates; one context for all connections, since loading roots takes long."""
    if not base_url.startswith("https:"):
        return False
    return httpx.create_ssl_context() if verify is True else verify


class LentClient:
    """The caller's own httpx.AsyncClient: its settings hold, and it stays open."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def open(self, method: str, url: str, headers: Headers, content: bytes | None) -> HttpxReply:
        """Send a request."""
        request = self._client.build_request(method, url, headers=headers, content=content)
        # The jar holds what servers set; the API knows callers by their key.
        request.headers.pop("Cookie", None)
        response = await self._client.send(request, stream=True, follow_redirects=False, auth=None)
        return HttpxReply(response)

    def quiet_logs(self) -> contextlib.AbstractContextManager[None]:
        """Cut what httpx logs."""
        return quiet_logs()

    def classify(self, error: Exception) -> Failure:
        """Say what an exception of httpx means."""
        return classify(error)

    async def aclose(self) -> None:
        """Leave the client to its owner."""


@contextlib.asynccontextmanager
async def open_at(
    address: str,
    url: httpx.URL,
    headers: Mapping[str, str],
    *,
    verify: bool | ssl.SSLContext,
    connect_timeout: float,
) -> AsyncIterator[httpx.Response]:
    """Get ``url`` from the host at ``address``, over a connection of its own and by no proxy.

    TLS and the Host header use the name in ``url``, so a second lookup cannot lead anywhere else.
    """
    extensions = {"timeout": {"connect": connect_timeout}, "sni_hostname": url.host}
    names = {"Host": url.netloc.decode("ascii"), "Accept-Encoding": "identity"}
    async with httpx.AsyncHTTPTransport(verify=verify) as transport:
        target = url.copy_with(host=address, fragment=None)
        request = httpx.Request("GET", target, headers={**names, **headers}, extensions=extensions)
        response = await transport.handle_async_request(request)
        try:
            yield response
        finally:
            with contextlib.suppress(Exception):
                await response.aclose()


def classify(error: Exception) -> Failure:
    """Say what an exception of httpx means."""
    if isinstance(error, httpx.PoolTimeout):
        return errors.PoolTimeoutError, "all connections of the pool are in use", False
    if isinstance(error, httpx.ConnectTimeout):
        return errors.APITimeoutError, "connecting took too long", False
    if isinstance(error, (httpx.TimeoutException, TimeoutError)):
        return errors.APITimeoutError, "the answer took too long", True
    if isinstance(error, httpx.ConnectError):
        if any(isinstance(link, ssl.SSLError) for link in chain(error)):
            return errors.TLSError, "the TLS handshake failed", False
        return errors.APIConnectionError, "could not connect", False
    if isinstance(error, httpx.ProxyError):
        return errors.APIConnectionError, "the proxy refused the connection", False
    if isinstance(error, (httpx.ProtocolError, httpx.DecodingError)):
        return errors.ProtocolError, "the other end broke off or does not speak HTTP", True
    if isinstance(error, (httpx.TransportError, OSError)):
        return errors.APIConnectionError, "the connection broke", True
    return errors.APIConnectionError, f"the HTTP library failed with {type(error).__name__}", True
