"""No ``Any`` in the public surface, except where it says why; and a consumer in this folder uses every public name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import griffe
import pytest
from tests.typing.surface import MODULES, anys, exported, load, members

# Where, and why nothing else is right.
JSON_OBJECT = "a JSON object, typed as json.loads and pydantic's model_dump type it: callers index into it"
TYPE_FORM = "a model: a class or any other annotation, which Python can only type with TypeForm (PEP 747)"
TYPESHED = "as typeshed has it"
ALLOWED = {
    "puretalk_client._client.AsyncPuretalk.paginate(parameters)": "the parameters of whichever operation is given",
    "puretalk_client.errors.PostAnalysisMissingError.args": TYPESHED,
    "puretalk_client.errors.PostAnalysisTypeError.args": TYPESHED,
    "puretalk_client.models.Call.to_dict ->": JSON_OBJECT,
    "puretalk_client.models.CallEnvelope": TYPE_FORM,
    "puretalk_client.models.REPLACED": TYPE_FORM,
    "puretalk_client.models.replaced": TYPE_FORM,
    "puretalk_client.testing._samples.example_call ->": JSON_OBJECT,
    "puretalk_client.testing._samples.example_call(changes)": JSON_OBJECT,
    "puretalk_client.testing._samples.sample_call ->": JSON_OBJECT,
    "puretalk_client.testing._samples.sample_call(changes)": JSON_OBJECT,
    "puretalk_client.testing._sandbox.Sandbox.add_call(call)": JSON_OBJECT,
    "puretalk_client.testing._sandbox.Sandbox.add_lifecycle(call)": JSON_OBJECT,
    "puretalk_client.testing._virtual_time.virtual_time.__call__(function)": TYPESHED,
    "puretalk_generated.models.TranscriptTurn.tool_calls": "the document does not say what the items are",
}
CONSUMERS = sorted(Path(__file__).parent.glob("api*.py"))


@pytest.fixture(scope="module")
def package() -> griffe.Module:
    """Read the sources once."""
    return load()


def public(package: griffe.Module) -> Iterator[griffe.Object]:
    """List every public object; a member that several classes inherit comes several times."""
    for module in MODULES:
        for thing in exported(package, module).values():
            yield from members(thing)


def test_no_any(package: griffe.Module) -> None:
    """Each ``Any`` is in the list above, and the list has no other."""
    found = {place for thing in public(package) for place in anys(thing)}
    assert found == set(ALLOWED)


def test_any_is_noticed() -> None:
    """It is found in parameters, results, attributes, overloads, strings and inside other types."""
    source = """
from typing import Any, overload
class Base:
    field: dict[str, "Any"]
    def fetch(self, one: Any, *rest: list[Any], **more: int) -> tuple[Any, ...]: ...
    @property
    def value(self) -> "Any | None": ...
    @overload
    def either(self, one: int) -> Any: ...
    @overload
    def either(self, one: str) -> str: ...
    def either(self, one: Any) -> Any: ...
"""
    with griffe.temporary_visited_module(source, module_name="puretalk_client") as module:
        found = {place.partition("Base.")[2] for thing in members(module["Base"]) for place in anys(thing)}
    assert found == {"field", "fetch(one)", "fetch(rest)", "fetch ->", "value", "either ->"}


def test_consumers_use_every_public_name(package: griffe.Module) -> None:
    """What no consumer uses could change its type, and no checker would notice."""
    used: set[str] = set()
    for file in CONSUMERS:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                used.add(node.attr)
            elif isinstance(node, ast.Name):
                used.add(node.id)
            elif isinstance(node, ast.Dict):  # of a TypedDict
                used |= {str(key.value) for key in node.keys if isinstance(key, ast.Constant)}
    found = {thing.path: thing.name for thing in public(package) if not thing.name.startswith("_")}
    assert len(found) > 200
    assert sorted(path for path, name in found.items() if name not in used) == []
