"""Where recorded answers stray from the models: the spec is behind, or the server is wrong."""

from __future__ import annotations

import re
import types
import typing
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import attrs
import msgspec
from attrs import frozen

from puretalk_generated import models as generated
from puretalk_generated.codec import MISSING, structure

from ._decoding import json_type, jsonpath, parse, type_name
from ._status import CallStatus
from .errors import ConfigurationError
from .models import Call, CallEnvelope

__all__ = ["DriftFinding", "drift_report", "drift_text"]

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,39}")
_MOST_DIGITS = 4
"""A name with more digits may be a phone number or an id: somebody's data, and not the API's word."""

Steps = tuple[str, ...]


@frozen(order=True)
class DriftFinding:
    """One way in which recorded answers stray from the spec. No value is ever kept.

    Attributes:
        kind: unknown field, unknown enum value, wrong type, or missing field.
        path: Where, as a JSONPath (RFC 9535) from the answer; ``[*]`` stands for any item, and for any
            name that may be somebody's data.
        note: For a wrong type, which type openapi.yaml promises and which JSON type came.
        count: How often.
    """

    kind: str
    path: str
    note: str
    count: int


def drift_report(paths: Iterable[str | Path]) -> list[DriftFinding]:
    """Compare recorded answers with the models.

    Args:
        paths: JSON files. Each holds an answer of the API (an envelope), a bare call, a list of such, or one
            of them a line (JSON Lines).

    Returns:
        What strays, sorted by kind and path; empty where all answers are what openapi.yaml says.

    Raises:
        ConfigurationError: A file cannot be read, or is not JSON.
    """
    found: Counter[tuple[str, str, str]] = Counter()
    for path in paths:
        for answer in answers(Path(path)):
            found.update(strays(answer))
    return sorted(DriftFinding(*key, count) for key, count in found.items())


def drift_text(findings: list[DriftFinding]) -> str:
    """Write a report for a person to read, a line each."""
    if not findings:
        return "The recorded answers are what openapi.yaml says.\n"
    width = len(str(max(finding.count for finding in findings)))
    lines = (
        f"{finding.count:{width}}  {finding.kind}  {finding.path}"
        + (f"  ({finding.note})" if finding.note else "")
        for finding in findings
    )
    return "\n".join(lines) + "\n"


def answers(path: Path) -> Iterator[Any]:
    """Yield the answers that a file holds."""
    try:
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "cannot be read"
        raise ConfigurationError(f"{path.name}: {reason.lower()}") from None
    content = content.removeprefix(b"\xef\xbb\xbf")
    value = loaded(content)
    if value is not MISSING:
        yield from value if isinstance(value, list) else [value]
        return
    for number, line in enumerate(content.splitlines(), start=1):
        if line.strip():
            value = loaded(line)
            if value is MISSING:
                raise ConfigurationError(f"{path.name}:{number}: neither JSON nor JSON Lines") from None
            yield from value if isinstance(value, list) else [value]


def loaded(content: bytes) -> Any:
    """Parse JSON; ``MISSING`` where it is none. What the parser says would quote the content."""
    try:
        content.decode()
        return parse(content)[0]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return MISSING


def strays(answer: Any) -> Iterator[tuple[str, str, str]]:
    """Yield the kind, the path and the note of everything in which an answer strays."""
    if isinstance(answer, dict) and isinstance(answer.get("results"), list):
        # The vendor's lists have the same envelope, with calls in results.
        for item in answer["results"]:
            yield from compared(item, Call, ("results", "*"))
    elif isinstance(answer, dict) and "results" in answer:
        yield from compared(answer, CallEnvelope, ())
    elif isinstance(answer, dict) and answer.keys() <= {"msg", "err"}:
        yield from compared(answer, generated.Error, ())
    else:
        yield from compared(answer, Call, ())


def compared(value: Any, model: Any, root: Steps) -> Iterator[tuple[str, str, str]]:
    """Compare a value with a model."""
    found: list[tuple[str, str, str]] = []

    def stray(path: Steps, expected: Any, got: Any) -> None:
        where = jsonpath(root + path)
        if got is MISSING:
            found.append(("missing field", where, ""))
        elif any(type(allowed) is type(got) for allowed in enum_values(expected)):
            found.append(("unknown enum value", where, ""))
        else:
            found.append(("wrong type", where, f"{type_name(expected)} promised, {json_type(got)} came"))

    try:
        built = structure(value, model, stray)
    except RecursionError:
        yield "wrong type", jsonpath(root), "nested too deep"
        return
    yield from found
    yield from unknown(value, built, root)


def enum_values(hint: Any) -> Iterator[Any]:
    """Yield the values that a type lists."""
    if typing.get_origin(hint) is typing.Literal:
        yield from typing.get_args(hint)
    elif typing.get_origin(hint) in (types.UnionType, typing.Union):
        for member in typing.get_args(hint):
            yield from enum_values(member)


def unknown(value: Any, built: Any, path: Steps) -> Iterator[tuple[str, str, str]]:
    """Yield the fields and the statuses that the models, built from ``value``, do not know."""
    if isinstance(built, list) and isinstance(value, list):
        for item, model in zip(value, built, strict=True):
            yield from unknown(item, model, (*path, "*"))
    elif isinstance(built, dict) and isinstance(value, dict):
        for name, item in value.items():
            yield from unknown(item, built.get(name), (*path, "*"))
    elif attrs.has(type(built)) and isinstance(value, dict):
        fields = {field.metadata.get("json_name", field.name): field for field in attrs.fields(type(built))}
        keeps_others = any(field.metadata.get("additional_properties") for field in fields.values())
        for name, item in value.items():
            if name in fields:
                yield from unknown(item, getattr(built, fields[name].name), (*path, name))
            elif not keeps_others:
                yield "unknown field", jsonpath((*path, shown(name))), ""
    elif isinstance(built, CallStatus) and isinstance(value, str) and not built.is_known:
        yield "unknown enum value", jsonpath(path), ""


def shown(name: str) -> str:
    """Return a name that looks like one that an API gives, and else a star."""
    is_name = _IDENTIFIER.fullmatch(name) and sum(map(str.isdigit, name)) <= _MOST_DIGITS
    return name if is_name else "*"
