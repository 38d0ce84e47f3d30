"""PostAnalysis: reading a value of a known type, with and without conversion."""

from __future__ import annotations

import math
import sys
from typing import Any

import pytest
from hypothesis import given, strategies as st
from tests.support.canary import WORDS
from tests.support.exposure import Exposures

from puretalk_client import PostAnalysis, PostAnalysisMissingError, PostAnalysisTypeError, PuretalkError
from puretalk_client.models import PostAnalysisItem

BIG = 123456789012345678901234567890
KINDS = ("text", "number", "boolean")


def read(kind: str, value: Any, name: str = "field", **options: Any) -> Any:
    """Read a field by name as text, number or boolean from a view whose only one is ``field`` with this value."""
    fields = PostAnalysis([PostAnalysisItem(name="field", value=value)])
    return getattr(fields, kind)(name, **options)


@pytest.mark.parametrize(
    ("kind", "value"),
    [("text", "blue"), ("text", ""), ("number", 0), ("number", BIG), ("number", 4.5), ("boolean", True),
     ("boolean", False)],
)  # fmt: skip
@pytest.mark.parametrize("options", [{}, {"default": "other"}, {"coerce": True}])
def test_value_of_the_requested_kind_is_returned_unchanged(kind: str, value: Any, options: dict[str, Any]) -> None:
    """With or without a default and conversion."""
    result = read(kind, value, **options)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("coerce", [False, True])
@pytest.mark.parametrize("name", ["field", "absent"])
def test_missing_or_null_value_needs_a_default(kind: str, coerce: bool, name: str) -> None:
    """Without a default it raises; any default is returned as it is, even None."""
    with pytest.raises(PostAnalysisMissingError) as caught:
        read(kind, None, name, coerce=coerce)
    assert caught.value.name == name
    assert read(kind, None, name, default=None, coerce=coerce) is None
    marker = object()
    assert read(kind, None, name, default=marker, coerce=coerce) is marker


@pytest.mark.parametrize(
    ("kind", "value", "actual"),
    [("text", 1, "number"), ("text", 1.5, "number"), ("text", True, "boolean"), ("number", "4", "text"),
     ("number", True, "boolean"), ("number", False, "boolean"), ("boolean", 1, "number"), ("boolean", 0, "number"),
     ("boolean", "true", "text")],
)  # fmt: skip
@pytest.mark.parametrize("options", [{}, {"default": None}])
def test_value_of_another_kind_raises_with_both_kinds(
    kind: str, value: Any, actual: str, options: dict[str, Any]
) -> None:
    """Without ``coerce`` nothing is converted, not even True to 1, and a default changes nothing."""
    with pytest.raises(PostAnalysisTypeError) as caught:
        read(kind, value, **options)
    assert (caught.value.name, caught.value.expected, caught.value.actual) == ("field", kind, actual)
    assert str(caught.value) == f"Post-analysis field 'field' holds {actual}, not {kind}"


@pytest.mark.parametrize(
    ("value", "expected"),
    [*((text, True) for text in ("yes", "YES", " Yes\n", "y", "true", "True", "on", "1")),
     *((text, False) for text in ("no", "NO", "\tno ", "n", "false", "FALSE", "off", "0")),
     (1, True), (0, False), (1.0, True), (0.0, False), (-0.0, False)],
)  # fmt: skip
def test_conversion_to_boolean(value: Any, expected: bool) -> None:
    """The words and numbers of the table in the class's docstring."""
    assert read("boolean", value, coerce=True) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("4", 4), ("0", 0), ("-0", 0), ("+4", 4), (" 4\n", 4), ("4.5", 4.5), ("4.0", 4.0), ("-4.5e-3", -0.0045),
     ("1e3", 1000.0), ("1E+3", 1000.0), (str(BIG), BIG), (f"-{BIG}", -BIG)],
)  # fmt: skip
def test_conversion_to_number(value: str, expected: float) -> None:
    """A number as JSON writes it: an int without fraction and exponent, else a float."""
    result = read("number", value, coerce=True)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(("value", "expected"), [(True, "true"), (False, "false"), (4, "4"), (4.0, "4.0")])
def test_conversion_to_text(value: Any, expected: str) -> None:
    """Booleans as JSON writes them, numbers as Python does."""
    assert read("text", value, coerce=True) == expected


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_conversion_of_numbers_is_exact(value: float) -> None:
    """A number converted to text and back is the same number, of the same type."""
    result = read("number", read("text", value, coerce=True), coerce=True)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [*(("boolean", text) for text in ("", "yes!", "yes no", "2", "1.0", "ja", "null", "\ud800")),
     *(("boolean", number) for number in (2, -1, 0.5, math.nan, math.inf, BIG)),
     *(("number", text) for text in ("", " ", "nan", "NaN", "inf", "-Infinity", "1_000", "1,200", "0x10")),
     *(("number", text) for text in ("007", ".5", "5.", "+", "--1", "1e", "1e999", "-1e999", "1 2", "1\n2")),
     *(("number", text) for text in ("\u0664", "\u00b2", "4\x00", "\ud800", "true", "9" * 100_000)),
     *(("number", flag) for flag in (True, False)),
     ("text", 10**5000)],
    ids=lambda value: ascii(value)[:20] if isinstance(value, str | float) else type(value).__name__,
)  # fmt: skip
@pytest.mark.parametrize("options", [{}, {"default": None}])
def test_nothing_else_is_converted(kind: str, value: Any, options: dict[str, Any]) -> None:
    """A value that the table does not list raises this error and no other, and never yields the default."""
    with pytest.raises(PostAnalysisTypeError) as caught:
        read(kind, value, coerce=True, **options)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_integers_are_exact_up_to_the_length_that_int_takes() -> None:
    """The longest text that Python converts to an int loses no digit."""
    digits = "9" * sys.get_int_max_str_digits()
    assert read("number", digits, coerce=True) == int(digits)


SAID = WORDS["post_analysis"]


@pytest.mark.parametrize("value", [SAID, [SAID], {"a": SAID}, {SAID: "a"}])
@pytest.mark.parametrize("coerce", [False, True])
@pytest.mark.parametrize(("kind", "name"), [("number", "field"), ("boolean", "field"), ("text", "absent")])
def test_errors_do_not_show_values(value: Any, coerce: bool, kind: str, name: str) -> None:
    """What people said is in no message, chained exception, pickle or local of this package's frames."""
    with pytest.raises(PuretalkError) as caught:
        read(kind, value, name, coerce=coerce)
    error = caught.value
    while error.__traceback__ is not None and error.__traceback__.tb_frame.f_code.co_filename == __file__:
        error.__traceback__ = error.__traceback__.tb_next  # frames of this test hold the value
    assert error.__traceback__ is not None
    exposures = Exposures()
    exposures.inspect_result(error)
    assert exposures.of_words() == []
