"""Compare recorded responses with the models, to notice where openapi.yaml no longer describes the API.

A report contains paths, types and counts. It never contains a value, or a name that can be personal data.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Sequence

import attrs
import msgspec
from attrs import field, frozen

from puretalk_generated.api.calls import get_call

from ._core.decoding import build, fields_by_json_name, find_unknown, parse_json
from ._recorded import RecordedResponse
from ._types import JSON, Drift
from .models import NAMED_BY_CUSTOMERS, Call, CallEnvelope

MAX_DRIFTS = 10_000
"""Distinct drifts in a report. It omits further ones, and ``complete`` is False."""
_PATH_TEMPLATE = get_call.request("id").path_template
MAX_UNREADABLE = 100
"""Unreadable responses that a report names. Further ones are only counted."""


@frozen
class CountedDrift(Drift):
    """A difference between responses and the spec, with its count.

    Attributes:
        occurrences: Number of values.
        responses: Number of responses with at least one such value.
    """

    occurrences: int
    responses: int


@frozen
class DriftReport:
    """The differences between recorded responses and the spec.

    Attributes:
        responses: Number of responses compared.
        drifts: The differences, sorted by path.
        unreadable: The sources that could not be read, each with the reason; at most 100.
        unreadable_count: Number of sources that could not be read.
        complete: False if there were more than 10,000 distinct drifts, so that ``drifts`` omits some.
    """

    responses: int
    drifts: tuple[CountedDrift, ...]
    unreadable: tuple[str, ...]
    unreadable_count: int
    complete: bool


def drift_report(responses: Iterable[bytes | str], model: object = CallEnvelope) -> DriftReport:
    """Compare recorded responses with a model.

    Args:
        responses: Response bodies. Each is the JSON text of one response, or of an array of responses. For the
            default model, a call without its envelope is accepted too; its paths begin with ``$.results`` as well.
            A line that ``testing.Recorder`` wrote counts as its body. Lines of failures are skipped, and for the
            default model also lines of other operations.
        model: The model of a response. Default: that of ``GET /calls/{call_id}``.

    Returns:
        The differences by path and count. A body that is not JSON is listed in ``unreadable``, not raised.
    """
    comparison = Comparison(model)
    for number, response in enumerate(responses, 1):
        content = response.encode(errors="surrogatepass") if isinstance(response, str) else response
        comparison.add(content, f"response {number}")
    return comparison.report()


def parse_text(content: bytes) -> tuple[JSON, Sequence[Drift]]:
    """Parse a recorded JSON text; raise a UnicodeError or a msgspec.DecodeError if it is not one."""
    content = content.removeprefix(codecs.BOM_UTF8)  # RFC 8259, section 8.1, allows parsers to ignore it
    content.decode()
    return parse_json(content)


@attrs.define
class _Count:
    occurrences: int = 0
    responses: int = 0
    last_response: int = 0


@attrs.define
class Comparison:
    """The differences so far. Its size depends on the number of distinct drifts, not of responses."""

    model: object
    responses: int = 0
    unreadable: list[str] = field(factory=list)
    unreadable_count: int = 0
    complete: bool = True
    counts: dict[Drift, _Count] = field(factory=dict)

    def add(self, content: bytes, where: str) -> None:
        """Compare a JSON text: a response, an array of them, or a line of a recording."""
        try:
            recorded = RecordedResponse.read(content)
        except ValueError as error:
            self.skip(where, str(error))
            return
        if recorded is not None:
            if not self._describes(recorded):
                return
            content = recorded.content()
        try:
            value, drifts = parse_text(content)
            responses = value if isinstance(value, list) else [value]
            if not responses:
                self.skip(where, "contains no response")
            for response in responses:
                self.responses += 1
                self._compare(response)
            for drift in drifts:
                self._count(drift)
        except UnicodeError:
            self.skip(where, "not UTF-8")
        except msgspec.DecodeError:
            self.skip(where, "not JSON" if content.strip() else "empty")
        except RecursionError:
            self.skip(where, "nested too deeply")

    def skip(self, where: str, reason: str) -> None:
        """Record a source that cannot be read."""
        self.unreadable_count += 1
        if len(self.unreadable) < MAX_UNREADABLE:
            self.unreadable.append(f"{where}: {reason}")

    def report(self) -> DriftReport:
        """Return the differences, sorted by path."""
        drifts = [
            CountedDrift(each.path, each.expected, each.actual, each.kind, count.occurrences, count.responses)
            for each, count in self.counts.items()
        ]
        drifts.sort(key=lambda drift: (drift.path, drift.kind, drift.actual))
        return DriftReport(self.responses, tuple(drifts), tuple(self.unreadable), self.unreadable_count, self.complete)

    def _describes(self, recorded: RecordedResponse) -> bool:
        is_other = self.model is CallEnvelope and recorded.path_template != _PATH_TEMPLATE
        return 200 <= recorded.status <= 299 and not is_other

    def _compare(self, value: JSON) -> None:
        is_bare = (
            self.model is CallEnvelope
            and isinstance(value, dict)
            and "results" not in value
            and not value.keys().isdisjoint(fields_by_json_name(Call)[0])
        )
        value = {"results": value} if is_bare else value

        def report(drift: Drift) -> None:
            if not is_bare or drift.path.startswith("$.results"):  # a call alone lacks nothing of an envelope
                self._count(drift)

        built = build(value, self.model, report)
        for drift in find_unknown(value, built, NAMED_BY_CUSTOMERS):
            self._count(drift)

    def _count(self, drift: Drift) -> None:
        if drift not in self.counts and len(self.counts) >= MAX_DRIFTS:
            self.complete = False
            return
        count = self.counts.setdefault(drift, _Count())
        count.occurrences += 1
        count.responses += count.last_response != self.responses
        count.last_response = self.responses
