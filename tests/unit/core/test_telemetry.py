"""OpenTelemetry: what each attempt and each operation records, and that it changes nothing."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import context, propagate, trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind, StatusCode
from tests.support.canary import API_KEY, WORDS
from tests.support.clock import run_turns
from tests.support.telemetry import Telemetry, reset_providers, use_sdk
from tests.support.transports import Scripted, ScriptedTransport, client_over, envelope, hang
from tests.support.wire import call

from puretalk_client import (
    APITimeoutError,
    AsyncPuretalk,
    ConfigurationError,
    PermissionDeniedError,
    PuretalkError,
    WaitTimeoutError,
)
from puretalk_client._core.exchange import Exchange
from puretalk_client._core.telemetry import BUCKETS
from puretalk_client.export import export
from puretalk_client.testing import VirtualTimeLoop
from puretalk_generated.api.calls import get_call
from puretalk_generated.types import Request

CALL_ID = WORDS["turn"]
TEMPLATE = get_call.request(CALL_ID).path_template
CALL = envelope(call(CALL_ID))
UNAVAILABLE = Scripted(503, b'{"msg":"busy"}')
FACTS = {
    "http.request.method": "GET",
    "server.address": "api.test",
    "server.port": 443,
    "url.template": TEMPLATE,
}


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Run these tests in virtual time."""
    return "asyncio", {"loop_factory": VirtualTimeLoop, "debug": False}


@pytest.fixture
def sdk(monkeypatch: pytest.MonkeyPatch) -> Telemetry:
    """Set up the SDK for this test."""
    return use_sdk(monkeypatch)


async def fetch(*steps: Any, call_id: str = CALL_ID, **options: Any) -> tuple[object, ScriptedTransport]:
    """Fetch a call over these steps; return the result, or the error, and what was sent."""
    transport = ScriptedTransport(*steps)
    async with client_over(transport, **options) as client:
        [result] = await asyncio.gather(client.calls.get(call_id), return_exceptions=True)
    return result, transport


async def test_attempt_is_a_client_span_with_the_attributes_of_the_conventions(sdk: Telemetry) -> None:
    """And nothing else; a success leaves the status unset."""
    await fetch(CALL)
    [span] = sdk.spans()
    assert (span.name, span.kind, span.status.status_code) == (
        f"GET {TEMPLATE}",
        SpanKind.CLIENT,
        StatusCode.UNSET,
    )
    assert dict(span.attributes or {}) == {
        **FACTS,
        "url.full": f"https://api.test/api{TEMPLATE}",
        "http.response.status_code": 200,
        "network.protocol.version": "1.1",
    }
    assert span.instrumentation_scope is not None
    assert span.instrumentation_scope.name == "puretalk_client"


async def test_each_retry_is_a_span_of_its_own(sdk: Telemetry) -> None:
    """With the count from the second attempt on, and the status code as the type of the error."""
    await fetch(UNAVAILABLE, ConnectionError(), CALL)
    facts = [
        (
            (span.attributes or {}).get("http.request.resend_count"),
            (span.attributes or {}).get("error.type"),
            span.status.status_code,
            span.status.description,
        )
        for span in sdk.spans()
    ]
    assert facts == [
        (None, "503", StatusCode.ERROR, None),
        (1, "APIConnectionError", StatusCode.ERROR, None),
        (2, None, StatusCode.UNSET, None),
    ]


@pytest.mark.parametrize(
    ("step", "error_type"),
    [
        (Scripted(404, b'{"msg":"Call not found"}'), "404"),
        (Scripted(302, headers={"location": "https://elsewhere.test/secret"}), "APIStatusError"),
        (envelope(call("another")), "CallIdMismatchError"),
        (Scripted(200, b"{"), "ResponseDecodeError"),
    ],
    ids=["status", "redirect", "another-call", "body"],
)
async def test_failure_has_a_type_and_no_text(step: Any, error_type: str, sdk: Telemetry) -> None:
    """A redirect is not followed, and is one span like any other failure."""
    await fetch(step, max_retries=0)
    [span] = sdk.spans()
    assert (span.attributes or {})["error.type"] == error_type
    assert span.status.status_code is StatusCode.ERROR
    assert (span.status.description, span.events) == (None, ())


