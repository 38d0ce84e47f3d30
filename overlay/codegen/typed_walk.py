"""Compares the schemas of a document with the types that a generated package has for them."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterator
from typing import Any, Literal

import attrs

from .pointers import at, escape

KINDS: dict[str, tuple[Any, ...]] = {
    "string": (str, "date", "datetime", "UUID", "bytes", "File"),
    "integer": (int, float),
    "number": (float, int),
    "boolean": (bool,),
    "null": (type(None),),
}
"""The Python types that can hold a value of each JSON type: a type, or the name of one."""
KIND_OF = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}
NAMED = ("properties", "patternProperties", "$defs", "responses", "content", "headers")
"""Keywords whose members are named by the author of the document, not by OpenAPI."""
DATA = ("example", "examples", "default", "enum", "const")
"""Keywords that contain data, not schemas."""


class TypedWalk:
    """Finds what is missing from the types of the queued schemas and of everything below them.

    Attributes:
        problems: The first problem at each JSON Pointer.
        reached: JSON Pointers of the schemas and properties that have a type.
    """

    def __init__(self, document: Any, hints: Callable[[Any], dict[str, Any]]) -> None:
        self.document = document
        self.hints = hints
        self.problems: dict[str, str] = {}
        self.reached: set[str] = set()
        self.waiting: list[tuple[Any, Any, str, bool]] = []
        self.is_part = False
        """Whether the walk is below a member of an allOf: other members may allow fewer enum values."""

    def problem(self, where: str, reason: str) -> None:
        """Record a problem at a pointer, unless there is one already."""
        self.problems.setdefault(where, reason)

    def queue(self, schema: Any, hint: Any, where: str, is_part: bool = False) -> None:
        """Queue a schema and its type for ``walk``, which therefore does not recurse."""
        self.waiting.append((schema, hint, where, is_part or self.is_part))

    def walk(self) -> None:
        """Compare all queued schemas, and everything below them."""
        seen = set()
        while self.waiting:
            schema, hint, where, self.is_part = self.waiting.pop()
            if isinstance(schema, dict) and (where, hint, self.is_part) not in seen:
                seen.add((where, hint, self.is_part))
                self.reached.add(where)
                if "$ref" in schema:
                    self.queue(at(self.document, schema["$ref"]), hint, schema["$ref"])
                for keyword in ("allOf", "anyOf", "oneOf"):
                    for index, branch in enumerate(schema.get(keyword) or ()):
                        is_part = keyword == "allOf" and len(schema["allOf"]) > 1
                        self.queue(branch, hint, f"{where}/{keyword}/{index}", is_part)
                options = members(hint)
                self.check_values(schema, options, where)
                self.check_items(schema, options, where)
                self.check_properties(schema, options, where)

    def check_values(self, schema: Any, options: list[Any], where: str) -> None:
        """Check that the type can hold each value of the enum, or else each JSON type of the schema."""
        missing = [
            f"{'an' if kind[0] in 'aio' else 'a'} {kind}" for kind in json_types(schema) if not admits(options, kind)
        ]
        if schema.get("enum") or schema.get("const") is not None:
            values = schema.get("enum") or [schema["const"]]
            missing = [repr(value) for value in values if not admits(options, KIND_OF.get(type(value)), value)]
            if self.is_part and len(missing) < len(values):
                return
        if missing and Any not in options:
            kept = " | ".join(str(o) if typing.get_origin(o) else o.__name__ for o in options)
            self.problem(where, f"its type, {kept}, cannot hold {' or '.join(missing)}")

    def check_items(self, schema: Any, options: list[Any], where: str) -> None:
        """Queue the items of an array."""
        hint = union([typing.get_args(option)[0] for option in options if typing.get_origin(option) is list])
        self.queue(schema.get("items"), hint, f"{where}/items")
        for index, branch in enumerate(schema.get("prefixItems") or ()):
            self.queue(branch, hint, f"{where}/prefixItems/{index}")

    def check_properties(self, schema: Any, options: list[Any], where: str) -> None:
        """Check that each property is a field of a model, by its JSON name, and queue it."""
        models = [option for option in options if attrs.has(option)]
        fields = [(field, self.hints(model)[field.name]) for model in models for field in attrs.fields(model)]
        names = " or ".join(model.__name__ for model in models) or "any model"
        properties = schema.get("properties") or {}
        for name in {**properties, **dict.fromkeys(schema.get("required") or ())}:
            pointer = f"{where}/properties/{escape(name)}"
            if found := [hint for field, hint in fields if json_name(field) == name]:
                self.reached.add(pointer)
                self.queue(properties.get(name), union(found), pointer)
            elif name in properties or Any not in options:
                self.problem(pointer, f"it is not a field of {names}")
        extra = [hint for field, hint in fields if json_name(field) is None]
        values = [typing.get_args(o)[1] for o in [*extra, *options] if typing.get_origin(o) is dict]
        for keyword in ("additionalProperties", "patternProperties"):
            if schema.get(keyword) and not values and Any not in options:
                self.problem(f"{where}/{keyword}", f"they are not kept by {names}")
        self.queue(schema.get("additionalProperties"), union(values), f"{where}/additionalProperties")


def members(hint: Any) -> list[Any]:
    """Return the members of a union, or the type itself."""
    if typing.get_origin(hint) is typing.Annotated:
        return members(typing.get_args(hint)[0])
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        return [member for argument in typing.get_args(hint) for member in members(argument)]
    return [type(None) if hint is None else hint]


def union(hints: list[Any]) -> Any:
    """Return the union of the types, or Any if there are none."""
    return typing.Union[tuple(hints or [Any])]  # noqa: UP007


def json_types(schema: Any) -> list[str]:
    """Return the JSON types that a schema allows explicitly."""
    named = schema.get("type") or []
    return [*([named] if isinstance(named, str) else named), *(["null"] if schema.get("nullable") else [])]


def admits(options: list[Any], kind: str | None, value: Any = None) -> bool:
    """Whether one of the types can hold ``value``, or any value of the JSON type if it is None."""
    for option in options:
        origin = typing.get_origin(option)
        if origin is Literal:
            literals = typing.get_args(option)
            if value in literals or (value is None and kind in map(KIND_OF.get, map(type, literals))):
                return True
        elif kind == "array" or kind == "object":
            if origin is (list if kind == "array" else dict) or (kind == "object" and attrs.has(option)):
                return True
        elif {option, option.__name__} & set(KINDS.get(str(kind), ())):
            return True
    return False


def json_name(field: Any) -> str | None:
    """Return the JSON name of a field, or None for the field that keeps additional properties."""
    is_extra = field.metadata.get("additional_properties")
    return None if is_extra else str(field.metadata.get("json_name", field.name))


def property_pointers(node: Any, where: str, holder: str = "") -> Iterator[str]:
    """Yield the JSON Pointer of every property of every schema below ``node``, under whatever keyword."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        if not holder and (key in DATA or str(key).startswith("x-")):
            continue
        pointer = f"{where}/{escape(key)}"
        if holder == "properties":
            yield pointer
        if isinstance(value, (dict, list)):
            yield from property_pointers(value, pointer, key if key in NAMED and not holder else "")
