"""Call in models of Pydantic and in handlers of FastAPI."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Annotated, Any

import attrs
import httpx
import pytest
from tests.support.canary import WORDS
from tests.support.payloads import CALL

from puretalk_client import Call
from puretalk_client._pydantic import json_schema
from puretalk_client.testing import sample_call

pydantic = pytest.importorskip("pydantic", reason="pydantic is not installed (dependency group test)")


@attrs.frozen(kw_only=True)
class Node:
    """A node of a list."""

    next: Node | None = None


def fastapi() -> Any:
    """Return FastAPI's module, or skip."""
    return pytest.importorskip("fastapi", reason="fastapi is not installed (dependency group test)")


async def responses_of(app: Any, *requests: tuple[str, str, Any]) -> list[httpx.Response]:
    """Send requests to an application in memory."""
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://app.test") as client:
        return [await client.request(method, path, json=body) for method, path, body in requests]


SENT = {**sample_call(), "metadata": {"model": "m", "crm_id": 7}, "status": "gone fishing", "is_billed": "yes"}
"""A call with own metadata, an unknown status and a value that does not match."""


def test_importing_the_package_does_not_import_pydantic() -> None:
    """Pydantic asks for the schema when it is there."""
    code = "import sys, puretalk_client; print([name for name in sys.modules if name.startswith('pydantic')])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_field_of_a_model_is_a_call() -> None:
    """Validation takes a call, its dict or its JSON; serialization writes what the API sends."""

    class Report(pydantic.BaseModel):  # type: ignore[name-defined, misc]
        call: Call
        others: list[Call]

    call = Call.from_dict(SENT)
    report = Report(call=call, others=[SENT])
    assert report.call is call
    assert report.others == [call]
    assert report.model_dump()["call"] == call.to_dict()
    assert json.loads(report.model_dump_json()) == {"call": call.to_dict(), "others": [call.to_dict()]}
    assert Report.model_validate_json(report.model_dump_json()) == report


@pytest.mark.parametrize("value", [5, [], "text", None])
def test_other_values_are_validation_errors(value: Any) -> None:
    """As of any field. Values within the call that do not match the document are kept."""
    adapter = pydantic.TypeAdapter(Call)
    with pytest.raises(pydantic.ValidationError, match="instead of Call"):
        adapter.validate_python(value)
    assert adapter.validate_python({"metadata": "text"}).metadata.received == "text"


@pytest.mark.parametrize("mode", ["validation", "serialization"])
def test_schema_has_the_documented_properties(mode: Any) -> None:
    """Closed enums and types, without references that only this package resolves."""
    adapter = pydantic.TypeAdapter(list[Call])
    schema = adapter.json_schema(mode=mode)
    call = schema["$defs"]["Call"]
    assert schema["items"] == {"$ref": "#/$defs/Call"}
    assert call["properties"].keys() == CALL["properties"].keys()
    assert "$ref" not in json.dumps(call)
    assert {"type": "null"} in call["properties"]["metadata"]["anyOf"]
    turn = call["properties"]["transcript_object"]["anyOf"][0]["items"]
    assert {"type": "number"} in turn["properties"]["turn_latency"]["anyOf"][0]["properties"]["latency"]["anyOf"]


def test_recursive_model_has_a_schema() -> None:
    """Today's document has none; the schema ends where the model repeats."""
    schema = json_schema(Node, "A node")
    assert (schema["title"], schema["description"]) == ("Node", "A node")
    assert schema["properties"]["next"]["anyOf"] == [{}, {"type": "null"}]


async def test_handler_returns_a_call() -> None:
    """The response is what the API sends, and /openapi.json shows its schema."""
    app = fastapi().FastAPI()
    call = Call.from_dict(SENT)

    async def read_call() -> Call:
        return call

    async def list_calls() -> list[Call]:
        return [call, call]

    app.get("/call")(read_call)
    app.get("/calls")(list_calls)
    one, many, document = await responses_of(
        app, ("GET", "/call", None), ("GET", "/calls", None), ("GET", "/openapi.json", None)
    )
    assert (one.status_code, one.json()) == (200, call.to_dict())
    assert (many.status_code, many.json()) == (200, [call.to_dict()] * 2)
    schema = document.json()
    response = schema["paths"]["/call"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert response == {"$ref": "#/components/schemas/Call"}
    assert schema["components"]["schemas"]["Call"]["properties"].keys() == CALL["properties"].keys()


async def test_handler_takes_a_call_as_its_body() -> None:
    """FastAPI needs ``Body()`` for classes that are neither of Pydantic nor dataclasses."""
    module = fastapi()
    app = module.FastAPI()

    async def receive(call: Any) -> dict[str, Any]:
        return {"crm_id": call.metadata["crm_id"], "type": type(call).__name__}

    receive.__annotations__["call"] = Annotated[Call, module.Body()]
    app.post("/hook")(receive)
    accepted, refused = await responses_of(app, ("POST", "/hook", SENT), ("POST", "/hook", [WORDS["transcript"]]))
    assert accepted.json() == {"crm_id": 7, "type": "Call"}
    assert refused.status_code == 422
    assert "instead of Call" in refused.json()["detail"][0]["msg"]
