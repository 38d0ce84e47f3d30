"""The comparison of a payload with the payload after a round trip."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import attrs


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
