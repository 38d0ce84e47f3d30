"""Read calls as a Spark data source: python examples/spark_calls.py ids.txt calls.

It needs Spark 4, and on each worker puretalk-client with the extra arrow. The workers read PURETALK_API_KEY from their
environment. They store each partition as a file in the target, a folder that all of them can write to. A task that
Spark starts again, or a second query, reads the file and fetches nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession
from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition
from pyspark.sql.pandas.types import from_arrow_schema

from puretalk_client.export import fetch_partition, plan, read_ids, schema


class CallSource(DataSource):
    """Calls, with the options ids, target, rows and rate_limit."""

    @classmethod
    def name(cls) -> str:
        """Return what ``spark.read.format`` takes."""
        return "puretalk"

    def schema(self) -> Any:
        """Return the columns."""
        return from_arrow_schema(schema())

    def reader(self, schema: Any) -> CallReader:
        """Return what reads them."""
        return CallReader(self.options)


class CallReader(DataSourceReader):
    """Fetches each partition in a task of its own."""

    def __init__(self, options: Any) -> None:
        self._options = dict(options)

    def partitions(self) -> list[InputPartition]:
        """Plan, on the driver."""
        options = self._options
        rate_limit, workers = float(options.get("rate_limit", 20)), int(options.get("workers", 1))
        rows = int(options.get("rows", 5000))
        planned = plan(read_ids(options["ids"]), options["target"], rows, rate_limit=rate_limit, workers=workers)
        return list(map(InputPartition, planned))

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """Fetch a partition into its file, on a worker, and read the file."""
        fetch_partition(partition.value)
        file = Path(partition.value.layout.target, partition.value.name)
        yield from pq.ParquetFile(file).iter_batches()


if __name__ == "__main__":
    with SparkSession.builder.getOrCreate() as spark:
        spark.dataSource.register(CallSource)
        calls = spark.read.format("puretalk").options(ids=sys.argv[1], target=sys.argv[2], rows=7, workers=2).load()
        calls.groupBy("status").count().orderBy("status").show()
        calls.selectExpr("call_id", "size(transcript_object) AS turns", "start_time").orderBy("call_id").show(3, False)
