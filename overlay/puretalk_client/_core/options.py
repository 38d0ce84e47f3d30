"""The options of a client, checked before any I/O."""

from __future__ import annotations

import inspect
import math
import os
import re
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeAlias, TypedDict

from attrs import Attribute, evolve, field, frozen
from attrs.validators import optional

from puretalk_generated.types import KeyPlace

from .._types import Attempt, Drift
from ..errors import ConfigurationError
from .redaction import Secret
from .telemetry import Telemetry

APIKey: TypeAlias = str | Callable[[], str | Awaitable[str]]
"""A key, or what returns the current one: a function, or one that returns an awaitable."""
RateLimit: TypeAlias = float | AbstractAsyncContextManager[object]
"""Requests in a second, or a limiter that each attempt enters."""

MAX_TIMEOUT = 1e6  # seconds, eleven days: event loops cannot set timers for centuries

_RESERVED_HEADERS = frozenset(
    {
        *("accept", "accept-encoding", "connection", "content-length", "content-type", "cookie", "expect", "host"),
        *("te", "transfer-encoding", "upgrade", "user-agent"),
    }
)
"""Headers that the client or its HTTP library sends itself, beside that of the API key."""


def validate_timeout(name: str, value: float, *, may_be_zero: bool = False) -> float:
    """Return ``value`` if it is a number of seconds above 0; else raise a ConfigurationError."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    is_zero = may_be_zero and is_number and value == 0
    if not is_number or not (is_zero or 0 < value <= MAX_TIMEOUT):  # a comparison with NaN is False
        least = "of at least 0" if may_be_zero else "above 0"
        raise ConfigurationError(f"{name} must be a number of seconds {least}, and at most {MAX_TIMEOUT:g}")
    return float(value)


def validate_int(name: str, value: int, *, minimum: int) -> int:
    """Return ``value`` if it is an integer of at least ``minimum``; else raise a ConfigurationError."""
    if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
        raise ConfigurationError(f"{name} must be an integer of at least {minimum}")
    return value


class RequestOptions(TypedDict):
    """The options of one request; None where those of the client apply."""

    timeout: float | None
    retries: int | Retries | None
    """A number is one for the client's own ``Retries``."""


_NO_OPTIONS: RequestOptions = {"timeout": None, "retries": None}


def validate_request_options(
    timeout: float | None, max_retries: int | None, retries: Retries | None = None
) -> RequestOptions:
    """Return the options of one request, or raise a ConfigurationError."""
    if timeout is None and max_retries is None and retries is None:
        return _NO_OPTIONS
    return {
        "timeout": None if timeout is None else validate_timeout("timeout", timeout),
        "retries": validate_retries(max_retries, retries),
    }


def validate_retries(max_retries: int | None, retries: Retries | None) -> int | Retries | None:
    """Return the one of both that is given, or raise a ConfigurationError."""
    if retries is None:
        return None if max_retries is None else validate_int("max_retries", max_retries, minimum=0)
    if max_retries is not None:
        raise ConfigurationError("retries has a max_retries of its own: pass one of both")
    if not isinstance(retries, Retries):
        raise ConfigurationError(f"retries must be a Retries, not {type(retries).__name__}")
    return retries


def validate_headers(headers: Mapping[str, str] | None, key: KeyPlace | None) -> Sequence[tuple[str, str]]:
    """Return headers as pairs, or raise a ConfigurationError, which does not quote their values."""
    if headers is None:
        return ()
    if not isinstance(headers, Mapping):
        raise ConfigurationError("default_headers must be a mapping of str to str")
    key_header = key.name.lower() if key is not None and key.location == "header" else None
    for name, value in headers.items():
        if not isinstance(name, str) or not _TOKEN.fullmatch(name):
            raise ConfigurationError("default_headers has a name that HTTP does not allow")
        if name.lower() in _RESERVED_HEADERS or name.lower() == key_header:
            raise ConfigurationError(f"default_headers must not hold {name}, which the client sends itself")
        if problem := _header_value_problem(value):
            raise ConfigurationError(f"default_headers[{name!r}] {problem}")
    return tuple(headers.items())


def user_agent(product: str, suffix: str | None) -> str:
    """Return the User-Agent (RFC 9110, section 10.1.5)."""
    if suffix is None:
        return product
    if problem := _header_value_problem(suffix):
        raise ConfigurationError(f"user_agent_suffix {problem}")
    return f"{product} {suffix}"


def _seconds(_: object, attribute: Attribute[Any], value: Any) -> None:
    validate_timeout(attribute.name, value)


def _at_least(minimum: int) -> Any:
    return lambda _, attribute, value: validate_int(attribute.name, value, minimum=minimum)


