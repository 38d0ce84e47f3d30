"""PostAnalysis: JSON types stay, typed reading, and whatever a straying server sends."""

from __future__ import annotations

import contextlib
import copy
import math
import pickle
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from puretalk_client import PostAnalysis, PostAnalysisMissingError, PostAnalysisTypeError, PuretalkError
from puretalk_client.models import PostAnalysisItem

CANARY = "CANARY +15550142"
BIG = 123456789012345678901234567890

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()


def view(*pairs: tuple[Any, Any]) -> PostAnalysis:
    """Build a view of items with these names and values."""
    return PostAnalysis([PostAnalysisItem(name=name, value=value) for name, value in pairs])


def reader(result: PostAnalysis, kind: str) -> Callable[..., Any]:
    """Return the method that reads a kind."""
    method: Callable[..., Any] = getattr(result, kind)
    return method


def test_json_types_stay_what_they_were() -> None:
    """Decoded by msgspec as in a real answer, 4 is an int, 4.0 a float, true no 1, and digits stay."""
    body = (
        b'[{"name":"a","value":4},{"name":"b","value":4.0},{"name":"c","value":true},'
        b'{"name":"d","value":123456789012345678901234567890},{"name":"e","value":"4"},'
        b'{"name":"f","value":null},{"name":"g","value":false},{"name":"h","value":1}]'
    )
    result = PostAnalysis(msgspec.json.decode(body, type=list[PostAnalysisItem]))
    assert [(name, type(value)) for name, value in result.items()] == [
        ("a", int),
        ("b", float),
        ("c", bool),
        ("d", int),
        ("e", str),
        ("f", type(None)),
        ("g", bool),
        ("h", int),
    ]
    assert result["d"] == BIG
    assert result["c"] is True
    assert result["h"] is not True


@given(st.lists(st.tuples(st.text(), scalars)))
def test_view_is_the_dict_of_its_pairs(pairs: list[tuple[str, Any]]) -> None:
    """Order, repeated names and lookups are those of a dict; pairs and all() keep every value."""
    result = view(*pairs)
    expected = dict(pairs)
    assert result == expected
    assert list(result.items()) == list(expected.items())
    assert len(result) == len(expected)
    assert result.pairs == tuple(pairs)
    for name in expected:
        assert name in result
        assert result.all(name) == tuple(value for other, value in pairs if other == name)


def test_last_of_a_repeated_name_wins_and_all_are_reachable() -> None:
    """The mapping holds the last value at the first one's place; all() holds every value in order."""
    result = view(("a", 1), ("b", 2), ("a", None), ("a", True))
    assert list(result.items()) == [("a", True), ("b", 2)]
    assert result.all("a") == (1, None, True)
    assert result.all("c") == ()
    assert result.boolean("a") is True


@pytest.mark.parametrize("items", [None, [], (), "text", b"bytes", 5, True, 4.5, {"name": "a"}, object()])
def test_what_is_no_list_is_an_empty_view(items: Any) -> None:
    """A missing analysis, a null list and anything else in its place make an empty view."""
    result = PostAnalysis(items)
    assert dict(result) == {}
    assert result.pairs == ()
    assert PostAnalysis() == result


def test_stray_items_make_a_partial_view() -> None:
    """What is no item is left out, nameless values are only in pairs, and objects are read as items."""
    items: list[Any] = [None, "text", 5, [1], {"name": "kept", "value": 1}, {"value": 2}, {}, object()]
    items += [PostAnalysisItem(value=3), PostAnalysisItem(name=5, value=4)]  # type: ignore[arg-type] # pyright: ignore
    result = PostAnalysis(items)
    assert dict(result) == {"kept": 1}
    assert result.pairs == (("kept", 1), (None, 2), (None, None), (None, 3), (None, 4))


def test_array_or_object_as_value_is_left_out_but_not_hidden() -> None:
    """The mapping holds only what its type promises; typed reading tells what came, default or not."""
    result = view(("list", [CANARY]), ("dict", {"a": CANARY}), ("fine", 1))
    assert dict(result) == {"fine": 1}
    assert result.pairs == (("fine", 1),)
    assert result.all("list") == ()
    for name, kind in (("list", "array"), ("dict", "object")):
        for options in ({}, {"default": ""}, {"coerce": True}):
            with pytest.raises(PostAnalysisTypeError) as caught:
                reader(result, "text")(name, **options)
            assert caught.value.actual == kind


def test_value_wins_over_an_array_of_the_same_name() -> None:
    """The last value that can be read is the field's, whatever else came under its name."""
    assert view(("a", 1), ("a", [])).number("a") == 1
    assert view(("a", []), ("a", 1)).number("a") == 1
    with pytest.raises(PostAnalysisTypeError):
        view(("a", []), ("a", None)).number("a", default=0)


