"""Calls to test with: true to life for their status, and as different as a test needs them."""

from __future__ import annotations

import difflib
import random
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import msgspec

from .._call_status import CallStatus
from .._core.decoding import convert
from .._post_analysis import PostAnalysisValue
from ..models import NAMED_BY_CUSTOMERS, Call, CallMetadata, _plain
from ._lifecycle import Lifecycle
from ._samples import sample_call

_TALKED = {CallStatus.IN_PROGRESS, CallStatus.COMPLETED}
_FIELDS = [field.name for field in attrs.fields(Call)]
_START = datetime(2025, 6, 3, 16, 4, 51, tzinfo=UTC)
_SECONDS_PER_TURN = 8
_WEIGHTS = {CallStatus.COMPLETED: 12, CallStatus.NO_ANSWER: 4, CallStatus.BUSY: 2}
"""How frequent a status is among many calls; 1 for others."""
_ASSISTANTS = ("Riverbend Dental Reception", "Harbour Lights Hotel Desk", "Alder Street Library", "Tern Bicycle Repair")
_REASONS = ("book a visit", "change a booking", "ask for a price", "ask for opening hours", "complain about a delay")


def make_call(
    status: str = "completed",
    *,
    turns: int | None = None,
    post_analysis: Mapping[str, PostAnalysisValue] | None = None,
    **fields: object,
) -> Call:
    """Make a call with the fields that a call of this status has.

    A queued or ringing call has not started. A call in progress has started and has a transcript, but neither an end
    nor an analysis. A completed call has everything. Other calls have an end, but were never connected: they have no
    start, transcript, analysis or recording. Fields that you pass are always set.

    Args:
        status: A status that the document lists, in any spelling.
        turns: Number of turns of the conversation, at least 0, which also sets the duration. Default: 4 for a call
            that was connected.
        post_analysis: Values of the post-analysis, by name.
        **fields: Other fields of ``Call``, as JSON or as in a ``Call``. ``call_id`` is a new one each time.

    Raises:
        ValueError: The document does not list the status, or ``turns`` is negative.
        TypeError: ``Call`` has no such field, or a value does not match the document. For calls that do not match it,
            use ``Call.from_dict``, or ``attrs.evolve`` for an unknown status.
    """
    known = _validate_status(status)
    _validate_names(fields)
    count = (4 if known in _TALKED else 0) if turns is None else turns
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise ValueError(f"turns must be a number of turns, zero or more, not {count!r}")
    values = {name: _to_json(value) for name, value in fields.items()}
    call = Lifecycle(_finished_call(values, count), [known], 0, 0).states(0.0)[0]
    if known in _TALKED or turns:
        call |= _transcript(count)
    call |= values
    if "transcript_object" in values and "transcript" not in values:
        call["transcript"] = _text_of(values["transcript_object"])
    if post_analysis is not None:
        analysis = call["call_analysis"] or {}
        if not isinstance(post_analysis, Mapping) or not isinstance(analysis, dict):
            raise TypeError("make_call: post_analysis must be a mapping, and call_analysis an object")
        items = [{"name": name, "value": value} for name, value in post_analysis.items()]
        call["call_analysis"] = {**analysis, "post_analysis_data": items}
    present = {name: value for name, value in call.items() if value is not None}
    made, drifts = convert(present, Call, NAMED_BY_CUSTOMERS)
    for drift in drifts:
        raise TypeError(f"make_call: {drift.path} must be {drift.expected}, not {drift.actual} ({drift.kind})")
    result: Call = made
    return result


def make_calls(count: int, *, seed: int = 0, **fields: object) -> list[Call]:
    """Make calls with different ids, numbers, times, lengths and statuses; the same calls for the same seed.

    The first eight calls have all statuses, and the others mostly frequent ones. A larger ``count`` adds calls at the
    end.

    Args:
        count: Number of calls, at least 0.
        seed: Selects the calls.
        **fields: Arguments of ``make_call`` that all calls share, e.g. ``status="completed"``.

    Raises:
        ValueError: ``count`` is negative, or all calls would have the same ``call_id``; or as for ``make_call``.
        TypeError: As for ``make_call``.
    """
    if count < 0:
        raise ValueError(f"count must be zero or more, not {count}")
    if "call_id" in fields:
        raise ValueError("calls cannot share a call_id: use make_call")
    rng = random.Random(seed)
    first = rng.sample(list(CallStatus), len(CallStatus))
    return [_any_call(rng, first[number] if number < len(first) else None, number, fields) for number in range(count)]


