"""Downloading a file: targets, failures, redirects, deadlines."""

from __future__ import annotations

import asyncio
import errno
import io
import os
import stat
from pathlib import Path
from typing import IO, Any

import pytest
from tests.support.canary import API_KEY, WORDS
from tests.support.clock import pass_time
from tests.support.eventually import eventually
from tests.support.exposure import Exposures
from tests.unit.core.local_server import local_server, redirect, response
from tests.unit.core.senders import open_sender_over

from puretalk_client import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncPuretalk,
    Call,
    ConfigurationError,
    DownloadError,
    NotFoundError,
    PuretalkError,
    ResponseTooLargeError,
)
from puretalk_client._core.download import MAX_REDIRECTS, download
from puretalk_client._core.redaction import Secret
from puretalk_client._core.sender import Sender

SOUND = b"RIFF" + bytes(range(256)) * 400
GONE = response(b"", "404 Not Found")


async def fetch(sender: Sender, url: object, target: Any, *, max_bytes: int = 1 << 20, timeout: float = 60.0) -> int:
    """Download with generous limits."""
    return await download(sender, Secret(url), target, max_bytes=max_bytes, timeout=timeout)


async def failure(sender: Sender, url: object, target: Any = None, **options: Any) -> Any:
    """Download in vain, and return the exception."""
    with pytest.raises((PuretalkError, OSError)) as caught:
        await fetch(sender, url, io.BytesIO() if target is None else target, **options)
    return caught.value


def names_in(folder: Path) -> list[str]:
    """List the files of a folder."""
    return [file.name for file in folder.iterdir()]


@pytest.mark.parametrize("kind", [Path, str])
async def test_path_gets_the_complete_file(kind: type[Path | str], tmp_path: Path) -> None:
    """In place of an older one, readable by its owner only, and nothing else is left in the folder."""
    target = tmp_path / "call.wav"
    target.write_bytes(b"older")
    async with local_server(lambda head: response(SOUND)) as server, open_sender_over("httpx", server.url) as sender:
        assert await fetch(sender, f"{server.url}/r", kind(target)) == len(SOUND)
    assert target.read_bytes() == SOUND
    assert names_in(tmp_path) == [target.name]
    if os.name == "posix":
        assert stat.S_IMODE(target.stat().st_mode) == 0o600


async def test_open_file_gets_the_bytes_and_stays_open() -> None:
    """Anything with ``write`` for bytes."""
    file = io.BytesIO(b"")
    async with local_server(lambda head: response(SOUND)) as server, open_sender_over("httpx", server.url) as sender:
        assert await fetch(sender, f"{server.url}/r", file) == len(SOUND)
    assert file.getvalue() == SOUND


@pytest.mark.parametrize(
    ("content", "kind"),
    [(GONE, NotFoundError), (response(SOUND)[:-100].replace(b"Content-Length", b"content-length"), APIConnectionError),
     (response(SOUND, "200 OK", "Content-Encoding: gzip"), DownloadError),
     (response(SOUND, "206 Partial Content"), APIStatusError), (b"nonsense\r\n\r\n", APIConnectionError),
     (b"", APIConnectionError), (response(SOUND * 2), ResponseTooLargeError)],
)  # fmt: skip
async def test_failure_leaves_the_target_as_it_was(content: bytes, kind: type[PuretalkError], tmp_path: Path) -> None:
    """A path gets the complete file, or keeps what it has."""
    target = tmp_path / "call.wav"
    target.write_bytes(b"older")
    async with local_server(lambda head: content) as server, open_sender_over("httpx", server.url) as sender:
        error = await failure(sender, f"{server.url}/r", target, max_bytes=len(SOUND))
    assert isinstance(error, kind)
    assert (error.method, error.path) == ("GET", "(download)")
    assert target.read_bytes() == b"older"
    assert names_in(tmp_path) == [target.name]


async def test_largest_size_is_the_limit() -> None:
    """Exactly ``max_bytes`` are allowed."""
    async with local_server(lambda head: response(SOUND)) as server, open_sender_over("httpx", server.url) as sender:
        assert await fetch(sender, server.url, io.BytesIO(), max_bytes=len(SOUND)) == len(SOUND)
        error = await failure(sender, server.url, max_bytes=len(SOUND) - 1)
    assert isinstance(error, ResponseTooLargeError)
    assert "max_bytes" in error.message


@pytest.mark.parametrize(
    "target", [io.StringIO(), 5, object(), "", "a\0b", Path(), "/"], ids=lambda target: type(target).__name__
)
async def test_unusable_target_is_refused(target: Any) -> None:
    """A text file, something that is not a file at all, and paths that name none: nothing is sent."""
    async with local_server(lambda head: response(SOUND)) as server, open_sender_over("httpx", server.url) as sender:
        error = await failure(sender, server.url, target)
    assert isinstance(error, ConfigurationError)
    assert error.message.startswith("target must ")
    assert server.requests == []


