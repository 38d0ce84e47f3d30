"""Documents that cannot be generated correctly are refused; some constructs are rewritten before generation."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from codegen import regenerate
from codegen.document import GenerationError
from codegen.normalize import normalize

from .golden.harness import load, with_readers, write_project

NOTHING = "responses: {'204': {description: nothing}}"


# Abbreviations in the documents below.
POINT = "{$ref: '#/components/schemas/Point'}"
OBJECT = "{type: object, properties: {a: {type: string}}}"
OTHER = "{type: object, properties: {b: {type: string}}}"


def document(*, get: str = NOTHING, schemas: str = "", more: str = "", openapi: str = "3.0.3") -> Any:
    """A small document; the arguments are in YAML's flow style."""
    text = f"""
        {{openapi: {openapi}, info: {{title: Small, version: '1'}}, paths: {{/a: {{get: {{{get}}}}}}},
        components: {{schemas: {{Point: OBJECT, {schemas}}}, {more}}}}}"""
    return YAML(typ="safe").load(text.replace("OBJECT", OBJECT).replace("OTHER", OTHER).replace("POINT", POINT))


def refusal(tmp_path: Path, content: Any) -> str:
    """Generate, which must fail; return the message."""
    with pytest.raises(GenerationError) as raised:
        regenerate.generate(write_project(tmp_path / "project", content), tmp_path / "package")
    message = str(raised.value)
    assert "Traceback" not in message
    return message


