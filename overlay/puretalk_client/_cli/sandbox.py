"""``puretalk sandbox`` and ``puretalk demo``: the API on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import TYPE_CHECKING

from .._client import AsyncPuretalk
from .client import run_async
from .failures import UsageError
from .output import SUCCESS, write

if TYPE_CHECKING:
    from ..testing import Sandbox


def demo(*, slow: float) -> int:
    """Fetch the sample call from a sandbox and print it; return the exit code."""
    return run_async(_demo(slow))


async def _demo(slow: float) -> int:
    sandbox = _make_sandbox()
    from ..testing import SAMPLE_CALL_ID, serve
    from .page import render_call

    async with serve(sandbox) as base_url, AsyncPuretalk(sandbox.api_key, base_url=base_url) as client:
        call = await client.calls.get(SAMPLE_CALL_ID)
    page = render_call(call, sys.stdout, slow=slow) if sys.stdout is not None else ""
    write(f"{page}\nThis call came from the sandbox, over a socket at {base_url}.\n")
    return SUCCESS


def sandbox() -> int:
    """Serve a sandbox until Ctrl-C, which is how it ends; return the exit code."""
    with contextlib.suppress(KeyboardInterrupt):
        run_async(_serve())
    return SUCCESS


async def _serve() -> None:
    sandbox = _make_sandbox()
    from ..testing import EXAMPLE_CALL_ID, SAMPLE_CALL_ID, serve

    for call_id in (EXAMPLE_CALL_ID, SAMPLE_CALL_ID):
        sandbox.add_recording(call_id, seconds=3)
    async with serve(sandbox) as base_url:
        write(f"export PURETALK_BASE_URL={base_url}\nexport PURETALK_API_KEY={sandbox.api_key}\n")
        await asyncio.Event().wait()


def _make_sandbox() -> Sandbox:
    try:
        from ..testing import Sandbox  # an extra
    except ImportError as error:
        raise UsageError(str(error)) from error  # the message says how to install the extra
    return Sandbox()
