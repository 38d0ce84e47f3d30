"""Clients that generators made from the same document, and the runtime of a leading generated SDK."""

from __future__ import annotations

import contextlib
import typing
from collections.abc import AsyncIterator
from importlib import import_module
from typing import Any

from .target import API_KEY, Fetch, Target, httpx_limits

STOCK = "stock_client"
OPENAPI_GENERATOR = "oag_client"


@contextlib.asynccontextmanager
async def stock(target: Target) -> AsyncIterator[Fetch]:
    """openapi-python-client's own output for the same document and fixes."""
    httpx, package = import_module("httpx"), import_module(STOCK)
    get_call = import_module(f"{STOCK}.api.calls.get_call")
    client = package.AuthenticatedClient(
        base_url=target.base_url,
        token=API_KEY,
        prefix="",
        auth_header_name="X-API-KEY",
        httpx_args={"limits": httpx_limits(httpx, target)},
    )
    async with client:

        async def fetch(call_id: str) -> Any:
            return (await get_call.asyncio(client=client, call_id=call_id)).results

        yield fetch


@contextlib.asynccontextmanager
async def openai(target: Target) -> AsyncIterator[Fetch]:
    """The runtime of a leading generated SDK (openai), reading the same fields into pydantic models."""
    openai, httpx2 = import_module("openai"), import_module("httpx2")
    model = pydantic_model(import_module("puretalk_generated.models").GetCallResponse, openai.BaseModel)
    http_client = openai.DefaultAsyncHttpx2Client(limits=httpx_limits(httpx2, target))
    async with openai.AsyncOpenAI(api_key=API_KEY, base_url=target.base_url, http_client=http_client) as client:

        async def fetch(call_id: str) -> Any:
            return (await client.get(f"/calls/{call_id}", cast_to=model)).results

        yield fetch


@contextlib.asynccontextmanager
async def openapi_generator(target: Target) -> AsyncIterator[Fetch]:
    """OpenAPI Generator's output for the same document and fixes: python, library asyncio (aiohttp)."""
    package = import_module(OPENAPI_GENERATOR)
    configuration = package.Configuration(
        host=target.base_url, api_key={"ApiKeyAuth": API_KEY}, connection_pool_maxsize=target.max_connections
    )
    async with package.ApiClient(configuration) as client:
        get_call = package.CallsApi(client).get_call

        async def fetch(call_id: str) -> Any:
            return (await get_call(call_id)).results

        yield fetch


def pydantic_model(model: type[Any], base: type[Any]) -> type[Any]:
    """Translate one of our generated models, and those in it, to pydantic: same names, same types."""
    attrs, pydantic = import_module("attrs"), import_module("pydantic")
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
