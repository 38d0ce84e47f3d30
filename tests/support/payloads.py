"""Hypothesis strategies for JSON, and for payloads that are valid by the schemas of an OpenAPI document.

The strategies leave out payloads that models do not keep: undocumented properties where the schema has documented
ones and no ``additionalProperties``, numbers that an IEEE double cannot hold, fractions of a microsecond, and leap
seconds.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from ruamel.yaml import YAML

Schema = dict[str, Any]

DOCUMENT: Any = YAML(typ="safe").load(Path(__file__).parents[2] / "openapi.yaml")
"""The vendor's document."""
CALL: Schema = DOCUMENT["components"]["schemas"]["Call"]
GET_CALL = next(item["get"] for path, item in DOCUMENT["paths"].items() if path.endswith("}"))
ENVELOPE: Schema = GET_CALL["responses"]["200"]["content"]["application/json"]["schema"]

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
STRINGS = {
    "date": st.dates().map(date.isoformat),
    "date-time": st.datetimes(timezones=OFFSETS).map(datetime.isoformat),
    "uuid": st.uuids().map(str),
    "byte": st.sampled_from(["", "AA==", "/+8="]),
}
# Most JSON implementations read numbers as IEEE doubles (RFC 8259, section 6), as a float does.
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
INTEGERS = st.integers()
INTEGRAL_FLOATS = st.integers(-(2**53), 2**53).map(float)
"""Integers to JSON Schema, but not to msgspec."""
JSON_SCALARS = st.none() | st.booleans() | st.integers() | NUMBERS | TEXT
JSON_VALUES = st.recursive(
    JSON_SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=4,
)
SIZE = 3
"""Items of an array, at most."""


class Maker:
    """Makes strategies for the payloads of one document.

    Attributes:
        schemas: The document's ``components.schemas``.
    """

    def __init__(
        self,
        document: Any,
        *,
        max_depth: int = 3,
        integers: st.SearchStrategy[Any] = INTEGERS | INTEGRAL_FLOATS,
    ) -> None:
        """Choose what to make.

        Args:
            document: An OpenAPI document.
            max_depth: Depth below which arrays are empty and optional properties absent, so that recursion ends.
            integers: The values of ``type: integer``.
        """
        self.schemas: dict[str, Schema] = document.get("components", {}).get("schemas", {})
        self._max_depth = max_depth
        self._scalars: dict[str, st.SearchStrategy[Any]] = {
            "integer": integers,
            "number": NUMBERS,
            "boolean": st.booleans(),
            "null": st.none(),
        }

    def resolve(self, schema: Any) -> Schema:
        """Follow a reference, and merge the members of ``allOf`` into one schema."""
        if "$ref" in schema:
            return self.resolve(self.schemas[schema["$ref"].rpartition("/")[2]])
        if "allOf" not in schema:
            return dict(schema)
        members = [self.resolve(member) for member in schema["allOf"]]
        members.append({name: value for name, value in schema.items() if name != "allOf"})
        merged: Schema = {}
        for member in members:
            properties = {**merged.get("properties", {})}
            for name, value in member.get("properties", {}).items():
                properties[name] = {**properties.get(name, {}), **value}
            required = [*merged.get("required", ()), *member.get("required", ())]
            merged |= {**member, "properties": properties, "required": required}
        if not merged["properties"]:
            del merged["properties"]
        return merged

    def payloads(self, schema: Any, depth: int = 0) -> st.SearchStrategy[Any]:
        """Return a strategy for the valid payloads of a schema."""
        schema = self.resolve(schema)
        if schema.pop("nullable", False):
            return st.none() | self.payloads(schema, depth)
        if "const" in schema:
            return st.just(schema["const"])
        if "enum" in schema:
            also = [float(value) for value in schema["enum"] if type(value) is int]
            return st.sampled_from([*schema["enum"], *also])
        for keyword in ("oneOf", "anyOf"):
            if keyword in schema:
                return st.one_of([self._union_member(schema, member, depth) for member in schema[keyword]])
        if isinstance(schema.get("type"), list):
            return st.one_of([self.payloads({**schema, "type": name}, depth) for name in schema["type"]])
        return self._of_one_type(schema, depth)

    def _union_member(self, union: Schema, member: Any, depth: int) -> st.SearchStrategy[Any]:
        """Return a strategy for a member of a union, with the value that its discriminator demands."""
        made = self.payloads(member, depth)
        if "discriminator" not in union:
            return made
        tag = union["discriminator"]["propertyName"]
        own = self.resolve(member)["properties"].get(tag, {}).get("enum")
        values = st.sampled_from(own or discriminator_values(union, member))
        return st.builds(lambda payload, value: {**payload, tag: value}, made, values)

    def _of_one_type(self, schema: Schema, depth: int) -> st.SearchStrategy[Any]:
        kind = schema.get("type", "object" if "properties" in schema else "array" if "items" in schema else None)
        if kind == "array":
            return self._arrays(schema, depth)
        if kind == "object":
            return self._objects(schema, depth)
        if kind == "string":
            return STRINGS.get(schema.get("format", ""), TEXT)
        return self._scalars.get(kind or "", JSON_VALUES)

    def _arrays(self, schema: Schema, depth: int) -> st.SearchStrategy[Any]:
        if "prefixItems" in schema:
            return st.tuples(*(self.payloads(item, depth + 1) for item in schema["prefixItems"])).map(list)
        size = SIZE if depth < self._max_depth else 0
        return st.lists(self._nested(schema.get("items", {}), depth), max_size=size)

    def _nested(self, schema: Any, depth: int) -> st.SearchStrategy[Any]:
        """Return a strategy for a schema within another; deferred, because it may be the other."""
        return st.deferred(lambda: self.payloads(schema, depth + 1))

    def _objects(self, schema: Schema, depth: int) -> st.SearchStrategy[Any]:
        required = schema.get("required", ())
        named = schema.get("properties", {})
        items = {
            name: self._nested(value, depth)
            for name, value in named.items()
            if name in required or depth < self._max_depth
        }
        made = st.fixed_dictionaries(
            {name: value for name, value in items.items() if name in required},
            optional={name: value for name, value in items.items() if name not in required},
        )
        extra = schema.get("additionalProperties", not named)
        if extra is False or depth >= self._max_depth:
            return made
        value = JSON_VALUES if extra is True else self._nested(extra, depth)
        others = st.dictionaries(TEXT.filter(lambda name: name not in named), value, max_size=2)
        return st.builds(lambda extras, payload: {**extras, **payload}, others, made)


def discriminator_values(union: Schema, member: Schema) -> list[str]:
    """List the discriminator values for a member of a union: those mapped to it, else its name."""
    name = member["$ref"].rpartition("/")[2]
    mapping = union["discriminator"].get("mapping", {})
    return [value for value, target in mapping.items() if target.rpartition("/")[2] == name] or [name]


def envelopes() -> st.SearchStrategy[Any]:
    """Return a strategy for the valid bodies of ``GET /calls/{call_id}``."""
    return Maker(DOCUMENT, max_depth=8, integers=INTEGERS).payloads(ENVELOPE)


def calls_of_any_json() -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy for objects with the properties of ``Call``, each with any JSON value."""
    return st.fixed_dictionaries({}, optional=dict.fromkeys(CALL["properties"], JSON_VALUES))
