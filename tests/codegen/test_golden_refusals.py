"""Documents that cannot be generated correctly are refused; some constructs are rewritten before generation."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from codegen import regenerate
from codegen.document import GenerationError
from codegen.normalize import normalize
from codegen.security import server_of

from .golden.harness import with_readers, write_project

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


# All in one document, and each read by an operation.
LOST = [
    ("{type: object, properties: {b: {type: string}}, oneOf: [POINT]}", "b: it is not kept"),
    ("{allOf: [OTHER], anyOf: [POINT]}", "b: it is not kept"),
    ("{oneOf: [POINT], anyOf: [OTHER]}", "it is not kept"),
    ("{allOf: [POINT, {allOf: [OTHER]}]}", "b: it is not kept"),
    ("{allOf: [POINT, {oneOf: [OTHER]}]}", "b: it is not kept"),
    ("{allOf: [POINT, {enum: [x]}]}", "cannot hold 'x'"),
    ("{allOf: [{type: string}]}", "cannot hold 'text'"),
    ("{type: object, required: [absent], properties: {a: {type: string}}}", "absent: it is not kept"),
    ("{type: object, properties: {a: {type: string}}, if: {required: [a]}, then: OTHER}",
     "then/properties/b: no type in the package"),
    ("{type: object, properties: {c: {type: string, const: 'a\\b'}}}", "c: its type, "),
]  # fmt: skip


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The message for a document with all schemas in LOST."""
    schemas = ", ".join(f"Odd{index}: {schema}" for index, (schema, _) in enumerate(LOST))
    content = with_readers(document(schemas=schemas, openapi="3.1.0"))
    return refusal(tmp_path_factory.mktemp("lost"), content)


@pytest.mark.parametrize("index", range(len(LOST)))
def test_schema_that_loses_a_part_is_refused(lost: str, index: int) -> None:
    """The message names the schema and the part that is missing from the package, which the generator drops."""
    found = [line for line in lost.splitlines() if re.search(rf"Odd{index}\b", line)]
    assert any(LOST[index][1] in line for line in found), lost


FORM = "application/x-www-form-urlencoded"
REFUSED = [
    ("parameters: [{name: p, in: query, explode: false, schema: {type: array, items: {type: string}}}]",
     "query parameter p: the client does not support explode: false"),
    ("parameters: [{name: p, in: query, style: deepObject, schema: POINT}]", "does not support style deepObject"),
    ("parameters: [{name: p, in: query, content: {application/json: {schema: POINT}}}]", "p: is not sent"),
    ("parameters: [{name: p, in: query, schema: {type: array, items: POINT}}]", "only be sent in a JSON body"),
    ("parameters: [{name: p, in: query, schema: {type: object, properties: {q: POINT}}}]", "no unambiguous encoding"),
    ("parameters: [{name: p, in: cookie, schema: {type: array, items: {type: string}}}]", "no unambiguous encoding"),
    ("parameters: [{name: p, in: header, schema: {type: array, items: {type: string}}}]", "is not allowed in header"),
    (f"requestBody: {{content: {{{FORM}: {{schema: {{type: array, items: {{type: string}}}}}}}}}}",
     "must be an object"),
    ("requestBody: {content: {multipart/form-data: {schema: OBJECT, encoding: {a: {contentType: application/xml}}}}}",
     "does not support the encoding of a"),
    ("requestBody: {content: {multipart/form-data: {schema: OBJECT, encoding: {a: {style: deepObject}}}}}",
     "does not support the encoding of a"),
    ("operationId: Request", "the name request is also used by a function of every module"),
    ("security: [{Digest: []}, {Mutual: [], Key: []}]",
     "needs Digest or Mutual with Key, which the client cannot send"),
    ("security: [{Nobody: []}]", "needs Nobody"),
    ("security: [{Basic: [], Bearer: []}]", "needs Basic with Bearer"),
    ("servers: [{url: 'http://other.test'}]", "its server http://other.test is not an https URL"),
    ("responses: {'2yy': {description: it}}", "Invalid response status code pattern: 2yy"),
]  # fmt: skip
SCHEMES = """securitySchemes: {Bearer: {type: http, scheme: bearer}, Basic: {type: http, scheme: basic},
    Digest: {type: http, scheme: digest}, Mutual: {type: mutualTLS}, Key: {type: apiKey, in: header, name: X-A}}"""


@pytest.mark.parametrize(("operation", "reason"), REFUSED)
def test_operation_that_would_not_work_is_refused(tmp_path: Path, operation: str, reason: str) -> None:
    """The message names the operation and what the client does not support; no object stands for a text."""
    get = operation if "responses" in operation else f"{operation}, {NOTHING}"
    message = refusal(tmp_path, document(get=get, more=SCHEMES) | {"servers": [{"url": "https://api.test"}]})
    assert "GET /a" in message
    assert reason in message
    assert "object at 0x" not in message


