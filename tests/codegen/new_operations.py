"""Sends requests of operations that a later document adds, through AsyncPuretalk; prints the outcomes as JSON.

Runs in a separate process in which ``puretalk_generated`` is the package of the later document.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any

import httpx

from puretalk_client import AsyncPuretalk, Drift, errors

# By name, since the committed package does not have them.
list_things: Any = import_module("puretalk_generated.api.things.list_things")
create_thing: Any = import_module("puretalk_generated.api.things.create_thing")
NewThing: Any = import_module("puretalk_generated.models").NewThing

PAGE = {"count": 2, "next": None, "results": [{"name": "a", "size": 1}, {"name": "b", "size": 2}]}


async def outcome(
    responses: list[httpx.Response] | None,
    use: Callable[[AsyncPuretalk], Awaitable[Any]],
    **options: Any,
) -> dict[str, Any]:
    """Serve responses one after another, or none at all; return the result, and what was sent."""
    requests: list[httpx.Request] = []
    drifts: list[Drift] = []

    async def respond(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        if responses is None:
            await asyncio.sleep(60)
        assert responses is not None
        return responses[min(len(requests), len(responses)) - 1]

    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(respond)) as http,
        AsyncPuretalk(
            "pt-a-key-for-tests",
            http_client=http,
            base_url="https://api.test",
            on_drift=drifts.append,
            **options,
        ) as client,
    ):
        found: dict[str, Any] = {}
        try:
            value = await use(client)
            found["type"] = type(value).__name__
            found["value"] = [
                [type(item).__name__, item.name, item.size] for item in getattr(value, "results", [value])
            ]
        except errors.PuretalkError as error:
            found["error"] = [
                type(error).__name__,
                error.method,
                error.path,
                error.status,
                error.msg,
                error.attempts,
            ]
        found["drifts"] = [drift.path for drift in drifts]
        found["sent"] = [
            [request.method, str(request.url), request.headers.get("X-API-KEY"), request.content.decode()]
            for request in requests[:1]
        ]
        found["requests"] = len(requests)
        return found


async def main() -> None:
    """Print the outcomes of all cases."""

    def page(client: AsyncPuretalk) -> Any:
        return list_things.list_things(client, page=2, kind=["a b", "c"])

    def create(client: AsyncPuretalk) -> Any:
        return create_thing.create_thing(client, body=NewThing(name="c"))

    def good() -> httpx.Response:
        return httpx.Response(200, json=PAGE)

    busy = httpx.Response(503, headers={"Retry-After": "0"})
    mismatch = {**PAGE, "count": "two", "results": [{"name": "a", "size": "big"}]}
    found = {
        "page": await outcome([good()], page),
        "retried": await outcome([busy, busy, good()], page),
        "late": await outcome(None, page, timeout=0.2),
        "refused": await outcome([httpx.Response(422, json={"err": True, "msg": "no such page"})], page),
        "mismatch": await outcome([httpx.Response(200, json=mismatch)], page),
        "strict": await outcome([httpx.Response(200, json=mismatch)], page, strict=True),
        "broken": await outcome([httpx.Response(200, text="<html>")], page),
        "created": await outcome([httpx.Response(201, json={"name": "c", "size": 0})], create),
        "create not repeated": await outcome([busy, httpx.Response(201, json={"name": "c"})], create),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    asyncio.run(main())
