"""Spans and metrics through the OpenTelemetry API, which nothing else in this package imports.

What they hold is the method, the path as in the document, the server and how it went: nothing that identifies a call
or a caller. Whatever the application's tracer, meter, exporter or propagator raises is logged once, by its type, and
changes no request.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.metrics import Counter, Histogram
    from opentelemetry.trace import Span, Tracer

    from .exchange import Exchange
    from .transports import Headers, Transport, TransportResponse

log = logging.getLogger("puretalk_client")

Attributes = dict[str, str | int]

SCHEMA_URL = "https://opentelemetry.io/schemas/1.41.0"
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""Seconds, as the conventions recommend for ``http.client.request.duration``."""
METHODS = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"})
FRAMING = frozenset({"connection", "content-length", "host", "te", "trailer", "transfer-encoding", "upgrade"})
"""Headers that no propagator may add: they are the HTTP library's own."""


def open_telemetry(requested: bool | None, version: str) -> Telemetry | None:
    """Return what observes the requests of a client; None for nothing.

    Args:
        requested: Whether to; None for where the application has imported OpenTelemetry.
        version: The version of this package.

    Raises:
        ConfigurationError: It is requested, and cannot be imported.
    """
    if requested is not None and not isinstance(requested, bool):
        raise ConfigurationError("telemetry must be True, False or None")
    if requested is False or (requested is None and sys.modules.get("opentelemetry") is None):
        return None
    try:
        return Telemetry(version)
    except ImportError:
        reason = "telemetry=True needs OpenTelemetry: install puretalk-client with the extra 'otel'"
    except Exception as error:  # such as a propagator that the environment names, and that is not installed
        reason = f"OpenTelemetry raised {type(error).__name__} when it was imported"
    if requested:
        raise ConfigurationError(reason)
    return None


class Telemetry:
    """The tracer and the instruments of a client, once the application has set up an SDK."""

    def __init__(self, version: str) -> None:
        from opentelemetry import context, metrics, propagate, trace

        self.context: Any = context
        self.propagate: Any = propagate
        self.trace: Any = trace
        self._metrics = metrics
        self._version = version
        self._get_tracers = _reader(trace.get_tracer_provider, "_TRACER_PROVIDER")
        self._get_meters = _reader(metrics.get_meter_provider, "_METER_PROVIDER")
        self._tracers = self._meters = object()
        self._has_sdk = False
        self.guard: _Guard = _Guard()
        # Names with a random end, which only the API itself knows; instrumentations of HTTP libraries look for both.
        names = ("suppress_instrumentation", "suppress_http_instrumentation")
        keys = [str(getattr(context, f"_{name.upper()}_KEY", name)) for name in names]
        self._suppressions: tuple[str, ...] = (*keys, names[0])
        self.suppression: str = keys[1]
        self.tracer: Tracer
        self.duration: Histogram
        self.retries: Counter
        self.waiting: Counter

    def is_on(self) -> bool:
        """Whether an SDK records what is observed here. Without one, this is all that an attempt costs."""
        tracers, meters = self._get_tracers(), self._get_meters()
        if tracers is not self._tracers or meters is not self._meters:
            # First, so that a provider that raises is not asked again for each attempt.
            self._tracers, self._meters, self._has_sdk = tracers, meters, False
            if _is_of_sdk(tracers) or _is_of_sdk(meters):
                self._use()
        return self._has_sdk and not any(self.context.get_value(key) for key in self._suppressions)

    def _use(self) -> None:
        """Make the tracer and the instruments."""
        self.tracer = self.trace.get_tracer("puretalk_client", self._version, schema_url=SCHEMA_URL)
        meter = self._metrics.get_meter("puretalk_client", self._version, schema_url=SCHEMA_URL)
        self.duration = meter.create_histogram(
            "http.client.request.duration",
            unit="s",
            description="Duration of HTTP client requests.",
            explicit_bucket_boundaries_advisory=BUCKETS,
        )
        self.retries = meter.create_counter(
            "puretalk.client.retries", unit="{retry}", description="Attempts that followed a transient failure."
        )
        self.waiting = meter.create_counter(
            "puretalk.client.waiting_time",
            unit="s",
            description="Time that requests waited for a connection, a rate limit or a retry.",
        )
        self._has_sdk = True

    def start(self, exchange: Exchange) -> AttemptSpan | None:
        """Begin the span of an attempt."""
        with self.guard:
            return AttemptSpan(self, exchange) if self.is_on() else None
        return None

    def abandon(self, exchange: Exchange) -> None:
        """Count the time that a request waited for an attempt which it did not make."""
        with self.guard:
            if exchange.start is not None and self.is_on():
                _, _, attributes = facts_of(exchange)
                self.count_waiting(exchange, attributes)

    def count_waiting(self, exchange: Exchange, attributes: Attributes) -> None:
        """Count the time since the start of a request, or since its last attempt."""
        now, start = exchange.pool.clock.monotonic(), exchange.waiting_since or exchange.start or 0.0
        if now > start:
            self.waiting.add(now - start, attributes)


