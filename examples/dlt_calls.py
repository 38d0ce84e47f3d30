"""Load calls into DuckDB with dlt: python examples/dlt_calls.py ids.txt calls.duckdb.

It needs dlt with the extra duckdb, and puretalk-client with the extra arrow. A call that is in the database is
replaced.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterable
from typing import Any

import dlt
import pyarrow as pa

from puretalk_client import AsyncPuretalk, Call
from puretalk_client.export import read_ids, schema, to_batches

CALLS_IN_TABLE = 1000


@dlt.resource(primary_key="call_id", write_disposition="merge")
async def calls(ids: Iterable[str]) -> AsyncIterator[pa.Table]:
    """Yield tables of calls."""
    fetched: list[Call] = []
    async with AsyncPuretalk() as client, client.calls.get_many(ids) as results:
        async for result in results:
            if result.call is None:
                print(f"{result.call_id}: {result.error}", file=sys.stderr)
                continue
            fetched.append(result.call)
            if len(fetched) == CALLS_IN_TABLE:
                yield pa.Table.from_batches(to_batches(fetched), schema())
                fetched = []
    if fetched:
        yield pa.Table.from_batches(to_batches(fetched), schema())


def load(ids: Iterable[str], database: str) -> Any:
    """Load calls into the table ``puretalk.calls`` of a DuckDB file."""
    pipeline = dlt.pipeline("puretalk", destination=dlt.destinations.duckdb(database), dataset_name="puretalk")
    return pipeline.run(calls(ids))


if __name__ == "__main__":
    print(load(read_ids(sys.argv[1]), sys.argv[2]))
