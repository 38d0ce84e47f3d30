"""What a client is told at construction, checked before any I/O."""

from __future__ import annotations

import ipaddress
import os
import re

import httpx

from puretalk_generated.spec import SERVER

from .errors import ConfigurationError, InvalidCallIdError

MAX_CALL_ID_LENGTH = 256

_UNSENDABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters and surrogates (Unicode's categories Cc and Cs)."""


def resolve_api_key(api_key: str | None) -> str:
    """Return the API key from the argument, else from ``PURETALK_API_KEY``.

    Raises:
        ConfigurationError: There is none, or it cannot be a header value (RFC 9110, section 5.5).
    """
    source = "api_key" if api_key is not None else "PURETALK_API_KEY"
    key = api_key if api_key is not None else os.environ.get("PURETALK_API_KEY")
    problem = api_key_problem(key)
    if key is None or problem is not None:
        # No local may hold the key while the error travels: tools print the locals of each frame.
        del api_key, key
        raise ConfigurationError(f"{source} {problem}")
    return key


def api_key_problem(key: object) -> str | None:
    """Say what is wrong with an API key, without quoting it."""
    if key is None:
        return "is not set: pass api_key=..., or set that environment variable"
    if not isinstance(key, str):
        return f"must be a str, not {type(key).__name__}"
    if not key.strip():
        return "is empty"
    if key != key.strip():
        return "begins or ends with white space; a line break is often read along from a file"
    if not key.isascii() or not key.isprintable():
        return "holds a character that no HTTP header value can hold"
    return None


def resolve_base_url(base_url: str | None, *, allow_insecure: bool) -> str:
    """Return the base URL without a trailing slash: the argument, ``PURETALK_BASE_URL`` or the spec's server.

    Raises:
        ConfigurationError: It is no http(s) URL, carries credentials, a query or a fragment, or would
            send the API key unencrypted to another machine.
    """
    text = base_url if base_url is not None else os.environ.get("PURETALK_BASE_URL") or SERVER
    source = "base_url" if base_url is not None else "PURETALK_BASE_URL"
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, TypeError):
        raise ConfigurationError(f"{source} is not a URL") from None
    if url.scheme not in ("http", "https") or not url.host or not text.isprintable() or " " in text:
        raise ConfigurationError(f"{source} must begin with https:// and name a host")
    if url.port is not None and not 0 < url.port < 65536:
        raise ConfigurationError(f"{source} has no usable port")
    if url.userinfo:
        raise ConfigurationError(f"{source} must not hold a user name or password")
    if url.query or url.fragment or "?" in text or "#" in text:
        raise ConfigurationError(f"{source} must have neither a query nor a fragment")
    if url.scheme == "http" and not is_loopback(url.host) and not allow_insecure:
        raise ConfigurationError(
            f"{source} is plain http, which shows the API key to the network:"
            " use https, or pass allow_insecure=True"
        )
    return str(url).rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine by its very name or address (RFC 6761, RFC 5735, RFC 4291)."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_call_id(call_id: str) -> str:
    """Return ``call_id`` if it can be one path segment of a request.

    Raises:
        InvalidCallIdError: It is empty, a dot segment (RFC 3986, section 5.2.4), longer than 256 characters,
            or holds a control character or a lone surrogate.
    """
    if not isinstance(call_id, str):
        raise InvalidCallIdError(f"a call id must be a str, not {type(call_id).__name__}")
    if not call_id:
        raise InvalidCallIdError("the call id is empty")
    if call_id in (".", ".."):
        raise InvalidCallIdError("the call id must not be '.' or '..', which name another path")
    if len(call_id) > MAX_CALL_ID_LENGTH:
        raise InvalidCallIdError(f"the call id is longer than {MAX_CALL_ID_LENGTH} characters")
    if _UNSENDABLE.search(call_id):
        raise InvalidCallIdError("the call id holds a control character or a lone surrogate")
    return call_id
