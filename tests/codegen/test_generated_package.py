"""The generated package contains everything that openapi.yaml describes: a walk over the document compares them."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import shutil
import sys
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs
import pytest

from codegen.loading import load_yaml

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "generated" / "puretalk_generated"
DOCUMENT: Any = load_yaml(ROOT / "openapi.yaml")


@attrs.frozen
class Property:
    """A property in the document, and the model that should have it."""

    where: str
    name: str
    schema: Any
    required: bool
    model: type[Any]

    @property
    def field(self) -> Any:
        """The field of the model for this property, or None."""
        for field in attrs.fields(self.model):
            if field.metadata.get("json_name", field.name) == self.name:
                return field
        return None

    @property
    def hint(self) -> Any:
        """The type of that field."""
        return typing.get_type_hints(self.model, include_extras=True)[self.field.name]

    @property
    def descriptions(self) -> list[str]:
        """The description of the property or, without one, those of its branches."""
        branches = [branch for key in ("oneOf", "anyOf", "allOf") for branch in self.schema.get(key, [])]
        found = [schema["description"] for schema in (self.schema, *branches) if "description" in schema]
        return found[:1] if "description" in self.schema else found


def operations(package: str) -> dict[str, ModuleType]:
    """The operations of a generated package by their method and path."""
    api = importlib.import_module(f"{package}.api")
    names = [found.name for found in pkgutil.walk_packages(api.__path__, f"{package}.api.")]
    modules = [importlib.import_module(name) for name in names]
    return {str(module.__doc__): module for module in modules if hasattr(module, "RESPONSES")}


def model_of(hint: Any) -> Any:
    """The model inside a type such as ``list[Model] | None``."""
    if attrs.has(hint):
        return hint
    return next((model for argument in typing.get_args(hint) if (model := model_of(argument))), None)


def walk(schema: Any, hint: Any, where: str) -> Iterator[Property]:
    """Yield every property below a schema, following the types of the attributes from ``hint``."""
    if "$ref" in schema:
        where = schema["$ref"]
        schema = DOCUMENT["components"]["schemas"][where.rpartition("/")[2]]
    if "items" in schema:
        yield from walk(schema["items"], hint, f"{where}/items")
    model = model_of(hint)
    if model is None:
        return
    for name, inner in schema.get("properties", {}).items():
        required = name in schema.get("required", [])
        found = Property(f"{where}/properties/{name}", name, inner, required, model)
        yield found
        if found.field is not None:
            yield from walk(inner, found.hint, found.where)


def properties(package: str = "puretalk_generated") -> list[Property]:
    """Every property in the document that can be reached through the types of a generated package."""
    found: list[Property] = []
    models = importlib.import_module(f"{package}.models")
    for name, schema in DOCUMENT["components"]["schemas"].items():
        found += walk(schema, getattr(models, name), f"#/components/schemas/{name}")
    for path, method, operation in every_operation():
        module = operations(package)[f"{method.upper()} {path}"]
        here, media = f"#/paths/{path.replace('/', '~1')}/{method}", "content/application~1json/schema"
        for status, response in operation["responses"].items():
            if schema := schema_of(response):
                documented = module.RESPONSES.match(int(status.replace("XX", "00").replace("default", "999")))
                found += walk(schema, documented.type, f"{here}/responses/{status}/{media}")
        if schema := schema_of(operation.get("requestBody", {})):
            hint = typing.get_type_hints(module.request, include_extras=True)["body"]
            found += walk(schema, hint, f"{here}/requestBody/{media}")
    return found


def schema_of(holder: Any) -> Any:
    """The schema of a JSON body, or None."""
    return holder.get("content", {}).get("application/json", {}).get("schema")


def every_operation() -> Iterator[tuple[str, str, Any]]:
    """Yield path, method and Operation Object of every operation in the document."""
    for path, item in DOCUMENT["paths"].items():
        for method in item.keys() & {"get", "put", "post", "delete", "options", "head", "patch", "trace"}:
            yield path, method, item[method]


def every_pointer(node: Any, where: str = "#") -> Iterator[str]:
    """Yield the JSON Pointer of every property in the document."""
    if isinstance(node, dict):
        for key, value in node.items():
            pointer = f"{where}/{str(key).replace('/', '~1')}"
            if key == "properties":
                yield from (f"{pointer}/{name}" for name in value)
            yield from every_pointer(value, pointer)


def docstrings(model: type[Any]) -> dict[str, str]:
    """The docstrings of a model's attributes: strings after annotated names."""
    tree = ast.parse(Path(inspect.getfile(model)).read_text(encoding="utf-8"))
    [body] = [node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == model.__name__]
    found: dict[str, str] = {}
    for statement, following in zip(body, [*body[1:], None], strict=True):
        if not (isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)):
            continue
        match following:
            case ast.Expr(ast.Constant(str(text))):
                found[statement.target.id] = " ".join(text.split())
    return found


