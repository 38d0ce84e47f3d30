"""Documents are loaded from URLs. All servers are on loopback."""

from __future__ import annotations

import contextlib
import functools
import gzip
import http.server
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from codegen import source as spec_source

from .documents import VENDORED, page, refusal


class Site(http.server.BaseHTTPRequestHandler):
    """Sends the page of a path, or bytes that never end."""

    pages: dict[str, tuple[int, str, bytes]]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        with contextlib.suppress(ConnectionError):
            if path == "/endless":
                self.send_response(200)
                self.send_header("Content-Length", "1000000")
                self.end_headers()
                while not self.server.stopped.wait(0.02):  # type: ignore[attr-defined]
                    self.wfile.write(b"x")
                return
            status, kind, body = self.pages.get(path, (404, "text/plain", b"openapi: 3.0.1"))
            self.send_response(status)
            if status == 302:
                self.send_header("Location", kind)
            if kind == "gzip":
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body) + (status == 203)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def site() -> Iterator[tuple[str, dict[str, tuple[int, str, bytes]]]]:
    """A server: its URL, and its pages, which tests add."""
    handler: Any = type("Handler", (Site,), {"pages": {}})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        stopped = server.stopped = threading.Event()  # type: ignore[attr-defined]
        thread = threading.Thread(target=functools.partial(server.serve_forever, poll_interval=0.02))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", handler.pages
        stopped.set()
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("kind", "body"),
    [("application/yaml", VENDORED), ("text/markdown", page(VENDORED)), ("gzip", gzip.compress(VENDORED, mtime=0)),
     ("text/html", VENDORED)],
    ids=["document", "page", "compressed", "a wrong content type"],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/get-call", "/moved", "/api/get-call.md?version=1.yaml"])
def test_document_is_loaded_from_a_url(site: Any, kind: str, body: bytes, path: str) -> None:
    """The body of a response is read like a file, also after a redirect."""
    url, pages = site
    pages["/get-call"] = pages["/api/get-call.md"] = (200, kind, body)
    pages["/moved"] = (302, "/get-call", b"")
    source = spec_source.load([url + path])
    assert (source.name, source.text) == (url + path.partition("?")[0], VENDORED)


@pytest.mark.parametrize(
    ("response", "cause"),
    [((404, "text/yaml", VENDORED), "the server returned 404 Not Found"),
     ((500, "text/yaml", VENDORED), "the server returned 500"), ((204, "text/yaml", b""), "the server returned 204"),
     ((302, "/here", b""), "cannot be fetched: "), ((302, "file:///etc/passwd", b""), "cannot be fetched: "),
     ((200, "text/html", b"<!doctype html><title>T</title>"), "an HTML page"),
     ((200, "text/yaml", b"x" * 2_000_001), "larger than 2000000 bytes"),
     ((200, "gzip", gzip.compress(b"x" * 90_000_000)), "larger than 2000000"),
     ((200, "gzip", b"not compressed"), "cannot be fetched: "), ((200, "text/yaml", b""), "no OpenAPI document")],
    ids=["404", "500", "204", "endless redirects", "redirect to a file", "HTML", "too large", "bomb", "not compressed",
         "empty"],
)  # fmt: skip
def test_response_without_a_document_is_refused(
    site: Any, monkeypatch: pytest.MonkeyPatch, response: tuple[int, str, bytes], cause: str
) -> None:
    """The message gives the URL and the reason, and shows neither password nor query."""
    url, pages = site
    pages["/here"] = response
    monkeypatch.setattr(spec_source, "MAX_BYTES", 2_000_000)
    message = refusal(url.replace("//", "//user:hunter2@") + "/here?token=hunter3#hunter4")
    assert message.startswith(f"{url}/here: ")
    assert cause in message
    assert "hunter" not in message


def test_endless_body_is_not_read_beyond_the_limit(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading stops at the size limit, long before the timeout."""
    monkeypatch.setattr(spec_source, "MAX_BYTES", 5)
    monkeypatch.setattr(spec_source, "TIMEOUT", 60)
    assert refusal(f"{site[0]}/endless").startswith(f"{site[0]}/endless: larger than 5 bytes")


def test_timeout_applies_to_the_whole_body(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that keep arriving do not extend the timeout."""
    monkeypatch.setattr(spec_source, "TIMEOUT", 0.3)
    assert refusal(f"{site[0]}/endless") == f"{site[0]}/endless: not fetched within 0.3 seconds"


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        ("http://", "cannot be fetched"),
        ("http://127.0.0.1:1/a", "cannot be fetched"),
        ("http://127.0.0.1:99999/a", "cannot be fetched"),
        ("http://\u2028/", "not a valid URL"),
    ],
)
def test_url_that_cannot_be_fetched_is_refused(url: str, cause: str) -> None:
    """An invalid URL, and one where no server listens, are refused with a message."""
    assert cause in refusal(url)
