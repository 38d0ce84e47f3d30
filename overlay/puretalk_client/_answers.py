"""From a complete HTTP answer to a value or an error. No I/O here."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec

from puretalk_generated.types import Answer, Responses

from . import errors
from ._decoding import ENVELOPE, Drift, decode, repeats_a_name

MAX_SERVER_TEXT = 500
"""Characters of the server's own words that an error keeps."""

_BY_STATUS: dict[int, type[errors.APIStatusError]] = {
    401: errors.AuthenticationError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    429: errors.RateLimitError,
}


def read(status: int, content: bytes, responses: Responses[Any], secret: str = "") -> tuple[Any, list[Drift]]:
    """Return the decoded body of a success, and where it strayed from the spec.

    Args:
        status: HTTP status code, a 2xx.
        content: The whole body.
        responses: What the operation documents.
        secret: The API key, which no error may repeat.

    Raises:
        EnvelopeError: The envelope reports an error, or holds no results.
        ResponseDecodeError: The body is not what a success is documented to be.
    """
    answer = responses.match(status)
    if answer is None:
        raise errors.ResponseDecodeError(f"the spec knows no answer with status {status}", status=status)
    value, drifts = body(content, answer)
    if hasattr(value, "err") and hasattr(value, "results"):
        check_envelope(value, content, secret)
    return value, drifts


def body(content: bytes, answer: Answer) -> tuple[Any, list[Drift]]:
    """Decode a body as its documentation says."""
    if answer.media == "none":
        return None, []
    if answer.media == "bytes":
        return content, []
    if answer.media == "text":
        return content.decode(errors="replace"), []
    return decode(content, answer.type)


def check_envelope(envelope: Any, content: bytes, secret: str) -> None:
    """Refuse an envelope (``msg``, ``err``, ``results``) that reports an error or holds nothing."""
    if repeats_a_name(content):
        raise errors.ResponseDecodeError("the envelope names msg, err or results twice")
    if envelope.err is not True and envelope.results is not None:
        return
    msg = server_text(getattr(envelope, "msg", None), secret)
    if envelope.err is True:
        raise errors.EnvelopeError("the server reports an error in a successful answer", msg=msg)
    if not msgspec.json.decode(content).keys() & set(ENVELOPE):
        raise errors.ResponseDecodeError("the answer is JSON, but not the API's envelope")
    raise errors.MissingResultsError("the envelope holds no results", msg=msg)


def status_error(status: int, content: bytes, secret: str) -> errors.APIStatusError:
    """Make the error of a status that is no success."""
    kind = _BY_STATUS.get(status, errors.ServerError if 500 <= status <= 599 else errors.APIStatusError)
    try:
        phrase = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        phrase = str(status)  # 499, 520 to 524 and others that proxies use
    msg = message_of(content, secret)
    excerpt = None
    if msg is None and not content.lstrip().startswith((b"{", b"[")):  # JSON may hold what people said
        excerpt = server_text(content[: 8 * MAX_SERVER_TEXT].decode(errors="replace"), secret)
    return kind(phrase, status=status, msg=msg, excerpt=excerpt)


def message_of(content: bytes, secret: str) -> str | None:
    """Return ``msg`` of an ``Error`` body (openapi.yaml: ``components.schemas.Error``)."""
    try:
        parsed = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return server_text(parsed.get("msg"), secret) if isinstance(parsed, Mapping) else None


def without(secret: str, text: str) -> str:
    """Strike ``secret`` out of ``text``, also where the text ends in the middle of it."""
    if not secret:
        return text
    text = text.replace(secret, "***")
    for length in range(min(len(secret), len(text)), 3, -1):
        if text.endswith(secret[:length]):
            return text[:-length] + "***"
    return text


def server_text(text: Any, secret: str) -> str | None:
    """Bound what an error repeats of the server's words, on one printable line and without the API key."""
    if not isinstance(text, str) or not text.strip():
        return None
    line = " ".join(without(secret, text).split())
    printable = "".join(character if character.isprintable() else "?" for character in line)
    return printable if len(printable) <= MAX_SERVER_TEXT else printable[: MAX_SERVER_TEXT - 1] + "…"
