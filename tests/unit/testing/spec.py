"""The vendor's document, and validators for the schema ``Call``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema_rs
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[3]

# A later document may have more properties. The sandbox only has to cover those it was written for.
KNOWN_PROPERTIES = {
    name for model in YAML(typ="safe").load(ROOT / "overlay/spec-reads.yaml")["models"].values() for name in model
}


def load_spec() -> dict[str, Any]:
    """Load the vendor's document, unchanged."""
    spec: dict[str, Any] = YAML(typ="safe").load(ROOT / "openapi.yaml")
    return spec


def call_schema() -> dict[str, Any]:
    """Return the schema ``Call``."""
    schema: dict[str, Any] = load_spec()["components"]["schemas"]["Call"]
    return schema


def call_validator(*, exact: bool) -> jsonschema_rs.Validator:
    """Make a validator for ``Call``.

    Args:
        exact: Require every known property and allow no others. The schema itself requires none and allows any,
            so that it accepts an empty object.
    """
    schema = _to_json_schema(call_schema(), exact=exact)
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


def _to_json_schema(schema: Any, *, exact: bool) -> Any:
    """Convert OpenAPI 3.0 to JSON Schema, where ``nullable`` is a choice of types."""
    if isinstance(schema, list):
        return [_to_json_schema(item, exact=exact) for item in schema]
    if not isinstance(schema, dict):
        return schema
    converted = {
        name: {key: _to_json_schema(value, exact=exact) for key, value in child.items()}
        if name == "properties"
        else _to_json_schema(child, exact=exact)
        for name, child in schema.items()
        if name not in ("nullable", "example")
    }
    if exact and "properties" in schema:
        known = [name for name in schema["properties"] if name in KNOWN_PROPERTIES]
        converted |= {"required": known, "additionalProperties": False}
    return {"anyOf": [converted, {"type": "null"}]} if schema.get("nullable") else converted
