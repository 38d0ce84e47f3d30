"""OpenTelemetry over sockets, with the instrumentations of httpx and aiohttp installed."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
from opentelemetry.instrumentation.aiohttp_client import AioHttpClientInstrumentor
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.trace import SpanKind
from tests.support.canary import API_KEY
from tests.support.telemetry import Telemetry, use_sdk
from tests.support.wire import envelope
from tests.unit.core.local_server import LocalServer, local_server, redirect, response

from puretalk_client import AsyncPuretalk, PuretalkError
from puretalk_client.models import Call

CLIENTS = ["httpx", "aiohttp", "http_client", "httpx2"]


@pytest.fixture
def sdk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Telemetry]:
    """Set up the SDK and the instrumentations for this test."""
    found = use_sdk(monkeypatch)
    instrumentors: list[Any] = [HTTPXClientInstrumentor(), AioHttpClientInstrumentor()]
    for each in instrumentors:
        each.instrument()
    yield found
    for each in instrumentors:
        each.uninstrument()


@contextlib.asynccontextmanager
async def client_of(kind: str, server: LocalServer) -> AsyncIterator[AsyncPuretalk]:
    """Open a client over each of the ways to send a request."""
    async with contextlib.AsyncExitStack() as stack:
        options: dict[str, Any] = {"transport": kind}
        if kind in ("http_client", "httpx2"):
            http = httpx.AsyncClient() if kind == "http_client" else httpx2.AsyncClient()
            options = {"http_client": await stack.enter_async_context(http)}
        client = AsyncPuretalk(API_KEY, base_url=server.url, max_retries=1, **options)
        yield await stack.enter_async_context(client)


def traceparents(server: LocalServer) -> list[list[str]]:
    """List what each request carried."""
    return [re.findall(r"(?im)^traceparent: *(\S+)", head) for head in server.requests]


@pytest.mark.parametrize("kind", CLIENTS)
async def test_each_attempt_is_one_client_span_which_the_server_continues(kind: str, sdk: Telemetry) -> None:
    """However the HTTP library is instrumented."""
    bodies = iter([response(b"", "503 Service Unavailable"), response(envelope("c-1"))])
    async with local_server(lambda _: next(bodies)) as server, client_of(kind, server) as client:
        await client.calls.get("c-1")
    spans = sdk.clients()
    contexts = [span.context for span in spans if span.context is not None]
    assert [span.name for span in sdk.spans()] == ["GET /calls/{call_id}"] * 2
    assert traceparents(server) == [
        [f"00-{one.trace_id:032x}-{one.span_id:016x}-{one.trace_flags:02x}"] for one in contexts
    ]
    assert [(span.attributes or {})["network.protocol.version"] for span in spans] == ["1.1"] * 2
    assert len(sdk.points("http.client.request.duration")) == 2
    assert sdk.points("http.client.duration") == []


@pytest.mark.parametrize("kind", CLIENTS)
async def test_cancelled_in_the_middle(kind: str, sdk: Telemetry) -> None:
    """The span ends, and the next request has one of its own."""
    arrived = asyncio.Event()

    async def respond(_: str) -> bytes:
        if arrived.is_set():
            return response(envelope("c-1"))
        arrived.set()
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    async with local_server(respond) as server, client_of(kind, server) as client:
        task = asyncio.create_task(client.calls.get("c-1"))
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await client.calls.get("c-1")
    assert [(span.attributes or {}).get("error.type") for span in sdk.clients()] == ["CancelledError", None]


@pytest.mark.parametrize("kind", CLIENTS)
async def test_redirect_is_one_span_and_not_followed(kind: str, sdk: Telemetry) -> None:
    """Its target is nowhere."""
    async with local_server(lambda _: redirect("/secret-target")) as server, client_of(kind, server) as client:
        with pytest.raises(PuretalkError):
            await client.calls.get("c-1")
    [span] = sdk.spans()
    assert (span.attributes or {})["http.response.status_code"] == 302
    assert "secret-target" not in sdk.text()


@pytest.mark.parametrize("kind", ["httpx", "aiohttp"])
async def test_download_is_one_internal_span(kind: str, sdk: Telemetry, tmp_path: Path) -> None:
    """Its hops have none, since host and path belong to the secret URL, and carry no trace to another party."""

    def respond(head: str) -> bytes:
        return redirect("/secret-2") if "secret-1" in head else response(b"RIFF")

    async with local_server(respond) as server, client_of(kind, server) as client:
        call = Call.from_dict({"call_id": "c-1", "call_recording_url": f"{server.url}/secret-1?sig=abc"})
        await client.calls.download_recording(call, tmp_path / "a.wav")
    [span] = sdk.spans()
    assert (span.name, span.kind, dict(span.attributes or {})) == ("calls.download_recording", SpanKind.INTERNAL, {})
    assert traceparents(server) == [[], []]
    assert "secret" not in sdk.text()


async def test_application_keeps_its_own_spans(sdk: Telemetry) -> None:
    """The suppression ends with the attempt: requests of the application over the same client are instrumented."""
    async with local_server(lambda _: response(envelope("c-1"))) as server, httpx.AsyncClient() as http:
        async with AsyncPuretalk(API_KEY, base_url=server.url, http_client=http) as client:
            await client.calls.get("c-1")
        await http.get(server.url)
    assert [span.name for span in sdk.clients()] == ["GET /calls/{call_id}", "GET"]
