"""Requests to an app in this process, as tests send them: there is no network, and so no address to check."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import httpx

from . import base
from .httpx import ExternalTransport, library_of
from .urls import URL, destination
from .workarounds import transport_for


class DownloadResponse:
    """A response of an app, all of which is here."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.headers = response.headers
        self.encoding = response.headers.get("content-encoding", "identity")
        self._response = response

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body."""
        async for chunk in self._response.stream:  # type: ignore[union-attr]  # an async transport has an async stream
            yield chunk


def app_for(transport: base.Transport, url: URL) -> httpx.AsyncBaseTransport | None:
    """Return what takes requests for ``url`` to an app: the ``ASGITransport`` of the caller's own client, or None."""
    if not isinstance(transport, ExternalTransport):
        return None
    app = transport_for(transport._client, str(url))
    return app if app is not None and isinstance(app, library_of(transport._client).ASGITransport) else None


@contextlib.asynccontextmanager
async def open_in_process(
    app: httpx.AsyncBaseTransport, url: URL, headers: base.Headers
) -> AsyncIterator[DownloadResponse]:
    """Get ``url`` from an app, with these headers only: neither cookies nor those of the caller's client.

    Raises:
        APIConnectionError: The app raised an exception, as the sandbox does where a connection breaks.
    """
    library = library_of(app)
    request = library.Request("GET", str(url), headers=[("Accept-Encoding", "identity"), *headers])
    try:
        response = await app.handle_async_request(request)
    except Exception as error:
        raise base.broken_error(destination(url), error)  # noqa: B904  # it sets the cause itself
    try:
        yield DownloadResponse(response)
    finally:
        await response.aclose()
