"""A consumer of the recorder, the builders and the adapters of engines: only type checkers read this file."""

# pyright: strict
# ruff: noqa: D103

from __future__ import annotations

from typing import assert_type

from puretalk_client import AsyncPuretalk, Call
from puretalk_client.export import ExportReport, Partition, Progress, dask, ray
from puretalk_client.testing import (
    Fault,
    Recorder,
    RecorderError,
    Sandbox,
    Scrubber,
    in_process_client,
    make_call,
    make_calls,
)


def build() -> None:
    assert_type(make_call("no-answer", turns=4, post_analysis={"score": 7}, assistant_name="Ada"), Call)
    assert_type(make_calls(3, seed=1, status="busy"), list[Call])
    assert_type(make_call().render(slow=2).html, str)


def record(client: AsyncPuretalk) -> None:
    scrubber = Scrubber(keep=["sentiment"], ids="keep")
    assert_type(scrubber.scrub_id("c-1"), str)
    assert_type(scrubber.scrub_body(b"{}"), bytes)
    assert_type(scrubber.reserve_ids(["c-2"]), None)
    try:
        with Recorder(client, "calls.jsonl", scrub=scrubber, append=True) as recorder:
            assert_type(recorder, Recorder)
            assert_type(recorder.responses, int)
    except RecorderError as error:
        assert_type(error, RecorderError)


def replay(path: str) -> None:
    sandbox = Sandbox.from_recording(path)
    assert_type(sandbox, Sandbox)
    assert_type(sandbox.add_recording("c-1", seconds=2), None)
    assert_type(sandbox.fail_next(Fault(status=302, recording=True)), None)
    assert_type(Fault().recording, bool)
    assert_type(sandbox.verify(), None)
    assert_type(in_process_client(sandbox), AsyncPuretalk)


def export_on_engines(partitions: list[Partition], cluster: object, progress: Progress) -> None:
    assert_type(dask.fetch_partitions(cluster, partitions), ExportReport)
    assert_type(ray.fetch_partitions(partitions, rate_limit=5), ExportReport)
    assert_type(progress.present, int)