@given(
    st.lists(json_values | st.fixed_dictionaries({"name": json_values, "value": json_values})) | json_values
)
def test_any_json_makes_a_view(items: Any) -> None:
    """Whatever JSON stands in the list's place, the view is built and reads with typed errors only."""
    result = PostAnalysis(items)
    assert isinstance(result, Mapping)
    assert all(value is None or isinstance(value, str | int | float) for value in result.values())
    for name in [*result, "missing"]:
        for kind in ("text", "number", "boolean"):
            for coerce in (False, True):
                with contextlib.suppress(PostAnalysisMissingError, PostAnalysisTypeError):
                    reader(result, kind)(name, coerce=coerce)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", "blue"),
        ("text", ""),
        ("number", 0),
        ("number", BIG),
        ("number", 4.5),
        ("boolean", True),
        ("boolean", False),
    ],
)
@pytest.mark.parametrize("coerce", [False, True])
def test_right_kind_is_read_as_it_is(kind: str, value: Any, coerce: bool) -> None:
    """A value of the kind asked for comes back unchanged, with or without default and coerce."""
    read = reader(view(("field", value)), kind)
    for result in (read("field", coerce=coerce), read("field", default="other", coerce=coerce)):
        assert result == value
        assert type(result) is type(value)


@pytest.mark.parametrize("kind", ["text", "number", "boolean"])
@pytest.mark.parametrize("coerce", [False, True])
@pytest.mark.parametrize("name", ["null", "absent"])
def test_missing_or_null_value_needs_a_default(kind: str, coerce: bool, name: str) -> None:
    """Without a default it raises, as KeyError and PuretalkError alike; any default comes back, even None."""
    read = reader(view(("null", None)), kind)
    with pytest.raises(PostAnalysisMissingError) as caught:
        read(name, coerce=coerce)
    assert caught.value.name == name
    assert isinstance(caught.value, KeyError)
    assert isinstance(caught.value, PuretalkError)
    assert read(name, default=None, coerce=coerce) is None
    marker = object()
    assert read(name, default=marker, coerce=coerce) is marker


@pytest.mark.parametrize(
    ("kind", "value", "actual"),
    [
        ("text", 1, "number"),
        ("text", 1.5, "number"),
        ("text", True, "boolean"),
        ("number", "4", "text"),
        ("number", True, "boolean"),
        ("number", False, "boolean"),
        ("boolean", 1, "number"),
        ("boolean", 0, "number"),
        ("boolean", "true", "text"),
    ],
)
@pytest.mark.parametrize("options", [{}, {"default": None}])
def test_wrong_kind_raises_with_both_kinds(
    kind: str, value: Any, actual: str, options: dict[str, Any]
) -> None:
    """Without coerce no kind is read as another, not even true as 1, and a default changes nothing."""
    with pytest.raises(PostAnalysisTypeError) as caught:
        reader(view(("field", value)), kind)("field", **options)
    assert (caught.value.name, caught.value.expected, caught.value.actual) == ("field", kind, actual)
    assert "field" in str(caught.value)
    assert kind in str(caught.value)
    assert actual in str(caught.value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((text, True) for text in ("yes", "YES", " Yes\n", "y", "true", "True", "on", "1")),
        *((text, False) for text in ("no", "NO", "\tno ", "n", "false", "FALSE", "off", "0")),
        (1, True),
        (0, False),
        (1.0, True),
        (0.0, False),
        (-0.0, False),
    ],
)
def test_coerced_boolean(value: Any, expected: bool) -> None:
    """The words and numbers of the table read as True and False."""
    assert view(("field", value)).boolean("field", coerce=True) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("4", 4),
        ("0", 0),
        ("-0", 0),
        ("+4", 4),
        (" 4\n", 4),
        ("4.5", 4.5),
        ("4.0", 4.0),
        ("-4.5e-3", -0.0045),
        ("1e3", 1000.0),
        ("1E+3", 1000.0),
        (str(BIG), BIG),
        (f"-{BIG}", -BIG),
    ],
)
def test_coerced_number(value: str, expected: float) -> None:
    """A number as JSON writes it reads as one: an int without fraction and exponent, else a float."""
    result = view(("field", value)).number("field", coerce=True)
    assert result == expected
    assert type(result) is type(expected)


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_coercion_between_text_and_number_is_exact(value: float) -> None:
    """What a number reads as in text reads back as the same number."""
    text = view(("field", value)).text("field", coerce=True)
    result = view(("field", text)).number("field", coerce=True)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(("value", "expected"), [(True, "true"), (False, "false"), (4, "4"), (4.0, "4.0")])
