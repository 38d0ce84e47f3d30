"""Export calls in a Prefect flow: python examples/prefect_calls.py ids.txt calls.

It needs prefect, and puretalk-client with the extras cli and arrow.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from prefect import flow, task

DONE, DONE_WITH_FAILURES = 0, 6
USAGE, AUTHENTICATION = 2, 4


class WrongSettingError(Exception):
    """Another attempt would end likewise."""


def may_be_retried(_task: Any, _run: Any, state: Any) -> bool:
    """Let a wrong setting fail at once."""
    return not isinstance(state.result(raise_on_failure=False), WrongSettingError)


@task(retries=3, retry_delay_seconds=60, retry_condition_fn=may_be_retried)
def export_calls(ids: str, target: str) -> bool:
    """Export calls, or go on with it; return whether each id has a call."""
    command = ["puretalk", "export", ids, "-o", target, "--resume"]
    code = subprocess.run(command, stdin=subprocess.DEVNULL).returncode
    if code not in (DONE, DONE_WITH_FAILURES):
        error = WrongSettingError if code in (USAGE, AUTHENTICATION) else RuntimeError
        raise error(f"puretalk export ended with {code}")
    return code == DONE


@flow
def nightly(ids: str, target: str) -> bool:
    """Export calls."""
    return export_calls(ids, target)


if __name__ == "__main__":
    print("complete" if nightly(*sys.argv[1:]) else "some ids have no call")
