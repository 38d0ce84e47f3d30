"""PostAnalysis: a mapping that keeps JSON types, whatever a server sends."""

from __future__ import annotations

import contextlib
import copy
import pickle
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import given, strategies as st
from tests.support.canary import WORDS
from tests.support.payloads import JSON_SCALARS, JSON_VALUES

from puretalk_client import PostAnalysis, PostAnalysisMissingError, PostAnalysisTypeError
from puretalk_client.models import PostAnalysisItem

BIG = 123456789012345678901234567890
KINDS = ("text", "number", "boolean")


def view(*pairs: tuple[Any, Any]) -> PostAnalysis:
    """Build a view of items with these names and values."""
    return PostAnalysis([PostAnalysisItem(name=name, value=value) for name, value in pairs])


def read(fields: PostAnalysis, kind: str, name: str, **options: Any) -> Any:
    """Read a field as one of ``KINDS``."""
    return getattr(fields, kind)(name, **options)


def test_values_keep_their_json_types() -> None:
    """Decoded as in a real response, 4 is an int, 4.0 a float, true is never 1, and no digit is lost."""
    body = (
        b'[{"name":"a","value":4},{"name":"b","value":4.0},{"name":"c","value":true},'
        b'{"name":"d","value":123456789012345678901234567890},{"name":"e","value":"4"},'
        b'{"name":"f","value":null},{"name":"g","value":false},{"name":"h","value":1}]'
    )
    fields = PostAnalysis(msgspec.json.decode(body, type=list[PostAnalysisItem]))
    assert repr(dict(fields)) == (
        f"{{'a': 4, 'b': 4.0, 'c': True, 'd': {BIG}, 'e': '4', 'f': None, 'g': False, 'h': 1}}"
    )


@given(st.lists(st.tuples(st.text(), JSON_SCALARS)))
def test_view_is_the_dict_of_its_pairs(pairs: list[tuple[str, Any]]) -> None:
    """Order, repeated names and look-ups are those of a dict; ``pairs`` and ``all()`` keep every value."""
    fields = view(*pairs)
    expected = dict(pairs)
    assert fields == expected
    assert list(fields.items()) == list(expected.items())
    assert len(fields) == len(expected)
    assert fields.pairs == tuple(pairs)
    for name in expected:
        assert name in fields
        assert fields.all(name) == tuple(value for other, value in pairs if other == name)


def test_last_value_of_a_repeated_name_counts() -> None:
    """The mapping holds the last value at the position of the first; ``all()`` holds every value in order."""
    fields = view(("a", 1), ("b", 2), ("a", None), ("a", True))
    assert list(fields.items()) == [("a", True), ("b", 2)]
    assert fields.all("a") == (1, None, True)
    assert fields.all("c") == ()
    assert fields.boolean("a") is True


@pytest.mark.parametrize("items", [None, [], (), "text", b"bytes", 5, True, 4.5, {"name": "a"}, object()])
def test_anything_but_a_list_is_an_empty_view(items: Any) -> None:
    """A missing analysis, a null list and any other value in its place."""
    fields = PostAnalysis(items)
    assert dict(fields) == {}
    assert fields.pairs == ()
    assert PostAnalysis() == fields


def test_items_that_do_not_match_make_a_partial_view() -> None:
    """The view omits what is not an item; a value without a name is in ``pairs`` only; dicts count as items."""
    items: list[Any] = [None, "text", 5, [1], {"name": "kept", "value": 1}, {"value": 2}, {}, object()]
    items += [PostAnalysisItem(value=3), PostAnalysisItem(name=5, value=4)]  # type: ignore[arg-type] # pyright: ignore
    fields = PostAnalysis(items)
    assert dict(fields) == {"kept": 1}
    assert fields.pairs == (("kept", 1), (None, 2), (None, None), (None, 3), (None, 4))


