"""HTTP libraries without an SDK: by hand with a dict as the result, and in Rust with our models."""

from __future__ import annotations

import contextlib
import datetime
import json
from collections.abc import AsyncIterator
from importlib import import_module
from typing import Any

from .target import HEADERS, KEEPALIVE_SECONDS, Fetch, Target, aiohttp_session, call_decoder, deliver, httpx_limits


@contextlib.asynccontextmanager
async def httpx_by_hand(target: Target) -> AsyncIterator[Fetch]:
    """Untyped httpx: a status check, ``response.json()``, a dict."""
    httpx = import_module("httpx")
    options = {"headers": HEADERS, "timeout": 30.0, "verify": target.tls or True}
    async with httpx.AsyncClient(limits=httpx_limits(httpx, target), **options) as client:

        async def fetch(call_id: str) -> Any:
            response = await client.get(f"{target.base_url}/calls/{call_id}")
            if response.status_code != 200:
                raise ValueError(f"the status is {response.status_code}")
            return response.json()["results"]

        yield fetch


@contextlib.asynccontextmanager
async def aiohttp_by_hand(target: Target) -> AsyncIterator[Fetch]:
    """Untyped aiohttp: a status check, ``json.loads``, a dict."""
    async with aiohttp_session(target) as session:

        async def fetch(call_id: str) -> Any:
            async with session.get(f"{target.base_url}/calls/{call_id}") as response:
                if response.status != 200:
                    raise ValueError(f"the status is {response.status}")
                return json.loads(await response.read())["results"]

        yield fetch


@contextlib.asynccontextmanager
async def pyreqwest(target: Target) -> AsyncIterator[Fetch]:
    """Use pyreqwest (reqwest, in Rust), and msgspec into our models."""
    decode = call_decoder()
    builder = (
        import_module("pyreqwest.client")
        .ClientBuilder()
        .no_proxy()
        .http1_only()
        .default_headers(HEADERS)
        .max_connections(target.max_connections)
        .pool_max_idle_per_host(target.max_connections)
        .pool_idle_timeout(datetime.timedelta(seconds=KEEPALIVE_SECONDS))
        .danger_accept_invalid_certs(target.tls is not None)
    )
    async with builder.build() as client:

        async def fetch(call_id: str) -> Any:
            response = await client.get(f"{target.base_url}/calls/{call_id}").build().send()
            return deliver(response.status, await response.bytes(), decode)

        yield fetch


@contextlib.asynccontextmanager
async def wreq(target: Target) -> AsyncIterator[Fetch]:
    """Use wreq (a fork of reqwest, in Rust), and msgspec into our models."""
    decode = call_decoder()
    client = import_module("wreq").Client(
        headers=HEADERS,
        no_proxy=True,
        http1_only=True,
        tls_verify=target.tls is None,
        pool_max_idle_per_host=target.max_connections,
        pool_max_size=target.max_connections,
        pool_idle_timeout=datetime.timedelta(seconds=KEEPALIVE_SECONDS),
    )
    async with client:

        async def fetch(call_id: str) -> Any:
            async with client.get(f"{target.base_url}/calls/{call_id}") as response:
                return deliver(response.status.as_int(), await response.bytes(), decode)

        yield fetch
