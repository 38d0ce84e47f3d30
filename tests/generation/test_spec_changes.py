"""Each kind of change of a spec is named, with its place and a verdict for callers."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from spec_tools import changes as spec_changes
from spec_tools.places import jsonpath
from spec_tools.surface import surface

DOCUMENT: Any = {
    "openapi": "3.0.1",
    "info": {"title": "T", "version": "1"},
    "servers": [{"url": "https://a.test"}],
    "paths": {
        "/calls/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
            "get": {
                "parameters": [
                    {"name": "page", "in": "query", "schema": {"type": "integer"}},
                    {"$ref": "#/components/parameters/Sort"},
                ],
                "responses": {
                    "200": {
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Call"}}}
                    },
                    "404": {"$ref": "#/components/responses/Missing"},
                },
            },
            "post": {
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/NewCall"}}}
                },
                "responses": {"204": {"description": "done"}},
            },
        }
    },
    "components": {
        "securitySchemes": {"Key": {"type": "apiKey", "in": "header", "name": "X-A"}},
        "parameters": {
            "Sort": {"name": "sort", "in": "query", "schema": {"type": "string", "enum": ["up", "down"]}}
        },
        "responses": {
            "Missing": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}
        },
        "schemas": {
            "Call": {
                "type": "object",
                "required": ["id"],
                "properties": {
                    "id": {"type": "string"},
                    "when": {"type": "string", "format": "date-time"},
                    "mood": {"type": "string", "enum": ["good", "bad"]},
                    "turns": {
                        "type": "array",
                        "items": {"type": "object", "properties": {"text": {"type": "string"}}},
                    },
                    "next": {"$ref": "#/components/schemas/Call"},
                    "maybe": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                    "either": {
                        "oneOf": [{"type": "integer"}, {"type": "array", "items": {"type": "string"}}]
                    },
                    "fixed": {"const": "a"},
                    "open": {"type": "object", "additionalProperties": True},
                },
            },
            "NewCall": {
                "type": "object",
                "required": ["to"],
                "properties": {
                    "to": {"type": "string"},
                    "kind": {"type": "string", "enum": ["a", "b"]},
                    "note": {"type": "string"},
                    "place": {"$ref": "#/components/schemas/Place"},
                },
            },
            "Place": {"type": "object", "properties": {"city": {"type": "string", "enum": ["x", "y"]}}},
            "Error": {"type": "object", "properties": {"msg": {"type": "string"}}},
        },
    },
}
GET = "$.paths['/calls/{id}'].get"
CALL = "$.components.schemas.Call.properties"
NEW = "$.components.schemas.NewCall.properties"
Edit = Callable[[Any], Any]


def operation(document: Any, method: str = "get") -> Any:
    """An operation of the document."""
    return document["paths"]["/calls/{id}"][method]


def schema(document: Any, name: str = "Call") -> Any:
    """A component schema of the document."""
    return document["components"]["schemas"][name]


def properties(document: Any, name: str = "Call") -> Any:
    """The properties of a component schema."""
    return schema(document, name)["properties"]


def changes(edit: Edit, *, swapped: bool = False) -> list[tuple[str, str, bool, str]]:
    """Kind, place, verdict and text of each change that an edit of the document makes."""
    new = copy.deepcopy(DOCUMENT)
    edit(new)
    found = spec_changes.compare(new, DOCUMENT) if swapped else spec_changes.compare(DOCUMENT, new)
    return [(change.kind, change.path, change.breaking, change.text) for change in found]


@pytest.mark.parametrize(
    ("edit", "kind", "place", "breaking", "text"),
    [
        # What is read: whatever is more or unknown breaks nobody.
        (lambda d: properties(d).update(x={"type": "string"}), "added", f"{CALL}.x", False, "new (string)"),
        (lambda d: properties(d).pop("when"), "removed", f"{CALL}.when", True, "is gone"),
        (
            lambda d: properties(d)["id"].update(type="integer"),
            "changed",
            f"{CALL}.id",
            True,
            "type: string -> integer",
        ),
        (
            lambda d: properties(d)["id"].update(nullable=True),
            "changed",
            f"{CALL}.id",
            True,
            "may be null now",
        ),
        (
            lambda d: properties(d)["mood"].update(nullable=True),
            "changed",
            f"{CALL}.mood",
            False,
            "may be null now",
        ),
        (lambda d: schema(d).update(required=[]), "changed", f"{CALL}.id", True, "is optional now"),
        (
            lambda d: schema(d).update(required=["id", "when"]),
            "changed",
            f"{CALL}.when",
            False,
            "is required now",
        ),
        (
            lambda d: properties(d)["mood"]["enum"].append("so-so"),
            "added",
            f"{CALL}.mood",
            False,
            "new value so-so",
        ),
        (
            lambda d: properties(d)["mood"]["enum"].remove("bad"),
            "removed",
            f"{CALL}.mood",
            False,
            "value bad is gone",
        ),
        (
            lambda d: properties(d)["mood"].pop("enum"),
            "changed",
            f"{CALL}.mood",
            True,
            "no longer only bad, good",
        ),
        (
            lambda d: properties(d)["when"].pop("format"),
            "changed",
            f"{CALL}.when",
            True,
            "format: date-time -> none",
        ),
        (
            lambda d: properties(d)["id"].update(format="hostname"),
            "changed",
            f"{CALL}.id",
            False,
            "format: none -> hostname",
        ),
        (
            lambda d: properties(d)["id"].update(deprecated=True),
            "changed",
            f"{CALL}.id",
            False,
            "is deprecated now",
        ),
        (
            lambda d: properties(d)["turns"]["items"]["properties"].pop("text"),
            "removed",
            f"{CALL}.turns.items.properties.text",
            True,
            "is gone",
        ),
        (
            lambda d: properties(d)["turns"].update(items={"type": "string"}),
            "changed",
            f"{CALL}.turns.items",
            True,
            "type: object -> string",
        ),
        (
            lambda d: properties(d)["next"].update({"$ref": "#/components/schemas/Error"}),
            "changed",
            f"{CALL}.next",
            True,
            "type: Call -> Error",
        ),
        (
            lambda d: properties(d, "Error").pop("msg"),
            "removed",
            "$.components.schemas.Error.properties.msg",
            True,
            "is gone",
        ),
        # What is sent: whatever is less, or demanded, does.
        (
            lambda d: properties(d, "NewCall").update(x={"type": "string"}),
            "added",
            f"{NEW}.x",
            False,
            "new (string)",
        ),
        (
            lambda d: schema(d, "NewCall").update(required=["to", "note"]),
            "changed",
            f"{NEW}.note",
            True,
            "is required now",
        ),
        (
            lambda d: schema(d, "NewCall").update(required=[]),
            "changed",
            f"{NEW}.to",
            False,
            "is optional now",
        ),
        (
            lambda d: properties(d, "NewCall")["kind"]["enum"].append("c"),
            "added",
            f"{NEW}.kind",
            False,
            "new value c",
        ),
        (
            lambda d: properties(d, "NewCall")["kind"]["enum"].remove("b"),
            "removed",
            f"{NEW}.kind",
            True,
            "value b is gone",
        ),
        (
            lambda d: properties(d, "NewCall")["note"].update(enum=["a"]),
            "changed",
            f"{NEW}.note",
            True,
            "only a",
        ),
        (
            lambda d: properties(d, "Place")["city"]["enum"].remove("y"),
            "removed",
            "$.components.schemas.Place.properties.city",
            True,
            "value y is gone",
        ),
        # Unions, and what is no type but shows in one.
        (
            lambda d: properties(d)["maybe"]["anyOf"][0].update(format="date"),
            "changed",
            f"{CALL}.maybe",
            True,
            "format: none -> date",
        ),
        (
            lambda d: properties(d)["maybe"]["anyOf"].pop(),
            "changed",
            f"{CALL}.maybe",
            False,
            "is never null now",
        ),
        (
            lambda d: properties(d)["either"]["oneOf"][1]["items"].update(type="integer"),
            "changed",
            f"{CALL}.either.oneOf[1].items",
            True,
            "type: string -> integer",
        ),
        (
            lambda d: properties(d)["fixed"].pop("const"),
            "changed",
            f"{CALL}.fixed",
            True,
            "no longer only a",
        ),
        (
            lambda d: properties(d)["open"].update(additionalProperties=False),
            "changed",
            f"{CALL}.open",
            True,
            "other properties: kept -> dropped",
        ),
        # The API as a whole.
        (
            lambda d: d["servers"][0].update(url="https://b.test"),
            "changed",
            "$.servers[0].url",
            False,
            "url: https://a.test -> https://b.test",
        ),
        (
            lambda d: d["components"]["securitySchemes"]["Key"].update(name="X-B"),
            "changed",
            "$.components.securitySchemes.Key",
            False,
            "name: X-A -> X-B",
        ),
        (
            lambda d: operation(d).update(security=[{"Key": []}]),
            "changed",
            GET,
            False,
            "needs: nothing -> Key",
        ),
        # Parameters, by name wherever they stand in the list.
        (
            lambda d: operation(d)["parameters"].insert(
                0, {"name": "q", "in": "query", "schema": {"type": "string"}}
            ),
            "added",
            f"{GET}.parameters[0]",
            False,
            "new (string)",
        ),
        (
            lambda d: operation(d)["parameters"].append(
                {"name": "q", "in": "header", "required": True, "schema": {"type": "string"}}
            ),
            "added",
            f"{GET}.parameters[2]",
            True,
            "new (string, required)",
        ),
        (
            lambda d: operation(d)["parameters"].pop(0),
            "removed",
            f"{GET}.parameters[0]",
            True,
            "is gone",
        ),
        (
            lambda d: d["components"]["parameters"]["Sort"]["schema"]["enum"].remove("up"),
            "removed",
            f"{GET}.parameters[1]",
            True,
            "value up is gone",
        ),
        # Operations, bodies and answers.
        (
            lambda d: d["paths"].update({"/new": {"get": {"responses": {}}}}),
            "added",
            "$.paths['/new'].get",
            False,
            "new",
        ),
        (
            lambda d: d["paths"]["/calls/{id}"].pop("post"),
            "removed",
            "$.paths['/calls/{id}'].post",
            True,
            "is gone",
        ),
        (
            lambda d: operation(d).update(deprecated=True),
            "changed",
            GET,
            False,
            "is deprecated now",
        ),
        (
            lambda d: operation(d, "post")["requestBody"].update(required=True),
            "changed",
            "$.paths['/calls/{id}'].post.requestBody",
            True,
            "is required now",
        ),
        (
            lambda d: operation(d)["responses"].pop("404"),
            "removed",
            f"{GET}.responses['404']",
            False,
            "is gone",
        ),
        (
            lambda d: operation(d, "post")["responses"].pop("204"),
            "removed",
            "$.paths['/calls/{id}'].post.responses['204']",
            True,
            "is gone",
        ),
        (
            lambda d: operation(d)["responses"].update({"500": {"description": "broken"}}),
            "added",
            f"{GET}.responses['500']",
            False,
            "new",
        ),
        (
            lambda d: d["components"]["schemas"].update(Alone={"type": "string"}),
            "added",
            "$.components.schemas.Alone",
            False,
            "new (string)",
        ),
    ],
)
def test_one_edit_is_one_change(edit: Edit, kind: str, place: str, breaking: bool, text: str) -> None:
    """An edit of one thing is that one change, at its place, with its verdict; no noise around it."""
    assert changes(edit) == [(kind, place, breaking, text)]


def test_same_document_has_no_change_whatever_the_order() -> None:
    """The order of keys, parameters and enum values means nothing."""
    shuffled = copy.deepcopy(DOCUMENT)
    operation(shuffled)["parameters"].reverse()
    properties(shuffled)["mood"]["enum"].reverse()
    shuffled["components"]["schemas"] = dict(reversed(shuffled["components"]["schemas"].items()))
    assert spec_changes.compare(DOCUMENT, shuffled) == []


def test_descriptions_and_examples_are_no_change() -> None:
    """What only documents is not reported, nor a type that is said where it was clear."""

    def edit(document: Any) -> None:
        properties(document)["id"].update(description="The id", example="x")
        del schema(document)["type"]

    assert changes(edit) == []


def test_what_is_below_something_new_or_gone_is_not_told_again() -> None:
    """A schema with ten fields that is new, or gone, is one change."""
    new = {"type": "object", "properties": {f"f{n}": {"type": "string"} for n in range(10)}}

    def edit(document: Any) -> None:
        document["components"]["schemas"]["New"] = new

    assert [change[0] for change in changes(edit)] == ["added"]
    assert [change[0] for change in changes(edit, swapped=True)] == ["removed"]


def test_all_of_is_the_same_as_the_fields_within_it() -> None:
    """Moving a field into an inline member of an allOf changes nothing for callers."""

    def edit(document: Any) -> None:
        schema(document)["allOf"] = [{"type": "object", "properties": {"id": properties(document).pop("id")}}]

    assert changes(edit) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "string", "nullable": True}, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        ({"type": "string", "nullable": True, "enum": ["a"]}, {"type": "string", "enum": ["a", None]}),
        ({"allOf": [{"$ref": "#/components/schemas/Error"}]}, {"$ref": "#/components/schemas/Error"}),
    ],
)
def test_two_spellings_of_one_type_are_one(before: Any, after: Any) -> None:
    """OpenAPI 3.0 and 3.1 write nullable differently; that is no change."""
    documents = []
    for spelling in (before, after):
        document = copy.deepcopy(DOCUMENT)
        properties(document)["spelled"] = spelling
        documents.append(document)
    assert spec_changes.compare(*documents) == []


def test_scalar_that_moves_behind_a_reference_stays_what_it_is() -> None:
    """An enum that gets a schema of its own is a new schema, and no change of the field."""

    def edit(document: Any) -> None:
        document["components"]["schemas"]["Mood"] = properties(document)["mood"]
        properties(document)["mood"] = {"$ref": "#/components/schemas/Mood"}

    assert [change[:3] for change in changes(edit)] == [("added", "$.components.schemas.Mood", False)]


def test_field_with_the_same_name_in_python_is_only_spelled_otherwise() -> None:
    """CampaignId for campaign_id breaks nobody; a change of its type still does."""
    place = ("components", "schemas", "Call", "properties")
    for kind, breaking in (("string", [False]), ("integer", [True, False])):
        new = copy.deepcopy(DOCUMENT)
        properties(new)["callMood"] = {**properties(new).pop("mood"), "type": kind}
        found = spec_changes.compare(
            DOCUMENT, new, {(*place, "mood"): "Call.call_mood"}, {(*place, "callMood"): "Call.call_mood"}
        )
        assert [change.breaking for change in found] == breaking
        assert found[-1].text == "is spelled callMood now, and was mood"


@pytest.mark.parametrize(
    ("edit", "texts"),
    [
        (
            lambda d: operation(d)["responses"]["200"].update(content={}),
            ["content: application/json -> none", "is gone"],
        ),
        (
            lambda d: operation(d)["responses"].update({"202": {"description": "later"}}),
            ["new"],
        ),
    ],
)
def test_other_success_breaks_callers(edit: Edit, texts: list[str]) -> None:
    """An answer without its body, and a second kind of success, change what a call returns."""
    found = changes(edit)
    assert [text for *_, text in found] == texts
    assert all(breaking for _, _, breaking, _ in found)


def test_items_that_were_anything_and_have_a_type_now_break_callers() -> None:
    """Plain dicts become models."""

    def edit(document: Any) -> None:
        properties(document)["loose"] = {"type": "array"}

    untyped = copy.deepcopy(DOCUMENT)
    edit(untyped)
    typed = copy.deepcopy(untyped)
    properties(typed)["loose"]["items"] = {"type": "object", "properties": {"a": {"type": "string"}}}
    assert [change.breaking for change in spec_changes.compare(untyped, typed)] == [True]


def test_recursive_and_circular_schemas_end() -> None:
    """A schema that holds itself, and two that hold each other, are walked once."""
    document = copy.deepcopy(DOCUMENT)
    document["components"]["schemas"] |= {
        "A": {"properties": {"b": {"$ref": "#/components/schemas/B"}}},
        "B": {"properties": {"a": {"$ref": "#/components/schemas/A"}}},
    }
    assert jsonpath(("components", "schemas", "A", "properties", "b")) in {
        jsonpath(node.path) for node in surface(document).values()
    }


@pytest.mark.parametrize(
    ("edit", "part"),
    [
        (lambda d: properties(d).pop("id"), "major"),
        (lambda d: properties(d).update(x={"type": "string"}), "minor"),
        (lambda d: properties(d)["mood"]["enum"].append("x"), "minor"),
        (lambda d: properties(d)["id"].update(deprecated=True), "patch"),
        (lambda d: d["info"].update(title="U"), "patch"),
    ],
)
def test_suggestion_follows_semantic_versioning(edit: Edit, part: str) -> None:
    """Breaking is major, more is minor, the rest is a patch."""
    new = copy.deepcopy(DOCUMENT)
    edit(new)
    assert spec_changes.suggestion(spec_changes.compare(DOCUMENT, new)) == part


@pytest.mark.parametrize(
    ("place", "before", "after", "text"),
    [
        (("paths", "/calls/{id}", "get"), "calls.get_call", "calls.fetch", "calls.get_call -> calls.fetch"),
        (("components", "schemas", "Call"), "Call", "PhoneCall", "Call -> PhoneCall"),
        (("components", "schemas", "Call", "properties", "id"), "Call.id", "Call.id_", "id -> id_"),
        (("components", "schemas", "Call", "properties", "id"), "Call.id", "PhoneCall.id", ""),
    ],
)
def test_other_python_name_breaks_callers(place: Any, before: str, after: str, text: str) -> None:
    """A name that people write and that is another one now is breaking; a field's own name is without its class."""
    found = spec_changes.compare(DOCUMENT, DOCUMENT, {place: before}, {place: after})
    assert [(change.breaking, change.text) for change in found] == (
        [(True, f"Python name: {text}")] if text else []
    )


def test_report_names_what_people_write_and_where_it_stands() -> None:
    """The report has the Python name, the JSONPath and the verdict; the names of what is gone are the old ones."""
    new = copy.deepcopy(DOCUMENT)
    del properties(new)["when"]
    properties(new)["x-y"] = {"type": "string"}
    place = ("components", "schemas", "Call", "properties")
    found = spec_changes.compare(
        DOCUMENT,
        new,
        {(*place, "when"): "Call.when"},
        {(*place, "x-y"): "Call.x_y", (*place, "when"): "wrong"},
    )
    assert spec_changes.as_text(found).splitlines() == [
        "BREAKING  field Call.when: is gone",
        "            $.components.schemas.Call.properties.when",
        "ok        field Call.x_y: new (string)",
        "            $.components.schemas.Call.properties['x-y']",
        "2 changes, 1 breaking: major",
    ]
