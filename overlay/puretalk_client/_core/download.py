"""Downloads a file from a URL that the server sent, and that is therefore not trusted."""

from __future__ import annotations

import asyncio
import contextlib
import io
import ipaddress
import os
import socket
import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

from .. import errors
from . import redaction
from .channel import Channel
from .options import ask_api_key, validate_int, validate_timeout
from .redaction import Secret
from .response import status_error
from .transports.base import tls_context
from .transports.in_process import app_for, open_in_process
from .transports.urls import URL, environment_proxy, is_loopback, origin, parse_url

if TYPE_CHECKING:
    from .transports.in_process import DownloadResponse
    from .transports.pinned import PinnedResponse

MAX_REDIRECTS = 5

Target = str | os.PathLike[str] | IO[bytes]

_RESERVED = ("64:ff9b:1::/48", "::/96", "::ffff:0:0:0/96", "3fff::/20", "5f00::/16", "fec0::/10")
_NOT_PUBLIC = tuple(map(ipaddress.ip_network, _RESERVED))
"""Networks of the IANA registries of special-purpose addresses that ``ipaddress`` takes for global."""


async def download(channel: Channel, url: Secret, target: Target, *, max_bytes: int, timeout: float) -> int:
    """Stream the file at ``url`` into ``target``; return its size.

    The URL is a secret: whoever has it can read the file.
    """
    start, fetcher = channel.pool.clock.monotonic(), _Fetcher(channel)
    try:
        validate_int("max_bytes", max_bytes, minimum=1)
        validate_timeout("timeout", timeout)
        if channel.pool.is_closed:
            raise errors.ConfigurationError("This client is closed")
        with redaction.quiet_logs():
            return await _download(fetcher, url, target, max_bytes, timeout)
    except _TargetError as error:
        failure = redaction.contain(error.cause, also=(OSError,))
    except BaseException as error:
        failure = redaction.contain(error)
    if isinstance(failure, errors.PuretalkError):
        failure.method, failure.path, failure.attempts = "GET", "(download)", fetcher.attempts
        failure.elapsed = channel.pool.clock.monotonic() - start
    raise failure


async def _download(fetcher: _Fetcher, url: Secret, target: Target, max_bytes: int, timeout: float) -> int:
    try:
        async with asyncio.timeout(timeout):
            with atomic_target(target) as file:
                return await fetcher.copy(url, file, max_bytes)
    except errors.PuretalkError:
        raise
    except TimeoutError:
        raise errors.APITimeoutError(f"The download took longer than {timeout:g} s") from None