async def test_target_in_a_missing_folder_is_an_os_error(tmp_path: Path) -> None:
    """Before anything is sent."""
    async with local_server(lambda head: response(SOUND)) as server, open_sender_over("httpx", server.url) as sender:
        error = await failure(sender, server.url, tmp_path / "missing" / "call.wav")
    assert isinstance(error, FileNotFoundError)
    assert server.requests == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("make", [os.mkdir, getattr(os, "mkfifo", None)], ids=["folder", "pipe"])
async def test_target_that_is_no_regular_file_is_refused(make: Any, tmp_path: Path) -> None:
    """Before anything is sent: a complete file could not take its place, and opening a pipe waits for a reader."""
    make(tmp_path / "target")
    async with local_server(lambda head: response(SOUND)) as server, open_sender_over("httpx", server.url) as sender:
        error = await failure(sender, server.url, tmp_path / "target")
    assert isinstance(error, ConfigurationError)
    assert (names_in(tmp_path), server.requests) == (["target"], [])


async def test_file_behind_a_symbolic_link_is_replaced(tmp_path: Path) -> None:
    """The link stays, and so does a file that cannot be replaced."""
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there" / "call.wav")
    async with local_server(lambda head: response(SOUND)) as server, open_sender_over("httpx", server.url) as sender:
        await fetch(sender, server.url, tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there" / "call.wav").read_bytes() == SOUND
    assert names_in(tmp_path / "there") == ["call.wav"]


async def test_target_that_cannot_be_replaced_leaves_no_file(tmp_path: Path) -> None:
    """The complete partial file holds what people said."""

    def respond(head: str) -> bytes:
        (tmp_path / "call.wav").mkdir()  # after the target was checked
        return response(SOUND)

    async with local_server(respond) as server, open_sender_over("httpx", server.url) as sender:
        error = await failure(sender, server.url, tmp_path / "call.wav")
    assert isinstance(error, OSError)
    assert names_in(tmp_path) == ["call.wav"]


class FullDisk(io.RawIOBase):
    """A file that cannot be written."""

    def write(self, _: Any) -> int:
        """Fail."""
        raise OSError(errno.ENOSPC, "No space left on device")


async def test_failure_of_the_target_is_its_own_os_error() -> None:
    """Not an error of the connection, and without what was handled meanwhile."""
    file: IO[bytes] = FullDisk()  # type: ignore[assignment]
    async with local_server(lambda head: response(SOUND)) as server, open_sender_over("httpx", server.url) as sender:
        error = await failure(sender, server.url, file)
    assert type(error) is OSError
    assert (error.errno, error.__cause__, error.__context__) == (errno.ENOSPC, None, None)


@pytest.mark.parametrize(
    "options", [{"max_bytes": 0}, {"max_bytes": 1.5}, {"timeout": 0}, {"timeout": float("nan")}, {"timeout": "5"}]
)
async def test_unusable_option_is_refused(options: dict[str, Any], tmp_path: Path) -> None:
    """By name; nothing is sent and nothing written."""
    async with local_server(lambda head: response(SOUND)) as server, open_sender_over("httpx", server.url) as sender:
        error = await failure(sender, server.url, tmp_path / "x", **options)
    assert isinstance(error, ConfigurationError)
    assert next(iter(options)) in error.message
    assert (server.requests, names_in(tmp_path)) == ([], [])


async def test_closed_client_downloads_nothing() -> None:
    """As it sends no request."""
    async with local_server(lambda head: response(SOUND)) as server, open_sender_over("httpx", server.url) as sender:
        await sender.aclose()
        error = await failure(sender, server.url)
    assert isinstance(error, ConfigurationError)
    assert (error.message, server.requests) == ("This client is closed", [])


class NoticingFile(io.BytesIO):
    """A file that says when it is written to."""

    def __init__(self) -> None:
        super().__init__()
        self.written = asyncio.Event()

    def write(self, content: Any) -> int:
        """Write."""
        self.written.set()
        return super().write(content)


async def test_deadline_covers_the_whole_download() -> None:
    """Here the body never ends."""
    file = NoticingFile()
    async with (
        local_server(lambda head: response(SOUND)[:-1]) as server,
        open_sender_over("httpx", server.url) as sender,
    ):
        task = asyncio.create_task(fetch(sender, server.url, file, timeout=5.0))
        await file.written.wait()
        await pass_time(5.0)
        assert task.done()
    error = task.exception()
    assert type(error) is APITimeoutError
    assert error.message == "The download took longer than 5 s"


async def test_cancelled_download_leaves_no_file(tmp_path: Path) -> None:
    """The part that arrived is removed."""
    async with (
        local_server(lambda head: response(SOUND)[:-1]) as server,
        open_sender_over("httpx", server.url) as sender,
    ):
        task = asyncio.create_task(fetch(sender, server.url, tmp_path / "call.wav"))
        await eventually(lambda: server.requests)
        [name] = names_in(tmp_path)
        assert name.startswith(".call.wav.")
        task.cancel()
        await asyncio.wait([task])
    assert task.cancelled()
    assert names_in(tmp_path) == []


async def test_redirect_to_another_origin_is_followed_without_the_key() -> None:
    """Storage gets the request, but not the key; the API's own origin gets it again."""

    def respond(head: str) -> bytes:
        return redirect(f"{storage.url}/signed") if head.startswith("GET /r ") else response(SOUND)

    async with (
        local_server(lambda head: redirect(f"{home.url}/file", "307 Temporary Redirect")) as storage,
        local_server(respond) as home,
        open_sender_over("httpx", f"{home.url}/api") as sender,
    ):
        file = io.BytesIO()
        await fetch(sender, f"{home.url}/r", file)
    assert file.getvalue() == SOUND
    assert [request.split()[1] for request in home.requests] == ["/r", "/file"]
    assert all(f"X-KEY: {API_KEY}" in request for request in home.requests)
    [request] = storage.requests
    assert API_KEY not in request
    assert "x-key" not in request.lower()


@pytest.mark.parametrize("location", ["/next", "next", "?page=2", "//{host}/next"])
async def test_redirect_may_be_relative(location: str) -> None:
    """RFC 9110, section 10.2.2."""
    contents = iter([None, response(SOUND)])

    def respond(head: str) -> bytes:
        return next(contents) or redirect(location.format(host=server.url.partition("//")[2]))

    async with local_server(respond) as server, open_sender_over("httpx", server.url) as sender:
        assert await fetch(sender, f"{server.url}/r", io.BytesIO()) == len(SOUND)


@pytest.mark.parametrize(
    ("content", "message"),
    [(redirect("/again"), f"redirects more than {MAX_REDIRECTS} times"), (response(b"", "302 Found"), "where to"),
     (redirect(""), "where to"), (redirect("http://media.test/"), "not a plain https URL"),
     (redirect("https://10.0.0.5/"), "private network"), (redirect("https://[::1"), "not a URL"),
     (redirect("https://media.test:0/"), "no usable port"), (redirect("file:///etc/passwd"), "not a plain https URL")],
)  # fmt: skip
async def test_redirect_that_leads_nowhere_is_an_error(content: bytes, message: str) -> None:
    """The rules of the first URL hold for each."""
    async with local_server(lambda head: content) as server, open_sender_over("httpx", server.url) as sender:
        error = await failure(sender, server.url)
    assert isinstance(error, DownloadError)
    assert message in error.message
    assert len(server.requests) == (MAX_REDIRECTS + 1 if "more than" in message else 1)


async def test_error_counts_the_requests_that_were_sent() -> None:
    """None, one, or each that was redirected."""

    def respond(head: str) -> bytes:
        return redirect("/gone") if head.startswith("GET /moved ") else GONE

    async with local_server(respond) as server, open_sender_over("httpx", server.url) as sender:
        for url, attempts in (("nonsense", 0), (f"{server.url}/gone", 1), (f"{server.url}/moved", 2)):
            assert (await failure(sender, url)).attempts == attempts
        assert (await failure(sender, server.url, max_bytes=0)).attempts == 0


SIGNATURE = WORDS["recording"]


@pytest.mark.parametrize("end", ["gone", "cancelled"])
async def test_nothing_shows_the_url_or_the_key(end: str) -> None:
    """Whoever has the URL can hear the call: it is in no log, message or frame, after a cancellation too.

    Nor is the one that it redirects to, which httpcore logs with the headers of the response.
    """

    async def respond(head: str) -> bytes:
        if head.startswith("GET /moved?"):
            return redirect(f"/r?signature={SIGNATURE}")
        if end == "gone":
            return GONE
        requested.set()
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    requested = asyncio.Event()
    exposures = Exposures()
    async with local_server(respond) as server, AsyncPuretalk(API_KEY, base_url=server.url) as client:
        call = Call(call_recording_url=f"{server.url}/moved?signature={SIGNATURE}")
        with exposures.capture_logs():
            task = asyncio.create_task(client.calls.download_recording(call, io.BytesIO()))
            if end == "cancelled":
                await requested.wait()
                task.cancel()
            with pytest.raises((NotFoundError, asyncio.CancelledError)) as caught:
                await task
        assert all(SIGNATURE in head and API_KEY in head for head in server.requests)
        assert len(server.requests) == 2
        server.requests.clear()
    assert isinstance(caught.value, NotFoundError if end == "gone" else asyncio.CancelledError)
    exposures.inspect_result(caught.value)
    assert exposures.of_words() == exposures.of_key() == []


@pytest.mark.parametrize(
    "status",
    ["301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"],
)
async def test_redirects_of_each_status_are_followed(status: str) -> None:
    """RFC 9110, section 15.4."""
    contents = iter([redirect("/next", status), response(SOUND)])
    async with local_server(lambda head: next(contents)) as server, open_sender_over("httpx", server.url) as sender:
        assert await fetch(sender, f"{server.url}/r", io.BytesIO()) == len(SOUND)
