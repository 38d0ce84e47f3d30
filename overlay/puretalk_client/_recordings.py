"""Downloading a recording: from an address that the server gave, and that is therefore not to be trusted."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import secrets
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

import httpx

from . import _answers, _transports
from ._config import is_loopback
from .errors import APITimeoutError, PuretalkError, RecordingError, ResponseTooLargeError

if TYPE_CHECKING:
    from ._send import Sender

MAX_REDIRECTS = 5

Target = str | os.PathLike[str] | IO[bytes]


async def download(sender: Sender, address: object, target: Target, *, max_bytes: int, timeout: float) -> int:
    """Stream what is at ``address`` into ``target``; see ``Calls.download_recording``."""
    start = sender.clock.monotonic()
    raised: PuretalkError
    try:
        with _transports.quiet_logs(), opened(target) as file:
            async with asyncio.timeout(timeout):
                return await fetch(sender, checked(sender, address), file, max_bytes)
    except (asyncio.CancelledError, KeyboardInterrupt) as error:
        del address
        error.__context__ = None
        raise error.with_traceback(None) from None
    except PuretalkError as error:
        raised = error
    except TimeoutError:
        raised = APITimeoutError(f"the recording took longer than {timeout:g} s")
    except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError) as error:
        kind, message, sent = _transports.classify(error)
        raised = kind(message, request_sent=sent)
        raised.__cause__ = _transports.without_secrets(error)
    # A recording's address opens it, so no message holds it, nor any frame of the traceback.
    del address
    raised.__context__ = None
    raised.method, raised.path, raised.attempts = "GET", "(recording)", 1
    raised.elapsed = sender.clock.monotonic() - start
    raise raised.with_traceback(None)


async def fetch(sender: Sender, url: httpx.URL, file: IO[bytes], max_bytes: int) -> int:
    """Follow ``url`` to a recording and copy it into ``file``; return its size."""
    for _ in range(MAX_REDIRECTS + 1):
        address = await public_address(sender, url)
        is_home = origin(url) == origin(httpx.URL(sender.base_url))
        async with _transports.open_at(
            address,
            url,
            sender.key_header if is_home else {},
            verify=sender.verify,
            connect_timeout=sender.connect_timeout,
        ) as response:
            if response.status_code in (301, 302, 303, 307, 308):
                url = checked(sender, url.join(response.headers.get("location", "")))
                continue
            if response.status_code != 200:
                raise _answers.status_error(response.status_code, b"", sender.secret)
            return await copy(response, file, max_bytes)
    raise RecordingError(f"the recording's address redirects more than {MAX_REDIRECTS} times")


async def copy(response: httpx.Response, file: IO[bytes], max_bytes: int) -> int:
    """Write the body to ``file`` as it comes; return its size."""
    if response.headers.get("content-encoding", "identity") != "identity":
        raise RecordingError("the recording has an encoding that was not asked for")
    size = 0
    async for chunk in response.aiter_raw():
        size += len(chunk)
        if size > max_bytes:
            raise ResponseTooLargeError(f"the recording is larger than {max_bytes} bytes (max_bytes)")
        file.write(chunk)
    return size


@contextlib.contextmanager
def opened(target: Target) -> Iterator[IO[bytes]]:
    """Open ``target`` for writing; a path gets the whole recording or is not touched."""
    if not isinstance(target, (str, os.PathLike)):
        yield target
        return
    path = Path(target)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with beside.open("xb") as file:
            yield file
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def checked(sender: Sender, address: object) -> httpx.URL:
    """Return a recording's address as a URL, if it may be asked for at all."""
    if address is None:
        raise RecordingError("the call has no recording")
    try:
        url = address if isinstance(address, httpx.URL) else httpx.URL(str(address))
    except httpx.InvalidURL:
        raise RecordingError("the recording's address is no URL") from None
    is_test = points_at_loopback(sender) and url.scheme == "http" and is_loopback(url.host)
    if not url.host or url.userinfo or not (url.scheme == "https" or is_test):
        raise RecordingError("the recording's address is no plain https URL")
    return url


async def public_address(sender: Sender, url: httpx.URL) -> str:
    """Resolve the host of ``url``, and return one of its addresses if all of them are public."""
    try:
        port = url.port or (443 if url.scheme == "https" else 80)
        found = await asyncio.get_running_loop().getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise RecordingError("the host of the recording's address is not known") from None
    hosts = [str(address[4][0]) for address in found]
    if not points_at_loopback(sender) and not all(is_public(host) for host in hosts):
        raise RecordingError("the recording's address is inside a private network")
    return hosts[0]


def is_public(host: str) -> bool:
    """Whether an IP address is one of the open Internet (IANA special-purpose registries)."""
    address = ipaddress.ip_address(host.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(address.packed[-4:])
        if inner is not None:
            address = inner
    return address.is_global and not address.is_multicast


def points_at_loopback(sender: Sender) -> bool:
    """Whether the client itself talks to this machine, as in tests."""
    return is_loopback(httpx.URL(sender.base_url).host)


def origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """Return the origin of ``url`` (RFC 6454)."""
    return url.scheme, url.host, url.port or {"https": 443, "http": 80}.get(url.scheme)
