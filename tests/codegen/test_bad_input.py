"""Invalid input stops generation with one message that gives location and cause.

``Project.refusal`` checks the rest: exit status 1, no traceback, and an unchanged project.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .project import Project

CALL = "GET /calls/{call_id}: responses"
RESULTS = "                  results:\n                    $ref: '#/components/schemas/Call'\n"
TO_ERROR = "'#/components/schemas/Error'"


@pytest.mark.parametrize(
    ("document", "cause"),
    [
        ("", "top level is not a mapping"),
        ("# nothing yet\n", "top level is not a mapping"),
        ("- openapi: 3.0.1\n", "top level is not a mapping"),
        ("<!doctype html>", "top level is not a mapping"),
        ("openapi: 3.0.1\ninfo: {title: T, version: '1'}\n", "'paths' is missing"),
        ("openapi: 3.0.1\npaths: {}\n", "'paths' is missing or empty"),
        ("openapi: 3.0.1\npaths: [/calls]\n", "'paths' is missing"),
        ("openapi: 2.0\npaths: {/a: {}}\n", "'openapi' must be 3.0.x or 3.1.x, not 2.0"),
        ("swagger: '2.0'\npaths: {/a: {}}\n", "Swagger 2.0: convert it"),
        ("openapi: 3.0.1\nx-t: !!bool foo\n", "not YAML"),
        ("openapi: 3.0.1\npaths: " + "[" * 500 + "]" * 500, "nested"),
        (b"openapi: 3.0.1\ninfo: \xe9\n", "not UTF-8 at byte 21"),
    ],
    ids=range(12),
)
def test_other_documents_are_refused(project: Project, document: str | bytes, cause: str) -> None:
    """Anything but an OpenAPI 3 document is refused, with the reason."""
    project.write(document)
    message = project.refusal()
    assert message.startswith("generation stopped: openapi.yaml: ")
    assert cause in message


@pytest.mark.parametrize(
    ("old", "new", "line", "cause"),
    [
        ("  title: Pure", "\ttitle: Pure", 3, "cannot start any token"),
        ("title: Pure", "title: *Pure", 3, "expected"),
        ("  version: 1.0.0", "  title: again", 7, "duplicate key"),
        ("paths:\n", "paths\n", 13, "could not find expected ':'"),
        ("    Error:\n", "   Error:\n", 290, "expected"),
        ("servers:\n", "---\nservers:\n", 8, "another document"),
    ],
)
def test_invalid_yaml_is_refused_with_its_line(project: Project, old: str, new: str, line: int, cause: str) -> None:
    """A document that is not YAML is refused with the line and the reason."""
    project.replace(old, new)
    message = project.refusal()
    assert message.startswith(f"generation stopped: openapi.yaml:{line}: not YAML: ")
    assert cause in message


@pytest.mark.parametrize(
    "reference",
    [
        "#/components/schemas/Eror",
        "#/components/Error",
        "#",
        "#/components/schemas/Error/properties/code",
        "common.yaml#/Error",
        "https://specs.test/common.yaml#/Error",
    ],
)
def test_unknown_reference_is_refused_with_its_location(project: Project, reference: str) -> None:
    """A $ref whose target is not in the document is refused with its location and target."""
    project.replace(TO_ERROR, f"'{reference}'")
    message = project.refusal()
    assert f"{CALL}/404/content/application/json/schema" in message
    assert repr(reference) in message


PARAMETER = "        - {name: call_id, in: path, required: true, schema: {type: string}}\n"
AGENTS = """  /agents:
    get: {operationId: get_call, tags: [calls], responses: {'200': {description: Agents}}}
