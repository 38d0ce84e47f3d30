"""Reads the names in a generated package from its source. Nothing is imported, so a broken package can be read too."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from attrs import define, field, frozen
from openapi_python_client.config import ConfigFile
from openapi_python_client.strings import ClassName

from .document import operations
from .pointers import Pointer
from .surface import fields


@frozen
class Attribute:
    """An attribute of a model."""

    name: str
    """In Python."""
    annotation: str
    """As written in the source."""
    required: bool
    """Whether it has no default."""


@define
class Operation:
    """A module below ``api``."""

    name: str
    """Such as ``calls.get_call``."""
    parameters: dict[str, str] = field(factory=dict)
    """Python names of the parameters by their names in the document."""
    responses: dict[str, str] = field(factory=dict)
    """Types of the responses, as written in the source, by the first status that each covers."""
    body: str = ""
    """The type of the body, as written in the source."""
    body_name: str = "body"
    signature: str = ""
    """The parameters of ``request``, as written in the source."""

    @property
    def success(self) -> str:
        """The types of the successful responses."""
        return " | ".join(self.responses[first] for first in sorted(self.responses) if first.startswith("2"))


@frozen
class Names:
    """The names in a generated package."""

    models: dict[str, dict[str, Attribute]]
    """Attributes by class, and by their names in the document."""
    operations: dict[str, Operation]
    """By method and path, such as ``GET /calls/{call_id}``."""
    aliases: frozenset[str]
    """Names of the enums, which are types but not classes."""


def read(package: Path) -> Names:
    """Read a generated package. A missing or broken module has no names."""
    models: dict[str, dict[str, Attribute]] = {}
    aliases: set[str] = set()
    for node in _body(package / "models.py"):
        if isinstance(node, ast.ClassDef):
            models[node.name] = dict(_attributes(node))
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            aliases.add(node.targets[0].id)
    found = {}
    for path in sorted((package / "api").glob("*/[!_]*.py")):
        where, operation = _operation(path)
        found[where] = operation
    return Names(models, found, frozenset(aliases - {"__all__"}))


def _body(path: Path) -> list[ast.stmt]:
    try:
        return ast.parse(path.read_text(encoding="utf-8")).body
    except (FileNotFoundError, SyntaxError):
        return []


def _attributes(model: ast.ClassDef) -> Iterator[tuple[str, Attribute]]:
    for node in model.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            has_default = isinstance(node.value, ast.Constant) or bool(_keywords(node) & {"default", "factory"})
            attribute = Attribute(node.target.id, ast.unparse(node.annotation), required=not has_default)
            yield dict(_pairs(node)).get("json_name", attribute.name), attribute


def _keywords(node: ast.AST) -> set[str | None]:
    return {keyword.arg for inner in ast.walk(node) if isinstance(inner, ast.Call) for keyword in inner.keywords}


def _pairs(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield the two strings of each ``{"name": "value"}`` and each ``("name", value)`` below ``node``."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Dict):
            couples = list(zip(inner.keys, inner.values, strict=True))
        elif isinstance(inner, ast.Tuple) and len(inner.elts) == 2:
            couples = [(inner.elts[0], inner.elts[1])]
        else:
            continue
        for key, value in couples:
            if isinstance(key, ast.Constant) and isinstance(value, ast.Constant):
                yield str(key.value), str(value.value)
            elif isinstance(key, ast.Constant) and isinstance(value, ast.Name):
                yield str(key.value), value.id


def _operation(path: Path) -> tuple[str, Operation]:
    """Return the docstring of a module below ``api``, which is method and path, and its names."""
    operation = Operation(f"{path.parent.name}.{path.stem}")
    body = _body(path)
    for node in body:
        if isinstance(node, ast.AnnAssign) and node.value is not None:  # RESPONSES
            for inner in ast.walk(node.value):
                if isinstance(inner, ast.Call) and len(inner.args) == 4 and isinstance(inner.args[0], ast.Constant):
                    operation.responses.setdefault(str(inner.args[0].value), ast.unparse(inner.args[3]))
        elif isinstance(node, ast.FunctionDef) and node.name == "request":
            arguments = [*node.args.args, *node.args.kwonlyargs]
            operation.signature = ast.unparse(node.args)
            operation.parameters = {argument.arg: argument.arg for argument in arguments} | dict(_pairs(node))
            # The body is called "body_" if a parameter is called "body".
            for argument in arguments:
                if argument.arg in ("body", "body_") and argument.annotation is not None:
                    operation.body, operation.body_name = ast.unparse(argument.annotation), argument.arg
                    if argument.arg == "body_":
                        break
    docstring = body[0].value if body and isinstance(body[0], ast.Expr) else None
    return str(docstring.value) if isinstance(docstring, ast.Constant) else "", operation


def component_classes(document: Any, config: ConfigFile) -> dict[str, str]:
    """Return the class name of each component schema, by the rules of the generator."""
    classes = {}
    for name, schema in ((document.get("components") or {}).get("schemas") or {}).items():
        default = ClassName(schema.get("title") or name, config.field_prefix)
        override = (config.class_overrides or {}).get(default)
        classes[name] = str((override and override.class_name) or default)
    return classes


def python_names(document: Any, names: Names, classes: Mapping[str, str]) -> dict[Pointer, str]:
    """Return the Python names by pointer into ``document``.

    Args:
        document: The document that the package was generated from.
        names: The return value of ``read`` for the package.
        classes: The return value of ``component_classes``.
    """
    found: dict[Pointer, str] = {}
    for name, schema in ((document.get("components") or {}).get("schemas") or {}).items():
        _name(schema, ("components", "schemas", name), classes[name], names, found)
    for where, operation in operations(document):
        module = names.operations.get(where)
        if module is None:
            continue
        method, path = where.split(" ", 1)
        at: Pointer = ("paths", path, method.lower())
        found[at] = module.name
        for holder_at, holder in ((at[:2], document["paths"][path]), (at, operation)):
            for index, parameter in enumerate(holder.get("parameters") or ()):
                python = module.parameters.get(str(parameter.get("name")))
                if python:
                    found[*holder_at, "parameters", index] = f"{module.name}({python}=)"
        if "requestBody" in operation:
            found[*at, "requestBody"] = f"{module.name}({module.body_name}=)"
            _contents(operation["requestBody"], (*at, "requestBody"), module.body, names, found)
        for status, response in (operation.get("responses") or {}).items():
            first = {"default": "0"}.get(str(status), str(status).replace("X", "0"))
            hint = module.responses.get(first, "")
            _contents(response, (*at, "responses", str(status)), hint, names, found)
    return found


def _contents(holder: Any, at: Pointer, hint: str, names: Names, found: dict[Pointer, str]) -> None:
    for media, entry in (holder.get("content") or {}).items():
        _name((entry or {}).get("schema"), (*at, "content", media, "schema"), hint, names, found)


def _name(schema: Any, at: Pointer, hint: str, names: Names, found: dict[Pointer, str]) -> None:
    """Name ``schema``, whose annotation is ``hint``, and everything below it."""
    if not isinstance(schema, dict) or "$ref" in schema:
        return  # the target of a reference has its own name
    words = set(re.findall(r"\w+", hint))
    classes = sorted(words & names.models.keys())
    if len(classes) == 1 or words & names.aliases:
        found.setdefault(at, [*classes, *sorted(words & names.aliases)][0])
    model = classes[0] if len(classes) == 1 else ""
    attributes = names.models.get(model, {})
    for name, child, _, field_at in fields(schema):
        if name in attributes:
            found[*at, *field_at] = f"{model}.{attributes[name].name}"
            _name(child, (*at, *field_at), attributes[name].annotation, names, found)
    for word in ("oneOf", "anyOf"):
        for index, member in enumerate(schema.get(word) or ()):
            _name(member, (*at, word, index), hint, names, found)
    for word in ("items", "additionalProperties"):
        _name(schema.get(word), (*at, word), hint, names, found)
