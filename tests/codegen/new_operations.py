"""Sends requests of a later document's operations, in a process with its package; prints the outcomes as JSON."""

from __future__ import annotations

import asyncio
import json
import pickle
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any

import httpx

from puretalk_client import AsyncPuretalk, Call, Drift, errors
from puretalk_client.models import replaced
from puretalk_generated import models as generated
from puretalk_generated.codec import is_msgspec_type

CALL = {
    "call_id": "c-1",
    "status": "in progress",
    "metadata": {"crm": 7},
    "call_analysis": {"post_analysis_data": [{"name": "reason", "value": "sales"}]},
}
FACTS = [True, "in-progress", 7, "sales"]  # of this call
BUSY = httpx.Response(503, headers={"Retry-After": "0"})


def operation(name: str) -> Any:
    """Import a generated module by name, since the committed package does not have it."""
    return import_module(f"puretalk_generated.api.{name}")


def facts(call: Any) -> list[Any]:
    """Return what the overlay adds to a call."""
    return [isinstance(call, Call), call.status, call.metadata["crm"], call.post_analysis.text("reason")]


async def outcome(
    responses: list[httpx.Response], use: Callable[[AsyncPuretalk], Awaitable[Any]], **options: Any
) -> dict[str, Any]:
    """Serve responses one after another, or nothing at all; return the result, and what was sent."""
    requests: list[httpx.Request] = []
    drifts: list[Drift] = []

    async def respond(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return responses[min(len(requests), len(responses)) - 1] if responses else await asyncio.Future()

    found: dict[str, Any] = {}
    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(respond)) as http,
        AsyncPuretalk(
            "key", base_url="https://api.test", http_client=http, on_drift=drifts.append, **options
        ) as client,
    ):
        try:
            found["value"] = await use(client)
        except errors.PuretalkError as error:
            found["error"] = [type(error).__name__, error.method, error.path, error.status, error.msg, error.attempts]
    found["drifts"] = sorted({drift.path for drift in drifts})
    found["sent"] = [[each.method, str(each.url), each.content.decode()] for each in requests]
    return found


async def list_calls(client: AsyncPuretalk) -> Any:
    """Return the facts of all calls."""
    filters: Any = {"status": "completed", "from_number": "+15550142"}
    return [facts(call) async for call in client.paginate(operation("calls.list_calls"), **filters)]


async def campaign(client: AsyncPuretalk) -> Any:
    """Return the facts of the calls that are deep in a campaign, and those after pickling."""
    response = await operation("campaigns.get_campaign").get_campaign(client, "x/1")
    results = pickle.loads(pickle.dumps(response)).results
    assert (results, type(results)) == (response.results, type(response.results))
    assert isinstance(results, generated.Campaign)  # type: ignore[attr-defined]
    monday = results.by_day.additional_properties["monday"]
    return [facts(call) for call in (*results.calls, results.best, results.tasks[0].tasks[0].last_call, *monday)]


async def register(client: AsyncPuretalk) -> Any:
    """Register a web call and return its token."""
    body = generated.RegisterWebCallBody(assistant_id="a-1")  # type: ignore[attr-defined]
    response = await operation("calls.register_web_call").register_web_call(client, body=body)
    return [response.results.call_id, response.results.token]


def ok(body: Any) -> httpx.Response:
    """Return a response with a JSON body."""
    return httpx.Response(200, json=body)


async def main() -> None:
    """Print the outcomes of all cases."""
    drifted = {**CALL, "status": "on hold", "is_billed": "yes", "mood": 1}
    tasks = [{"name": "a", "tasks": [{"name": "b", "last_call": CALL}]}]
    nested = {"calls": [CALL], "best": CALL, "tasks": tasks, "by_day": {"monday": [CALL]}}
    first, last = ok({"next": "/?page=2", "results": [CALL, CALL]}), ok({"next": None, "results": [CALL]})
    registered = ok({"msg": "Success", "err": False, "results": {"call_id": "c-1", "token": "t-1"}})
    found = {
        "pages": await outcome([first, last], list_calls),
        "retried": await outcome([BUSY, BUSY, last], list_calls),
        "late": await outcome([], list_calls, timeout=0.2),
        "drift": await outcome([ok({"count": "1", "results": [drifted]})], list_calls),
        "strict": await outcome([ok({"count": "1", "results": [CALL]})], list_calls, strict=True),
        "no envelope": await outcome([ok({"err": True, "msg": "no plan"})], list_calls),
        "html": await outcome([httpx.Response(200, text="<html>")], list_calls),
        "campaign": await outcome([ok({"msg": "Success", "err": False, "results": nested})], campaign),
        "campaign failed": await outcome([ok({"msg": "archived", "err": True})], campaign),
        "registered": await outcome([registered], register),
        "not registered": await outcome([httpx.Response(422, json={"err": True, "msg": "no such"})], register),
        "not repeated": await outcome([BUSY, registered], register),
        "fast": {"value": is_msgspec_type(replaced[generated.Task])},  # type: ignore[attr-defined]
    }
    print(json.dumps(found))


if __name__ == "__main__":
    asyncio.run(main())
