"""Gives classes, parameters and properties of one name different names; stock leaves out what contains them.

These replace private members of openapi-python-client, which is pinned exactly in pyproject.toml.
"""

from __future__ import annotations

import importlib
import itertools
from typing import Any

from attrs import evolve
from openapi_python_client.config import Config
from openapi_python_client.parser.errors import ParseError, PropertyError
from openapi_python_client.parser.openapi import Endpoint
from openapi_python_client.parser.properties import Class, LiteralEnumProperty, ModelProperty
from openapi_python_client.parser.properties.none import NoneProperty
from openapi_python_client.parser.properties.union import UnionProperty
from openapi_python_client.schema.untrusted_string import UntrustedString
from openapi_python_client.strings import ClassName, PythonIdentifier

IMPORTED = frozenset(
    {
        *("Any", "AwareDatetime", "BytesIO", "File", "FileTypes", "Literal", "UUID"),
        *("DocumentedResponse", "Final", "KeyPlace", "Request", "Responses", "Sender"),
    }
)
"""Names that the generated modules import, and that no class may hide."""
TAKEN = ("Attempted to generate duplicate models", "Found conflicting enums")
"""How stock says that another schema has the name of a class."""

_models: Any = importlib.import_module("openapi_python_client.parser.properties.model_property")
_stock_class: Any = Class.from_string
_stock_parameters: Any = Endpoint._check_parameters_for_conflicts


def install() -> None:
    """Replace the functions that name things."""
    Class.from_string = staticmethod(name_class)  # type: ignore[method-assign]
    for kind in (ModelProperty, LiteralEnumProperty):
        kind.build = staticmethod(with_free_class(kind))  # type: ignore[method-assign]
    Endpoint._check_parameters_for_conflicts = name_parameters  # type: ignore[method-assign]
    _models._resolve_naming_conflict = name_properties


def name_class(*, string: Any, config: Config) -> Class:
    """Name a class; one that would hide an import gets the suffix Model."""
    info: Class = _stock_class(string=string, config=config)
    if info.name in IMPORTED:
        info.name = ClassName(f"{info.name}Model", config.field_prefix)
    return info


def with_free_class(kind: Any) -> Any:
    """Return ``build`` of a kind of property with a class: equal schemas share a class, others get a number."""
    build = kind.build

    def build_free(*, data: Any, name: Any, schemas: Any, config: Config, **rest: Any) -> Any:
        prop, built = build(data=data, name=name, schemas=schemas, config=config, **rest)
        for number in itertools.count(2):
            if not isinstance(prop, PropertyError) or not str(prop.detail).startswith(TAKEN):
                break
            others = schemas.classes_by_name.values()
            known = next((each for each in others if getattr(each, "data", None) == data), None)
            if known is not None:
                identifier = PythonIdentifier(name, config.field_prefix)
                return evolve(known, name=name, python_name=identifier, required=rest["required"]), schemas
            base = (data.title or name).get_untrusted_value()
            if kind is ModelProperty and not data.title:  # stock prepends the name of the parent to other titles
                base = f"{rest['parent_name']} {base}"
            renamed = data.model_copy(update={"title": UntrustedString(f"{base} {number}")})
            prop, built = build(data=renamed, name=name, schemas=schemas, config=config, **rest)
        if isinstance(prop, ModelProperty):
            prop.data = data  # with the title that the document gives it
        if isinstance(prop, LiteralEnumProperty) and data.nullable and rest["required"]:  # stock would forget null
            names = ("name", "required", "python_name", "description", "example")
            about = {each: getattr(prop, each) for each in names}
            null = NoneProperty(default=None, **about)
            prop = UnionProperty(default=None, inner_properties=[null, prop], **about)
        return prop, built

    return build_free


def name_parameters(self: Endpoint, *, config: Config, **rest: Any) -> Endpoint:
    """Add the location, and where that is not enough a number, to the name of a parameter that another one has."""
    if not isinstance(_stock_parameters(self, config=config, **rest), ParseError):
        return self
    used: set[str] = set()
    for location, prop in self.iter_all_parameters():
        prop.set_python_name(prop.name, config=config)
        for number in itertools.count(1):
            if prop.python_name not in used:
                break
            suffix = location if number == 1 else f"{location} {number}"
            prop.set_python_name(UntrustedString(f"{prop.name.get_untrusted_value()} {suffix}"), config=config)
        used.add(prop.python_name)
    return self


def name_properties(first: Any, second: Any, config: Config) -> PropertyError | None:
    """Write two properties that differ only in case as the document does; spell punctuation, which would be dropped."""
    for prop in (first, second):
        raw = prop.name.get_untrusted_value()
        spelled = "".join(f"_x{ord(character):x}" for character in raw if not (character.isalnum() or character == "_"))
        prop.set_python_name(UntrustedString(raw + spelled), config=config, skip_snake_case=not spelled)
    same = first.python_name == second.python_name
    return PropertyError(detail=f"{first.name} and {second.name} have the same Python name") if same else None
