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


def test_pages_with_one_operation_each_become_one_document(save: Callable[..., str]) -> None:
    """Paths, methods, components and tags are merged in order; the text names its sources and can be parsed."""
    error = {"type": "object", "properties": {"msg": {"type": "string"}}}
    first = document(
        paths={"/calls/{id}": operation("get_call")},
        components={"schemas": {"Error": error}},
        tags=[{"name": "calls"}],
        security=[{"Key": []}],
    )
    second = document(
        paths={"/calls/{id}": {"delete": {"operationId": "hang_up"}}, "/calls": operation("list_calls")},
        components={
            "schemas": {"Page": {"type": "object"}, "Error": error},
            "parameters": {"page": {"in": "query"}},
        },
        tags=[{"name": "calls"}, {"name": "lists"}],
        security=[{"Key": []}],
        servers=[],
    )
    second = json.dumps(dict(reversed(json.loads(second.replace(', "servers": []', "")).items())))
    locations = [save(page(first), "a.md"), save(page(second, info="json"), "b.md")]
    source = spec_source.load(locations)
    assert source.name == f"{locations[0]} + {locations[1]}"
    assert source.text.startswith(b"# Merged from a.md and b.md.\nopenapi: 3.0.1\n")
    assert list(source.document["paths"]) == ["/calls/{id}", "/calls"]
    assert list(source.document["paths"]["/calls/{id}"]) == ["get", "delete"]
    assert list(source.document["components"]["schemas"]) == ["Error", "Page"]
    assert list(source.document["components"]) == ["schemas", "parameters"]
    assert source.document["tags"] == [{"name": "calls"}, {"name": "lists"}]
    assert source.document["security"] == [{"Key": []}]
    assert spec_source.load(locations).text == source.text
    vendored = save(source.text, "openapi.yaml")
    assert load_yaml(Path(vendored)) == source.document


def test_documents_in_one_page_are_merged(save: Callable[..., str]) -> None:
    """A page with two documents contributes the operations of both."""
    both = page(document(paths={"/a": operation("a")}), document(paths={"/b": operation("b")}))
    source = spec_source.load([save(both, "a.md")])
    assert list(source.document["paths"]) == ["/a", "/b"]
    assert source.text.startswith(b"# Merged from a.md.\n")


def test_merging_keeps_what_is_written(save: Callable[..., str]) -> None:
    """Quotes, comments, versions, keys that are not quoted, and keys of any length stay as they are."""
    text = f"""openapi: "3.0.1"
info:
  title: "T"
  version: 1.10
components:
  responses:
    404: {{description: 'None'}} # not quoted
  schemas:
    {"long" * 25}:
      type: object
    ? {"longer" * 40}
    : type: object
"""
    merged = spec_source.load([save(text), save("openapi: 3.0.1\nx-a: a\n", "b.yaml")])
    expected = text.replace("404:", "'404':")
    assert merged.text.decode() == f"# Merged from a.yaml and b.yaml.\n{expected}x-a: a\n"
    assert list(merged.document["components"]["schemas"]) == ["long" * 25, "longer" * 40]


def test_merging_keeps_the_style_of_the_document(save: Callable[..., str]) -> None:
    """Order, quotes and folded texts do not change, so a diff shows only what is new."""
    more = document(
        paths={"/more": operation("more")},
        info={},
        servers=[{"url": "https://api.puretalk.ai/api"}],
        security=[{"ApiKeyAuth": []}],
    )
    text = spec_source.load([str(BASE), save(more)]).text.decode()
    head, tail = text.removeprefix("# Merged from openapi.yaml and a.yaml.\n").split("  /more:\n")
    vendored = VENDORED.decode()
    assert vendored.startswith(head)
    assert vendored.endswith(tail[tail.index("components:") :])


