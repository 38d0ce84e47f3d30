"""The types that users see. Never run: mypy --strict and pyright check it (``make types``).

A line that must be an error has an ignore; both checkers report an ignore that nothing needs. The other consumers in
this folder read every attribute.
"""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

import contextlib
import io
import uuid
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, assert_type

import httpx
from tests.support import pages as list_calls
from tests.typing import list_things
from tests.typing.list_things import ListedThing

from puretalk_client import (
    APIConnectionError,
    APIResponseError,
    APIStatusError,
    AsyncPuretalk,
    Call,
    CallIdMismatchError,
    CallsResource,
    CallStatus,
    CallWatch,
    Drift,
    FetchResult,
    FetchResults,
    NotFoundError,
    Paginator,
    PostAnalysis,
    PuretalkError,
    Retries,
)
from puretalk_client._types import JSON
from puretalk_generated import Client, Sender, UnexpectedStatus, models as generated
from puretalk_generated.api.calls import get_call
from puretalk_generated.models import GetCallResponse
from puretalk_generated.types import Request, Responses


async def construction(http: httpx.AsyncClient) -> None:
    """The client is built from keywords, and its context manager returns it."""
    AsyncPuretalk()
    AsyncPuretalk("key", base_url="https://api.test", timeout=5, allow_insecure=False, http_client=http)
    async with AsyncPuretalk(api_key="key") as client:
        assert_type(client, AsyncPuretalk)
        assert_type(await client.aclose(), None)

    AsyncPuretalk(1)  # type: ignore[arg-type]
    AsyncPuretalk("key", "https://api.test")  # type: ignore[call-arg]
    AsyncPuretalk(api_token="key")  # type: ignore[call-arg]
    with AsyncPuretalk():  # type: ignore[attr-defined]
        pass


async def fetching(client: AsyncPuretalk) -> None:
    """``calls.get`` takes a str and returns this package's Call."""
    assert_type(client.calls, CallsResource)
    assert_type(AsyncPuretalk.calls, type[CallsResource])
    assert_type(await client.calls.get("1"), Call)
    assert_type(await client.calls.get("1", timeout=5), Call)
    await client.calls.get(1)  # type: ignore[arg-type]
    await client.calls.get()  # type: ignore[call-arg]
    await client.calls.get("1", 5)  # type: ignore[call-arg]


async def fetching_many(client: AsyncPuretalk, ids: AsyncIterator[uuid.UUID]) -> None:
    """Ids are texts and UUIDs, from any iterable; each result has a call or an error."""
    assert_type(client.calls.get_many(["1", uuid.uuid4()]), FetchResults)
    async for result in client.calls.get_many(ids, concurrency=5, ordered=True, retries=Retries(), timeout=5):
        assert_type(result, FetchResult)
        assert_type(result.call_id, str | uuid.UUID)
        assert_type(result.call, Call | None)
        assert_type(result.error, PuretalkError | None)
        assert_type(result.unwrap(), Call)
        result.call = None  # type: ignore[misc]
    async with client.calls.wait_many({"1": 1}, until="final") as results:
        assert_type(results, FetchResults)
    client.calls.get_many([1])  # type: ignore[list-item]
    client.calls.get_many(ids, retries=3)  # type: ignore[arg-type]
    client.calls.wait_many(ids, until="over")  # type: ignore[arg-type]


async def patience(client: AsyncPuretalk) -> None:
    """``Retries`` is a value of keywords."""
    AsyncPuretalk(retries=Retries(max_retries=8, max_delay=60, deadline=900))
    assert_type(client.with_options(retries=Retries()), AsyncPuretalk)
    assert_type(await client.calls.get("1", retries=Retries()), Call)
    Retries(8)  # type: ignore[call-arg]
    Retries().deadline = 1  # type: ignore[misc]


