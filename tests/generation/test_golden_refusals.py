"""What the generator would leave out, or get wrong, stops generation with the place and the reason."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from tests.generation.golden.harness import load, project, with_readers

import regenerate
from spec_tools.document import GenerationError
from spec_tools.expressible import mend

ANSWER = "responses: {'204': {description: nothing}}"


# Written as a word in the specs below.
POINT = "{$ref: '#/components/schemas/Point'}"
OBJECT = "{type: object, properties: {a: {type: string}}}"
OTHER = "{type: object, properties: {b: {type: string}}}"


def document(*, get: str = ANSWER, schemas: str = "", more: str = "", openapi: str = "3.0.3") -> Any:
    """Write a small document, in YAML's flow style."""
    text = f"""
        {{openapi: {openapi}, info: {{title: Small, version: '1'}}, paths: {{/a: {{get: {{{get}}}}}}},
        components: {{schemas: {{Point: OBJECT, {schemas}}}, {more}}}}}"""
    return YAML(typ="safe").load(
        text.replace("OBJECT", OBJECT).replace("OTHER", OTHER).replace("POINT", POINT)
    )


def refusal(tmp_path: Path, content: Any) -> str:
    """Generate, which must stop; return the message."""
    with pytest.raises(GenerationError) as raised:
        regenerate.generate(project(tmp_path / "project", content), tmp_path / "package")
    message = str(raised.value)
    assert "Traceback" not in message
    return message


SCHEMAS = [
    ("{type: object, properties: {b: {type: string}}, oneOf: [POINT]}", "Odd/properties/b: no type of the package"),
    ("{allOf: [OTHER], anyOf: [POINT]}", "there is no class Odd"),
    ("{oneOf: [POINT], anyOf: [OTHER]}", "ignores 'anyOf'"),
    ("{allOf: [POINT, {allOf: [OTHER]}]}", "allOf/1/allOf/0/properties/b: it is no field of Odd"),
    ("{allOf: [POINT, {oneOf: [OTHER]}]}", "allOf/1/oneOf/0/properties/b: it is no field of Odd"),
    ("{allOf: [POINT, {enum: [x]}]}", "does not hold 'x'"),
    ("{allOf: [{type: string}]}", "does not hold a string"),
    ("{allOf: [POINT, {type: array, items: {type: string}}]}", "does not hold an array"),
    ("{allOf: [POINT, {type: object, additionalProperties: {type: string}}]}", "additionalProperties: they are not"),
    ("{allOf: [POINT, {$ref: '#/components/schemas/Open'}]}, Open: {type: object, additionalProperties: {}}",
     "allOf/1: allOf drops its 'additionalProperties'"),
    ("{type: object, properties: {a: {type: string}}, patternProperties: {^x: {type: string}}}", "they are not kept"),
    ("{type: object, properties: {a: {type: string}}, if: {required: [a]}, then: OTHER}", "then/properties/b"),
    ("{type: object, unevaluatedProperties: {type: string}}", "ignores 'unevaluatedProperties'"),
    ("{type: object, properties: {c: {type: string, const: 'a\\b'}}}", "does not hold"),
    ("{type: number, const: 1.5}", "cannot express const 1.5"),
    ("{oneOf: [POINT, OBJECT], discriminator: {propertyName: a}}", "members apart that are a $ref"),
    ("{oneOf: [POINT], discriminator: {propertyName: a, mapping: {p: Piont}}}", "maps 'p' to Piont"),
    ("{type: object, properties: {b: {$ref: '#/components/schemas/Kind'}}},"
     " Kind: {type: object, properties: {k: {type: string}}, discriminator: {propertyName: k}}",
     "refer to a oneOf of its kinds"),
    ("{type: object, properties: {f: {type: string, format: binary}}}", None),
    ("{type: array}", "must have items"),
    ("{enum: [1, a]}", "same type"),
    ("{type: object, properties: {'$': {type: string}, '#': {type: string}}}", "same python_name"),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "reason"), SCHEMAS, ids=str)
def test_schema_that_would_lose_a_part_is_refused(tmp_path: Path, schema: str, reason: str | None) -> None:
    """The message names the schema, and what of it the generator would leave out."""
    content = document(schemas=f"Odd: {schema}", openapi="3.1.0")
    if reason is None:  # a file has its place, in a form
        regenerate.generate(project(tmp_path / "project", content), tmp_path / "package")
        return
    message = refusal(tmp_path, content)
    assert reason in message
    assert re.search(r"Odd|Open|Kind|enum", message), message


