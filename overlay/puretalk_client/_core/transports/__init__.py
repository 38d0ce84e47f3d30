"""The one place that knows HTTP libraries."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from ...errors import ConfigurationError
from ..options import Options
from .base import Headers, Transport, TransportResponse
from .httpx import ExternalTransport

__all__ = ["HTTPClient", "Headers", "Transport", "TransportResponse", "open_transport"]


class HTTPClient(Protocol):
    """An ``httpx.AsyncClient``, or a client that is used like it, such as ``httpx2.AsyncClient``."""

    @property
    def build_request(self) -> Callable[..., object]: ...
    @property
    def send(self) -> Callable[..., Awaitable[object]]: ...
    @property
    def aclose(self) -> Callable[[], Awaitable[None]]: ...
    @property
    def is_closed(self) -> bool: ...


def open_transport(kind: str, options: Options, http_client: HTTPClient | None = None) -> Transport:
    """Return the transport of a client: ``httpx``, ``aiohttp``, or the caller's own client.

    Raises:
        ConfigurationError: There is no such transport, its extra is not installed, or the client is not such a client.
    """
    if http_client is not None:
        if not all(hasattr(http_client, name) for name in ("build_request", "send", "aclose", "is_closed")):
            raise ConfigurationError("http_client must be an httpx.AsyncClient, or a client that is used like it")
        return ExternalTransport(http_client, options.base_url)  # type: ignore[arg-type]  # httpx2 is not imported
    if kind == "httpx":
        from .httpcore import HttpcoreTransport  # here, as httpx does: httpcore takes a quarter of its time to import

        return HttpcoreTransport(options)
    if kind != "aiohttp":
        raise ConfigurationError("There is no such transport: choose 'httpx' or 'aiohttp'")
    try:
        from .aiohttp import AiohttpTransport
    except ImportError:
        raise ConfigurationError(
            "transport='aiohttp' needs aiohttp: install puretalk-client with the extra 'aiohttp'"
        ) from None
    return AiohttpTransport(options)