async def waiting(client: AsyncPuretalk) -> None:
    """``until`` is one of three states, or a function that returns a bool, now or later."""

    async def later(call: Call) -> bool:
        return call.is_billed is True

    assert_type(await client.calls.wait("1"), Call)
    assert_type(await client.calls.wait(uuid.uuid4(), until="recording", timeout=60, not_found_for=5), Call)
    await client.calls.wait("1", until=later, poll_interval=0.5, max_interval=5, analysis_grace=0)
    await client.calls.wait("1", until=lambda call: call.status.is_final)
    await client.calls.wait("1", until="analyzed")  # type: ignore[arg-type]
    await client.calls.wait("1", until=lambda: True)  # type: ignore[arg-type]
    await client.calls.wait("1", "final")  # type: ignore[call-arg]
    assert_type(client.calls.watch("1"), CallWatch)
    states: AsyncIterator[Call] = client.calls.watch("1", until="final")
    async for call in states:
        assert_type(call, Call)
    async with contextlib.aclosing(client.calls.watch("1")) as watch:
        assert_type(await anext(watch), Call)


async def downloading(client: AsyncPuretalk, call: Call) -> None:
    """A target is a path, or a file open for writing bytes."""
    assert_type(await client.calls.download_recording(call, "call.wav"), int)
    await client.calls.download_recording(call, Path("call.wav"), max_bytes=1, timeout=5)
    await client.calls.download_recording(call, io.BytesIO())
    await client.calls.download_recording(call, io.StringIO())  # type: ignore[arg-type]
    await client.calls.download_recording("https://api.test/1", "call.wav")  # type: ignore[arg-type]


def settings(client: AsyncPuretalk) -> None:
    """Settings are read-only; neither the key nor the pool is an attribute."""
    client.timeout = 5.0  # type: ignore[misc]
    client.base_url = "https://api.test"  # type: ignore[misc]
    client.api_key  # type: ignore[attr-defined]  # noqa: B018
    client.http  # type: ignore[attr-defined]  # noqa: B018


def reading(call: Call) -> None:
    """A call and what is in it cannot be changed."""
    assert_type(call.status.matches("busy", "in progress"), bool)
    call.status.matches(5)  # type: ignore[arg-type]
    properties: Mapping[str, JSON] = call.metadata
    assert_type(properties["crm_id"], JSON)
    assert_type(call.metadata.get("crm_id"), JSON | None)
    call.no_such_property  # type: ignore[attr-defined]  # noqa: B018
    call.start_time.year  # type: ignore[union-attr]  # noqa: B018
    call.status = CallStatus.BUSY  # type: ignore[misc]
    call.call_id = "2"  # type: ignore[misc]
    call.metadata["crm_id"] = 1  # type: ignore[index]
    call.metadata.model = "a"  # type: ignore[misc]


def storing(call: Call) -> None:
    """JSON is text, and a dict has names of fields; both are read back."""
    assert_type(call.to_json(), str)
    assert_type(call.to_dict(), dict[str, Any])
    assert_type(Call.from_json(call.to_json()), Call)
    assert_type(Call.from_json(b"{}"), Call)
    assert_type(Call.from_dict(call.to_dict()), Call)
    Call.from_dict([])  # type: ignore[arg-type]
    Call.from_json({})  # type: ignore[arg-type]


def post_analysis(fields: PostAnalysis) -> None:
    """Typed access returns the requested type; a default adds its own."""
    mapping: Mapping[str, str | int | float | bool | None] = fields
    assert_type(mapping["name"], str | int | float | bool | None)
    assert_type(fields.text("name"), str)
    assert_type(fields.number("name"), int | float)
    assert_type(fields.boolean("name", coerce=True), bool)
    assert_type(fields.text("name", default=None), str | None)
    assert_type(fields.boolean("name", default=False), bool)
    fields.text(1)  # type: ignore[call-overload]
    fields["name"] = 1  # type: ignore[index]