def _any_call(rng: random.Random, status: CallStatus | None, number: int, fields: dict[str, Any]) -> Call:
    statuses = list(CallStatus)
    chosen = rng.choices(statuses, [_WEIGHTS.get(each, 1) for each in statuses])[0] if status is None else status
    call_id = str(uuid.UUID(int=rng.getrandbits(128), version=4))
    own: dict[str, Any] = {
        "call_id": call_id,
        "status": chosen,
        "from_number": f"+1555{rng.randrange(100, 110):04}",
        "to_number": f"+1555{rng.randrange(110, 200):04}",
        "assistant_name": rng.choice(_ASSISTANTS),
        "call_type": rng.choice(("incoming", "outgoing")),
        "protocol": rng.choice(("telnyx", "twilio", "web")),
    }
    start = _START + timedelta(minutes=7 * number, seconds=rng.randrange(400))
    turns, sentiment = rng.randrange(2, 40), rng.choice(("negative", "neutral", "positive"))
    analysis = {"reason_for_call": rng.choice(_REASONS), "score": rng.randint(1, 10), "resolved": rng.random() < 0.7}
    status_of_all = _validate_status(fields.get("status", chosen))
    if status_of_all in _TALKED:
        own |= {"turns": turns, "start_time": start}
    if status_of_all == CallStatus.COMPLETED:
        own |= {"post_analysis": analysis, "sentiment": sentiment}
    return make_call(**(own | fields))


def _finished_call(values: Mapping[str, Any], turns: int) -> dict[str, Any]:
    """Return a completed call whose times agree with each other and with what the test sets."""
    call_id = values.get("call_id") or str(uuid.uuid4())
    duration = values.get("call_duration_seconds", 3 + _SECONDS_PER_TURN * turns)
    seconds = timedelta(seconds=duration if isinstance(duration, int) else 0)
    started_at, ended_at = _date(values.get("start_time")), _date(values.get("end_time"))
    start = started_at or (ended_at - seconds if ended_at else _START)
    end = ended_at or start + seconds
    return sample_call(
        call_id=call_id,
        provider_call_id=f"CA{uuid.uuid5(uuid.NAMESPACE_OID, str(call_id)).hex}",
        call_recording_url=f"https://recordings.riverbend.test/{call_id}.mp3",
        start_time=start.isoformat(),
        end_time=end.isoformat(),
        call_duration_seconds=round((end - start).total_seconds()),
    )


def _date(value: object) -> datetime | None:
    """Read a date with a UTC offset; None for anything else, which ``make_call`` refuses later."""
    try:
        date = msgspec.convert(value, datetime)
    except msgspec.ValidationError:
        return None
    return date if date.tzinfo is not None else None


def _transcript(count: int) -> dict[str, Any]:
    """Return the conversation of the sample call, again from its beginning when it ends."""
    turns: list[dict[str, Any]] = []
    while len(turns) < count:
        turns += sample_call()["transcript_object"][: count - len(turns)]
    return {"transcript_object": turns, "transcript": _text_of(turns)}


def _text_of(turns: object) -> str:
    lines = turns if isinstance(turns, list) else []
    return "\n".join(
        f"{str(turn.get('role') or '').capitalize()}: {turn.get('content') or ''}"
        for turn in lines
        if isinstance(turn, dict)
    )


def _to_json(value: object) -> Any:
    return value.received if isinstance(value, CallMetadata) else msgspec.to_builtins(_plain(value))


def _validate_status(value: object) -> CallStatus:
    if not isinstance(value, str):
        raise ValueError(f"status must be a text, not {type(value).__name__}")
    status = CallStatus(value)
    if not status.is_known:
        raise ValueError(f"{value[:40]!r} is not a status of a call{_suggestion(value, list(map(str, CallStatus)))}")
    return status


def _validate_names(names: Iterable[str]) -> None:
    for name in names:
        if name not in _FIELDS:
            raise TypeError(f"Call has no field {name!r}{_suggestion(name, [*_FIELDS, 'turns', 'post_analysis'])}")


def _suggestion(text: str, possible: list[str]) -> str:
    close = difflib.get_close_matches(text.lower(), possible, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(possible)}"
