"""Reads what callers see of a generated package, and finds the pointer of each name in the document.

griffe reads the sources; nothing is imported. Modules that are the same for every document are left out.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import griffe
from attrs import field, frozen
from openapi_python_client.strings import PythonIdentifier

from .document import GenerationError, Pointer, operations, parts, resolve, walk
from .fixes import apply_fixes
from .loading import load_yaml
from .regenerate import FIXES, PACKAGE

JSON_NAME = re.compile(r"""'json_name': ('.*?'|".*?")}""")


@frozen(kw_only=True)
class Fact:
    """What callers see of one name."""

    what: str
    """constant, model, values, field, operation, parameter or response."""
    of: str = ""
    """The model or operation that it is part of."""
    type: str = ""
    """The annotation; of a constant, the value."""
    values: frozenset[str] = frozenset()
    """The members of a Literal, as written in Python."""
    required: bool = False
    declared: str = ""
    """Everything else that the source says of it."""


@frozen
class Contents:
    """The names of a generated package."""

    facts: dict[str, Fact] = field(factory=dict)
    """By name: ``Call``, ``Call.status``, ``calls.get_call``, ``calls.get_call(call_id)``, ``calls.get_call 404``."""
    fields: dict[str, dict[str, str]] = field(factory=dict)
    """The names of each model's fields, by their names in the document."""
    routes: dict[str, str] = field(factory=dict)
    """The names of the operations, by method and path."""
    pointers: dict[str, Pointer] = field(factory=dict)
    """The pointer of each name that the document, with the fixes, describes."""


def read(root: Path) -> Contents:
    """Read the generated package of the project at ``root``."""
    document = load_yaml(root / "openapi.yaml")
    apply_fixes(document, load_yaml(root / FIXES), FIXES, [])
    folder, found = root / PACKAGE, Contents()
    try:
        package: Any = griffe.GriffeLoader(search_paths=[folder.parent], allow_inspection=False).load(folder.name)
        read_models(package["models"], found)
        for tag in package["api"].modules.values():
            for module in tag.modules.values():
                read_operation(f"{tag.name}.{module.name}", module, found)
        for name, constant in package["spec"].attributes.items():
            found.facts[f"spec.{name}"] = Fact(what="constant", type=str(constant.value))
    except (ImportError, KeyError, griffe.GriffeError) as error:
        raise GenerationError(f'{PACKAGE}: cannot be read ({error}): run "make generate"') from None
    found.pointers.update(pointers(document, found))
    return found


def read_models(module: Any, found: Contents) -> None:
    """Note the classes of ``models.py`` with their fields, and the Literals."""
    for name, model in module.classes.items():
        hidden = {key: str(value.value) for key, value in model.attributes.items() if key.startswith("_")}
        found.facts[name] = Fact(what="model", declared=f"{[*map(str, model.bases)]} {hidden}")
        names = found.fields[name] = {}
        for key, attribute in model.attributes.items():
            if key.startswith("_"):
                continue
            value = "" if attribute.value is None else str(attribute.value)
            required = not value or ("field(" in value and not re.search(r"\b(default|factory)=", value))
            found.facts[f"{name}.{key}"] = Fact(
                what="field", of=name, type=str(attribute.annotation), required=required, declared=value
            )
            json_name = JSON_NAME.search(value)
            if "'additional_properties': True" not in value:
                names[ast.literal_eval(json_name[1]) if json_name else key] = key
    for name, alias in module.attributes.items():
        if (value := str(alias.value)).startswith("Literal["):
            members = [node for node in ast.walk(ast.parse(value)) if isinstance(node, ast.Constant)]
            found.facts[name] = Fact(what="values", values=frozenset(map(ast.unparse, members)))


def read_operation(name: str, module: Any, found: Contents) -> None:
    """Note an operation with its parameters and responses."""
    request = module["request"]
    [function] = ast.parse(request.source).body
    assert isinstance(function, ast.FunctionDef)
    body = "\n".join(map(ast.unparse, function.body[1:]))  # without the docstring
    found.facts[name] = Fact(what="operation", type=str(module[module.name].returns), declared=body)
    found.routes[module.docstring.value] = name
    for index, parameter in enumerate(request.parameters):
        place = "by name" if parameter.kind is griffe.ParameterKind.keyword_only else str(index)
        found.facts[f"{name}({parameter.name})"] = Fact(
            what="parameter", of=name, type=str(parameter.annotation), required=parameter.required, declared=place
        )
    for node in ast.walk(ast.parse(str(module["RESPONSES"].value))):
        if isinstance(node, ast.Call) and len(node.args) > 1:
            status, *others, kind = map(ast.unparse, node.args)
            found.facts[f"{name} {status}"] = Fact(what="response", of=name, type=kind, declared=", ".join(others))


def pointers(document: Any, contents: Contents) -> dict[str, Pointer]:
    """Return the pointer into ``document``, which has the fixes, of each name that it describes."""
    found: dict[str, Pointer] = {"spec.API_KEY": ("components", "securitySchemes")}
    found |= {"spec.VERSION": ("info", "version"), "spec.SERVER": ("servers", 0, "url")}
    for where, operation in operations(document):
        name, (method, path) = contents.routes.get(where, where), where.split(" ", 1)
        at = found[name] = ("paths", path, method.lower())
        for holder, holder_at in ((document["paths"][path], at[:2]), (operation, at)):
            for index, parameter in enumerate(holder.get("parameters") or ()):
                python = PythonIdentifier(str(resolve(document, parameter).get("name")), "field_")
                found[f"{name}({python})"] = (*holder_at, "parameters", index)
        found[f"{name}(body)"] = (*at, "requestBody")
        for status in operation.get("responses") or {}:
            found[f"{name} {str(status).replace('X', '0').replace('default', '0')}"] = (*at, "responses", str(status))
    nodes = [node for node in walk(document) if node.kind == "schema"]
    places = {id(node.value): node.pointer for node in nodes}
    for node in nodes:
        members = parts(document, node.value, "allOf") if "$ref" not in node.value else []
        children = {name: child for part in members for name, child in (part.get("properties") or {}).items()}
        is_object = children or (node.value.get("type") == "object" and "additionalProperties" in node.value)
        values = {repr(value) for value in node.value.get("enum") or () if value is not None}
        # A class has the properties or values of its schema. Of several, it is the one with the name of the operation
        # or the component in which the schema is, and then of the last step to it.
        same = [name for name, names in contents.fields.items() if is_object and names.keys() == children.keys()]
        same += [name for name, fact in contents.facts.items() if values and fact.values == values]
        holder = contents.routes.get(node.place.partition(": ")[0], str(node.pointer[2])).rpartition(".")[2]
        start, end = (re.sub(r"\W|_", "", str(step)).lower() for step in (holder, node.pointer[-1]))
        if len(same) > 1:
            same = [name for name in same if name.lower().startswith(start)]
        for model in sorted(same, key=lambda name: (name in found, not name.lower().endswith(end)))[:1]:
            found.setdefault(model, node.pointer)
            found.setdefault(f"{model}.additional_properties", node.pointer)
            for name, child in children.items():
                found.setdefault(f"{model}.{contents.fields[model][name]}", places.get(id(child), node.pointer))
    return found