LAYERS: list[Any] = [
    ("info", {"title": "U", "version": "1"}, "#/info/title: 'T' in {a}, 'U' in {b}"),
    ("info", {"title": "T", "version": "2"}, "#/info/version: '1' in {a}, '2' in {b}"),
    ("openapi", "3.1.0", "#/openapi: '3.0.1' in {a}, '3.1.0' in {b}"),
    ("servers", [{"url": "/"}], "#/servers: missing in {a}, a list of 1 in {b}"),
    ("security", [], "#/security: missing in {a}, a list of 0 in {b}"),
    ("tags", [{"name": "t", "x-order": 1}], "#/tags/t/x-order: missing in {a}, 1 in {b}"),
    ("paths", {"/a~b": {"get": {}}}, "#/paths/~1a~0b/get/operationId: 'a' in {a}, missing in {b}"),
    (
        "paths",
        {"/a~b": {"put": {}, "parameters": []}},
        "#/paths/~1a~0b/parameters: missing in {a}, a list of 0 in {b}",
    ),
    (
        "components",
        {"schemas": {"S": {"enum": [1, 2]}}},
        "#/components/schemas/S/enum: a list of 1 in {a}, a list of 2 in {b}",
    ),
    (
        "components",
        {"schemas": {"S": {"enum": [True]}}},
        "#/components/schemas/S/enum/0: 1 in {a}, True in {b}",
    ),
    ("components", {"schemas": {"S": 1}}, "#/components/schemas/S: an object of 1 in {a}, 1 in {b}"),
    ("x-a", "y" * 90, "#/x-a: 'x' in {a}, 'yyyyyyyyyyyy...yyyyyyyyyyyyy' in {b}"),
]


@pytest.mark.parametrize(("key", "value", "expected"), LAYERS)
def test_contradiction_is_reported_with_both_sources(
    save: Callable[..., str], key: str, value: Any, expected: str
) -> None:
    """Different values, and a keyword that would also apply to the other document, are contradictions."""
    one = {
        "paths": {"/a~b": operation("a")},
        "tags": [{"name": "t"}],
        "components": {"schemas": {"S": {"enum": [1]}}},
        "x-a": "x",
    }
    a, b = save(document(**one), "a.json"), save(document(**{**one, key: value}), "b.json")
    assert expected.format(a=a, b=b) in refusal(a, b).split("\n")[1:]


def test_contradiction_names_the_documents_that_differ(save: Callable[..., str]) -> None:
    """The message names the document with the other value, which need not be the first one."""
    a, b = save(document(), "a.json"), save(document(**{"x-b": 1}), "b.json")
    c = save(document(**{"x-b": 2}), "c.json")
    assert f"#/x-b: 1 in {b}, 2 in {c}" in refusal(a, b, c)


def test_ten_contradictions_are_listed(save: Callable[..., str]) -> None:
    """Further contradictions are counted."""
    a, b = (save(document(**{f"x-{n}": x for n in range(25)}), f"{x}.json") for x in "ab")
    lines = refusal(a, b).split("\n")
    assert len(lines) == 12
    assert lines[-1] == "... and 15 more"


def test_missing_parts_are_not_contradictions(save: Callable[..., str]) -> None:
    """Components without operations, and facts that are in one document only, are merged."""
    shared = document(info={"title": "T"}, components={"schemas": {"S": {}}}, security=[{"Key": []}])
    other = document(paths={"/a": operation("a")}, security=[{"Key": []}], externalDocs={"url": "/"})
    bare = document(components={"schemas": {"R": {}}})
    merged = spec_source.load([save(shared, "a"), save(other, "b"), save(bare, "c")]).document
    assert merged["info"] == {"title": "T", "version": "1"}
    assert merged["security"] == [{"Key": []}]
    assert list(merged["components"]["schemas"]) == ["S", "R"]


@pytest.mark.parametrize(
    ("members", "cause"),
    [
        ({"paths": []}, "#/paths: not a mapping"),
        ({"paths": {"/a": None}}, "#/paths/~1a: not a mapping"),
        ({"components": {"schemas": 1}}, "#/components/schemas: not a mapping"),
        ({"info": "T"}, "#/info: not a mapping"),
        ({"tags": "calls"}, "#/tags: not a list of tags"),
        ({"tags": [{"name": []}]}, "#/tags: not a list of tags"),
        ({"tags": [{"name": "a"}, {"name": "a"}]}, "#/tags: not a list of tags"),
    ],
)
def test_invalid_structure_is_refused(save: Callable[..., str], members: dict[str, Any], cause: str) -> None:
    """A part that is not structured as OpenAPI requires is refused with its document and pointer."""
    b = save(document(**members), "b.json")
    assert f"{b}: {cause}" in refusal(save(document(), "a.json"), b)
