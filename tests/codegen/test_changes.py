"""Each kind of change to the generated package is found, with a JSON pointer and whether it breaks callers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codegen import package_facts, regenerate
from codegen.changes import Change, compare, suggestion
from codegen.loading import parse_yaml
from codegen.package_facts import Contents
from codegen.regenerate import PACKAGE

from .golden.harness import write_project
from .shared import shared_folder

DOCUMENT = """
openapi: 3.0.1
info: {title: T, version: '1'}
servers: [{url: https://a.test}]
security: [{Key: []}]
paths:
  /calls/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    get:
      operationId: get_call
      tags: [calls]
      parameters:
        - {name: page, in: query, schema: {type: integer}}
        - {$ref: '#/components/parameters/Sort'}
      responses:
        '200': {description: '', content: {application/json: {schema: {$ref: '#/components/schemas/Call'}}}}
        '404': {$ref: '#/components/responses/Missing'}
    post:
      operationId: change_call
      tags: [calls]
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/NewCall'}}}}
      responses: {'204': {description: done}}
components:
  securitySchemes: {Key: {type: apiKey, in: header, name: X-A}}
  parameters: {Sort: {name: sort, in: query, schema: {type: string, enum: [up, down]}}}
  responses:
    Missing: {description: '', content: {application/json: {schema: {$ref: '#/components/schemas/Error'}}}}
  schemas:
    Call:
      type: object
      required: [id]
      properties:
        id: {type: string}
        when: {type: string, format: date-time}
        mood: {type: string, enum: [good, bad]}
        turns:
          {type: array, items: {type: object, properties: {text: {type: string}, at: {type: number}}}}
        either: {oneOf: [{type: integer}, {type: array, items: {type: string}}]}
    NewCall:
      type: object
      required: [to]
      properties:
        to: {type: string}
        kind: {type: string, enum: [a, b]}
        address: {$ref: '#/components/schemas/Address'}
    Address: {type: object, properties: {city: {type: string}}}
    Error: {type: object, properties: {msg: {type: string}}}
"""
CALL = "#/components/schemas/Call/properties"
NEW = "#/components/schemas/NewCall/properties"
GET = "#/paths/~1calls~1{id}/get"
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


def parsed() -> Any:
    """The document, which may be changed."""
    return parse_yaml(DOCUMENT.encode(), "the document")


def generate(root: Path, document: Any) -> None:
    """Generate the package of a document."""
    write_project(root, document)
    regenerate.generate(root, root / PACKAGE)


@pytest.fixture(scope="session")
def before(tmp_path_factory: pytest.TempPathFactory) -> Contents:
    """The names and pointers of the package of DOCUMENT."""
    return package_facts.read(shared_folder(tmp_path_factory, "changes", lambda folder: generate(folder, parsed())))


def changes_of(root: Path, before: Contents, edit: Edit) -> list[Change]:
    """Edit the document, and compare the package with the one before."""
    document = parsed()
    edit(document)
    generate(root, document)
    return compare(before, package_facts.read(root))


@pytest.mark.parametrize(
    ("edit", "expected"),
    [# Models that are only read may gain fields and values.
     (lambda d: properties(d).update(x={"type": "string"}),
      ["added False `Call.x` is new (`str | None`)", f"{CALL}/x"]),
     (lambda d: properties(d).pop("when"), ["removed True `Call.when` is gone", f"{CALL}/when"]),
     (lambda d: properties(d)["id"].update(type="integer"),
      ["changed True `Call.id` is now `int`, was `str`", f"{CALL}/id"]),
     (lambda d: schema(d).pop("required"),
      ["changed True `Call.id` is now `str | None` and optional, was `str`", f"{CALL}/id"]),
     (lambda d: schema(d).update(required=["id", "when"]),
      ["changed False `Call.when` is now `AwareDatetime` and required, was `AwareDatetime | None`", f"{CALL}/when"]),
     (lambda d: properties(d)["mood"]["enum"].append("so-so"),
      ["added False `CallMood` has the new value 'so-so'", f"{CALL}/mood"]),
     (lambda d: properties(d)["mood"]["enum"].remove("bad"),
      ["removed False `CallMood` no longer has the value 'bad'", f"{CALL}/mood"]),
     (lambda d: properties(d)["either"]["oneOf"].pop(0),
      ["changed False `Call.either` is now `list[str] | None`, was `int | list[str] | None`", f"{CALL}/either"]),
     (lambda d: properties(d)["turns"]["items"]["properties"].pop("text"),
      ["removed True `CallTurnsItem.text` is gone", f"{CALL}/turns/items/properties/text"]),
     # Models that are sent may lose nothing, and require nothing more.
     (lambda d: properties(d, "NewCall").update(x={"type": "string"}),
      ["added False `NewCall.x` is new (`str | None`)", f"{NEW}/x"]),
     (lambda d: schema(d, "NewCall").update(required=["to", "address"]),
      ["changed True `NewCall.address` is now `Address` and required, was `Address | None`", f"{NEW}/address"]),
     (lambda d: properties(d, "NewCall")["kind"]["enum"].remove("b"),
      ["removed True `NewCallKind` no longer has the value 'b'", f"{NEW}/kind"]),
     (lambda d: schema(d, "Address").update(required=["city"]),
      ["changed True `Address.city` is now `str` and required, was `str | None`",
       "#/components/schemas/Address/properties/city"]),
     (lambda d: properties(d, "NewCall")["to"].update(oneOf=[{"type": "string"}, {"type": "integer"}]),
      ["changed False `NewCall.to` is now `int | str`, was `str`", f"{NEW}/to"]),
     # Operations.
     (lambda d: operation(d)["parameters"].insert(
         0, {"name": "x", "in": "query", "required": True, "schema": {"type": "string"}}),
      ["added True `calls.get_call` needs `x`", f"{GET}/parameters/0"]),
     (lambda d: operation(d)["parameters"].append({"name": "x", "in": "query", "schema": {"type": "string"}}),
      ["added False `calls.get_call` accepts `x`", f"{GET}/parameters/2"]),
     (lambda d: operation(d)["parameters"].pop(0),
      ["removed True `calls.get_call` no longer accepts `page`", f"{GET}/parameters/0"]),
     (lambda d: operation(d)["parameters"][0]["schema"].update(type="string"),
      ["changed True `page` of `calls.get_call` is now `str | None`, was `int | None`", f"{GET}/parameters/0"]),
     (lambda d: d["components"]["parameters"]["Sort"]["schema"]["enum"].append("x"),
      ["added False `GetCallSort` has the new value 'x'", "#/components/parameters/Sort/schema"]),
     (lambda d: operation(d)["parameters"][0].update({"in": "header"}),
      ["changed False `calls.get_call` sends another request", GET]),
     (lambda d: operation(d)["responses"].pop("404"),
      ["removed False `calls.get_call` no longer documents 404", f"{GET}/responses/404"]),
     (lambda d: operation(d)["responses"].update({"409": {"description": "Taken"}}),
      ["added False `calls.get_call` documents 409", f"{GET}/responses/409"]),
     (lambda d: operation(d, "post").update(operationId="update_call"),
      ["removed True `calls.change_call` is gone", "#/paths/~1calls~1{id}/post",
       "added False `calls.update_call` is new", "#/paths/~1calls~1{id}/post"]),
     (lambda d: d["servers"][0].update(url="https://b.test"),
      ["changed False `spec.SERVER` is now `'https://b.test'`, was `'https://a.test'`", "#/servers/0/url"]),
     # The same package.
     (lambda d: properties(d)["id"].update(format="hostname", description="x", example="y"), []),
     (lambda d: properties(d)["either"].update(anyOf=properties(d)["either"].pop("oneOf")), []),
     (lambda d: d.update(openapi="3.1.0"), []),
     (lambda d: d.update(security=[{"Other": []}]) or d["components"].update(
         securitySchemes={"Other": d["components"]["securitySchemes"]["Key"]}), [])],
)  # fmt: skip
def test_changes(tmp_path: Path, before: Contents, edit: Edit, expected: list[str]) -> None:
    """Kind, whether it is breaking, text and pointer of each change."""
    found = changes_of(tmp_path, before, edit)
    lines = [(f"{change.kind} {change.breaking} {change.text}", change.path) for change in found]
    assert [part for line in lines for part in line] == expected
    assert suggestion(found) == ("major" if "True" in str(expected) else "minor" if expected else "patch")


def test_constants(tmp_path: Path, before: Contents) -> None:
    """The header of the key is more than a patch, whatever its constant is called; the version of the API is one."""
    found = changes_of(tmp_path / "key", before, lambda d: d["components"]["securitySchemes"]["Key"].update(name="X-B"))
    [(what, path, text)] = [(change.what, change.path, change.text) for change in found]
    assert (what, path, "X-B" in text) == ("constant", "#/components/securitySchemes", True)
    assert suggestion(found) == "minor"
    found = changes_of(tmp_path / "version", before, lambda d: d["info"].update(version="2"))
    assert [change.python for change in found] == ["spec.VERSION"]
    assert suggestion(found) == "patch"


def test_every_name_has_a_pointer(before: Contents) -> None:
    """All of the document are found in it."""
    assert before.facts.keys() - before.pointers.keys() == set()
