"""Downloading recordings from addresses that are not to be trusted."""

from __future__ import annotations

import asyncio
import contextlib
import io
import socket
import ssl
import traceback
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from puretalk_client import (
    APIConnectionError,
    APITimeoutError,
    AsyncPuretalk,
    Call,
    NotFoundError,
    PuretalkError,
    RecordingError,
    ResponseTooLargeError,
    TLSError,
)
from puretalk_client._recordings import is_public

KEY = "pt-canary-5f0c1b"
SOUND = b"RIFF" + bytes(range(256)) * 400
Answer = Callable[[str], bytes]


@contextlib.asynccontextmanager
async def server(answer: Answer, tls: ssl.SSLContext | None = None) -> AsyncIterator[tuple[str, list[str]]]:
    """Serve raw answers by path on a free port; yield its address and the requests that came."""
    requests: list[str] = []

    handlers: set[asyncio.Task[Any]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        handlers.add(task)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            try:
                request = (await reader.readuntil(b"\r\n\r\n")).decode()
                requests.append(request)
                writer.write(answer(request.split()[1]))
                await writer.drain()
            finally:
                writer.close()
                await writer.wait_closed()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with listener:
        yield f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}", requests
    # A handler whose client has gone without a word still waits, with its socket.
    for handler in handlers:
        handler.cancel()
    await asyncio.gather(*handlers, return_exceptions=True)


def ok(body: bytes, *headers: str) -> bytes:
    """Write a 200."""
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def moved(location: str) -> bytes:
    """Write a redirect."""
    return f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()


def download(
    answer: Answer, target: Any, address: str = "{server}/recording", **options: Any
) -> tuple[Any, list[str]]:
    """Download over a client that points at the server; return the size or the error, and the requests."""

    async def main() -> tuple[Any, list[str]]:
        async with server(answer) as (base, requests), AsyncPuretalk(KEY, base_url=base) as client:
            call = Call(call_recording_url=address.format(server=base))
            try:
                return await client.calls.download_recording(call, target, **options), requests
            except PuretalkError as error:
                return error, requests

    return asyncio.run(main())


def test_recording_lands_in_the_file(tmp_path: Path) -> None:
    """The bytes as they came, their number, and nothing else left in the folder."""
    target = tmp_path / "call.wav"
    target.write_bytes(b"older")
    size, requests = download(lambda path: ok(SOUND), target)
    assert size == len(SOUND)
    assert target.read_bytes() == SOUND
    assert list(tmp_path.iterdir()) == [target]
    assert f"X-API-KEY: {KEY}" in requests[0]


def test_recording_goes_into_an_open_file() -> None:
    """Anything that takes bytes will do."""
    file = io.BytesIO()
    size, _ = download(lambda path: ok(SOUND), file)
    assert (size, file.getvalue()) == (len(SOUND), SOUND)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", NotFoundError),
     (ok(SOUND)[:-100], APIConnectionError), (ok(SOUND, "Content-Encoding: gzip"), RecordingError),
     (b"nonsense\r\n\r\n", APIConnectionError), (b"", APIConnectionError), (ok(SOUND * 2), ResponseTooLargeError)],
)  # fmt: skip
def test_failure_leaves_the_target_as_it_was(
    answer: bytes, kind: type[PuretalkError], tmp_path: Path
) -> None:
    """A path gets the whole recording or keeps what it had."""
    target = tmp_path / "call.wav"
    target.write_bytes(b"older")
    error, _ = download(lambda path: answer, target, max_bytes=len(SOUND))
    assert isinstance(error, kind)
    assert target.read_bytes() == b"older"
    assert list(tmp_path.iterdir()) == [target]


def test_recording_that_never_comes_ends_with_the_time_given(tmp_path: Path) -> None:
    """The deadline covers the whole download."""
    error, _ = download(lambda path: ok(SOUND)[:200], tmp_path / "x", timeout=0.2)
    assert isinstance(error, (APITimeoutError, APIConnectionError))
    error, _ = download(lambda path: moved("/again"), tmp_path / "x")
    assert isinstance(error, RecordingError)
    assert list(tmp_path.iterdir()) == []


def shown(error: BaseException) -> str:
    """All that a report with the locals of every frame shows."""
    return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


@pytest.mark.parametrize("path", ["gone", "hangs"])
def test_no_frame_shows_the_address_or_the_key(path: str) -> None:
    """A recording's address opens it; an error, and a cancellation, leave no frame behind that knows it."""
    hanging = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nRI"  # and the end of the connection never comes
    gone = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    held = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        writer.write(hanging if b"hangs" in request else gone)
        await held.wait()
        writer.close()
        await writer.wait_closed()

    async def main() -> BaseException | None:
        listener = await asyncio.start_server(serve, "127.0.0.1", 0)
        base = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        async with listener, AsyncPuretalk(KEY, base_url=base) as client:
            call = Call(call_recording_url=f"{base}/{path}?signature=s3cr3t-s1gn4tur3")
            try:
                async with asyncio.timeout(0.3):
                    await client.calls.download_recording(call, io.BytesIO())
            except (PuretalkError, TimeoutError) as error:
                return error
            finally:
                held.set()
        return None

    error = asyncio.run(main())
    assert isinstance(error, NotFoundError if path == "gone" else TimeoutError)
    assert "s3cr3t-s1gn4tur3" not in shown(error)
    assert KEY not in shown(error)