@pytest.mark.parametrize("name", ["Any", "file", "UUID", "Client", "request", "Literal"])
def test_class_that_would_hide_an_import_is_refused(tmp_path: Path, name: str) -> None:
    """A schema whose class is named as what the generated modules import must get another name."""
    message = refusal(tmp_path, document(schemas=f"{name}: OBJECT"))
    assert f"#/components/schemas/{name}: a class" in message
    assert "class_overrides" in message


PARAMETERS = [
    ("{name: p, in: query, content: {application/json: {schema: {type: string}}}}", "only a parameter with a schema"),
    ("{name: p, in: query, style: deepObject, schema: POINT}", "style deepObject"),
    ("{name: p, in: query, style: pipeDelimited, schema: {type: array, items: {}}}", "style pipeDelimited"),
    ("{name: p, in: query, explode: false, schema: {type: array, items: {type: string}}}", "explode: false"),
    ("{name: p, in: query, schema: {type: array, items: POINT}}", "no one way to spell"),
    ("{name: p, in: query, schema: {type: object, properties: {q: POINT}}}", "no one way to spell"),
    ("{name: p, in: cookie, schema: {type: array, items: {type: string}}}", "no one way to spell"),
    ("{name: p, in: cookie, schema: {additionalProperties: {type: string}}}", "no one way to spell"),
    ("{name: p, in: header, schema: {type: array, items: {type: string}}}", "no one way to spell"),
    ("{name: p, in: query, schema: {type: string, format: binary}}", "cannot hold format binary"),
]  # fmt: skip


@pytest.mark.parametrize(("parameter", "reason"), PARAMETERS)
def test_parameter_that_would_be_wrong_is_refused(tmp_path: Path, parameter: str, reason: str) -> None:
    """The message names the operation, the parameter and what of it the client cannot do."""
    message = refusal(tmp_path, document(get=f"parameters: [{parameter}], {ANSWER}"))
    assert re.search(r"GET /a: (parameter 'p'|query parameter p):?", message)
    assert reason in message


JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
BODIES = [
    (JSON, "{schema: {type: object, properties: {f: {type: string, format: binary}}}}", "cannot hold format binary"),
    (JSON, "{}", "Missing schema"),
    (FORM, "{schema: {type: array, items: {type: string}}}", "no one way to spell"),
    (FORM, "{schema: {type: object, properties: {p: POINT}}}", "no one way to spell"),
    (FORM, "{schema: OBJECT, encoding: {a: {style: pipeDelimited}}}", "the encoding of a is left out"),
    ("multipart/form-data", "{schema: {type: string}}", "no one way to spell"),
    ("application/octet-stream", "{schema: {type: string}}", "format binary"),
    ("application/xml", "{schema: OBJECT}", "Unsupported content type application/xml"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "media", "reason"), BODIES)
def test_body_that_cannot_be_written_is_refused(tmp_path: Path, kind: str, media: str, reason: str) -> None:
    """The message names the operation and what of its body the client cannot write."""
    message = refusal(tmp_path, document(get=f"requestBody: {{content: {{{kind}: {media}}}}}, {ANSWER}"))
    assert "GET /a" in message
    assert reason in message


OPERATIONS = [
    ("responses: {'200': {description: it, content: {image/png: {schema: {}}}}}", "image/png"),
    ("responses: {'200': {description: it, content: {application/json: {}}}}", "for want of a schema"),
    ("responses: {'2xx': {description: it}}", "2xx"),
    ("servers: [{url: 'https://other.test'}], " + ANSWER, "its servers are left out"),
    ("operationId: Request, " + ANSWER, "cannot be named 'request'"),
    ("security: [{Bearer: []}], " + ANSWER, "needs Bearer, and the client sends one API key"),
    ("security: [{Bearer: []}, {Key: [], Second: []}], " + ANSWER, "needs Bearer or Key with Second"),
    ("security: [{InQuery: []}], " + ANSWER, "needs InQuery"),
]
SCHEMES = """securitySchemes: {Bearer: {type: http, scheme: bearer}, Key: {type: apiKey, in: header, name: X-A},
    Second: {type: apiKey, in: header, name: X-B}, InQuery: {type: apiKey, in: query, name: k}}"""


@pytest.mark.parametrize(("operation", "reason"), OPERATIONS)
def test_operation_that_would_not_work_is_refused(tmp_path: Path, operation: str, reason: str) -> None:
    """The message names the operation and what of it the client cannot do."""
    message = refusal(tmp_path, document(get=operation, more=SCHEMES))
    assert "GET /a" in message
    assert reason in message


def test_bodies_that_nothing_tells_apart_are_refused(tmp_path: Path) -> None:
    """Of two content types the first must have one type, by which the value is known to be meant for it."""
    content = "{application/json: {schema: {}}, multipart/form-data: {schema: OBJECT}}"
    message = refusal(tmp_path, document(get=f"requestBody: {{content: {content}}}, {ANSWER}"))
    assert "GET /a: nothing tells which body is meant for application/json" in message


