"""A client of an app in process, and its recording."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
from starlette.types import ASGIApp

from puretalk_client import AsyncPuretalk, PuretalkError
from puretalk_client.testing import Recorder, Sandbox
from puretalk_generated.api.calls import get_call

TEMPLATE = str(get_call.request("id").path_template)
PARAMETER = TEMPLATE.partition("{")[2].partition("}")[0]
"""The name of the call's id in the path, which another document may change."""


@contextlib.asynccontextmanager
async def client_of(app: ASGIApp, key: str = "sandbox-key", **options: Any) -> AsyncIterator[AsyncPuretalk]:
    """Open a client of an app in process."""
    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as http,
        AsyncPuretalk(key, base_url=Sandbox.base_url, http_client=http, **options) as client,
    ):
        yield client


async def record(path: Path, app: ASGIApp, *ids: str, key: str = "sandbox-key", **options: Any) -> list[dict[str, Any]]:
    """Record a fetch of each id, failures included; return the lines."""
    async with client_of(app, key) as client:
        with Recorder(client, path, **options):
            for call_id in ids:
                with contextlib.suppress(PuretalkError):
                    await client.calls.get(call_id)
    return lines_of(path)


def lines_of(path: Path) -> list[dict[str, Any]]:
    """Read a file of JSON Lines, all of them complete."""
    content = path.read_bytes()
    assert content.endswith(b"\n") or not content
    return [json.loads(line) for line in content.splitlines()]
