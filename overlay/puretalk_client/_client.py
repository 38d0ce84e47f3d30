"""The client: options, connections and resources."""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Callable
from typing import Literal, NoReturn, Self, TypeVar, overload

import httpx

from puretalk_generated.spec import API_KEY_HEADER, SERVER
from puretalk_generated.types import Request, Responses

from ._calls import CallsResource
from ._core.options import Options, resolve_api_key, validate_timeout
from ._core.redaction import Secret, install_log_filters
from ._core.sender import Sender
from ._core.transports import open_transport
from ._core.transports.urls import resolve_base_url
from ._envelope import Envelope
from ._types import Drift
from ._version import __version__

T = TypeVar("T")


class _CallsAttribute:
    """``client.calls``: read-only, and on the class the resource's own class, whose methods autospec then finds."""

    @overload
    def __get__(self, client: None, owner: type[AsyncPuretalk]) -> type[CallsResource]: ...
    @overload
    def __get__(self, client: AsyncPuretalk, owner: type[AsyncPuretalk]) -> CallsResource: ...
    def __get__(self, client: AsyncPuretalk | None, owner: type[AsyncPuretalk]) -> CallsResource | type[CallsResource]:
        return CallsResource if client is None else client._calls

    def __set__(self, client: AsyncPuretalk, value: object) -> NoReturn:
        raise AttributeError("calls is read-only")


class AsyncPuretalk:
    """Async client of the Puretalk AI voice-call API.

    Use one for the life of your service, as an async context manager or with ``aclose()``:

        async with AsyncPuretalk() as client:
            call = await client.calls.get("be8b84ed-16d8-459e-b71c-b0f54fce5ec1")

    It is a ``puretalk_generated.Sender``: every operation of ``puretalk_generated.api`` takes it.
    """

    calls: _CallsAttribute = _CallsAttribute()
    """The operations on calls."""

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        timeout: float = 30.0,
        connect_timeout: float = 5.0,
        max_retries: int = 2,
        max_connections: int = 100,
        max_response_bytes: int = 2 * 1024 * 1024,
        verify_call_id: bool = True,
        strict: bool = False,
        on_drift: Callable[[Drift], object] | None = None,
        allow_insecure: bool = False,
        verify: bool | ssl.SSLContext = True,
        transport: Literal["httpx", "aiohttp"] = "httpx",
        http_client: httpx.AsyncClient | None = None,
    ) -> None:
        """Make a client; nothing is sent yet.

        Args:
            api_key: The API key; else the environment variable ``PURETALK_API_KEY``.
            base_url: Where the API is; else ``PURETALK_BASE_URL``, else the server of openapi.yaml.
            timeout: Seconds for a request: waiting for a connection, connecting, all attempts, the delays between
                them, and the body.
            connect_timeout: Seconds for connecting, TLS included.
            max_retries: How often a request is sent again after a transient failure.
            max_connections: Connections, and so requests, at the same time; further requests wait for one.
            max_response_bytes: Largest size of a body, decompressed; a call of 40 turns has 17 kB. Decoding stops the
                event loop for up to 20 ms for each MiB.
            verify_call_id: Refuse a response that carries the id of another call.
            strict: Raise ResponseDecodeError where a response does not match the document, instead of keeping
                the value as received.
            on_drift: Called with each place where a response does not match the document.
            allow_insecure: Allow a ``base_url`` of plain http on another machine than this one.
            verify: Your own SSL context; or False, with a warning, to trust any certificate.
            transport: The HTTP library. "aiohttp" (``pip install 'puretalk-client[aiohttp]'``) needs less CPU,
                the more so the more requests are concurrent.
            http_client: Your own client. It is used with its settings, and stays open when this one closes.

        Raises:
            ConfigurationError: One of these cannot be used. The message never holds the key.
        """
        # A traceback may show the locals of this frame.
        secret, api_key = None if api_key is None else Secret(api_key), None
        options = Options(
            base_url=resolve_base_url(base_url, "PURETALK_BASE_URL", SERVER, allow_insecure=allow_insecure),
            api_key=resolve_api_key(secret, "PURETALK_API_KEY"),
            key_header=API_KEY_HEADER,
            headers=(("Accept", "application/json"), ("User-Agent", f"puretalk-client/{__version__}")),
            timeout=timeout,
            connect_timeout=connect_timeout,
            max_retries=max_retries,
            max_connections=max_connections,
            max_response_bytes=max_response_bytes,
            strict=strict,
            on_drift=on_drift,
            verify=verify,
        )
        if verify is False:
            warnings.warn("TLS certificates are not verified: anybody can read the API key", stacklevel=2)
        install_log_filters()
        self._sender = Sender(options, open_transport(http_client or transport, options), Envelope(strict=strict))
        self._calls = CallsResource(self._sender, verify_call_id=verify_call_id)

    @property
    def base_url(self) -> str:
        """Where the API is, without a trailing slash."""
        return self._sender.options.base_url

    @property
    def timeout(self) -> float:
        """Seconds for a request with all its attempts."""
        return self._sender.options.timeout

    @property
    def max_retries(self) -> int:
        """How often a request is sent again after a transient failure."""
        return self._sender.options.max_retries

    @property
    def max_connections(self) -> int:
        """Connections, and so requests, at the same time."""
        return self._sender.options.max_connections

    @property
    def max_response_bytes(self) -> int:
        """Largest size of a body, decompressed."""
        return self._sender.options.max_response_bytes

    async def send(self, request: Request, responses: Responses[T], *, timeout: float | None = None) -> T:
        """Send ``request`` and return the decoded body of its response.

        Args:
            request: What an operation's ``request`` function built.
            responses: That operation's ``RESPONSES``.
            timeout: Seconds for the request with all its attempts; else the client's.

        Raises:
            PuretalkError: Anything but success; see ``puretalk_client.errors``.
        """
        seconds = None if timeout is None else validate_timeout("timeout", timeout)
        return await self._sender.send(request, responses, timeout=seconds)

    async def aclose(self) -> None:
        """Close the connections, unless they are your own client's. No request works afterwards."""
        await self._sender.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        if not hasattr(self, "_sender"):  # a local of a constructor that raised
            return "<AsyncPuretalk>"
        return f"<AsyncPuretalk {self.base_url}{' (closed)' if self._sender.is_closed else ''}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a client holds the API key and open connections, and cannot be pickled")
