"""The SDK of OpenTelemetry, which keeps spans and metrics in memory."""

from __future__ import annotations

import sys
from typing import Any

import opentelemetry.trace
import pytest
from attrs import field, frozen
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind


@frozen
class Telemetry:
    """Recorded spans and metrics."""

    exporter: InMemorySpanExporter = field(factory=InMemorySpanExporter)
    reader: InMemoryMetricReader = field(factory=InMemoryMetricReader)

    def spans(self, kind: SpanKind | None = None) -> list[ReadableSpan]:
        """List the spans that have ended, or those of one kind."""
        return [span for span in self.exporter.get_finished_spans() if kind is None or span.kind is kind]

    def clients(self) -> list[ReadableSpan]:
        """List the CLIENT spans."""
        return self.spans(SpanKind.CLIENT)

    def points(self, name: str) -> list[Any]:
        """List the data points of a metric."""
        data = self.reader.get_metrics_data()
        scopes = [scope for resource in (data.resource_metrics if data else ()) for scope in resource.scope_metrics]
        metrics = [metric for scope in scopes for metric in scope.metrics if metric.name == name]
        return [point for metric in metrics for point in metric.data.data_points]

    def text(self) -> str:
        """Return everything that was recorded."""
        data = self.reader.get_metrics_data()
        return "".join(span.to_json() for span in self.spans()) + (data.to_json() if data else "")


def reset_providers(patch: pytest.MonkeyPatch, tracers: object = None, meters: object = None) -> None:
    """Set the global providers until the end of a test; the API allows that once in a process."""
    for module, name, value in (
        (opentelemetry.trace, "_TRACER_PROVIDER", tracers),
        (sys.modules["opentelemetry.metrics._internal"], "_METER_PROVIDER", meters),
    ):
        patch.setattr(module, name, value)
        once = getattr(module, f"{name}_SET_ONCE")
        patch.setattr(once, "_done", value is not None)


def use_sdk(patch: pytest.MonkeyPatch) -> Telemetry:
    """Set up the SDK until the end of a test."""
    found = Telemetry()
    tracers = TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(found.exporter))
    reset_providers(patch, tracers, MeterProvider([found.reader]))
    return found