async def generated_operations(client: AsyncPuretalk, plain: Client, sender: Sender) -> None:
    """Every generated operation takes any sender: the plain client, this package's client, or one of your own."""
    assert_type(get_call.request("1"), Request)
    assert_type(get_call.RESPONSES, Responses[GetCallResponse])
    assert_type(await get_call.get_call(plain, "1"), GetCallResponse)
    assert_type(await get_call.get_call(sender, "1"), GetCallResponse)
    assert_type(await sender.send(get_call.request("1"), get_call.RESPONSES), GetCallResponse)
    assert_type(await client.send(get_call.request("1"), get_call.RESPONSES, timeout=5), GetCallResponse)
    response = await get_call.get_call(client, "1")
    assert_type(response, GetCallResponse)
    assert_type(response.err, bool | None)
    assert_type(response.results, generated.Call | None)
    assert_type(response.results.status if response.results else None, str | None)
    await get_call.get_call(client)  # type: ignore[call-arg]
    await get_call.get_call(client, None)  # type: ignore[arg-type]
    await get_call.get_call(httpx.AsyncClient(), "1")  # type: ignore[arg-type]


def pagination(client: AsyncPuretalk) -> None:
    """The module of a list operation says of which type the items are; a call is this package's."""
    assert_type(client.paginate(list_calls, limit=50, page=2, max_items=100), Paginator[Call])
    assert_type(client.paginate(list_things), Paginator[ListedThing])
    assert_type(client.paginate(list_calls).page, int | None)
    assert_type(client.paginate(list_calls).count, int | None)
    client.paginate(get_call, call_id="1")  # type: ignore[arg-type]
    client.paginate(list_calls.request)  # type: ignore[call-overload]
    client.paginate(list_calls, max_items="1")  # type: ignore[call-overload]


async def items(client: AsyncPuretalk) -> None:
    """The iterator is one for ``async for``, ``anext`` and ``async with``."""
    async for call in client.paginate(list_calls):
        assert_type(call, Call)
    async with client.paginate(list_calls) as pages:
        assert_type(await anext(pages), Call)
        assert_type(await pages.aclose(), None)


def senders(client: AsyncPuretalk, plain: Client) -> tuple[Sender, Sender]:
    """Both clients satisfy the protocol, and neither can take the place of the other."""
    one: Client = client  # type: ignore[assignment]
    other: AsyncPuretalk = plain  # type: ignore[assignment]
    del one, other
    return client, plain


def substitution(call: Call, other: generated.Call) -> tuple[object, ...]:
    """This package's models can take the place of the generated ones, and not the reverse."""
    plain_call: generated.Call = call
    text: str = call.status
    value: str = call.status.value
    own_call: Call = other  # type: ignore[assignment]
    return plain_call, text, value, own_call


def construction_of_models() -> None:
    """Tests of an application build a Call from keywords, with a status as text or as member."""
    assert_type(Call(call_id="1", status="completed"), Call)
    assert_type(Call(status=CallStatus.BUSY).status, CallStatus)
    assert_type(CallStatus("completed"), CallStatus)
    Call(call_id=1)  # type: ignore[arg-type]
    generated.Error(err=True)  # type: ignore[call-arg]


def errors(not_found: NotFoundError, mismatch: CallIdMismatchError, unexpected: UnexpectedStatus) -> None:
    """Errors are one tree; a response that cannot be trusted is not a connection error."""
    status_error: APIStatusError = not_found
    response_error: APIResponseError = mismatch
    connection_error: APIConnectionError = mismatch  # type: ignore[assignment]
    assert_type(type(status_error).retryable, bool)
    assert_type(unexpected.status, int)
    assert_type(unexpected.content, bytes)
    del response_error, connection_error


def drifts(drift: Drift) -> None:
    """A drift cannot be changed, and ``on_drift`` takes one."""
    drift.path = "$"  # type: ignore[misc]
    AsyncPuretalk(on_drift=lambda drift: print(drift.path))
    AsyncPuretalk(on_drift=lambda path, expected, actual: None)  # type: ignore[arg-type, misc]
