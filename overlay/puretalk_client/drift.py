"""Drift from the live side: compare recorded answers with the models, and learn that the spec is behind.

What is reported says where and how often, never what: no value is kept, and no name that may be personal.
"""

from __future__ import annotations

import codecs
import functools
import itertools
import re
import sys
import types
import typing
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Literal

import attrs
import msgspec
from attrs import field, frozen

from puretalk_generated.codec import MISSING, structure
from puretalk_generated.codec import Path as JSONPath

from ._decoding import Drift, json_type, jsonpath, parse, type_name
from .models import Call, CallEnvelope, CallStatus

__all__ = ["CountedDrift", "DriftReport", "Kind", "drift_report", "drift_report_of_files"]

Kind = Literal["unknown field", "unknown value", "wrong type", "missing"]

MAX_DRIFTS = 10_000
"""Different drifts that a report tells apart; what is found beyond them is left out, and the report says so."""
MAX_UNREADABLE = 100
"""Unreadable answers that are named; those beyond them are only counted."""

_SHOWN_NAME = re.compile(r"(?!(?:[^0-9]*[0-9]){5})[A-Za-z_][A-Za-z0-9_-]{0,63}")
"""A name as an API gives them. Anything else, or five digits, may be somebody's number, id or address."""
_NAMED_BY_CUSTOMERS = {"metadata", "post_analysis_data", "variables"}
"""Below these, people who use the API choose the names."""


@frozen
class CountedDrift(Drift):
    """One way in which answers strayed from the spec at one path.

    Attributes:
        kind: A field that the spec does not name, a value that its enum does not list, a value of another type or
            format, or a required field that was missing.
        occurrences: How often it was found.
        answers: In how many answers it was found.
    """

    kind: Kind
    occurrences: int
    answers: int


@frozen
class DriftReport:
    """Where recorded answers strayed from the spec.

    Attributes:
        answers: How many answers were compared.
        drifts: What was found, sorted by path.
        unreadable: What could not be compared, with the reason; the first 100.
        unreadable_count: How many could not be compared.
        complete: False where there were more different drifts than are told apart.
    """

    answers: int
    drifts: tuple[CountedDrift, ...]
    unreadable: tuple[str, ...]
    unreadable_count: int
    complete: bool


def drift_report(answers: Iterable[bytes | str], model: Any = CallEnvelope) -> DriftReport:
    """Compare recorded answers with a model.

    Args:
        answers: Bodies of answers, each the JSON text of one answer, or of an array of them. For the default model,
            a call may come without its envelope; paths are those of the envelope all the same.
        model: What one answer is decoded into; by default that of ``GET /calls/{call_id}``.

    Returns:
        What strayed, by path and count. A body that is not JSON is named there too, and raises nothing.
    """
    comparison = _Comparison(model)
    for number, answer in enumerate(answers, 1):
        content = answer.encode(errors="surrogatepass") if isinstance(answer, str) else answer
        comparison.add(content, f"answer {number}")
    return comparison.report()


def drift_report_of_files(names: Iterable[str], model: Any = CallEnvelope) -> DriftReport:
    """Compare answers recorded in files with a model.

    Args:
        names: Files, each with one answer, a JSON array of answers, or JSON Lines; ``-`` is standard input.
        model: What one answer is decoded into; by default that of ``GET /calls/{call_id}``.

    Returns:
        What strayed, as ``drift_report`` has it; a file or line that cannot be read is named there too.
    """
    comparison = _Comparison(model)
    for name in names:
        shown = "standard input" if name == "-" else name
        try:
            with nullcontext(sys.stdin.buffer) if name == "-" else Path(name).open("rb") as file:
                for place, content in _texts(file):
                    comparison.add(content, shown + place)
        except OSError as error:
            comparison.skip(shown, error.strerror or "cannot be read")
    return comparison.report()