async def test_cancelled_attempt_ends_its_span(sdk: Telemetry) -> None:
    """And leaves the context of the task as it was."""
    async with client_over(ScriptedTransport(hang)) as client:
        task = asyncio.create_task(client.calls.get(CALL_ID))
        await run_turns()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    [span] = sdk.spans()
    assert (span.attributes or {})["error.type"] == "CancelledError"
    assert span.status.status_code is StatusCode.ERROR


async def test_attempt_that_the_deadline_ends_has_a_type(sdk: Telemetry) -> None:
    """That of the error which leaves."""
    result, _ = await fetch(hang, timeout=5.0)
    assert type(result) is APITimeoutError
    [span] = sdk.spans()
    assert (span.attributes or {})["error.type"] == "APITimeoutError"


async def test_context_is_as_before_after_a_request(sdk: Telemetry) -> None:
    """Neither the span nor the suppression stays, whatever the end."""
    before = context.get_current()
    for step in (CALL, ConnectionError(), Scripted(200, b"{")):
        async with client_over(ScriptedTransport(step), max_retries=0) as client:
            with contextlib.suppress(PuretalkError):
                await client.calls.get(CALL_ID)
        assert context.get_current() is before
    assert len(sdk.spans()) == 3


async def test_span_is_a_child_of_the_current_one(sdk: Telemetry) -> None:
    """The application's own."""
    with trace.get_tracer("app").start_as_current_span("job") as job:
        await fetch(CALL)
    assert [span.parent and span.parent.span_id for span in sdk.clients()] == [job.get_span_context().span_id]


async def test_request_without_a_template_names_no_path(sdk: Telemetry) -> None:
    """It would be a request of your own, whose path can hold an id."""
    async with client_over(ScriptedTransport(Scripted(404))) as client:
        request = Request(method="BREW", path=f"/calls/{CALL_ID}", params=(("to", WORDS["from_number"]),))
        await asyncio.gather(client.send(request, None), return_exceptions=True)  # type: ignore[arg-type]
    [span] = sdk.spans()
    attributes = span.attributes or {}
    assert (span.name, attributes["url.full"], attributes["http.request.method"]) == (
        "HTTP",
        "https://api.test/api",
        "_OTHER",
    )
    assert attributes["http.request.method_original"] == "BREW"


# Metrics


async def test_duration_is_a_histogram_in_seconds_with_the_recommended_buckets(sdk: Telemetry) -> None:
    """One point for each outcome, with the required attributes."""

    async def slow(_: object) -> Scripted:
        await asyncio.sleep(0.3)
        return CALL

    await fetch(UNAVAILABLE, slow)
    points = sdk.points("http.client.request.duration")
    assert {point.explicit_bounds for point in points} == {BUCKETS}
    by_status = {point.attributes["http.response.status_code"]: point for point in points}
    assert dict(by_status[503].attributes) == {
        **FACTS,
        "http.response.status_code": 503,
        "error.type": "503",
        "network.protocol.version": "1.1",
    }
    assert "error.type" not in by_status[200].attributes
    assert (by_status[200].count, by_status[200].sum) == (1, pytest.approx(0.3))


async def test_retries_and_waiting_are_counted(sdk: Telemetry) -> None:
    """The delay that a 503 requested is waiting time; the attempts are not."""
    await fetch(Scripted(503, headers={"retry-after": "7"}), CALL)
    [retries], [waiting] = sdk.points("puretalk.client.retries"), sdk.points("puretalk.client.waiting_time")
    assert (dict(retries.attributes), retries.value) == (FACTS, 1)
    assert (dict(waiting.attributes), waiting.value) == (FACTS, pytest.approx(7.0))


async def test_waiting_that_ends_without_an_attempt_is_counted(sdk: Telemetry) -> None:
    """A connection was never free; nothing was sent."""
    async with client_over(ScriptedTransport(hang), max_connections=1) as client:
        client._sender.pool.slots.free = 0
        client._sender.pool.bind()
        client._sender.pool.slots.free = 0
        with pytest.raises(PuretalkError):
            await client.calls.get(CALL_ID, timeout=4.0)
    [waiting] = sdk.points("puretalk.client.waiting_time")
    assert waiting.value == pytest.approx(4.0)
    assert sdk.spans() == []


