"""aiohttp, at about 60 % of the CPU time that the default transport takes.

Used directly and not through httpx-aiohttp: that adapter (0.2.0) maps exceptions to misleading types, resends
requests unseen, keeps a cookie jar, rewrites paths and ignores limits, which is all that it consists of.
"""

from __future__ import annotations

import asyncio
import base64
import sys
from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
from yarl import URL

from ... import errors
from ..options import Options
from . import base
from .urls import destination, environment_proxy
from .workarounds import ConnectionWatch, disable_resends


class AiohttpResponse:
    """A response of aiohttp."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        # Two headers of one name are one list (RFC 9110, section 5.3).
        self.encoding = ", ".join(response.headers.getall("Content-Encoding", ("identity",)))
        self._response = response
        self._watch = ConnectionWatch(response)

    @property
    def http_version(self) -> str | None:
        version = self._response.version
        return None if version is None else f"{version.major}.{version.minor}"

    def received(self) -> bytes | None:
        content = self._response.content
        return content.read_nowait() if content.is_eof() and content.exception() is None else None

    def chunks(self) -> AsyncIterator[bytes]:
        return self._response.content.iter_any().__aiter__()

    async def close(self, *, drop: bool) -> None:
        self._watch.end(close=drop)
        if drop or not self._response.content.at_eof():
            self._response.close()
        else:
            self._response.release()


class BoundedConnector(aiohttp.TCPConnector):
    """Opens connections as ``Handshakes`` allows."""

    def __init__(self, handshakes: base.Handshakes, **settings: Any) -> None:
        super().__init__(**settings)
        self._handshakes = handshakes

    async def _create_connection(self, req: aiohttp.ClientRequest, traces: Any, timeout: aiohttp.ClientTimeout) -> Any:
        async with self._handshakes.one():
            return await super()._create_connection(req, traces, timeout)


class AiohttpTransport:
    """A session of aiohttp without cookies, redirects, decompression and resends."""

    name = "aiohttp"
    is_external = False
    max_connections = sys.maxsize

    def __init__(self, options: Options) -> None:
        self._connect_timeout = options.connect_timeout
        self._destination = destination(options.base_url)
        self._origin = URL(options.base_url, encoded=True).origin()
        self._prefix = len(str(self._origin))
        self._proxy = environment_proxy(options.base_url)
        if self._proxy is not None and self._proxy.url.scheme.startswith("socks"):
            raise errors.ConfigurationError("transport='aiohttp' cannot use a SOCKS proxy; transport='httpx' can")
        auth = self._proxy.raw_auth if self._proxy else None
        credentials = base64.b64encode(b":".join(auth)).decode() if auth else None
        self._proxy_headers = {"Proxy-Authorization": f"Basic {credentials}"} if credentials else None  # RFC 7617
        self.tls = base.tls_context(options.base_url, options.verify)
        self._session: aiohttp.ClientSession | None = None
        self._is_closed = False

    def _open_session(self) -> aiohttp.ClientSession:
        # Not at construction, where no event loop need be running. The sender bounds the connections.
        session = aiohttp.ClientSession(
            connector=BoundedConnector(
                base.Handshakes(self._connect_timeout),
                limit=0,
                keepalive_timeout=base.KEEPALIVE_SECONDS,
                ssl=self.tls or False,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            # Every request has Accept, Accept-Encoding and User-Agent, so that aiohttp adds none of its own.
            # The deadline of the request bounds all the rest.
            timeout=aiohttp.ClientTimeout(total=None),
            proxy=str(self._proxy.url) if self._proxy else None,
        )
        disable_resends(session)
        return session

    async def send(self, method: str, url: str, headers: base.Headers, content: bytes | None) -> AiohttpResponse:
        if self._session is None:
            self._session = self._open_session()
        try:
            response = await self._session.request(
                method,
                # encoded=True, since yarl would otherwise rewrite percent-encodings. It takes the query with the path.
                self._origin.with_path(url[self._prefix :], encoded=True),
                headers=headers,
                data=content,
                allow_redirects=False,
                proxy_headers=self._proxy_headers,
            )
        except asyncio.CancelledError:
            # Closing a session cancels requests that are connecting, though nobody cancelled their tasks.
            task = asyncio.current_task()
            if self._is_closed and task is not None and not task.cancelling():
                raise errors.ConfigurationError("This client is closed") from None
            raise
        if response.headers.get("Transfer-Encoding", "chunked").lower() != "chunked":
            response.close()
            raise errors.ProtocolError("The response has a transfer encoding that was not requested")
        return AiohttpResponse(response)

    def map_error(self, error: Exception) -> errors.APIConnectionError:
        if isinstance(error, (aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError)):
            assert self._proxy is not None
            return base.connect_error(f"the proxy {destination(self._proxy.url)}", error)
        # A bad certificate is a ClientSSLError; a handshake that breaks, an SSLError within a ClientConnectorError.
        if isinstance(error, (aiohttp.ClientSSLError, aiohttp.ClientConnectorError)):
            return base.connect_error(self._destination, error)
        if isinstance(error, aiohttp.ConnectionTimeoutError):
            return errors.APITimeoutError(f"Connecting to {self._destination} took too long", request_sent=False)
        if isinstance(error, TimeoutError):
            return errors.APITimeoutError("The response took too long")
        if isinstance(error, aiohttp.ClientError) and not isinstance(error, aiohttp.ClientOSError):
            return base.protocol_error(self._destination, error)
        return base.broken_error(self._destination, error)

    async def aclose(self) -> None:
        self._is_closed = True
        if self._session is not None:
            await self._session.close()