def problems(package: str = "puretalk_generated") -> set[str]:
    """Differences between a generated package and the document."""
    found: set[str] = set()
    reached = properties(package)
    found |= {f"not reached: {where}" for where in set(every_pointer(DOCUMENT)) - {item.where for item in reached}}
    for item in reached:
        if item.field is None:
            found.add(f"no attribute: {item.where}")
            continue
        docstring = docstrings(item.model).get(item.field.name, "")
        for description in item.descriptions:
            if " ".join(description.split()) not in docstring:
                found.add(f"no description: {item.where}")
    return found


def test_every_property_of_the_document_is_an_attribute_with_its_description() -> None:
    """Each property of each schema, including inline ones, is an attribute whose docstring is its description."""
    assert len(set(every_pointer(DOCUMENT))) > 40, "the walk saw no document"
    assert problems() == set()


Copy = Callable[[str, str, str], str]


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Copy]:
    """A function that copies the generated package under another name, with one text replaced."""
    name = "puretalk_generated_copy"
    monkeypatch.syspath_prepend(tmp_path)

    def copy(file: str, old: str, new: str) -> str:
        shutil.copytree(PACKAGE, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        path = tmp_path / name / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1
        path.write_text(text.replace(old, new), encoding="utf-8")
        importlib.invalidate_caches()
        return name

    yield copy
    for module in [module for module in sys.modules if module.split(".")[0] == name]:
        del sys.modules[module]


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        pytest.param(
            "models.py",
            '    from_number: str | None = None\n    """The originating phone number"""\n',
            "",
            {"no attribute: #/components/schemas/Call/properties/from_number"},
            id="attribute removed",
        ),
        pytest.param(
            "models.py",
            "    llm_latency: float",
            "    llm_delay: float",
            {
                "no attribute: #/components/schemas/Call/properties/transcript_object/items/properties"
                "/turn_latency/properties/llm_latency"
            },
            id="nested attribute renamed",
        ),
        pytest.param(
            "models.py",
            "    err: bool\n",
            "",
            {"no attribute: #/components/schemas/Error/properties/err"},
            id="required attribute removed",
        ),
        pytest.param(
            "models.py",
            '    """The ID of the call"""\n',
            "",
            {"no description: #/components/schemas/Call/properties/call_id"},
            id="docstring removed",
        ),
        pytest.param(
            "models.py",
            "The model of the call",
            "A model",
            {"no description: #/components/schemas/Call/properties/metadata/properties/model"},
            id="docstring changed",
        ),
        pytest.param("errors.py", "HTTP status code", "The status", set(), id="not in the document"),
    ],
)
def test_walk_reports_what_a_model_lacks(copied: Copy, file: str, old: str, new: str, expected: set[str]) -> None:
    """If one thing is missing from the package, the walk reports that and nothing else."""
    assert problems(copied(file, old, new)) == expected


def test_walk_reports_a_nested_model_that_became_a_plain_object(copied: Copy) -> None:
    """A nested schema whose attribute has no model is reported with all its properties."""
    file, old = "models.py", "turn_latency: TurnLatency | None"
    reported = problems(copied(file, old, "turn_latency: dict[str, float] | None"))
    assert len(reported) == 4
    assert all("/turn_latency/properties/" in problem for problem in reported)


def test_every_optional_attribute_is_its_type_or_none() -> None:
    """An optional property is ``X | None`` with None as default; a required one is neither."""
    for item in properties():
        optional = type(None) in typing.get_args(item.hint)
        default = None if optional else attrs.NOTHING
        assert (optional, item.field.default) == (not item.required, default), item.where


def test_models_have_no_other_attributes() -> None:
    """No model has a field that is not in the document."""
    reached = properties()
    for model in {item.model for item in reached}:
        named = {item.field.name for item in reached if item.model is model}
        assert named == {field.name for field in attrs.fields(model)}, model


def test_every_enum_is_a_literal_of_its_values() -> None:
    """An enum becomes a Literal of its values, except the status, for which the overlay has its own type."""
    enums = [item for item in properties() if "enum" in item.schema]
    assert enums
    for item in enums:
        [alias] = [argument for argument in typing.get_args(item.hint) if argument is not type(None)]
        if item.where == "#/components/schemas/Call/properties/status":
            assert alias is str
        else:
            assert set(typing.get_args(alias)) == set(item.schema["enum"]), item.where


def test_every_operation_is_a_function_with_its_parameters() -> None:
    """Each operation has a coroutine function and a request function, with all its parameters."""
    assert operations("puretalk_generated").keys() == {f"{m.upper()} {path}" for path, m, _ in every_operation()}
    for path, method, operation in every_operation():
        module = operations("puretalk_generated")[f"{method.upper()} {path}"]
        [send] = [function for _, function in inspect.getmembers(module, inspect.iscoroutinefunction)]
        declared = [*DOCUMENT["paths"][path].get("parameters", []), *operation.get("parameters", [])]
        names = list(inspect.signature(module.request).parameters)
        assert len(names) == len(declared) + ("requestBody" in operation)
        assert list(inspect.signature(send).parameters) == ["sender", *names]
        assert operation.get("description", "") in str(inspect.getdoc(send))