class _Fetcher:
    """Follows a URL, hop by hop, to the file behind it."""

    def __init__(self, channel: Channel) -> None:
        self._channel, self._options = channel, channel.options
        self._home = URL(channel.options.base_url)
        self._tls: ssl.SSLContext | None = channel.pool.transport.tls
        self.attempts = 0
        self._allows_loopback = is_loopback(self._home.host)  # as in tests

    async def copy(self, secret_url: Secret, file: IO[bytes], max_bytes: int) -> int:
        """Copy what the URL locates into ``file``; return its size."""
        from .transports.pinned import open_pinned  # here, since importing httpcore takes long

        url = self.validate_url(parse_url(secret_url.reveal()))
        for _ in range(MAX_REDIRECTS + 1):
            app = app_for(self._channel.pool.transport, url)
            address = await self._resolve(url) if app is None else ""
            if app is None and self._tls is None and url.scheme == "https":
                self._tls = tls_context(str(url), self._options.verify)
            self.attempts += 1
            secret = Secret("")
            if origin(url) == origin(self._home):
                secret = await ask_api_key(self._options.api_key)
            params, headers = self._channel.key_parts(secret) if secret.reveal() else ((), ())
            target = url.copy_merge_params(params) if params else url
            timeout = self._options.connect_timeout
            try:
                async with (
                    open_pinned(address, target, headers, tls=self._tls, connect_timeout=timeout)
                    if app is None
                    else open_in_process(app, target, headers)
                ) as response:
                    if response.status in (301, 302, 303, 307, 308):
                        url = self.validate_url(parse_url(location(response), url))
                        continue
                    if response.status != 200:
                        raise status_error(response.status, b"", secret, self._channel.conventions)
                    return await _copy_body(response, file, max_bytes)
            except errors.APIConnectionError as error:
                if not error.request_sent and environment_proxy(str(url)) is not None:
                    error.message += "; downloads connect directly, not through the proxy that the environment names"
                raise
        raise errors.DownloadError(f"The download redirects more than {MAX_REDIRECTS} times")

    def validate_url(self, url: URL | None) -> URL:
        """Return a URL that may be fetched; a DownloadError that does not repeat it says why another may not."""
        if url is None:
            raise errors.DownloadError("The download's URL is not a URL")
        is_test = self._allows_loopback and url.scheme == "http" and is_loopback(url.host)
        if not url.host or url.userinfo or not (url.scheme == "https" or is_test):
            raise errors.DownloadError("The download's URL is not a plain https URL")
        if url.port is not None and not 0 < url.port < 65536:
            raise errors.DownloadError("The download's URL has no usable port")
        return url

    async def _resolve(self, url: URL) -> str:
        """Resolve the host of ``url``; return one of its addresses if all of them may be connected to."""
        _, host, port = origin(url)
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise errors.DownloadError("The host of the download's URL does not resolve") from None
        hosts = [str(entry[4][0]) for entry in found]
        if not all(is_public(host) or (self._allows_loopback and is_loopback(host)) for host in hosts):
            raise errors.DownloadError("The download's URL is inside a private network")
        return hosts[0]


def location(response: PinnedResponse | DownloadResponse) -> str:
    """Return where a redirect leads."""
    target = response.headers.get("location")
    if not target:
        raise errors.DownloadError("The server redirects the download, but does not say where to")
    return target


async def _copy_body(response: PinnedResponse | DownloadResponse, file: IO[bytes], max_bytes: int) -> int:
    """Write the body to ``file`` as it arrives; return its size."""
    if response.encoding != "identity":
        raise errors.DownloadError("The download has an encoding that was not requested")
    size = 0
    async for chunk in response.chunks():
        size += len(chunk)
        if size > max_bytes:
            raise errors.ResponseTooLargeError(f"The download is larger than {max_bytes} bytes (max_bytes)")
        with _target_errors():
            file.write(chunk)
    return size


class _TargetError(Exception):
    """The file system failed, and not the network or this package."""

    def __init__(self, cause: OSError) -> None:
        self.cause = cause


@contextlib.contextmanager
def _target_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _TargetError(error) from None


@contextlib.contextmanager
def atomic_target(target: Target) -> Iterator[IO[bytes]]:
    """Open ``target`` for writing; a path gets the complete file or stays as it is."""
    if not isinstance(target, (str, os.PathLike)):
        if isinstance(target, io.TextIOBase) or not callable(getattr(target, "write", None)):
            raise errors.ConfigurationError("target must be a path, or a file open for writing bytes")
        yield target
        return
    if not os.fspath(target) or "\0" in os.fspath(target):
        raise errors.ConfigurationError("target must name a file")
    path = Path(os.path.realpath(target))  # the file behind a symbolic link is replaced, not the link
    with _target_errors():
        if path.exists() and not path.is_file():
            raise errors.ConfigurationError("target must be a regular file, or a path where there is none")
        # Only its owner can read such a file, which may be personal.
        file = tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", suffix=".part", delete=False)  # noqa: SIM115
    try:
        yield file
        with _target_errors():
            file.close()
            Path(file.name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):  # the disk may be full; the error that is on its way out says more
            file.close()
        with contextlib.suppress(OSError):
            Path(file.name).unlink(missing_ok=True)
        raise


def is_public(host: str) -> bool:
    """Whether an IP address belongs to the public Internet (IANA special-purpose registries)."""
    address = ipaddress.ip_address(host.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(address.packed[-4:])
        if inner is not None:
            address = inner
        elif any(address in network for network in _NOT_PUBLIC):
            return False
    return address.is_global and not address.is_multicast
