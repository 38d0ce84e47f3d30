"""Calls that dlt loads into DuckDB, with the example."""

from __future__ import annotations

import json
import runpy
from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from tests.engines.server import Server

from puretalk_client.testing import sample_call

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what dlt stores between runs out of the home folder, and dlt from sending what it was used for."""
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
    monkeypatch.chdir(tmp_path)


def test_calls_are_merged(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    """A second run replaces calls that have changed: none is there twice, and each value has its type."""
    load = runpy.run_path(str(EXAMPLES / "dlt_calls.py"))["load"]
    load(server.ids, "calls.duckdb")
    assert "no-1: 404 Not Found" in capsys.readouterr().err
    ended, new = (sample_call(call_id=call_id, status="completed") for call_id in ("c-0", "new"))
    server.sandbox.add_call(ended)
    server.sandbox.add_call(new)
    load([*server.ids, "new"], "calls.duckdb")
    with duckdb.connect("calls.duckdb", read_only=True) as database:
        query = "SELECT status, count(*), count(DISTINCT call_id) FROM puretalk.calls GROUP BY status ORDER BY status"
        assert database.execute(query).fetchall() == [("completed", 36, 36), ("in-progress", 5, 5)]
        query = "SELECT call_duration_seconds, start_time, transcript_object::VARCHAR FROM puretalk.calls LIMIT 1"
        ((seconds, start, turns),) = database.execute(query).fetchall()
        assert seconds == new["call_duration_seconds"]
        assert start == datetime.fromisoformat(new["start_time"])
        assert [turn["content"] for turn in json.loads(turns)] == [turn["content"] for turn in new["transcript_object"]]


def test_a_run_without_a_key(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """It changes nothing that is there, and says why."""
    load = runpy.run_path(str(EXAMPLES / "dlt_calls.py"))["load"]
    load(server.ids[:5], "calls.duckdb")
    monkeypatch.delenv("PURETALK_API_KEY")
    with pytest.raises(Exception, match="PURETALK_API_KEY is not set"):
        load(server.ids, "calls.duckdb")
    with duckdb.connect("calls.duckdb", read_only=True) as database:
        assert database.execute("SELECT count(*) FROM puretalk.calls").fetchall() == [(5,)]
