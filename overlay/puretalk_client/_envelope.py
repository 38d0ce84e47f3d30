"""The envelope around every response (``msg``, ``err``, ``results``), and the checks of a call's id."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

import msgspec

from puretalk_generated.models import GetCallResponse

from . import errors
from .models import NAMED_BY_CUSTOMERS, Call, replaced

NAMES = ("msg", "err", "results")
"""The fields of the envelope (openapi.yaml: the 200 response of ``GET /calls/{call_id}``)."""

MAX_CALL_ID_LENGTH = 256

_UNSENDABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters and surrogates (Unicode's categories Cc and Cs)."""

_REPORTS_ERROR = "The server reports an error in a successful response"


class Envelope:
    """The conventions of Puretalk's responses, which the sender applies to those of every operation."""

    named_by_customers = NAMED_BY_CUSTOMERS
    replaced = replaced

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict

    def check(self, value: Any, content: bytes) -> None:
        """Refuse an envelope that reports an error or holds no results; what is not an envelope passes.

        Without any of the three fields it is a ResponseDecodeError; so is, under ``strict``, one of them twice.
        """
        if not hasattr(value, "results"):
            return
        if not hasattr(value, "err"):  # a list, which has no envelope unless it failed
            if not value.results and _parse_object(content).get("err") is True:
                raise errors.EnvelopeError(_REPORTS_ERROR, msg=self.message(content))
            return
        if self._strict and repeats_a_name(content):
            raise errors.ResponseDecodeError("The envelope has msg, err or results twice")
        if value.err is not True and value.results is not None:
            return
        msg = getattr(value, "msg", None)
        if value.err is True:
            raise errors.EnvelopeError(_REPORTS_ERROR, msg=msg)
        if msg is None and value.err is None:
            raise errors.ResponseDecodeError("The response is JSON, but not the API's envelope")
        raise errors.MissingResultsError("The envelope holds no results", msg=msg)

    def message(self, content: bytes) -> str | None:
        """Return ``msg`` of an ``Error`` body (openapi.yaml: ``components.schemas.Error``)."""
        msg = _parse_object(content).get("msg")
        return msg if isinstance(msg, str) else None


def _parse_object(content: bytes) -> dict[str, Any]:
    """Return the object that a body is; an empty one if it is something else."""
    try:
        parsed = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def repeats_a_name(content: bytes) -> bool:
    """Whether an envelope has a field twice: decoders take the last, a proxy may have taken the first."""
    outermost: list[str] = []

    def keep_names(pairs: list[tuple[str, Any]]) -> None:
        outermost[:] = [name for name, _ in pairs]  # json calls this for the outermost object last

    try:
        json.loads(content, object_pairs_hook=keep_names, parse_int=str)  # int() refuses more than 4,300 digits
    except RecursionError:  # msgspec reads deeper nesting
        return False
    return any(outermost.count(name) > 1 for name in NAMES)


def check_call(envelope: GetCallResponse, expected_id: str | None) -> None:
    """Refuse results that are not a call, or another call than the one requested.

    Responses can be swapped on a connection that lost step. A response without an id is accepted, and with
    ``expected_id`` None any id is.
    """
    call = envelope.results
    if not isinstance(call, Call):
        raise errors.ResponseDecodeError("The envelope's results is not an object")
    if expected_id is None or call.call_id is None or call.call_id == expected_id:
        return
    if _canonical(call.call_id) != _canonical(expected_id):
        raise errors.CallIdMismatchError("The response carries the id of another call")


def _canonical(call_id: object) -> object:
    """Return what two spellings of an id share: the UUID, or the text in one case."""
    text = str(call_id)
    try:
        return uuid.UUID(text)
    except ValueError:
        return text.casefold()


def results_of(envelope: GetCallResponse) -> Call:
    """Return the call in an envelope that ``check_call`` accepted."""
    assert isinstance(envelope.results, Call)
    return envelope.results


def validate_call_id(call_id: str | uuid.UUID) -> str:
    """Return ``call_id`` as text if it can be one path segment of a request.

    Raises:
        InvalidCallIdError: It is empty, a dot segment (RFC 3986, section 5.2.4), longer than 256 characters,
            or holds a control character or a lone surrogate.
    """
    if isinstance(call_id, uuid.UUID):
        return str(call_id)
    if not isinstance(call_id, str):
        raise errors.InvalidCallIdError(f"A call id must be a str or a UUID, not {type(call_id).__name__}")
    if call_id in ("", ".", "..") or len(call_id) > MAX_CALL_ID_LENGTH:
        raise errors.InvalidCallIdError(
            f"The call id is empty, '.', '..' or longer than {MAX_CALL_ID_LENGTH} characters"
        )
    if _UNSENDABLE.search(call_id):
        raise errors.InvalidCallIdError("The call id holds a control character or a lone surrogate")
    return call_id
