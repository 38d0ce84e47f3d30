"""Errors as exit codes, as lines and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from .. import errors
from .._display.clean import clean
from .output import AUTHENTICATION, FAILURE, NOT_FOUND, TIME_IS_UP, USAGE, note

_CODES: Sequence[tuple[type[Exception] | tuple[type[Exception], ...], int]] = (
    ((errors.ConfigurationError, errors.InvalidCallIdError), USAGE),
    (errors.NotFoundError, NOT_FOUND),
    ((errors.AuthenticationError, errors.PermissionDeniedError), AUTHENTICATION),
    ((errors.WaitTimeoutError, errors.APITimeoutError), TIME_IS_UP),
)
_FACTS = ("status", "msg", "request_id", "method", "path", "attempts", "elapsed", "retryable", "retry_after")


class UsageError(errors.ConfigurationError):
    """The command cannot be run as it was typed."""


class UnreadableError(errors.ConfigurationError):
    """A recorded response cannot be read."""


def exit_code(error: Exception) -> int:
    """Return the exit code for a command that ends with an error."""
    return next((code for kinds, code in _CODES if isinstance(error, kinds)), FAILURE)


def report(error: Exception, *, as_json: bool, call_id: object = None) -> None:
    """Print an error on standard error: a line, or a JSON object of one line."""
    note(error_json(error, call_id) if as_json else f"puretalk: {error_line(error, call_id)}")


def error_line(error: Exception, call_id: object = None) -> str:
    """Return what failed; the text can come from the server."""
    text = str(error)
    if isinstance(error, OSError) and error.strerror:
        text = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return clean(text if call_id is None else f"{call_id}: {text}")


def error_json(error: Exception, call_id: object = None) -> str:
    """Return what failed as a JSON object. ASCII escapes keep control characters from the terminal."""
    facts: dict[str, Any] = {"type": type(error).__name__, "message": error_line(error), "exit_code": exit_code(error)}
    if isinstance(error, errors.PuretalkError) and error.method is not None:
        facts |= {name: getattr(error, name) for name in _FACTS}
    owner = {} if call_id is None else {"call_id": str(call_id)}
    return json.dumps({**owner, "error": facts})
