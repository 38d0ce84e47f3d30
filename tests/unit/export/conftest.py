"""A sandbox with calls, and what reads an export."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from puretalk_client import AsyncPuretalk
from puretalk_client.testing import Sandbox, running_server, sample_call


@pytest.fixture
def sandbox() -> Sandbox:
    """Return a sandbox with calls c-0 to c-49, every seventh of which is in progress."""
    sandbox = Sandbox()
    for number in range(50):
        status = "completed" if number % 7 else "in-progress"
        sandbox.add_call(sample_call(call_id=f"c-{number}", status=status))
    return sandbox


@pytest.fixture
def ids() -> list[str]:
    """Return the ids of the sandbox's calls."""
    return [f"c-{number}" for number in range(50)]


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[AsyncPuretalk]:
    """Return a client of the sandbox, in process."""
    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(app=sandbox)) as http,
        AsyncPuretalk(sandbox.api_key, base_url=sandbox.base_url, http_client=http) as client,
    ):
        yield client


@pytest.fixture
def environment(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let workers find the sandbox by their environment."""
    with running_server(sandbox) as base_url:
        monkeypatch.setenv("PURETALK_BASE_URL", base_url)
        monkeypatch.setenv("PURETALK_API_KEY", sandbox.api_key)
        yield
