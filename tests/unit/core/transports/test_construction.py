"""Settings that cannot work are refused when a client is made, not when it sends its first request."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.canary import API_KEY
from tests.support.exposure import Exposures

from puretalk_client import AsyncPuretalk, ConfigurationError

OWN = pytest.mark.parametrize("transport", ["httpx", "aiohttp"])


@OWN
def test_missing_certificate_file_is_refused(transport: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The environment variable is OpenSSL's, and httpx reads it."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    with pytest.raises(ConfigurationError, match=r"SSL_CERT_FILE names cannot be loaded: no such file"):
        AsyncPuretalk(API_KEY, transport=transport)  # type: ignore[arg-type]


@OWN
def test_certificate_file_without_certificates_is_refused(
    transport: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whatever OpenSSL says about it."""
    (tmp_path / "empty.pem").write_text("no certificate")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "empty.pem"))
    with pytest.raises(ConfigurationError, match=r"SSL_CERT_FILE names cannot be loaded: "):
        AsyncPuretalk(API_KEY, transport=transport)  # type: ignore[arg-type]


@OWN
@pytest.mark.parametrize(
    "proxy",
    ["ftp://proxy.test:1", "socks4://proxy.test:1", "http://proxy.test:99999", "http://proxy.test:0", "http://",
     "http://user:pa55w0rd@proxy.test:port", "http://user:pa55w0rd@proxy.test:99999"],
)  # fmt: skip
def test_unusable_proxy_is_refused(proxy: str, transport: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its scheme, its port, or no host at all; the message does not repeat it."""
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(ConfigurationError, match=r"^The proxy that the environment names is not") as caught:
        AsyncPuretalk(API_KEY, transport=transport)  # type: ignore[arg-type]
    exposures = Exposures()
    exposures.add("message", f"{caught.value!r} {caught.value.__context__!r} {caught.value.__cause__!r}")
    assert exposures.of_words(["pa55w0rd"]) == []
    assert exposures.of_key() == []


@OWN
@pytest.mark.parametrize(
    "options", [{"verify": "/nope"}, {"verify": 1}, {"timeout": 10**400}, {"connect_timeout": 10**400}]
)
def test_unusable_option_is_refused(options: dict[str, object], transport: str) -> None:
    """By its name."""
    with pytest.raises(ConfigurationError, match=f"^{next(iter(options))} must be "):
        AsyncPuretalk(API_KEY, transport=transport, **options)  # type: ignore[arg-type]
