"""The transports that the fault table is played over. A new one is added here and nowhere else."""

from __future__ import annotations

import contextlib
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
async def over_external_httpx(**options: Any) -> AsyncIterator[AsyncPuretalk]:
    """The caller's own ``httpx.AsyncClient``, which would follow redirects and has no timeout but for connecting."""
    verify = options.pop("verify", True) if options["base_url"].startswith("https:") else False
    timeout = httpx.Timeout(None, connect=options.pop("connect_timeout", None))
    async with (
        httpx.AsyncClient(verify=verify, timeout=timeout, follow_redirects=True) as http_client,
        AsyncPuretalk(API_KEY, http_client=http_client, **options) as client,
    ):
        yield client


TRANSPORTS: dict[str, Builder] = {
    "httpx": over_httpx,
    "aiohttp": over_aiohttp,
    "httpx-external": over_external_httpx,
}
OWN_POOLS = ("httpx", "aiohttp")
"""The transports whose connections belong to this package. A request that is cancelled may leave a connection of an
external httpx.AsyncClient unusable: a bug of httpcore (encode/httpcore#1093), which its owner has to avoid."""
