"""What the sender needs from an HTTP library, and the errors that all of them share."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

import httpx

from ...errors import APIConnectionError, ConfigurationError, ProtocolError, TLSError
from .. import redaction

Headers = Sequence[tuple[str, str]]

KEEPALIVE_SECONDS = 30.0
"""How long an idle connection is kept: less than the minute after which common load balancers close it."""


MAX_HANDSHAKES = 32
"""Connections that are opened at a time: in a burst, all of them would wait for each other."""
LATE = 0.1
"""Seconds after which a timer that fires says more about the event loop than about the server."""


class TransportResponse(Protocol):
    """A response whose body has not been read yet.

    ``received`` returns the body if all of it is here, and ``chunks`` yields it as it arrives; both still encoded.
    ``close`` releases the connection, or drops it; one whose body was not read to its end is dropped anyway.
    ``http_version`` is "1.1" or "2", for example; None if the library does not say.
    """

    status: int
    headers: Mapping[str, str]
    encoding: str
    """Content-Encoding (RFC 9110, section 8.4), all headers of that name joined; ``identity`` without one."""

    @property
    def http_version(self) -> str | None: ...
    def received(self) -> bytes | None: ...
    def chunks(self) -> AsyncIterator[bytes]: ...
    async def close(self, *, drop: bool) -> None: ...


class Transport(Protocol):
    """One HTTP library, set up for one client. It opens as many connections as there are requests at once.

    ``send`` returns when the head of the response has arrived. ``map_error`` returns the error of this package that
    says what an exception of the library means. ``aclose`` closes all connections, unless they are the caller's.
    """

    name: str
    """What to call it in a repr."""
    is_external: bool
    """Whether the pool belongs to the caller, who may use it in any event loop, and closes it."""
    max_connections: int
    """Requests that it can take at a time; ``sys.maxsize`` if it sets no limit of its own."""
    tls: ssl.SSLContext | None
    """What it uses for https, where that is known; downloads use it too."""

    async def send(self, method: str, url: str, headers: Headers, content: bytes | None) -> TransportResponse: ...
    def map_error(self, error: Exception) -> APIConnectionError: ...
    async def aclose(self) -> None: ...


class Handshakes:
    """Bounds how long a connection may take to open, and how many are being opened."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._free = asyncio.Semaphore(MAX_HANDSHAKES)

    @contextlib.asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Open a connection within this; a TimeoutError says that it took too long."""
        async with self._free, asyncio.timeout(None) as limit:
            timer = PatientTimer(limit, self._timeout)
            try:
                yield
            finally:
                timer.cancel()


class PatientTimer:
    """Ends a timeout when its time is over; where the event loop was late, after as much time again.

    A busy event loop has not seen yet what arrived meanwhile.
    """

    def __init__(self, limit: asyncio.Timeout, seconds: float) -> None:
        self._limit, self._seconds = limit, seconds
        self._loop = asyncio.get_running_loop()
        self._start(seconds)

    def _start(self, seconds: float) -> None:
        self._due = self._loop.time() + seconds
        self._handle = self._loop.call_at(self._due, self._fire)

    def _fire(self) -> None:
        lateness = self._loop.time() - self._due
        if lateness < LATE:
            self._limit.reschedule(self._due)
        else:
            self._start(min(lateness, self._seconds))

    def cancel(self) -> None:
        """Stop the timer."""
        self._handle.cancel()


def tls_context(url: str, verify: bool | ssl.SSLContext) -> ssl.SSLContext | None:
    """Return one context for all connections, since loading the trusted roots takes long; None for http.

    Raises:
        ConfigurationError: The environment names certificates that cannot be read.
    """
    if not url.startswith("https:"):
        return None
    try:
        return httpx.create_ssl_context(verify=verify)
    except OSError as error:  # an ssl.SSLError is one too
        text = redaction.words(redaction.reason(error))
        raise ConfigurationError(f"The certificates that SSL_CERT_FILE names cannot be loaded: {text}") from None


def connect_error(destination: str, error: Exception) -> APIConnectionError:
    """Return the error of a connection that could not be opened; ``destination`` is its host and port."""
    cause = redaction.reason(error)
    if isinstance(cause, ssl.SSLError):
        return _with_cause(TLSError(f"TLS handshake with {destination} failed: {redaction.words(cause)}"), cause)
    message = f"Could not connect to {destination}: {redaction.words(cause)}"
    return _with_cause(APIConnectionError(message, request_sent=False), cause)


def broken_error(destination: str, error: Exception) -> APIConnectionError:
    """Return the error of an open connection that broke, or of an exception that is not expected."""
    cause = redaction.reason(error)
    text = redaction.words(cause) if cause is not None else type(error).__name__
    return _with_cause(APIConnectionError(f"The connection to {destination} broke: {text}"), cause)


def protocol_error(destination: str, error: Exception) -> APIConnectionError:
    """Return the error of a server that closed the connection too early, or that does not speak HTTP."""
    message = f"{destination} disconnected or sent malformed HTTP ({type(error).__name__})"
    return _with_cause(ProtocolError(message), redaction.reason(error))


def _with_cause(error: APIConnectionError, cause: Exception | None) -> APIConnectionError:
    error.__cause__ = cause
    return error
