"""Spec fixes are applied as OpenAPI Overlay 1.0 specifies; one that matches nothing stops generation."""

from __future__ import annotations

import copy
import json
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


# --- the project's own fixes ---


def test_fixes_change_only_what_they_are_about() -> None:
    """The fixes change nothing but what their descriptions say."""
    before, after = dict(leaves(vendored())), dict(leaves(apply(vendored(), *FIXES)))
    changed = {path for path in before | after if before.get(path) != after.get(path)}
    call = "/components/schemas/Call/properties"
    value = f"{call}/call_analysis/properties/post_analysis_data/items/properties/value"
    operation = "/paths//calls/{call_id}/get"
    about = (f"{call}/status/enum/", f"{value}/", f"{operation}/tags/", f"{operation}/operationId")
    others = {path for path in changed if not path.startswith(about)}
    assert others == {f"{call}/transcript_object/items/properties/tool_calls/items"}
    assert all(any(path.startswith(prefix) for path in changed) for prefix in about)


def test_applying_fixes_is_deterministic_and_does_not_change_them() -> None:
    """The same fixes have the same result, and are not modified."""
    kept = copy.deepcopy(FIXES)
    first = json.dumps(apply(vendored(), *FIXES))
    assert json.dumps(apply(vendored(), *FIXES)) == first
    assert kept == FIXES


@pytest.mark.parametrize("number", range(len(FIXES)))
def test_fix_without_a_defect_is_an_error(number: int) -> None:
    """If the defect does not exist, its action matches nothing; the message names action and target."""
    action = FIXES[number]
    message = refusal(apply(vendored(), *FIXES), action)
    assert message.startswith("fixes.yaml: action 1 ")
    assert action["description"] in message
    assert action["target"] in message
    assert "matches nothing" in message


def test_generation_stops_if_the_vendor_fixed_a_defect(project: Project) -> None:
    """Generation stops before it writes anything."""
    project.replace(
        "                type: array\n                description: Array of tool calls",
        "                type: array\n                items: {}\n                description: Array of tool calls",
    )
    message = project.refusal()
    assert "overlay/spec-fixes.yaml: action 1 (arrays without items can contain anything)" in message
    assert FIXES[0]["target"] in message


# --- Overlay 1.0 ---


@pytest.mark.parametrize(
    ("document", "update", "expected"),
    [
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": 1}, {"a": 2}, {"a": 2}),
        ({"a": 1}, {"a": None}, {"a": None}),
        ({"a": {"b": {"c": 1}}}, {"a": {"b": {"d": 2}}}, {"a": {"b": {"c": 1, "d": 2}}}),
        ({"a": [1]}, {"a": [2, 3]}, {"a": [1, 2, 3]}),
        ({"a": {"b": [1]}}, {"a": {"b": [1]}}, {"a": {"b": [1, 1]}}),
        ({"a": 1}, {}, {"a": 1}),
    ],
)
def test_objects_merge_deeply(document: Any, update: Any, expected: Any) -> None:
    """An update is merged: objects recursively, arrays are concatenated, scalars replaced."""
    assert apply(document, {"target": "$", "update": update}) == expected


@pytest.mark.parametrize("entry", ["b", {"b": 1}, ["b", "c"], None])
def test_update_of_an_array_is_one_new_entry(entry: Any) -> None:
    """If the target is an array, the update is appended as one entry, even if it is an array."""
    assert apply({"tags": ["a"]}, {"target": "$.tags", "update": entry}) == {"tags": ["a", entry]}


def test_actions_apply_to_every_match_in_order() -> None:
    """An action applies to every node that matches, and sees the result of earlier actions."""
    first = {"target": "$.paths.*", "update": {"get": {"deprecated": False}}}
    second = {"target": "$.paths.*[?@.deprecated == false]", "update": {"deprecated": True}}
    document = apply({"paths": {"/a": {}, "/b": {"get": {}}}}, first, second)
    assert document == {"paths": {"/a": {"get": {"deprecated": True}}, "/b": {"get": {"deprecated": True}}}}