class _Guard(AbstractContextManager["_Guard", bool]):
    """Ends a block that raises, and logs the first of these errors: one for each attempt would say no more."""

    _has_logged = False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if isinstance(error, Exception) and not self._has_logged:
            self._has_logged = True
            log.error("OpenTelemetry raised %s", type(error).__name__)  # its text may quote anything
        return isinstance(error, Exception)


class AttemptSpan:
    """The CLIENT span of an attempt that is in progress."""

    def __init__(self, telemetry: Telemetry, exchange: Exchange) -> None:
        self._telemetry = telemetry
        name, attributes, self._metric = facts_of(exchange)
        self._attributes: Attributes = {}
        if exchange.attempts > 1:
            attributes = {**attributes, "http.request.resend_count": exchange.attempts - 1}
        self._span: Span = telemetry.tracer.start_span(
            name, kind=telemetry.trace.SpanKind.CLIENT, attributes=attributes
        )
        with telemetry.guard:
            telemetry.count_waiting(exchange, self._metric)
            if exchange.attempts > 1:
                telemetry.retries.add(1, self._metric)

    async def send(
        self, transport: Transport, method: str, url: str, headers: Headers, content: bytes | None
    ) -> TransportResponse:
        """Send the attempt with the context of its span; the HTTP library's own instrumentation stays silent."""
        token = None
        with self._telemetry.guard:
            context = self._context()
            headers = self._inject(headers, context)
            token = self._telemetry.context.attach(context)
        try:
            response = await transport.send(method, url, headers, content)
        finally:
            if token is not None:
                self._telemetry.context.detach(token)  # logs what it cannot do
        with contextlib.suppress(Exception):
            if version := response.http_version:
                self._attributes["network.protocol.version"] = version
        return response

    def _context(self) -> Context:
        context: Context = self._telemetry.trace.set_span_in_context(self._span)
        suppressed: Context = self._telemetry.context.set_value(self._telemetry.suppression, True, context)
        return suppressed

    def _inject(self, headers: Headers, context: Context) -> Headers:
        """Add the headers by which the server continues the trace; those that the client sends anyway stay."""
        if not self._span.is_recording():
            return headers
        with self._telemetry.guard:
            carrier: dict[str, str] = {}
            self._telemetry.propagate.inject(carrier, context)
            taken = FRAMING.union(name.lower() for name, _ in headers)
            return (*headers, *((name, value) for name, value in carrier.items() if _may_be_sent(name, value, taken)))
        return headers

    def end(self, exchange: Exchange, start: float, error: str | None) -> None:
        """End the span, and record the duration; ``error`` is the name of the class of a failure."""
        now = exchange.waiting_since = exchange.pool.clock.monotonic()
        attributes, status = self._attributes, exchange.status
        if status is not None:
            attributes["http.response.status_code"] = status
        if error is not None:
            attributes["error.type"] = str(status) if status is not None and status >= 400 else error
        _end(self._telemetry, self._span, attributes, is_error=error is not None)
        with self._telemetry.guard:
            # With its span, which exemplars name.
            context = self._telemetry.trace.set_span_in_context(self._span)
            self._telemetry.duration.record(now - start, {**self._metric, **attributes}, context)


