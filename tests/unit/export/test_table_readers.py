"""Calls in a Parquet file, as DuckDB, pandas and Polars read them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from puretalk_client import Call
from puretalk_client.export import to_batches
from puretalk_client.testing import example_call, sample_call


@pytest.fixture
def parquet(tmp_path: Path) -> Path:
    """Return a file with the sandbox's calls, and one that does not match."""
    calls = [sample_call(), example_call(), {"call_id": "c", "status": "gone fishing", "call_duration_seconds": "12"}]
    pq.write_table(pa.Table.from_batches(to_batches(calls)), tmp_path / "calls.parquet")
    return tmp_path / "calls.parquet"


MODELS = [Call.from_dict(sample_call()), Call.from_dict(example_call())]


def test_duckdb_agrees_with_the_models(parquet: Path) -> None:
    """Texts, moments, nested turns and post-analysis values."""
    database = duckdb.connect()
    database.execute("SET TimeZone = 'UTC'")
    query = f"""
        SELECT call_id, status, epoch_us(start_time), call_duration_seconds, len(transcript_object),
               list_sum([turn.turn_latency.latency FOR turn IN transcript_object]),
               [item.json FOR item IN call_analysis.post_analysis_data], _drift
        FROM '{parquet}'"""
    found = database.execute(query).fetchall()
    for model, each in zip(MODELS, found, strict=False):
        assert model.start_time is not None
        assert model.transcript_object is not None
        latencies = [turn.turn_latency.latency or 0.0 for turn in model.transcript_object if turn.turn_latency]
        assert each[:5] == (
            model.call_id,
            model.status.value,
            (model.start_time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1),
            model.call_duration_seconds,
            len(model.transcript_object),
        )
        assert each[5] == pytest.approx(sum(latencies))
        assert [json.loads(text) for text in each[6]] == [value for _, value in model.post_analysis.pairs]
    assert found[2][:2] == ("c", "gone fishing")
    assert found[2][3] is None
    assert found[2][7] == ["$.call_duration_seconds"]


def test_pandas_agrees_with_the_models(parquet: Path) -> None:
    """With its types: text, UTC, and integers in a column with a null."""
    frame = pd.read_parquet(parquet, dtype_backend="pyarrow")
    for position, model in enumerate(MODELS):
        each = frame.iloc[position]
        assert model.start_time is not None
        assert (each["call_id"], each["status"]) == (model.call_id, model.status.value)
        assert each["start_time"] == pd.Timestamp(model.start_time)
        assert each["call_duration_seconds"] == model.call_duration_seconds
        assert [turn["content"] for turn in each["transcript_object"]] == [
            turn.content for turn in model.transcript_object or []
        ]
    assert pd.isna(frame.iloc[2]["call_duration_seconds"])


def test_polars_agrees_with_the_models(parquet: Path) -> None:
    """Nested fields included."""
    frame = pl.read_parquet(parquet)
    assert frame.schema["start_time"] == pl.Datetime("us", "UTC")
    for each, model in zip(frame.iter_rows(named=True), MODELS, strict=False):
        assert (each["call_id"], each["status"]) == (model.call_id, model.status.value)
        assert each["start_time"] == model.start_time
        assert [turn["role"] for turn in each["transcript_object"]] == [t.role for t in model.transcript_object or []]
        items = each["call_analysis"]["post_analysis_data"]
        assert {item["name"]: json.loads(item["json"]) for item in items} == dict(model.post_analysis)
