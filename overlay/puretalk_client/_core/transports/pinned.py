"""One request to an address that was checked before, over a connection of its own and without a proxy."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import AsyncIterator

import httpcore

from . import base
from .httpcore import joined_headers
from .httpx import map_error
from .streams import AsyncioBackend
from .urls import URL, destination, origin


class PinnedResponse:
    """A response of ``open_pinned``."""

    def __init__(self, response: httpcore.Response, host_and_port: str) -> None:
        self.status = response.status
        self.headers = joined_headers(response.headers)
        self.encoding = self.headers.get("content-encoding", "identity")
        self._response = response
        self._destination = host_and_port

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body; what httpcore raises is mapped here, apart from what the reader of the body raises."""
        try:
            async for chunk in self._response.aiter_stream():
                yield chunk
        except Exception as error:
            raise map_error(error, httpcore, self._destination)  # noqa: B904  # it sets the cause itself


@contextlib.asynccontextmanager
async def open_pinned(
    address: str, url: URL, headers: base.Headers, *, tls: ssl.SSLContext | None, connect_timeout: float
) -> AsyncIterator[PinnedResponse]:
    """Get ``url`` from the host at ``address``.

    TLS and the Host header use the name in ``url``, so a second lookup cannot lead anywhere else. Neither httpx nor
    anything that patches it, such as the instrumentation of OpenTelemetry, sees the URL.

    Raises:
        APIConnectionError: No head of a response arrived.
    """
    scheme, host, port = origin(url)
    target = httpcore.URL(scheme=scheme, host=address, port=port, target=url.raw_path)
    fields = [(b"Host", url.netloc), (b"Accept-Encoding", b"identity")]
    fields += [(name.encode(), value.encode()) for name, value in headers]
    extensions = {"sni_hostname": host}
    request = httpcore.Request("GET", target, headers=fields, extensions=extensions)
    async with httpcore.AsyncHTTPConnection(
        target.origin, ssl_context=tls, network_backend=AsyncioBackend(base.Handshakes(connect_timeout))
    ) as connection:
        try:
            response = await connection.handle_async_request(request)
        except Exception as error:
            raise map_error(error, httpcore, destination(url))  # noqa: B904  # it sets the cause itself
        yield PinnedResponse(response, destination(url))
