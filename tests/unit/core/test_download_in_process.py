"""Downloads through the caller's own client, where that leads to an app in this process and not to a network."""

from __future__ import annotations

import io
from typing import Any

import httpx
import pytest
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send
from tests.support.key import KEY_HEADER

from puretalk_client import APIConnectionError, AsyncPuretalk, Call, DownloadError, ResponseTooLargeError

KEY = "a-key-that-stays-here"
pytestmark = pytest.mark.usefixtures("own_key_place")


@pytest.fixture(params=["httpx", "httpx2"])
def library(request: pytest.FixtureRequest) -> Any:
    """Return a library whose client can be passed as ``http_client``."""
    return pytest.importorskip(request.param, reason=f"{request.param} is not installed (dependency group dev)")


class App:
    """An app that keeps its requests."""

    def __init__(self, response: Response | Exception) -> None:
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.response = response

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.requests.append((scope["server"][0], scope["path"], headers))
        response = self.response
        if scope["path"] == "/redirect":
            response = RedirectResponse("https://api.test/api/end")
        if isinstance(response, Exception):
            raise response
        await response(scope, receive, send)


async def fetch(http: Any, url: str, **options: Any) -> bytes:
    """Download a recording through a client of httpx, or of httpx2."""
    file = io.BytesIO()
    async with http, AsyncPuretalk(KEY, base_url="https://api.test/api", http_client=http) as client:
        await client.calls.download_recording(Call(call_recording_url=url), file, **options)
    return file.getvalue()


async def test_download(library: Any) -> None:
    """No host is resolved, the client's own headers stay away, and the key goes to the API's origin only."""
    app = App(Response(b"sound"))
    http = library.AsyncClient(
        transport=library.ASGITransport(app=app), headers={"Authorization": "own"}, cookies={"a": "b"}
    )
    assert await fetch(http, "https://media.test/redirect?a=%2F") == b"sound"
    assert [(host, path) for host, path, _ in app.requests] == [("media.test", "/redirect"), ("api.test", "/api/end")]
    assert [headers.get(KEY_HEADER.lower()) for _, _, headers in app.requests] == [None, KEY]
    assert not [headers for _, _, headers in app.requests if {"authorization", "cookie"} & headers.keys()]


@pytest.mark.parametrize(
    ("response", "url", "kind"),
    [(Response(b"sound"), "http://media.test/", DownloadError),
     (Response(b"sound"), "https://a:b@media.test/", DownloadError),
     (ConnectionResetError("canary"), "https://media.test/", APIConnectionError),
     (ValueError("canary"), "https://media.test/", APIConnectionError),
     (Response(b"x" * 101), "https://media.test/", ResponseTooLargeError),
     (Response(b"x", headers={"Content-Encoding": "br"}), "https://media.test/", DownloadError)],
)  # fmt: skip
async def test_failures(response: Response | Exception, url: str, kind: type[Exception]) -> None:
    """The same rules hold as for downloads from a network."""
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app=App(response)))
    with pytest.raises(kind) as caught:
        await fetch(http, url, max_bytes=100)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "mounts",
    [
        {},
        {"all://media.test": httpx.AsyncHTTPTransport()},
        {"all://media.test": httpx.MockTransport(lambda _: httpx.Response(200))},
    ],
)
async def test_only_an_app_is_in_process(mounts: dict[str, Any]) -> None:
    """Any other transport, mounted for the host of the recording or for all hosts, may lead to a network."""
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app=App(Response())) if mounts else None, mounts=mounts)
    with pytest.raises(DownloadError, match="does not resolve"):
        await fetch(http, "https://media.test/")


def test_httpx_has_the_private_name(library: Any) -> None:
    """A version that lacks it fails here, and not in an application."""
    transport = library.ASGITransport(app=App(Response()))
    assert library.AsyncClient(transport=transport)._transport_for_url(library.URL("https://a.test/")) is transport
