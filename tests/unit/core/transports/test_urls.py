"""URLs: which base URLs are accepted, what is loopback, and the environment's proxy."""

from __future__ import annotations

from typing import Any

import pytest

from puretalk_client import ConfigurationError
from puretalk_client._core.transports.urls import (
    URL,
    destination,
    environment_proxy,
    is_loopback,
    origin,
    parse_url,
    resolve_base_url,
)

VARIABLE, DEFAULT = "EXAMPLE_BASE_URL", "https://default.test/api"


def resolve(base_url: Any, *, allow_insecure: bool = False) -> str:
    """Resolve a base URL."""
    return resolve_base_url(base_url, VARIABLE, DEFAULT, allow_insecure=allow_insecure)


def test_argument_precedes_the_environment_and_that_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trailing slash does not count; an empty variable counts as unset."""
    assert resolve(None) == DEFAULT
    monkeypatch.setenv(VARIABLE, "https://staging.test/api/")
    assert resolve(None) == "https://staging.test/api"
    assert resolve("https://other.test") == "https://other.test"
    monkeypatch.setenv(VARIABLE, "")
    assert resolve(None) == DEFAULT


def test_message_names_the_source_of_the_url(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the argument or the variable cannot be used."""
    monkeypatch.setenv(VARIABLE, "api.test")
    with pytest.raises(ConfigurationError, match=f"^{VARIABLE} "):
        resolve(None)
    with pytest.raises(ConfigurationError, match=r"^base_url "):
        resolve("")


@pytest.mark.parametrize(
    ("url", "problem"),
    [(5, "is not a URL"), ("http://[::1", "is not a URL"), ("", "name a host"), ("api.test", "name a host"),
     ("ftp://api.test", "name a host"), ("https://", "name a host"), ("https:///api", "name a host"),
     ("https://a b.test", "name a host"), ("https://api.test:99999", "no usable port"),
     ("https://api.test:0", "no usable port"), ("https://api.test:65536", "no usable port"),
     ("https://user:s3cret@api.test", "user name or password"), ("https://s3cret@api.test", "user name or password"),
     ("http://127.0.0.1@other.test", "user name or password"),
     ("https://api.test/?a=s3cret", "neither a query nor a fragment"),
     ("https://api.test/?", "neither a query nor a fragment"),
     ("https://api.test/#s3cret", "neither a query nor a fragment")],
)  # fmt: skip
def test_unusable_base_url_is_refused(url: object, problem: str) -> None:
    """Only http(s) URLs with a host; the message repeats neither credentials nor the query."""
    with pytest.raises(ConfigurationError, match=problem) as caught:
        resolve(url)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["https://api.test:1", "https://api.test:65535/", "https://api.test/X/", "https://api.test/a//"]
)
def test_base_url_keeps_all_but_slashes_at_its_end(url: str) -> None:
    """Any port from 1 to 65535, and any path."""
    assert resolve(url) == url.rstrip("/")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "localhost.", "127.0.0.1", "127.9.9.9", "[::1]"])
def test_plain_http_is_allowed_on_loopback(host: str) -> None:
    """The sandbox needs no TLS."""
    assert resolve(f"http://{host}:8000/api").startswith("http://")


@pytest.mark.parametrize(
    "host", ["api.test", "127.0.0.1.other.test", "localhost.other.test", "10.0.0.1", "0.0.0.0", "[::]"]
)
def test_plain_http_elsewhere_needs_allow_insecure(host: str) -> None:
    """It shows the API key to the network."""
    url = f"http://{host}/api"
    with pytest.raises(ConfigurationError, match="allow_insecure"):
        resolve(url)
    assert resolve(url, allow_insecure=True) == url


@pytest.mark.parametrize("host", ["localhost.localdomain", "", "localhos", "128.0.0.1", "::2", "127.1", "X127.0.0.1"])
def test_loopback_is_an_exact_name_or_address(host: str) -> None:
    """No name is looked up, and other spellings of an address do not count."""
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("text", "base", "parsed"),
    [("https://a.test/x", None, "https://a.test/x"), ("/y?z", URL("https://a.test/x"), "https://a.test/y?z"),
     ("//b.test/", URL("https://a.test/x"), "https://b.test/"), (None, None, None), (5, None, None),
     (b"https://a.test", None, None), ("http://[::1", None, None), ("http://[::1", URL("https://a.test"), None),
     ("https://a.test/\x00", None, None), ("https://a.test:port", None, None), ("x" * 100_000, None, None)],
)  # fmt: skip
def test_text_is_parsed_or_is_not_a_url(text: object, base: URL | None, parsed: str | None) -> None:
    """No text and no other value raises."""
    url = parse_url(text, base)
    assert (None if url is None else str(url)) == parsed


@pytest.mark.parametrize(
    ("url", "expected"),
    [("https://a.test", ("https", "a.test", 443)), ("http://a.test/x", ("http", "a.test", 80)),
     ("https://A.test:443/", ("https", "a.test", 443)), ("https://a.test:8443", ("https", "a.test", 8443)),
     ("http://[::1]:80", ("http", "::1", 80))],
)  # fmt: skip
def test_origin_has_the_default_port(url: str, expected: tuple[str, str, int]) -> None:
    """RFC 6454: two URLs of one origin compare equal."""
    assert origin(URL(url)) == expected
    assert destination(url) == f"{expected[1]}:{expected[2]}"


API = "https://api.test/api"
PROXY = "http://proxy.test:3128"


@pytest.mark.parametrize(
    ("environment", "base_url", "proxy"),
    [({}, API, None), ({"HTTPS_PROXY": PROXY}, API, PROXY), ({"https_proxy": "proxy.test:3128"}, API, PROXY),
     ({"ALL_PROXY": PROXY}, API, PROXY), ({"HTTPS_PROXY": PROXY, "NO_PROXY": "api.test"}, API, None),
     ({"HTTPS_PROXY": PROXY, "NO_PROXY": ".test"}, API, None), ({"HTTP_PROXY": PROXY}, API, None),
     ({"HTTP_PROXY": PROXY, "ALL_PROXY": PROXY}, "http://api.test", None),
     ({"HTTP_PROXY": PROXY}, "http://127.0.0.1:8000", None)],
)  # fmt: skip
def test_proxy_of_the_environment_is_for_https_only(
    environment: dict[str, str], base_url: str, proxy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plain http would show the proxy the API key; NO_PROXY is respected."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found = environment_proxy(base_url)
    assert (None if found is None else str(found.url)) == proxy


@pytest.mark.parametrize("proxy", ["http://proxy.test:1", "https://proxy.test:65535", "socks5://proxy.test"])
def test_proxy_may_have_any_port_or_none(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From 1 to 65535."""
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    found = environment_proxy(API)
    assert found is not None
    assert str(found.url) == proxy


@pytest.mark.parametrize(
    "proxy",
    ["ftp://proxy.test:1", "http://", "http://:3128", "http://s3cret@proxy.test:0", "http://s3cret@proxy.test:65536",
     "http://s3cret@proxy.test:port", "http://s3cret@[::"],
)  # fmt: skip
def test_unusable_proxy_is_refused(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a client is made; the message does not repeat the URL, which may hold a password."""
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(ConfigurationError, match=r"^The proxy that the environment names is not an http") as caught:
        environment_proxy(API)
    assert "s3cret" not in f"{caught.value} {caught.value.__cause__}"
    assert caught.value.__suppress_context__