async def test_raw_body_that_cannot_be_read_later_is_not_waited_for(sdk: Telemetry) -> None:
    """The request was over by then."""
    async with client_over(ScriptedTransport(Scripted(200, b"{"))) as client:
        raw = await client.calls.with_raw_response.get(CALL_ID)
        await asyncio.sleep(50)
        with pytest.raises(PuretalkError):
            raw.parse()
    assert sdk.points("puretalk.client.waiting_time") == []


# Operations


async def test_wait_is_the_parent_of_its_polls(sdk: Telemetry) -> None:
    """An INTERNAL span around all of them."""
    async with client_over(ScriptedTransport(envelope(call(CALL_ID, status="in progress")), CALL)) as client:
        await client.calls.wait(CALL_ID, until="final")
    [wait] = sdk.spans(SpanKind.INTERNAL)
    assert (wait.name, dict(wait.attributes or {})) == ("calls.wait", {})
    assert wait.context is not None
    assert [span.parent and span.parent.span_id for span in sdk.clients()] == [wait.context.span_id] * 2


async def test_wait_that_takes_too_long_has_a_type(sdk: Telemetry) -> None:
    """And no text, which might quote an id."""
    async with client_over(ScriptedTransport(envelope(call(CALL_ID, status="in progress")))) as client:
        with pytest.raises(WaitTimeoutError):
            await client.calls.wait(CALL_ID, timeout=3.0)
    [wait] = sdk.spans(SpanKind.INTERNAL)
    assert dict(wait.attributes or {}) == {"error.type": "WaitTimeoutError"}
    assert (wait.status.status_code, wait.status.description, wait.events) == (StatusCode.ERROR, None, ())


@pytest.mark.parametrize("end", ["all", "left", "fatal"])
async def test_get_many_is_the_parent_of_its_requests(end: str, sdk: Telemetry) -> None:
    """A loop that is left is not a failure; what ends the iteration is one."""

    async def step(request: Any) -> Scripted:
        return Scripted(403) if end == "fatal" else envelope(call(request.url.path.rpartition("/")[2]))

    async with client_over(ScriptedTransport(step)) as client, client.calls.get_many(["a", "b", "c"]) as results:
        try:
            async for _ in results:
                if end == "left":
                    break
        except PermissionDeniedError:
            assert end == "fatal"
    [many] = sdk.spans(SpanKind.INTERNAL)
    expected = {"error.type": "PermissionDeniedError"} if end == "fatal" else {}
    assert (many.name, dict(many.attributes or {})) == ("calls.get_many", expected)
    assert many.context is not None
    assert {span.parent and span.parent.span_id for span in sdk.clients()} == {many.context.span_id}
    assert trace.get_current_span() is trace.INVALID_SPAN


async def test_export_is_the_parent_of_its_requests(sdk: Telemetry, tmp_path: Path) -> None:
    """All its tasks inherit the context."""

    async def step(request: Any) -> Scripted:
        return envelope(call(request.url.path.rpartition("/")[2]))

    async with client_over(ScriptedTransport(step)) as client:
        await export(client, ["a", "b", "c"], tmp_path / "calls", rows=1, format="jsonl")
    [span] = sdk.spans(SpanKind.INTERNAL)
    assert span.name == "export"
    assert span.context is not None
    assert [one.parent and one.parent.span_id for one in sdk.clients()] == [span.context.span_id] * 3


# What is never recorded


async def test_nothing_recorded_identifies_a_call_or_a_caller(sdk: Telemetry) -> None:
    """Neither ids, nor the key, nor what was said, in any end of a request."""
    words = json.dumps({"msg": " ".join(WORDS.values()) + API_KEY}).encode()
    for step in (CALL, Scripted(500, words), ValueError(API_KEY, *WORDS.values()), Scripted(200, words)):
        await fetch(step, max_retries=1)
    text = sdk.text()
    assert text.count("http.client.request.duration") == 1
    assert [word for word in (API_KEY, CALL_ID, *WORDS.values()) if word in text] == []


# Propagation


