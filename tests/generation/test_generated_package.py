"""The generated package holds all that openapi.yaml describes: a walk over the document itself says so."""

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

from spec_tools import document as spec_document

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "generated" / "puretalk_generated"
SPEC: Any = spec_document.load_yaml(ROOT / "openapi.yaml")


@attrs.frozen
class Property:
    """A property of the spec, and the model that should have it."""

    where: str
    name: str
    schema: Any
    required: bool
    model: type[Any]

    @property
    def field(self) -> Any:
        """The model's field of this property, or None."""
        for field in attrs.fields(self.model):
            if field.metadata.get("json_name", field.name) == self.name:
                return field
        return None

    @property
    def hint(self) -> Any:
        """The type of that field."""
        codec = importlib.import_module(f"{self.model.__module__.partition('.')[0]}.codec")
        return codec.hints(self.model)[self.field.name]

    @property
    def descriptions(self) -> list[str]:
        """What the spec says of the property, or, where it says nothing, what its branches say."""
        branches = [branch for key in ("oneOf", "anyOf", "allOf") for branch in self.schema.get(key, [])]
        said = [schema["description"] for schema in (self.schema, *branches) if "description" in schema]
        return said[:1] if "description" in self.schema else said


def operations(package: str) -> dict[str, ModuleType]:
    """The operations of a generated package by their method and path."""
    api = importlib.import_module(f"{package}.api")
    names = [found.name for found in pkgutil.walk_packages(api.__path__, f"{package}.api.")]
    modules = [importlib.import_module(name) for name in names]
    return {str(module.__doc__): module for module in modules if hasattr(module, "RESPONSES")}


def model_of(hint: Any) -> Any:
    """The model inside ``list[Model] | None`` and the like."""
    if attrs.has(hint):
        return hint
    return next((model for argument in typing.get_args(hint) if (model := model_of(argument))), None)


def walk(schema: Any, hint: Any, where: str) -> Iterator[Property]:
    """Yield every property below a schema, following the types of the attributes from ``hint``."""
    if "$ref" in schema:
        where = schema["$ref"]
        schema = SPEC["components"]["schemas"][where.rpartition("/")[2]]
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
    """Every property of the spec that can be reached through a generated package."""
    found: list[Property] = []
    models = importlib.import_module(f"{package}.models")
    for name, schema in SPEC["components"]["schemas"].items():
        found += walk(schema, getattr(models, name), f"#/components/schemas/{name}")
    for path, method, operation in every_operation():
        module = operations(package)[f"{method.upper()} {path}"]
        here, media = f"#/paths/{path.replace('/', '~1')}/{method}", "content/application~1json/schema"
        for status, response in operation["responses"].items():
            if schema := schema_of(response):
                answer = module.RESPONSES.match(int(status.replace("XX", "00").replace("default", "999")))
                found += walk(schema, answer.type, f"{here}/responses/{status}/{media}")
        if schema := schema_of(operation.get("requestBody", {})):
            hint = typing.get_type_hints(module.request, include_extras=True)["body"]
            found += walk(schema, hint, f"{here}/requestBody/{media}")
    return found


def schema_of(holder: Any) -> Any:
    """The schema of a JSON body, None where there is none."""
    return holder.get("content", {}).get("application/json", {}).get("schema")


def every_operation() -> Iterator[tuple[str, str, Any]]:
    """Yield the path, the method and the operation object of every operation of the spec."""
    for path, item in SPEC["paths"].items():
        for method in item.keys() & {"get", "put", "post", "delete", "options", "head", "patch", "trace"}:
            yield path, method, item[method]


def every_place(node: Any, where: str = "#") -> Iterator[str]:
    """Yield the place of every property in the document, with no regard to models."""
    if isinstance(node, dict):
        for key, value in node.items():
            place = f"{where}/{str(key).replace('/', '~1')}"
            if key == "properties":
                yield from (f"{place}/{name}" for name in value)
            yield from every_place(value, place)


def docstrings(model: type[Any]) -> dict[str, str]:
    """The docstrings of a model's attributes: each is a text that stands after an annotated name."""
    source = Path(inspect.getfile(model)).read_text(encoding="utf-8")
    [body] = [node.body for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef)]
    found: dict[str, str] = {}
    for statement, following in zip(body, [*body[1:], None], strict=True):
        if not (isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)):
            continue
        match following:
            case ast.Expr(ast.Constant(str(text))):
                found[statement.target.id] = " ".join(text.split())
    return found


