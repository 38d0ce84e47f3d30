"""The transports that the fault table is played over."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
from tests.support.canary import API_KEY

from puretalk_client import AsyncPuretalk

Builder = Callable[..., contextlib.AbstractAsyncContextManager[AsyncPuretalk]]
"""Opens a client; takes the arguments of ``AsyncPuretalk`` but the key."""


@contextlib.asynccontextmanager
async def over_httpx(**options: Any) -> AsyncIterator[AsyncPuretalk]:
    """The default."""
    async with AsyncPuretalk(API_KEY, **options) as client:
        yield client


@contextlib.asynccontextmanager
async def over_aiohttp(**options: Any) -> AsyncIterator[AsyncPuretalk]:
    """The extra."""
    async with AsyncPuretalk(API_KEY, transport="aiohttp", **options) as client:
        yield client


@contextlib.asynccontextmanager
async def over_external_httpx(*, http1: bool = True, **options: Any) -> AsyncIterator[AsyncPuretalk]:
    """The caller's own ``httpx.AsyncClient``, which would follow redirects and has no timeout but for connecting."""
    connections = options.pop("max_connections", 100)
    verify = options.pop("verify", True) if options["base_url"].startswith("https:") else False
    settings: dict[str, Any] = {
        "verify": verify,
        "timeout": httpx.Timeout(None, connect=options.pop("connect_timeout", None)),
        "limits": httpx.Limits(max_connections=connections),
        "follow_redirects": True,
    }
    async with (
        httpx.AsyncClient(http1=http1, http2=not http1, **settings) as http_client,
        AsyncPuretalk(API_KEY, http_client=http_client, **options) as client,
    ):
        # Over HTTP/2, a connection takes any number of requests; rows bound them all the same.
        client._sender.pool.max_connections = connections
        yield client


TRANSPORTS: dict[str, Builder] = {
    "httpx": over_httpx,
    "aiohttp": over_aiohttp,
    "httpx-external": over_external_httpx,
}
"""The transports over HTTP/1.1."""
HTTP2 = "httpx-external-http2"
ALL_TRANSPORTS: dict[str, Builder] = {**TRANSPORTS, HTTP2: functools.partial(over_external_httpx, http1=False)}
"""Those of the fault table. The last one speaks HTTP/2 only, without TLS too (RFC 9113, section 3.3)."""
OWN_POOLS = ("httpx", "aiohttp")
"""The transports whose connections belong to this package. A request that is cancelled may leave a connection of an
external httpx.AsyncClient unusable: a bug of httpcore (encode/httpcore#1093), which its owner has to avoid."""
