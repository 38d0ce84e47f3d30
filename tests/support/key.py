"""The place of the API key in requests, which a new document can change."""

from __future__ import annotations

from http.cookies import SimpleCookie

import httpx

from puretalk_generated.spec import API_KEY

KEY_HEADER = API_KEY.name if API_KEY else ""


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
