"""Each kind of change to a document is found, with its JSONPath and whether it is breaking."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from codegen import changes as spec_changes
from codegen.pointers import jsonpath
from codegen.surface import surface

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
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Call"}}}},
                    "404": {"$ref": "#/components/responses/Missing"},
                },
            },
            "post": {
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/NewCall"}}}},
                "responses": {"204": {"description": "done"}},
            },
        }
    },
    "components": {
        "securitySchemes": {"Key": {"type": "apiKey", "in": "header", "name": "X-A"}},
        "parameters": {"Sort": {"name": "sort", "in": "query", "schema": {"type": "string", "enum": ["up", "down"]}}},
        "responses": {"Missing": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}},
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
                    "either": {"oneOf": [{"type": "integer"}, {"type": "array", "items": {"type": "string"}}]},
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
                    "address": {"$ref": "#/components/schemas/Address"},
                },
            },
            "Address": {"type": "object", "properties": {"city": {"type": "string", "enum": ["x", "y"]}}},
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
    """Kind, path, whether it is breaking, and text of each change that an edit makes."""
    new = copy.deepcopy(DOCUMENT)
    edit(new)
    found = spec_changes.compare(new, DOCUMENT) if swapped else spec_changes.compare(DOCUMENT, new)
    return [(change.kind, change.path, change.breaking, change.text) for change in found]


@pytest.mark.parametrize(
    ("edit", "kind", "path", "breaking", "text"),
    [
        # Responses: additions and unknown values are not breaking.
        (lambda d: properties(d).update(x={"type": "string"}), "added", f"{CALL}.x", False, "new (string)"),
        (lambda d: properties(d).pop("when"), "removed", f"{CALL}.when", True, "was removed"),
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
            "may now be null",
        ),
        (
            lambda d: properties(d)["mood"].update(nullable=True),
            "changed",
            f"{CALL}.mood",
            False,
            "may now be null",
        ),
        (lambda d: schema(d).update(required=[]), "changed", f"{CALL}.id", True, "is now optional"),
        (
            lambda d: schema(d).update(required=["id", "when"]),
            "changed",
            f"{CALL}.when",
            False,
            "is now required",
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
            "value bad was removed",
        ),
        (
            lambda d: properties(d)["mood"].pop("enum"),
            "changed",
            f"{CALL}.mood",
            True,
            "is no longer restricted to bad, good",
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
            "is now deprecated",
        ),
        (
            lambda d: properties(d)["turns"]["items"]["properties"].pop("text"),
            "removed",
            f"{CALL}.turns.items.properties.text",
            True,
            "was removed",
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
            "was removed",
        ),
        # Requests: removals and new requirements are breaking.
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
            "is now required",
        ),
        (
            lambda d: schema(d, "NewCall").update(required=[]),
            "changed",
            f"{NEW}.to",
            False,
            "is now optional",
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
            "value b was removed",
        ),
        (
            lambda d: properties(d, "NewCall")["note"].update(enum=["a"]),
            "changed",
            f"{NEW}.note",
            True,
            "is now restricted to a",
        ),
        (
            lambda d: properties(d, "Address")["city"]["enum"].remove("y"),
            "removed",
            "$.components.schemas.Address.properties.city",
            True,
            "value y was removed",
        ),
        # Unions, and facts that change the Python type.
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
            "can no longer be null",
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
            "is no longer restricted to a",
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
        # Parameters, compared by name.
        (
            lambda d: operation(d)["parameters"].insert(0, {"name": "q", "in": "query", "schema": {"type": "string"}}),
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
            "was removed",
        ),
        (
            lambda d: d["components"]["parameters"]["Sort"]["schema"]["enum"].remove("up"),
            "removed",
            f"{GET}.parameters[1]",
            True,
            "value up was removed",
        ),
        # Operations, bodies and responses.
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
            "was removed",
        ),
        (
            lambda d: operation(d).update(deprecated=True),
            "changed",
            GET,
            False,
            "is now deprecated",
        ),
        (
            lambda d: operation(d, "post")["requestBody"].update(required=True),
            "changed",
            "$.paths['/calls/{id}'].post.requestBody",
            True,
            "is now required",
        ),
        (
            lambda d: operation(d)["responses"].pop("404"),
            "removed",
            f"{GET}.responses['404']",
            False,
            "was removed",
        ),
        (
            lambda d: operation(d, "post")["responses"].pop("204"),
            "removed",
            "$.paths['/calls/{id}'].post.responses['204']",
            True,
            "was removed",
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
def test_one_edit_is_one_change(edit: Edit, kind: str, path: str, breaking: bool, text: str) -> None:
    """Editing one thing is exactly one change."""
    assert changes(edit) == [(kind, path, breaking, text)]


def test_order_is_irrelevant() -> None:
    """Another order of keys, parameters and enum values is not a change."""
    shuffled = copy.deepcopy(DOCUMENT)
    operation(shuffled)["parameters"].reverse()
    properties(shuffled)["mood"]["enum"].reverse()
    shuffled["components"]["schemas"] = dict(reversed(shuffled["components"]["schemas"].items()))
    assert spec_changes.compare(DOCUMENT, shuffled) == []


def test_descriptions_and_examples_are_not_changes() -> None:
    """Documentation is not compared, and an explicit type that was implied before is not a change."""

    def edit(document: Any) -> None:
        properties(document)["id"].update(description="The id", example="x")
        del schema(document)["type"]

    assert changes(edit) == []


def test_new_or_removed_schema_is_one_change() -> None:
    """The fields of a schema that was added or removed are not reported."""
    new = {"type": "object", "properties": {f"f{n}": {"type": "string"} for n in range(10)}}

    def edit(document: Any) -> None:
        document["components"]["schemas"]["New"] = new

    assert [change[0] for change in changes(edit)] == ["added"]
    assert [change[0] for change in changes(edit, swapped=True)] == ["removed"]


def test_all_of_is_compared_by_its_fields() -> None:
    """Moving a field into an inline member of an allOf is not a change."""

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
def test_equivalent_schemas_are_equal(before: Any, after: Any) -> None:
    """OpenAPI 3.0 and 3.1 write nullable differently; that is not a change."""
    documents = []
    for form in (before, after):
        document = copy.deepcopy(DOCUMENT)
        properties(document)["field"] = form
        documents.append(document)
    assert spec_changes.compare(*documents) == []


def test_scalar_may_move_to_a_schema_of_its_own() -> None:
    """An enum that becomes a component schema is a new schema, and not a change to the field."""

    def edit(document: Any) -> None:
        document["components"]["schemas"]["Mood"] = properties(document)["mood"]
        properties(document)["mood"] = {"$ref": "#/components/schemas/Mood"}

    assert [change[:3] for change in changes(edit)] == [("added", "$.components.schemas.Mood", False)]


def test_renaming_a_field_is_not_breaking_if_its_python_name_is_the_same() -> None:
    """A new name in the document is not breaking, but a new type is."""
    parent = ("components", "schemas", "Call", "properties")
    for kind, breaking in (("string", [False]), ("integer", [True, False])):
        new = copy.deepcopy(DOCUMENT)
        properties(new)["callMood"] = {**properties(new).pop("mood"), "type": kind}
        found = spec_changes.compare(
            DOCUMENT, new, {(*parent, "mood"): "Call.call_mood"}, {(*parent, "callMood"): "Call.call_mood"}
        )
        assert [change.breaking for change in found] == breaking
        assert found[-1].text == "is now called callMood, was mood"


@pytest.mark.parametrize(
    ("edit", "texts"),
    [
        (
            lambda d: operation(d)["responses"]["200"].update(content={}),
            ["content: application/json -> none", "was removed"],
        ),
        (
            lambda d: operation(d)["responses"].update({"202": {"description": "later"}}),
            ["new"],
        ),
    ],
)
def test_other_success_is_breaking(edit: Edit, texts: list[str]) -> None:
    """A response without its body and a second successful response change the return type."""
    found = changes(edit)
    assert [text for *_, text in found] == texts
    assert all(breaking for _, _, breaking, _ in found)


def test_new_type_of_items_is_breaking() -> None:
    """Items that could be anything become models."""

    def edit(document: Any) -> None:
        properties(document)["loose"] = {"type": "array"}

    untyped = copy.deepcopy(DOCUMENT)
    edit(untyped)
    typed = copy.deepcopy(untyped)
    properties(typed)["loose"]["items"] = {"type": "object", "properties": {"a": {"type": "string"}}}
    assert [change.breaking for change in spec_changes.compare(untyped, typed)] == [True]


def test_recursive_schemas_are_walked_once() -> None:
    """Schemas that contain themselves or each other do not cause endless recursion."""
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
    """A breaking change is major, an addition is minor, anything else is a patch."""
    new = copy.deepcopy(DOCUMENT)
    edit(new)
    assert spec_changes.suggestion(spec_changes.compare(DOCUMENT, new)) == part


@pytest.mark.parametrize(
    ("pointer", "before", "after", "text"),
    [
        (("paths", "/calls/{id}", "get"), "calls.get_call", "calls.fetch", "calls.get_call -> calls.fetch"),
        (("components", "schemas", "Call"), "Call", "PhoneCall", "Call -> PhoneCall"),
        (("components", "schemas", "Call", "properties", "id"), "Call.id", "Call.id_", "id -> id_"),
        (("components", "schemas", "Call", "properties", "id"), "Call.id", "PhoneCall.id", ""),
    ],
)
def test_new_python_name_is_breaking(pointer: Any, before: str, after: str, text: str) -> None:
    """A new Python name is breaking. A field whose class has a new name keeps its own."""
    found = spec_changes.compare(DOCUMENT, DOCUMENT, {pointer: before}, {pointer: after})
    assert [(change.breaking, change.text) for change in found] == ([(True, f"Python name: {text}")] if text else [])


def test_report_for_people() -> None:
    """The report has verdict, Python name and JSONPath; what was removed has its old name."""
    new = copy.deepcopy(DOCUMENT)
    del properties(new)["when"]
    properties(new)["x-y"] = {"type": "string"}
    parent = ("components", "schemas", "Call", "properties")
    found = spec_changes.compare(
        DOCUMENT,
        new,
        {(*parent, "when"): "Call.when"},
        {(*parent, "x-y"): "Call.x_y", (*parent, "when"): "wrong"},
    )
    assert spec_changes.as_text(found).splitlines() == [
        "BREAKING  field Call.when: was removed",
        "            $.components.schemas.Call.properties.when",
        "ok        field Call.x_y: new (string)",
        "            $.components.schemas.Call.properties['x-y']",
        "2 changes, 1 breaking: major",
    ]
