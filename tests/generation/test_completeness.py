"""Generation stops where something of the document is not in the package: each thing that is missing is named."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import regenerate
from spec_tools import document as spec_document

from .conftest import Project
from .golden.harness import project as write_project

TEXT = {"type": "string"}
NOTHING = {"204": {"description": "Nothing"}}


def schema(name: str) -> dict[str, Any]:
    """Refer to a component schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def made(**properties: Any) -> dict[str, Any]:
    """Describe an object."""
    return {"type": "object", "properties": properties or {"id": TEXT}}


def content(*schemas: Any, media: tuple[str, ...] = ("application/json", "application/problem+json")) -> Any:
    """Describe a body, of which each media type has the next of the schemas."""
    return {name: {"schema": each} for name, each in zip(media, schemas, strict=False)}


def answered(**by_status: Any) -> dict[str, Any]:
    """Describe responses; a status is written as s200."""
    return {
        status.removeprefix("s"): {"description": "An answer", "content": body}
        for status, body in by_status.items()
    }


def parameter(location: str, **details: Any) -> dict[str, Any]:
    """Describe an operation with one parameter."""
    return {"parameters": [{"name": "it", "in": location, "schema": TEXT, **details}], "responses": NOTHING}


LIST = {"type": "array", "items": TEXT}
POST_OF_ONE_SCHEMA = {
    "requestBody": {
        "content": content(
            schema("Plain"), schema("Plain"), media=("application/json", "multipart/form-data")
        )
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
    "/answers": {"responses": answered(s2XX=content(TEXT), s599=content(TEXT), default=content(LIST))},
    "/failure": {"responses": answered(default=content(LIST))},
    "/good": {"responses": answered(s200=content(schema("Plain")), s404=content(schema("Plain")))},
    "/content": parameter("query", content=content(TEXT))
    | {"parameters": [{"name": "it", "in": "query", "content": content(TEXT)}]},
    "/deep": parameter("query", style="deepObject", schema=schema("Plain")),
    "/piped": parameter("query", style="pipeDelimited", schema=LIST),
    "/joined": parameter("query", explode=False, schema=LIST),
    "/label/{it}": parameter("path", style="label", required=True),
    "/callbacks": {"callbacks": {"done": {"{$url}": {"post": {"responses": NOTHING}}}}, "responses": NOTHING},
    "/servers": {"servers": [{"url": "https://other.test"}], "responses": NOTHING},
    "/two": {"responses": answered(s200=content(schema("Plain"), schema("Other")))},
    "/untyped": {"responses": answered(s200={"application/json": {}})},
    "/same": POST_OF_ONE_SCHEMA,
    "/clash/one": {"responses": NOTHING},
    "/clash_one": {"responses": NOTHING},
    "/encoded": {"requestBody": {"content": ENCODED}, "responses": NOTHING},
    "/inline": {"responses": answered(s400=content(made(a=TEXT), made(b=TEXT)))},
}
SCHEMAS: dict[str, Any] = {
    "Plain": made(),
    "Other": made(),
    "Beside": {"allOf": [schema("Plain")], "properties": {"more": TEXT}},
    "Nested": {"allOf": [schema("Plain"), {"allOf": [made(deep=TEXT)]}]},
    "Both": {**made(own=TEXT), "oneOf": [schema("Plain"), schema("Other")]},
    "Conditional": {**made(), "if": {"required": ["id"]}, "then": made(reason=TEXT)},
    "Required": {**made(), "required": ["id", "absent"]},
    "Scalar": made(value={"allOf": [TEXT, {"description": "A text"}]}),
    "Open": {"allOf": [schema("Plain"), {**made(own=TEXT), "additionalProperties": True}]},
    "Patterns": {**made(), "patternProperties": {"^x": TEXT}},
    "Unused": {"oneOf": [schema("Plain"), schema("Other")]},
}
MISSING = [
    "GET /content: query parameter it: it is not sent",
    "GET /deep: query parameter it: the client does not know style deepObject",
    "GET /piped: query parameter it: the client does not know style pipeDelimited",
    "GET /joined: query parameter it: the client does not know explode: false",
    "GET /label/{it}: path parameter it: the client does not know style label",
    "GET /callbacks: its callbacks are left out",
    "GET /servers: its servers are left out",
    "GET /two: response 200: only one of application/json and application/problem+json is decoded",
    "GET /untyped: response 200: its body is left out",
    "GET /inline: response 400: only one of application/json and application/problem+json is decoded",
    "GET /same: of application/json and multipart/form-data only one is ever sent",
    "GET /encoded: body as multipart/form-data: the encoding of id is left out",
    "#/paths/~1inline/get/responses/400/content/application~1problem+json/schema/properties/b: no type",
    "GET /clash/one: it has no module: another operation was written to it",
    "webhooks: they are left out",
    "path /moved: its servers is left out",
    "#/components/schemas/Beside/properties/more: it is no field of Plain",
    "#/components/schemas/Nested/allOf/1/allOf/0/properties/deep: it is no field of Nested",
    "#/components/schemas/Both/properties/own: ",
    "#/components/schemas/Conditional/then/properties/reason: no type of the package has it",
    "#/components/schemas/Required/properties/absent: it is no field of Required",
    "#/components/schemas/Scalar/properties/value/allOf/0: its type, ScalarValue",
    "#/components/schemas/Open/allOf/1/additionalProperties: they are not kept by Open",
    "#/components/schemas/Patterns/patternProperties: they are not kept by Patterns",
    "#/components/schemas/Unused: there is no class Unused, and no operation uses it",
]


def document(operations: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """Describe an API of GET operations; those of which a schema is looked at answer with it."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Small", "version": "1"},
        "servers": [{"url": "https://api.test"}],
        "paths": {path: {"get": operation} for path, operation in operations.items()},
        "components": {"schemas": schemas},
    }


@pytest.fixture(scope="module")
def message(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What is said of a document in which much cannot be generated, and the generator warns of nothing."""
    readers = {
        f"/read/{n}": {"responses": answered(s200=content(schema(n)))} for n in SCHEMAS if n != "Unused"
    }
    described = document(OPERATIONS | readers, SCHEMAS)
    described["webhooks"] = {"done": {"post": {"responses": NOTHING}}}
    described["paths"]["/moved"] = {"servers": [{"url": "https://other.test"}], "get": {"responses": NOTHING}}
    described["paths"]["/own"] = {
        "parameters": [{"name": "it", "in": "query", "schema": TEXT}],
        "get": parameter("query", schema={"type": "integer"}),
    }
    root = write_project(tmp_path_factory.mktemp("incomplete") / "project", described)
    regenerate.run_generator(root / "openapi.yaml", root, root / "made")
    regenerate.finish(root / "made", root, described)
    with pytest.raises(spec_document.GenerationError) as raised:
        regenerate.check_complete(root / "made", regenerate.check_inputs(root), described)
    return str(raised.value)


@pytest.mark.parametrize("line", MISSING)
def test_what_the_generator_leaves_out_in_silence_is_named(message: str, line: str) -> None:
    """Each construct that is not generated, though no warning says so, stops generation by name."""
    assert any(found.startswith(line) for found in message.splitlines()), message


def test_nothing_else_is_named_and_the_message_says_what_to_do(message: str) -> None:
    """Every line between the first and the last is of something that is missing."""
    first, *named, last = message.splitlines()
    assert first.startswith("openapi.yaml: ")
    assert [line for line in named if not line.startswith(tuple(MISSING))] == []
    assert "overlay/spec-fixes.yaml" in last


Damage = Callable[[Path], None]


def replaced(name: str, old: str, new: str) -> Damage:
    """Replace a text in one module."""

    def damage(package: Path) -> None:
        path = package / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return damage


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        pytest.param(
            replaced("models/call.py", "    from_number: str | None = None\n", ""),
            "#/components/schemas/Call/properties/from_number: it is no field of Call",
            id="property",
        ),
        pytest.param(
            replaced("models/call.py", "is_billed: bool", "is_billed: str"),
            "#/components/schemas/Call/properties/is_billed: its type, str | NoneType, does not hold a boolean",
            id="type",
        ),
        pytest.param(
            replaced("models/call_protocol.py", "twilio", "twillio"),
            "['telnyx', 'twillio', 'web'] | NoneType, does not hold 'twilio'",
            id="enum",
        ),
        pytest.param(
            replaced(
                "models/transcript_turn.py", "turn_latency: TurnLatency", "turn_latency: dict[str, float]"
            ),
            "#/components/schemas/Call/properties/transcript_object/items/properties/turn_latency/properties/",
            id="nested model",
        ),
        pytest.param(
            replaced("models/transcript_turn.py", "turn_latency: TurnLatency", "turn_latency: TurnLatenzy"),
            "models: TranscriptTurn cannot be used: NameError: name 'TurnLatenzy' is not defined",
            id="unknown model",
        ),
        pytest.param(
            replaced("models/call_metadata.py", "class CallMetadata", "class CallMetadatum"),
            "models: CallMetadata was written over",
            id="two classes in one module",
        ),
        pytest.param(
            replaced("models/error.py", "from attrs import", "from no_such_module import"),
            "models/error.py: it does not import: ModuleNotFoundError: No module named 'no_such_module'",
            id="import",
        ),
        pytest.param(
            replaced("types.py", "import attrs", "import os; os._exit(7)"),
            "what was generated could not be compared with it: exit status 7",
            id="exit",
        ),
        pytest.param(
            lambda package: shutil.rmtree(package / "api" / "calls"),
            "GET /calls/{call_id}: it has no module",
            id="operation",
        ),
        pytest.param(
            replaced("api/calls/get_call.py", 'Answer(404, 404, "json"', 'Answer(400, 404, "json"'),
            "GET /calls/{call_id}: response 404: no answer has it",
            id="response",
        ),
        pytest.param(
            replaced("api/calls/get_call.py", "segment(call_id)", 'segment("1")'),
            "GET /calls/{call_id}: path parameter call_id: it is not sent",
            id="parameter",
        ),
        pytest.param(
            replaced(
                "api/calls/get_call.py",
                "    client: Client,\n    call_id: str,",
                "    client: Client, call: str,",
            ),
            "GET /calls/{call_id}: it has no coroutine that takes what its function 'request' takes",
            id="coroutine",
        ),
    ],
)
def test_what_is_missing_in_the_package_is_named(
    project: Project, monkeypatch: pytest.MonkeyPatch, damage: Damage, expected: str
) -> None:
    """A generator that forgets a thing, or writes what does not import, does not get its work swapped in."""

    def run_and_damage(spec: Path, root: Path, package: Path) -> None:
        generator(spec, root, package)
        damage(package)

    generator = regenerate.run_generator
    monkeypatch.setattr(regenerate, "run_generator", run_and_damage)
    assert expected in project.refusal()
