"""What the send loop needs of an HTTP library."""

from __future__ import annotations

import asyncio
import urllib.request
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import httpx

from ..errors import APIConnectionError, ConfigurationError

Headers = Sequence[tuple[str, str]]

KEEPALIVE_SECONDS = 30.0
"""How long an idle connection is kept: less than the minute after which common load balancers drop it."""

Failure = tuple[type[APIConnectionError], str, bool]
"""The class of an error, its message, and whether the request may have been sent."""


class Reply(Protocol):
    """An answer whose body is still to be read."""

    status: int
    headers: Mapping[str, str]
    encoding: str
    """Content-Encoding (RFC 9110, section 8.4), all headers of that name joined; ``identity`` without one."""

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes, still encoded."""
        ...

    async def close(self, *, drop: bool) -> None:
        """Give the connection back, or ``drop`` it so that nobody uses it again."""
        ...


class Transport(Protocol):
    """One HTTP library, set up for one client."""

    async def open(self, method: str, url: str, headers: Headers, content: bytes | None) -> Reply:
        """Send a request."""
        ...

    def quiet_logs(self) -> AbstractContextManager[None]:
        """Return what keeps, while it is entered, words of requests and answers out of this library's logs."""
        ...

    def classify(self, error: Exception) -> Failure:
        """Say what an exception of this library means."""
        ...

    async def aclose(self) -> None:
        """Close all connections."""
        ...


class Lifetime:
    """From the first request of a transport to its end, in one event loop: its connections belong to that."""

    def __init__(self) -> None:
        self.is_over = False
        self._loop: asyncio.AbstractEventLoop | None = None

    def check(self) -> None:
        """Refuse a request that no connection could carry.

        Raises:
            ConfigurationError: The client is closed, or was used in another event loop.
        """
        if self.is_over:
            raise ConfigurationError("this client is closed")
        running = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = running
        if self._loop is not running:
            raise ConfigurationError(
                "a client belongs to the event loop of its first call: make one for each"
            )


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
