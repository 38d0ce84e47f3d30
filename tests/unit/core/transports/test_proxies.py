"""Proxies that the environment names, over each transport of the package's own."""

from __future__ import annotations

import sys

import pytest
from tests.support.canary import API_KEY
from tests.support.exposure import Exposures
from tests.unit.core.local_server import CONNECTION_REFUSED, local_server, refusing_port, response
from tests.unit.core.senders import Thing, open_sender_over, outcome

from puretalk_client import APIConnectionError, ConfigurationError

OWN = pytest.mark.parametrize("kind", ["httpx", "aiohttp"])


@OWN
@pytest.mark.parametrize(
    ("userinfo", "basic"), [("user:pa55w0rd", "dXNlcjpwYTU1dzByZA=="), ("us%20er:pa55w0rd%3A", "dXMgZXI6cGE1NXcwcmQ6")]
)
async def test_proxy_gets_its_credentials_and_no_key(
    kind: str, userinfo: str, basic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For https it gets a CONNECT (RFC 9110, section 9.3.6). Its refusal shows no password."""
    async with local_server(lambda head: response(b"", "407 Proxy Authentication Required")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{userinfo}@127.0.0.1:{proxy.port}")
        async with open_sender_over(kind, "https://api.test") as sender:
            error = await outcome(sender)
    [head] = proxy.requests
    assert head.startswith("CONNECT api.test:443 HTTP/1.1\r\n")
    assert f"Basic {basic}\r\n" in head
    assert API_KEY not in head
    assert type(error) is APIConnectionError
    assert f"the proxy 127.0.0.1:{proxy.port}" in error.message
    exposures = Exposures()
    exposures.inspect_result(error)
    assert exposures.of_words(["pa55w0rd"]) == []


@OWN
@pytest.mark.parametrize("name", ["HTTP_PROXY", "ALL_PROXY", "http_proxy"])
async def test_plain_http_goes_through_no_proxy(kind: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would show the proxy the key."""
    async with (
        local_server(lambda head: response(b'{"size":1}')) as proxy,
        local_server(lambda head: response(b'{"size":5}')) as server,
    ):
        monkeypatch.setenv(name, proxy.url)
        async with open_sender_over(kind, server.url) as sender:
            assert await outcome(sender) == Thing(size=5)
    assert proxy.requests == []


@OWN
async def test_refused_proxy_is_named(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The API's host may be fine."""
    with refusing_port() as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        async with open_sender_over(kind, "https://api.test") as sender:
            error = await outcome(sender)
    assert error.message == f"Could not connect to the proxy 127.0.0.1:{port}: {CONNECTION_REFUSED}"


@pytest.mark.parametrize(
    ("kind", "message"),
    [("httpx", r"pip install 'httpx\[socks\]'"), ("aiohttp", "SOCKS")],
)
async def test_socks_proxy_that_cannot_be_used_is_refused(
    kind: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The default transport needs a package; aiohttp would speak HTTP to the proxy."""
    monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1080")
    with pytest.raises(ConfigurationError, match=message):
        async with open_sender_over(kind, "https://api.test"):
            pass


@pytest.mark.parametrize("url", ["ftp://user:pa55w0rd@proxy.test:1", "http://user:pa55w0rd@[::"])
async def test_unusable_proxy_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a ConfigurationError that does not repeat it, since it may hold a password."""
    monkeypatch.setenv("HTTPS_PROXY", url)
    with pytest.raises(ConfigurationError, match="proxy") as caught:
        async with open_sender_over("httpx", "https://api.test"):
            pass
    assert "pa55w0rd" not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"
