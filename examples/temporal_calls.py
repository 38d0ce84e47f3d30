"""An activity and a workflow for Temporal that export calls.

They need temporalio, and puretalk-client with the extras cli and arrow.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

DONE, DONE_WITH_FAILURES = 0, 6
USAGE, AUTHENTICATION = 2, 4


@activity.defn
async def export_calls(ids: str, target: str) -> bool:
    """Export calls, or go on with it; return whether each id has a call."""
    command = ["puretalk", "export", ids, "-o", target, "--resume"]
    process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.DEVNULL)
    ended = asyncio.ensure_future(process.wait())
    try:
        while not ended.done():
            activity.heartbeat()  # Temporal notices a worker that died, and the activity that it is canceled
            await asyncio.wait([ended], timeout=10)
    finally:
        if process.returncode is None:
            process.terminate()
            await ended
    if process.returncode not in (DONE, DONE_WITH_FAILURES):
        is_final = process.returncode in (USAGE, AUTHENTICATION)
        raise ApplicationError(f"puretalk export ended with {process.returncode}", non_retryable=is_final)
    return process.returncode == DONE


@workflow.defn
class ExportCalls:
    """Exports calls, on another worker where one dies."""

    @workflow.run
    async def run(self, ids: str, target: str) -> bool:
        """Run the activity until it is done."""
        return await workflow.execute_activity(
            export_calls,
            args=[ids, target],
            start_to_close_timeout=timedelta(hours=12),
            heartbeat_timeout=timedelta(minutes=1),
            retry_policy=RetryPolicy(maximum_attempts=5),
        )
