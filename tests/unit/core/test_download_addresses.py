"""Where a download may lead: URLs, addresses, names and certificates."""

from __future__ import annotations

import asyncio
import io
import ipaddress
import socket
import ssl
from collections.abc import Sequence
from typing import Any, NoReturn

import pytest
from hypothesis import given, strategies as st
from tests.support.canary import API_KEY
from tests.support.scripted_server import CERTIFICATE, CERTIFICATE_KEY
from tests.unit.core.local_server import local_server, response
from tests.unit.core.senders import open_sender_over

from puretalk_client import APIConnectionError, DownloadError, PuretalkError, TLSError
from puretalk_client._core.download import download, is_public
from puretalk_client._core.redaction import Secret
from puretalk_client._core.sender import Sender

SOUND = b"RIFF" * 100
API = "https://api.test"
TRUSTING = ssl.create_default_context()
"""One context for all tests that connect to nothing: it takes 50 ms to load."""


async def fetch(sender: Sender, url: object) -> Any:
    """Download; return the size or the error."""
    try:
        return await download(sender, Secret(url), io.BytesIO(), max_bytes=1 << 20, timeout=60.0)
    except PuretalkError as error:
        return error


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the addresses that a download connects to, and let it connect to none."""
    addresses: list[str] = []

    def open_pinned(address: str, *_: Any, **__: Any) -> NoReturn:
        addresses.append(address)
        raise APIConnectionError("not in this test")

    monkeypatch.setattr("puretalk_client._core.transports.pinned.open_pinned", open_pinned)
    return addresses


def resolve_to(monkeypatch: pytest.MonkeyPatch, addresses: Sequence[str]) -> list[str]:
    """Let every name resolve to these addresses; return the list of names that are looked up."""
    names: list[str] = []

    async def getaddrinfo(name: str, port: int, **_: Any) -> list[Any]:
        names.append(name)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    return names


@pytest.mark.parametrize(
    "url",
    [None, 5, "", "nonsense", "ftp://media.test/r", "file:///etc/passwd", "http://media.test/r", "//media.test/r",
     "https://user:pass@media.test/r", "https:///r", "http://[::1", "javascript:alert(1)", "data:,x",
     "https://media.test:0/r", "https://media.test:65536/r", "https://media.test:-1/r", "http://127.0.0.1:1/r"],
)  # fmt: skip
async def test_url_that_is_not_plain_https_is_refused(
    url: object, connections: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No name is looked up, and the message does not repeat the URL."""
    names = resolve_to(monkeypatch, ["93.184.215.14"])
    async with open_sender_over("httpx", API, verify=TRUSTING) as sender:
        error = await fetch(sender, url)
    assert isinstance(error, DownloadError)
    assert "media.test" not in str(error)
    assert names == connections == []


PRIVATE = [
    "127.0.0.1", "10.0.0.8", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1",
    "192.0.2.1", "198.18.0.1", "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%1", "fc00::1", "fd00::1",
    "ff02::1", "2001:db8::1",
    # IPv4 addresses within IPv6 addresses.
    "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::1", "::10.0.0.1", "::ffff:0:10.0.0.1", "64:ff9b:1::a00:1",
    # Of the registries of special-purpose addresses, and not known to every Python.
    "fec0::1", "feff:ffff::1", "64:ff9b:1:ffff::1", "3fff::1", "3fff:fff:ffff::1", "5f00::1", "::ffff:0:8.8.8.8",
    "::8.8.8.8",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_not_public(address: str) -> None:
    """Private, loopback, link-local, multicast, reserved for documentation, and translations of those."""
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    ["93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "2001:4860:4860::8888", "::ffff:8.8.8.8",
     "64:ff9b::808:808", "2002:808:808::1", "4000::1"],
)  # fmt: skip
def test_public_addresses_are_public(address: str) -> None:
    """Also a public IPv4 address within an IPv6 address of a translator."""
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_translation_does_not_make_an_address_public(address: ipaddress.IPv4Address) -> None:
    """An IPv4 address is as public as its mapped, 6to4 and NAT64 forms."""
    number = int(address)
    forms = [(0xFFFF << 32) + number, (0x2002 << 112) + (number << 80), (0x64FF9B << 96) + number]
    for form in forms:
        assert is_public(str(ipaddress.IPv6Address(form))) == is_public(str(address))


