"""The vendor's document, and validators for the schema ``Call``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema_rs
from ruamel.yaml import YAML

DOCUMENT = Path(__file__).parents[2] / "support" / "openapi.yaml"
"""The document that puretalk_client was written for. Whoever adapts the samples to a newer one copies it there."""


def load_spec() -> dict[str, Any]:
    """Load the document that puretalk_client was written for."""
    spec: dict[str, Any] = YAML(typ="safe").load(DOCUMENT)
    return spec


def call_schema() -> dict[str, Any]:
    """Return the schema ``Call``."""
    schema: dict[str, Any] = load_spec()["components"]["schemas"]["Call"]
    return schema


def call_validator(*, exact: bool) -> jsonschema_rs.Validator:
    """Make a validator for ``Call``.

    Args:
        exact: Require every property and allow no others. The schema itself requires none and allows any,
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
        converted |= {"required": [*schema["properties"]], "additionalProperties": False}
    return {"anyOf": [converted, {"type": "null"}]} if schema.get("nullable") else converted
