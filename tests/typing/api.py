"""The types that callers see. Never run: mypy --strict and pyright read it (``make types``).

A line that must be an error carries an ignore; when the error is gone, both report the ignore as needless.
"""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, assert_type

import httpx

from puretalk_client import (
    APIStatusError,
    AsyncPuretalk,
    Call,
    CallStatus,
    NotFoundError,
    PostAnalysis,
    PuretalkError,
    TranscriptTurn,
)
from puretalk_generated import Client, UnexpectedStatus
from puretalk_generated import models as generated
from puretalk_generated.api.calls import get_call
from puretalk_generated.models import CallAnalysis, CallMetadata, CallType, GetCallResponse, TurnLatency
from puretalk_generated.types import Request, Responses


async def construction(http: httpx.AsyncClient) -> None:
    """The client is built from keywords, and its context manager gives the same type."""
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
    """``calls.get`` takes a text and gives this package's Call."""
    assert_type(await client.calls.get("1"), Call)
    await client.calls.get(1)  # type: ignore[arg-type]
    await client.calls.get()  # type: ignore[call-arg]


def reading(call: Call) -> None:
    """Every attribute has one type, or None; there is no third kind of absence."""
    assert_type(call.status, CallStatus)
    assert_type(call.status.is_final, bool)
    assert_type(call.status.is_known, bool)
    assert_type(call.call_id, str | None)
    assert_type(call.start_time, datetime | None)
    assert_type(call.end_time, datetime | None)
    assert_type(call.call_duration_seconds, int | None)
    assert_type(call.call_type, CallType | None)
    assert_type(call.variables, list[str] | None)
    assert_type(call.is_billed, bool | None)
    assert_type(call.metadata, CallMetadata | None)
    assert_type(call.call_analysis, CallAnalysis | None)
    assert_type(call.transcript_object, list[TranscriptTurn] | None)
    for turn in call.transcript_object or []:
        assert_type(turn.content, str | None)
        assert_type(turn.tool_calls, list[Any] | None)
        assert_type(turn.turn_latency, TurnLatency | None)
        assert_type(turn.turn_latency.latency if turn.turn_latency else None, float | None)

    call.no_such_property  # type: ignore[attr-defined]  # noqa: B018
    call.start_time.year  # type: ignore[union-attr]  # noqa: B018
    call.status = CallStatus.BUSY  # type: ignore[misc]
    call.call_id = "2"  # type: ignore[misc]


def post_analysis(fields: PostAnalysis, call: Call) -> None:
    """The readers give the kind that they are asked for, and a default adds its own type."""
    assert_type(call.post_analysis, PostAnalysis)
    mapping: Mapping[str, str | int | float | bool | None] = fields
    assert_type(mapping["name"], str | int | float | bool | None)
    assert_type(fields.text("name"), str)
    assert_type(fields.number("name"), int | float)
    assert_type(fields.boolean("name", coerce=True), bool)
    assert_type(fields.text("name", default=None), str | None)
    assert_type(fields.boolean("name", default=False), bool)
    fields.text(1)  # type: ignore[call-overload]
    fields["name"] = 1  # type: ignore[index]


async def generated_operations(client: AsyncPuretalk, plain: Client) -> None:
    """Every generated operation takes the plain client, and this package's client in its place."""
    assert_type(get_call.request("1"), Request)
    assert_type(get_call.RESPONSES, Responses[GetCallResponse])
    assert_type(await get_call.get_call(plain, "1"), GetCallResponse)
    response = await get_call.get_call(client, "1")
    assert_type(response, GetCallResponse)
    assert_type(response.err, bool | None)
    assert_type(response.results, generated.Call | None)
    assert_type(response.results.status if response.results else None, str | None)
    await get_call.get_call(client)  # type: ignore[call-arg]
    await get_call.get_call(client, None)  # type: ignore[arg-type]


def substitution(call: Call, other: generated.Call, client: AsyncPuretalk) -> tuple[object, ...]:
    """What this package re-declares stands in for what was generated, and not the other way round."""
    plain_call: generated.Call = call
    plain_client: Client = client
    text: str = call.status
    value: str = call.status.value
    tidy: Call = other  # type: ignore[assignment]
    return plain_call, plain_client, text, value, tidy


def construction_of_models() -> None:
    """A test of a caller's own builds a Call from keywords, with a status as text or as member."""
    assert_type(Call(call_id="1", status="completed"), Call)
    assert_type(Call(status=CallStatus.BUSY).status, CallStatus)
    assert_type(CallStatus("completed"), CallStatus)
    Call(call_id=1)  # type: ignore[arg-type]
    generated.Error(err=True)  # type: ignore[call-arg]


def errors(not_found: NotFoundError, unexpected: UnexpectedStatus) -> None:
    """Errors are one tree, and say what is known."""
    status_error: APIStatusError = not_found
    root: PuretalkError = status_error
    assert_type(root.status, int | None)
    assert_type(root.msg, str | None)
    assert_type(root.attempts, int)
    assert_type(unexpected.status, int)
    assert_type(unexpected.content, bytes)
