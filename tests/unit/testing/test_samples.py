"""The two calls that every sandbox contains, compared with the document that they were written for."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.testing.in_process import get
from tests.unit.testing.spec import call_schema, call_validator

from puretalk_client.testing import Sandbox, example_call, sample_call


@pytest.mark.parametrize("call", [sample_call(), example_call()], ids=["sample", "example"])
def test_samples_have_every_property(call: dict[str, Any]) -> None:
    """A sample is valid and has every property at every depth, and no others."""
    assert [error.message for error in call_validator(exact=True).iter_errors(call)] == []


@pytest.mark.parametrize(
    "change",
    [
        {"status": "on fire"},
        {"start_time": None},
        {"end_time": "yesterday"},
        {"call_recording_url": "not a url"},
        {"call_duration_seconds": 1.5},
        {"metadata": "text"},
        {"call_analysis": {"post_analysis_data": [{"name": "age", "value": None}]}},
        {"transcript_object": [{"role": 1}]},
        {"surprise": 1},
        {"metadata": {}},
    ],
)
def test_validator_rejects_invalid_calls(change: dict[str, Any]) -> None:
    """Control: the validator of the test above rejects each of these changes."""
    assert not call_validator(exact=True).is_valid(sample_call(**change))


def example_of(schema: dict[str, Any]) -> Any:
    """Return the example of a schema, built from its parts if it has none."""
    if "example" in schema and schema["type"] != "object":
        return schema["example"]
    if "oneOf" in schema:
        return example_of(schema["oneOf"][0])
    match schema["type"]:
        case "object":
            return {name: example_of(child) for name, child in schema["properties"].items()}
        case "array":
            items = [] if "items" not in schema else [example_of(schema["items"])]
            return [item for item in items if item is not None]
    return None


def test_example_is_the_one_in_the_spec() -> None:
    """The example call consists of the examples in the spec. Only metadata follows its schema instead."""
    assert example_call() == example_of(call_schema())


async def test_sample_is_realistic() -> None:
    """Forty alternating turns, one interrupted, four with a function call, about 17 kB."""
    call = sample_call()
    turns = call["transcript_object"]
    assert [turn["role"] for turn in turns] == ["assistant", "user"] * 20
    assert sum(turn["interrupted"] for turn in turns) == 1
    assert sum(turn["function_name"] is not None for turn in turns) == 4
    assert all(bool(turn["tool_calls"]) == (turn["function_name"] is not None) for turn in turns)
    assert len({turn["content"] for turn in turns}) == 40
    assert all(turn["content"] in call["transcript"] for turn in turns)
    assert 16_000 <= len((await get(Sandbox())).content) <= 18_000


def test_sample_has_post_analysis_values_of_every_type() -> None:
    """Text, empty text, boolean, float without a fraction, and an integer of 30 digits."""
    values = [item["value"] for item in sample_call()["call_analysis"]["post_analysis_data"]]
    assert {type(value) for value in values} == {bool, float, int, str}
    assert any(isinstance(value, int) and len(str(value)) == 30 for value in values)
    assert any(isinstance(value, float) and value.is_integer() for value in values)
    assert "" in values


@pytest.mark.parametrize("make", [sample_call, example_call])
def test_samples_are_independent(make: Any) -> None:
    """Changes to a sample do not change the next one. Keyword arguments replace properties."""
    make()["transcript_object"][0]["content"] = "changed"
    make()["call_analysis"]["post_analysis_data"].clear()
    assert make()["transcript_object"][0]["content"] != "changed"
    assert make()["call_analysis"]["post_analysis_data"]
    assert make(call_id="7", status="busy") == {**make(), "call_id": "7", "status": "busy"}
