"""Fixtures for every test."""

from __future__ import annotations

import pytest

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
