"""Reads what callers see of a generated package, and finds the pointer of each name in the document.

griffe reads the sources; nothing is imported. Modules that are the same for every document are left out.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import griffe
from attrs import evolve, field, frozen
from openapi_python_client.strings import ClassName, PythonIdentifier

from .document import GenerationError, operations
from .pointers import Pointer, at as target_of

PACKAGE = "generated/puretalk_generated"
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

    def map(self, change: Callable[[str], str]) -> Fact:
        """Return the fact with its texts changed."""
        return evolve(self, of=change(self.of), type=change(self.type), declared=change(self.declared))


@frozen
class Contents:
    """The names of a generated package."""

    facts: dict[str, Fact] = field(factory=dict)
    """By name: ``Call``, ``Call.status``, ``calls.get_call``, ``calls.get_call(call_id)``, ``calls.get_call 404``."""
    fields: dict[str, dict[str, str]] = field(factory=dict)
    """The names of each model's fields, by their names in the document."""
    routes: dict[str, str] = field(factory=dict)
    """The names of the operations, by method and path."""


def read(root: Path) -> Contents:
    """Read the generated package of the project at ``root``."""
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
    found: dict[str, Pointer] = {"spec.VERSION": ("info", "version"), "spec.SERVER": ("servers", 0, "url")}

    def name_models(schema: Any, at: Pointer, hint: str) -> None:
        """Note the models in a schema, whose type in Python is ``hint``."""
        schema, at = followed(document, schema, at)
        words = [word for word in re.findall(r"\w+", hint) if word in contents.facts and word not in found]
        if not isinstance(schema, dict) or not words:
            return
        own = {name: (child, child_at) for name, child, child_at in properties(document, schema, at)}
        values = {repr(value) for value in schema.get("enum") or () if value is not None}
        for word in words:
            names = contents.fields.get(word)
            is_model = names is not None and own.keys() == names.keys() and (own or schema.get("type") == "object")
            if is_model or (values and values == contents.facts[word].values):
                found[word] = at
                for name, (child, child_at) in own.items():
                    field = f"{word}.{names[name]}" if names else name
                    found[field] = child_at
                    name_models(child, child_at, contents.facts[field].type)
                return
        for keyword in ("oneOf", "anyOf", "allOf"):
            for index, member in enumerate(schema.get(keyword) or ()):
                name_models(member, (*at, keyword, index), hint)
        for keyword in ("items", "additionalProperties"):
            name_models(schema.get(keyword), (*at, keyword), hint)

    def name_part(node: Any, at: Pointer, name: str) -> None:
        """Note a parameter, a body or a response, and the models in it."""
        if name in contents.facts:
            found[name], hint = at, contents.facts[name].type
            node, at = followed(document, node, at)
            name_models(node.get("schema"), (*at, "schema"), hint)
            for kind, media in (node.get("content") or {}).items():
                name_models((media or {}).get("schema"), (*at, "content", kind, "schema"), hint)

    for where, operation in operations(document):
        if name := contents.routes.get(where):
            method, path = where.split(" ", 1)
            at = found[name] = ("paths", path, method.lower())
            for holder, holder_at in ((document["paths"][path], at[:2]), (operation, at)):
                for index, parameter in enumerate(holder.get("parameters") or ()):
                    python = PythonIdentifier(str(followed(document, parameter, ())[0].get("name")), "field_")
                    name_part(parameter, (*holder_at, "parameters", index), f"{name}({python})")
            name_part(operation.get("requestBody"), (*at, "requestBody"), f"{name}(body)")
            for status, response in (operation.get("responses") or {}).items():
                first = str(status).replace("X", "0").replace("default", "0")
                name_part(response, (*at, "responses", str(status)), f"{name} {first}")
    for name, schema in ((document.get("components") or {}).get("schemas") or {}).items():
        name_models(schema, ("components", "schemas", name), str(ClassName(name, "field_")))
    return found


def followed(document: Any, node: Any, at: Pointer) -> tuple[Any, Pointer]:
    """Follow references from a node; return the node that they lead to, and its pointer."""
    while isinstance(node, dict) and isinstance(reference := node.get("$ref"), str):
        node = target_of(document, reference)
        at = tuple(step.replace("~1", "/").replace("~0", "~") for step in reference.split("/")[1:])
    return node, at


def properties(document: Any, schema: Any, at: Pointer) -> Iterator[tuple[str, Any, Pointer]]:
    """Yield name, schema and pointer of each property, also of those in ``allOf``."""
    for index, part in enumerate(schema.get("allOf") or ()):
        member, member_at = followed(document, part, (*at, "allOf", index))
        if isinstance(member, dict):
            yield from properties(document, member, member_at)
    for name, child in (schema.get("properties") or {}).items():
        yield name, child, (*at, "properties", name)
