"""A nightly export to Parquet, for cron: ``python nightly_export.py IDS FOLDER``.

It continues the last run: after a crash, it goes on where that ended, and it fetches failed ids and unfinished calls
again. It needs puretalk-client with the extra ``arrow``.
"""

from __future__ import annotations

import asyncio
import sys

from puretalk_client import AsyncPuretalk, Retries
from puretalk_client.export import SPEECH, ExportReport, export, read_ids


async def export_night(ids: str, folder: str) -> ExportReport:
    """Export the calls of a file of ids, without what people said."""
    async with AsyncPuretalk(rate_limit=50) as client:
        return await export(
            client,
            read_ids(ids),
            folder,
            redact=SPEECH,
            resume=True,
            retry_failed=True,
            refresh=True,
            retries=Retries(deadline=900),  # survives an outage of a quarter of an hour
        )


if __name__ == "__main__":
    report = asyncio.run(export_night(*sys.argv[1:3]))
    print(f"{report.rows} calls, {report.failed} failed, {report.pending} not over")
    sys.exit(1 if report.failed else 0)
