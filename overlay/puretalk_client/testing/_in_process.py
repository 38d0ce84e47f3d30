"""A client of a sandbox in the same process, without a socket."""

from __future__ import annotations

import httpx

from .._client import AsyncPuretalk
from ._sandbox import Sandbox


def in_process_client(sandbox: Sandbox) -> AsyncPuretalk:
    """Make a client whose requests go to a sandbox without a socket, in the event loop that sends them.

    The client holds no connections. You need not close it, and several event loops can use it one after another. To
    change its options, use ``AsyncPuretalk.with_options``.
    """
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app=sandbox))
    return AsyncPuretalk(sandbox.api_key, base_url=sandbox.base_url, http_client=http)
