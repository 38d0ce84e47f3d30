"""Strategies for the payloads of a schema, and the comparison of a payload after a round trip.

Some valid payloads are not generated because they do not survive a round trip: additional properties of a schema that
has properties but no additionalProperties, numbers that are not IEEE doubles, fractions of a microsecond, and leap
seconds.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import attrs
from hypothesis import strategies as st

Schema = dict[str, Any]

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
STRINGS = {
    "date": st.dates().map(date.isoformat),
    "date-time": st.datetimes(timezones=OFFSETS).map(datetime.isoformat),
    "uuid": st.uuids().map(str),
    "byte": st.sampled_from(["", "AA==", "/+8="]),
}
# Most JSON implementations, and float, use IEEE doubles (RFC 8259, section 6).
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
INTEGERS = st.integers() | st.integers(-(2**53), 2**53).map(float)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=3,
)
SIZE = 3


class Strategies:
    """Strategies for payloads that are valid by the schemas of one document."""

    def __init__(self, document: Any) -> None:
        self.schemas: dict[str, Schema] = document.get("components", {}).get("schemas", {})

    def resolved(self, schema: Any) -> Schema:
        """Follow references, and merge allOf into one schema."""
        if "$ref" in schema:
            return self.resolved(self.schemas[schema["$ref"].rpartition("/")[2]])
        if "allOf" not in schema:
            return dict(schema)
        members = [self.resolved(member) for member in schema["allOf"]]
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
        """A strategy for the payloads of a schema."""
        schema = self.resolved(schema)
        if schema.pop("nullable", False):
            return st.none() | self.payloads(schema, depth)
        if "const" in schema:
            return st.just(schema["const"])
        if "enum" in schema:
            also = [float(value) for value in schema["enum"] if type(value) is int]
            return st.sampled_from([*schema["enum"], *also])
        for keyword in ("oneOf", "anyOf"):
            if keyword in schema:
                return st.one_of([self.member(schema, member, depth) for member in schema[keyword]])
        if isinstance(schema.get("type"), list):
            return st.one_of([self.payloads({**schema, "type": name}, depth) for name in schema["type"]])
        return self.typed(schema, depth)

    def member(self, union: Schema, member: Any, depth: int) -> st.SearchStrategy[Any]:
        """A strategy for a member of a union, with a value of the discriminator that selects it."""
        payloads = self.payloads(member, depth)
        if "discriminator" not in union:
            return payloads
        tag = union["discriminator"]["propertyName"]
        own = self.resolved(member)["properties"].get(tag, {}).get("enum")
        values = st.sampled_from(own or tags(union, member))
        return st.builds(lambda payload, value: {**payload, tag: value}, payloads, values)

    def typed(self, schema: Schema, depth: int) -> st.SearchStrategy[Any]:
        """A strategy for a schema without enum, union or allOf."""
        kind = schema.get("type", "object" if "properties" in schema else None)
        if kind == "array":
            return self.arrays(schema, depth)
        if kind == "object":
            return self.objects(schema, depth)
        if kind == "string":
            return STRINGS.get(schema.get("format", ""), TEXT)
        plain = {"integer": INTEGERS, "number": NUMBERS, "boolean": st.booleans(), "null": st.none()}
        return plain.get(kind or "", ANYTHING)

    def arrays(self, schema: Schema, depth: int) -> st.SearchStrategy[Any]:
        """A strategy for arrays. From a certain depth they are empty, to end recursion."""
        if "prefixItems" in schema:
            return st.tuples(*(self.payloads(item, depth + 1) for item in schema["prefixItems"])).map(list)
        size = SIZE if depth < SIZE else 0
        return st.lists(self.within(schema["items"], depth), max_size=size)

    def within(self, schema: Any, depth: int) -> st.SearchStrategy[Any]:
        """A deferred strategy for a nested schema, which may be the schema itself."""
        return st.deferred(lambda: self.payloads(schema, depth + 1))

    def objects(self, schema: Schema, depth: int) -> st.SearchStrategy[Any]:
        """A strategy for objects, with additional properties where the schema allows them."""
        required = schema.get("required", ())
        named = schema.get("properties", {})
        items = {name: self.within(value, depth) for name, value in named.items() if name in required or depth < SIZE}
        payloads = st.fixed_dictionaries(
            {name: value for name, value in items.items() if name in required},
            optional={name: value for name, value in items.items() if name not in required},
        )
        extra = schema.get("additionalProperties", not named)
        if extra is False or depth >= SIZE:
            return payloads
        value = ANYTHING if extra is True else self.within(extra, depth)
        others = st.dictionaries(TEXT.filter(lambda name: name not in named), value, max_size=2)
        return st.builds(lambda extras, payload: {**extras, **payload}, others, payloads)


def tags(union: Schema, member: Schema) -> list[str]:
    """The values of the discriminator that select a member: those mapped to it, or its name."""
    name = member["$ref"].rpartition("/")[2]
    mapping = union["discriminator"].get("mapping", {})
    return [tag for tag, target in mapping.items() if target.rpartition("/")[2] == name] or [name]


def with_nulls(value: Any, payload: Any, null: Any) -> Any:
    """Replace None by ``null`` in ``value`` where ``payload`` has an explicit null for an optional property.

    Decoding does not distinguish an explicit null from an absent property, but encoding must be able to send both.
    """
    if attrs.has(type(value)):
        changes: dict[str, Any] = {}
        for field in attrs.fields(type(value)):
            current, name = getattr(value, field.name), field.metadata.get("json_name", field.name)
            if field.metadata.get("additional_properties"):
                changes[field.alias] = with_nulls(current, payload, null)
            elif name in payload:
                is_null = payload[name] is None and field.default is None
                changes[field.alias] = null if is_null else with_nulls(current, payload[name], null)
        return attrs.evolve(value, **changes)
    if isinstance(value, dict):
        return {name: with_nulls(item, payload[name], null) for name, item in value.items()}
    if isinstance(value, list):
        return [with_nulls(item, part, null) for item, part in zip(value, payload, strict=True)]
    return value


def same(sent: Any, back: Any) -> bool:
    """Whether two payloads are equal: 1 equals 1.0 (JSON Schema), and dates and UUIDs are compared by value."""
    if isinstance(sent, dict) and isinstance(back, dict):
        return sent.keys() == back.keys() and all(same(sent[name], back[name]) for name in sent)
    if isinstance(sent, list) and isinstance(back, list):
        return len(sent) == len(back) and all(map(same, sent, back))
    if isinstance(sent, bool) or isinstance(back, bool):
        return sent is back
    if sent == back:
        return True
    return isinstance(sent, str) and isinstance(back, str) and meaning(sent) == meaning(back) is not None


def meaning(text: str) -> Any:
    """Parse a text as a datetime or a UUID, if it is one."""
    for read in (datetime.fromisoformat, UUID):
        try:
            return read(text)
        except ValueError:
            continue
    return None