def test_updated_nodes_do_not_share_objects() -> None:
    """Two nodes with the same update are independent: updating one does not change the other."""
    both = {"target": "$.*", "update": {"x": {"n": 1}, "tags": ["one"]}}
    only_a = {"target": "$.a", "update": {"x": {"n": 2}}}
    extended = {"target": "$.*", "update": {"tags": ["two"]}}
    document = apply({"a": {}, "b": {}}, both, only_a, extended)
    assert document == {
        "a": {"x": {"n": 2}, "tags": ["one", "two"]},
        "b": {"x": {"n": 1}, "tags": ["one", "two"]},
    }


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("$.list[0]", [1, 2, 3]),
        ("$.list[?@.n < 2]", [2, 3]),
        ("$.list[0,2]", [1, 3]),
        ("$.list[2,0]", [1, 3]),
        ("$.list[-1,0]", [1, 2]),
        ("$.list[::-1]", []),
        ("$.list[1:]", [0]),
        ("$.list[0,0]", [1, 2, 3]),
    ],
)
def test_items_of_an_array_are_removed_in_any_order(target: str, expected: list[int]) -> None:
    """Removing several items of an array removes exactly those that match."""
    document = apply({"list": [{"n": n} for n in range(4)]}, {"target": target, "remove": True})
    assert [item["n"] for item in document["list"]] == expected


def test_removal_reaches_nested_matches() -> None:
    """A match inside another match can be removed."""
    document = {"a": {"x": {"x": {"n": 1}}, "y": {"x": {}}}}
    assert apply(document, {"target": "$..x", "remove": True}) == {"a": {"y": {}}}


def test_remove_has_precedence_over_update() -> None:
    """With remove: true the update has no impact (Overlay 1.0, Action Object); false is the default."""
    assert apply({"a": {}}, {"target": "$.a", "remove": True, "update": {"b": 1}}) == {}
    assert apply({"a": {}}, {"target": "$.a", "remove": False, "update": {"b": 1}}) == {"a": {"b": 1}}


@pytest.mark.parametrize("target", ["$.paths[?", "paths", "", "$.paths[?@.a ==]", "$.[a]", "$.a]"])
def test_malformed_target_is_named(target: str) -> None:
    """A target that is not a JSONPath (RFC 9535) is refused with the number of its action."""
    message = refusal({"paths": {}}, {"target": "$.paths", "update": {}}, {"target": target, "remove": True})
    assert message.startswith("fixes.yaml: action 2 ")
    assert "target" in message


@pytest.mark.parametrize(
    "action",
    [
        pytest.param({"target": "$.info"}, id="neither update nor remove"),
        pytest.param({"update": {"a": 1}}, id="no target"),
        pytest.param({"target": 3, "remove": True}, id="target is a number"),
        pytest.param({"target": "$.info", "update": "text"}, id="text for an object"),
        pytest.param({"target": "$.info.title", "update": {"a": 1}}, id="object for a text"),
        pytest.param({"target": "$", "remove": True}, id="removal of the document"),
        pytest.param(None, id="null"),
        pytest.param("$.info", id="text"),
    ],
)
def test_malformed_action_is_named(action: Any) -> None:
    """An action that Overlay 1.0 does not allow is refused with its number."""
    fine = {"target": "$.info", "update": {"x": 1}}
    assert refusal({"info": {"title": "T"}}, fine, action).startswith("fixes.yaml: action 2")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("- target: $.info\n  remove: true\n", id="a list"),
        pytest.param("overlay: 1.0.0\n", id="no actions"),
        pytest.param("overlay: 1.0.0\nactions: {target: $.info}\n", id="actions are a mapping"),
        pytest.param("overlay: 1.0.0\nactions: [\n", id="not YAML"),
        pytest.param("overlay: 1.0.0\nactions: [{target: '$.info['}]\n", id="bad target"),
    ],
)
def test_invalid_fixes_stop_generation(project: Project, text: str) -> None:
    """The message names spec-fixes.yaml, not openapi.yaml, and nothing is generated."""
    project.write(text, "overlay/spec-fixes.yaml")
    message = project.refusal()
    assert "spec-fixes.yaml" in message
    assert "openapi.yaml" not in message
