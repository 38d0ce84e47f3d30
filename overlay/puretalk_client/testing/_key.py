"""The API key of a request, wherever the document says that it is (``puretalk_generated.spec.API_KEY``)."""

from __future__ import annotations

import hmac
from urllib.parse import parse_qsl, unquote_plus

from starlette.datastructures import Headers
from starlette.types import Scope

from puretalk_generated.spec import API_KEY


def is_authorized(scope: Scope, api_key: str) -> bool:
    """Whether a request carries this key in the right place, and once: a key sent twice is a wrong key."""
    if API_KEY is None:
        return True
    headers = Headers(scope=scope)
    _, [(_, expected)] = API_KEY.parts(api_key) if API_KEY.location != "query" else ((), [("", api_key)])
    if API_KEY.location == "query":
        fields = parse_qsl(_query(scope), keep_blank_values=True)
        sent = [value for name, value in fields if name == API_KEY.name]
    elif API_KEY.location == "cookie":
        sent = [cookie for value in headers.getlist("cookie") for cookie in _cookies(value) if _is_key(cookie)]
    else:
        sent = headers.getlist(API_KEY.name)
    return len(sent) == 1 and hmac.compare_digest(sent[0].encode(), expected.encode())


def has_key(scope: Scope, api_key: str) -> bool:
    """Whether a request carries this key, where it should not."""
    return API_KEY is not None and is_authorized(scope, api_key)


def without_key(scope: Scope) -> tuple[Headers, str]:
    """Return the headers and the query of a request, without the key."""
    headers, query = [], _query(scope)
    for name, value in scope["headers"]:
        if API_KEY is not None and name.decode("latin-1") == _header_of_key():
            if API_KEY.location == "header":
                continue
            value = "; ".join(cookie for cookie in _cookies(value.decode("latin-1")) if not _is_key(cookie)).encode()
        headers.append((name, value))
    if API_KEY is not None and API_KEY.location == "query":
        fields = query.split("&")
        query = "&".join(field for field in fields if unquote_plus(field.partition("=")[0]) != API_KEY.name)
    return Headers(raw=headers), query


def _header_of_key() -> str:
    assert API_KEY is not None
    return {"header": API_KEY.name.lower(), "cookie": "cookie", "query": ""}[API_KEY.location]


def _query(scope: Scope) -> str:
    query: bytes = scope.get("query_string", b"")
    return query.decode("latin-1")


def _cookies(header: str) -> list[str]:
    return [cookie.strip() for cookie in header.split(";")]


def _is_key(cookie: str) -> bool:
    return API_KEY is not None and cookie.partition("=")[0] == API_KEY.name
