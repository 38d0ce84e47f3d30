"""The client that people use: the generated one, with every guarantee added in ``send``."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

import httpx

from puretalk_generated import Client
from puretalk_generated.client import body_arguments, headers_of
from puretalk_generated.spec import API_KEY_HEADER
from puretalk_generated.types import Request, Responses

from . import _answers
from ._calls import Calls
from ._config import resolve_api_key, resolve_base_url
from .errors import (
    APIConnectionError,
    APITimeoutError,
    ConfigurationError,
    ProtocolError,
    PuretalkError,
)

T = TypeVar("T")


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
        allow_insecure: bool = False,
        http_client: httpx.AsyncClient | None = None,
    ) -> None:
        """Build a client; nothing is sent yet.

        Args:
            api_key: The API key; else the environment variable ``PURETALK_API_KEY``.
            base_url: Where the API is; else ``PURETALK_BASE_URL``, else the spec's server.
            timeout: Seconds that a whole call of a method may take.
            allow_insecure: Let ``base_url`` be plain http on another machine than this one.
            http_client: Your own connection pool. It is used with its settings, and left open on close.

        Raises:
            ConfigurationError: One of these cannot be used. The message never holds the key.
        """
        # No local may hold the key when something below raises: tools print the locals of each frame.
        self.api_key, self.base_url, self.timeout = api_key, "", 0.0
        del api_key
        self.base_url = resolve_base_url(base_url, allow_insecure=allow_insecure)
        if not (isinstance(timeout, (int, float)) and math.isfinite(timeout) and timeout > 0):
            raise ConfigurationError("timeout must be a finite number of seconds above 0")
        self.timeout = float(timeout)
        self.api_key = resolve_api_key(self.api_key)
        self._owns_http = http_client is None
        self.http = http_client if http_client is not None else httpx.AsyncClient(timeout=self.timeout)
        self.calls = Calls(self)

    async def send(
        self, request: Request, responses: Responses[T], *, check: Callable[[T], None] | None = None
    ) -> T:
        """Send ``request`` and return the body of its answer, decoded.

        Args:
            request: What an operation's ``request`` function built.
            responses: That operation's ``RESPONSES``.
            check: Raises a PuretalkError when the decoded body is not to be trusted.

        Raises:
            PuretalkError: Anything but success; see ``puretalk_client.errors``.
        """
        start = time.monotonic()
        context: dict[str, Any] = {"method": request.method, "path": request.path, "attempts": 1}
        try:
            try:
                async with asyncio.timeout(self.timeout):
                    response = await self._exchange(request)
            except (TimeoutError, httpx.HTTPError) as error:
                raise_connection_error(error)
            context["status"] = response.status_code
            context["request_id"] = response.headers.get("x-request-id")
            value, _ = _answers.read(response.status_code, response.content, responses)
            if check is not None:
                check(value)
        except PuretalkError as error:
            error.__dict__.update(context, elapsed=time.monotonic() - start)
            raise
        result: T = value
        return result

    async def _exchange(self, request: Request) -> httpx.Response:
        return await self.http.request(
            request.method,
            self.base_url + request.path,
            params=request.params or None,
            headers=[(API_KEY_HEADER or "", self.api_key or ""), *headers_of(request)],
            follow_redirects=False,
            **body_arguments(request.body),
        )

    async def aclose(self) -> None:
        """Close the connection pool, unless it is the caller's own."""
        if self._owns_http:
            await self.http.aclose()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a client holds the API key and open connections, and cannot be pickled")


def raise_connection_error(error: Exception) -> NoReturn:
    """Raise the error of this package that says what ``error`` says.

    The cause stays chained but loses its traceback, since the frames of HTTP libraries hold request headers.
    """
    cause = error.with_traceback(None)
    if isinstance(error, (TimeoutError, httpx.TimeoutException)):
        raise APITimeoutError("no answer within the time given") from cause
    if isinstance(error, (httpx.ProtocolError, httpx.DecodingError)):
        raise ProtocolError("the other end broke off or does not speak HTTP") from cause
    raise APIConnectionError("no connection, or it broke") from cause
