"""Generation stops if something in the document is missing from the package; the message lists what is missing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codegen import generator, regenerate
from codegen.document import GenerationError

from .golden.harness import write_project
from .project import Project

TEXT = {"type": "string"}
NOTHING = {"204": {"description": "Nothing"}}


def schema(name: str) -> dict[str, Any]:
    """A reference to a component schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def obj(**properties: Any) -> dict[str, Any]:
    """The schema of an object."""
    return {"type": "object", "properties": properties or {"id": TEXT}}


def content(*schemas: Any, media: tuple[str, ...] = ("application/json", "application/problem+json")) -> Any:
    """The content of a body, with one schema for each media type."""
    return {name: {"schema": each} for name, each in zip(media, schemas, strict=False)}


def responses(**by_status: Any) -> dict[str, Any]:
    """Responses by status, which is written as s200."""
    return {
        status.removeprefix("s"): {"description": "A response", "content": body} for status, body in by_status.items()
    }


def parameter(location: str, **details: Any) -> dict[str, Any]:
    """An operation with one parameter."""
    return {"parameters": [{"name": "it", "in": location, "schema": TEXT, **details}], "responses": NOTHING}


LIST = {"type": "array", "items": TEXT}
POST_OF_ONE_SCHEMA = {
    "requestBody": {
        "content": content(schema("Plain"), schema("Plain"), media=("application/json", "multipart/form-data"))
    },
    "responses": NOTHING,
}
ENCODED = {"multipart/form-data": {"schema": schema("Plain"), "encoding": {"id": {"style": "form"}}}}

OPERATIONS: dict[str, Any] = {
    "/good/{camelCase}/{class}": {
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": TEXT} for name in ("camelCase", "class")
        ],
        "responses": NOTHING,
    },
    "/responses": {"responses": responses(s2XX=content(TEXT), s599=content(TEXT), default=content(LIST))},
    "/failure": {"responses": responses(default=content(LIST))},
    "/good": {"responses": responses(s200=content(schema("Plain")), s404=content(schema("Plain")))},
    "/content": parameter("query", content=content(TEXT))
    | {"parameters": [{"name": "it", "in": "query", "content": content(TEXT)}]},
    "/deep": parameter("query", style="deepObject", schema=schema("Plain")),
    "/piped": parameter("query", style="pipeDelimited", schema=LIST),
    "/joined": parameter("query", explode=False, schema=LIST),
    "/label/{it}": parameter("path", style="label", required=True),
    "/callbacks": {"callbacks": {"done": {"{$url}": {"post": {"responses": NOTHING}}}}, "responses": NOTHING},
    "/servers": {"servers": [{"url": "https://other.test"}], "responses": NOTHING},
    "/two": {"responses": responses(s200=content(schema("Plain"), schema("Other")))},
    "/untyped": {"responses": responses(s200={"application/json": {}})},
    "/same": POST_OF_ONE_SCHEMA,
    "/clash/one": {"responses": NOTHING},
    "/clash_one": {"responses": NOTHING},
    "/encoded": {"requestBody": {"content": ENCODED}, "responses": NOTHING},
    "/inline": {"responses": responses(s400=content(obj(a=TEXT), obj(b=TEXT)))},
}
SCHEMAS: dict[str, Any] = {
    "Plain": obj(),
    "Other": obj(),
    "Beside": {"allOf": [schema("Plain")], "properties": {"more": TEXT}},
    "Nested": {"allOf": [schema("Plain"), {"allOf": [obj(deep=TEXT)]}]},
    "Both": {**obj(own=TEXT), "oneOf": [schema("Plain"), schema("Other")]},
    "Conditional": {**obj(), "if": {"required": ["id"]}, "then": obj(reason=TEXT)},
    "Required": {**obj(), "required": ["id", "absent"]},
    "Scalar": obj(value={"allOf": [TEXT, {"description": "A text"}]}),
    "Open": {"allOf": [schema("Plain"), {**obj(own=TEXT), "additionalProperties": True}]},
    "Patterns": {**obj(), "patternProperties": {"^x": TEXT}},
    "Unused": {"oneOf": [schema("Plain"), schema("Other")]},
}
MISSING = [
    "GET /content: query parameter it: is not sent",
    "GET /deep: query parameter it: the client does not support style deepObject",
    "GET /piped: query parameter it: the client does not support style pipeDelimited",
    "GET /joined: query parameter it: the client does not support explode: false",
    "GET /label/{it}: path parameter it: the client does not support style label",
    "GET /callbacks: its callbacks are not in the package",
    "GET /servers: its servers are not in the package",
    "GET /two: response 200: only one of application/json and application/problem+json is decoded",
    "GET /untyped: response 200: its body is not decoded, because it has no schema",
    "GET /inline: response 400: only one of application/json and application/problem+json is decoded",
    "GET /same: only one of application/json and multipart/form-data is ever sent",
    "GET /encoded: body as multipart/form-data: the encoding of id is not in the package",
    "#/paths/~1inline/get/responses/400/content/application~1problem+json/schema/properties/b: no type",
    "GET /clash/one: has no module: another operation has the same name",
    "webhooks: not in the package",
    "path /moved: 'servers' is not supported",
    "#/components/schemas/Beside/properties/more: it is not a field of Plain",
    "#/components/schemas/Nested/allOf/1/allOf/0/properties/deep: it is not a field of Nested",
    "#/components/schemas/Both/properties/own: ",
    "#/components/schemas/Conditional/then/properties/reason: no type in the package has it",
    "#/components/schemas/Required/properties/absent: it is not a field of Required",
    "#/components/schemas/Scalar/properties/value/allOf/0: its type, ScalarValue",
    "#/components/schemas/Open/allOf/1/additionalProperties: they are not kept by Open",
    "#/components/schemas/Patterns/patternProperties: they are not kept by Patterns",
    "#/components/schemas/Unused: has no class Unused, and no operation uses it",
]


