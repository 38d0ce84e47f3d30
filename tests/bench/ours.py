"""This package's client, and the limit that it is compared with."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import AsyncIterator
from importlib import import_module
from typing import Any

from .target import API_KEY, Fetch, Target, aiohttp_session, call_decoder

GC_THRESHOLD = 10_000


@contextlib.asynccontextmanager
async def limit(target: Target) -> AsyncIterator[Fetch]:
    """Bare aiohttp, and msgspec into our models: the least that can be done, and none of the guarantees."""
    decode = call_decoder()
    async with aiohttp_session(target) as session:

        async def fetch(call_id: str) -> Any:
            async with session.get(f"{target.base_url}/calls/{call_id}") as response:
                return decode(await response.read()).results

        yield fetch


@contextlib.asynccontextmanager
async def ours(target: Target, **options: Any) -> AsyncIterator[Fetch]:
    """This package's client with its default options: every guarantee is on."""
    puretalk_client = import_module("puretalk_client")
    if target.tls is not None:
        options["verify"] = target.tls
    client = puretalk_client.AsyncPuretalk(
        API_KEY, base_url=target.base_url, max_connections=target.max_connections, **options
    )
    async with client:
        yield client.calls.get


@contextlib.asynccontextmanager
async def ours_on_aiohttp(target: Target) -> AsyncIterator[Fetch]:
    """This package's client on aiohttp."""
    async with ours(target, transport="aiohttp") as fetch:
        yield fetch


@contextlib.asynccontextmanager
async def ours_collecting_less(target: Target) -> AsyncIterator[Fetch]:
    """The same in an application that collects garbage less often, which shows the share of the collector."""
    thresholds = gc.get_threshold()
    gc.set_threshold(GC_THRESHOLD)
    try:
        async with ours_on_aiohttp(target) as fetch:
            yield fetch
    finally:
        gc.set_threshold(*thresholds)
