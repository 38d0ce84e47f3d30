"""Decoding: msgspec's decoder, and the walk over the models that keeps values which do not match."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
import pytest
from attrs import fields, frozen, has
from hypothesis import given, settings
from tests.support.canary import WORDS
from tests.support.exposure import Exposures
from tests.support.payloads import calls_of_any_json, envelopes

from puretalk_client import Call, Drift, ResponseDecodeError
from puretalk_client._core import decoding
from puretalk_client._core.decoding import (
    MAX_DRIFTS,
    MAX_INLINE_BYTES,
    MAX_INLINE_CONTAINERS,
    MIN_BYTES_PER_CONTAINER,
    SMALL_BYTES,
    count_containers,
    decode,
    is_large,
    json_type,
    jsonpath,
    type_name,
)
from puretalk_client._types import DriftKind
from puretalk_client.models import CallEnvelope
from puretalk_generated.codec import MISSING, decoder, structure


def with_types(value: Any) -> str:
    """Show a value with its types, which equality does not tell apart (1, 1.0 and True)."""
    if has(type(value)):
        return repr({field.name: with_types(getattr(value, field.name)) for field in fields(type(value))})
    if isinstance(value, Mapping):
        return repr({name: with_types(item) for name, item in value.items()})
    return repr([with_types(item) for item in value]) if isinstance(value, list) else repr(value)


@settings(max_examples=300)
@given(envelopes())
def test_decoders_agree_on_every_valid_payload(payload: dict[str, Any]) -> None:
    """What the document allows has no drift, and both decoders return the same."""
    body = json.dumps(payload).encode()
    by_msgspec = decoder(CallEnvelope).decode(body)
    by_walking = structure(msgspec.json.decode(body), CallEnvelope)  # raises where it does not match
    assert with_types(by_walking) == with_types(by_msgspec)
    assert decode(body, CallEnvelope) == (by_msgspec, [])


def test_body_that_matches_is_decoded_by_msgspec_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The walk over the models takes several times as long."""
    monkeypatch.setattr(decoding, "parse_json", lambda content: pytest.fail("walked"))
    assert decode(b'{"call_id":"c"}', Call) == (Call(call_id="c"), [])
    assert decode(b'["a"]', list[str]) == (["a"], [])


@settings(max_examples=200)
@given(calls_of_any_json())
def test_any_json_in_any_field_is_a_call(payload: dict[str, Any]) -> None:
    """The call is delivered, its status, repr and view work, and a value that does not match is unchanged."""
    call, drifts = decode(json.dumps(payload).encode(), Call)
    assert isinstance(call, Call)
    assert isinstance(call.status.is_final, bool)
    assert "\n" not in repr(call)
    assert len(call.post_analysis) >= 0
    for name, value in payload.items():
        if any(drift.path == f"$.{name}" for drift in drifts) and name != "status":
            kept = getattr(call, name)
            assert (kept.received if name == "metadata" else kept) == value


@pytest.mark.parametrize(
    ("field", "value", "expected", "actual"),
    [("sentiment", "ecstatic", "'n/a' | 'negative' | 'neutral' | 'positive' | None", "string"),
     ("call_duration_seconds", "12", "int | None", "string"),
     ("call_duration_seconds", 1.5, "int | None", "number"),
     ("start_time", "2025-05-19T10:15:22", "datetime | None", "string"),
     ("start_time", "2025-02-30T10:15:22Z", "datetime | None", "string"),
     ("start_time", "yesterday", "datetime | None", "string"),
     ("start_time", 1747664122, "datetime | None", "number"),
     ("variables", "a", "list[str] | None", "string"),
     ("metadata", "This is the metadata of the call", "CallMetadata | None", "string"),
     ("metadata", ["a"], "CallMetadata | None", "array"),
     ("is_billed", 1, "bool | None", "number"),
     ("is_billed", "true", "bool | None", "string")],
)  # fmt: skip
def test_value_that_does_not_match_is_kept_and_reported(field: str, value: Any, expected: str, actual: str) -> None:
    """Undocumented enum values, other types, datetimes without offset and impossible ones: one drift each."""
    call, drifts = decode(json.dumps({"call_id": "c", field: value}).encode(), Call)
    kept = getattr(call, field)
    assert (kept.received if field == "metadata" else kept) == value
    assert call.call_id == "c"
    kind: DriftKind = "unknown value" if field == "sentiment" else "wrong type"
    assert drifts == [Drift(f"$.{field}", expected, actual, kind)]


