"""The options of a client, checked before any I/O."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Sequence
from typing import Any

from attrs import Attribute, field, frozen

from .._types import Drift
from ..errors import ConfigurationError
from .redaction import Secret

MAX_TIMEOUT = 1e6  # seconds, eleven days: event loops cannot set timers for centuries


def validate_timeout(name: str, value: float) -> float:
    """Return ``value`` if it is a number of seconds above 0; else raise a ConfigurationError."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not 0 < value <= MAX_TIMEOUT:  # a comparison with NaN is False
        raise ConfigurationError(f"{name} must be a number of seconds above 0, and at most {MAX_TIMEOUT:g}")
    return float(value)


def validate_int(name: str, value: int, *, minimum: int) -> int:
    """Return ``value`` if it is an integer of at least ``minimum``; else raise a ConfigurationError."""
    if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
        raise ConfigurationError(f"{name} must be an integer of at least {minimum}")
    return value


def _seconds(_: object, attribute: Attribute[Any], value: Any) -> None:
    validate_timeout(attribute.name, value)


def _at_least(minimum: int) -> Any:
    return lambda _, attribute, value: validate_int(attribute.name, value, minimum=minimum)


def _tls_setting(_: object, attribute: Attribute[Any], value: Any) -> None:
    if not isinstance(value, (bool, ssl.SSLContext)):
        raise ConfigurationError(
            f"{attribute.name} must be a bool or an ssl.SSLContext: for your own certificates, pass "
            "ssl.create_default_context(cafile=...)"
        )


@frozen(kw_only=True)
class Options:
    """The options that all requests of a client share; ``AsyncPuretalk`` documents them."""

    base_url: str
    api_key: Secret
    key_header: str | None
    """Name of the header that carries the key; None where the API has none."""
    headers: Sequence[tuple[str, str]]
    """Sent with every request, too."""
    timeout: float = field(validator=_seconds)
    connect_timeout: float = field(validator=_seconds)
    max_retries: int = field(validator=_at_least(0))
    max_connections: int = field(validator=_at_least(1))
    max_response_bytes: int = field(validator=_at_least(1))
    strict: bool
    on_drift: Callable[[Drift], object] | None
    verify: bool | ssl.SSLContext = field(validator=_tls_setting)


def resolve_api_key(api_key: Secret | None, variable: str) -> Secret:
    """Return the API key from the argument, else from the environment variable.

    A ConfigurationError says that there is none, or that it cannot be a header value (RFC 9110, section 5.5).
    """
    source = "api_key"
    if api_key is None:
        if variable not in os.environ:
            raise ConfigurationError(f"{variable} is not set: pass api_key=..., or set that variable")
        source, api_key = variable, Secret(os.environ[variable])
    if problem := _header_value_problem(api_key.reveal()):
        raise ConfigurationError(f"{source} {problem}")
    return api_key


def _header_value_problem(value: object) -> str | None:
    """Say why ``value`` cannot be sent as a header, without quoting it."""
    if not isinstance(value, str):
        return f"must be a str, not {type(value).__name__}"
    if not value.strip():
        return "is empty"
    if value != value.strip():
        return "begins or ends with white space; a file that it was read from may end in a line break"
    if not value.isascii() or not value.isprintable():
        return "holds a character that no HTTP header value can hold"
    return None
