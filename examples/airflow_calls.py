"""A DAG for Airflow 3 that exports calls every night.

It needs apache-airflow, and puretalk-client with the extras cli and arrow. ids.txt and the folder of the calls are in
the working directory of the workers, whose environment has PURETALK_API_KEY.
"""

from __future__ import annotations

import subprocess
from datetime import timedelta

from airflow.sdk import DAG, task
from airflow.sdk.exceptions import AirflowFailException

DONE, DONE_WITH_FAILURES = 0, 6
USAGE, AUTHENTICATION = 2, 4


@task(retries=3, retry_delay=timedelta(minutes=1))
def export_calls(ids: str, target: str) -> bool:
    """Export calls, or go on with it; return whether each id has a call."""
    command = ["puretalk", "export", ids, "-o", target, "--resume"]
    code = subprocess.run(command, stdin=subprocess.DEVNULL).returncode
    if code in (USAGE, AUTHENTICATION):  # another attempt would end likewise
        raise AirflowFailException(f"puretalk export ended with {code}")
    if code not in (DONE, DONE_WITH_FAILURES):
        raise RuntimeError(f"puretalk export ended with {code}")
    return code == DONE


with DAG("nightly_calls", schedule="@daily", catchup=False) as dag:
    export_calls("ids.txt", "calls")
