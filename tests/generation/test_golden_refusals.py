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
from spec_tools.mend import mend

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
    ("{type: string, enum: ['1', 2]}", "its enum has 2, which is not of type string"),
    ("{type: [integer, 'null'], enum: [1, true, null]}", "its enum has True"),
    ("{oneOf: [{$ref: '#/components/schemas/Kind'}], discriminator: {propertyName: k, mapping: {z: Kind}}},"
     " Kind: {type: object, properties: {k: {type: string, enum: [y]}}}", "maps ['z'] to Kind, whose k is ['y']"),
    ("{oneOf: [{$ref: '#/components/schemas/Kind'}], discriminator: {propertyName: k}},"
     " Kind: {type: object, properties: {k: {type: integer, enum: [1]}}}", "its discriminator k must be a string"),
    ("{oneOf: [{$ref: '#/components/schemas/Kind'}], discriminator: {propertyName: k}}, Names: {type: string,"
     " enum: [y]}, Kind: {type: object, properties: {k: {$ref: '#/components/schemas/Names'}}}",
     "nothing tells which k stands for Kind"),
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
    ("{name: p, in: query, explode: false, schema: {}}", "explode: false"),
    ("{name: p, in: query, allowReserved: true, schema: {type: string}}", "does not know allowReserved"),
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
    ("multipart/form-data", "{schema: {type: object, properties: {l: {type: array, items: {type: array, items: {}}}}}}",
     "l: there is no one way to spell lists of lists"),
    ("multipart/form-data", "{schema: OBJECT, encoding: {a: {contentType: application/xml}}}",
     "a: the client sends it as text/plain, not as application/xml"),
    ("multipart/form-data", "{schema: {type: object, properties: {f: {type: string, contentMediaType: image/png}}}}",
     "f: say format: binary of a file"),
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
    (
        "responses: {'200': {description: it, content: {text/event-stream: {schema: POINT}}}}",
        "only a plain string",
    ),
    (
        "responses: {'200': {description: it, content: {text/csv: {schema: {type: string, format: binary}}}}}",
        "only a plain string",
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


@pytest.mark.parametrize("damage", [
    {"components": ["a"]},
    {"components": {"securitySchemes": ["a"]}},
    {"paths": {"/a": {"get": {"tags": {"a": "b"}, "responses": {"204": {"description": "it"}}}}}},
])  # fmt: skip
def test_member_of_another_shape_is_named(tmp_path: Path, damage: Any) -> None:
    """What the checks read before the generator does may be anything."""
    assert "Input should be a valid" in refusal(tmp_path, document() | damage)


def test_form_that_consists_of_itself_is_refused(tmp_path: Path) -> None:
    """A circle of allOf has no fields to spell."""
    get = f"requestBody: {{content: {{{FORM}: {{schema: {{$ref: '#/components/schemas/A'}}}}}}}}, {ANSWER}"
    circle = "A: {allOf: [{$ref: '#/components/schemas/B'}]}, B: {allOf: [{$ref: '#/components/schemas/A'}]}"
    assert refusal(tmp_path, document(get=get, schemas=circle))


@pytest.mark.parametrize("path", ["a", "/a?kind=x", "/a#b"])
def test_path_that_would_not_be_the_one_asked_for_is_refused(tmp_path: Path, path: str) -> None:
    """A path begins with a slash, and is nothing but a path."""
    content = document()
    content["paths"][path] = content["paths"].pop("/a")
    assert f"path {path}: it must begin with a slash" in refusal(tmp_path, content)


@pytest.mark.parametrize(
    "first", ["{}", "{type: number}", "{type: array, nullable: true, items: {}}", "{allOf: [POINT]}"]
)
def test_bodies_that_nothing_tells_apart_are_refused(tmp_path: Path, first: str) -> None:
    """Of two content types the first must have one type, by which the value is known to be meant for it."""
    content = f"{{application/json: {{schema: {first}}}, multipart/form-data: {{schema: POINT}}}}"
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


def test_readonly_counts_wherever_a_schema_stands() -> None:
    """A body's own schema is only sent, an answer's only read; inherited properties, and references, count too."""
    body = "{type: object, required: [id, secret], properties: {id: {readOnly: true}, secret: {writeOnly: true}}}"
    base = "Base: {type: object, required: [id], properties: {id: {type: string, readOnly: true}}}, Id: {type: string}"
    heir = "{allOf: [{$ref: '#/components/schemas/Base'}, {required: [id]}]}"
    beside = "{required: [id], properties: {id: {$ref: '#/components/schemas/Id', readOnly: true}}}"
    get = f"""requestBody: {{content: {{application/json: {{schema: {body}}}}}}},
        responses: {{'200': {{description: it, content: {{application/json: {{schema: {body}}}}}}}}}"""
    shared = (
        "requestBodies: {R: {content: {a/b: {schema: HEIR}, c/d: {schema: BESIDE}, e/f: {schema: BODY}}}}"
    )
    shared = shared.replace("HEIR", heir).replace("BESIDE", beside).replace("BODY", body)
    made = document(get=get, schemas=base, more=shared)
    mend(made)
    operation = made["paths"]["/a"]["get"]
    assert operation["requestBody"]["content"]["application/json"]["schema"]["required"] == ["secret"]
    assert operation["responses"]["200"]["content"]["application/json"]["schema"]["required"] == ["id"]
    inherited, referred, named = [
        media["schema"] for media in made["components"]["requestBodies"]["R"]["content"].values()
    ]
    assert (inherited["allOf"][1]["required"], referred["required"], named["required"]) == (
        [],
        [],
        ["secret"],
    )


def test_headers_that_are_no_parameters_are_left_to_the_client() -> None:
    """OpenAPI says to ignore three of them; the key's header, the client sends with every request."""
    names = ["Content-Type", "accept", "Authorization", "x-a", "X-Other"]
    entries = ", ".join(f"{{name: {name}, in: header, schema: {{type: string}}}}" for name in names)
    more = SCHEMES + ", parameters: {P: {name: Accept, in: header, schema: {type: string}}}"
    made = document(
        get=f"parameters: [{entries}, {{$ref: '#/components/parameters/P'}}], {ANSWER}", more=more
    )
    made["security"] = [{"Key": []}]
    mend(made)
    assert [entry["name"] for entry in made["paths"]["/a"]["get"]["parameters"]] == ["X-Other"]


def test_answers_that_have_no_body_have_no_type() -> None:
    """What a document says of the body of a 204, or of an answer to HEAD, never comes."""
    content = "content: {application/json: {schema: POINT}}"
    made = document(
        get=f"responses: {{'204': {{description: it, {content}}}, '200': {{description: it, {content}}}}}"
    )
    made["paths"]["/a"]["head"] = {"responses": {"200": {"$ref": "#/components/responses/R"}}}
    made["components"]["responses"] = {"R": dict(made["paths"]["/a"]["get"]["responses"]["200"])}
    mend(made)
    answers = made["paths"]["/a"]["get"]["responses"]
    assert ("content" in answers["204"], "content" in answers["200"]) == (False, True)
    assert made["paths"]["/a"]["head"]["responses"]["200"] == {"description": "it"}
    assert "content" in made["components"]["responses"]["R"]


def test_what_a_person_should_know_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An operation without a name, and headers and links of answers, which have no place: that stops nothing."""
    get = "responses: {'204': {description: it, headers: {X-Total: {schema: {type: integer}}}, links: {next: {}}}}"
    regenerate.generate(project(tmp_path / "project", document(get=get)), tmp_path / "package")
    unnamed, headers, links = capsys.readouterr().err.splitlines()
    assert unnamed.startswith("openapi.yaml: GET /a has no operationId")
    assert headers == "openapi.yaml: GET /a: 204: not in the package: headers X-Total"
    assert links == "openapi.yaml: GET /a: 204: not in the package: links next"


def test_version_is_as_the_document_spells_it(tmp_path: Path) -> None:
    """1.10 without quotes is a number to YAML, and another version than 1.1."""
    root = project(tmp_path / "project", document())
    path = root / "openapi.yaml"
    path.write_text(re.sub(r"version: .*?([,}\n])", r"version: 1.10\1", path.read_text()), encoding="utf-8")
    regenerate.generate(root, tmp_path / "package")
    assert 'VERSION = "1.10"' in (tmp_path / "package" / "spec.py").read_text(encoding="utf-8")


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
