"""The sandbox's responses, checked by schemathesis against the vendor's document."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.schemas import OpenApiSchema
from starlette.types import ASGIApp, Receive, Scope, Send
from tests.support.key import KEY_HEADER
from tests.unit.testing.in_process import KEY, results
from tests.unit.testing.spec import call_schema, call_validator, load_spec

from puretalk_client.testing import (
    EXAMPLE_CALL_ID,
    SAMPLE_CALL_ID,
    Fault,
    Sandbox,
    example_call,
    sample_call,
    virtual_time,
)

pytest_plugins = ["schemathesis.pytest.plugin"]
PATH = "/calls/{call_id}"


def spec_with_errors() -> dict[str, Any]:
    """Return the operation that the sandbox implements, with 401 and 405 documented like its 404.

    The vendor's document requires a key, but documents no response to a wrong key or to another method.
    """
    spec = load_spec()
    spec["components"]["securitySchemes"]["ApiKeyAuth"]["name"] = KEY_HEADER
    spec["paths"] = {PATH: {"get": spec["paths"][PATH]["get"]}}
    responses = spec["paths"][PATH]["get"]["responses"]
    responses["401"] = responses["405"] = responses["404"]
    return spec


def schema_of(app: ASGIApp) -> OpenApiSchema:
    """Return the schema that an app in process is checked against."""
    schema = schemathesis.openapi.from_dict(spec_with_errors(), config=SchemathesisConfig())
    schema.app = app
    return schema


def case_of(app: ASGIApp, call_id: str) -> Case[Any]:
    """Return the request for one call."""
    return schema_of(app)[PATH]["GET"].Case(path_parameters={"call_id": call_id})


def check(case: Case[Any]) -> int:
    """Send a request, run every check of schemathesis on the response, and return its status."""
    return case.call_and_validate(base_url=Sandbox.base_url, headers=KEY).status_code


SCHEMA = schema_of(Sandbox())


@SCHEMA.parametrize()
@settings(
    max_examples=100,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
def test_generated_requests(case: Case[Any]) -> None:
    """Any id, any method, with or without the key: every response matches the spec."""
    assert check(case) in {401, 404, 405}


@pytest.mark.parametrize("call_id", [EXAMPLE_CALL_ID, SAMPLE_CALL_ID])
def test_known_calls(call_id: str) -> None:
    """The responses with the two sample calls match the spec."""
    assert check(case_of(Sandbox(), call_id)) == 200


@pytest.mark.parametrize("call", [sample_call(call_id="1"), example_call(call_id="1"), {"call_id": "1"}])
def test_lifecycle(call: dict[str, Any]) -> None:
    """Every state of a lifecycle matches the spec, for a complete and an empty call."""
    sandbox = Sandbox()
    statuses = call_schema()["properties"]["status"]["enum"]
    sandbox.add_lifecycle(call, [*statuses, "completed"], analysis_after=2)
    for _ in range(len(statuses) + 4):
        assert check(case_of(sandbox, "1")) == 200


@pytest.mark.parametrize("call", [sample_call(call_id="1"), {"call_id": "1"}], ids=["sample", "empty"])
def test_lifecycle_by_the_clock(call: dict[str, Any]) -> None:
    """Every state of calls that advance with the clock matches the spec, whatever their last status is."""

    @virtual_time()
    async def fetch_all(last: str) -> list[dict[str, Any]]:
        sandbox = Sandbox()
        statuses = {0: "queued", 5: "ringing", 10: "in progress", 15: last}
        sandbox.add_lifecycle(call, statuses, analysis_after=5, recording_after=10)
        states = []
        for _ in range(7):
            states += await results(sandbox, "1", 1)
            await asyncio.sleep(5)
        return states

    for last in call_schema()["properties"]["status"]["enum"]:
        for state in fetch_all(last):
            assert [error.message for error in call_validator(exact=False).iter_errors(state)] == []
            assert state.keys() <= call_schema()["properties"].keys()


async def test_lifecycle_adds_no_property() -> None:
    """Every state of the default lifecycle is a valid call without properties that the spec lacks."""
    sandbox = Sandbox()
    sandbox.add_lifecycle(sample_call(call_id="1"))
    states = await results(sandbox, "1", 6)
    properties = call_schema()["properties"].keys()
    for state in states:
        assert [error.message for error in call_validator(exact=False).iter_errors(state)] == []
        assert state.keys() <= properties
    assert [len(properties - state.keys()) for state in states] == [2, 2, 0, 0, 0, 0]


@pytest.mark.parametrize("status", [401, 404, 405])
def test_scripted_errors(status: int) -> None:
    """The default body of a scripted status is the schema Error."""
    sandbox = Sandbox()
    sandbox.fail_next(Fault(status=status))
    assert check(case_of(sandbox, "1")) == status


def success(**changes: Any) -> dict[str, Any]:
    """Return the body of a 200 with the sample call, some of its properties changed."""
    return {"msg": "Success", "err": False, "results": sample_call(**changes)}


def analysis(value: object) -> dict[str, Any]:
    """Return a call analysis with one value."""
    return {"post_analysis_data": [{"name": "age", "value": value}]}


@pytest.mark.parametrize(
    "fault",
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
def test_control_mismatch_is_found(fault: Fault) -> None:
    """Control: the checks find each response that does not match the spec."""
    sandbox = Sandbox()
    sandbox.fail_next(fault)
    with pytest.raises(FailureGroup):
        check(case_of(sandbox, SAMPLE_CALL_ID))


def test_control_scripted_response_that_matches() -> None:
    """Control: the checks accept a scripted response that matches the spec."""
    sandbox = Sandbox()
    sandbox.fail_next(Fault(body=success(status="failed", call_analysis=analysis(4), sentiment=None)))
    assert check(case_of(sandbox, SAMPLE_CALL_ID)) == 200


def test_control_ignored_key_is_found() -> None:
    """Control: the checks find a server that does not require the key."""
    sandbox = Sandbox()

    async def without_key_check(scope: Scope, receive: Receive, send: Send) -> None:
        others = [(name, value) for name, value in scope["headers"] if name != KEY_HEADER.lower().encode()]
        await sandbox({**scope, "headers": [*others, (KEY_HEADER.lower().encode(), b"sandbox-key")]}, receive, send)

    with pytest.raises(FailureGroup, match=r"[Aa]uth"):
        check(case_of(without_key_check, SAMPLE_CALL_ID))
