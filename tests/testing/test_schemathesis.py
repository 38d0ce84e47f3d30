"""The sandbox's answers against the vendor's own openapi.yaml, with controls that show the checks can fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from ruamel.yaml import YAML
from schemathesis import Case
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.schemas import OpenApiSchema
from starlette.types import ASGIApp, Receive, Scope, Send

from puretalk_client.testing import (
    EXAMPLE_CALL_ID,
    SAMPLE_CALL_ID,
    Fault,
    Sandbox,
    example_call,
    sample_call,
)

BASE_URL = Sandbox.base_url
KEY = {"X-API-KEY": "sandbox-key"}
ROOT = Path(__file__).parents[2]
PATH = "/calls/{call_id}"


def load_spec() -> dict[str, Any]:
    """The vendor's document as it stands."""
    spec: dict[str, Any] = YAML(typ="safe").load(ROOT / "openapi.yaml")
    return spec


# A later spec may have more properties, and more operations; the sandbox is held to those that it was written for.
KNOWN = {
    name
    for model in YAML(typ="safe").load(ROOT / "overlay/spec-reads.yaml")["models"].values()
    for name in model
}


def with_every_error() -> dict[str, Any]:
    """The vendor's document, with 401 and 405 beside its 404.

    It documents no answer to a wrong key, though it demands a key, and none to another method. Both are
    held to its schema Error here rather than left unchecked.
    """
    spec = load_spec()
    spec["paths"] = {PATH: {"get": spec["paths"][PATH]["get"]}}
    responses = spec["paths"][PATH]["get"]["responses"]
    responses["401"] = responses["405"] = responses["404"]
    return spec


def schema_of(app: ASGIApp) -> OpenApiSchema:
    """The spec, with an app in process that is held to it."""
    schema = schemathesis.openapi.from_dict(with_every_error(), config=SchemathesisConfig())
    schema.app = app
    return schema


def case_of(app: ASGIApp, call_id: str) -> Case[Any]:
    """The request for one call."""
    return schema_of(app)[PATH]["GET"].Case(path_parameters={"call_id": call_id})


def check(case: Case[Any]) -> int:
    """Send the case and run all of schemathesis's checks on the answer."""
    return case.call_and_validate(base_url=BASE_URL, headers=KEY).status_code


SCHEMA = schema_of(Sandbox())


