"""httpx: its own transport, or the caller's ``httpx.AsyncClient``."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import AsyncIterator, Mapping

import httpx

from ... import errors
from ..options import Options
from . import base
from .urls import destination, environment_proxy


class HttpxResponse:
    """A response of httpx."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self.encoding = response.headers.get("content-encoding", "identity")
        self._response = response

    def chunks(self) -> AsyncIterator[bytes]:
        stream = self._response.stream
        assert isinstance(stream, httpx.AsyncByteStream)
        return stream.__aiter__()

    async def close(self, *, drop: bool) -> None:
        """Release the connection; the pool replaces one whose socket is closed."""
        if drop and (stream := self._response.extensions.get("network_stream")) is not None:
            await stream.aclose()
        await self._response.aclose()


class HttpxTransport:
    """httpx's own transport, without the client around it: no redirects, no cookies, nothing per request.

    One of them for each connection, the one that was used last first. httpcore's pool (1.0.9) looks at every idle
    connection for every request, and for each of those at all others, so that its cost grows with the square of
    the concurrent requests; and it loses a connection for good when a request is cancelled between being assigned
    one and using it. A pool of one does neither.
    """

    is_external = False

    def __init__(self, options: Options) -> None:
        # The deadline of the request bounds all the rest.
        self._timeouts = {"connect": options.connect_timeout, "read": None, "write": None, "pool": None}
        self._destination = destination(options.base_url)
        self._proxy = environment_proxy(options.base_url)
        self._tls = base.tls_setting(options.base_url, options.verify)
        self._idle: list[httpx.AsyncHTTPTransport] = []
        self._is_closed = False
        if self._proxy is not None:
            try:
                self._idle.append(self._new())
            except ImportError as error:  # a SOCKS proxy without socksio
                raise errors.ConfigurationError(str(error)) from None

    async def send(self, method: str, url: str, headers: base.Headers, content: bytes | None) -> base.TransportResponse:
        extensions = {"timeout": self._timeouts}
        request = httpx.Request(method, url, headers=headers, content=content, extensions=extensions)
        transport = self._idle.pop() if self._idle else self._new()
        try:
            return _PooledResponse(await transport.handle_async_request(request), transport, self)
        except BaseException:
            await transport.aclose()
            raise

    def _new(self) -> httpx.AsyncHTTPTransport:
        limits = httpx.Limits(max_keepalive_connections=1, keepalive_expiry=base.KEEPALIVE_SECONDS)
        return httpx.AsyncHTTPTransport(verify=self._tls, proxy=self._proxy, limits=limits)

    async def release(self, transport: httpx.AsyncHTTPTransport, *, drop: bool) -> None:
        """Keep a connection for the next request, or close it."""
        if drop or self._is_closed:
            await transport.aclose()
        else:
            self._idle.append(transport)

    def map_error(self, error: Exception) -> errors.APIConnectionError:
        proxy = f"the proxy {destination(self._proxy.url)}" if self._proxy else None
        return map_error(error, self._destination, proxy)

    async def aclose(self) -> None:
        """Close all connections; those in use, when they are released."""
        self._is_closed = True
        while self._idle:
            await self._idle.pop().aclose()


class _PooledResponse(HttpxResponse):
    """A response that releases its transport when it is closed."""

    def __init__(self, response: httpx.Response, transport: httpx.AsyncHTTPTransport, pool: HttpxTransport) -> None:
        super().__init__(response)
        self._transport = transport
        self._pool = pool

    async def close(self, *, drop: bool) -> None:
        is_closed = False
        try:
            await self._response.aclose()
            is_closed = True
        finally:
            await self._pool.release(self._transport, drop=drop or not is_closed)


class ExternalTransport:
    """The caller's own ``httpx.AsyncClient``: its settings apply, and it stays open."""

    is_external = True

    def __init__(self, client: httpx.AsyncClient, base_url: str) -> None:
        self._client = client
        self._destination = destination(base_url)

    async def send(self, method: str, url: str, headers: base.Headers, content: bytes | None) -> HttpxResponse:
        request = self._client.build_request(method, url, headers=headers, content=content)
        # The jar holds what servers set; the API knows callers by their key.
        request.headers.pop("Cookie", None)
        response = await self._client.send(request, stream=True, follow_redirects=False, auth=None)
        return HttpxResponse(response)

    def map_error(self, error: Exception) -> errors.APIConnectionError:
        return map_error(error, self._destination)

    async def aclose(self) -> None:
        """Leave the client to its owner."""


@contextlib.asynccontextmanager
async def open_pinned(
    address: str,
    url: httpx.URL,
    headers: Mapping[str, str],
    *,
    verify: bool | ssl.SSLContext,
    connect_timeout: float,
) -> AsyncIterator[HttpxResponse]:
    """Get ``url`` from the host at ``address``, over a connection of its own and without a proxy.

    TLS and the Host header use the name in ``url``, so a second lookup cannot lead anywhere else.

    Raises:
        APIConnectionError: No head of a response arrived.
    """
    extensions = {"timeout": {"connect": connect_timeout}, "sni_hostname": url.host}
    names = {"Host": url.netloc.decode("ascii"), "Accept-Encoding": "identity"}
    target = url.copy_with(host=address, fragment=None)
    request = httpx.Request("GET", target, headers={**names, **headers}, extensions=extensions)
    async with httpx.AsyncHTTPTransport(verify=verify) as transport:
        try:
            response = await transport.handle_async_request(request)
        except Exception as error:
            raise map_error(error, destination(url))  # noqa: B904  # it sets the cause itself
        try:
            yield HttpxResponse(response)
        finally:
            with contextlib.suppress(Exception):  # the response was read, or has failed already
                await response.aclose()


def map_error(error: Exception, host_and_port: str, proxy: str | None = None) -> errors.APIConnectionError:
    """Return the error that says what an exception of httpx means.

    Args:
        error: The exception.
        host_and_port: Where the request was for.
        proxy: What to call the proxy, where one is used.
    """
    if isinstance(error, httpx.PoolTimeout):
        return errors.PoolTimeoutError("All connections of the external client were in use")
    if isinstance(error, httpx.ConnectTimeout):
        return errors.APITimeoutError(f"Connecting to {host_and_port} took too long", request_sent=False)
    if isinstance(error, (httpx.TimeoutException, TimeoutError)):
        return errors.APITimeoutError("The response took too long")
    if isinstance(error, httpx.ProxyError):
        return base.connect_error(proxy or "the proxy", error)
    if isinstance(error, httpx.ConnectError):
        mapped = base.connect_error(host_and_port, error)
        # The handshake is with the API's host, through the tunnel; all before it is with the proxy.
        return mapped if proxy is None or isinstance(mapped, errors.TLSError) else base.connect_error(proxy, error)
    if isinstance(error, (httpx.ProtocolError, httpx.DecodingError)):
        return base.protocol_error(host_and_port, error)
    return base.broken_error(host_and_port, error)
