"""Documents that agree with each other are merged."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codegen import source as spec_source
from codegen.loading import load_yaml

from .documents import BASE, VENDORED, document, operation, page, refusal

Save = Callable[..., str]


def test_pages_with_one_operation_each_become_one_document(save: Save) -> None:
    """Paths, methods, components and tags are merged in order; the text names its sources and can be parsed."""
    error = {"type": "object", "properties": {"msg": {"type": "string"}}}
    common = {"tags": [{"name": "calls"}], "security": [{"Key": []}]}
    first = document(**common, paths={"/calls/{id}": operation("get_call")}, components={"schemas": {"Error": error}})
    second = document(
        **{**common, "tags": [{"name": "calls"}, {"name": "lists"}]},
        paths={"/calls/{id}": {"delete": {"operationId": "hang_up"}}, "/calls": operation("list_calls")},
        components={"schemas": {"Page": {"type": "object"}, "Error": error}, "parameters": {"page": {"in": "query"}}},
    )
    second = json.dumps(dict(reversed(json.loads(second).items())))
    locations = [save(page(first), "a.md"), save(page(second, info="json"), "two\nlines.md")]
    source = spec_source.load(locations)
    assert source.name == f"{locations[0]} + {locations[1]}"
    assert source.text.startswith(b"# Merged from a.md and two lines.md.\nopenapi: 3.0.1\n")
    merged = source.document
    names = [list(each) for each in (merged["paths"], merged["paths"]["/calls/{id}"], merged["components"]["schemas"])]
    assert names == [["/calls/{id}", "/calls"], ["get", "delete"], ["Error", "Page"]]
    assert [merged["tags"], merged["security"]] == [[{"name": "calls"}, {"name": "lists"}], [{"Key": []}]]
    assert load_yaml(Path(save(source.text, "openapi.yaml"))) == merged


def test_documents_in_one_page_are_merged(save: Save) -> None:
    """A page with two documents contributes the operations of both."""
    both = page(document(paths={"/a": operation("a")}), document(paths={"/b": operation("b")}))
    source = spec_source.load([save(both, "a.md")])
    assert list(source.document["paths"]) == ["/a", "/b"]
    assert source.text.startswith(b"# Merged from a.md.\n")


def test_merging_keeps_what_is_written(save: Save) -> None:
    """Quotes, comments, versions, keys that are not quoted, and keys of any length stay as they are."""
    text = f"""openapi: "3.0.1"
info:
  title: "T"
  version: 1.10
components:
  responses:
    404: {{description: 'None'}} # not quoted
  schemas:
    ? {"longer" * 40}
    : type: object
"""
    merged = spec_source.load([save(text), save("openapi: 3.0.1\nx-a: a\n", "b.yaml")])
    expected = text.replace("404:", "'404':")
    assert merged.text.decode() == f"# Merged from a.yaml and b.yaml.\n{expected}x-a: a\n"


def test_merging_keeps_the_style_of_the_document(save: Save) -> None:
    """Order, quotes and folded texts do not change, so a diff shows only what is new."""
    own: Any = {"servers": [{"url": "https://api.puretalk.ai/api"}], "security": [{"ApiKeyAuth": []}]}
    more = document(paths={"/more": operation("more")}, info={}, **own)
    text = spec_source.load([str(BASE), save(more)]).text.decode()
    head, tail = text.removeprefix("# Merged from openapi.yaml and a.yaml.\n").split("  /more:\n")
    assert VENDORED.decode().startswith(head)
    assert VENDORED.decode().endswith(tail[tail.index("components:") :])


SCHEMA = "#/components/schemas/S"
CONTRADICTIONS: list[Any] = [
    ({"info": {"title": "U", "version": "1"}}, "#/info/title: 'T' in {a}, 'U' in {b}"),
    ({"openapi": "3.1.0"}, "#/openapi: '3.0.1' in {a}, '3.1.0' in {b}"),
    ({"servers": [{"url": "/"}]}, "#/servers: missing in {a}, [{{'url': '/'}}] in {b}"),
    ({"security": []}, "#/security: missing in {a}, [] in {b}"),
    ({"tags": [{"name": "t", "x-order": 1}]}, "#/tags/t/x-order: missing in {a}, 1 in {b}"),
    ({"paths": {"/a~b": {"get": {}}}}, "#/paths/~1a~0b/get/operationId: 'a' in {a}, missing in {b}"),
    ({"paths": {"/a~b": {"parameters": []}}}, "#/paths/~1a~0b/parameters: missing in {a}, [] in {b}"),
    ({"components": {"schemas": {"S": {"enum": [1, 2]}}}}, f"{SCHEMA}/enum: [1] in {{a}}, [1, 2] in {{b}}"),
    ({"components": {"schemas": {"S": {"enum": [True]}}}}, f"{SCHEMA}/enum/0: 1 in {{a}}, True in {{b}}"),
    ({"x-a": "y" * 90}, "#/x-a: 'x' in {a}, 'yyyyyyyyyyyy...yyyyyyyyyyyyy' in {b}"),
]


@pytest.mark.parametrize(("members", "expected"), CONTRADICTIONS)
def test_contradiction_is_reported_with_both_sources(save: Save, members: Any, expected: str) -> None:
    """Different values, and a keyword that would also apply to the other document, are contradictions."""
    schemas = {"schemas": {"S": {"enum": [1]}}}
    one = {"paths": {"/a~b": operation("a")}, "tags": [{"name": "t"}], "components": schemas, "x-a": "x"}
    bare, a, b = (save(document(**each), name) for each, name in (({}, "0"), (one, "a"), ({**one, **members}, "b")))
    assert expected.format(a=a, b=b) in refusal(a, b, *([] if "missing" in expected else [bare])).split("\n")[1:]


def test_many_contradictions_are_counted(save: Save) -> None:
    """The first ten are listed."""
    a, b = (save(document(**{f"x-{n}": x for n in range(25)}), f"{x}.json") for x in "ab")
    lines = refusal(a, b).split("\n")
    assert (len(lines), "in 25 places" in lines[0]) == (12, True)


def test_missing_parts_are_not_contradictions(save: Save) -> None:
    """Components without operations, and facts that are in one document only, are merged."""
    shared = document(info={"title": "T"}, components={"schemas": {"S": {}}}, security=[{"Key": []}])
    other = document(paths={"/a": operation("a")}, security=[{"Key": []}], externalDocs={"url": "/"})
    merged = spec_source.load([save(shared, "a"), save(other, "b"), save(document(), "c")]).document
    assert [merged["info"], merged["security"]] == [{"title": "T", "version": "1"}, [{"Key": []}]]


@pytest.mark.parametrize(
    ("members", "cause"),
    [({"paths": []}, "#/paths"), ({"paths": {"/a": None}}, "#/paths/~1a"), ({"info": "T"}, "#/info"),
     ({"components": {"schemas": 1}}, "#/components/schemas"), ({"tags": "calls"}, "#/tags")],
)  # fmt: skip
def test_invalid_structure_is_refused(save: Save, members: dict[str, Any], cause: str) -> None:
    """A part that is not structured as OpenAPI requires is refused with its document and pointer."""
    b = save(document(**members), "b.json")
    assert f"{b}: {cause}: not a mapping" in refusal(save(document(), "a.json"), b)