@SCHEMA.parametrize()
@settings(
    max_examples=100,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
def test_any_request(case: Case[Any]) -> None:
    """Ids of any text, other methods, with and without the key: no answer strays from the spec."""
    assert check(case) in {401, 404, 405}


@pytest.mark.parametrize("call_id", [EXAMPLE_CALL_ID, SAMPLE_CALL_ID])
def test_known_calls(call_id: str) -> None:
    """Both calls that every sandbox knows are answered as the spec says."""
    assert check(case_of(Sandbox(), call_id)) == 200


@pytest.mark.parametrize("call", [sample_call(call_id="1"), example_call(call_id="1"), {"call_id": "1"}])
def test_lifecycle(call: dict[str, Any]) -> None:
    """Every step of a lifecycle is an answer that the spec allows, for a full and an empty call."""
    sandbox = Sandbox()
    statuses = load_spec()["components"]["schemas"]["Call"]["properties"]["status"]["enum"]
    sandbox.add_lifecycle(call, [*statuses, "completed"], analysis_after=2)
    for _ in range(len(statuses) + 4):
        assert check(case_of(sandbox, "1")) == 200


@pytest.mark.parametrize("status", [401, 404, 405])
def test_scripted_errors(status: int) -> None:
    """The body that a scripted status brings is the spec's Error."""
    sandbox = Sandbox()
    sandbox.fail_next(Fault(status=status))
    assert check(case_of(sandbox, "1")) == status


def success(**changes: Any) -> dict[str, Any]:
    """The body of a 200, around the sample call with changes."""
    return {"msg": "Success", "err": False, "results": sample_call(**changes)}


def analysis(value: object) -> dict[str, Any]:
    """A call analysis with one value."""
    return {"post_analysis_data": [{"name": "age", "value": value}]}


@pytest.mark.parametrize(
    "planted",
    [
        Fault(body=success(status="on fire")),
        Fault(body=success(status=None)),
        Fault(body=success(start_time=None)),
        Fault(body=success(start_time="yesterday")),
        Fault(body=success(metadata="This is the metadata of the call")),
        Fault(body=success(transcript_object=["Hello"])),
        Fault(body=success(transcript_object=[{"tool_calls": {}}])),
        Fault(body=success(variables=[1])),
        Fault(body=success(answered_by=None)),
        Fault(body=success(call_analysis=analysis(None))),
        Fault(body=success(call_analysis=analysis([4]))),
        Fault(body={"msg": "Success", "err": "no", "results": sample_call()}),
        Fault(body={"msg": "Success", "err": False, "results": None}),
        Fault(body=[]),
        Fault(body=b'{"msg": "Suc'),
        Fault(body=success(), headers={"Content-Type": "text/html"}),
        Fault(status=404, body={"detail": "Not found."}),
        Fault(status=401, body={"err": True}),
        Fault(status=418),
        Fault(status=500),
    ],
)
def test_control_planted_answer(planted: Fault) -> None:
    """Control: each answer that strays from the spec is found."""
    sandbox = Sandbox()
    sandbox.fail_next(planted)
    with pytest.raises(FailureGroup):
        check(case_of(sandbox, SAMPLE_CALL_ID))


def test_control_right_answer() -> None:
    """Control: it is not the planting that is found; a right answer passes the same way."""
    sandbox = Sandbox()
    sandbox.fail_next(Fault(body=success(status="failed", call_analysis=analysis(4), sentiment=None)))
    assert check(case_of(sandbox, SAMPLE_CALL_ID)) == 200


def test_control_no_key_needed() -> None:
    """Control: a sandbox that lets everyone in is found."""
    sandbox = Sandbox()

    async def open_door(scope: Scope, receive: Receive, send: Send) -> None:
        others = [(name, value) for name, value in scope["headers"] if name != b"x-api-key"]
        await sandbox({**scope, "headers": [*others, (b"x-api-key", b"sandbox-key")]}, receive, send)

    with pytest.raises(FailureGroup, match=r"[Aa]uth"):
        check(case_of(open_door, SAMPLE_CALL_ID))


# What schemathesis does not see: its Call has no required property and allows any other, so that an empty
# object would pass. Here every object must have just the properties that the spec names.


def to_json_schema(schema: Any, *, exact: bool) -> Any:
    """OpenAPI 3.0 as JSON Schema: ``nullable`` becomes a choice. ``exact``: no property missing or extra."""
    if isinstance(schema, list):
        return [to_json_schema(item, exact=exact) for item in schema]
    if not isinstance(schema, dict):
        return schema
    converted = {
        name: {key: to_json_schema(value, exact=exact) for key, value in child.items()}
        if name == "properties"
        else to_json_schema(child, exact=exact)
        for name, child in schema.items()
        if name not in ("nullable", "example")
    }
    if exact and "properties" in schema:
        known = [name for name in schema["properties"] if name in KNOWN]
        converted |= {"required": known, "additionalProperties": False}
    return {"anyOf": [converted, {"type": "null"}]} if schema.get("nullable") else converted


def call_validator(*, exact: bool) -> jsonschema_rs.Validator:
    """A validator for the spec's Call."""
    schema = to_json_schema(load_spec()["components"]["schemas"]["Call"], exact=exact)
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


@pytest.mark.parametrize("call", [sample_call(), example_call()], ids=["sample", "example"])
def test_samples_have_every_property(call: dict[str, Any]) -> None:
    """A sample has each property that the sandbox was written for, at every depth, and none beside the spec's."""
    assert [error.message for error in call_validator(exact=True).iter_errors(call)] == []


def test_steps_are_valid_calls() -> None:
    """Each step of the default lifecycle is a valid Call with no property that the spec does not name."""
    sandbox = Sandbox()
    sandbox.add_lifecycle(sample_call(call_id="1"))
    steps = [case_of(sandbox, "1").call(base_url=BASE_URL, headers=KEY).json()["results"] for _ in range(6)]
    properties = load_spec()["components"]["schemas"]["Call"]["properties"].keys() & KNOWN
    for step in steps:
        assert [error.message for error in call_validator(exact=False).iter_errors(step)] == []
        assert step.keys() <= properties
    assert [len(properties - step.keys()) for step in steps] == [2, 2, 0, 0, 0, 0]


@pytest.mark.parametrize(
    "change",
    [
        {"status": "on fire"},
        {"start_time": None},
        {"end_time": "yesterday"},
        {"call_recording_url": "no url"},
        {"call_duration_seconds": 1.5},
        {"metadata": "text"},
        {"call_analysis": analysis(None)},
        {"transcript_object": [{"role": 1}]},
        {"surprise": 1},
        {"metadata": {}},
    ],
)
def test_control_validator(change: dict[str, Any]) -> None:
    """Control: the validator refuses each of these."""
    assert not call_validator(exact=True).is_valid(sample_call(**change))


def example_of(schema: dict[str, Any]) -> Any:
    """The example of a schema, put together from those of its parts where it has none."""
    if "example" in schema and schema["type"] != "object":
        return schema["example"]
    if "oneOf" in schema:
        return example_of(schema["oneOf"][0])
    match schema["type"]:
        case "object":
            return {name: example_of(child) for name, child in schema["properties"].items() if name in KNOWN}
        case "array":
            items = [] if "items" not in schema else [example_of(schema["items"])]
            return [item for item in items if item is not None]
    return None


def test_example_is_the_spec_s_own() -> None:
    """The example call is the spec's example of each property; only metadata follows its schema instead."""
    assert example_call() == example_of(load_spec()["components"]["schemas"]["Call"])


def test_sample_is_lifelike() -> None:
    """Forty turns by two speakers in turn, one cut short, four with a function call, about 17 kB."""
    call = sample_call()
    turns = call["transcript_object"]
    assert [turn["role"] for turn in turns] == ["assistant", "user"] * 20
    assert sum(turn["interrupted"] for turn in turns) == 1
    assert sum(turn["function_name"] is not None for turn in turns) == 4
    assert all(bool(turn["tool_calls"]) == (turn["function_name"] is not None) for turn in turns)
    assert len({turn["content"] for turn in turns}) == 40
    assert all(turn["content"] in call["transcript"] for turn in turns)
    answer = case_of(Sandbox(), SAMPLE_CALL_ID).call(base_url=BASE_URL, headers=KEY)
    assert 16_000 <= len(answer.content) <= 18_000
    values = [item["value"] for item in call["call_analysis"]["post_analysis_data"]]
    assert {type(value) for value in values} == {bool, float, int, str}
    assert any(isinstance(value, int) and len(str(value)) == 30 for value in values)
    assert any(isinstance(value, float) and value.is_integer() for value in values)
    assert "" in values