def problems(package: str = "puretalk_generated") -> set[str]:
    """Where a generated package does not hold what the spec describes."""
    found: set[str] = set()
    reached = properties(package)
    found |= {f"not reached: {place}" for place in set(every_place(SPEC)) - {item.where for item in reached}}
    for item in reached:
        if item.field is None:
            found.add(f"no attribute: {item.where}")
            continue
        docstring = docstrings(item.model).get(item.field.name, "")
        for description in item.descriptions:
            if " ".join(description.split()) not in docstring:
                found.add(f"no description: {item.where}")
    return found


def test_every_property_of_the_spec_is_an_attribute_with_its_description() -> None:
    """Each property of each schema, inline ones too, is an attribute whose docstring is its description."""
    assert len(set(every_place(SPEC))) > 40, "the walk saw no document"
    assert problems() == set()


Copy = Callable[[str, str, str], str]


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Copy]:
    """Copy the generated package under another name, with one text in one file replaced."""
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
            "models/call.py",
            '    from_number: str | None = None\n    """The originating phone number"""\n',
            "",
            {"no attribute: #/components/schemas/Call/properties/from_number"},
            id="attribute removed",
        ),
        pytest.param(
            "models/turn_latency.py",
            "    llm_latency: float",
            "    llm_delay: float",
            {
                "no attribute: #/components/schemas/Call/properties/transcript_object/items/properties"
                "/turn_latency/properties/llm_latency"
            },
            id="nested attribute renamed",
        ),
        pytest.param(
            "models/error.py",
            "    err: bool\n",
            "",
            {"no attribute: #/components/schemas/Error/properties/err"},
            id="required attribute removed",
        ),
        pytest.param(
            "models/call.py",
            '    """The ID of the call"""\n',
            "",
            {"no description: #/components/schemas/Call/properties/call_id"},
            id="docstring removed",
        ),
        pytest.param(
            "models/call_metadata.py",
            "The model of the call",
            "A model",
            {"no description: #/components/schemas/Call/properties/metadata/properties/model"},
            id="docstring changed",
        ),
        pytest.param("errors.py", "is no success", "is not a success", set(), id="nothing of the spec"),
    ],
)
def test_walk_reports_what_a_model_lacks(
    copied: Copy, file: str, old: str, new: str, expected: set[str]
) -> None:
    """Of a package in which one thing of the spec is gone, the walk reports that thing and nothing else."""
    assert problems(copied(file, old, new)) == expected


def test_walk_reports_a_nested_model_that_became_a_plain_object(copied: Copy) -> None:
    """A nested schema whose attribute lost its model is reported with every property in it."""
    file, old = "models/transcript_turn.py", "turn_latency: TurnLatency | None"
    reported = problems(copied(file, old, "turn_latency: dict[str, float] | None"))
    assert len(reported) == 4
    assert all("/turn_latency/properties/" in problem for problem in reported)


def test_every_optional_attribute_is_its_type_or_none() -> None:
    """What the spec does not require is ``X | None`` with None as default; what it requires is neither."""
    for item in properties():
        optional = type(None) in typing.get_args(item.hint)
        default = None if optional else attrs.NOTHING
        assert (optional, item.field.default) == (not item.required, default), item.where


def test_models_have_no_attribute_that_the_spec_does_not_name() -> None:
    """No model has a field beside those of the spec."""
    reached = properties()
    for model in {item.model for item in reached}:
        named = {item.field.name for item in reached if item.model is model}
        assert named == {field.name for field in attrs.fields(model)}, model


def test_every_enum_of_the_spec_is_the_same_set_of_literals() -> None:
    """An enum is a Literal of its values, save the status: its vocabulary is the overlay's."""
    enums = [item for item in properties() if "enum" in item.schema]
    assert enums
    for item in enums:
        [alias] = [argument for argument in typing.get_args(item.hint) if argument is not type(None)]
        if item.where == "#/components/schemas/Call/properties/status":
            assert alias is str
        else:
            assert set(typing.get_args(alias)) == set(item.schema["enum"]), item.where


def test_every_operation_is_a_function_with_its_parameters() -> None:
    """Each operation of the spec is an async function and a pure request function, with every parameter."""
    assert operations("puretalk_generated").keys() == {
        f"{m.upper()} {path}" for path, m, _ in every_operation()
    }
    for path, method, operation in every_operation():
        module = operations("puretalk_generated")[f"{method.upper()} {path}"]
        [send] = [function for _, function in inspect.getmembers(module, inspect.iscoroutinefunction)]
        declared = [*SPEC["paths"][path].get("parameters", []), *operation.get("parameters", [])]
        names = list(inspect.signature(module.request).parameters)
        assert len(names) == len(declared) + ("requestBody" in operation)
        assert list(inspect.signature(send).parameters) == ["client", *names]
        assert operation.get("description", "") in str(inspect.getdoc(send))
