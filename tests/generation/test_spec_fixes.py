"""The fixes are applied as OpenAPI Overlay 1.0 says, and one that matches nothing stops generation."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from spec_tools import document as spec_document

if TYPE_CHECKING:
    from tests.generation.conftest import Project

BASE = Path(__file__).with_name("base")  # stands still when the project's own spec and fixes change
FIXES: list[Any] = spec_document.load_yaml(BASE / "spec-fixes.yaml")["actions"]


def vendored() -> Any:
    """The vendor's document."""
    return spec_document.load_yaml(BASE / "openapi.yaml")


def apply(document: Any, *actions: Any) -> Any:
    """Apply actions to a document and return it."""
    spec_document.apply_fixes(document, {"overlay": "1.0.0", "actions": list(actions)}, "fixes.yaml")
    return document


def refusal(document: Any, *actions: Any) -> str:
    """Apply actions that must be refused, and return the message."""
    with pytest.raises(spec_document.GenerationError) as raised:
        apply(document, *actions)
    return str(raised.value)


def leaves(node: Any, where: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every scalar and every empty collection of a document with its place."""
    members = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    nested = [leaf for key, value in members for leaf in leaves(value, f"{where}/{key}")]
    yield from nested or [(where, node)]


# --- the project's own fixes ---


def test_fixes_change_only_what_they_are_about() -> None:
    """Of the vendor's document only the described places differ after all fixes."""
    before, after = dict(leaves(vendored())), dict(leaves(apply(vendored(), *FIXES)))
    changed = {place for place in before | after if before.get(place) != after.get(place)}
    call = "/components/schemas/Call/properties"
    value = f"{call}/call_analysis/properties/post_analysis_data/items/properties/value"
    operation = "/paths//calls/{call_id}/get"
    about = (f"{call}/status/enum/", f"{value}/", f"{operation}/tags/", f"{operation}/operationId")
    others = {place for place in changed if not place.startswith(about)}
    assert others == {f"{call}/transcript_object/items/properties/tool_calls/items"}
    assert all(any(place.startswith(prefix) for place in changed) for prefix in about)


def test_fixes_of_the_project_are_deterministic_and_keep_their_source() -> None:
    """Applying the same fixes to the same document gives the same text, and leaves the fixes as they were."""
    kept = copy.deepcopy(FIXES)
    first = json.dumps(apply(vendored(), *FIXES))
    assert json.dumps(apply(vendored(), *FIXES)) == first
    assert kept == FIXES


@pytest.mark.parametrize("number", range(len(FIXES)))
def test_fix_whose_defect_is_gone_stops_and_is_named(number: int) -> None:
    """Once the defect is mended, its action matches nothing, and the message says which action and target."""
    action = FIXES[number]
    message = refusal(apply(vendored(), *FIXES), action)
    assert message.startswith("fixes.yaml: action 1 ")
    assert action["description"] in message
    assert action["target"] in message
    assert "matches nothing" in message


def test_generation_stops_when_the_vendor_mended_a_defect(project: Project) -> None:
    """The whole driver stops on it, before anything is generated."""
    project.replace(
        "                type: array\n                description: Array of tool calls",
        "                type: array\n                items: {}\n                description: Array of tool calls",
    )
    message = project.refusal()
    assert "overlay/spec-fixes.yaml: action 1 (arrays without items hold anything)" in message
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
    """An update merges into an object: objects deeply, arrays one after the other, scalars replaced."""
    assert apply(document, {"target": "$", "update": update}) == expected


@pytest.mark.parametrize("entry", ["b", {"b": 1}, ["b", "c"], None])
def test_update_of_an_array_is_one_new_entry(entry: Any) -> None:
    """Where the target is an array, the update is appended as one entry, even when it is an array itself."""
    assert apply({"tags": ["a"]}, {"target": "$.tags", "update": entry}) == {"tags": ["a", entry]}


def test_every_match_is_updated_in_the_order_of_the_actions() -> None:
    """An action applies to every node that matches, and a later action sees what an earlier one did."""
    first = {"target": "$.paths.*", "update": {"get": {"deprecated": False}}}
    second = {"target": "$.paths.*[?@.deprecated == false]", "update": {"deprecated": True}}
    document = apply({"paths": {"/a": {}, "/b": {"get": {}}}}, first, second)
    assert document == {"paths": {"/a": {"get": {"deprecated": True}}, "/b": {"get": {"deprecated": True}}}}


def test_nodes_that_one_action_updated_stay_independent() -> None:
    """Two nodes given the same object are not the same object: updating one leaves the other."""
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
def test_members_of_an_array_are_removed_whatever_their_order(target: str, expected: list[int]) -> None:
    """Removing several members of one array removes those that were named, and no others."""
    document = apply({"list": [{"n": n} for n in range(4)]}, {"target": target, "remove": True})
    assert [item["n"] for item in document["list"]] == expected


def test_removal_reaches_nested_matches() -> None:
    """A match inside another match does not disturb the removal."""
    document = {"a": {"x": {"x": {"n": 1}}, "y": {"x": {}}}}
    assert apply(document, {"target": "$..x", "remove": True}) == {"a": {"y": {}}}


def test_remove_outweighs_update_and_false_does_nothing() -> None:
    """With remove true the update has no impact (Overlay 1.0, Action Object); false is the default."""
    assert apply({"a": {}}, {"target": "$.a", "remove": True, "update": {"b": 1}}) == {}
    assert apply({"a": {}}, {"target": "$.a", "remove": False, "update": {"b": 1}}) == {"a": {"b": 1}}


@pytest.mark.parametrize("target", ["$.paths[?", "paths", "", "$.paths[?@.a ==]", "$.[a]", "$.a]"])
def test_malformed_target_is_named(target: str) -> None:
    """A target that is no JSONPath (RFC 9535) is refused with the action that has it."""
    message = refusal({"paths": {}}, {"target": "$.paths", "update": {}}, {"target": target, "remove": True})
    assert message.startswith("fixes.yaml: action 2 ")
    assert "target" in message


@pytest.mark.parametrize(
    "action",
    [
        pytest.param({"target": "$.info"}, id="neither update nor remove"),
        pytest.param({"update": {"a": 1}}, id="no target"),
        pytest.param({"target": 3, "remove": True}, id="target is a number"),
        pytest.param({"target": "$.info", "update": "text"}, id="text into an object"),
        pytest.param({"target": "$.info.title", "update": {"a": 1}}, id="object into a text"),
        pytest.param({"target": "$", "remove": True}, id="remove the document"),
        pytest.param(None, id="no action"),
        pytest.param("$.info", id="a text"),
    ],
)
def test_malformed_action_is_named(action: Any) -> None:
    """An action that Overlay 1.0 does not allow is refused by its number, and does not crash."""
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
def test_damaged_fixes_stop_generation_and_are_named(project: Project, text: str) -> None:
    """A damaged spec-fixes.yaml is named, not the spec, and nothing is generated."""
    project.write(text, "overlay/spec-fixes.yaml")
    message = project.refusal()
    assert "spec-fixes.yaml" in message
    assert "openapi.yaml" not in message