def test_coerced_text(value: Any, expected: str) -> None:
    """Booleans read as JSON writes them, numbers as Python does."""
    assert view(("field", value)).text("field", coerce=True) == expected


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *(("boolean", text) for text in ("", "yes!", "yes no", "2", "1.0", "ja", "null", "\ud800")),
        *(("boolean", number) for number in (2, -1, 0.5, math.nan, math.inf, BIG)),
        *(("number", text) for text in ("", " ", "nan", "NaN", "inf", "-Infinity", "1_000", "1,200", "0x10")),
        *(
            ("number", text)
            for text in ("007", ".5", "5.", "+", "--1", "1e", "1e999", "-1e999", "1 2", "1\n2")
        ),
        *(("number", text) for text in ("\u0664", "\u00b2", "4\x00", "\ud800", "true", "9" * 100_000)),
        *(("number", flag) for flag in (True, False)),
        ("text", 10**5000),
    ],
    ids=lambda value: ascii(value)[:20] if isinstance(value, str | float) else type(value).__name__,
)
def test_coercion_reads_nothing_beyond_its_table(kind: str, value: Any) -> None:
    """What the table does not list raises the typed error, never another one, and never takes the default."""
    read = reader(view(("field", value)), kind)
    for options in ({}, {"default": None}):
        with pytest.raises(PostAnalysisTypeError) as caught:
            read("field", coerce=True, **options)
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None


def test_integers_are_exact_up_to_the_length_that_int_takes() -> None:
    """The longest text that Python turns into an int is read without losing a digit."""
    digits = "9" * sys.get_int_max_str_digits()
    assert view(("field", digits)).number("field", coerce=True) == int(digits)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_view_survives_pickle(protocol: int) -> None:
    """Order, repeated and nameless values, and what is left out come back the same."""
    original = view(("b", 1), (None, "x"), ("b", True), ("a", BIG), ("stray", [1]))
    again = pickle.loads(pickle.dumps(original, protocol))
    assert type(again) is PostAnalysis
    assert again.pairs == original.pairs
    assert list(again.items()) == list(original.items())
    with pytest.raises(PostAnalysisTypeError):
        again.text("stray", default="")


def test_view_survives_copy() -> None:
    """Shallow and deep copies are equal views."""
    original = view(("b", 1), ("a", "x"))
    for again in (copy.copy(original), copy.deepcopy(original)):
        assert type(again) is PostAnalysis
        assert list(again.items()) == list(original.items())


def test_view_cannot_be_changed() -> None:
    """Neither items nor attributes can be set, and changing the list it was built from does nothing."""
    items = [PostAnalysisItem(name="a", value=1)]
    result: Any = PostAnalysis(items)
    items.clear()
    assert dict(result) == {"a": 1}
    with pytest.raises(TypeError):
        result["a"] = 2
    with pytest.raises(TypeError):
        del result["a"]
    with pytest.raises(AttributeError):
        result.extra = 1
    with pytest.raises(AttributeError):
        result.pairs = ()
    with pytest.raises(TypeError):
        hash(result)


def test_missing_name_is_a_key_error_as_in_a_dict() -> None:
    """Plain mapping access behaves as everywhere: KeyError, get() and ``in``."""
    result = view(("a", None))
    with pytest.raises(KeyError, match="b"):
        result["b"]
    assert result.get("b", 5) == 5
    assert "a" in result
    assert "b" not in result


def test_repr_only_counts() -> None:
    """A repr shows neither names nor values."""
    assert repr(PostAnalysis()) == "<PostAnalysis: 0 fields>"
    assert repr(view(("name", CANARY))) == "<PostAnalysis: 1 field>"
    assert str(view(("a", CANARY), ("b", CANARY), ("b", CANARY))) == "<PostAnalysis: 2 fields>"


@pytest.mark.parametrize("value", [CANARY, [CANARY], {"a": CANARY}, {CANARY: "a"}])
@pytest.mark.parametrize("coerce", [False, True])
def test_values_are_in_no_error(value: Any, coerce: bool) -> None:
    """What people said is in no message, chained error or local variable that an error tracker records."""
    result = view(("field", value), ("null", None))
    for kind, name in (("number", "field"), ("boolean", "field"), ("text", "null"), ("text", "absent")):
        with pytest.raises(PuretalkError) as caught:
            reader(result, kind)(name, coerce=coerce)
        error = caught.value
        assert error.__cause__ is None
        assert error.__context__ is None
        told = traceback.TracebackException.from_exception(error, capture_locals=True)
        told.stack[:] = [frame for frame in told.stack if frame.filename != __file__]
        assert told.stack
        assert "CANARY" not in "".join(told.format()) + repr(error) + repr(vars(error))
