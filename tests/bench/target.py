"""What each compared client fetches from, and how."""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

if TYPE_CHECKING:  # a cold start should pay only for what its client imports
    import ssl

API_KEY = "benchmark-key"
HEADERS = {"X-API-KEY": API_KEY}
KEEPALIVE_SECONDS = 30.0
MIN_CONNECTIONS = 100

Fetch = Callable[[str], Awaitable[Any]]
"""Fetches a call by its id; returns the call's model, or a dict where the client is untyped."""


class Target(NamedTuple):
    """A server, and how to connect to it.

    Attributes:
        base_url: Where the server is.
        max_connections: Connections that the client may open and keep.
        tls: The context that trusts the server; None over http.
    """

    base_url: str
    max_connections: int = MIN_CONNECTIONS
    tls: ssl.SSLContext | None = None


Opener = Callable[[Target], AbstractAsyncContextManager[Fetch]]


def target(base_url: str, in_flight: int) -> Target:
    """Return the target of a measurement with this many fetches in flight."""
    context = import_module("tests.bench.tls").client_context() if base_url.startswith("https:") else None
    return Target(base_url, max(MIN_CONNECTIONS, in_flight), context)


def use_paths_of_a_service() -> None:
    """Leave in sys.path what a service has: its own folder and what is installed.

    Without sniffio, httpcore searches all of it in each request: the benchmark's paths would make httpx look slower
    than it is. What a client needs from them is imported by its first fetch.
    """
    installed = [path for path in sys.path if path.startswith((sys.prefix, sys.base_prefix))]
    sys.path[:] = [os.getcwd(), *installed]  # noqa: PTH109  # no pathlib before a cold start


def leave() -> NoReturn:
    """End a process that has measured, without the interpreter's shutdown.

    The threads of pyreqwest 0.15.1 take the interpreter's lock while CPython 3.11 shuts down, which then aborts.
    """
    sys.stdout.flush()
    os._exit(0)


def call_decoder() -> Callable[[Any], Any]:
    """Return msgspec's decoder into our models, without anything around it."""
    codec, models = import_module("puretalk_generated.codec"), import_module("puretalk_client.models")
    decode: Callable[[Any], Any] = codec.decoder(models.CallEnvelope).decode
    return decode


def deliver(status: int, content: Any, decode: Callable[[Any], Any]) -> Any:
    """Return the call in the body of a response, as the least careful caller would.

    Raises:
        ValueError: The status is not 200.
    """
    if status != 200:
        raise ValueError(f"the status is {status}")
    return decode(content).results


def aiohttp_session(target: Target) -> Any:
    """Return a session of aiohttp for this target."""
    aiohttp = import_module("aiohttp")
    connector = aiohttp.TCPConnector(
        limit=target.max_connections, keepalive_timeout=KEEPALIVE_SECONDS, ssl=target.tls or True
    )
    return aiohttp.ClientSession(connector=connector, headers=HEADERS)


def httpx_limits(library: Any, target: Target) -> Any:
    """Return the limits of a pool of ``library``, which is httpx or httpx2."""
    return library.Limits(
        max_connections=target.max_connections,
        max_keepalive_connections=target.max_connections,
        keepalive_expiry=KEEPALIVE_SECONDS,
    )