"""
BILLED, OPERATION = "        is_billed:\n          ", "GET /calls/{call_id}"
IS_BILLED = "#/components/schemas/Call/properties/is_billed"


@pytest.mark.parametrize(
    ("old", "new", "location", "cause"),
    [
        ("      responses:\n", f"{PARAMETER}      responses:\n", OPERATION, "duplicates"),
        ("- name: call_id\n", "- name: id\n", OPERATION, "do not match"),
        ("required: true\n", "required: false\n", OPERATION, "must be required"),
        ("'404':\n", "'4O4':\n", OPERATION, "4O4"),
        (f"{BILLED}type: boolean\n", f"{BILLED}type: bool\n", f"{IS_BILLED}/type", "Input should be 'string'"),
        (f"{BILLED}type: boolean\n", f"{BILLED}$ref: '#/components/schemas/Flag'\n", IS_BILLED, "schemas/Flag"),
        ("  version: 1.0.0\n", "", "#/info/version", "Field required"),
        ("      name: X-API-KEY\n", "", "ApiKeyAuth", "cannot send"),
        ("components:\n", f"{AGENTS}components:\n", "GET /agents", "get_call is also used by GET /calls/{call_id}"),
    ],
)
def test_construct_that_cannot_be_generated_is_named(
    project: Project, old: str, new: str, location: str, cause: str
) -> None:
    """An unsupported or contradictory construct is refused, never silently dropped or overwritten."""
    project.replace(old, new)
    message = project.refusal()
    assert location in message
    assert cause in message


def test_property_names_cannot_break_the_modules(project: Project) -> None:
    """A property with a name that the templates use gives a package that can be imported."""
    names = ["field", "frozen", "list", "datetime", "any", "class", "self"]
    properties = "".join(f"        {name}: {{type: string}}\n" for name in names)
    project.replace("        is_billed:\n", f"{properties}        lastOne: {{type: integer}}\n        is_billed:\n")
    assert project.run("generate").status == 0
    run = project.run_apart("-c", "from puretalk_generated import models; models.Call(call_id='1', last_one=2)")
    assert (run.status, run.err) == (0, "")


@pytest.mark.parametrize("name", ["openapi.yaml", "generator-config.yaml", "overlay/spec-fixes.yaml"])
def test_folder_instead_of_a_file_is_named(project: Project, name: str) -> None:
    """The message names a path that cannot be read as a file."""
    (project.root / name).unlink()
    (project.root / name).mkdir()
    assert name.rpartition("/")[2] in project.refusal()
    if name == "openapi.yaml":
        (project.root / name).rmdir()
        assert name in project.refusal()


CONFIG, TEMPLATES = "generator-config.yaml", "overlay/templates/"


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        (CONFIG, "literal_enums: [\n", f"{CONFIG}:2: not YAML"),
        (CONFIG, "- literal_enums\n", f"{CONFIG}: not a valid configuration\n#: "),
        (CONFIG, "literal_enums: {a: 1}\n", f"{CONFIG}: not a valid configuration\n#/literal_enums: "),
        (CONFIG, 'post_hooks: ["false"]\n', "false failed"),
        (f"{TEMPLATES}models.py.jinja", "{% if openapi %}", "models.py.jinja:1: Unexpected end of template"),
        (f"{TEMPLATES}models.py.jinja", "{{ openapi.nope.nope }}", "models.py.jinja:1: UndefinedError: "),
        (f"{TEMPLATES}package_init.py.jinja", "def (\n", "Failed to parse __init__.py"),
        (f"{TEMPLATES}runtime/codec.py", "def (\n", "could not be compared with it: SyntaxError: "),
        (f"{TEMPLATES}runtime/codec.py", None, "No module named 'puretalk_generated.codec'"),
        (f"{TEMPLATES}runtime/client.py", None, "No module named 'puretalk_generated.client'"),
    ],
)
def test_broken_part_of_the_project_is_named(project: Project, name: str, content: str | None, expected: str) -> None:
    """The configuration, a post hook, a template that fails, generated code that is not Python, a missing module."""
    if content is None:
        (project.root / name).unlink()
    else:
        project.write(content, name)
    message = project.refusal()
    assert expected in message
    assert name != CONFIG or "openapi.yaml:" not in message or "false" in message
