"""The post-analysis fields of a call, as a mapping with typed access."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias, TypeGuard, TypeVar, overload

from puretalk_generated.models import PostAnalysisItem

from .errors import PostAnalysisMissingError, PostAnalysisTypeError

PostAnalysisValue: TypeAlias = str | int | float | bool | None
"""What a post-analysis field can hold: JSON's text, number, boolean and null."""

_Default = TypeVar("_Default")
_REQUIRED: Final = object()

_TRUE = frozenset({"yes", "y", "true", "on", "1"})
_FALSE = frozenset({"no", "n", "false", "off", "0"})
_INTEGER = re.compile(r"[+-]?(?:0|[1-9][0-9]*)")
_NUMBER = re.compile(_INTEGER.pattern + r"(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


class PostAnalysis(Mapping[str, PostAnalysisValue]):
    """The fields of ``call_analysis.post_analysis_data`` (openapi.yaml), by name, in the order received.

    A value keeps its JSON type: 4 is an ``int``, 4.0 a ``float``, true is ``True`` and never 1. When a
    name is repeated, the mapping has the last value; ``all()`` and ``pairs`` have every one.

    ``text()``, ``number()`` and ``boolean()`` read a value of a known type. With ``coerce=True`` they
    also convert values of other kinds, by this table. Any other value raises ``PostAnalysisTypeError``.

    =========  ==================  ==================================================================
    requested  value               result
    =========  ==================  ==================================================================
    boolean    text                yes, y, true, on, 1: ``True``; no, n, false, off, 0: ``False``;
                                   in any case, with or without surrounding blanks
    boolean    number              1: ``True``; 0: ``False``
    number     text                a number as JSON writes it (RFC 8259, section 6), also with a leading
                                   ``+`` and surrounding blanks: "4" is the int 4, "4.5" a float. Integers
                                   are exact, up to the length that ``int()`` takes. Not read: "1,200",
                                   "007", ".5", "1_000", "nan", "inf", "1e999"
    text       boolean             "true" or "false"
    text       number              its digits, as Python's ``repr`` writes them
    =========  ==================  ==================================================================

    A boolean is never converted to a number.

    The mapping accepts whatever the server sends. It omits items that are not objects, and values that are arrays or
    objects, which the document does not allow; reading such a value as a type raises. An item without a name is in
    ``pairs`` only. ``call.call_analysis.post_analysis_data`` has everything as received.

    Two mappings are equal as two ``dict`` are: order does not count, and ``True`` equals 1.
    """

    __slots__ = ("_received", "_values")

    _received: tuple[tuple[str | None, object], ...]
    _values: dict[str, PostAnalysisValue]

    def __init__(self, items: Sequence[PostAnalysisItem] | None = None) -> None:
        """Build the view.

        Args:
            items: ``call_analysis.post_analysis_data``. Anything but a sequence counts as no items.
        """
        received = (_name_and_value(item) for item in items) if isinstance(items, Sequence) else ()
        self._received = tuple(pair for pair in received if pair is not None)
        self._values = {name: value for name, value in self.pairs if name is not None}

    def __getitem__(self, name: str) -> PostAnalysisValue:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        # Values are what people said on a call, so a repr only counts them.
        return f"<{type(self).__name__}: {len(self)} field{'' if len(self) == 1 else 's'}>"

    def __reduce__(self) -> tuple[Callable[..., PostAnalysis], tuple[list[dict[str, object]]]]:
        return type(self), ([{"name": name, "value": value} for name, value in self._received],)

    @property
    def pairs(self) -> tuple[tuple[str | None, PostAnalysisValue], ...]:
        """Every (name, value) in the order received; the name is None where an item has none."""
        return tuple((name, value) for name, value in self._received if _is_value(value))

    def all(self, name: str) -> tuple[PostAnalysisValue, ...]:
        """Every value received under a name.

        Args:
            name: Name of the field.

        Returns:
            The values in the order received; empty when no field has this name.
        """
        return tuple(value for other, value in self.pairs if other == name)

    @overload
    def text(self, name: str, *, coerce: bool = False) -> str: ...
    @overload
    def text(self, name: str, *, default: _Default, coerce: bool = False) -> str | _Default: ...
    def text(self, name: str, *, default: Any = _REQUIRED, coerce: bool = False) -> Any:
        """Read a field that holds text.

        Args:
            name: Name of the field.
            default: What to return when the field is missing or null.
            coerce: Convert values of other kinds, by the table of the class.

        Returns:
            The text as received, or the default.

        Raises:
            PostAnalysisMissingError: The field is missing or null, and there is no default.
            PostAnalysisTypeError: The field holds another kind of value.
        """
        return self._read(name, "text", default, coerce)

    @overload
    def number(self, name: str, *, coerce: bool = False) -> int | float: ...
    @overload
    def number(self, name: str, *, default: _Default, coerce: bool = False) -> int | float | _Default: ...
    def number(self, name: str, *, default: Any = _REQUIRED, coerce: bool = False) -> Any:
        """Read a field that holds a number, as ``text()`` does: an ``int`` if it has neither fraction nor exponent."""
        return self._read(name, "number", default, coerce)

    @overload
    def boolean(self, name: str, *, coerce: bool = False) -> bool: ...
    @overload
    def boolean(self, name: str, *, default: _Default, coerce: bool = False) -> bool | _Default: ...
    def boolean(self, name: str, *, default: Any = _REQUIRED, coerce: bool = False) -> Any:
        """Read a field that holds true or false, as ``text()`` does."""
        return self._read(name, "boolean", default, coerce)

    def _read(self, name: str, expected: str, default: object, coerce: bool) -> object:
        # A traceback may show the locals of this frame, so none of them holds the value.
        kind = self._kind_of(name)
        if kind == "null":
            if default is _REQUIRED:
                raise PostAnalysisMissingError(name)
            return default
        if kind == expected:
            return self._values[name]
        result = _COERCIONS[expected](self._values.get(name)) if coerce else None
        if result is None:
            raise PostAnalysisTypeError(name, expected, kind)
        return result

    def _kind_of(self, name: str) -> str:
        value = self._values.get(name)
        if value is not None:
            return _kind(value)
        # An array or an object is not in the mapping, but a default must not hide it.
        others = [_kind(other) for key, other in self._received if key == name and not _is_value(other)]
        return others[-1] if others else "null"


def _name_and_value(item: object) -> tuple[str | None, object] | None:
    """Return the name and value of an item; None if it is not an item."""
    name: object
    value: object
    if isinstance(item, dict):
        name, value = item.get("name"), item.get("value")
    elif isinstance(item, PostAnalysisItem):
        documented: PostAnalysisValue = item.value  # so that a type checker compares them
        name, value = item.name, documented
    else:
        return None
    return (name if isinstance(name, str) else None, value)


def _is_value(value: object) -> TypeGuard[PostAnalysisValue]:
    return value is None or isinstance(value, str | int | float)


def _kind(value: object) -> str:
    """Name the kind of a value as the methods that read it do."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "text"
    return "array" if isinstance(value, list | tuple) else "object"


def _text_from(value: PostAnalysisValue) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        return repr(value) if isinstance(value, int | float) else None
    except ValueError:  # an int of more digits than sys.get_int_max_str_digits()
        return None


def _number_from(value: PostAnalysisValue) -> int | float | None:
    text = value.strip() if isinstance(value, str) else ""
    if _INTEGER.fullmatch(text):
        try:
            return int(text)
        except ValueError:  # more digits than sys.get_int_max_str_digits()
            return None
    number = float(text) if _NUMBER.fullmatch(text) else math.inf
    return number if math.isfinite(number) else None


def _boolean_from(value: PostAnalysisValue) -> bool | None:
    if isinstance(value, str):
        word = value.strip().lower()
        return True if word in _TRUE else False if word in _FALSE else None
    if isinstance(value, int | float):
        return True if value == 1 else False if value == 0 else None
    return None


_COERCIONS: Final[dict[str, Callable[[PostAnalysisValue], PostAnalysisValue]]] = {
    "text": _text_from,
    "number": _number_from,
    "boolean": _boolean_from,
}
