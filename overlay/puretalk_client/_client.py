"""The client that people use: the generated one, with every guarantee added in ``send``."""

from __future__ import annotations

import logging
import math
import ssl
import warnings
from collections.abc import Callable
from typing import Literal, NoReturn, TypeVar

import httpx

from puretalk_generated import Client
from puretalk_generated.spec import API_KEY_HEADER
from puretalk_generated.types import Request, Responses

from ._body import ACCEPT_ENCODING
from ._calls import Calls
from ._config import resolve_api_key, resolve_base_url
from ._decoding import Drift
from ._send import Sender
from ._transports import open_transport
from ._version import __version__
from .errors import ConfigurationError, ResponseDecodeError

T = TypeVar("T")
log = logging.getLogger("puretalk_client")

MAX_LOGGED_PATHS = 1000
"""Paths of drifts that are remembered as logged; a hostile server must not fill the memory."""


class AsyncPuretalk(Client):
    """Async client of the Puretalk AI voice-call API.

    Use one for the life of your service, as an async context manager or with ``aclose()``:

        async with AsyncPuretalk() as client:
            call = await client.calls.get("be8b84ed-16d8-459e-b71c-b0f54fce5ec1")

    Every operation of ``puretalk_generated.api`` takes it as its ``client`` as well.

    Attributes:
        calls: The operations on calls.
    """

    calls: Calls

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        timeout: float = 30.0,
        connect_timeout: float = 5.0,
        max_retries: int = 2,
        max_connections: int = 100,
        max_response_bytes: int = 16 * 1024 * 1024,
        verify_call_id: bool = True,
        strict: bool = False,
        on_drift: Callable[[Drift], object] | None = None,
        allow_insecure: bool = False,
        verify: bool | ssl.SSLContext = True,
        transport: Literal["httpx", "aiohttp"] = "httpx",
        http_client: httpx.AsyncClient | None = None,
    ) -> None:
        """Build a client; nothing is sent yet.

        Args:
            api_key: The API key; else the environment variable ``PURETALK_API_KEY``.
            base_url: Where the API is; else ``PURETALK_BASE_URL``, else the spec's server.
            timeout: Seconds that a whole call of a method may take: connecting, all attempts, the waits
                between them, and the body.
            connect_timeout: Seconds that connecting may take, TLS included.
            max_retries: How often a request is sent again after a failure that may pass.
            max_connections: Connections at the same time; requests beyond them wait for one.
            max_response_bytes: Bytes that a body may have, decompressed.
            verify_call_id: Refuse an answer that carries another call's id than the one asked for.
            strict: Raise ResponseDecodeError where an answer strays from the spec, instead of keeping the
                stray value as it came.
            on_drift: Called with each place where an answer strays from the spec.
            allow_insecure: Let ``base_url`` be plain http on another machine than this one.
            verify: An SSL context of your own, or False, with a warning, to trust any certificate.
            transport: The HTTP library. "aiohttp" (``pip install 'puretalk-client[aiohttp]'``) costs less per call,
                the more so the more calls are in flight.
            http_client: Your own connection pool. It is used with its settings, and left open on close.

        Raises:
            ConfigurationError: One of these cannot be used. The message never holds the key.
        """
        # No local may hold the key when something below raises: tools print the locals of each frame.
        self.api_key, self.base_url, self.timeout = api_key, "", 0.0
        del api_key
        self.base_url = resolve_base_url(base_url, allow_insecure=allow_insecure)
        self.timeout = seconds("timeout", timeout)
        self.api_key = resolve_api_key(self.api_key)
        self.verify_call_id = verify_call_id
        if verify is False:
            warnings.warn("TLS certificates are not verified: anybody can read the API key", stacklevel=2)
        connect_timeout = seconds("connect_timeout", connect_timeout)
        self._strict = strict
        self._on_drift = on_drift
        self._logged_paths: set[str] = set()
        self._closed = False
        self._sender = Sender(
            transport=open_transport(
                transport if http_client is None else http_client,
                self.base_url,
                verify=verify,
                connect_timeout=connect_timeout,
                max_connections=whole("max_connections", max_connections, least=1),
            ),
            base_url=self.base_url,
            headers=(
                *([(API_KEY_HEADER, self.api_key)] if API_KEY_HEADER else []),
                ("Accept", "application/json"),
                ("Accept-Encoding", ACCEPT_ENCODING),
                ("User-Agent", f"puretalk-client/{__version__}"),
            ),
            secret=self.api_key,
            verify=verify,
            connect_timeout=connect_timeout,
            max_retries=whole("max_retries", max_retries, least=0),
            max_response_bytes=whole("max_response_bytes", max_response_bytes, least=1),
            on_drifts=self._report,
        )
        self.calls = Calls(self)

    async def send(
        self,
        request: Request,
        responses: Responses[T],
        *,
        check: Callable[[T], None] | None = None,
        timeout: float | None = None,
    ) -> T:
        """Send ``request`` and return the body of its answer, decoded.

        Args:
            request: What an operation's ``request`` function built.
            responses: That operation's ``RESPONSES``.
            check: Raises a PuretalkError when the decoded body is not to be trusted.
            timeout: Seconds that this may take with all retries; else the client's.

        Raises:
            PuretalkError: Anything but success; see ``puretalk_client.errors``.
        """
        if self._closed:
            raise ConfigurationError("this client is closed")
        limit = self.timeout if timeout is None else seconds("timeout", timeout)
        return await self._sender.run(request, responses, check, limit)

    def _report(self, drifts: list[Drift]) -> None:
        """Tell of strays: raise under ``strict``, else call back, and log each path once."""
        if self._strict:
            first = drifts[0]
            message = (
                f"{first.path} should be {first.expected}, but is {first.got_type} ({len(drifts)} strays)"
            )
            raise ResponseDecodeError(f"the answer strays from the spec: {message}", drifts=tuple(drifts))
        for drift in drifts:
            if drift.path not in self._logged_paths and len(self._logged_paths) < MAX_LOGGED_PATHS:
                self._logged_paths.add(drift.path)
                log.warning("answer strays from the spec: %s should be %s, but is %s", *drift.parts())
            if self._on_drift is not None:
                try:
                    self._on_drift(drift)
                except Exception as error:
                    # The caller's call is not to fail for this; the text of the error may quote anything.
                    log.error("on_drift raised %s", type(error).__name__)

    async def aclose(self) -> None:
        """Close the connections, unless they are the caller's own. No call works afterwards."""
        self._closed = True
        await self._sender.transport.aclose()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a client holds the API key and open connections, and cannot be pickled")


def seconds(name: str, value: float) -> float:
    """Return ``value`` if it is a finite time above 0.

    Raises:
        ConfigurationError: It is not.
    """
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or not math.isfinite(value)
        or value <= 0
    ):
        raise ConfigurationError(f"{name} must be a finite number of seconds above 0")
    return float(value)


def whole(name: str, value: int, *, least: int) -> int:
    """Return ``value`` if it is an integer of at least ``least``.

    Raises:
        ConfigurationError: It is not.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ConfigurationError(f"{name} must be an integer of at least {least}")
    return value
