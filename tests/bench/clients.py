"""The clients that are compared, each behind the same function, which fetches the call with an id.

A library is imported when its client opens: a missing one costs only the rows of that client, and the process of a
client does not load the libraries of the others.
"""

from __future__ import annotations

import contextlib
import gc
import typing
from collections.abc import AsyncIterator, Awaitable, Callable
from importlib import import_module
from typing import Any

import attrs

Fetch = Callable[[str], Awaitable[Any]]
"""Fetches a call by its id; returns the call's model."""

API_KEY = "benchmark-key"
KEEPALIVE_SECONDS = 30.0
GC_THRESHOLD = 10_000
STOCK = "stock_client"
OPENAPI_GENERATOR = "oag_client"


@contextlib.asynccontextmanager
async def limit(base_url: str, max_connections: int) -> AsyncIterator[Fetch]:
    """Bare aiohttp, and msgspec into our models: the least that can be done, and none of the guarantees."""
    aiohttp, codec = import_module("aiohttp"), import_module("puretalk_generated.codec")
    decoder = codec.decoder(import_module("puretalk_client.models").CallEnvelope)
    connector = aiohttp.TCPConnector(limit=max_connections, keepalive_timeout=KEEPALIVE_SECONDS)
    async with aiohttp.ClientSession(connector=connector, headers={"X-API-KEY": API_KEY}) as session:

        async def fetch(call_id: str) -> Any:
            async with session.get(f"{base_url}/calls/{call_id}") as response:
                return decoder.decode(await response.read()).results

        yield fetch


@contextlib.asynccontextmanager
async def ours(base_url: str, max_connections: int, **options: Any) -> AsyncIterator[Fetch]:
    """This package's client with its default options: every guarantee is on."""
    puretalk_client = import_module("puretalk_client")
    client = puretalk_client.AsyncPuretalk(API_KEY, base_url=base_url, max_connections=max_connections, **options)
    async with client:
        yield client.calls.get


@contextlib.asynccontextmanager
async def ours_on_aiohttp(base_url: str, max_connections: int) -> AsyncIterator[Fetch]:
    """This package's client on aiohttp."""
    async with ours(base_url, max_connections, transport="aiohttp") as fetch:
        yield fetch


@contextlib.asynccontextmanager
async def ours_collecting_less(base_url: str, max_connections: int) -> AsyncIterator[Fetch]:
    """The same in an application that collects garbage less often, which shows the share of the collector."""
    thresholds = gc.get_threshold()
    gc.set_threshold(GC_THRESHOLD)
    try:
        async with ours_on_aiohttp(base_url, max_connections) as fetch:
            yield fetch
    finally:
        gc.set_threshold(*thresholds)


@contextlib.asynccontextmanager
async def stock(base_url: str, max_connections: int) -> AsyncIterator[Fetch]:
    """openapi-python-client's own output for the same document and fixes."""
    httpx, package = import_module("httpx"), import_module(STOCK)
    get_call = import_module(f"{STOCK}.api.calls.get_call")
    limits = httpx.Limits(
        max_connections=max_connections,
        max_keepalive_connections=max_connections,
        keepalive_expiry=KEEPALIVE_SECONDS,
    )
    client = package.AuthenticatedClient(
        base_url=base_url,
        token=API_KEY,
        prefix="",
        auth_header_name="X-API-KEY",
        httpx_args={"limits": limits},
    )
    async with client:

        async def fetch(call_id: str) -> Any:
            return (await get_call.asyncio(client=client, call_id=call_id)).results

        yield fetch


@contextlib.asynccontextmanager
async def openai(base_url: str, max_connections: int) -> AsyncIterator[Fetch]:
    """The runtime of a leading generated SDK (openai), reading the same fields into pydantic models."""
    openai, httpx2 = import_module("openai"), import_module("httpx2")
    model = pydantic_model(import_module("puretalk_generated.models").GetCallResponse, openai.BaseModel)
    limits = httpx2.Limits(
        max_connections=max_connections,
        max_keepalive_connections=max_connections,
        keepalive_expiry=KEEPALIVE_SECONDS,
    )
    http_client = openai.DefaultAsyncHttpx2Client(limits=limits)
    async with openai.AsyncOpenAI(api_key=API_KEY, base_url=base_url, http_client=http_client) as client:

        async def fetch(call_id: str) -> Any:
            return (await client.get(f"/calls/{call_id}", cast_to=model)).results

        yield fetch


@contextlib.asynccontextmanager
async def openapi_generator(base_url: str, max_connections: int) -> AsyncIterator[Fetch]:
    """OpenAPI Generator's output for the same document and fixes: python, library asyncio (aiohttp)."""
    package = import_module(OPENAPI_GENERATOR)
    configuration = package.Configuration(
        host=base_url, api_key={"ApiKeyAuth": API_KEY}, connection_pool_maxsize=max_connections
    )
    async with package.ApiClient(configuration) as client:
        get_call = package.CallsApi(client).get_call

        async def fetch(call_id: str) -> Any:
            return (await get_call(call_id)).results

        yield fetch


def pydantic_model(model: type[Any], base: type[Any]) -> type[Any]:
    """Translate one of our generated models, and those in it, to pydantic: same names, same types."""
    pydantic = import_module("pydantic")
    hints = import_module("puretalk_generated.codec").hints
    made: dict[type[Any], Any] = {}

    def translate(hint: Any) -> Any:
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if isinstance(hint, type) and attrs.has(hint):
            return made[hint] if hint in made else build(hint)
        if origin is typing.Annotated:
            return translate(arguments[0])
        if origin is list:
            return list[translate(arguments[0])]  # type: ignore[misc]
        if arguments and origin is not typing.Literal and origin is not dict:
            return typing.Union[tuple(translate(argument) for argument in arguments)]  # noqa: UP007
        return hint

    def build(source: type[Any]) -> Any:
        fields: dict[str, Any] = {name: (translate(hint), None) for name, hint in hints(source).items()}
        made[source] = pydantic.create_model(source.__name__, __base__=base, **fields)
        return made[source]

    built: type[Any] = build(model)
    return built


Opener = Callable[[str, int], contextlib.AbstractAsyncContextManager[Fetch]]

CLIENTS: dict[str, Opener] = {
    "limit": limit,
    "ours-aiohttp": ours_on_aiohttp,
    "ours-aiohttp-gc": ours_collecting_less,
    "ours-httpx": ours,
    "stock": stock,
    "openai": openai,
    "openapi-generator": openapi_generator,
}

EXTRAS = ("openai", "openapi-generator")
"""Clients that run under another Python, with requirements.txt installed.

Their dependencies would change the others: with sniffio (which openai installs), httpcore no longer searches for it
in each request of every client on httpx.
"""

LABELS = {
    "limit": "the limit: bare aiohttp and msgspec",
    "ours-aiohttp": "puretalk-client on aiohttp",
    "ours-aiohttp-gc": f"the same with gc.set_threshold({GC_THRESHOLD:_})",
    "ours-httpx": "puretalk-client on httpx",
    "stock": "stock generated client",
    "openai": "a generated SDK's runtime (openai)",
    "openapi-generator": "OpenAPI Generator, asyncio",
}