class Operation(AbstractContextManager["Operation"]):
    """An INTERNAL span around what makes many requests; also what stands for it where telemetry is off."""

    _span: Span | None = None
    _token: Any = None
    _error: BaseException | None = None
    _is_known = False

    def __init__(self, telemetry: Telemetry | None, name: str) -> None:
        self._telemetry, self._name = telemetry, name

    def __enter__(self) -> Operation:
        if (telemetry := self._telemetry) is not None:
            with telemetry.guard:
                if telemetry.is_on():
                    self._span = telemetry.tracer.start_span(self._name)
                    self._token = telemetry.context.attach(telemetry.trace.set_span_in_context(self._span))
        return self

    def fail(self, error: BaseException | None) -> None:
        """Say how it ended, where what leaves the block is only the means to end it."""
        self._error, self._is_known = error, True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> Literal[False]:
        if self._telemetry is not None and self._span is not None:
            if self._token is not None:
                self._telemetry.context.detach(self._token)
            error = self._error if self._is_known else error
            attributes: Attributes = {} if error is None else {"error.type": type(error).__name__}
            _end(self._telemetry, self._span, attributes, is_error=error is not None)
        return False


def _end(telemetry: Telemetry, span: Span, attributes: Attributes, *, is_error: bool) -> None:
    with telemetry.guard:
        span.set_attributes(attributes)
        if is_error:
            span.set_status(telemetry.trace.StatusCode.ERROR)  # without a text, which may quote anything
    with telemetry.guard:
        span.end()


def _reader(get: Callable[[], object], name: str) -> Callable[[], object]:
    """Return what reads the global provider, which is ``name`` in the module of ``get``; None for none.

    Without an SDK, ``get`` itself looks into the environment each time, which takes 1.5 us (opentelemetry-api 1.45).
    """
    get()  # loads the provider that the environment names
    names: dict[str, object] = getattr(get, "__globals__", {})
    return functools.partial(names.get, name) if name in names else get


def _is_of_sdk(provider: object) -> bool:
    """Whether a provider is one that records, and not one of the API that stands for none."""
    return provider is not None and not type(provider).__module__.startswith(
        ("opentelemetry.trace", "opentelemetry.metrics")
    )


def _may_be_sent(name: object, value: object, taken: Iterable[str]) -> bool:
    """Whether a header of a propagator can be sent; a line break in one would begin another header."""
    if not isinstance(name, str) or not isinstance(value, str) or name.lower() in taken:
        return False
    is_printable = value.isascii() and value.isprintable() and value == value.strip()
    return is_printable and name.isascii() and name.replace("-", "").replace("_", "").isalnum()


def facts_of(exchange: Exchange) -> tuple[str, Attributes, Attributes]:
    """Return the name, the attributes and the metrics' attributes of an exchange's attempts."""
    request, channel = exchange.request, exchange.channel
    base_url = channel.server_of(request) or channel.options.base_url
    return _facts(request.method, request.path_template, base_url)


@functools.lru_cache(256)
def _facts(method: str, template: str | None, base_url: str) -> tuple[str, Attributes, Attributes]:
    """Name things as the conventions for HTTP clients do; values of parameters are left out."""
    server, known = urlsplit(base_url), method if method in METHODS else "_OTHER"
    metric: Attributes = {
        "http.request.method": known,
        "server.address": server.hostname or "",
        "server.port": server.port or (443 if server.scheme == "https" else 80),
    }
    name = "HTTP" if known == "_OTHER" else method
    if template:
        metric["url.template"] = template
        name += f" {template}"
    place = f"{server.scheme}://{server.netloc.rpartition('@')[2]}{server.path}"
    attributes: Attributes = {**metric, "url.full": place + (template or "")}
    if known == "_OTHER":
        attributes["http.request.method_original"] = method
    return name, attributes, metric