def document(operations: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """A document with GET operations."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Small", "version": "1"},
        "servers": [{"url": "https://api.test"}],
        "paths": {path: {"get": operation} for path, operation in operations.items()},
        "components": {"schemas": schemas},
    }


@pytest.fixture(scope="module")
def message(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The message for a document with much that cannot be generated and that the generator does not warn about."""
    readers = {f"/read/{n}": {"responses": responses(s200=content(schema(n)))} for n in SCHEMAS if n != "Unused"}
    described = document(OPERATIONS | readers, SCHEMAS)
    described["webhooks"] = {"done": {"post": {"responses": NOTHING}}}
    described["paths"]["/moved"] = {"servers": [{"url": "https://other.test"}], "get": {"responses": NOTHING}}
    described["paths"]["/own"] = {
        "parameters": [{"name": "it", "in": "query", "schema": TEXT}],
        "get": parameter("query", schema={"type": "integer"}),
    }
    root = write_project(tmp_path_factory.mktemp("incomplete") / "project", described)
    config, package = regenerate.check_inputs(root), root / "package"
    generator.run(described, config, root / regenerate.TEMPLATES, package)
    regenerate.finish(package, root, described)
    with pytest.raises(GenerationError) as raised:
        regenerate.check_complete(package, config, described)
    return str(raised.value)


@pytest.mark.parametrize("line", MISSING)
def test_what_the_generator_drops_silently_is_listed(message: str, line: str) -> None:
    """Each construct that is not in the package is in the message, though the generator does not warn."""
    assert any(found.startswith(line) for found in message.splitlines()), message


def test_nothing_else_is_listed(message: str) -> None:
    """Every other line is about something that is missing, and the last says what to do."""
    first, *named, last = message.splitlines()
    assert first.startswith("openapi.yaml: ")
    assert [line for line in named if not line.startswith(tuple(MISSING))] == []
    assert "overlay/spec-fixes.yaml" in last


Change = Callable[[Path], None]


def replaced(name: str, old: str, new: str) -> Change:
    """A change that replaces a text in a module."""

    def change(package: Path) -> None:
        path = package / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return change


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(
            replaced("models.py", "    from_number: str | None = None\n", ""),
            "#/components/schemas/Call/properties/from_number: it is not a field of Call",
            id="property",
        ),
        pytest.param(
            replaced("models.py", "is_billed: bool", "is_billed: str"),
            "#/components/schemas/Call/properties/is_billed: its type, str | NoneType, cannot hold a boolean",
            id="type",
        ),
        pytest.param(
            replaced("models.py", '"twilio"', '"twillio"'),
            "['telnyx', 'twillio', 'web'] | NoneType, cannot hold 'twilio'",
            id="enum",
        ),
        pytest.param(
            replaced("models.py", "turn_latency: TurnLatency", "turn_latency: dict[str, float]"),
            "#/components/schemas/Call/properties/transcript_object/items/properties/turn_latency/properties/",
            id="nested model",
        ),
        pytest.param(
            replaced("models.py", "turn_latency: TurnLatency", "turn_latency: TurnLatenzy"),
            "models: TranscriptTurn cannot be used: NameError: name 'TurnLatenzy' is not defined",
            id="unknown model",
        ),
        pytest.param(
            replaced("models.py", "class CallMetadata", "class CallMetadatum"),
            "models: CallMetadata cannot be used: AttributeError: ",
            id="missing model",
        ),
        pytest.param(
            replaced("models.py", "from attrs import", "from no_such_module import"),
            "models.py: cannot be imported: ModuleNotFoundError: No module named 'no_such_module'",
            id="import",
        ),
        pytest.param(
            replaced("types.py", "import attrs", "import os; os._exit(7)"),
            "the generated package could not be compared with it: exit status 7",
            id="exit",
        ),
        pytest.param(
            lambda package: shutil.rmtree(package / "api" / "calls"),
            "GET /calls/{call_id}: has no module",
            id="operation",
        ),
        pytest.param(
            replaced("api/calls/get_call.py", 'Response(404, 404, "json"', 'Response(400, 404, "json"'),
            "GET /calls/{call_id}: response 404: is not in RESPONSES",
            id="response",
        ),
        pytest.param(
            replaced("api/calls/get_call.py", "segment(call_id)", 'segment("1")'),
            "GET /calls/{call_id}: path parameter call_id: is not sent",
            id="parameter",
        ),
        pytest.param(
            replaced(
                "api/calls/get_call.py",
                "    sender: Sender,\n    call_id: str,",
                "    sender: Sender, call: str,",
            ),
            "GET /calls/{call_id}: has no coroutine with the parameters of its function 'request'",
            id="coroutine",
        ),
    ],
)
def test_what_is_missing_from_the_package_is_reported(
    project: Project, monkeypatch: pytest.MonkeyPatch, change: Change, expected: str
) -> None:
    """A package in which something is missing or broken does not replace the existing one."""

    def finish_and_change(package: Path, root: Path, document: Any) -> None:
        finish(package, root, document)
        change(package)

    finish = regenerate.finish
    monkeypatch.setattr(regenerate, "finish", finish_and_change)
    assert expected in project.refusal()
