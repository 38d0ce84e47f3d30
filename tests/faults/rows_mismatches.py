"""Bodies with values that do not match the document, and bodies that take long to decode."""

from __future__ import annotations

import gzip
import json

from tests.support.canary import WORDS
from tests.support.wire import envelope, http

from .rows import respond

DECODE = "ResponseDecodeError"
MIB = 1 << 20

# Values that do not match the document: the call is delivered, and none of them shows.
MISMATCHES = {
    "status": WORDS["mismatch"],
    "transcript": [WORDS["mismatch"]],
    "start_time": WORDS["mismatch"],
    "end_time": "2025-02-30T00:00:00Z",
    "call_duration_seconds": WORDS["mismatch"],
    "from_number": {WORDS["mismatch"]: 1},
    "call_type": WORDS["mismatch"],
    "sentiment": {"a": WORDS["mismatch"]},
    "metadata": WORDS["mismatch"],
    "variables": {WORDS["mismatch"]: WORDS["mismatch"]},
    "transcript_object": {"role": WORDS["mismatch"]},
    "call_analysis": [WORDS["mismatch"]],
    WORDS["from_number"]: WORDS["mismatch"],
}
respond("mismatches", "Call", lambda request: http(envelope(request.call_id, **MISMATCHES)))
respond(
    "mismatches-when-strict",
    DECODE,
    lambda request: http(envelope(request.call_id, **MISMATCHES)),
    options={"strict": True},
)

# Large, and so many that a hostile server could keep the client busy.
TURN = {"role": "user", "content": WORDS["turn"], "interrupted": False}
BAD_TURN = {**TURN, "content": [WORDS["mismatch"]]}
for _name, _turns, _expect, _drifts in (
    ("large-body", [TURN] * 15_000, "Call", 0),
    ("large-body-with-one-mismatch", [TURN] * 15_000 + [BAD_TURN], "Call", 1),
    ("a-thousand-mismatches", [BAD_TURN] * 1000, "Call", 1000),
    ("more-than-a-thousand-mismatches", [BAD_TURN] * 1001, DECODE, 0),
    ("a-body-of-mismatches", [1] * 500_000, DECODE, 0),
):
    respond(
        _name,
        _expect,
        lambda request, turns=_turns: http(envelope(request.call_id, transcript_object=turns)),  # type: ignore[misc]
        drifts=_drifts,
    )
respond(
    "gzip-of-mismatches",
    DECODE,
    lambda request: http(
        gzip.compress(envelope(request.call_id, transcript_object=[1] * 500_000)), "200 OK", "Content-Encoding: gzip"
    ),
    drifts=0,
)
respond("long-msg", "EnvelopeError", http(json.dumps({"err": True, "msg": "x" * MIB}).encode()))
