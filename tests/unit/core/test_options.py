"""The API key and the numeric options, checked before any I/O."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest
from tests.support.canary import API_KEY
from tests.support.exposure import Exposures

from puretalk_client import ConfigurationError
from puretalk_client._core.options import DEFAULT_RETRIES, Options, resolve_api_key, validate_int, validate_timeout
from puretalk_client._core.redaction import Secret

VARIABLE = "EXAMPLE_API_KEY"


def test_argument_precedes_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable counts only without an argument."""
    monkeypatch.setenv(VARIABLE, "from-environment")
    assert resolve_api_key(Secret("from-argument"), VARIABLE).reveal() == "from-argument"
    assert resolve_api_key(None, VARIABLE).reveal() == "from-environment"


def test_missing_key_names_the_variable() -> None:
    """The message says what to do."""
    with pytest.raises(ConfigurationError, match=r"EXAMPLE_API_KEY is not set: pass api_key=\.\.\."):
        resolve_api_key(None, VARIABLE)


WHITE_SPACE = "begins or ends with white space; a file"
CHARACTER = "holds a character that no HTTP header"


@pytest.mark.parametrize("value", ["", "  "])
def test_empty_key_is_refused(value: str) -> None:
    """White space alone is not a key."""
    with pytest.raises(ConfigurationError, match=r"^api_key is empty$"):
        resolve_api_key(Secret(value), VARIABLE)


@pytest.mark.parametrize("value", ["", "  ", "k\n"])
def test_message_names_the_source_of_the_key(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the argument or the variable cannot be used."""
    monkeypatch.setenv(VARIABLE, value)
    with pytest.raises(ConfigurationError, match=f"^{VARIABLE} "):
        resolve_api_key(None, VARIABLE)
    with pytest.raises(ConfigurationError, match=r"^api_key "):
        resolve_api_key(Secret(value), VARIABLE)


@pytest.mark.parametrize(
    ("start", "end", "problem"),
    [("", "\n", WHITE_SPACE), ("\t", "", WHITE_SPACE), ("", " ", WHITE_SPACE), (" ", "", WHITE_SPACE),
     ("", "\r\nHost: other.test", CHARACTER), ("", "é", CHARACTER), ("\x00", "", CHARACTER), ("", "\ud800", CHARACTER),
     ("\x7f", "", CHARACTER), ("a\tb", "", CHARACTER)],
)  # fmt: skip
def test_unusable_key_is_refused_without_showing_it(start: str, end: str, problem: str) -> None:
    """A key that no header can hold is in no message, and in no frame but this one."""
    with pytest.raises(ConfigurationError, match=f"^api_key {problem}") as caught:
        resolve_api_key(Secret(start + API_KEY + end), VARIABLE)
    exposures = Exposures()
    exposures.inspect_result(caught.value)
    assert exposures.of_key() == []


@pytest.mark.parametrize("value", [API_KEY.encode(), 5, ["key"]], ids=["bytes", "int", "list"])
def test_key_of_another_type_is_refused_by_its_type(value: Any) -> None:
    """The message names the type."""
    with pytest.raises(ConfigurationError, match=f"must be a str, not {type(value).__name__}"):
        resolve_api_key(Secret(value), VARIABLE)


@pytest.mark.parametrize(
    "value", [0, -1, float("nan"), float("inf"), 1e7, 1_000_000.5, 10**400, -(10**400), None, "30", True]
)
def test_timeout_is_a_finite_number_of_seconds(value: Any) -> None:
    """A request without an end cannot be configured."""
    with pytest.raises(ConfigurationError, match=r"^connect_timeout must be a number of seconds above 0"):
        validate_timeout("connect_timeout", value)


@pytest.mark.parametrize("value", [1e-3, 5, 1e6])
def test_timeout_is_a_float(value: float) -> None:
    """Whatever number was given."""
    assert validate_timeout("timeout", value) == value
    assert type(validate_timeout("timeout", value)) is float


@pytest.mark.parametrize("value", [0, -1, 1.5, "2", None, True])
def test_integer_has_a_minimum(value: Any) -> None:
    """The message names the option and the minimum."""
    with pytest.raises(ConfigurationError, match=r"^max_connections must be an integer of at least 1"):
        validate_int("max_connections", value, minimum=1)
    assert validate_int("max_connections", 1, minimum=1) == 1


GOOD: dict[str, Any] = {
    "base_url": "https://api.test", "api_key": Secret(API_KEY), "key_place": None, "headers": (), "timeout": 30,
    "connect_timeout": 5.0, "retries": DEFAULT_RETRIES, "max_connections": 1, "max_response_bytes": 1, "strict": False,
    "on_drift": None, "verify": True,
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [("timeout", 0), ("timeout", float("nan")), ("connect_timeout", "5"),
     ("max_connections", 0), ("max_response_bytes", 0), ("timeout", 10**400), ("connect_timeout", 10**400),
     ("verify", "/nope/ca.pem"), ("verify", Path("/nope")), ("verify", None), ("verify", 1)],
)  # fmt: skip
def test_options_refuse_a_value_by_name(name: str, value: Any) -> None:
    """And neither the refusal nor the options show the key."""
    with pytest.raises(ConfigurationError, match=f"^{name} must be") as caught:
        Options(**{**GOOD, name: value})
    exposures = Exposures()
    exposures.inspect_result(caught.value)
    exposures.inspect_result(Options(**GOOD))
    assert exposures.of_key() == []


def test_certificates_are_given_as_a_context() -> None:
    """A path is what httpx took in the past; the message says what to pass instead."""
    with pytest.raises(ConfigurationError, match=r"pass ssl\.create_default_context\(cafile=\.\.\.\)$"):
        Options(**{**GOOD, "verify": "/nope/ca.pem"})
    context = ssl.create_default_context()
    for usable in (True, False, context):
        assert Options(**{**GOOD, "verify": usable}).verify is usable


def test_options_are_read_only_and_have_names() -> None:
    """A request relies on them from its beginning to its end."""
    options: Any = Options(**GOOD)
    with pytest.raises(AttributeError):
        options.timeout = 1.0
    make: Any = Options
    with pytest.raises(TypeError):
        make(*GOOD.values())
