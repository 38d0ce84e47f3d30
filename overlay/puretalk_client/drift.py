"""Compare recorded responses with the models, to notice where openapi.yaml no longer describes the API.

A report contains paths, types and counts. It never contains a value, or a name that can be personal data.
"""

from __future__ import annotations

import codecs
import functools
import re
import types
import typing
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import attrs
import msgspec
from attrs import field, frozen

from puretalk_generated.codec import MISSING, Path as JSONPath, structure

from ._call_status import CallStatus
from ._core.decoding import json_type, jsonpath, parse_json, type_name
from ._types import Drift
from .models import Call, CallEnvelope

Kind = Literal["unknown field", "unknown value", "wrong type", "missing"]

MAX_DRIFTS = 10_000
"""Distinct drifts in a report. It omits further ones, and ``complete`` is False."""
MAX_UNREADABLE = 100
"""Unreadable responses that a report names. Further ones are only counted."""

_SHOWN_NAME = re.compile(r"(?!(?:[^0-9]*[0-9]){5})[A-Za-z_][A-Za-z0-9_-]{0,63}")
"""A name that an API would choose. Other names, or five digits, can be a phone number, an id or an address."""
_NAMED_BY_CUSTOMERS = {"metadata", "post_analysis_data", "variables"}
"""Fields below which the users of the API choose the names."""


@frozen
class CountedDrift(Drift):
    """How often responses differ from the spec in one way at one path.

    Attributes:
        kind: ``unknown field``: the spec does not document the field. ``unknown value``: the value is not in
            the enum. ``wrong type``: the value has another type or format. ``missing``: a required field is
            missing.
        occurrences: Number of values.
        responses: Number of responses with at least one such value.
    """

    kind: Kind
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


def drift_report(responses: Iterable[bytes | str], model: Any = CallEnvelope) -> DriftReport:
    """Compare recorded responses with a model.

    Args:
        responses: Response bodies. Each is the JSON text of one response, or of an array of responses. For the
            default model, a call without its envelope is accepted too; paths include the envelope all the same.
        model: The model of a response, by default that of ``GET /calls/{call_id}``.

    Returns:
        The differences by path and count. A body that is not JSON is listed in ``unreadable``, not raised.
    """
    comparison = Comparison(model)
    for number, response in enumerate(responses, 1):
        content = response.encode(errors="surrogatepass") if isinstance(response, str) else response
        comparison.add(content, f"response {number}")
    return comparison.report()


def parse_text(content: bytes) -> tuple[Any, Sequence[Drift]]:
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

    model: Any
    responses: int = 0
    unreadable: list[str] = field(factory=list)
    unreadable_count: int = 0
    complete: bool = True
    counts: dict[tuple[Kind, str, str, str], _Count] = field(factory=dict)

    def add(self, content: bytes, where: str) -> None:
        """Compare a JSON text: a response, or an array of them."""
        try:
            value, drifts = parse_text(content)
            responses = value if isinstance(value, list) else [value]
            if not responses:
                self.skip(where, "contains no response")
            for response in responses:
                self.responses += 1
                self._compare(response)
            for drift in drifts:
                self._count("wrong type", drift.path, drift.expected, drift.actual)
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
            CountedDrift(path, expected, actual, kind, count.occurrences, count.responses)
            for (kind, path, expected, actual), count in self.counts.items()
        ]
        drifts.sort(key=lambda drift: (drift.path, drift.kind, drift.actual))
        return DriftReport(self.responses, tuple(drifts), tuple(self.unreadable), self.unreadable_count, self.complete)

    def _compare(self, value: Any) -> None:
        if self.model is CallEnvelope and isinstance(value, dict) and "results" not in value:
            is_call = not value.keys().isdisjoint(_fields(Call)[0])
            value = {"results": value} if is_call else value
        self._count_unknown(value, structure(value, self.model, self._count_mismatch), ())

    def _count_mismatch(self, path: JSONPath, expected: Any, actual: Any) -> None:
        kind: Kind = "wrong type"
        if actual is MISSING:
            kind = "missing"
        elif _is_enum_of(expected, type(actual)):
            kind = "unknown value"
        self._count(kind, jsonpath(path), type_name(expected), json_type(actual))

    def _count_unknown(self, value: Any, built: Any, path: JSONPath) -> None:
        """Count the differences that decoding tolerates: fields that the model lacks, and unknown statuses."""
        if built is value:  # a scalar, or a mismatch, which decoding leaves unchanged
            return
        if isinstance(built, CallStatus):
            if isinstance(value, str) and not built.is_known:
                self._count("unknown value", jsonpath(path), type_name(CallStatus), json_type(value))
        elif isinstance(built, list):
            for item, built_item in zip(value, built, strict=True):
                self._count_unknown(item, built_item, (*path, "*"))
        elif isinstance(built, dict):
            for name, built_item in built.items():
                self._count_unknown(value[name], built_item, (*path, "*"))
        elif attrs.has(type(built)):
            fields, others = _fields(built.__class__)
            for name, item in value.items():
                if name in fields:
                    self._count_unknown(item, getattr(built, fields[name]), (*path, name))
                elif others is not None:
                    self._count_unknown(item, getattr(built, others)[name], (*path, "*"))
                else:
                    shown = jsonpath((*path, _shown_name(name, path)))
                    self._count("unknown field", shown, "nothing", json_type(item))

    def _count(self, kind: Kind, path: str, expected: str, actual: str) -> None:
        key = kind, path, expected, actual
        if key not in self.counts and len(self.counts) >= MAX_DRIFTS:
            self.complete = False
            return
        count = self.counts.setdefault(key, _Count())
        count.occurrences += 1
        count.responses += count.last_response != self.responses
        count.last_response = self.responses


@functools.cache
def _fields(model: Any) -> tuple[dict[str, str], str | None]:
    """Return the fields of a model by their JSON names, and the field for properties of any other name."""
    fields = {field.metadata.get("json_name", field.name): field.name for field in attrs.fields(model)}
    others = [field.name for field in attrs.fields(model) if field.metadata.get("additional_properties")]
    return {key: name for key, name in fields.items() if name not in others}, next(iter(others), None)


def _is_enum_of(hint: Any, kind: type[Any]) -> bool:
    """Whether ``hint`` is an enum of values of this type."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return kind in map(type, arguments)
    if origin in (types.UnionType, typing.Union, typing.Annotated):
        return any(_is_enum_of(argument, kind) for argument in arguments)
    return False


def _shown_name(name: str, path: JSONPath) -> str:
    """Return the name to show: ``*`` if it can be personal data."""
    return name if _SHOWN_NAME.fullmatch(name) and _NAMED_BY_CUSTOMERS.isdisjoint(path) else "*"