@pytest.mark.parametrize("addresses", [[address] for address in PRIVATE] + [["93.184.215.14", "10.0.0.8"]])
async def test_host_inside_a_private_network_is_refused(
    addresses: list[str], connections: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where only one of several addresses is private."""
    resolve_to(monkeypatch, addresses)
    async with open_sender_over("httpx", API, verify=TRUSTING) as sender:
        error = await fetch(sender, "https://media.test/r")
    assert isinstance(error, DownloadError)
    assert "private network" in error.message
    assert connections == []


async def test_host_on_the_public_internet_is_connected_to(
    connections: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the first of its addresses."""
    resolve_to(monkeypatch, ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
    async with open_sender_over("httpx", API, verify=TRUSTING) as sender:
        assert isinstance(await fetch(sender, "https://media.test/r"), APIConnectionError)
    assert connections == ["93.184.215.14"]


@pytest.mark.parametrize("host", ["10.0.0.5", "169.254.169.254", "[fd00::1]", "192.168.1.1", "0.0.0.0"])
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_client_on_loopback_may_reach_loopback_only(host: str, scheme: str, connections: list[str]) -> None:
    """It is a test's: it may download from the test's own server, but not from the network around it."""
    async with open_sender_over("httpx", "http://127.0.0.1:1") as sender:
        assert isinstance(await fetch(sender, f"{scheme}://{host}/r"), DownloadError)
    assert connections == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_client_on_loopback_may_download_from_it(host: str) -> None:
    """Without TLS, by address or by name."""
    async with (
        local_server(lambda head: response(SOUND)) as server,
        open_sender_over("httpx", "http://127.0.0.1:1") as sender,
    ):
        if host == "localhost" and not await resolves_to_ipv4(host):
            pytest.skip("localhost has no IPv4 address here, on which the server listens")
        assert await fetch(sender, f"http://{host}:{server.port}/r") == len(SOUND)
    assert API_KEY not in server.requests[0]


async def resolves_to_ipv4(host: str) -> bool:
    """Whether the first address of a name is an IPv4 address."""
    [first, *_] = await asyncio.get_running_loop().getaddrinfo(host, 80, type=socket.SOCK_STREAM)
    return first[0] == socket.AF_INET


@pytest.mark.parametrize(
    "raised", [socket.gaierror(socket.EAI_NONAME, "x"), UnicodeError("label too long"), OSError("x")]
)
async def test_name_that_does_not_resolve_is_a_download_error(
    raised: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the resolver raises; the message does not repeat the name."""

    async def getaddrinfo(*_: Any, **__: Any) -> list[Any]:
        raise raised

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    async with open_sender_over("httpx", API, verify=TRUSTING) as sender:
        error = await fetch(sender, "https://media.test/r")
    assert isinstance(error, DownloadError)
    assert error.message == "The host of the download's URL does not resolve"


@pytest.mark.parametrize(("host", "is_named"), [("api.test", True), ("other.test", False)])
async def test_name_is_resolved_once_and_the_certificate_must_have_it(
    host: str, is_named: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection goes to the address that was checked: a second look-up could lead elsewhere."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(CERTIFICATE, CERTIFICATE_KEY)
    trusting = ssl.create_default_context(cafile=str(CERTIFICATE))
    async with (
        local_server(lambda head: response(SOUND), tls) as server,
        open_sender_over("httpx", "http://127.0.0.1:1", verify=trusting) as sender,
    ):
        names = resolve_to(monkeypatch, ["127.0.0.1"])
        result = await fetch(sender, f"https://{host}:{server.port}/r")
    assert names.count(host) == 1
    if is_named:
        assert result == len(SOUND)
        assert f"Host: {host}:{server.port}" in server.requests[0]
        assert API_KEY not in server.requests[0]
    else:
        assert isinstance(result, TLSError)
        assert server.requests == []
