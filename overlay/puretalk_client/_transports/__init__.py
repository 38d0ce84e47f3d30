"""The one place that knows HTTP libraries."""

from __future__ import annotations

import ssl
from typing import NoReturn

import httpx

from ..errors import ConfigurationError
from ._failures import quiet_logs, without_secrets
from ._httpx import HttpxReply, HttpxTransport, LentClient, classify, open_at
from ._protocol import Headers, Reply, Transport

__all__ = [
    "Headers",
    "HttpxReply",
    "Reply",
    "Transport",
    "classify",
    "open_at",
    "open_transport",
    "quiet_logs",
    "raise_from",
    "without_secrets",
]


def open_transport(
    kind: str | httpx.AsyncClient,
    base_url: str,
    *,
    verify: bool | ssl.SSLContext,
    connect_timeout: float,
    max_connections: int,
) -> Transport:
    """Make the transport of a client.

    Raises:
        ConfigurationError: There is none of this kind, or its extra is not installed.
    """
    if isinstance(kind, httpx.AsyncClient):
        return LentClient(kind)
    if kind == "httpx":
        return HttpxTransport(
            base_url, verify=verify, connect_timeout=connect_timeout, max_connections=max_connections
        )
    if kind != "aiohttp":
        raise ConfigurationError(f"there is no transport {kind!r}: choose 'httpx' or 'aiohttp'")
    try:
        from ._aiohttp import AiohttpTransport
    except ImportError:
        raise ConfigurationError(
            "transport='aiohttp' needs: pip install 'puretalk-client[aiohttp]'"
        ) from None
    return AiohttpTransport(
        base_url, verify=verify, connect_timeout=connect_timeout, max_connections=max_connections
    )


def raise_from(error: Exception, transport: Transport) -> NoReturn:
    """Raise the error of this package that says what ``error`` of an HTTP library says.

    Raises:
        APIConnectionError: Or the most specific of its kinds.
    """
    kind, message, sent = transport.classify(error)
    raise kind(message, request_sent=sent) from without_secrets(error)