def _texts(file: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    """Part a file into JSON texts, each with the line it stands in: one text a line, or one text in all."""
    lines: Iterator[tuple[int, bytes]] = (item for item in enumerate(file, 1) if item[1].strip())
    first = next(lines, (1, b""))
    if not _is_json(first[1]):
        read = [first, *lines]
        whole = b"".join(line for _, line in read)
        if _is_json(whole) or not any(line.startswith(b"{") and _is_json(line) for _, line in read):
            yield "", whole
            return
        first, lines = read[0], iter(read[1:])  # JSON Lines, whose first line is damaged
    for number, line in itertools.chain([first], lines):
        yield f", line {number}", line


def _is_json(content: bytes) -> bool:
    try:
        _parse(content)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    return True


def _parse(content: bytes) -> tuple[Any, list[Drift]]:
    content = content.removeprefix(codecs.BOM_UTF8)  # RFC 8259, section 8.1, lets parsers ignore it
    content.decode()
    return parse(content)


@attrs.define
class _Count:
    occurrences: int = 0
    answers: int = 0
    last_answer: int = 0


@attrs.define
class _Comparison:
    """What was found so far. Its size depends on how many different drifts there are, not on how many answers."""

    model: Any
    answers: int = 0
    unreadable: list[str] = field(factory=list)
    unreadable_count: int = 0
    complete: bool = True
    counts: dict[tuple[Kind, str, str, str], _Count] = field(factory=dict)

    def add(self, content: bytes, where: str) -> None:
        """Compare a JSON text: an answer, or an array of them."""
        try:
            value, mended = _parse(content)
            answers = value if isinstance(value, list) else [value]
            if not answers:
                self.skip(where, "holds no answer")
            for answer in answers:
                self.answers += 1
                self._compare(answer)
            for drift in mended:
                self._count("wrong type", *drift.parts())
        except UnicodeError:
            self.skip(where, "not UTF-8")
        except msgspec.DecodeError:
            self.skip(where, "not JSON" if content.strip() else "empty")
        except RecursionError:
            self.skip(where, "nested too deeply")

    def skip(self, where: str, reason: str) -> None:
        """Note what cannot be compared."""
        self.unreadable_count += 1
        if len(self.unreadable) < MAX_UNREADABLE:
            self.unreadable.append(f"{where}: {reason}")

    def report(self) -> DriftReport:
        """Return what was found, in the order of its paths."""
        drifts = [
            CountedDrift(path, expected, got, kind, count.occurrences, count.answers)
            for (kind, path, expected, got), count in self.counts.items()
        ]
        drifts.sort(key=lambda drift: (drift.path, drift.kind, drift.got_type))
        return DriftReport(
            self.answers, tuple(drifts), tuple(self.unreadable), self.unreadable_count, self.complete
        )

    def _compare(self, value: Any) -> None:
        if self.model is CallEnvelope and _is_bare_call(value):
            value = {"results": value}
        self._unknown(value, structure(value, self.model, self._stray), ())

    def _stray(self, path: JSONPath, expected: Any, got: Any) -> None:
        kind: Kind = "wrong type"
        if got is MISSING:
            kind = "missing"
        elif _is_enum_of(expected, type(got)):
            kind = "unknown value"
        self._count(kind, jsonpath(path), type_name(expected), json_type(got))

    def _unknown(self, value: Any, built: Any, path: JSONPath) -> None:
        """Find what decoding passes over: names that the model lacks, and unknown statuses."""
        if built is value:  # a scalar, or what strayed
            return
        if isinstance(built, CallStatus):
            if isinstance(value, str) and not built.is_known:
                self._count("unknown value", jsonpath(path), type_name(CallStatus), json_type(value))
        elif isinstance(built, list):
            for item, built_item in zip(value, built, strict=True):
                self._unknown(item, built_item, (*path, "*"))
        elif isinstance(built, dict):
            for name, built_item in built.items():
                self._unknown(value[name], built_item, (*path, "*"))
        elif attrs.has(type(built)):
            fields, others = _fields(built.__class__)
            for name, item in value.items():
                if name in fields:
                    self._unknown(item, getattr(built, fields[name]), (*path, name))
                elif others is not None:
                    self._unknown(item, getattr(built, others)[name], (*path, "*"))
                else:
                    shown = jsonpath((*path, _shown_name(name, path)))
                    self._count("unknown field", shown, "nothing", json_type(item))

    def _count(self, kind: Kind, path: str, expected: str, got_type: str) -> None:
        key = kind, path, expected, got_type
        if key not in self.counts and len(self.counts) >= MAX_DRIFTS:
            self.complete = False
            return
        count = self.counts.setdefault(key, _Count())
        count.occurrences += 1
        count.answers += count.last_answer != self.answers
        count.last_answer = self.answers


def _is_bare_call(value: Any) -> bool:
    """Whether a call was recorded without its envelope."""
    return (
        isinstance(value, dict) and "results" not in value and not value.keys().isdisjoint(_fields(Call)[0])
    )


@functools.cache
def _fields(model: Any) -> tuple[dict[str, str], str | None]:
    """Return the fields of a model by their JSON names, and the field that takes any other name."""
    fields = {field.metadata.get("json_name", field.name): field.name for field in attrs.fields(model)}
    others = [field.name for field in attrs.fields(model) if field.metadata.get("additional_properties")]
    return {key: name for key, name in fields.items() if name not in others}, next(iter(others), None)


def _is_enum_of(hint: Any, kind: type[Any]) -> bool:
    """Whether ``hint`` lists the values it allows, and they are of this type."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return kind in map(type, arguments)
    if origin in (types.UnionType, typing.Union, typing.Annotated):
        return any(_is_enum_of(argument, kind) for argument in arguments)
    return False


def _shown_name(name: str, path: JSONPath) -> str:
    """Return a name as it is shown: ``*`` where it may say something about a person."""
    return name if _SHOWN_NAME.fullmatch(name) and _NAMED_BY_CUSTOMERS.isdisjoint(path) else "*"
