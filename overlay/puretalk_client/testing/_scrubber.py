"""Takes numbers, names and what was said out of responses, and keeps their shape."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Literal, get_args

from puretalk_generated import models as generated

from .._call_status import CallStatus
from .._core.decoding import fields_by_json_name
from .._recorded import is_json
from ._invention import Invention
from ._json_text import Path, read_text, rewrite_json, write_text

_IDS = {"call_id", "assistant_id", "voice_id", "campaign_id", "provider_call_id"}
_PHONES = {"from_number", "to_number"}
_DOCUMENTED: dict[str, Collection[str]] = {
    "msg": ("Success",),
    "status": [status.value for status in CallStatus] + ["in progress"],
    "protocol": get_args(generated.CallProtocol),
    "call_type": get_args(generated.CallType),
    "answered_by": get_args(generated.CallAnsweredBy),
    "sentiment": get_args(generated.CallSentiment),
    "transcript_object.role": ("user", "assistant"),
}
"""The values of a field that say nothing of a person."""
_FLAGS = {"err", "is_billed", "call_recording_enabled", "transcript_object.interrupted"}
_MEASURED = {"call_duration_seconds"} | {
    f"transcript_object.turn_latency.{name}" for name in ("latency", "eou_delay", "llm_latency", "tts_latency")
}
_MAX_MEASURED = 8  # characters of a number; a phone number has more
_MIN_PHONE = 7  # digits; a shorter invented number begins with 0, as no number in JSON does
_NAMES = {
    "": {*fields_by_json_name(generated.Call)[0], "msg", "err", "results"},
    "call_analysis": {*fields_by_json_name(generated.CallAnalysis)[0]},
    "call_analysis.post_analysis_data": {"name", "value"},
    "transcript_object": {*fields_by_json_name(generated.TranscriptTurn)[0]},
    "transcript_object.turn_latency": {*fields_by_json_name(generated.TurnLatency)[0]},
    "transcript_object.tool_calls": {"id", "type", "function", "name", "arguments"},
    "transcript_object.tool_calls.function": {"name", "arguments"},
    "metadata": {"model"},
}
"""The names that an object has in the document, or commonly has."""
_OF_SERVER = {"", "call_analysis", "transcript_object", "transcript_object.turn_latency"}
"""Objects in which the server chooses the names, and not its customers."""
_FIELD_NAME = re.compile(r"(?!.*\d{4})[a-z_][A-Za-z0-9_]{0,39}")
_UNKNOWN = "?"
_MAX_NESTING = 4  # JSON texts in JSON texts


class Scrubber:
    """Replaces personal data in responses by invented data of the same shape and length.

    - Texts become invented letters and digits, phone numbers become numbers that end in 555 0100 to 555 0199, and URLs
      get a host below ``.test``.
    - Times move to January 2025, and numbers get other digits in the same spelling.
    - Post-analysis values, metadata and unknown fields are replaced with the names in them.
    - Documented values of enums such as ``status``, flags such as ``is_billed``, the duration and the latencies stay.
      So do unknown names in the server's own objects: ``puretalk drift`` reports them.

    One scrubber replaces an id by the same id each time.

    Args:
        keep: Paths of fields in the call to leave as they are, with everything below them, e.g.
            ``["assistant_name", "metadata.plan", "call_analysis.post_analysis_data"]``. Unknown fields can be kept.
        ids: ``"map"`` replaces ids. ``"keep"`` leaves ``call_id`` and the other documented ids as they are.

    Raises:
        TypeError: ``keep`` is a text.
        ValueError: ``ids`` has another value.
    """

    def __init__(self, *, keep: Iterable[str] = (), ids: Literal["map", "keep"] = "map") -> None:
        if isinstance(keep, str):
            raise TypeError("keep must be a list of fields, not a text")
        if ids not in ("map", "keep"):
            raise ValueError("ids must be 'map' or 'keep'")
        self._keep = {tuple(path.split(".")) for path in keep}
        self._invention = Invention(keeps_ids=ids == "keep")

    def __repr__(self) -> str:
        return f"<Scrubber keep={sorted('.'.join(path) for path in self._keep)}>"

    def scrub_id(self, text: str) -> str:
        """Return the id that replaces this one."""
        return self._invention.identifier(text)

    def scrub_body(self, content: bytes) -> bytes:
        """Scrub the body of a response: JSON, other text, or bytes."""
        if is_json(content):
            return rewrite_json(content.decode(), self._name, self._value).encode()
        try:
            return self._invention.text(content.decode()).encode()
        except UnicodeDecodeError:  # its letters and digits are those of ASCII; other bytes say nothing alone, and go
            letters = self._invention.text(re.sub(rb"[\x80-\xff]", b"\x00", content).decode()).encode()
            return letters.replace(b"\x00", b"\xff")

    def reserve_ids(self, identifiers: Collection[str]) -> None:
        """Do not invent any of these ids, which a file already has."""
        self._invention.reserve(identifiers)

    def _name(self, parent: Path, name: str) -> str:
        path = _below_results((*parent, name))
        parent = path[:-1]
        shown = ".".join(parent)
        if name in _NAMES.get(shown, ()) or (shown in _OF_SERVER and _FIELD_NAME.fullmatch(name)):
            return name
        if self._is_kept(path) or any(kept[: len(path)] == path for kept in self._keep):
            return name
        return self._invention.name(name)

    def _value(self, path: Path, token: str) -> str:
        path = _below_results(path)
        return token if self._is_kept(path) else self._scalar(".".join(path), token, 0)

    def _scalar(self, field: str, token: str, nesting: int) -> str:
        if token == "null":
            return token
        if token in ("true", "false"):
            return token if field in _FLAGS else self._invention.boolean()
        if token.startswith('"'):
            return write_text(self._text(field, read_text(token), nesting))
        if field in _MEASURED and len(token) <= _MAX_MEASURED:
            return token
        if field in _IDS and token.isdigit():
            return self._invention.identifier(token)
        if field in _PHONES and token.isdigit() and len(token) >= _MIN_PHONE:
            return self._invention.phone(token)
        return self._invention.number(token)

    def _text(self, field: str, text: str, nesting: int) -> str:
        if text in _DOCUMENTED.get(field, ()):
            return text
        if field in _IDS:
            return self._invention.identifier(text)
        if field == "call_analysis.post_analysis_data.name":
            return self._invention.name(text)
        if field in _PHONES and re.fullmatch(r"\+?[0-9 ()./-]*", text):
            return self._invention.phone(text)
        # Arguments of functions are JSON texts.
        if text.lstrip().startswith(("{", "[")) and nesting < _MAX_NESTING and _is_json_text(text):
            return rewrite_json(
                text,
                lambda _, name: self._invention.name(name),
                lambda _, token: self._scalar(_UNKNOWN, token, nesting + 1),
            )
        return self._invention.text(text)

    def _is_kept(self, path: Path) -> bool:
        return any(path[:end] in self._keep for end in range(1, len(path) + 1))


def _below_results(path: Path) -> Path:
    """Return the path in the call, whether it has its envelope or not."""
    return path[1:] if path[:1] == ("results",) and len(path) > 1 else path


def _is_json_text(text: str) -> bool:
    try:
        return is_json(text.encode())
    except UnicodeEncodeError:
        return False
