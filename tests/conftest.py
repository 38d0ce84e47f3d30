"""Fixtures for every test."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

# Neither an example nor a strategy fails because the machine is busy.
settings.register_profile(
    "busy", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
settings.load_profile("busy")

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
