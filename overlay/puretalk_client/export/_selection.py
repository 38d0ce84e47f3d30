"""Which columns an export has, and which values it leaves out."""

from __future__ import annotations

import functools
import typing
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, Self

import attrs
from attrs import frozen

from puretalk_generated.codec import hints

from ..errors import ConfigurationError
from ..models import Call, CallMetadata
from ._json import has_list, models_of

SPEECH: Final = frozenset(
    {
        *("transcript", "transcript_object.content", "transcript_object.function_args", "transcript_object.tool_calls"),
        *("call_analysis", "variables", "metadata"),
    }
)
"""Paths for ``redact``: transcripts, arguments of functions and tools, analyses, variables and metadata."""
CONTACTS: Final = frozenset({"from_number", "to_number", "call_recording_url"})
"""Paths for ``redact``: the phone numbers and the URL of the recording."""

EXTRA_COLUMNS: Final = ("_drift", "_unknown")
"""Columns of a table that are not fields of a call."""

Prune = Callable[[Any], Any]


@frozen
class Selection:
    """The columns of an export, and the paths whose values it leaves out; both validated and sorted.

    Attributes:
        columns: None for all.
        redact: JSON names from the call, with dots between them; items of arrays have no step.
    """

    columns: tuple[str, ...] | None
    redact: tuple[str, ...]

    @classmethod
    def of(cls, columns: Collection[str] | None, redact: Collection[str]) -> Self:
        """Validate a selection: a misspelled path would store what it should leave out."""
        for name, value in (("columns", columns), ("redact", redact)):
            if isinstance(value, str) or not isinstance(value, Collection | None):
                raise ConfigurationError(f"{name} must be a collection of names, such as a list")
        paths = _paths(Call, ())
        fields = {path for path in paths if "." not in path}
        if columns is not None:
            _require("columns", columns, {*fields, *EXTRA_COLUMNS})
            columns = {*columns, "call_id"}  # which names the call of a row
        _require("redact", redact, paths - {"call_id"})
        return cls(None if columns is None else tuple(sorted(columns)), tuple(sorted(redact)))

    def has(self, name: str) -> bool:
        """Whether a column is included."""
        return self.columns is None or name in self.columns

    @property
    def redacted_paths(self) -> frozenset[tuple[str, ...]]:
        """The steps of each path."""
        return frozenset(tuple(path.split(".")) for path in self.redact)

    def prune(self, call: Mapping[str, Any]) -> dict[str, Any]:
        """Return a call in the API's format with the columns, and without the values to leave out.

        Where values are left out, fields that the document does not have are so as well: nobody knows what is in them.
        """
        if self.redact:
            call = _call_pruner(self)(call)
        return {name: value for name, value in call.items() if self.has(name)}


def _require(option: str, given: Collection[str], known: Collection[str]) -> None:
    for name in given:
        if name not in known:
            shown = repr(name) if isinstance(name, str) and len(name) < 80 else type(name).__name__
            raise ConfigurationError(f"{option} has {shown}, which is not one of {', '.join(sorted(known))}")


def _fields(model: Any) -> dict[str, Any]:
    """Return the types of a model's fields by their JSON names."""
    return {
        attribute.metadata.get("json_name", attribute.name): hints(model)[attribute.name]
        for attribute in attrs.fields(model)
    }


def _paths(model: Any, steps: tuple[str, ...]) -> set[str]:
    """Return the path of each field of a model, and of those in it."""
    found = set()
    for name, hint in _fields(model).items():
        found.add(".".join((*steps, name)))
        for inner in models_of(hint):
            found |= _paths(inner, (*steps, name))
    return found


@functools.lru_cache(maxsize=32)
def _call_pruner(selection: Selection) -> Prune:
    return _pruner(Call, selection.redacted_paths, ())


def _pruner(hint: Any, redacted: Collection[tuple[str, ...]], path: tuple[str, ...]) -> Prune:
    """Return what leaves values of a type without those below the redacted paths.

    Objects and arrays against the document become null: they may hold anything.
    """
    if path in redacted:
        return lambda value: None
    is_list = has_list(hint)
    if not (models := models_of(hint)):
        may_nest = is_list or not {Any, CallMetadata}.isdisjoint((hint, *typing.get_args(hint)))
        return lambda value: value if may_nest or not isinstance(value, (list, Mapping)) else None
    fields = {name: _pruner(each, redacted, (*path, name)) for name, each in _fields(models[0]).items()}

    def prune(value: Any) -> Any:
        if not isinstance(value, Mapping):
            return None
        return {name: fields[name](item) for name, item in value.items() if name in fields}

    return (lambda value: list(map(prune, value)) if isinstance(value, list) else None) if is_list else prune
