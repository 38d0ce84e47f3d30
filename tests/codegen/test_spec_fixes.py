"""Spec fixes are applied as OpenAPI Overlay 1.0 specifies; one that matches nothing stops generation."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from codegen.document import GenerationError
from codegen.fixes import apply_fixes
from codegen.loading import load_yaml

if TYPE_CHECKING:
    from .project import Project

BASE = Path(__file__).with_name("base")  # does not change with the project's own document and fixes
FIXES: list[Any] = load_yaml(BASE / "spec-fixes.yaml")["actions"]


def vendored() -> Any:
    """The vendor's document."""
    return load_yaml(BASE / "openapi.yaml")


def apply(document: Any, *actions: Any) -> Any:
    """Apply actions to a document and return it."""
    apply_fixes(document, {"overlay": "1.0.0", "actions": list(actions)}, "fixes.yaml")
    return document


def refusal(document: Any, *actions: Any) -> str:
    """Apply actions that must be refused, and return the message."""
    with pytest.raises(GenerationError) as raised:
        apply(document, *actions)
    return str(raised.value)


def leaves(node: Any, where: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every scalar and every empty collection in a document with its path."""
    members = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    nested = [leaf for key, value in members for leaf in leaves(value, f"{where}/{key}")]
    yield from nested or [(where, node)]


def test_fixes_change_only_what_they_are_about() -> None:
    """The project's fixes change nothing but what their descriptions say, and are not changed themselves."""
    kept = copy.deepcopy(FIXES)
    before, after = dict(leaves(vendored())), dict(leaves(apply(vendored(), *FIXES)))
    changed = {path for path in before | after if before.get(path) != after.get(path)}
    call = "/components/schemas/Call/properties"
    value = f"{call}/call_analysis/properties/post_analysis_data/items/properties/value"
    operation = "/paths//calls/{call_id}/get"
    about = (f"{call}/status/enum/", f"{value}/", f"{operation}/tags/", f"{operation}/operationId")
    others = {path for path in changed if not path.startswith(about)}
    assert others == {f"{call}/transcript_object/items/properties/tool_calls/items"}
    assert all(any(path.startswith(prefix) for path in changed) for prefix in about)
    assert kept == FIXES


TREE: Any = {"list": [{"n": n} for n in range(4)]}


@pytest.mark.parametrize(
    ("document", "update", "expected"),
    [({"a": 1}, {"b": 2}, {"a": 1, "b": 2}), ({"a": 1}, {"a": 2}, {"a": 2}), ({"a": 1}, {"a": None}, {"a": None}),
     ({"a": {"b": {"c": 1}}}, {"a": {"b": {"d": 2}}}, {"a": {"b": {"c": 1, "d": 2}}}),
     ({"a": [1]}, {"a": [2, 3]}, {"a": [1, 2, 3]}), ({"a": {"b": [1]}}, {"a": {"b": [1]}}, {"a": {"b": [1, 1]}}),
     (["a"], "b", ["a", "b"]), (["a"], ["b", "c"], ["a", ["b", "c"]]), (["a"], None, ["a", None])],
)  # fmt: skip
def test_updates_are_merged(document: Any, update: Any, expected: Any) -> None:
    """Objects recursively, arrays are concatenated, scalars replaced; an array as the target gets one new entry."""
    assert apply({"x": document}, {"target": "$.x", "update": update}) == {"x": expected}


def test_actions_apply_to_every_match_in_order() -> None:
    """An action sees the result of earlier ones, and two nodes with the same update share no objects."""
    both = {"target": "$.*", "update": {"x": {"n": 1}, "tags": ["one"]}}
    only_a = {"target": "$.*[?@.y == 1]", "update": {"n": 2}}
    extended = {"target": "$.*", "update": {"tags": ["two"]}}
    document = apply({"a": {"x": {"y": 1}}, "b": {}}, both, only_a, extended)
    assert document == {
        "a": {"x": {"y": 1, "n": 2}, "tags": ["one", "two"]},
        "b": {"x": {"n": 1}, "tags": ["one", "two"]},
    }


@pytest.mark.parametrize(
    ("target", "expected"),
    [("$.list[0]", [1, 2, 3]), ("$.list[?@.n < 2]", [2, 3]), ("$.list[2,0]", [1, 3]), ("$.list[-1,0]", [1, 2]),
     ("$.list[::-1]", []), ("$.list[1:]", [0]), ("$.list[0,0]", [1, 2, 3])],
)  # fmt: skip
def test_items_of_an_array_are_removed_in_any_order(target: str, expected: list[int]) -> None:
    """Removing several items of an array removes exactly those that match."""
    document = apply(copy.deepcopy(TREE), {"target": target, "remove": True})
    assert [item["n"] for item in document["list"]] == expected


def test_removal() -> None:
    """Of a match in another one; with remove: true the update has no impact (Overlay 1.0), and false is the default."""
    nested = {"a": {"x": {"x": {"n": 1}}, "y": {"x": {}}}}
    assert apply(nested, {"target": "$..x", "remove": True}) == {"a": {"y": {}}}
    assert apply({"a": {}}, {"target": "$.a", "remove": True, "update": {"b": 1}}) == {}
    assert apply({"a": {}}, {"target": "$.a", "remove": False, "update": {"b": 1}}) == {"a": {"b": 1}}


@pytest.mark.parametrize(
    "action",
    [{"target": "$.info"}, {"update": {"a": 1}}, {"target": 3, "remove": True}, {"target": "$", "remove": True},
     {"target": "$.info", "update": "text"}, {"target": "$.info.title", "update": {"a": 1}}, None, "$.info",
     *({"target": target, "remove": True} for target in ("$.paths[?", "paths", "", "$.info[?@.a ==]", "$.a]"))],
)  # fmt: skip
def test_malformed_action_is_named(action: Any) -> None:
    """An action that Overlay 1.0 does not allow, or whose target is not a JSONPath, is refused with its number."""
    fine = {"target": "$.info", "update": {"x": 1}}
    assert refusal({"info": {"title": "T"}}, fine, action).startswith("fixes.yaml: action 2")


@pytest.mark.parametrize(
    "text",
    ["", "- target: $.info\n  remove: true\n", "overlay: 1.0.0\n", "overlay: 1.0.0\nactions: {target: $.info}\n",
     "overlay: 1.0.0\nactions: [\n", "overlay: 1.0.0\nactions: [{target: '$.info['}]\n"],
)  # fmt: skip
def test_invalid_fixes_stop_generation(project: Project, text: str) -> None:
    """The message names spec-fixes.yaml, not openapi.yaml, and nothing is generated."""
    project.write(text, "overlay/spec-fixes.yaml")
    message = project.refusal()
    assert "spec-fixes.yaml" in message
    assert "openapi.yaml" not in message