def test_redirect_to_another_origin_is_followed_without_the_key() -> None:
    """Storage elsewhere gets the request, but not the key; back home it is sent again."""

    async def main() -> None:
        async with server(lambda path: ok(SOUND)) as (storage, stored), contextlib.AsyncExitStack() as stack:
            home, asked = await stack.enter_async_context(server(lambda path: moved(f"{storage}/signed")))
            async with AsyncPuretalk(KEY, base_url=home) as client:
                file = io.BytesIO()
                await client.calls.download_recording(Call(call_recording_url=f"{home}/r"), file)
            assert file.getvalue() == SOUND
            assert KEY in asked[0]
            assert KEY not in stored[0]
            assert "x-api-key" not in stored[0].lower()

    asyncio.run(main())


@pytest.mark.parametrize(
    "address",
    [None, 5, "", "nonsense", "ftp://media.test/r", "file:///etc/passwd", "http://media.test/r", "//media.test/r",
     "https://user:pass@media.test/r", "https:///r", "http://[::1", "javascript:alert(1)", "data:,x"],
)  # fmt: skip
def test_address_that_is_no_plain_https_is_refused(address: Any, tmp_path: Path) -> None:
    """Nothing is sent, and the message does not repeat the address."""

    async def main() -> None:
        async with AsyncPuretalk(KEY, base_url="https://api.test") as client:
            with pytest.raises(RecordingError) as caught:
                await client.calls.download_recording(Call(call_recording_url=address), tmp_path / "x")
            assert "media.test" not in str(caught.value)

    asyncio.run(main())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "found",
    [["127.0.0.1"], ["10.0.0.8"], ["172.16.0.1"], ["192.168.1.1"], ["169.254.169.254"], ["0.0.0.0"],
     ["::1"], ["fe80::1%1"],
     ["fc00::1"], ["::ffff:10.0.0.1"], ["64:ff9b::a00:1"], ["2002:a00:1::1"], ["100.64.0.1"], ["224.0.0.1"],
     ["93.184.215.14", "10.0.0.8"]],
)  # fmt: skip
def test_host_inside_a_private_network_is_refused(found: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where only one of several addresses is private, or one is wrapped into IPv6."""

    async def main() -> None:
        async def lookup(host: str, port: int, **options: Any) -> list[Any]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", lookup)
        async with AsyncPuretalk(KEY, base_url="https://api.test") as client:
            call = Call(call_recording_url="https://media.test/r")
            with pytest.raises(RecordingError, match="private network"):
                await client.calls.download_recording(call, io.BytesIO())

    asyncio.run(main())


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_public_addresses_are_public(address: str) -> None:
    """The guard lets the open Internet through."""
    assert is_public(address)


def test_unknown_host_is_a_recording_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that does not resolve is an error of this package."""

    async def main() -> None:
        async def lookup(*_: Any, **__: Any) -> list[Any]:
            raise socket.gaierror("no such host")

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", lookup)
        async with AsyncPuretalk(KEY, base_url="https://api.test") as client:
            with pytest.raises(RecordingError, match="not known"):
                await client.calls.download_recording(
                    Call(call_recording_url="https://media.test/"), io.BytesIO()
                )

    asyncio.run(main())


CERTIFICATE = Path(__file__).parent / "faults" / "untrusted-test-cert.pem"


@pytest.mark.parametrize(("host", "is_named"), [("api.test", True), ("other.test", False)])
def test_address_is_looked_up_once_and_tls_still_checks_the_name(
    host: str, is_named: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection goes to the address that was checked, and the certificate must be that of the name."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(CERTIFICATE, CERTIFICATE.with_name("untrusted-test-key.pem"))
    trusting = ssl.create_default_context(cafile=str(CERTIFICATE))
    looked_up: list[str] = []

    async def main() -> Any:
        async def lookup(name: str, port: int, **_: Any) -> list[Any]:
            looked_up.append(name)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

        async with server(lambda path: ok(SOUND), tls) as (base, requests):
            port = base.rpartition(":")[2]
            async with AsyncPuretalk(KEY, base_url="http://127.0.0.1:1", verify=trusting) as client:
                monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", lookup)
                call = Call(call_recording_url=f"https://{host}:{port}/r")
                try:
                    return await client.calls.download_recording(call, io.BytesIO()), requests
                except PuretalkError as error:
                    return error, requests

    outcome, requests = asyncio.run(main())
    if is_named:
        assert outcome == len(SOUND)
        assert f"Host: {host}:" in requests[0]
        assert KEY not in requests[0]
    else:
        assert isinstance(outcome, TLSError)
        assert requests == []
    assert host in looked_up
    assert looked_up.count(host) == 1
