"""What a client is told at construction, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from puretalk_client import AsyncPuretalk, ConfigurationError, InvalidCallIdError, PuretalkError
from puretalk_client._config import check_call_id, is_loopback
from puretalk_generated.spec import SERVER

CANARY = "pt-canary-5f0c1b"


def test_key_comes_from_the_argument_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """An explicit key wins over PURETALK_API_KEY."""
    monkeypatch.setenv("PURETALK_API_KEY", "from-environment")
    assert AsyncPuretalk("from-argument").api_key == "from-argument"
    assert AsyncPuretalk().api_key == "from-environment"


@pytest.mark.parametrize(
    "key",
    [None, "", "   ", CANARY + "\n", "\t" + CANARY, CANARY + "\r\nHost: evil.test", CANARY + "é", CANARY + "\x00",
     CANARY + "\ud800", CANARY + "\x7f", CANARY.encode(), 5],
)  # fmt: skip
def test_unusable_key_is_refused_without_showing_it(key: object) -> None:
    """No key, an empty one, or one that no header can hold: ConfigurationError, without the key."""
    with pytest.raises(ConfigurationError) as caught:
        AsyncPuretalk(key)  # type: ignore[arg-type]
    shown = f"{caught.value!r} {caught.value} {caught.value.__dict__}"
    assert CANARY not in shown
    assert "key" in str(caught.value).lower()


@pytest.mark.parametrize(
    ("end", "options"), [("\n", {}), ("", {"base_url": "nonsense"}), ("", {"timeout": float("nan")})]
)
def test_key_is_in_no_frame_of_a_refusal(end: str, options: dict[str, Any]) -> None:
    """Tools that print locals find no key in this package's frames, whatever was refused."""
    with pytest.raises(ConfigurationError) as caught:
        AsyncPuretalk(CANARY + end, **options)
    frames = [entry for entry in caught.traceback if "puretalk_client" in str(entry.path)]
    assert frames
    for entry in frames:
        assert CANARY not in repr(entry.frame.f_locals)


def test_error_names_where_the_key_came_from(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says whether the argument or the environment is at fault."""
    monkeypatch.setenv("PURETALK_API_KEY", "")
    with pytest.raises(ConfigurationError, match="PURETALK_API_KEY is empty"):
        AsyncPuretalk()
    with pytest.raises(ConfigurationError, match="api_key is empty"):
        AsyncPuretalk("")


def test_repr_of_the_client_shows_no_key() -> None:
    """A client in a log gives nothing away."""
    assert CANARY not in repr(AsyncPuretalk(CANARY))


def test_base_url_defaults_to_the_server_of_the_spec(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argument, then PURETALK_BASE_URL, then the spec's server; a trailing slash does not count."""
    assert AsyncPuretalk("k").base_url == SERVER
    monkeypatch.setenv("PURETALK_BASE_URL", "https://staging.test/api/")
    assert AsyncPuretalk("k").base_url == "https://staging.test/api"
    assert AsyncPuretalk("k", base_url="https://other.test").base_url == "https://other.test"


@pytest.mark.parametrize(
    "url",
    ["", "api.test", "ftp://api.test", "https://", "https:///api", "https://user:secret@api.test", "https://api.test/?a=1",
     "https://api.test/#x", "https://api.test/?", "http://[::1", "https://api.test:99999", "https://a b.test", 5],
)  # fmt: skip
def test_unusable_base_url_is_refused(url: object) -> None:
    """What is not a plain http(s) URL with a host never becomes a client; credentials are not repeated."""
    with pytest.raises(ConfigurationError) as caught:
        AsyncPuretalk("k", base_url=url)  # type: ignore[arg-type]
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "[::1]"])
def test_plain_http_is_fine_on_loopback(host: str) -> None:
    """The sandbox needs no TLS."""
    assert AsyncPuretalk("k", base_url=f"http://{host}:8000/api").base_url.startswith("http://")


@pytest.mark.parametrize(
    "host", ["api.test", "127.0.0.1.evil.test", "localhost.evil.test", "10.0.0.1", "0.0.0.0", "[::]"]
)
def test_plain_http_elsewhere_needs_a_word(host: str) -> None:
    """The key never travels unencrypted unless somebody says so."""
    url = f"http://{host}/api"
    with pytest.raises(ConfigurationError, match="allow_insecure"):
        AsyncPuretalk("k", base_url=url)
    assert AsyncPuretalk("k", base_url=url, allow_insecure=True).base_url == url


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), None, "30"])
def test_timeout_must_be_a_finite_time(timeout: object) -> None:
    """A call without an end cannot be configured."""
    with pytest.raises(ConfigurationError, match="timeout"):
        AsyncPuretalk("k", timeout=timeout)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "call_id",
    ["", ".", "..", "a\nb", "\x00", "a\x7f", "a\x85", "\ud800", "x\udfff", "x" * 257, None, 5, b"x"],
)
def test_call_id_that_cannot_be_sent_is_refused(call_id: object) -> None:
    """These would reach another path, or break the request: refused before anything is sent."""
    with pytest.raises(InvalidCallIdError) as caught:
        check_call_id(call_id)  # type: ignore[arg-type]
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, PuretalkError)


@pytest.mark.parametrize(
    "call_id", ["x", "...", ".a", "a/../b", "%2e%2e", " ", "é", "x" * 256, "a?b#c", "\u202e"]
)
def test_any_other_text_is_a_call_id(call_id: str) -> None:
    """Odd ids are the server's business."""
    assert check_call_id(call_id) == call_id


def test_names_that_only_look_like_loopback_are_not() -> None:
    """Loopback is decided by the exact name or the address, never by a lookup."""
    assert not is_loopback("localhost.localdomain")
    assert not is_loopback("")
    assert is_loopback("localhost.")