async def test_request_carries_the_trace(sdk: Telemetry) -> None:
    """With the id of the attempt's own span, once."""
    _, transport = await fetch(UNAVAILABLE, CALL)
    sent = [request.headers.get_list("traceparent") for request in transport.requests]
    contexts = [span.context for span in sdk.spans() if span.context is not None]
    assert sent == [[f"00-{one.trace_id:032x}-{one.span_id:016x}-{one.trace_flags:02x}"] for one in contexts]


async def test_unsampled_request_carries_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its span does not record."""
    reset_providers(monkeypatch, TracerProvider(sampler=ALWAYS_OFF))
    result, transport = await fetch(CALL)
    assert not isinstance(result, BaseException)
    assert "traceparent" not in transport.requests[0].headers


async def test_header_of_the_application_stays(sdk: Telemetry) -> None:
    """It is not sent twice."""
    _, transport = await fetch(CALL, default_headers={"Traceparent": "own"})
    assert transport.requests[0].headers.get_list("traceparent") == ["own"]
    assert len(sdk.spans()) == 1


async def test_propagator_cannot_break_or_forge_a_request(sdk: Telemetry, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it adds is left out unless it can be a header of its own."""
    bad = {"x-ok": "yes", "x-a": "1\r\nx-b: 2", "x c": "1", "": "1", "Host": "evil.test", "Content-Length": "9",
           "Accept": "x", "x-n": 1, "x-ü": "1", "x-u": "ü"}  # fmt: skip
    monkeypatch.setattr(propagate, "inject", lambda carrier, context: carrier.update(bad))
    result, transport = await fetch(CALL)
    assert not isinstance(result, BaseException)
    headers = transport.requests[0].headers
    assert {name for name in headers if name.startswith("x-") and "key" not in name} == {"x-ok"}
    assert (headers["host"], headers["accept"]) == ("api.test", "application/json")


# Failures of the telemetry


class Exploding:
    """Raises at the end of so many uses of anything."""

    def __init__(self, left: int) -> None:
        self._left = [left]

    def __getattr__(self, name: str) -> Any:
        if name == "__wrapped__":
            raise AttributeError(name)
        return self

    def __call__(self, *_: Any, **__: Any) -> Any:
        self._left[0] -= 1
        if self._left[0] < 0:
            raise ValueError(WORDS["turn"])
        return self