CIRCLE = "A: {allOf: [{$ref: '#/components/schemas/B'}]}, B: {anyOf: [{$ref: '#/components/schemas/A'}, POINT]}"
LEADS = "A: {$ref: '#/components/schemas/B'}, B: {$ref: '#/components/schemas/A'}"
INVALID = [
    (document(schemas=CIRCLE), ["#/components/schemas/A: it leads round in a circle"]),
    (document(schemas=LEADS), ["#/components/schemas/A: $ref to", "leads round in a circle"]),
    (document(schemas="A: {type: strin}, B: {properties: {c: {type: 5}}}"),
     ["#/components/schemas/A/type: Input should be", "#/components/schemas/B/properties/c/type: Input should be"]),
    (document(schemas="A: {oneOf: [POINT], discriminator: {propertyName: a, mapping: {p: Piont}}}"),
     ["maps 'p' to Piont"]),
    (document() | {"components": ["a"]}, ["#/components: Input should be a valid"]),
    (document() | {"info": {"title": "T"}}, ["#/info/version: Field required"]),
    (document(get="tags: {a: b}, " + NOTHING), ["GET /a: tags: Input should be a valid"]),
]  # fmt: skip


@pytest.mark.parametrize(("content", "reasons"), INVALID, ids=range(len(INVALID)))
def test_invalid_document_is_refused(tmp_path: Path, content: Any, reasons: list[str]) -> None:
    """The message gives every location and what is wrong there."""
    message = refusal(tmp_path, content)
    assert [reason for reason in reasons if reason not in message] == [], message


LISTS = "{allOf: [POINT, {type: object, properties: {a: {type: array, items: POINT}}}]}"
WORD = "{$ref: '#/components/schemas/Word'}"
UNION = f"{{type: object, properties: {{b: {{nullable: true, allOf: [{WORD}, {{minLength: 1}}]}}}}}}"
ALIAS = "{type: object, properties: {b: {nullable: true, allOf: [{type: string}, {minLength: 1}]}}}"


@pytest.mark.parametrize(("bad", "user"), [
    (LISTS, "{type: object, properties: {bad: REF}}"), (LISTS, "{type: object, properties: {bad: {oneOf: [REF]}}}"),
    (UNION, "{type: object, properties: {bad: REF}}"), (UNION, "{allOf: [REF, POINT]}"),
    (ALIAS, "{type: object, properties: {bad: REF}}"),
])  # fmt: skip
def test_cause_comes_without_its_consequences(tmp_path: Path, bad: str, user: str) -> None:
    """A schema that cannot be generated is named, and not what refers to it; nothing is cut."""
    refer = {n: user.replace("REF", f"{{$ref: '#/components/schemas/Bad{n}'}}") for n in range(30)}
    schemas = ", ".join(f"Bad{n}: {bad}, User{n}: {refer[n]}" for n in refer)
    message = refusal(tmp_path, document(schemas=f"Word: {{type: string, enum: [a]}}, {schemas}"))
    assert [f"Bad{n}" for n in range(30) if f"Bad{n}" not in message] == []
    assert "User" not in message
    assert "Could not find reference" not in message


def test_warnings_do_not_stop_generation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a client has no use for is a warning, once for all places of one kind."""
    get = """operationId: a, responses: {'204': {description: it, headers: {X-Total: {schema: {type: integer}}},
        links: {next: {}}}}, callbacks: {done: {'{$url}': {post: {responses: {'204': {description: it}}}}}}"""
    content = document(get=get, schemas="Unused: {anyOf: [POINT, OTHER]}", openapi="3.1.0") | {"webhooks": {"w": {}}}
    for number in range(5):
        content["paths"][f"/{number}"] = {"get": content["paths"]["/a"]["get"] | {"operationId": f"get_{number}"}}
    regenerate.generate(write_project(tmp_path / "project", content), tmp_path / "package")
    assert capsys.readouterr().err.splitlines() == [
        "openapi.yaml: the document: webhooks are not in the package: a client receives no requests",
        "openapi.yaml: GET /a, GET /0, GET /1 and 3 more: callbacks are not in the package: done",
        "openapi.yaml: GET /a: 204, GET /0: 204, GET /1: 204 and 3 more: not in the package: headers X-Total",
        "openapi.yaml: GET /a: 204, GET /0: 204, GET /1: 204 and 3 more: not in the package: links next",
        "openapi.yaml: #/components/schemas/Unused: not in the package: no operation uses them",
    ]


def test_document_of_another_api_needs_no_project(tmp_path: Path) -> None:
    """A folder with a document only, however long its keys are: without Puretalk's fixes and names."""
    name = "k" * 200
    content = document(schemas=f"CallCallType: {{type: object, properties: {{{name}: {{type: string}}}}}}")
    (tmp_path / "openapi.yaml").write_text(json.dumps(content), encoding="utf-8")
    regenerate.generate(tmp_path, tmp_path / "package")
    assert "class CallCallType" in (tmp_path / "package" / "models.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", ["a", "/a?kind=x", "/a#b"])
