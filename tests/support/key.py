"""The place of the API key in requests, which a new document can change."""

from __future__ import annotations

from http.cookies import SimpleCookie

import httpx
import pytest

from puretalk_client import _client
from puretalk_client.testing import _key
from puretalk_generated.spec import API_KEY
from puretalk_generated.types import KeyPlace

KEY_HEADER = "X-API-KEY"
"""The header with the key in tests that stand on a place of their own; see ``own_key_place``."""


@pytest.fixture
def own_key_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Place the key in ``KEY_HEADER``, for the client and the sandbox, wherever the vendored document says."""
    for module in (_client, _key):
        monkeypatch.setattr(module, "API_KEY", KeyPlace("header", KEY_HEADER))


def sent_keys(request: httpx.Request) -> list[str]:
    """The API keys that a request carries, where the document says."""
    assert API_KEY is not None
    cookies = SimpleCookie(request.headers.get("Cookie", ""))
    values = {
        "header": request.headers.get_list(API_KEY.name),
        "query": request.url.params.get_list(API_KEY.name),
        "cookie": [cookies[API_KEY.name].value] if API_KEY.name in cookies else [],
    }
    return [value.removeprefix(f"{API_KEY.scheme} ") for value in values[API_KEY.location]]
