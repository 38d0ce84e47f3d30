"""The one module that knows HTTP libraries: opening transports, and saying their errors in ours."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import ssl
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import NoReturn, Protocol

import httpx

from . import errors

Headers = Sequence[tuple[str, str]]

KEEPALIVE_SECONDS = 30.0
"""How long an idle connection is kept: less than the minute after which common load balancers drop it."""


class Reply(Protocol):
    """An answer whose body is still to be read."""

    status: int
    headers: Mapping[str, str]

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes, still encoded."""
        ...

    async def close(self, *, drop: bool) -> None:
        """Give the connection back, or ``drop`` it so that nobody uses it again."""
        ...


class Transport(Protocol):
    """What the send loop needs of an HTTP library."""

    async def open(self, method: str, url: str, headers: Headers, content: bytes | None) -> Reply:
        """Send a request."""
        ...

    async def aclose(self) -> None:
        """Close all connections."""
        ...


class HttpxReply:
    """An answer of httpx."""

    def __init__(self, response: httpx.Response, closed: Callable[[], None] = lambda: None) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self._response = response
        self._closed = closed

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes, still encoded."""
        stream = self._response.stream
        assert isinstance(stream, httpx.AsyncByteStream)
        return stream.__aiter__()

    async def close(self, *, drop: bool) -> None:
        """Give the connection back; one whose socket is closed, the pool replaces."""
        try:
            if drop and (stream := self._response.extensions.get("network_stream")) is not None:
                await stream.aclose()
            await self._response.aclose()
        finally:
            self._closed()


class HttpxTransport:
    """httpx's own transport, without the client around it: no redirects, no cookies, nothing per request."""

    def __init__(
        self, base_url: str, *, verify: bool | ssl.SSLContext, connect_timeout: float, max_connections: int
    ) -> None:
        # The deadline of the call bounds all the rest.
        self._timeouts = {"connect": connect_timeout, "read": None, "write": None, "pool": None}
        # Requests wait here and not in httpcore's pool, which (1.0.9) loses a connection for good when a request
        # is cancelled between being given one and using it.
        self._slots = asyncio.Semaphore(max_connections)
        self._transport = httpx.AsyncHTTPTransport(
            verify=verify if base_url.startswith("https:") else False,
            proxy=environment_proxy(base_url),
            limits=httpx.Limits(
                max_keepalive_connections=max_connections, keepalive_expiry=KEEPALIVE_SECONDS
            ),
        )

    async def open(self, method: str, url: str, headers: Headers, content: bytes | None) -> HttpxReply:
        """Send a request."""
        extensions = {"timeout": self._timeouts}
        request = httpx.Request(method, url, headers=headers, content=content, extensions=extensions)
        await self._slots.acquire()
        try:
            return HttpxReply(await self._transport.handle_async_request(request), self._slots.release)
        except BaseException:
            self._slots.release()
            raise

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()


class LentClient:
    """The caller's own httpx.AsyncClient: its settings hold, and it stays open."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def open(self, method: str, url: str, headers: Headers, content: bytes | None) -> HttpxReply:
        """Send a request."""
        request = self._client.build_request(method, url, headers=headers, content=content)
        request.headers.pop(
            "Cookie", None
        )  # the jar holds what servers set; the API knows callers by their key
        response = await self._client.send(request, stream=True, follow_redirects=False, auth=None)
        return HttpxReply(response)

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


def raise_from(error: Exception) -> NoReturn:
    """Raise the error of this package that says what ``error`` of an HTTP library says.

    Raises:
        APIConnectionError: Or the most specific of its kinds.
    """
    kind, message, sent = classify(error)
    raise kind(message, request_sent=sent) from without_secrets(error)


def classify(error: Exception) -> tuple[type[errors.APIConnectionError], str, bool]:
    """Return the class, the message, and whether the request may have been sent."""
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


def chain(error: BaseException) -> list[BaseException]:
    """List an exception with its causes and contexts, each once."""
    found: list[BaseException] = []
    pending: list[BaseException | None] = [error]
    while pending:
        link = pending.pop()
        if link is not None and all(link is not other for other in found):
            found.append(link)
            pending += [link.__cause__, link.__context__]
    return found


def without_secrets(error: Exception) -> Exception:
    """Take off an exception what leads to a header or a body.

    That is the frames of its traceback, the request that httpx keeps with it, and the text of errors that may
    quote what was read. What the operating system and TLS say stays.
    """
    for link in chain(error):
        link.__traceback__ = None
        if isinstance(link, httpx.RequestError):
            link._request = None
        if not isinstance(link, (OSError, httpx.NetworkError, httpx.TimeoutException, httpx.ProxyError)):
            link.args = ()
    return error


_sending: contextvars.ContextVar[bool] = contextvars.ContextVar("puretalk_sending", default=False)


@contextlib.contextmanager
def quiet_logs() -> Iterator[None]:
    """While this lasts, HTTP libraries log what they do in this task, but not with what.

    At DEBUG they log the headers of answers and pieces of broken ones.
    """
    token = _sending.set(True)
    try:
        yield
    finally:
        _sending.reset(token)


class _NameOnly(logging.Filter):
    """Cuts records that are made on our behalf down to the name of the event."""

    def filter(self, record: logging.LogRecord) -> bool:
        if _sending.get():
            record.msg = str(record.msg).partition(" ")[0]
            record.args, record.exc_info = (), None
        return True


for _name in ("httpx", *(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy", "socks"))):
    logging.getLogger(_name).addFilter(_NameOnly())