# Found by comparing the package with the document: all in one document.
LOST = [
    ("{type: object, properties: {b: {type: string}}, oneOf: [POINT]}", "/properties/b: no type in the package"),
    ("{allOf: [OTHER], anyOf: [POINT]}", ": has no class ODD"),
    ("{allOf: [POINT, {allOf: [OTHER]}]}", "/allOf/1/allOf/0/properties/b: it is not a field of ODD"),
    ("{allOf: [POINT, {oneOf: [OTHER]}]}", "/allOf/1/oneOf/0/properties/b: it is not a field of ODD"),
    ("{allOf: [POINT, {enum: [x]}]}", "/allOf/1: its type, ODD | NoneType, cannot hold 'x'"),
    ("{allOf: [{type: string}]}", "/allOf/0: its type, ODD | NoneType, cannot hold a string"),
    ("{allOf: [POINT, {type: array, items: {type: string}}]}",
     "/allOf/1: its type, ODD | NoneType, cannot hold an array"),
    ("{allOf: [POINT, {type: object, additionalProperties: {type: string}}]}",
     "/allOf/1/additionalProperties: they are not kept by ODD"),
    ("{type: object, properties: {a: {type: string}}, patternProperties: {^x: {type: string}}}",
     "/patternProperties: they are not kept by ODD"),
    ("{type: object, properties: {a: {type: string}}, if: {required: [a]}, then: OTHER}",
     "/then/properties/b: no type in the package"),
    ("{type: object, properties: {c: {type: string, const: 'a\\b'}}}", "/properties/c: its type, "),
]  # fmt: skip


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The message for a document with all schemas in LOST."""
    schemas = ", ".join(f"Odd{index}: {schema}" for index, (schema, _) in enumerate(LOST))
    return refusal(tmp_path_factory.mktemp("lost"), document(schemas=schemas, openapi="3.1.0"))


@pytest.mark.parametrize("index", range(len(LOST)))
def test_schema_that_loses_a_part_is_refused(lost: str, index: int) -> None:
    """The message names the schema and the part that is missing from the package."""
    line = f"#/components/schemas/Odd{index}" + LOST[index][1].replace("ODD", f"Odd{index}")
    assert [found for found in lost.splitlines() if found.startswith(line)] != [], lost


SCHEMAS = [
    ("{oneOf: [POINT], anyOf: [OTHER]}", "ignores 'anyOf'"),
    ("{allOf: [POINT, {$ref: '#/components/schemas/Open'}]}, Open: {type: object, additionalProperties: {}}",
     "allOf/1: allOf drops its 'additionalProperties'"),
    ("{type: object, unevaluatedProperties: {type: string}}", "ignores 'unevaluatedProperties'"),
    ("{type: number, const: 1.5}", "cannot express const 1.5"),
    ("{oneOf: [POINT, OBJECT], discriminator: {propertyName: a}}", "must be a $ref"),
    ("{oneOf: [POINT], discriminator: {propertyName: a, mapping: {p: Piont}}}", "maps 'p' to Piont"),
    ("{type: object, properties: {b: {$ref: '#/components/schemas/Kind'}}},"
     " Kind: {type: object, properties: {k: {type: string}}, discriminator: {propertyName: k}}",
     "refer to a oneOf of its subtypes"),
    ("{type: object, properties: {f: {type: string, format: binary}}}", None),
    ("{type: array}", "must have items"),
    ("{type: string, enum: ['1', 2]}", "its enum contains 2, which is not of type string"),
    ("{type: [integer, 'null'], enum: [1, true, null]}", "its enum contains True"),
    ("{oneOf: [{$ref: '#/components/schemas/Kind'}], discriminator: {propertyName: k, mapping: {z: Kind}}},"
     " Kind: {type: object, properties: {k: {type: string, enum: [y]}}}", "maps ['z'] to Kind, whose k is ['y']"),
    ("{oneOf: [{$ref: '#/components/schemas/Kind'}], discriminator: {propertyName: k}},"
     " Kind: {type: object, properties: {k: {type: integer, enum: [1]}}}", "its discriminator k must be a string"),
    ("{oneOf: [{$ref: '#/components/schemas/Kind'}], discriminator: {propertyName: k}}, Names: {type: string,"
     " enum: [y]}, Kind: {type: object, properties: {k: {$ref: '#/components/schemas/Names'}}}",
     "no value of k selects Kind"),
    ("{enum: [1, a]}", "same type"),
    ("{type: object, properties: {'$': {type: string}, '#': {type: string}}}", "same python_name"),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "reason"), SCHEMAS, ids=str)
def test_schema_that_cannot_be_generated_is_refused(tmp_path: Path, schema: str, reason: str | None) -> None:
    """The message names the schema and the reason."""
    content = document(schemas=f"Odd: {schema}", openapi="3.1.0")
    if reason is None:  # files are allowed, in a form
        regenerate.generate(write_project(tmp_path / "project", content), tmp_path / "package")
        return
    message = refusal(tmp_path, content)
    assert reason in message
    assert re.search(r"Odd|Open|Kind|enum", message), message


@pytest.mark.parametrize("name", ["Any", "file", "UUID", "Sender", "request", "Literal"])
def test_class_that_would_hide_an_import_is_refused(tmp_path: Path, name: str) -> None:
    """A schema whose class has the name of an import of the generated modules needs another name."""
    message = refusal(tmp_path, document(schemas=f"{name}: OBJECT"))
    assert f"#/components/schemas/{name}: a class" in message
    assert "class_overrides" in message


PARAMETERS = [
    ("{name: p, in: query, explode: false, schema: {}}", "explode: false"),
    ("{name: p, in: query, allowReserved: true, schema: {type: string}}", "does not support allowReserved"),
    ("{name: p, in: query, schema: {type: array, items: POINT}}", "no unambiguous encoding"),
    ("{name: p, in: query, schema: {type: object, properties: {q: POINT}}}", "no unambiguous encoding"),
    ("{name: p, in: cookie, schema: {type: array, items: {type: string}}}", "no unambiguous encoding"),
    ("{name: p, in: cookie, schema: {additionalProperties: {type: string}}}", "no unambiguous encoding"),
    ("{name: p, in: header, schema: {type: array, items: {type: string}}}", "no unambiguous encoding"),
    ("{name: p, in: query, schema: {type: string, format: binary}}", "cannot have format binary"),
]  # fmt: skip


@pytest.mark.parametrize(("parameter", "reason"), PARAMETERS)
def test_parameter_that_cannot_be_encoded_is_refused(tmp_path: Path, parameter: str, reason: str) -> None:
    """The message names the operation, the parameter and what the client does not support."""
    message = refusal(tmp_path, document(get=f"parameters: [{parameter}], {NOTHING}"))
    assert re.search(r"GET /a: (parameter 'p'|query parameter p):?", message)
    assert reason in message


JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
BODIES = [
    (JSON, "{schema: {type: object, properties: {f: {type: string, format: binary}}}}", "cannot have format binary"),
    (JSON, "{}", "Missing schema"),
    (FORM, "{schema: {type: array, items: {type: string}}}", "no unambiguous encoding"),
    (FORM, "{schema: {type: object, properties: {p: POINT}}}", "no unambiguous encoding"),
    ("multipart/form-data", "{schema: {type: string}}", "no unambiguous encoding"),
    ("multipart/form-data", "{schema: {type: object, properties: {l: {type: array, items: {type: array, items: {}}}}}}",
     "l: there is no unambiguous encoding of nested lists"),
    ("multipart/form-data", "{schema: OBJECT, encoding: {a: {contentType: application/xml}}}",
     "a: the client sends it as text/plain, not as application/xml"),
    ("multipart/form-data", "{schema: {type: object, properties: {f: {type: string, contentMediaType: image/png}}}}",
     "f: a file must have format: binary"),
    ("application/octet-stream", "{schema: {type: string}}", "format binary"),
    ("application/xml", "{schema: OBJECT}", "Unsupported content type application/xml"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "media", "reason"), BODIES)
def test_body_that_cannot_be_encoded_is_refused(tmp_path: Path, kind: str, media: str, reason: str) -> None:
    """The message names the operation and what the client does not support."""
    message = refusal(tmp_path, document(get=f"requestBody: {{content: {{{kind}: {media}}}}}, {NOTHING}"))
    assert "GET /a" in message
    assert reason in message


OPERATIONS = [
    ("responses: {'200': {description: it, content: {image/png: {schema: {}}}}}", "image/png"),
    ("responses: {'2xx': {description: it}}", "2xx"),
    (
        "responses: {'200': {description: it, content: {text/event-stream: {schema: POINT}}}}",
        "only be decoded as a plain string",
    ),
    (
        "responses: {'200': {description: it, content: {text/csv: {schema: {type: string, format: binary}}}}}",
        "only be decoded as a plain string",
    ),
    (
        "responses: {'200': {description: it, content: {application/octet-stream: {schema: POINT}}}}",
        "only a string of format binary",
    ),
    (
        "responses: {'400': {description: it, content: {text/plain: {schema: {type: string}}, application/json:"
        " {schema: POINT}}}}",
        "response 400: only one of text/plain and application/json is decoded",
    ),
    ("operationId: Request, " + NOTHING, "cannot be named 'request'"),
    ("security: [{Bearer: []}], " + NOTHING, "needs Bearer, but the client sends one API key"),
    ("security: [{Bearer: []}, {Key: [], Second: []}], " + NOTHING, "needs Bearer or Key with Second"),
    ("security: [{InQuery: []}], " + NOTHING, "needs InQuery"),
]
SCHEMES = """securitySchemes: {Bearer: {type: http, scheme: bearer}, Key: {type: apiKey, in: header, name: X-A},
    Second: {type: apiKey, in: header, name: X-B}, InQuery: {type: apiKey, in: query, name: k}}"""


@pytest.mark.parametrize(("operation", "reason"), OPERATIONS)
def test_operation_that_would_not_work_is_refused(tmp_path: Path, operation: str, reason: str) -> None:
    """The message names the operation and what the client does not support."""
    message = refusal(tmp_path, document(get=operation, more=SCHEMES))
    assert "GET /a" in message
    assert reason in message


@pytest.mark.parametrize("invalid", [
    {"components": ["a"]},
    {"components": {"securitySchemes": ["a"]}},
    {"paths": {"/a": {"get": {"tags": {"a": "b"}, "responses": {"204": {"description": "it"}}}}}},
])  # fmt: skip
def test_member_of_another_type_is_refused(tmp_path: Path, invalid: Any) -> None:
    """The checks that run before the generator validates the document accept any type."""
    assert "Input should be a valid" in refusal(tmp_path, document() | invalid)


def test_form_that_contains_itself_is_refused(tmp_path: Path) -> None:
    """A cycle of allOf has no fields."""
    get = f"requestBody: {{content: {{{FORM}: {{schema: {{$ref: '#/components/schemas/A'}}}}}}}}, {NOTHING}"
    circle = "A: {allOf: [{$ref: '#/components/schemas/B'}]}, B: {allOf: [{$ref: '#/components/schemas/A'}]}"
    assert refusal(tmp_path, document(get=get, schemas=circle))


@pytest.mark.parametrize("path", ["a", "/a?kind=x", "/a#b"])
def test_path_with_query_or_fragment_is_refused(tmp_path: Path, path: str) -> None:
    """A path must begin with a slash and must not have a query or fragment."""
    content = document()
    content["paths"][path] = content["paths"].pop("/a")
    assert f"path {path}: it must begin with a slash" in refusal(tmp_path, content)


@pytest.mark.parametrize(
    "first", ["{}", "{type: number}", "{type: array, nullable: true, items: {}}", "{allOf: [POINT]}"]
)
def test_ambiguous_bodies_are_refused(tmp_path: Path, first: str) -> None:
    """Of two content types the first must have a single type, which decides that a value is sent as it."""
    content = f"{{application/json: {{schema: {first}}}, multipart/form-data: {{schema: POINT}}}}"
    message = refusal(tmp_path, document(get=f"requestBody: {{content: {content}}}, {NOTHING}"))
    assert "GET /a: the type of the value does not decide whether it is sent as application/json" in message


def test_security_of_the_document_applies(tmp_path: Path) -> None:
    """An operation without security needs that of the document."""
    content = document(more=SCHEMES) | {"security": [{"Bearer": []}]}
    assert "GET /a: needs Bearer" in refusal(tmp_path, content)


def test_operations_that_need_different_keys_are_refused(tmp_path: Path) -> None:
    """The client sends one key in one header; the message names the operation that needs another."""
    content = document(get=f"security: [{{Key: []}}], {NOTHING}", more=SCHEMES)
    content["paths"]["/b"] = {"get": {**content["paths"]["/a"]["get"], "security": [{"Second": []}]}}
    assert re.search(r"GET /[ab]: needs (Key|Second)", refusal(tmp_path, content))


@pytest.mark.parametrize(("first", "second", "tag"), [("/a/b", "/a_b", "T"), ("/a-b", "/a/b", "Call Logs|call-logs")])
def test_operations_that_would_share_a_module_are_refused(tmp_path: Path, first: str, second: str, tag: str) -> None:
    """Without an operationId, two paths or tags that become the same Python name are refused."""
    content = document()
    operation = content["paths"].pop("/a")["get"]
    for path, name in zip((first, second), (tag.split("|") * 2)[:2], strict=True):
        content["paths"][path] = {"get": {**operation, "tags": [name]}}
    assert f"GET {second}: the name get_a_b is also used by GET {first}" in refusal(tmp_path, content)


def test_path_item_by_reference_is_refused(tmp_path: Path) -> None:
    """The generator ignores a path item that is a $ref, with all its operations."""
    content = document(more=f"pathItems: {{P: {{get: {{{NOTHING}}}}}}}", openapi="3.1.0")
    content["paths"]["/b"] = {"$ref": "#/components/pathItems/P"}
    assert "path /b: '$ref' is not supported" in refusal(tmp_path, content)


@pytest.mark.parametrize(("sent", "read", "required"), [
    (True, True, ["name"]),
    (True, False, ["name", "secret"]),
    (False, True, ["id", "name"]),
])  # fmt: skip
def test_read_only_and_write_only_properties_are_optional(sent: bool, read: bool, required: list[str]) -> None:
    """In a schema for both directions, requests lack readOnly properties and responses lack writeOnly ones."""
    thing = """Thing: {type: object, required: [id, name, secret], properties: {name: {type: string},
        id: {readOnly: true, type: string}, secret: {writeOnly: true, type: string}}}"""
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}
    whole = document(schemas=thing)
    operation = whole["paths"]["/a"]["get"]
    if sent:
        operation["requestBody"] = {"content": content}
    if read:
        operation["responses"]["200"] = {"description": "it", "content": content}
    normalize(whole)
    assert whole["components"]["schemas"]["Thing"]["required"] == required


def test_read_only_applies_to_inline_and_inherited_schemas() -> None:
    """The inline schema of a body is only sent, that of a response only received; allOf and references count."""
    body = "{type: object, required: [id, secret], properties: {id: {readOnly: true}, secret: {writeOnly: true}}}"
    base = "Base: {type: object, required: [id], properties: {id: {type: string, readOnly: true}}}, Id: {type: string}"
    heir = "{allOf: [{$ref: '#/components/schemas/Base'}, {required: [id]}]}"
    beside = "{required: [id], properties: {id: {$ref: '#/components/schemas/Id', readOnly: true}}}"
    get = f"""requestBody: {{content: {{application/json: {{schema: {body}}}}}}},
        responses: {{'200': {{description: it, content: {{application/json: {{schema: {body}}}}}}}}}"""
    shared = "requestBodies: {R: {content: {a/b: {schema: HEIR}, c/d: {schema: BESIDE}, e/f: {schema: BODY}}}}"
    shared = shared.replace("HEIR", heir).replace("BESIDE", beside).replace("BODY", body)
    content = document(get=get, schemas=base, more=shared)
    normalize(content)
    operation = content["paths"]["/a"]["get"]
    assert operation["requestBody"]["content"]["application/json"]["schema"]["required"] == ["secret"]
    assert operation["responses"]["200"]["content"]["application/json"]["schema"]["required"] == ["id"]
    inherited, referred, named = [
        media["schema"] for media in content["components"]["requestBodies"]["R"]["content"].values()
    ]
    assert (inherited["allOf"][1]["required"], referred["required"], named["required"]) == (
        [],
        [],
        ["secret"],
    )


def test_headers_that_the_client_sends_itself_are_removed() -> None:
    """OpenAPI says to ignore three header parameters, and the client sends the key header with every request."""
    names = ["Content-Type", "accept", "Authorization", "x-a", "X-Other"]
    entries = ", ".join(f"{{name: {name}, in: header, schema: {{type: string}}}}" for name in names)
    more = SCHEMES + ", parameters: {P: {name: Accept, in: header, schema: {type: string}}}"
    get = f"parameters: [{entries}, {{$ref: '#/components/parameters/P'}}], {NOTHING}"
    content = document(get=get, more=more)
    content["security"] = [{"Key": []}]
    normalize(content)
    assert [entry["name"] for entry in content["paths"]["/a"]["get"]["parameters"]] == ["X-Other"]


def test_responses_without_a_body_have_no_type() -> None:
    """The documented content of a 204 and of a response to HEAD is removed."""
    described = "{description: it, content: {application/json: {schema: POINT}}}"
    content = document(get=f"responses: {{'204': {described}, '200': {described}}}")
    operations = content["paths"]["/a"]
    operations["head"] = {"responses": {"200": {"$ref": "#/components/responses/R"}}}
    content["components"]["responses"] = {"R": dict(operations["get"]["responses"]["200"])}
    normalize(content)
    responses = operations["get"]["responses"]
    assert ("content" in responses["204"], "content" in responses["200"]) == (False, True)
    assert operations["head"]["responses"]["200"] == {"description": "it"}
    assert "content" in content["components"]["responses"]["R"]


def test_warnings_do_not_stop_generation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Operations without a name, and headers and links of responses, which the package lacks, are warnings."""
    get = "responses: {'204': {description: it, headers: {X-Total: {schema: {type: integer}}}, links: {next: {}}}}"
    regenerate.generate(write_project(tmp_path / "project", document(get=get)), tmp_path / "package")
    unnamed, headers, links = capsys.readouterr().err.splitlines()
    assert unnamed.startswith("openapi.yaml: GET /a has no operationId")
    assert headers == "openapi.yaml: GET /a: 204: not in the package: headers X-Total"
    assert links == "openapi.yaml: GET /a: 204: not in the package: links next"


