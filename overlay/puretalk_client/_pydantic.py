"""Models in Pydantic, and so in FastAPI: how they are validated, serialized and described."""

from __future__ import annotations

import importlib
from typing import Any

import msgspec

from .errors import ResponseDecodeError


def core_schema(model: Any) -> Any:
    """Return Pydantic's schema of a model that has ``from_dict`` and ``to_dict``.

    Validation accepts an instance, or a mapping as the API sends it. Serialization returns such a dict.
    """
    schemas: Any = importlib.import_module("pydantic_core.core_schema")  # there when Pydantic asks for this

    def validate(value: Any) -> Any:
        if isinstance(value, model):
            return value
        try:
            return model.from_dict(value)
        except ResponseDecodeError as error:
            message = error.message
        raise ValueError(message)

    return schemas.no_info_plain_validator_function(
        validate,
        ref=f"{model.__module__}.{model.__qualname__}",
        serialization=schemas.plain_serializer_function_ser_schema(lambda value: value.to_dict()),
    )


def json_schema(model: Any, description: str) -> dict[str, Any]:
    """Return the JSON Schema of a generated model, with those of its fields inside."""
    (schema,), components = msgspec.json.schema_components([model], ref_template="{name}")
    found = _inline(schema, components, ())
    return {**found, "title": model.__name__, "description": description}


def _inline(part: Any, components: dict[str, Any], names: tuple[str, ...]) -> Any:
    """Replace references by what they refer to: Pydantic has its own names for definitions."""
    if isinstance(part, list):
        return [_inline(item, components, names) for item in part]
    if not isinstance(part, dict):
        return part
    name = part.get("$ref")
    if isinstance(name, str):
        return {} if name in names else _inline(components[name], components, (*names, name))
    return {key: _inline(item, components, names) for key, item in part.items()}