@pytest.mark.parametrize(("value", "kind"), [([WORDS["turn"]], "array"), ({"a": WORDS["turn"]}, "object")])
@pytest.mark.parametrize("options", [{}, {"default": ""}, {"coerce": True}])
def test_array_or_object_is_omitted_but_not_hidden(value: Any, kind: str, options: dict[str, Any]) -> None:
    """The mapping holds only what its type promises; typed access raises, even with a default."""
    fields = view(("odd", value), ("fine", 1))
    assert dict(fields) == {"fine": 1}
    assert fields.pairs == (("fine", 1),)
    assert fields.all("odd") == ()
    with pytest.raises(PostAnalysisTypeError) as caught:
        read(fields, "text", "odd", **options)
    assert caught.value.actual == kind


def test_value_wins_over_an_array_of_the_same_name() -> None:
    """The last value that can be read counts, whatever else has its name."""
    assert view(("a", 1), ("a", [])).number("a") == 1
    assert view(("a", []), ("a", 1)).number("a") == 1
    with pytest.raises(PostAnalysisTypeError):
        view(("a", []), ("a", None)).number("a", default=0)


ITEMS = JSON_VALUES | st.fixed_dictionaries({"name": JSON_VALUES, "value": JSON_VALUES})


@given(st.lists(ITEMS) | JSON_VALUES)
def test_any_json_makes_a_view(items: Any) -> None:
    """Whatever JSON is in place of the list, the view is built, and reading raises the two documented errors only."""
    fields = PostAnalysis(items)
    assert isinstance(fields, Mapping)
    assert all(value is None or isinstance(value, str | int | float) for value in fields.values())
    for name in [*fields, "missing"]:
        for kind in KINDS:
            for coerce in (False, True):
                with contextlib.suppress(PostAnalysisMissingError, PostAnalysisTypeError):
                    read(fields, kind, name, coerce=coerce)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_view_survives_pickle(protocol: int) -> None:
    """Order, repeated names, values without a name and omitted values arrive unchanged."""
    fields = view(("b", 1), (None, "x"), ("b", True), ("a", BIG), ("odd", [1]))
    other = pickle.loads(pickle.dumps(fields, protocol))
    assert type(other) is PostAnalysis
    assert other.pairs == fields.pairs
    assert list(other.items()) == list(fields.items())
    with pytest.raises(PostAnalysisTypeError):
        other.text("odd", default="")


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_view_survives_copy(duplicate: Any) -> None:
    """A shallow and a deep copy are equal views."""
    fields = view(("b", 1), ("a", "x"))
    other = duplicate(fields)
    assert type(other) is PostAnalysis
    assert list(other.items()) == list(fields.items())


def test_view_cannot_be_changed() -> None:
    """Neither items nor attributes can be set, and the list that it was built from may change."""
    items = [PostAnalysisItem(name="a", value=1)]
    fields: Any = PostAnalysis(items)
    items.clear()
    assert dict(fields) == {"a": 1}
    with pytest.raises(TypeError):
        fields["a"] = 2
    with pytest.raises(TypeError):
        del fields["a"]
    with pytest.raises(AttributeError):
        fields.extra = 1
    with pytest.raises(AttributeError):
        fields.pairs = ()
    with pytest.raises(TypeError):
        hash(fields)


def test_missing_name_is_a_key_error_as_in_a_dict() -> None:
    """Plain mapping access behaves as everywhere: KeyError, ``get()`` and ``in``."""
    fields = view(("a", None))
    with pytest.raises(KeyError, match="b"):
        fields["b"]
    assert fields.get("b", 5) == 5
    assert "a" in fields
    assert "b" not in fields


def test_repr_only_counts() -> None:
    """A repr shows neither names nor values."""
    said = WORDS["post_analysis"]
    assert repr(PostAnalysis()) == "<PostAnalysis: 0 fields>"
    assert repr(view(("name", said))) == "<PostAnalysis: 1 field>"
    assert str(view(("a", said), ("b", said), ("b", said))) == "<PostAnalysis: 2 fields>"