def _optional(validator: Any) -> Any:
    return optional(validator)


@frozen(kw_only=True)
class Retries:
    """Limits of retries, for ``retries=`` of a client or of a request. The defaults survive an outage of minutes.

    All requests of a client share a budget of 35 retries. Successes refill it, and so does time, by one retry per
    second. If the budget is empty, a request with a ``deadline`` waits for it, and one without fails.

    Raises:
        ConfigurationError: A value cannot be used.
    """

    max_retries: int | None = field(default=None, validator=_optional(_at_least(0)))
    """How often a transient failure is retried, at least 0; None for as often as there is time."""
    max_delay: float = field(default=60.0, validator=_seconds)
    """Longest delay between attempts in seconds. A ``Retry-After`` of up to 120 s is always followed."""
    deadline: float | None = field(default=900.0, validator=_optional(_seconds))
    """Seconds for the request as a whole, waiting included; ``timeout`` is then for each attempt. With None,
    ``timeout`` is for all attempts together."""

    @property
    def limit(self) -> float:
        """``max_retries`` as a number."""
        return math.inf if self.max_retries is None else self.max_retries

    def replaced_by(self, retries: int | Retries) -> Retries:
        """Return what applies where these are the client's, and ``retries`` are those of a request."""
        return retries if isinstance(retries, Retries) else evolve(self, max_retries=retries)


DEFAULT_RETRIES = Retries(max_retries=2, max_delay=8.0, deadline=None)


def _tls_setting(_: object, attribute: Attribute[Any], value: Any) -> None:
    if not isinstance(value, (bool, ssl.SSLContext)):
        raise ConfigurationError(
            f"{attribute.name} must be a bool or an ssl.SSLContext: for your own certificates, pass "
            "ssl.create_default_context(cafile=...)"
        )


def _callback(_: object, attribute: Attribute[Any], value: Any) -> None:
    if value is None:
        return
    if not callable(value) or inspect.iscoroutinefunction(value):
        raise ConfigurationError(f"{attribute.name} must be a function that is not async")


def _rate_limit(_: object, attribute: Attribute[Any], value: Any) -> None:
    if value is None or (hasattr(type(value), "__aenter__") and hasattr(type(value), "__aexit__")):
        return
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not 0 < value < math.inf:
        raise ConfigurationError(
            f"{attribute.name} must be a number of requests per second above 0, or an async context manager"
        )


@frozen(kw_only=True)
class Options:
    """The options that all requests of a client share; ``AsyncPuretalk`` documents them."""

    base_url: str
    api_key: Secret
    key_place: KeyPlace | None
    """Where requests carry the key; None where the API has none."""
    headers: Sequence[tuple[str, str]] = field(repr=False)
    """Sent with every request, too; one may hold another secret."""
    timeout: float = field(validator=_seconds)
    connect_timeout: float = field(validator=_seconds)
    retries: Retries
    max_connections: int = field(validator=_at_least(1))
    max_response_bytes: int = field(validator=_at_least(1))
    strict: bool
    on_drift: Callable[[Drift], object] | None = field(validator=_callback)
    on_attempt: Callable[[Attempt], object] | None = field(default=None, validator=_callback)
    rate_limit: RateLimit | None = field(default=None, validator=_rate_limit)
    verify: bool | ssl.SSLContext = field(validator=_tls_setting)
    telemetry: Telemetry | None = field(default=None, repr=False)
    """What observes the requests, where there is something."""
    uses_servers: bool = False
    """Whether operations with a server of their own use it."""


def resolve_api_key(api_key: Secret | None, variable: str) -> Secret:
    """Return the API key, or what returns it, from the argument, else from the environment variable.

    A ConfigurationError says that there is none, or that it cannot be a header value (RFC 9110, section 5.5).
    """
    source = "api_key"
    if api_key is None:
        if variable not in os.environ:
            raise ConfigurationError(f"{variable} is not set: pass api_key=..., or set that variable")
        source, api_key = variable, Secret(os.environ[variable])
    if not callable(api_key.reveal()) and (problem := _header_value_problem(api_key.reveal())):
        raise ConfigurationError(f"{source} {problem}")
    return api_key


async def ask_api_key(api_key: Secret) -> Secret:
    """Return the API key, which a function may have to return."""
    if not callable(api_key.reveal()):
        return api_key
    try:
        answer = api_key.reveal()()
        key = Secret(await answer if inspect.isawaitable(answer) else answer)
    except Exception as error:
        raise ConfigurationError(f"api_key raised {type(error).__name__}") from None
    if problem := _header_value_problem(key.reveal()):
        raise ConfigurationError(f"What api_key returned {problem}")
    return key


_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A header name (RFC 9110, section 5.6.2)."""


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