def test_version_without_quotes_keeps_its_digits(tmp_path: Path) -> None:
    """1.10 without quotes is a number in YAML, but version 1.10 is not 1.1."""
    root = write_project(tmp_path / "project", document())
    text = "openapi: 3.0.3\ninfo: {title: T, version: 1.10}\npaths: {/a: {get: {operationId: a, RESPONSES}}}\n"
    (root / "openapi.yaml").write_text(text.replace("RESPONSES", NOTHING), encoding="utf-8")
    regenerate.generate(root, tmp_path / "package")
    assert 'VERSION = "1.10"' in (tmp_path / "package" / "spec.py").read_text(encoding="utf-8")


def test_server_has_the_defaults_of_its_variables() -> None:
    """Variables in the server URL are replaced by their defaults."""
    content = document() | {"servers": [{"url": "https://{area}.api.test/", "variables": {"area": {"default": "eu"}}}]}
    assert 'SERVER = "https://eu.api.test"' in regenerate.spec_module(content)


RENAMED = [
    ("endpoint_module.py.jinja", "endpoint.query_parameters", "endpoint.query_params"),
    ("endpoint_module.py.jinja", "parameter.python_name", "parameter.identifier"),
    ("endpoint_module.py.jinja", "response.source.attribute", "response.source.origin"),
    ("endpoint_module.py.jinja", "body.body_type", "body.kind"),
    ("endpoint_module.py.jinja", '"data":', '"urlencoded":'),
    ("models.py.jinja", "model.additional_properties", "model.extra"),
    ("models.py.jinja", "property.description", "property.about"),
    ("models.py.jinja", "enum.values", "enum.members"),
    ("helpers.jinja", "property.required", "property.is_required"),
]


@pytest.mark.parametrize(("template", "old", "new"), RENAMED)
def test_name_that_the_generator_no_longer_passes_is_an_error(
    tmp_path: Path, template: str, old: str, new: str
) -> None:
    """An undefined name in a template stops generation, where Jinja by default inserts an empty text."""
    name = {"endpoint_module.py.jinja": "bodies", "models.py.jinja": "enums"}.get(template, "formats")
    content = with_readers(load("parameters" if "parameter" in old else name))
    root = write_project(tmp_path / "project", content)
    path = root / "overlay" / "templates" / template
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(GenerationError, match=r"\.jinja:\d+: UndefinedError"):
        regenerate.generate(root, tmp_path / "package")
