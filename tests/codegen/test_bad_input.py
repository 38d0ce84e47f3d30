"""Invalid input stops generation with one message that gives location and cause.

``Project.refusal`` checks the rest: exit status 1, no traceback, and an unchanged project.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .project import Project

CALL = "#/paths/~1calls~1{call_id}/get/responses"
RESULTS = "                  results:\n                    $ref: '#/components/schemas/Call'\n"
TO_ERROR = "'#/components/schemas/Error'"


@pytest.mark.parametrize(
    ("document", "cause"),
    [
        pytest.param("", "top level is not a mapping", id="empty"),
        pytest.param("# nothing yet\n", "top level is not a mapping", id="a comment"),
        pytest.param("- openapi: 3.0.1\n", "top level is not a mapping", id="a list"),
        pytest.param("<!doctype html>", "top level is not a mapping", id="a page"),
        pytest.param("openapi: 3.0.1\ninfo: {title: T, version: '1'}\n", "'paths' is missing", id="no paths"),
        pytest.param("openapi: 3.0.1\npaths: {}\n", "'paths' is missing or empty", id="empty paths"),
        pytest.param("openapi: 3.0.1\npaths: [/calls]\n", "'paths' is missing", id="paths are a list"),
        pytest.param("openapi: 2.0\npaths: {/a: {}}\n", "'openapi' must be 3.0.x or 3.1.x, not 2.0", id="2.0"),
        pytest.param("swagger: '2.0'\npaths: {/a: {}}\n", "Swagger 2.0: convert it", id="swagger"),
        pytest.param("openapi: 3.0.1\nx-t: !!bool foo\n", "not YAML", id="a tag that lies"),
        pytest.param("openapi: 3.0.1\npaths: " + "[" * 500 + "]" * 500, "nested", id="nested too deep"),
        pytest.param(b"openapi: 3.0.1\ninfo: \xe9\n", "not UTF-8 at byte 21", id="not UTF-8"),
    ],
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
        pytest.param("  title: Pure", "\ttitle: Pure", 3, "'\\t'", id="tab"),
        pytest.param("title: Pure", "title: *Pure", 3, "undefined alias", id="alias"),
        pytest.param("  version: 1.0.0", "  title: again", 7, 'duplicate key "title"', id="repeated key"),
        pytest.param("paths:\n", "paths\n", 13, "could not find expected ':'", id="no colon"),
        pytest.param("    Error:\n", "   Error:\n", 290, "expected <block end>", id="indentation"),
        pytest.param("servers:\n", "---\nservers:\n", 8, "another document", id="two documents"),
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
    assert f"{CALL}/404/content/application~1json/schema" in message
    assert repr(reference) in message


@pytest.mark.parametrize(
    ("old", "new", "location", "cause"),
    [
        pytest.param(
            RESULTS,
            "                  results: {type: object, additionalProperties: {type: array}}\n",
            "GET /calls/{call_id}",
            "must have items",
            id="array without items",
        ),
        pytest.param(
            "            application/json:\n              schema:\n                type: object\n",
            "            application/xml:\n              schema:\n                type: object\n",
            "GET /calls/{call_id}",
            "Unsupported content_type application/xml",
            id="content type",
        ),
        pytest.param(
            "      responses:\n",
            "        - {name: call_id, in: path, required: true, schema: {type: string}}\n      responses:\n",
            "GET /calls/{call_id}",
            "duplicates",
            id="repeated parameter",
        ),
        pytest.param(
            "- name: call_id\n",
            "- name: id\n",
            "GET /calls/{call_id}",
            "do not match",
            id="parameter not in path",
        ),
        pytest.param(
            "required: true\n", "required: false\n", "GET /calls/{call_id}", "must be required", id="optional"
        ),
        pytest.param("'404':\n", "'4O4':\n", "GET /calls/{call_id}", "4O4", id="status code"),
        pytest.param(
            "            - twilio\n",
            "            - 1\n",
            "/components/schemas/Call",
            "its enum contains 1",
            id="mixed enum",
        ),
        pytest.param(
            "        is_billed:\n          type: boolean\n",
            "        is_billed:\n          type: bool\n",
            "components.schemas.Call.",
            "'bool'",
            id="unknown type",
        ),
        pytest.param(
            "        is_billed:\n          type: boolean\n",
            "        is_billed:\n          $ref: '#/components/schemas/Flag'\n",
            "#/components/schemas/Call/properties/is_billed",
            "#/components/schemas/Flag",
            id="unknown reference in a property",
        ),
        pytest.param("  version: 1.0.0\n", "", "info.version", "Field required", id="no version"),
        pytest.param("      name: X-API-KEY\n", "", "ApiKeyAuth", "name", id="key without a header name"),
        pytest.param(
            "components:\n",
            "  /agents:\n    get:\n      operationId: get_call\n      tags: [calls]\n"
            "      responses:\n        '200': {description: Agents}\ncomponents:\n",
            "/agents",
            "get_call",
            id="two operations of one name",
        ),
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
    run = project.import_apart("models.Call(call_id='1', last_one=2)")
    assert (run.status, run.err) == (0, "")


@pytest.mark.parametrize("name", ["openapi.yaml", "generator-config.yaml", "overlay/spec-fixes.yaml"])
def test_missing_file_is_named(project: Project, name: str) -> None:
    """The message names a missing file."""
    (project.root / name).unlink()
    assert name.rpartition("/")[2] in project.refusal()


@pytest.mark.parametrize("name", ["openapi.yaml", "generator-config.yaml", "overlay/spec-fixes.yaml"])
def test_folder_instead_of_a_file_is_named(project: Project, name: str) -> None:
    """The message names a path that cannot be read as a file."""
    (project.root / name).unlink()
    (project.root / name).mkdir()
    assert name.rpartition("/")[2] in project.refusal()


@pytest.mark.parametrize("content", ["literal_enums: [\n", "- literal_enums\n", "literal_enums: {a: 1}\n"])
def test_invalid_configuration_is_named(project: Project, content: str) -> None:
    """The message names generator-config.yaml, not openapi.yaml."""
    project.write(content, "generator-config.yaml")
    message = project.refusal()
    assert "generator-config.yaml" in message
    assert "openapi.yaml" not in message


def test_failing_hook_is_named(project: Project) -> None:
    """A post hook that fails stops generation; the message names its command."""
    project.write('post_hooks: ["false"]\n', "generator-config.yaml")
    assert "false failed" in project.refusal()


@pytest.mark.parametrize(
    ("template", "cause"),
    [
        pytest.param("{% if openapi %}", "Unexpected end of template", id="syntax"),
        pytest.param("{{ openapi.nope.nope }}", "nope", id="undefined"),
    ],
)
def test_broken_template_is_named(project: Project, template: str, cause: str) -> None:
    """The message names a template that fails, with the cause and without a traceback."""
    project.write(template, "overlay/templates/models.py.jinja")
    message = project.refusal()
    assert "models.py.jinja" in message
    assert cause in message


@pytest.mark.parametrize("name", ["package_init.py.jinja", "runtime/codec.py", "runtime/bodies.py"])
def test_generated_code_must_be_python(project: Project, name: str) -> None:
    """A template or a runtime module that is not valid Python stops generation; the message names the module."""
    project.write("def (\n", f"overlay/templates/{name}")
    module = {"package_init.py.jinja": "__init__.py"}.get(name, name.removeprefix("runtime/"))
    assert module in project.refusal()


def test_missing_runtime_is_named(project: Project) -> None:
    """Without the runtime, the modules of the generator would be in the package."""
    shutil.rmtree(project.root / "overlay" / "templates" / "runtime")
    assert "overlay/templates/runtime: no such folder" in project.refusal()


@pytest.mark.parametrize("name", ["codec", "client"])
def test_missing_module_of_the_runtime_is_named(project: Project, name: str) -> None:
    """A missing module is reported, also if the generator has a module of that name."""
    (project.root / "overlay" / "templates" / "runtime" / f"{name}.py").unlink()
    assert f"No module named 'puretalk_generated.{name}'" in project.refusal()
