"""Documents that come from addresses. Everything is on loopback."""

from __future__ import annotations

import contextlib
import functools
import gzip
import http.server
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.generation.documents import (
    VENDORED,
    document,
    page,
    refusal,
)

from spec_tools import source as spec_source


class Site(http.server.BaseHTTPRequestHandler):
    """Answers by path."""

    pages: dict[str, tuple[int, str, bytes]]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        with contextlib.suppress(ConnectionError):
            if path == "/drip":
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
    """A server on loopback: its address, and its pages, which a test adds."""
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
    [
        pytest.param("application/yaml", VENDORED, id="document"),
        pytest.param("text/markdown", page(VENDORED), id="page"),
        pytest.param("gzip", gzip.compress(VENDORED), id="compressed"),
        pytest.param("text/html", VENDORED, id="a wrong content type"),
    ],
)
@pytest.mark.parametrize("path", ["/get-call", "/moved", "/api/get-call.md?version=1.yaml"])
def test_address_gives_its_document(site: Any, kind: str, body: bytes, path: str) -> None:
    """What the server answers is read as a file would be, also after a redirect."""
    address, pages = site
    pages["/get-call"] = pages["/api/get-call.md"] = (200, kind, body)
    pages["/moved"] = (302, "/get-call", b"")
    source = spec_source.load([address + path])
    assert (source.name, source.text) == (address + path.partition("?")[0], VENDORED)


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        pytest.param((404, "text/yaml", VENDORED), "the server answered 404 Not Found", id="404"),
        pytest.param((500, "text/yaml", VENDORED), "the server answered 500", id="500"),
        pytest.param((204, "text/yaml", b""), "the server answered 204", id="204"),
        pytest.param((302, "/here", b""), "cannot be fetched: ", id="redirects without end"),
        pytest.param((302, "file:///etc/passwd", b""), "cannot be fetched: ", id="redirect to a file"),
        pytest.param((200, "text/html", b"<!doctype html><title>T</title>"), "an HTML page", id="HTML"),
        pytest.param((200, "text/yaml", b"x" * 2_000_001), "more than 2000000 bytes", id="too large"),
        pytest.param(
            (200, "gzip", gzip.compress(b"x" * 90_000_000)), "more than 2000000", id="a compressed flood"
        ),
        pytest.param((200, "gzip", b"not compressed"), "cannot be fetched: ", id="not compressed"),
        pytest.param((200, "text/yaml", b""), "no OpenAPI document", id="empty"),
    ],
)
def test_answer_that_is_no_document_is_refused(
    site: Any, monkeypatch: pytest.MonkeyPatch, answer: tuple[int, str, bytes], cause: str
) -> None:
    """The message names the address and what came instead, and shows neither password nor query."""
    address, pages = site
    pages["/here"] = answer
    monkeypatch.setattr(spec_source, "MAX_BYTES", 2_000_000)
    message = refusal(address.replace("//", "//user:hunter2@") + "/here?token=hunter3#hunter4")
    assert message.startswith(f"{address}/here: ")
    assert cause in message
    assert "hunter" not in message


def test_body_without_end_is_not_read_to_the_end(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading stops where the body is larger than a document can be, long before the time is up."""
    monkeypatch.setattr(spec_source, "MAX_BYTES", 5)
    monkeypatch.setattr(spec_source, "TIMEOUT", 10)
    assert refusal(f"{site[0]}/drip").startswith(f"{site[0]}/drip: more than 5 bytes")


def test_body_that_drips_ends_with_the_timeout(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that keep coming do not prolong the time for the whole."""
    monkeypatch.setattr(spec_source, "TIMEOUT", 0.3)
    assert refusal(f"{site[0]}/drip") == f"{site[0]}/drip: not fetched within 0.3 seconds"


@pytest.mark.parametrize("address", ["http://", "http://[", "http://127.0.0.1:1/a", "http://\u2028/"])
def test_address_that_cannot_be_reached_is_refused(address: str) -> None:
    """No address, and one where nobody listens, end with a message."""
    assert "fetched" in refusal(address)


def test_addresses_are_named_in_the_merged_document(
    site: Any, save: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Addresses stand in the first line without a query, files without their folder."""
    address, pages = site
    pages["/a"] = (200, "", document(**{"x-a": 1}).encode())
    text = spec_source.load([f"{address}/a?key=secret", save(document(), "two\nlines.json")]).text
    assert text.startswith(f"# Merged from {address}/a and two lines.json.\nopenapi: 3.0.1\n".encode())