def test_path_with_query_or_fragment_is_refused(tmp_path: Path, path: str) -> None:
    """A path must begin with a slash and must not have a query or fragment."""
    content = document()
    content["paths"][path] = content["paths"].pop("/a")
    assert f"path {path}: it must begin with a slash" in refusal(tmp_path, content)


@pytest.mark.parametrize(("first", "second", "tag", "name"), [
    ("/a/b", "/a_b", "T", "list_a_b"), ("/a-b", "/a/b", "Call Logs|call-logs", "get_it"),
])  # fmt: skip
def test_operations_that_would_share_a_module_are_refused(
    tmp_path: Path, first: str, second: str, tag: str, name: str
) -> None:
    """Two paths, names or tags that become the same Python name are refused."""
    content = document()
    operation = content["paths"].pop("/a")["get"] | {"operationId": name}
    for path, each in zip((first, second), (tag.split("|") * 2)[:2], strict=True):
        content["paths"][path] = {"get": {**operation, "tags": [each]}}
    assert f"{name} is also used by GET {first}" in refusal(tmp_path, content)


THING = """{type: object, required: [id, name, secret], properties: {name: {type: string},
    id: {readOnly: true, type: string}, secret: {$ref: '#/components/schemas/Id', writeOnly: true}}}"""
HEIR = "{allOf: [{$ref: '#/components/schemas/Thing'}, {required: [id, name]}]}"


@pytest.mark.parametrize(("sent", "read", "schema", "required"), [
    (True, True, THING, ["name"]),
    (True, False, THING, ["name", "secret"]),
    (False, True, THING, ["id", "name"]),
    (True, False, HEIR, ["name"]),
    (False, True, HEIR, ["id", "name"]),
])  # fmt: skip
def test_read_only_and_write_only_properties_are_optional(
    sent: bool, read: bool, schema: str, required: list[str]
) -> None:
    """Requests lack readOnly properties and responses lack writeOnly ones, inherited ones too."""
    name = "Heir" if schema == HEIR else "Thing"
    whole = document(schemas=f"Thing: {THING}, Heir: {HEIR}, Id: {{type: string}}")
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}
    operation = whole["paths"]["/a"]["get"]
    operation |= {"requestBody": {"content": content}} if sent else {}
    operation["responses"] |= {"200": {"description": "it", "content": content}} if read else {}
    normalize(whole)
    found = whole["components"]["schemas"][name]
    assert found.get("allOf", [{}, found])[1]["required"] == required


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
    content = document(
        get=f"responses: {{'204': {described}, '200': {described}}}", more=f"responses: {{R: {described}}}"
    )
    operations = content["paths"]["/a"]
    operations["head"] = {"responses": {"200": {"$ref": "#/components/responses/R"}}}
    normalize(content)
    responses = [operations["get"]["responses"]["204"], operations["head"]["responses"]["200"]]
    assert responses == [{"description": "it"}] * 2
    assert "content" in content["components"]["responses"]["R"]
    assert "content" in operations["get"]["responses"]["200"]


def test_version_without_quotes_keeps_its_digits(tmp_path: Path) -> None:
    """1.10 without quotes is a number in YAML, but version 1.10 is not 1.1."""
    root = write_project(tmp_path / "project", document())
    text = "openapi: 3.0.3\ninfo: {title: T, version: 1.10}\npaths: {/a: {get: {operationId: a, RESPONSES}}}\n"
    (root / "openapi.yaml").write_text(text.replace("RESPONSES", NOTHING), encoding="utf-8")
    regenerate.generate(root, tmp_path / "package")
    assert 'VERSION = "1.10"' in (tmp_path / "package" / "spec.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("text", ['1.0"0', '1.0"; import os; "', "1.0\\", "1.0\\nimport os", "{1}", "Zürich's"])
def test_constants_are_never_code(tmp_path: Path, text: str) -> None:
    """Version, server and header name are literals in spec.py, whatever they contain."""
    key = f"securitySchemes: {{Key: {{type: apiKey, in: header, name: {json.dumps(text)}}}}}"
    content = document(more=key) | {"servers": [{"url": f"https://api.test/{text}"}]}
    content["info"]["version"] = text
    regenerate.generate(write_project(tmp_path / "project", content), tmp_path / "package")
    namespace: dict[str, Any] = {}
    source = (tmp_path / "package" / "spec.py").read_text(encoding="utf-8")
    exec(source.replace("from .types", "from puretalk_generated.types"), namespace)
    assert (namespace["VERSION"], namespace["SERVER"]) == (text, f"https://api.test/{text}")
    assert namespace["API_KEY"] == namespace["KeyPlace"]("header", text)


def test_server_has_the_defaults_of_its_variables() -> None:
    """Variables in the server URL are replaced by their defaults."""
    content = document() | {"servers": [{"url": "https://{area}.api.test/", "variables": {"area": {"default": "eu"}}}]}
    assert server_of(content) == "https://eu.api.test"