@pytest.mark.parametrize("uses", range(12))
async def test_broken_provider_changes_no_request(
    uses: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Wherever it breaks; what it raised is logged once, without its text."""
    exploding = Exploding(uses)
    reset_providers(monkeypatch, exploding, exploding)
    result, transport = await fetch(UNAVAILABLE, CALL)
    assert not isinstance(result, BaseException), repr(result)
    assert len(transport.requests) == 2
    records = [record.getMessage() for record in caplog.records if record.name == "puretalk_client"]
    assert records == ["OpenTelemetry raised ValueError"]
    assert context.get_value("x") is None


@pytest.mark.parametrize("name", ["attach", "set_value", "get_value"])
async def test_broken_context_changes_no_request(name: str, sdk: Telemetry, monkeypatch: pytest.MonkeyPatch) -> None:
    """The spans are then lost, or without their children."""

    def explode(*_: Any, **__: Any) -> Any:
        raise RuntimeError(WORDS["turn"])

    async with client_over(ScriptedTransport(envelope(call(CALL_ID)))) as client:
        with monkeypatch.context() as patch:
            patch.setattr(context, name, explode)
            await client.calls.wait(CALL_ID, until="final")
    assert len(sdk.spans()) <= 2


async def test_broken_propagator_changes_no_request(sdk: Telemetry, monkeypatch: pytest.MonkeyPatch) -> None:
    """The span is recorded all the same."""

    def explode(*_: Any, **__: Any) -> Any:
        raise RuntimeError(WORDS["turn"])

    monkeypatch.setattr(propagate, "inject", explode)
    result, _ = await fetch(CALL)
    assert not isinstance(result, BaseException)
    assert len(sdk.spans()) == 1


async def test_broken_exporter_changes_no_request(sdk: Telemetry, monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK may or may not catch what it raises."""

    def explode(*_: Any, **__: Any) -> Any:
        raise RuntimeError(WORDS["turn"])

    monkeypatch.setattr("opentelemetry.sdk.trace.export.SimpleSpanProcessor.on_end", explode)
    monkeypatch.setattr("opentelemetry.sdk.trace.export.SimpleSpanProcessor.on_start", explode)
    result, _ = await fetch(CALL)
    assert not isinstance(result, BaseException)
    assert sdk.spans() == []


# When it is on


async def test_suppressed_instrumentation_makes_no_span(sdk: Telemetry) -> None:
    """As an exporter does, whose own requests would otherwise make spans."""
    token = context.attach(context.set_value("suppress_instrumentation", True))
    try:
        await fetch(CALL)
    finally:
        context.detach(token)
    assert sdk.spans() == []


async def test_off_is_off(sdk: Telemetry) -> None:
    """With ``telemetry=False``, and for a client of ``with_options`` as for its origin."""
    _, transport = await fetch(CALL, telemetry=False)
    assert (sdk.spans(), "traceparent" in transport.requests[0].headers) == ([], False)
    async with client_over(ScriptedTransport(CALL)) as client:
        await client.with_options(max_retries=0).calls.get(CALL_ID)
    assert len(sdk.spans()) == 1


async def test_sdk_may_be_set_up_after_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """From then on, attempts are recorded."""
    reset_providers(monkeypatch)
    async with client_over(ScriptedTransport(CALL)) as client:
        await client.calls.get(CALL_ID)
        sdk = use_sdk(monkeypatch)
        await client.calls.get(CALL_ID)
    assert len(sdk.spans()) == 1


async def test_without_an_sdk_no_object_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """An attempt costs one look at the providers."""
    reset_providers(monkeypatch)
    async with client_over(ScriptedTransport(CALL)) as client:
        telemetry = client._sender.telemetry
        assert telemetry is not None
        exchange = Exchange(client._sender, Request(method="GET", path="/"), None, None, None, None)
        assert telemetry.start(exchange) is None


@pytest.mark.parametrize("value", [1, 1.0, "yes", object()])
def test_other_values_are_refused(value: Any) -> None:
    """Rather than guessed at."""
    with pytest.raises(ConfigurationError, match="telemetry must be True, False or None"):
        AsyncPuretalk("key", telemetry=value)


WITHOUT = """
    import asyncio, sys
    {before}
    from puretalk_client import AsyncPuretalk, ConfigurationError
    from puretalk_client.testing import Sandbox, sample_call, SAMPLE_CALL_ID
    import httpx

    async def main():
        sandbox = Sandbox()
        sandbox.add_call(sample_call())
        http = httpx.AsyncClient(transport=httpx.ASGITransport(app=sandbox))
        async with http, AsyncPuretalk(sandbox.api_key, base_url=sandbox.base_url, http_client=http) as client:
            await client.calls.get(SAMPLE_CALL_ID)
            print(client._sender.telemetry is not None)
        try:
            AsyncPuretalk("key", telemetry=True)
        except ConfigurationError as error:
            print(error)
        print(any(name.startswith("opentelemetry") for name in sys.modules if sys.modules[name] is not None))

    asyncio.run(main())
"""
BLOCKED = "sys.modules['opentelemetry'] = None"
NEEDS_EXTRA = "telemetry=True needs OpenTelemetry: install puretalk-client with the extra 'otel'"
NOT_ALL = "import types; sys.modules['opentelemetry'] = types.ModuleType('opentelemetry')"


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (BLOCKED, ["False", NEEDS_EXTRA, "False"]),
        (NOT_ALL, ["False", NEEDS_EXTRA, "True"]),
        ("", ["False", "True"]),
        ("import opentelemetry.trace", ["True", "True"]),
        ("import os; os.environ['OTEL_PROPAGATORS'] = 'nonsense'",
         ["False", "OpenTelemetry raised ValueError when it was imported", "True"]),
    ],
    ids=["not-installed", "another-distribution", "not-imported", "imported", "cannot-be-imported"],
)  # fmt: skip
def test_opentelemetry_in_a_process_of_its_own(before: str, expected: list[str]) -> None:
    """It is used where the application imported it, and imported only on request."""
    program = textwrap.dedent(WITHOUT).format(before=before)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == expected
