"""What a client reports of responses that do not match the document, and what it leaves to the fast decoder."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.support.canary import WORDS
from tests.support.exposure import Exposures
from tests.support.transports import ScriptedTransport, client_over, envelope

from puretalk_client import Drift, ResponseDecodeError
from puretalk_client._core import decoding
from puretalk_client.drift import drift_report

CALL: dict[str, Any] = {
    "call_id": "c-1",
    "status": "gone fishing",
    "is_billed": 1,
    "sentiment": "ecstatic",
    "mood": WORDS["mismatch"],
    WORDS["from_number"]: 1,
    "metadata": {"model": "m", WORDS["metadata"]: 1},
    "call_analysis": {"post_analysis_data": [{"name": "a", "value": 1, WORDS["post_analysis"]: 1}]},
}
DRIFTS = {
    Drift("$.results.is_billed", "bool | None", "number", "wrong type"),
    Drift("$.results.sentiment", "'n/a' | 'negative' | 'neutral' | 'positive' | None", "string", "unknown value"),
    Drift("$.results.status", "CallStatus", "string", "unknown value"),
    Drift("$.results.mood", "nothing", "string", "unknown field"),
    Drift("$.results[*]", "nothing", "number", "unknown field"),
    Drift("$.results.call_analysis.post_analysis_data[*][*]", "nothing", "number", "unknown field"),
}


async def test_on_drift_receives_every_kind_as_the_report_does() -> None:
    """The call is delivered, and there is no drift in its metadata."""
    found: list[Drift] = []
    async with client_over(ScriptedTransport(envelope(CALL)), on_drift=found.append) as client:
        call = await client.calls.get("c-1")
    assert call.metadata == CALL["metadata"]
    assert len(found) == len(DRIFTS)
    assert set(found) == DRIFTS
    reported = drift_report([json.dumps(CALL)]).drifts
    assert {Drift(each.path, each.expected, each.actual, each.kind) for each in reported} == DRIFTS


@pytest.mark.parametrize("name", ["status", "mood"])
async def test_strict_raises_for_what_is_unknown(name: str) -> None:
    """``strict`` is for those who want to know when the API changes: a new field is such a change."""
    transport = ScriptedTransport(envelope({"call_id": "c-1", name: CALL[name]}))
    exposures = Exposures()
    async with client_over(transport, strict=True) as client:
        with pytest.raises(ResponseDecodeError, match=name) as caught:
            await client.calls.get("c-1")
    assert [drift.path for drift in caught.value.drifts] == [f"$.results.{name}"]
    exposures.inspect_result(caught.value)
    assert exposures.of_words() == []


async def test_strict_accepts_own_metadata_and_spellings() -> None:
    """The document allows both."""
    call = {"call_id": "c-1", "status": "In Progress", "metadata": {"crm_id": 1}}
    async with client_over(ScriptedTransport(envelope(call)), strict=True) as client:
        assert (await client.calls.get("c-1")).metadata["crm_id"] == 1


async def test_client_that_nobody_asks_uses_the_fast_decoder(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither a new field nor a new status makes it slower, or is logged."""
    monkeypatch.setattr(decoding, "parse_json", lambda content: pytest.fail("walked"))
    call = {"call_id": "c-1", "status": "gone fishing", "mood": "good", "metadata": {"crm_id": 1}}
    async with client_over(ScriptedTransport(envelope(call))) as client:
        assert (await client.calls.get("c-1")).status == "gone fishing"
    assert caplog.messages == []
