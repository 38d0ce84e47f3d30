"""The API key in each place that a document can name."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from tests.unit.testing.in_process import assert_error
from tests.unit.testing.recording import client_of

from puretalk_client.testing import SAMPLE_CALL_ID, Sandbox, _key
from puretalk_generated.types import KeyPlace

KEY = "s3cret key/+=;&"
PLACES = {
    "header": KeyPlace("header", "X-Token"),
    "bearer": KeyPlace("header", "Authorization", "Bearer"),
    "basic": KeyPlace("header", "Authorization", "Basic"),
    "query": KeyPlace("query", "api key"),
    "cookie": KeyPlace("cookie", "session"),
}
BASIC = base64.b64encode(f"{KEY}:".encode()).decode()
QUOTED = quote(KEY, safe="")
URL = f"{Sandbox.base_url}/calls/{SAMPLE_CALL_ID}"

# place, headers, query
RIGHT: list[tuple[str, Any, str]] = [
    ("header", {"x-token": KEY}, "a=b"),
    ("bearer", {"Authorization": f"Bearer {KEY}"}, ""),
    ("basic", {"Authorization": f"Basic {BASIC}"}, ""),
    ("query", {}, f"a=b&api%20key={QUOTED}&c"),
    ("query", {}, f"api+key={QUOTED}"),
    ("cookie", {"Cookie": f"a=b; session={QUOTED};c=d"}, ""),
    ("cookie", [("Cookie", "a=b"), ("Cookie", f"session={QUOTED}")], ""),
]
WRONG: list[tuple[str, Any, str]] = [
    *((place, {}, "") for place in PLACES),
    ("header", {"x-token": KEY + "x"}, ""),
    ("header", {}, f"X-Token={QUOTED}"),
    ("bearer", {"Authorization": KEY}, ""),
    ("bearer", {"Authorization": f"Basic {BASIC}"}, ""),
    ("basic", {"Authorization": f"Basic {KEY}"}, ""),
    ("query", {"api-key": KEY}, ""),
    ("query", {}, f"api%20key={QUOTED}x"),
    ("query", {}, f"api%20key={QUOTED}&api%20key={QUOTED}"),
    ("query", {}, "api%20key="),
    ("query", {}, "api%20key=%FF%00"),
    ("cookie", {"Cookie": f"session2={QUOTED}"}, ""),
    ("cookie", {"Cookie": f"session={KEY}"}, ""),
    ("cookie", {"Cookie": f"session={QUOTED}; session={QUOTED}"}, ""),
    ("cookie", {"session": KEY}, ""),
]


async def send(sandbox: Sandbox, headers: Any, query: str) -> httpx.Response:
    """Send a request with exactly these headers and this query."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=sandbox)) as client:
        return await client.get(URL + (f"?{query}" if query else ""), headers=headers)


@pytest.mark.parametrize(("place", "headers", "query"), RIGHT)
async def test_right_key(monkeypatch: pytest.MonkeyPatch, place: str, headers: Any, query: str) -> None:
    """The key is accepted in its place, and what the sandbox keeps of the request has everything but the key."""
    monkeypatch.setattr(_key, "API_KEY", PLACES[place])
    sandbox = Sandbox(KEY)
    assert (await send(sandbox, headers, query)).status_code == 200
    [request] = sandbox.requests
    kept = f"{request.query} {request.headers.raw!r} {request!r}"
    assert not any(secret in kept for secret in (KEY, QUOTED, BASIC))
    if place == "query":
        assert request.query == ("a=b&c" if "a=b" in query else "")
    if place == "cookie":
        assert "a=b" in request.headers.getlist("cookie")[0]


@pytest.mark.parametrize(("place", "headers", "query"), WRONG)
async def test_wrong_key(monkeypatch: pytest.MonkeyPatch, place: str, headers: Any, query: str) -> None:
    """Another key, one in another place, none, and one sent twice result in a 401."""
    monkeypatch.setattr(_key, "API_KEY", PLACES[place])
    response = await send(Sandbox(KEY), headers, query)
    assert_error(response, 401)


async def test_document_without_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """An API without a key accepts every request."""
    monkeypatch.setattr(_key, "API_KEY", None)
    sandbox = Sandbox(KEY)
    assert (await send(sandbox, {"a": "b"}, "c=d")).status_code == 200
    assert (sandbox.requests[0].headers["a"], sandbox.requests[0].query) == ("b", "c=d")


async def test_client_and_sandbox_agree() -> None:
    """The client sends the key where the sandbox looks for it."""
    sandbox = Sandbox(KEY)
    async with client_of(sandbox, KEY) as client:
        assert (await client.calls.get(SAMPLE_CALL_ID)).call_id == SAMPLE_CALL_ID
