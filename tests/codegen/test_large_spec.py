"""A document of 300 schemas and 100 operations is generated completely, also if its schemas form long chains."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from codegen import regenerate

from .golden.harness import write_project
from .shared import shared_folder

CHAIN = 200
WIDE = 75
ENUMS = 23
OPERATIONS = 100
SCALARS = ("string", "integer", "number", "boolean")
LONG = 500


def ref(name: str) -> dict[str, str]:
    """A reference to a component schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def chain(length: int, last: str | None = None) -> dict[str, Any]:
    """Schemas that each refer to the next one; the last one refers to ``last``."""
    schemas: dict[str, Any] = {}
    for number in range(length):
        properties: dict[str, Any] = {"label": {"type": "string"}}
        target = f"Link{number + 1}" if number + 1 < length else last
        if target:
            properties["following"] = ref(target)
        schemas[f"Link{number}"] = {"type": "object", "properties": properties}
    return schemas


def large_schemas() -> dict[str, Any]:
    """A chain, a cycle of two, enums, and models with 20 scalar fields and two fields of other models."""
    schemas = chain(CHAIN)
    for name, other in (("Egg", "Hen"), ("Hen", "Egg")):
        schemas[name] = {"type": "object", "properties": {"from": ref(other), "age": {"type": "integer"}}}
    for number in range(ENUMS):
        schemas[f"Kind{number}"] = {"type": "string", "enum": ["one", "two", f"kind {number}"]}
    for number in range(WIDE):
        properties: dict[str, Any] = {f"field_{index}": {"type": SCALARS[index % 4]} for index in range(20)}
        properties["kind"] = ref(f"Kind{number % ENUMS}")
        properties["links"] = {"type": "array", "items": ref("Link190")}
        schemas[f"Wide{number}"] = {"type": "object", "properties": properties}
    return schemas


def large_operation(number: int) -> dict[str, Any]:
    """An operation with three parameters and a body, whose response is of the type of the body."""
    body = {"application/json": {"schema": ref(f"Wide{number % WIDE}")}}
    return {
        "operationId": f"update_{number}",
        "tags": [f"tag {number % 10}"],
        "parameters": [
            {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
            {"name": "kind", "in": "query", "schema": ref(f"Kind{number % ENUMS}")},
            {"name": "X-Trace", "in": "header", "schema": {"type": "string"}},
        ],
        "requestBody": {"required": True, "content": body},
        "responses": {
            "200": {"description": "Updated", "content": body},
            "404": {"description": "None", "content": {"application/json": {"schema": ref("Egg")}}},
        },
    }


def document(paths: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """A document that has these operations, and one that returns the first schema of the chain."""
    first = {"application/json": {"schema": ref("Link0")}}
    paths["/chain"] = {"get": {"responses": {"200": {"description": "All", "content": first}}}}
    info = {"title": "Large", "version": "1"}
    return {"openapi": "3.0.3", "info": info, "paths": paths, "components": {"schemas": schemas}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package of the large document."""

    def create(root: Path) -> None:
        paths = {f"/things{number}/{{id}}": {"post": large_operation(number)} for number in range(OPERATIONS)}
        regenerate.generate(write_project(root / "project", document(paths, large_schemas())), root / "large")

    return shared_folder(tmp_path_factory, "large", create)


def run(folder: Path, code: str) -> Any:
    """Run code in a new process; return the JSON that it prints."""
    result = subprocess.run(
        [sys.executable, "-c", f"import json, sys\n{code}"],
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.parametrize("decoder", ["msgspec", "structure"])
def test_an_operation_round_trips(folder: Path, decoder: str) -> None:
    """A body that the server returns is decoded to an equal model, and parameters are where they belong."""
    links = [{"label": "a", "following": {"label": "b"}}]
    content = {"field_0": "text", "field_1": 7, "kind": "kind 3", "links": links}
    code = f"""
import asyncio, httpx
from large import Client, bodies, codec, models
from large.api.tag_3 import update_3
if {decoder!r} == "structure":
    codec.is_msgspec_type = lambda hint: False
seen = []
def echo(request):
    seen.append([request.method, str(request.url), request.headers["X-Trace"]])
    return httpx.Response(200, content=request.content)
async def send():
    http = httpx.AsyncClient(transport=httpx.MockTransport(echo))
    async with Client(base_url="https://api.test", http=http) as client:
        return await update_3.update_3(client, "a/b", body=body, kind="two", x_trace="t-1")
body = codec.structure({content!r}, models.Wide3)
value = asyncio.run(send())
builtins = bodies.to_builtins(value)
print(json.dumps([*seen[0], value == body, builtins, type(value.links[0].following).__name__]))
"""
    url = "https://api.test/things3/a%2Fb?kind=two"
    assert run(folder, code) == ["POST", url, "t-1", True, content, "Link191"]


@pytest.mark.parametrize("mismatch", [False, True])
def test_nested_response_is_decoded_completely(folder: Path, mismatch: bool) -> None:
    """A response that is nested as deeply as the chain becomes 200 models; a mismatch at its end is reported."""
    code = f"""
from large.api.chain import get_chain
from large import codec
content = '{{"label": "end"}}'
for number in range({CHAIN} - 1):
    content = '{{"label": "link", "following": ' + content + "}}"
response = get_chain.RESPONSES.documented[0]
found = []
if {mismatch}:
    content = content.replace('"end"', "0")
    value = codec.structure(json.loads(content), response.type, lambda path, hint, value: found.append(len(path)))
else:
    value = codec.decode(content.encode(), response)
names = []
while value is not None:
    names.append(type(value).__name__)
    value = getattr(value, "following", None)
print(json.dumps([names, found]))
"""
    names, found = run(folder, code)
    assert names == [f"Link{number}" for number in range(CHAIN)]
    assert found == ([CHAIN] if mismatch else [])


def test_ring_that_is_longer_than_the_recursion_limit_allows(tmp_path: Path) -> None:
    """500 schemas that refer to each other in a ring can be imported and decoded."""
    root = write_project(tmp_path / "project", document({}, chain(LONG, "Link0")))
    regenerate.generate(root, tmp_path / "long")
    code = """
from long import codec
from long.api.chain import get_chain
value = codec.decode(b'{"label": "a", "following": {"following": {}}}', get_chain.RESPONSES.documented[0])
print(json.dumps([type(value.following.following).__name__, len(codec.models_in(type(value)))]))
"""
    assert run(tmp_path, code) == ["Link2", LONG]
