"""``puretalk recording``: download the recording of a call."""

from __future__ import annotations

import sys

from .client import Connection, run_async
from .failures import UsageError
from .output import SUCCESS, OutputError, note


def recording(call_id: str, output: str, connection: Connection) -> int:
    """Download a recording into a file, or to standard output for ``-``; return the exit code."""
    if output == "-" and sys.stdout is None:
        raise OutputError
    if output == "-" and sys.stdout.isatty():
        raise UsageError("A recording is not for a terminal: use -o FILE")
    return run_async(_recording(call_id, output, connection))


async def _recording(call_id: str, output: str, connection: Connection) -> int:
    async with connection.open() as client:
        call = await client.calls.get(call_id)
        if output != "-":
            size = await client.calls.download_recording(call, output)
            note(f"puretalk: {size:,} bytes")
            return SUCCESS
        try:
            await client.calls.download_recording(call, sys.stdout.buffer)
            sys.stdout.flush()
        except OSError as error:
            raise OutputError(error) from error
    return SUCCESS
