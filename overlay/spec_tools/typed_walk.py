"""A walk over the schemas of a document and, side by side, the types that stand for them in a package."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterator
from typing import Any, Literal

import attrs

from .places import at, escaped

KINDS: dict[str, tuple[Any, ...]] = {
    "string": (str, "date", "datetime", "UUID", "bytes", "File"),
    "integer": (int, float),
    "number": (float, int),
    "boolean": (bool,),
    "null": (type(None),),
}
"""What a value of each JSON type may become: a type, or the name of one."""
KIND_OF = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}
NAMED = ("properties", "patternProperties", "$defs", "responses", "content", "headers")
"""Keywords whose members have names of the document's author, not of OpenAPI."""
DATA = ("example", "examples", "default", "enum", "const")
"""Keywords that hold data, in which nothing is a keyword."""


class TypedWalk:
    """What is missing of the schemas that were queued, and of all below them.

    Attributes:
        problems: The first thing that is wrong at each place.
        reached: The places of the schemas and properties for which there is a type.
    """

    def __init__(self, document: Any, hints: Callable[[Any], dict[str, Any]]) -> None:
        self.document = document
        self.hints = hints
        self.problems: dict[str, str] = {}
        self.reached: set[str] = set()
        self.waiting: list[tuple[Any, Any, str, bool]] = []
        self.is_part = False
        """Whether the walk is below a member of an allOf, of whose values another member may leave fewer."""

    def problem(self, where: str, reason: str) -> None:
        """Note what is wrong at a place, unless something is already."""
        self.problems.setdefault(where, reason)

    def queue(self, schema: Any, hint: Any, where: str, is_part: bool = False) -> None:
        """Leave a schema and its type for ``walk``, which so needs no recursion."""
        self.waiting.append((schema, hint, where, is_part or self.is_part))

    def walk(self) -> None:
        """Compare all that waits, and what is below it."""
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
        """See that the type holds each value of an enum, or else each JSON type."""
        held = [
            f"{'an' if kind[0] in 'aio' else 'a'} {kind}"
            for kind in json_types(schema)
            if not admits(options, kind)
        ]
        if schema.get("enum") or schema.get("const") is not None:
            values = schema.get("enum") or [schema["const"]]
            held = [repr(value) for value in values if not admits(options, KIND_OF.get(type(value)), value)]
            if self.is_part and len(held) < len(values):
                return
        if held and Any not in options:
            kept = " | ".join(str(o) if typing.get_origin(o) else o.__name__ for o in options)
            self.problem(where, f"its type, {kept}, does not hold {' or '.join(held)}")

    def check_items(self, schema: Any, options: list[Any], where: str) -> None:
        """Go on to the items of an array."""
        hint = union([typing.get_args(option)[0] for option in options if typing.get_origin(option) is list])
        self.queue(schema.get("items"), hint, f"{where}/items")
        for index, branch in enumerate(schema.get("prefixItems") or ()):
            self.queue(branch, hint, f"{where}/prefixItems/{index}")

    def check_properties(self, schema: Any, options: list[Any], where: str) -> None:
        """See that each property is a field of a model, by its JSON name, and go on to it."""
        models = [option for option in options if attrs.has(option)]
        fields = [(field, self.hints(model)[field.name]) for model in models for field in attrs.fields(model)]
        names = " or ".join(model.__name__ for model in models) or "any model"
        properties = schema.get("properties") or {}
        for name in {**properties, **dict.fromkeys(schema.get("required") or ())}:
            place = f"{where}/properties/{escaped(name)}"
            if found := [hint for field, hint in fields if json_name(field) == name]:
                self.reached.add(place)
                self.queue(properties.get(name), union(found), place)
            elif name in properties or Any not in options:
                self.problem(place, f"it is no field of {names}")
        extra = [hint for field, hint in fields if json_name(field) is None]
        values = [typing.get_args(o)[1] for o in [*extra, *options] if typing.get_origin(o) is dict]
        for keyword in ("additionalProperties", "patternProperties"):
            if schema.get(keyword) and not values and Any not in options:
                self.problem(f"{where}/{keyword}", f"they are not kept by {names}")
        self.queue(schema.get("additionalProperties"), union(values), f"{where}/additionalProperties")


def members(hint: Any) -> list[Any]:
    """Return the types that ``hint`` is a union of, itself if it is none."""
    if typing.get_origin(hint) is typing.Annotated:
        return members(typing.get_args(hint)[0])
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        return [member for argument in typing.get_args(hint) for member in members(argument)]
    return [type(None) if hint is None else hint]


def union(hints: list[Any]) -> Any:
    """Return the union of some types, of none Any."""
    return typing.Union[tuple(hints or [Any])]  # noqa: UP007


def json_types(schema: Any) -> list[str]:
    """Return the JSON types that a schema names."""
    named = schema.get("type") or []
    return [*([named] if isinstance(named, str) else named), *(["null"] if schema.get("nullable") else [])]


def admits(options: list[Any], kind: str | None, value: Any = None) -> bool:
    """Whether one of these types holds ``value``, or else some value, of a JSON type."""
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
    """Return the property that a field of a model is; None for the field that keeps those without one."""
    is_extra = field.metadata.get("additional_properties")
    return None if is_extra else str(field.metadata.get("json_name", field.name))


def property_places(node: Any, where: str, holder: str = "") -> Iterator[str]:
    """Yield the place of every property of every schema below ``node``, whatever keyword it stands under."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        if not holder and (key in DATA or str(key).startswith("x-")):
            continue
        place = f"{where}/{escaped(key)}"
        if holder == "properties":
            yield place
        if isinstance(value, (dict, list)):
            yield from property_places(value, place, key if key in NAMED and not holder else "")
