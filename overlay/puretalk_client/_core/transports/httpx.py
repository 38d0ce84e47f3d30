"""The caller's own ``httpx.AsyncClient``."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Mapping
from types import ModuleType

import httpx

from ... import errors
from . import base
from .urls import destination
from .workarounds import pool_size, retire_http2, ssl_context


class HttpxResponse:
    """A response of httpx."""

    def __init__(self, response: httpx.Response, client: httpx.AsyncClient) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self.encoding = response.headers.get("content-encoding", "identity")
        self._response = response
        self._client = client
        self._is_read = False

    @property
    def http_version(self) -> str | None:
        return self._response.http_version.removeprefix("HTTP/")

    def received(self) -> None:
        """Return None: the library does not say."""

    async def chunks(self) -> AsyncIterator[bytes]:
        async for chunk in self._response.stream:  # type: ignore[union-attr]  # an async client has an async stream
            yield chunk
        self._is_read = True

    async def close(self, *, drop: bool) -> None:
        """Release the connection; the pool replaces one whose socket is closed."""
        try:
            if self._response.http_version == "HTTP/2" and (drop or not self._is_read):
                await retire_http2(self._client)  # first, or a request that fails with it would be sent over it again
            if drop and (stream := self._response.extensions.get("network_stream")) is not None:
                await stream.aclose()
        finally:
            await self._response.aclose()


class ExternalTransport:
    """The caller's own ``httpx.AsyncClient``: its settings apply, and it stays open."""

    name = "http_client"
    is_external = True

    def __init__(self, client: httpx.AsyncClient, base_url: str) -> None:
        self._client = client
        self._library = library_of(client)
        self._destination = destination(base_url)
        self.max_connections = pool_size(client)
        self.tls = ssl_context(client)

    async def send(self, method: str, url: str, headers: base.Headers, content: bytes | None) -> HttpxResponse:
        if self._client.is_closed:
            raise errors.ConfigurationError("The http_client is closed")
        request = self._client.build_request(method, url, headers=headers, content=content)
        # The jar holds what servers set; the API knows callers by their key.
        request.headers.pop("Cookie", None)
        request.headers.update([(name, value) for name, value in headers if name == "Cookie"])
        try:
            response = await self._client.send(request, stream=True, follow_redirects=False, auth=None)
        except BaseException:
            await retire_http2(self._client)
            raise
        return HttpxResponse(response, self._client)

    def map_error(self, error: Exception) -> errors.APIConnectionError:
        return map_error(error, self._library, self._destination)

    async def aclose(self) -> None:
        """Leave the client to its owner."""


def library_of(client: object) -> ModuleType:
    """Return the module that defines the exceptions of a client: httpx, or one that is used like it, such as httpx2."""
    for kind in type(client).__mro__:
        module = sys.modules.get(kind.__module__.partition(".")[0])
        if module is not None and hasattr(module, "TransportError"):
            return module
    return httpx


def map_error(
    error: Exception, library: ModuleType, host_and_port: str, proxy: str | None = None
) -> errors.APIConnectionError:
    """Return the error that says what an exception of httpx, or of httpcore with the same names, means.

    Args:
        error: The exception.
        library: The module that defines it.
        host_and_port: Where the request was for.
        proxy: What to call the proxy, where one is used.
    """
    if isinstance(error, library.PoolTimeout):
        return errors.PoolTimeoutError("All connections of the external client were in use")
    if isinstance(error, library.ConnectTimeout):
        return errors.APITimeoutError(f"Connecting to {host_and_port} took too long", request_sent=False)
    if isinstance(error, (library.TimeoutException, TimeoutError)):
        return errors.APITimeoutError("The response took too long")
    if isinstance(error, library.ProxyError):
        return base.connect_error(proxy or "the proxy", error)
    if isinstance(error, library.ConnectError):
        mapped = base.connect_error(host_and_port, error)
        # The handshake is with the API's host, through the tunnel; all before it is with the proxy.
        return mapped if proxy is None or isinstance(mapped, errors.TLSError) else base.connect_error(proxy, error)
    # httpcore 1.0.9 does not wrap what h2 raises within a body.
    if isinstance(error, library.ProtocolError) or type(error).__module__ == "h2.exceptions":
        return base.protocol_error(host_and_port, error)
    return base.broken_error(host_and_port, error)
