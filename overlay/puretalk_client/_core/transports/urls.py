"""URLs as the transports read them, so that what is checked is what is connected to."""

from __future__ import annotations

import ipaddress
import os
import urllib.request

import httpx

from ...errors import ConfigurationError

URL = httpx.URL


def parse_url(text: object, base: URL | None = None) -> URL | None:
    """Parse a URL, which may be relative to ``base``; None if it is not one."""
    try:
        return URL(text) if base is None else base.join(text)  # type: ignore[arg-type]  # this is how it refuses what is not a str
    except (httpx.InvalidURL, TypeError):
        return None


def resolve_base_url(base_url: str | None, variable: str, default: str, *, allow_insecure: bool) -> str:
    """Return the base URL without a trailing slash: the argument, the environment variable or the default.

    A ConfigurationError says why it cannot be used, above all that it would send the API key unencrypted to
    another machine.
    """
    text = base_url if base_url is not None else os.environ.get(variable) or default
    source = "base_url" if base_url is not None else variable
    url = parse_url(text)
    if url is None:
        raise ConfigurationError(f"{source} is not a URL")
    if url.scheme not in ("http", "https") or not url.host or not text.isprintable() or " " in text:
        raise ConfigurationError(f"{source} must begin with https:// and name a host")
    if url.port is not None and not 0 < url.port < 65536:
        raise ConfigurationError(f"{source} has no usable port")
    if url.userinfo:
        raise ConfigurationError(f"{source} must not hold a user name or password")
    if "?" in text or "#" in text:
        raise ConfigurationError(f"{source} must have neither a query nor a fragment")
    if url.scheme == "http" and not is_loopback(url.host) and not allow_insecure:
        raise ConfigurationError(
            f"{source} is plain http, which shows the API key to the network: use https, or pass allow_insecure=True"
        )
    return str(url).rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine by its very name or address (RFC 6761, RFC 5735, RFC 4291)."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def origin(url: URL) -> tuple[str, str, int]:
    """Return the scheme, host and port of a URL (RFC 6454)."""
    return url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80)


def destination(url: URL | str) -> str:
    """Name the host and port of a URL, for messages."""
    _, host, port = origin(URL(url))
    return f"{host}:{port}"


def environment_proxy(base_url: str) -> httpx.Proxy | None:
    """Return the proxy that the environment names for ``base_url``, as httpx reads it.

    A plain http request passes a proxy unencrypted, API key included, so only https uses one.
    """
    url = URL(base_url)
    if url.scheme != "https" or urllib.request.proxy_bypass(url.host):
        return None
    proxies = urllib.request.getproxies()
    address = proxies.get("https") or proxies.get("all")
    if not address:
        return None
    try:
        proxy = httpx.Proxy(address if "://" in address else f"http://{address}")
        if not proxy.url.host or (proxy.url.port is not None and not 0 < proxy.url.port < 65536):
            raise ValueError
        return proxy
    except (httpx.InvalidURL, ValueError):  # their text holds the URL, and so a password
        raise ConfigurationError("The proxy that the environment names is not an http, https or socks5 URL") from None
