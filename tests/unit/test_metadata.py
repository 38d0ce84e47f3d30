"""CallMetadata: everything that the server sent, as a read-only mapping."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import given
from tests.support.canary import WORDS
from tests.support.payloads import CALL, JSON_VALUES

from puretalk_client import Call
from puretalk_client._core import decoding
from puretalk_client._core.decoding import decode
from puretalk_client.models import CallMetadata
from puretalk_generated import models as generated
from puretalk_generated.codec import decoder, is_msgspec_type, structure

OWN: dict[str, Any] = {"model": "gpt-4o-mini", "crm_id": "c-7", "tags": ["a", {"b": None}], "items": 1}
OWN['it\'s "quoted"'] = True


def metadata_by_each(value: Any) -> list[CallMetadata]:
    """Decode a call with these metadata with msgspec alone, and by walking the model."""
    payload = {"call_id": "c", "metadata": value}
    calls: list[Call] = [decoder(Call).decode(msgspec.json.encode(payload)), structure(payload, Call)]
    return [call.metadata for call in calls]


def test_mapping_holds_every_property_as_received() -> None:
    """Also one named like a method of mappings, and a 30-digit integer; the order is that of the response."""
    properties = {**OWN, "get": 123456789012345678901234567890, "model_": 4.0}
    for metadata in metadata_by_each(properties):
        assert isinstance(metadata, Mapping)
        assert repr(list(metadata.items())) == repr(list(properties.items()))
        assert metadata.model == "gpt-4o-mini"
        assert metadata["crm_id"] == metadata.get("crm_id") == "c-7"
        assert metadata.get("no such") is None
        assert metadata.received == properties


def test_fast_decoder_reads_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body with own properties matches the document, and is decoded in C."""
    assert is_msgspec_type(Call)
    monkeypatch.setattr(decoding, "parse_json", lambda content: pytest.fail("walked"))
    call, drifts = decode(json.dumps({"metadata": OWN}).encode(), Call)
    assert (call.metadata, drifts) == (OWN, [])


@pytest.mark.parametrize("payload", [{}, {"metadata": None}, {"metadata": {}}])
def test_call_without_metadata_has_an_empty_mapping(payload: dict[str, Any]) -> None:
    """So that ``call.metadata.get("crm_id")`` always works. The document allows null."""
    fast: Call = decoder(Call).decode(msgspec.json.encode(payload))
    for call in (fast, structure(payload, Call)):
        assert (call.metadata, call.metadata.model, len(call.metadata)) == ({}, None, 0)
        assert call.metadata.received == payload.get("metadata")


@pytest.mark.parametrize("value", ["text", "", 5, 0, 4.5, True, False, [], ["crm_id"], [["crm_id", 1]]], ids=repr)
def test_metadata_that_are_not_an_object_are_kept_and_reported(value: Any) -> None:
    """The mapping is empty, ``received`` has the value, and no pairs are made of an array."""
    call, (drift,) = decode(json.dumps({"call_id": "c", "metadata": value}).encode(), Call)
    assert (drift.path, drift.expected, drift.kind) == ("$.metadata", "CallMetadata | None", "wrong type")
    assert dict(call.metadata) == {}
    assert call.metadata.model is None
    assert repr(call.metadata.received) == repr(value)
    assert call.metadata != CallMetadata()
    assert CallMetadata() != call.metadata
    assert call.metadata != {}
    assert call.metadata == CallMetadata(value)


@pytest.mark.parametrize("value", [5, ["gpt"], {"name": "gpt"}, True])
def test_model_that_is_not_text_is_in_the_mapping_only(value: Any) -> None:
    """``model`` keeps its type; the drift names the property."""
    call, (drift,) = decode(json.dumps({"metadata": {"model": value, "crm_id": 1}}).encode(), Call)
    assert (drift.path, drift.expected, drift.kind) == ("$.metadata.model", "str | None", "wrong type")
    assert call.metadata.model is None
    assert call.metadata == {"model": value, "crm_id": 1}


