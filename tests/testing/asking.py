"""Requests to the sandbox in process, as the tests send them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx

from puretalk_client.testing import (
    SAMPLE_CALL_ID,
    Sandbox,
)

KEY = {"X-API-KEY": "sandbox-key"}


async def until(condition: Callable[[], object]) -> None:
    """Let other tasks run until the condition holds."""
    while not condition():
        await asyncio.sleep(0)


def client_of(sandbox: Sandbox, headers: Any = KEY) -> httpx.AsyncClient:
    """A client that talks to the sandbox in process."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=sandbox), base_url=sandbox.base_url, headers=headers
    )


def send(sandbox: Sandbox, path: str, method: str = "GET", headers: Any = KEY) -> httpx.Response:
    """One request below the sandbox's host; the path is sent exactly as written."""

    async def run() -> httpx.Response:
        async with client_of(sandbox, headers) as client:
            return await client.request(method, f"https://sandbox.test{path}")

    return asyncio.run(run())


def get(sandbox: Sandbox, call_id: str = SAMPLE_CALL_ID, headers: Any = KEY) -> httpx.Response:
    """Fetch a call, with every character of its id percent-encoded that may be."""
    return send(sandbox, "/api/calls/" + quote(call_id, safe="").replace(".", "%2E"), headers=headers)


def assert_error(response: httpx.Response, status: int) -> None:
    """The answer has this status and is the spec's Error."""
    assert response.status_code == status
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    assert body["err"] is True
    assert isinstance(body["msg"], str)
    assert body.keys() == {"err", "msg"}
