"""Fixtures for every test."""

from __future__ import annotations

import importlib.util
import signal
import sys

import pytest
from hypothesis import HealthCheck, settings
from tests.support.key import own_key_place as own_key_place

# Neither an example nor a strategy fails because the machine is busy.
settings.register_profile(
    "busy", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
settings.load_profile("busy")

# httpcore 1.0.9 imports sniffio several times per request (encode/httpcore#1103). Where it is not installed, each time
# searches all of sys.path, unless Python knows.
if importlib.util.find_spec("sniffio") is None:
    sys.modules["sniffio"] = None  # type: ignore[assignment]

# A job in the background ignores Ctrl-C, and so would every process that a test starts and interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

SETTINGS = ("PURETALK_API_KEY", "PURETALK_BASE_URL")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run every ``async def test_...`` on asyncio."""
    return "asyncio"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the API key, base URL and proxies of the machine from tests."""
    for name in (*SETTINGS, *PROXIES, *map(str.lower, PROXIES)):
        monkeypatch.delenv(name, raising=False)