def test_integral_float_is_an_integer() -> None:
    """JSON Schema defines it so: 60.0 seconds are 60 seconds, without a drift."""
    call, drifts = decode(b'{"call_duration_seconds":60.0}', Call)
    assert (repr(call.call_duration_seconds), drifts) == ("60", [])


def test_paths_name_documented_fields_only() -> None:
    """A path shows neither the index of an item nor a name in a free-form object, which may be personal data."""
    body = b'{"call_analysis":{"post_analysis_data":[{"name":5,"value":{"+15550100":1}}]}}'
    _, drifts = decode(body, Call)
    assert {drift.path for drift in drifts} == {
        "$.call_analysis.post_analysis_data[*].name",
        "$.call_analysis.post_analysis_data[*].value",
    }


def test_number_of_drifts_is_bounded() -> None:
    """A response with a thousand mismatches is delivered; a hostile one with more fills neither memory nor time."""
    call, drifts = decode(json.dumps({"variables": [1] * MAX_DRIFTS}).encode(), Call)
    assert len(call.variables or []) == len(drifts) == MAX_DRIFTS
    with pytest.raises(ResponseDecodeError, match=f"in more than {MAX_DRIFTS} places"):
        decode(json.dumps({"variables": [1] * (MAX_DRIFTS + 1)}).encode(), Call)


