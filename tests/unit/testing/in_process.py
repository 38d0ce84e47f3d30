"""Requests to a sandbox in process."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx
from tests.support.key import KEY_HEADER

from puretalk_client.testing import SAMPLE_CALL_ID, Sandbox

KEY = {KEY_HEADER: "sandbox-key"}


def client_of(sandbox: Sandbox, headers: Any = KEY) -> httpx.AsyncClient:
    """Make a client that sends its requests to the sandbox in process."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=sandbox), base_url=sandbox.base_url, headers=headers)


async def send(sandbox: Sandbox, path: str, method: str = "GET", headers: Any = KEY) -> httpx.Response:
    """Send a request to the sandbox's host, with exactly this path and this spelling of the method."""
    async with client_of(sandbox, headers) as client:
        request = client.build_request(method, f"https://sandbox.test{path}")
        request.method = method  # httpx makes it upper case
        return await client.send(request)


async def get(sandbox: Sandbox, call_id: str = SAMPLE_CALL_ID, headers: Any = KEY) -> httpx.Response:
    """Fetch a call. Every character of the id that may be percent-encoded is."""
    path = "/api/calls/" + quote(call_id, safe="").replace(".", "%2E")
    return await send(sandbox, path, headers=headers)


async def results(sandbox: Sandbox, call_id: str, fetches: int) -> list[dict[str, Any]]:
    """Fetch a call several times in a row and return what each response contains."""
    return [(await get(sandbox, call_id)).json()["results"] for _ in range(fetches)]


def assert_error(response: httpx.Response, status: int) -> None:
    """Check that a response has this status and the schema ``Error`` of openapi.yaml."""
    assert response.status_code == status
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    assert body["err"] is True
    assert isinstance(body["msg"], str)
    assert body.keys() == {"err", "msg"}
