"""Plans: the same each time, small, and without a key."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from puretalk_client import ConfigurationError, Retries
from puretalk_client.export import CONTACTS, SPEECH, Partition, iter_plan, plan
from puretalk_client.export._partition import PartName

IDS = [f"c-{number}" for number in range(10)]


def names(*arguments: Any, **options: Any) -> list[str]:
    """Return the names of a plan's files."""
    return [partition.name for partition in plan(*arguments, **options)]


def test_divides_ids_in_order() -> None:
    """With each once, and the rest in the last partition."""
    partitions = plan([*IDS, "c-3"], "calls", rows=4)
    assert [partition.ids for partition in partitions] == [IDS[:4], IDS[4:8], IDS[8:]]
    assert [partition.index for partition in partitions] == [0, 1, 2]
    assert plan([], "calls") == []


def test_names_depend_on_ids_and_content_only() -> None:
    """Not on where and how fast they are fetched; recorded, since files of earlier versions have such names."""
    recorded = ["part-000000-695b189b653645352b4f.parquet", "part-000001-695b18d3a02858f379e0.parquet"]
    assert names(IDS, "calls", 5) == recorded
    assert names(IDS, "/elsewhere", 5, rate_limit=5, workers=2, retries=Retries(deadline=5)) == recorded
    for changed in (
        names(IDS, "calls", 6),
        names(IDS[::-1], "calls", 5),
        names(IDS, "calls", 5, format="jsonl"),
        names(IDS, "calls", 5, columns=["status"]),
        names(IDS, "calls", 5, redact=SPEECH),
    ):
        assert set(changed).isdisjoint(recorded)
    assert names(IDS, "calls", redact=["transcript", "sentiment"]) == names(
        IDS, "calls", redact={"sentiment", "transcript"}
    )


def test_ids_with_separators_make_other_names() -> None:
    """No other list of ids has the same bytes."""
    assert names(["a", "b"], "calls") != names(["a\nb"], "calls") != names(["ab"], "calls")


def test_is_picklable_and_shows_nothing() -> None:
    """Neither ids nor what a URI may hold are in a repr."""
    (partition,) = plan(IDS, "s3://key:secret@bucket/calls", redact=CONTACTS)
    assert pickle.loads(pickle.dumps(partition)) == partition
    assert "secret" not in repr(partition)
    assert "c-3" not in repr(partition)


def test_needs_no_key_and_writes_nothing(tmp_path: Path) -> None:
    """The key is the worker's."""
    assert plan(IDS, tmp_path / "calls")
    assert list(tmp_path.iterdir()) == []


def test_a_partition_takes_less_than_its_ids() -> None:
    """Ten million ids in a list of texts take 850 MB."""
    ids = [f"{number:08d}-16d8-459e-b71c-b0f54fce5ec1" for number in range(1000)]
    (partition,) = plan(ids, "calls")
    assert len(partition.packed_ids) <= 39 * 1000
    assert len(pickle.dumps(partition)) <= 41 * 1000


def test_iter_plan_reads_ids_as_partitions_are_taken() -> None:
    """Those of ten million ids need not be in memory."""
    source = iter(IDS)
    partitions = iter_plan(source, "calls", 3)
    assert next(partitions).ids == IDS[:3]
    assert next(source) == "c-3"


def test_workers_share_the_rate_limit() -> None:
    """Each gets its share."""
    assert plan(IDS, "calls", rate_limit=100, workers=8)[0].layout.rate_limit == 12.5


def test_a_local_path_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker may run in another folder."""
    monkeypatch.chdir(tmp_path)
    assert plan(IDS, "calls")[0].layout.target == str(tmp_path / "calls")
    assert plan(IDS, "s3://bucket/calls")[0].layout.target == "s3://bucket/calls"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rows": 0}, "rows must be"),
        ({"workers": 0}, "workers must be"),
        ({"rate_limit": 0}, "rate_limit must be a number"),
        ({"rate_limit": True}, "rate_limit must be a number"),
        ({"format": "csv"}, "format must be one of parquet, jsonl"),
        ({"columns": "status"}, "columns must be a collection"),
        ({"columns": ["state"]}, "columns has 'state', which is not one of"),
        ({"columns": ["_drift"], "format": "jsonl"}, "Only Parquet"),
        ({"redact": "transcript"}, "redact must be a collection"),
        ({"redact": ["transcripts"]}, "redact has 'transcripts', which is not one of"),
        ({"redact": ["transcript_object.contents"]}, "which is not one of"),
        ({"redact": ["call_id"]}, "redact has 'call_id'"),
        ({"redact": [5]}, "redact has int"),
        ({"retries": 5}, "retries must be a Retries"),
        ({"target": ""}, "target must be"),
        ({"target": 5}, "target must be"),
    ],
)
def test_refuses_what_cannot_work(options: dict[str, Any], message: str) -> None:
    """Before an id is read: a misspelled path would store what it should leave out."""
    source = iter(IDS)
    arguments: dict[str, Any] = {"target": "calls", **options}
    with pytest.raises(ConfigurationError, match=message):
        plan(source, **arguments)
    assert next(source) == "c-0"


@pytest.mark.parametrize("name", ["part-000000-NAME.parquet", "part-1-695b18eebe40267502ef.parquet", "a.parquet"])
def test_other_names(name: str) -> None:
    """They are of something else."""
    assert PartName.parse(name) is None
    assert PartName.parse(Partition.of(1_000_000, ["a"], plan(IDS, "calls")[0].layout).name) is not None
