"""The one module that knows HTTP libraries: opening transports, and saying their errors in ours."""

from __future__ import annotations

import ssl
import urllib.request
from typing import NoReturn, Protocol

import httpx

from . import errors


class Transport(Protocol):
    """What the send loop needs of an HTTP library."""

    timeouts: dict[str, float | None]
    """``connect``, ``read``, ``write`` and ``pool``, in seconds, for the "timeout" extension of a request."""

    async def open(self, request: httpx.Request) -> httpx.Response:
        """Send a request; return the answer with its body still to be read."""
        ...

    async def aclose(self) -> None:
        """Close all connections."""
        ...


class HttpxTransport:
    """httpx's own transport, without the client around it: no redirects, no cookies, nothing per request."""

    def __init__(
        self, base_url: str, *, verify: bool | ssl.SSLContext, connect_timeout: float, max_connections: int
    ) -> None:
        # The deadline of the call bounds all the rest.
        self.timeouts: dict[str, float | None] = {
            "connect": connect_timeout,
            "read": None,
            "write": None,
            "pool": None,
        }
        self._transport = httpx.AsyncHTTPTransport(
            verify=verify if base_url.startswith("https:") else False,
            proxy=environment_proxy(base_url),
            limits=httpx.Limits(
                max_connections=max_connections,
                max_keepalive_connections=max_connections,
                keepalive_expiry=30.0,
            ),
        )

    async def open(self, request: httpx.Request) -> httpx.Response:
        """Send a request; return the answer with its body still to be read."""
        return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()


class LentClient:
    """The caller's own httpx.AsyncClient: its settings hold, and it stays open."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self.timeouts = client.timeout.as_dict()

    async def open(self, request: httpx.Request) -> httpx.Response:
        """Send a request; return the answer with its body still to be read."""
        return await self._client.send(request, stream=True, follow_redirects=False, auth=None)

    async def aclose(self) -> None:
        """Leave the client to its owner."""


def environment_proxy(base_url: str) -> httpx.Proxy | None:
    """Return the proxy that the environment names for ``base_url``, as httpx reads it.

    A plain http request goes through a proxy in the clear, key and all, so only https ever takes one.
    """
    url = httpx.URL(base_url)
    if url.scheme != "https" or urllib.request.proxy_bypass(url.host):
        return None
    proxies = urllib.request.getproxies()
    address = proxies.get("https") or proxies.get("all")
    if not address:
        return None
    return httpx.Proxy(address if "://" in address else f"http://{address}")


async def drop(response: httpx.Response) -> None:
    """Close the connection of an answer that is not to be trusted, so that nobody uses it again."""
    stream = response.extensions.get("network_stream")
    if stream is not None:
        await stream.aclose()


def raise_from(error: Exception) -> NoReturn:
    """Raise the error of this package that says what ``error`` of an HTTP library says.

    Raises:
        APIConnectionError: Or the most specific of its kinds.
    """
    kind, message, sent = classify(error)
    raised = kind(message, request_sent=sent)
    raise raised from without_secrets(error)


def classify(error: Exception) -> tuple[type[errors.APIConnectionError], str, bool]:
    """Return the class, the message, and whether the request may have been sent."""
    if isinstance(error, httpx.PoolTimeout):
        return errors.PoolTimeoutError, "all connections of the pool are in use", False
    if isinstance(error, httpx.ConnectTimeout):
        return errors.APITimeoutError, "connecting took too long", False
    if isinstance(error, (httpx.TimeoutException, TimeoutError)):
        return errors.APITimeoutError, "the answer took too long", True
    if isinstance(error, httpx.ConnectError):
        if has_cause(error, ssl.SSLError):
            return errors.TLSError, "the TLS handshake failed", False
        return errors.APIConnectionError, "could not connect", False
    if isinstance(error, httpx.ProxyError):
        return errors.APIConnectionError, "the proxy refused the connection", False
    if isinstance(error, (httpx.ProtocolError, httpx.DecodingError)):
        return errors.ProtocolError, "the other end broke off or does not speak HTTP", True
    if isinstance(error, (httpx.TransportError, OSError)):
        return errors.APIConnectionError, "the connection broke", True
    return errors.APIConnectionError, f"the HTTP library failed with {type(error).__name__}", True


def chain(error: BaseException) -> list[BaseException]:
    """List an exception with its causes and contexts, each once."""
    found: list[BaseException] = []
    pending: list[BaseException | None] = [error]
    while pending:
        current = pending.pop()
        if current is not None and all(current is not other for other in found):
            found.append(current)
            pending += [current.__cause__, current.__context__]
    return found


def has_cause(error: BaseException, kind: type[BaseException]) -> bool:
    """Whether an exception of ``kind`` is at the root of ``error``."""
    return any(isinstance(cause, kind) for cause in chain(error))


def without_secrets(error: Exception) -> Exception:
    """Take off an exception what leads to the request's headers: tracebacks, and httpx's request."""
    for link in chain(error):
        link.__traceback__ = None
        if isinstance(link, httpx.RequestError):
            link._request = None
    return error