def test_security_of_the_whole_document_counts(tmp_path: Path) -> None:
    """An operation that says nothing of security needs what the document says."""
    content = document(more=SCHEMES) | {"security": [{"Bearer": []}]}
    assert "GET /a: needs Bearer" in refusal(tmp_path, content)


def test_operations_that_need_different_keys_are_refused(tmp_path: Path) -> None:
    """One header carries the key; the operation that wants another is named."""
    content = document(get=f"security: [{{Key: []}}], {ANSWER}", more=SCHEMES)
    content["paths"]["/b"] = {"get": {**content["paths"]["/a"]["get"], "security": [{"Second": []}]}}
    assert re.search(r"GET /[ab]: needs (Key|Second)", refusal(tmp_path, content))


@pytest.mark.parametrize(
    ("first", "second", "tag"), [("/a/b", "/a_b", "T"), ("/a-b", "/a/b", "Call Logs|call-logs")]
)
def test_operations_that_would_share_a_module_are_refused(
    tmp_path: Path, first: str, second: str, tag: str
) -> None:
    """Two paths or two tags that become one Python name are refused, where no operationId tells them apart."""
    content = document()
    operation = content["paths"].pop("/a")["get"]
    for path, name in zip((first, second), (tag.split("|") * 2)[:2], strict=True):
        content["paths"][path] = {"get": {**operation, "tags": [name]}}
    assert f"GET {second}: the name get_a_b is also that of GET {first}" in refusal(tmp_path, content)


def test_path_item_by_reference_is_refused(tmp_path: Path) -> None:
    """The generator passes over a path that is a $ref, with all its operations."""
    content = document(more=f"pathItems: {{P: {{get: {{{ANSWER}}}}}}}", openapi="3.1.0")
    content["paths"]["/b"] = {"$ref": "#/components/pathItems/P"}
    assert "path /b: its $ref is left out" in refusal(tmp_path, content)


@pytest.mark.parametrize(("sent", "read", "required"), [
    (True, True, ["name"]),
    (True, False, ["name", "secret"]),
    (False, True, ["id", "name"]),
])  # fmt: skip
def test_what_only_one_side_must_have_is_not_required_of_the_other(
    sent: bool, read: bool, required: list[str]
) -> None:
    """A readOnly property is none of a request's, and a writeOnly one none of an answer's; one class is for both."""
    thing = """Thing: {type: object, required: [id, name, secret], properties: {name: {type: string},
        id: {readOnly: true, type: string}, secret: {writeOnly: true, type: string}}}"""
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}
    made = document(schemas=thing)
    operation = made["paths"]["/a"]["get"]
    if sent:
        operation["requestBody"] = {"content": content}
    if read:
        operation["responses"]["200"] = {"description": "it", "content": content}
    mend(made)
    assert made["components"]["schemas"]["Thing"]["required"] == required


def test_server_has_the_defaults_of_its_variables() -> None:
    """A template of an address is no address."""
    made = document() | {
        "servers": [{"url": "https://{area}.api.test/", "variables": {"area": {"default": "eu"}}}]
    }
    assert 'SERVER = "https://eu.api.test"' in regenerate.spec_module(made)


RENAMED = [
    ("endpoint_module.py.jinja", "endpoint.query_parameters", "endpoint.query_params"),
    ("endpoint_module.py.jinja", "parameter.python_name", "parameter.identifier"),
    ("endpoint_module.py.jinja", "response.source.attribute", "response.source.origin"),
    ("endpoint_module.py.jinja", "body.body_type", "body.kind"),
    ("endpoint_module.py.jinja", '"data":', '"urlencoded":'),
    ("model.py.jinja", "model.additional_properties", "model.extra"),
    ("model.py.jinja", "property.description", "property.about"),
    ("helpers.jinja", "property.required", "property.is_required"),
    ("literal_enum.py.jinja", "enum.values", "enum.members"),
]


@pytest.mark.parametrize(("template", "old", "new"), RENAMED)
def test_generator_that_renames_what_a_template_reads_is_noticed(
    tmp_path: Path, template: str, old: str, new: str
) -> None:
    """A name that the generator does not know stops generation; to Jinja's default it is an empty text."""
    spec = {"endpoint_module.py.jinja": "bodies", "literal_enum.py.jinja": "enums"}.get(template, "formats")
    content = with_readers(load("parameters" if "parameter" in old else spec))
    root = project(tmp_path / "project", content)
    path = root / "overlay" / "templates" / template
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(GenerationError, match=r"\.jinja:\d+: jinja2\.exceptions\.UndefinedError"):
        regenerate.generate(root, tmp_path / "package")