def body_of(containers: int, size: int) -> bytes:
    """Return a call in so many bytes that holds so many objects and arrays, half of each, itself included."""
    unknown = ",".join(["{}"] * (containers // 2 - 1) + ["[]"] * ((containers + 1) // 2 - 1))
    body = f'{{"unknown":[{unknown}],"call_id":""}}'
    return body.replace('""', f'"{"x" * (size - len(body))}"').encode()


DENSEST = MIN_BYTES_PER_CONTAINER * (MAX_INLINE_CONTAINERS + 1)
"""Bytes that a body has at least to have one object more than is decoded in the event loop."""


@pytest.mark.parametrize(
    ("containers", "size", "is_dense"),
    [(MAX_INLINE_CONTAINERS, SMALL_BYTES + 1, False), (MAX_INLINE_CONTAINERS + 1, SMALL_BYTES + 1, True),
     (MAX_INLINE_CONTAINERS + 1, DENSEST - 1, True), (MAX_INLINE_CONTAINERS + 1, DENSEST, False),
     (7000, SMALL_BYTES, False)],
)  # fmt: skip
def test_dense_body_is_refused(containers: int, size: int, is_dense: bool) -> None:
    """One of many objects and arrays with next to nothing in them; a small one may hold any number."""
    body = body_of(containers, size)
    assert (len(body), body.count(b"{") + body.count(b"[")) == (size, containers)
    if is_dense:
        with pytest.raises(ResponseDecodeError, match=f"has {containers} objects and arrays in {size} bytes"):
            decode(body, Call)
    else:
        call, drifts = decode(body, Call)
        assert (set(call.call_id or ""), drifts) == ({"x"}, [])


@pytest.mark.parametrize(
    ("containers", "size", "expected"),
    [(2, MAX_INLINE_BYTES, False), (2, MAX_INLINE_BYTES + 1, True), (MAX_INLINE_CONTAINERS, DENSEST, False),
     (MAX_INLINE_CONTAINERS + 1, DENSEST, True), (7000, SMALL_BYTES, False), (7000, SMALL_BYTES + 1, True)],
)  # fmt: skip
def test_body_is_large_by_its_bytes_or_by_its_objects(containers: int, size: int, expected: bool) -> None:
    """The sender decodes a large one outside of the event loop."""
    body = body_of(containers, size)
    assert is_large(body, count_containers(body)) is expected


@pytest.mark.parametrize(("surplus", "avoided"), [(0, "parse_json"), (1, "_fast_decoder")])
def test_body_of_many_objects_is_not_decoded_in_one_piece(
    surplus: int, avoided: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C code does not let other threads run meanwhile."""
    monkeypatch.setattr(decoding, avoided, lambda _: pytest.fail(f"{avoided} was used"))
    call, drifts = decode(body_of(MAX_INLINE_CONTAINERS + surplus, DENSEST), Call)
    assert (set(call.call_id or ""), drifts) == ({"x"}, [])


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>200</html>", b'{"results":', b'{"results":{}} trailing', b'{"results":{"call_id":"\xff"}}',
     b'{"unknown":"\xff","results":{}}', b'{"results":NaN}', b'{"results":{"x":' + b"[" * 20_000, b"\x00",
     b'\xef\xbb\xbf{"results":{}}', '{"results":{}}'.encode("utf-16")],
    ids=lambda body: ascii(body[:20]),
)  # fmt: skip
def test_body_that_is_not_json_is_a_decode_error(body: bytes) -> None:
    """HTML, truncated bodies, and encodings other than UTF-8."""
    with pytest.raises(ResponseDecodeError, match="not JSON"):
        decode(body, CallEnvelope)


@pytest.mark.parametrize(
    ("body", "kind"), [(b"[]", "array"), (b"null", "null"), (b'"x"', "string"), (b"5", "number"), (b"true", "boolean")]
)
def test_another_json_type_altogether_is_a_decode_error(body: bytes, kind: str) -> None:
    """There is no model to deliver."""
    with pytest.raises(ResponseDecodeError, match=f"JSON, but {kind} instead of GetCallResponse"):
        decode(body, CallEnvelope)


@pytest.mark.parametrize("body", ['{{"transcript":"{}', '{{"results":"{}"}} x', '["{}"]'])
def test_error_shows_nothing_of_the_body(body: str) -> None:
    """Neither message nor chained exceptions; the sender removes the frames."""
    with pytest.raises(ResponseDecodeError) as caught:
        decode(body.format(WORDS["transcript"]).encode(), Call)
    error = caught.value
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None
    exposures = Exposures()
    exposures.inspect_result(type(error)(*error.args))
    assert exposures.of_words() == []


@pytest.mark.parametrize(
    ("path", "text"),
    [((), "$"), (("results", "call_id"), "$.results.call_id"), (("items", "*", "name"), "$.items[*].name"),
     (("a b", "1"), "$['a b']['1']")],
)  # fmt: skip
def test_path_is_written_as_jsonpath(path: tuple[str, ...], text: str) -> None:
    """RFC 9535."""
    assert jsonpath(path) == text


@pytest.mark.parametrize(
    ("value", "name"),
    [({}, "object"), ([], "array"), ("", "string"), (True, "boolean"), (None, "null"), (1, "number"), (1.5, "number"),
     (MISSING, "missing")],
)  # fmt: skip
def test_json_type_is_that_of_rfc_8259(value: Any, name: str) -> None:
    """And ``missing``."""
    assert json_type(value) == name


@pytest.mark.parametrize(
    ("hint", "name"),
    [(int, "int"), (None, "None"), (list[str] | None, "list[str] | None"), (Literal["a", 1], "'a' | 1"), (Call, "Call"),
     (dict[str, list[int]], "dict[str, list[int]]"), (Annotated[int | None, "minutes"], "int | None"), (Any, "Any"),
     (Literal["a"] | None, "'a' | None"), (type(None), "None")],
)  # fmt: skip
def test_type_is_named_as_it_is_written(hint: Any, name: str) -> None:
    """Without the module."""
    assert type_name(hint) == name


BUILT: list[str] = []


@frozen(kw_only=True)
class Sum:
    """A term of a formula."""

    kind: Literal["sum"]
    parts: list[Sum | Product]

    def __attrs_post_init__(self) -> None:
        BUILT.append(self.kind)


@frozen(kw_only=True)
class Product:
    """The other kind of term, which differs in ``kind`` only."""

    kind: Literal["product"]
    parts: list[Sum | Product]

    def __attrs_post_init__(self) -> None:
        BUILT.append(self.kind)


def test_nested_unions_are_decoded_in_linear_time() -> None:
    """An object whose ``kind`` names its model is built once, however deep it is."""
    depth = 16
    value: dict[str, Any] = {"kind": "product", "parts": []}
    for _ in range(depth):
        value = {"kind": "product", "parts": [value]}
    BUILT.clear()
    assert isinstance(structure(value, Sum | Product), Product)
    assert ["product"] * (depth + 1) == BUILT