@given(JSON_VALUES)
def test_any_json_is_delivered(value: Any) -> None:
    """No value raises, and none is lost."""
    call, _ = decode(json.dumps({"metadata": value}).encode(), Call)
    assert repr(call.metadata.received) == repr(value)
    assert pickle.loads(pickle.dumps(call)) == call


def test_large_metadata_are_delivered() -> None:
    """A megabyte of properties is read in C; the repr stays short."""
    properties = {f"{WORDS['metadata']} {number}": "x" * 100 for number in range(8_000)}
    call, drifts = decode(json.dumps({"metadata": properties}).encode(), Call)
    assert (call.metadata, drifts) == (properties, [])
    assert repr(call.metadata) == "<CallMetadata: 8000 properties>"


def test_deeply_nested_metadata_are_delivered() -> None:
    """As deep as every supported interpreter reads JSON; what is deeper is a ResponseDecodeError."""
    depth = 400
    body = b'{"metadata":' + b'{"a":' * depth + b"1" + b"}" * depth + b"}"
    call, drifts = decode(body, Call)
    assert drifts == []
    assert call.to_json().encode() == body
    assert Call.from_json(body) == call


def test_mapping_is_read_only_and_a_copy() -> None:
    """Neither it nor the mapping that it was made from changes the other."""
    properties: dict[str, Any] = {"crm_id": 1}
    metadata = Call.from_dict({"metadata": properties}).metadata
    properties["crm_id"] = 2
    received: Any = metadata.received
    received["crm_id"] = 3
    assert metadata == {"crm_id": 1}
    with pytest.raises(TypeError):
        metadata["crm_id"] = 4  # type: ignore[index]
    with pytest.raises(AttributeError):
        metadata.model = "other"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        metadata.note = "other"  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        metadata.update({})  # type: ignore[attr-defined]


@pytest.mark.parametrize("received", [None, {}, OWN, "text", ["a"], 5])
def test_metadata_survive_pickle_and_copy(received: Any) -> None:
    """Also when they are not an object."""
    metadata = CallMetadata(received)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(metadata, protocol))
        assert (again, again.received) == (metadata, received)
    for again in (copy.copy(metadata), copy.deepcopy(metadata)):
        assert type(again) is CallMetadata
        assert (again, again.received) == (metadata, received)


def test_metadata_compare_as_mappings_do() -> None:
    """Order does not count, and there is no hash."""
    metadata = CallMetadata(OWN)
    assert metadata == OWN
    assert dict(metadata) == metadata
    assert metadata == CallMetadata(dict(reversed(OWN.items())))
    assert metadata != {**OWN, "crm_id": "other"}
    assert metadata != list(OWN.items())
    with pytest.raises(TypeError, match="unhashable"):
        hash(metadata)


@pytest.mark.parametrize(
    ("received", "shown"),
    [(None, "<CallMetadata: 0 properties>"), ({WORDS["metadata"]: 1}, "<CallMetadata: 1 property>"),
     ({WORDS["from_number"]: WORDS["metadata"], "model": WORDS["metadata"]}, "<CallMetadata: 2 properties>"),
     (WORDS["metadata"], "<CallMetadata: not an object>"), ([], "<CallMetadata: not an object>")],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_repr_counts(received: Any, shown: str) -> None:
    """Names can be personal as much as values."""
    assert f"{CallMetadata(received)!r}" == f"{CallMetadata(received)}" == shown


def test_metadata_can_be_given_as_a_mapping() -> None:
    """Tests of applications build calls themselves."""
    metadata = Call(call_id="c", metadata={"crm_id": 1}).metadata
    assert type(metadata) is CallMetadata
    assert Call(call_id="c", metadata=metadata).metadata is metadata
    assert Call(call_id="c", metadata=None).metadata == CallMetadata()


def test_class_has_every_documented_property() -> None:
    """A property that the vendor adds to openapi.yaml fails here until the class has it."""
    documented = CALL["properties"]["metadata"]["properties"]
    assert documented.keys() == {"model"}
    assert all(isinstance(getattr(CallMetadata, name), property) for name in documented)
    assert {"type": "string"}.items() <= documented["model"].items()
    assert generated.CallMetadata.__annotations__ == {"model": "str | None"}
