"""The client: options, connections and resources."""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Callable, Mapping
from types import EllipsisType
from typing import Any, Literal, NoReturn, Self, TypeVar, overload

from attrs import evolve

from puretalk_generated import models as generated
from puretalk_generated.spec import API_KEY, SERVER
from puretalk_generated.types import Request, Responses

from ._calls import CallsResource
from ._core.options import (
    DEFAULT_RETRIES,
    APIKey,
    Options,
    RateLimit,
    Retries,
    resolve_api_key,
    user_agent,
    validate_headers,
    validate_request_options,
    validate_retries,
)
from ._core.pool import Pool
from ._core.raw import RawResponse
from ._core.redaction import Secret, install_log_filters
from ._core.sender import Sender
from ._core.telemetry import open_telemetry
from ._core.transports import HTTPClient, Transport, open_transport
from ._core.transports.urls import resolve_base_url
from ._envelope import Envelope
from ._pagination import ListOperation, Paginator
from ._types import Attempt, Drift
from ._version import __version__
from .errors import ConfigurationError
from .models import Call

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

    Create one client and keep it for the life of your service. Use it as an async context manager, or close it with
    ``aclose()``::

        async with AsyncPuretalk() as client:
            call = await client.calls.get("be8b84ed-16d8-459e-b71c-b0f54fce5ec1")

    It is a ``puretalk_generated.Sender``: every operation in ``puretalk_generated.api`` accepts it.
    """

    calls: _CallsAttribute = _CallsAttribute()
    """The operations on calls."""

    def __init__(
        self,
        api_key: APIKey | None = None,
        *,
        base_url: str | None = None,
        timeout: float = 30.0,
        connect_timeout: float | None = None,
        max_retries: int | None = None,
        retries: Retries | None = None,
        max_connections: int | None = None,
        max_response_bytes: int = 2 * 1024 * 1024,
        rate_limit: RateLimit | None = None,
        default_headers: Mapping[str, str] | None = None,
        user_agent_suffix: str | None = None,
        verify_call_id: bool = True,
        strict: bool = False,
        on_drift: Callable[[Drift], object] | None = None,
        on_attempt: Callable[[Attempt], object] | None = None,
        allow_insecure: bool = False,
        verify: bool | ssl.SSLContext | None = None,
        transport: Literal["httpx", "aiohttp"] | None = None,
        http_client: HTTPClient | None = None,
        telemetry: bool | None = None,
    ) -> None:
        """Make a client; nothing is sent yet.

        Args:
            api_key: The API key, or a function, which may be async, that returns the key for each attempt. Default:
                the environment variable ``PURETALK_API_KEY``.
            base_url: URL of the API. Default: the environment variable ``PURETALK_BASE_URL``, or if it is not set,
                the server of openapi.yaml.
            timeout: Seconds for a request as a whole: waiting for a connection, connecting, all attempts, the delays
                between them, and the body.
            connect_timeout: Seconds for connecting, TLS included. Default: 5.
            max_retries: How often a transient failure is retried, at least 0. Default: 2.
            retries: In place of ``max_retries``, limits of the retries, their delays and the request as a whole, so
                that a batch survives an outage.
            max_connections: Limit of connections, and therefore of concurrent requests. Further requests wait, first
                in, first out. Default: 100.
            max_response_bytes: Largest size of a body, decompressed. A call of 40 turns has 17 kB. Decoding blocks the
                event loop for up to 20 ms per MiB.
            rate_limit: Attempts per second, evenly spaced; or an async context manager that each attempt enters, such
                as a limiter that several clients share.
            default_headers: Headers to send with every request. No repr, log or error contains their values.
            user_agent_suffix: Added to the User-Agent, e.g. the name of your service.
            verify_call_id: Raise CallIdMismatchError for a response with the id of another call.
            strict: Raise ResponseDecodeError if a response does not match the document, instead of keeping the value
                as received.
            on_drift: Called with each place where a response does not match the document.
            on_attempt: Called after each attempt. If it raises, the client logs that and goes on.
            allow_insecure: Allow a ``base_url`` with plain http on another machine.
            verify: Your own SSL context; or False, with a warning, to trust any certificate.
            transport: The HTTP library: "httpx", the default, or "aiohttp", which needs less CPU
                and the extra ``aiohttp``.
            http_client: Your own ``httpx.AsyncClient`` or ``httpx2.AsyncClient``. Its settings apply, and it stays open
                when this client closes. It excludes ``transport``, ``verify``, ``connect_timeout`` and
                ``max_connections``, which it has itself.
            telemetry: Whether the client records OpenTelemetry spans and metrics, with the extra ``otel``. By default,
                it does if the application has imported ``opentelemetry`` before the client is made.

        Raises:
            ConfigurationError: An argument cannot be used, or there is no API key. The message never has the key.
        """
        # A traceback may show the locals of this frame.
        secret, api_key = None if api_key is None else Secret(api_key), None
        if http_client is not None:
            settings = {
                "transport": transport,
                "verify": verify,
                "connect_timeout": connect_timeout,
                "max_connections": max_connections,
            }
            if given := [name for name, value in settings.items() if value is not None]:
                raise ConfigurationError(f"http_client has settings of its own: pass it without {', '.join(given)}")
        headers = validate_headers(default_headers, API_KEY)
        agent = user_agent(f"puretalk-client/{__version__}", user_agent_suffix)
        patience = validate_retries(max_retries, retries)
        url = resolve_base_url(base_url, "PURETALK_BASE_URL", SERVER, allow_insecure=allow_insecure)
        options = Options(
            base_url=url,
            uses_servers=url == SERVER,
            api_key=resolve_api_key(secret, "PURETALK_API_KEY"),
            key_place=API_KEY,
            headers=(("User-Agent", agent), *headers),
            timeout=timeout,
            connect_timeout=5.0 if connect_timeout is None else connect_timeout,
            retries=DEFAULT_RETRIES if patience is None else DEFAULT_RETRIES.replaced_by(patience),
            max_connections=100 if max_connections is None else max_connections,
            max_response_bytes=max_response_bytes,
            rate_limit=rate_limit,
            strict=strict,
            on_drift=on_drift,
            on_attempt=on_attempt,
            verify=True if verify is None else verify,
            telemetry=open_telemetry(telemetry, __version__),
        )
        if verify is False:
            warnings.warn("TLS certificates are not verified: anybody can read the API key", stacklevel=2)
        install_log_filters()

        def open_at(url: str) -> Transport:
            kind = "httpx" if transport is None else transport
            return open_transport(kind, evolve(options, base_url=url), http_client)

        pool = Pool(open_at(url), options.max_connections, open_at)
        self._use(Sender(options, pool, Envelope(strict=strict)), verify_call_id)

    def _use(self, sender: Sender, verify_call_id: bool) -> None:
        self._sender = sender
        self._verify_call_id = verify_call_id
        self._calls = CallsResource(sender, verify_call_id=verify_call_id)

    def with_options(
        self,
        *,
        timeout: float | EllipsisType = ...,
        max_retries: int | EllipsisType = ...,
        retries: Retries | EllipsisType = ...,
        rate_limit: RateLimit | EllipsisType | None = ...,
        on_attempt: Callable[[Attempt], object] | EllipsisType | None = ...,
        strict: bool | EllipsisType = ...,
    ) -> Self:
        """Return a client with other options over the same connections; closing either closes both.

        Options that you do not pass stay as they are.

        Args:
            timeout: As for ``AsyncPuretalk``.
            max_retries: As for ``AsyncPuretalk``. The other settings of ``retries`` stay.
            retries: As for ``AsyncPuretalk``.
            rate_limit: As for ``AsyncPuretalk``; None removes the limit. A number applies to the requests of the new
                client only.
            on_attempt: As for ``AsyncPuretalk``; None removes the function.
            strict: As for ``AsyncPuretalk``.

        Raises:
            ConfigurationError: An argument cannot be used.
        """
        if max_retries is None or retries is None:
            raise ConfigurationError("max_retries and retries must not be None here")
        patience = validate_retries(None if max_retries is ... else max_retries, None if retries is ... else retries)
        passed = {
            "timeout": timeout,
            "retries": self._sender.options.retries.replaced_by(patience) if patience is not None else ...,
            "rate_limit": rate_limit,
            "on_attempt": on_attempt,
            "strict": strict,
        }
        changes: dict[str, Any] = {name: value for name, value in passed.items() if value is not ...}
        options: Options = evolve(self._sender.options, **changes)
        client = object.__new__(type(self))
        client._use(self._sender.with_options(options, Envelope(strict=options.strict)), self._verify_call_id)
        return client

    @property
    def base_url(self) -> str:
        """URL of the API, without a trailing slash."""
        return self._sender.options.base_url

    @property
    def timeout(self) -> float:
        """Seconds for a request with all its attempts."""
        return self._sender.options.timeout

    @property
    def max_retries(self) -> int | None:
        """How often a transient failure is retried; None for as often as there is time."""
        return self._sender.options.retries.max_retries

    @property
    def retries(self) -> Retries:
        """Limits of the retries."""
        return self._sender.options.retries

    @property
    def max_connections(self) -> int:
        """Limit of connections, and therefore of concurrent requests."""
        return self._sender.pool.max_connections

    @property
    def max_response_bytes(self) -> int:
        """Largest size of a body, decompressed."""
        return self._sender.options.max_response_bytes

    async def send(
        self,
        request: Request,
        responses: Responses[T],
        *,
        timeout: float | None = None,
        max_retries: int | None = None,
        retries: Retries | None = None,
    ) -> T:
        """Send ``request`` and return the decoded body of its response.

        Args:
            request: A request that an operation's ``request`` function built.
            responses: That operation's ``RESPONSES``.
            timeout: Seconds for the request with all its attempts. Default: the client's.
            max_retries: How often a transient failure is retried. Default: the client's.
            retries: Limits of retries, in place of ``max_retries``. Default: the client's.

        Raises:
            PuretalkError: The request failed; see ``puretalk_client.errors``.
        """
        options = validate_request_options(timeout, max_retries, retries)
        return await self._sender.send(request, responses, **options)

    async def send_raw(
        self,
        request: Request,
        responses: Responses[T],
        *,
        timeout: float | None = None,
        max_retries: int | None = None,
        retries: Retries | None = None,
    ) -> RawResponse[T]:
        """Send ``request`` as ``send`` does, and return the successful response as received.

        The arguments are those of ``send``; only ``parse`` of the response uses ``responses``.

        Raises:
            PuretalkError: No success, or the body is too large.
        """
        options = validate_request_options(timeout, max_retries, retries)
        return await self._sender.send_raw(request, responses, **options)

    @overload
    def paginate(
        self, operation: ListOperation[generated.Call], /, *, max_items: int | None = None, **parameters: Any
    ) -> Paginator[Call]: ...
    @overload
    def paginate(
        self, operation: ListOperation[T], /, *, max_items: int | None = None, **parameters: Any
    ) -> Paginator[T]: ...
    def paginate(
        self, operation: ListOperation[Any], /, *, max_items: int | None = None, **parameters: Any
    ) -> Paginator[Any]:
        """Return the items of a list operation, page after page, as an async iterator.

            from puretalk_generated.api.calls import list_calls

            async for call in client.paginate(list_calls, status="completed"):
                print(call.call_id)

        While you use the items of a page, the client fetches the next one. The server decides which page is next: the
        client uses the number in ``next``, never a URL. An error in a page is raised after the items before it. More
        than ten empty pages in a row are an error.

        Args:
            operation: A module of ``puretalk_generated.api`` whose operation has a parameter ``page`` and a response
                with ``next`` and ``results``.
            max_items: Largest number of items to return, at least 1. Default: all.
            **parameters: Parameters of the operation: ``limit``, the size of a page; ``page``, the page to start at;
                and filters. To resume, pass the iterator's ``page``; that page begins again with its first item.

        Raises:
            ConfigurationError: ``operation`` is not a list operation, or ``page`` or ``max_items`` cannot be used.
            TypeError: The operation does not have one of the parameters.
            ResponseDecodeError: While iterating: an item is not an object, or ``next`` leads to no later page.
            MissingResultsError: While iterating: a page has no results.
            PuretalkError: While iterating: anything else failed; see ``puretalk_client.errors``.
        """
        # A traceback may show the locals of this frame, and a filter can be a phone number.
        secret, parameters = Secret(parameters), {}
        return Paginator(self._sender, operation, secret, max_items)

    async def aclose(self) -> None:
        """Close the connections, but not your own ``http_client``. Requests fail afterwards."""
        await self._sender.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        if not hasattr(self, "_sender"):  # a local of a constructor that raised
            return "<AsyncPuretalk>"
        pool = self._sender.pool
        return f"<AsyncPuretalk {self.base_url} over {pool.transport.name}{' (closed)' if pool.is_closed else ''}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a client holds the API key and open connections, and cannot be pickled")
