"""aiohttp, at about a quarter of the CPU that httpx takes.

Used directly and not by way of httpx-aiohttp: of that adapter (0.2.0) the mapping of exceptions, the hidden resends,
the cookie jar, the rewriting of paths and the limits would all have to be replaced, which is all that it has.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
from collections.abc import AsyncIterator, Mapping

import aiohttp
import httpx
from yarl import URL

from .. import errors
from ._failures import chain
from ._httpx import ssl_setting
from ._protocol import KEEPALIVE_SECONDS, Failure, Headers, Lifetime, environment_proxy

_NOTHING = contextlib.nullcontext()


class AiohttpReply:
    """An answer of aiohttp."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        # Two headers of one name are one list (RFC 9110, section 5.3).
        self.encoding = ", ".join(response.headers.getall("Content-Encoding", ("identity",)))
        self._response = response
        # The response lets go of its connection as soon as the body is there; dropping one takes it all the same.
        self._protocol = response._protocol
        self._closed: asyncio.Future[None] | None = None
        if not response.content.is_eof() and self._protocol is not None:
            self._closed = self._protocol.closed
            if self._closed is not None:
                # Once for each connection, which has many replies and may break when it has none.
                self._closed.remove_done_callback(_look_at)
                self._closed.add_done_callback(_look_at)
                self._closed.add_done_callback(self._connection_lost)

    def _connection_lost(self, closed: asyncio.Future[None]) -> None:
        """End a body that nothing else ends: aiohttp does not tell its reader of a chunk that is no chunk."""
        content = self._response.content
        if not content.is_eof() and content.exception() is None:
            content.set_exception(aiohttp.ClientPayloadError("the connection was lost within the body"))

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes, still encoded."""
        return self._response.content.iter_any().__aiter__()

    async def close(self, *, drop: bool) -> None:
        """Give the connection back, or close it: also where the body was not read to its end."""
        if self._closed is not None:
            self._closed.remove_done_callback(self._connection_lost)
        if drop and self._protocol is not None:
            self._protocol.close()
        if drop or not self._response.content.at_eof():
            self._response.close()
        else:
            self._response.release()


def _look_at(closed: asyncio.Future[None]) -> None:
    """Look at why a connection was lost: asyncio logs an exception that nobody looked at."""
    if not closed.cancelled():
        closed.exception()


def proxy_headers(proxy: httpx.Proxy | None) -> dict[str, str] | None:
    """Return the credentials of a proxy as a header (RFC 7617)."""
    if proxy is None or proxy.auth is None:
        return None
    credentials = base64.b64encode(":".join(proxy.auth).encode()).decode("ascii")
    return {"Proxy-Authorization": f"Basic {credentials}"}


class AiohttpTransport:
    """A session of aiohttp without cookies, redirects, decompression and resends."""

    def __init__(
        self, base_url: str, *, verify: bool | ssl.SSLContext, connect_timeout: float, max_connections: int
    ) -> None:
        self._proxy = environment_proxy(base_url)
        self._proxy_headers = proxy_headers(self._proxy)
        self._max_connections = max_connections
        # The deadline of the call bounds all the rest.
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=connect_timeout)
        self._ssl = ssl_setting(base_url, verify)
        self._session: aiohttp.ClientSession | None = None
        self._lifetime = Lifetime()

    def _open_session(self) -> aiohttp.ClientSession:
        # Not at construction, where no event loop need be running.
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=self._max_connections, keepalive_timeout=KEEPALIVE_SECONDS, ssl=self._ssl
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            timeout=self._timeout,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            proxy=str(self._proxy.url) if self._proxy else None,
        )
        # aiohttp has no public switch for this. It sends a GET again, unseen, when a kept connection turns out
        # to be closed; max_retries counts every request on the wire. tests/faults holds it.
        session._retry_connection = False
        return session

    async def open(self, method: str, url: str, headers: Headers, content: bytes | None) -> AiohttpReply:
        """Send a request."""
        self._lifetime.check()
        if self._session is None:
            self._session = self._open_session()
        try:
            # encoded=True, since yarl would otherwise rewrite percent-encodings of the path.
            response = await self._session.request(
                method,
                URL(url, encoded=True),
                headers=headers,
                data=content,
                allow_redirects=False,
                proxy_headers=self._proxy_headers,
            )
        except asyncio.CancelledError:
            # A session that is closed cancels those who wait for a connection, and nobody cancelled the caller.
            task = asyncio.current_task()
            if task is not None and not task.cancelling():
                self._lifetime.check()
            raise
        if response.headers.get("Transfer-Encoding", "chunked").lower() != "chunked":
            response.close()
            raise errors.ProtocolError("the answer has a transfer encoding that was not asked for")
        return AiohttpReply(response)

    def quiet_logs(self) -> contextlib.AbstractContextManager[None]:
        """Do nothing: aiohttp logs no request and no answer."""
        return _NOTHING

    def classify(self, error: Exception) -> Failure:
        """Say what an exception of aiohttp means."""
        # A bad certificate is a ClientSSLError; a handshake that breaks, an SSLError within a ClientConnectorError.
        if isinstance(error, aiohttp.ClientSSLError):
            return errors.TLSError, "the TLS handshake failed", False
        if isinstance(error, aiohttp.ClientProxyConnectionError):
            return errors.APIConnectionError, "the proxy refused the connection", False
        if isinstance(error, aiohttp.ClientConnectorError):
            if any(isinstance(link, ssl.SSLError) for link in chain(error)):
                return errors.TLSError, "the TLS handshake failed", False
            return errors.APIConnectionError, "could not connect", False
        if isinstance(error, aiohttp.ClientHttpProxyError):
            return errors.APIConnectionError, "the proxy refused the connection", False
        if isinstance(error, aiohttp.ConnectionTimeoutError):
            return errors.APITimeoutError, "connecting took too long", False
        if isinstance(error, TimeoutError):
            return errors.APITimeoutError, "the answer took too long", True
        if isinstance(error, OSError) and not isinstance(error, aiohttp.ServerDisconnectedError):
            return errors.APIConnectionError, "the connection broke", True
        if isinstance(error, aiohttp.ClientError):
            return errors.ProtocolError, "the other end broke off or does not speak HTTP", True
        return errors.APIConnectionError, f"the HTTP library failed with {type(error).__name__}", True

    async def aclose(self) -> None:
        """Close all connections, those in use too."""
        self._lifetime.is_over = True
        if self._session is not None:
            await self._session.close()
