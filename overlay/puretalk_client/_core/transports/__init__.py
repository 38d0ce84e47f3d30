"""The one place that knows HTTP libraries."""

from __future__ import annotations

from httpx import AsyncClient  # not the module: the submodule below has its name

from ...errors import ConfigurationError
from ..options import Options
from .base import Headers, Transport, TransportResponse
from .httpcore import HttpcoreTransport
from .httpx import ExternalTransport

__all__ = ["Headers", "Transport", "TransportResponse", "open_transport"]


def open_transport(kind: str | AsyncClient, options: Options) -> Transport:
    """Return the transport of a client: ``httpx``, ``aiohttp``, or the caller's own client.

    Raises:
        ConfigurationError: There is no such transport, or its extra is not installed.
    """
    if isinstance(kind, AsyncClient):
        return ExternalTransport(kind, options.base_url)
    if kind == "httpx":
        return HttpcoreTransport(options)
    if kind != "aiohttp":
        raise ConfigurationError("There is no such transport: choose 'httpx' or 'aiohttp'")
    try:
        from .aiohttp import AiohttpTransport
    except ImportError:
        raise ConfigurationError("transport='aiohttp' needs: pip install 'puretalk-client[aiohttp]'") from None
    return AiohttpTransport(options)
