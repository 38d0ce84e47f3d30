"""Uses operations that a later spec brings, through AsyncPuretalk; prints what came of each as JSON.

Run in a process of its own, where ``puretalk_generated`` is the package of the grown spec.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any

import httpx

from puretalk_client import AsyncPuretalk, Drift, errors
from puretalk_client._retry import Backoff

# By name, since the package of this repository has none of them.
list_things: Any = import_module("puretalk_generated.api.things.list_things")
create_thing: Any = import_module("puretalk_generated.api.things.create_thing")
NewThing: Any = import_module("puretalk_generated.models").NewThing

PAGE = {"count": 2, "next": None, "results": [{"name": "a", "size": 1}, {"name": "b", "size": 2}]}
Answer = Callable[[httpx.Request], httpx.Response | Awaitable[httpx.Response]]


async def outcome(
    answers: list[httpx.Response] | None,
    use: Callable[[AsyncPuretalk], Awaitable[Any]],
    **options: Any,
) -> dict[str, Any]:
    """Play answers one after another to a client; return what its caller got, and what was sent."""
    requests: list[httpx.Request] = []
    drifts: list[Drift] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        if answers is None:
            await asyncio.sleep(60)
        assert answers is not None
        return answers[min(len(requests), len(answers)) - 1]

    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http,
        AsyncPuretalk(
            "pt-a-key-for-tests",
            http_client=http,
            base_url="https://api.test",
            on_drift=drifts.append,
            **options,
        ) as client,
    ):
        client._sender.backoff = Backoff(draw=lambda: 0.0)
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
        found["drifts"] = [drift.parts() for drift in drifts]
        found["sent"] = [
            [request.method, str(request.url), request.headers.get("X-API-KEY"), request.content.decode()]
            for request in requests[:1]
        ]
        found["requests"] = len(requests)
        return found


async def main() -> None:
    """Play all cases."""

    def page(client: AsyncPuretalk) -> Any:
        return list_things.list_things(client, page=2, kind=["a b", "c"])

    def create(client: AsyncPuretalk) -> Any:
        return create_thing.create_thing(client, body=NewThing(name="c"))

    def good() -> httpx.Response:
        return httpx.Response(200, json=PAGE)

    busy = httpx.Response(503)
    stray = {**PAGE, "count": "two", "results": [{"name": "a", "size": "big"}]}
    found = {
        "page": await outcome([good()], page),
        "retried": await outcome([busy, busy, good()], page),
        "late": await outcome(None, page, timeout=0.2),
        "refused": await outcome([httpx.Response(422, json={"err": True, "msg": "no such page"})], page),
        "stray": await outcome([httpx.Response(200, json=stray)], page),
        "strict": await outcome([httpx.Response(200, json=stray)], page, strict=True),
        "broken": await outcome([httpx.Response(200, text="<html>")], page),
        "created": await outcome([httpx.Response(201, json={"name": "c", "size": 0})], create),
        "create not sent twice": await outcome([busy, httpx.Response(201, json={"name": "c"})], create),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    asyncio.run(main())
