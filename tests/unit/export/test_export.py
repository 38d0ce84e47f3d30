"""Exports in one process: what is stored, going on, and what is refused."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from tests.support.exports import contents, parts, rows, side_ids

from puretalk_client import (
    AsyncPuretalk,
    AuthenticationError,
    Call,
    ConfigurationError,
    PermissionDeniedError,
    Retries,
)
from puretalk_client.export import (
    CONTACTS,
    SPEECH,
    ExportError,
    Progress,
    export,
    fetch_partition,
    plan,
    plan_again,
    to_batches,
    write_manifest,
)
from puretalk_client.testing import Fault, Sandbox, sample_call

both_formats = pytest.mark.parametrize("format", ["parquet", "jsonl"])
FAST = Retries(max_retries=0)


def as_stored(payload: dict[str, Any], format: str) -> dict[str, Any]:
    """Return what a file holds of a call that the server sent."""
    if format == "jsonl":
        return payload
    row: dict[str, Any] = next(to_batches([payload])).to_pylist()[0]
    return row


@both_formats
async def test_stores_each_call_once(
    client: AsyncPuretalk, ids: list[str], tmp_path: Path, format: Any, sandbox: Sandbox
) -> None:
    """With failures and calls that are not final in files of their own, and a manifest."""
    target = tmp_path / "new" / "calls"
    progress: list[Progress] = []
    report = await export(
        client, [*ids, "no-1", "c-3", "no-1"], target, rows=20, format=format, on_progress=progress.append
    )
    assert (report.rows, report.failed, report.pending) == (50, 1, 8)
    assert [(each.rows, each.failed, each.written) for each in report.partitions] == [
        (20, 0, True),
        (20, 0, True),
        (10, 1, True),
    ]
    assert progress[-1] == Progress(50, 1)
    expected = {call_id: sample_call(call_id=call_id) for call_id in ids}
    for number in range(0, 50, 7):
        expected[f"c-{number}"]["status"] = "in-progress"
    assert rows(target) == [as_stored(expected[call_id], format) for call_id in sorted(ids)]
    assert side_ids(target, "failed") == ["no-1"]
    assert side_ids(target, "pending") == sorted(f"c-{number}" for number in range(0, 50, 7))
    (failed,) = target.glob("_failed-*")
    entry = json.loads(failed.read_bytes())
    assert (entry["call_id"], entry["reason"], entry["status_code"]) == ("no-1", "NotFoundError", 404)
    manifest = json.loads((target / "_manifest.json").read_bytes())
    assert [part["name"] for part in manifest["parts"]] == [part.name for part in parts(target)]
    assert manifest["rows"] == 50
    assert manifest["bytes"] == sum(part.stat().st_size for part in parts(target))


@both_formats
async def test_files_are_private(client: AsyncPuretalk, ids: list[str], tmp_path: Path, format: Any) -> None:
    """Whatever the umask; and nothing half-written is left."""
    before = os.umask(0)
    try:
        await export(client, [*ids, "no-1"], tmp_path / "calls", format=format)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "calls").stat().st_mode) == 0o700
    files = list((tmp_path / "calls").iterdir())
    assert len(files) == 4
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


@both_formats
async def test_resume_fetches_what_is_missing(
    client: AsyncPuretalk, ids: list[str], tmp_path: Path, format: Any, sandbox: Sandbox
) -> None:
    """Only the partition whose file is not there; the manifest is as before."""
    await export(client, ids, tmp_path, rows=20, format=format)
    manifest, expected = (tmp_path / "_manifest.json").read_bytes(), rows(tmp_path)
    parts(tmp_path)[1].unlink()
    count = len(sandbox.requests)
    report = await export(client, ids, tmp_path, rows=20, format=format, resume=True)
    assert len(sandbox.requests) == count + 20
    assert [each.written for each in report.partitions] == [False, True, False]
    assert report.rows == 50
    assert rows(tmp_path) == expected
    assert (tmp_path / "_manifest.json").read_bytes() == manifest


@both_formats
async def test_retry_failed_and_refresh(
    client: AsyncPuretalk, ids: list[str], tmp_path: Path, format: Any, sandbox: Sandbox
) -> None:
    """Each call is stored once, as it is now; what failed again stays listed."""
    await export(client, [*ids, "no-1", "no-2"], tmp_path, rows=20, format=format)
    sandbox.add_call(sample_call(call_id="no-1"))
    for number in (0, 7, 49):
        sandbox.add_call(sample_call(call_id=f"c-{number}", transcript="now"))
    count = len(sandbox.requests)
    report = await export(client, None, tmp_path, format=format, retry_failed=True)
    assert (report.rows, report.failed, report.pending) == (51, 1, 8)
    assert len(sandbox.requests) == count + 2
    report = await export(client, None, tmp_path, format=format, refresh=True)
    assert (report.rows, report.failed, report.pending) == (51, 1, 5)
    assert len(sandbox.requests) == count + 10
    found = {row["call_id"]: row for row in rows(tmp_path)}
    assert len(rows(tmp_path)) == len(found) == 51
    assert {call_id for call_id, row in found.items() if row["transcript"] == "now"} == {"c-0", "c-7", "c-49"}
    assert side_ids(tmp_path, "failed") == ["no-2"]
    assert side_ids(tmp_path, "pending") == ["c-14", "c-21", "c-28", "c-35", "c-42"]
    # With the ids, what is missing is fetched first.
    parts(tmp_path)[0].unlink()
    report = await export(
        client, [*ids, "no-1", "no-2"], tmp_path, rows=20, format=format, retry_failed=True, refresh=True
    )
    assert (report.rows, report.failed) == (51, 1)


@both_formats
async def test_refresh_that_fails_keeps_the_call(
    client: AsyncPuretalk, ids: list[str], tmp_path: Path, format: Any, sandbox: Sandbox
) -> None:
    """And it is still pending, not failed."""
    await export(client, ids, tmp_path, rows=20, format=format)
    expected = rows(tmp_path)
    sandbox.fail_next(*[Fault(status=500)] * 8)
    report = await export(client, None, tmp_path, format=format, refresh=True, retries=FAST)
    assert (report.rows, report.failed, report.pending) == (50, 0, 8)
    assert rows(tmp_path) == expected


async def test_another_run_is_refused(client: AsyncPuretalk, ids: list[str], tmp_path: Path, sandbox: Sandbox) -> None:
    """Without resume; and with it, if ids, columns, format or redaction are others. Nothing changes."""
    await export(client, ids, tmp_path, rows=20)
    before = contents(tmp_path)
    count = len(sandbox.requests)

    async def refused(match: str, ids: list[str] | None = ids, **options: Any) -> None:
        with pytest.raises(ExportError, match=match):
            await export(client, ids, tmp_path, **{"rows": 20, **options})

    await refused("holds another run: pass resume=True")
    await refused("has other ids or other options", resume=True, rows=30)
    await refused("has other ids or other options", resume=True, format="jsonl")
    await refused("has other ids or other options", resume=True, redact=SPEECH)
    await refused("has other ids or other options", ids=["x", *ids], resume=True)
    await refused("is not of these ids", ids=ids[:40], resume=True)
    await refused("has another format, columns= or redact=", ids=None, refresh=True, redact=SPEECH)
    assert len(sandbox.requests) == count
    assert contents(tmp_path) == before


async def test_overwrite_removes_the_files_of_runs_only(client: AsyncPuretalk, ids: list[str], tmp_path: Path) -> None:
    """Hidden files stay, and anything else is refused before."""
    await export(client, ["no-1", *ids], tmp_path, rows=20)
    (tmp_path / ".gitignore").write_text("*")
    await export(client, ids[:5], tmp_path, overwrite=True)
    assert [row["call_id"] for row in rows(tmp_path)] == ids[:5]
    assert len(contents(tmp_path)) == 4
    (tmp_path / "thesis.txt").write_text("")
    with pytest.raises(ExportError, match=r"holds something else, 'thesis\.txt'"):
        await export(client, ids, tmp_path, overwrite=True)


async def test_options_that_exclude_each_other(client: AsyncPuretalk, tmp_path: Path) -> None:
    """Nothing is guessed."""
    with pytest.raises(ConfigurationError, match="overwrite excludes"):
        await export(client, ["a"], tmp_path, overwrite=True, resume=True)
    with pytest.raises(ConfigurationError, match="ids can be None only"):
        await export(client, None, tmp_path, resume=True)


async def test_no_ids(client: AsyncPuretalk, tmp_path: Path) -> None:
    """An empty list is done at once, with a manifest."""
    report = await export(client, [], tmp_path / "calls")
    assert (report.rows, report.partitions) == (0, ())
    assert [path.name for path in (tmp_path / "calls").iterdir()] == ["_manifest.json"]


@both_formats
@pytest.mark.parametrize(("status", "error"), [(401, AuthenticationError), (403, PermissionDeniedError)])
async def test_fatal_error_ends_the_export(
    ids: list[str], tmp_path: Path, format: Any, status: int, error: type
) -> None:
    """And leaves no file that says that a partition is done."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await Response(status_code=status)(scope, receive, send)

    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as http,
        AsyncPuretalk("k", base_url="http://127.0.0.1/api", http_client=http) as client,
    ):
        with pytest.raises(error):
            await export(client, ids, tmp_path, rows=5, format=format)
    assert contents(tmp_path) == {}


async def test_bad_id_ends_the_export(client: AsyncPuretalk, tmp_path: Path) -> None:
    """Finished partitions stay, and the run goes on when the list is right."""

    def source(last: Any) -> Iterator[Any]:
        yield from ("c-1", "c-2", "c-3", last)

    with pytest.raises(ConfigurationError, match="position 3"):
        await export(client, source(5), tmp_path, rows=1)
    report = await export(client, source("c-4"), tmp_path, rows=1, resume=True)
    assert report.rows == 4


async def test_cancelled_export_leaves_nothing_half_written(
    client: AsyncPuretalk, ids: list[str], tmp_path: Path
) -> None:
    """At whatever call it is cancelled."""
    seen = asyncio.Event()
    task = asyncio.create_task(export(client, ids, tmp_path, rows=10, on_progress=lambda _: seen.set()))
    await seen.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [name for name in contents(tmp_path) if name.startswith(".")] == []


async def test_json_lines_are_as_received(tmp_path: Path, sandbox: Sandbox, client: AsyncPuretalk) -> None:
    """Unknown fields, mismatches, every digit; and one line, also of JSON with line breaks."""
    call = sample_call(call_id="c", mood={"a": 10**29}, call_duration_seconds="12", status="gone fishing")
    body = json.dumps({"msg": "", "err": False, "results": call}, indent=1).replace("\n", "\r\n")
    await export_bodies({"c": body.encode()}, tmp_path, format="jsonl")
    (part,) = parts(tmp_path)
    assert part.read_bytes().count(b"\n") == 1
    assert rows(tmp_path) == [call]
    assert Call.from_json(part.read_bytes()) == Call.from_dict(call)


@both_formats
async def test_call_without_id_gets_the_one_requested(tmp_path: Path, format: Any) -> None:
    """Nobody could tell otherwise which call it is, and a refresh would store it twice."""
    bodies = {"c": b'{"err": false, "results": {"status": "ringing", "transcript": "a\\ud800"}}'}
    await export_bodies(bodies, tmp_path, format=format)
    (found,) = rows(tmp_path)
    assert (found["call_id"], found["transcript"]) == ("c", "a\ufffd")
    bodies["c"] = b'{"err": false, "results": {"status": "completed"}}'
    await export_bodies(bodies, tmp_path, format=format, refresh=True)
    assert [(row["call_id"], row["status"]) for row in rows(tmp_path)] == [("c", "completed")]


async def export_bodies(bodies: dict[str, bytes], target: Path, **options: Any) -> None:
    """Export what a server sends for these ids."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        body = bodies[scope["path"].rpartition("/")[2]]
        await Response(body, media_type="application/json")(scope, receive, send)

    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as http,
        AsyncPuretalk("k", base_url="http://127.0.0.1/api", http_client=http) as client,
    ):
        await export(client, list(bodies), target, **options)


async def test_unknown_fields_are_in_parquet(tmp_path: Path) -> None:
    """Although a ``Call`` does not hold them."""
    bodies = {
        call_id: json.dumps({"err": False, "results": sample_call(call_id=call_id, **changes)}).encode()
        for call_id, changes in {"a": {}, "b": {"mood": 10**29}}.items()
    }
    await export_bodies(bodies, tmp_path)
    assert [row["_unknown"] for row in rows(tmp_path)] == [None, '{"$.mood":100000000000000000000000000000}']


@both_formats
async def test_what_people_said_is_not_stored(tmp_path: Path, format: Any) -> None:
    """Nor is a field that the document does not have, nor text where it has none."""
    secret = "we met on +15550142"
    bodies = {}
    mismatches: tuple[dict[str, Any], ...] = (
        {"transcript_object": secret},
        {"transcript_object": [secret]},
        {"answered_by": {"a": secret}},
    )
    for number, changes in enumerate(({}, {"mood": secret}, *mismatches)):
        call = {**sample_call(call_id=f"c-{number}"), **changes}
        bodies[f"c-{number}"] = json.dumps({"err": False, "results": call}).encode()
    await export_bodies(bodies, tmp_path, format=format, redact=SPEECH | CONTACTS)
    said = [turn["content"] for turn in sample_call()["transcript_object"]]
    for row in rows(tmp_path):
        text = json.dumps(row, default=str)
        assert not [line for line in (secret, "+15550", "riverbend.test", "booked a first", *said) if line in text]
        assert row["assistant_name"] == "Riverbend Dental Reception"
    assert [turn["role"] for turn in rows(tmp_path)[0]["transcript_object"]][:2] == ["assistant", "user"]


@both_formats
async def test_columns(client: AsyncPuretalk, tmp_path: Path, format: Any) -> None:
    """Those chosen, and the id."""
    await export(client, ["c-0", "c-1"], tmp_path, format=format, columns=["status"])
    assert [sorted(row.items()) for row in rows(tmp_path)] == [
        [("call_id", "c-0"), ("status", "in-progress")],
        [("call_id", "c-1"), ("status", "completed")],
    ]


@pytest.mark.usefixtures("environment")
@both_formats
def test_workers(ids: list[str], tmp_path: Path, format: Any, sandbox: Sandbox) -> None:
    """Each partition is fetched once, however often it is given to a worker."""
    partitions = plan([*ids, "no-1"], tmp_path, rows=20, format=format)
    reports = [fetch_partition(partition) for partition in partitions]
    assert [(each.rows, each.failed, each.written) for each in reports] == [
        (20, 0, True),
        (20, 0, True),
        (10, 1, True),
    ]
    count = len(sandbox.requests)
    again = [fetch_partition(partition) for partition in partitions]
    assert [(each.rows, each.failed, each.pending) for each in again] == [
        (each.rows, each.failed, each.pending) for each in reports
    ]
    assert not any(each.written for each in again)
    assert len(sandbox.requests) == count
    sandbox.add_call(sample_call(call_id="no-1"))
    (partition,) = plan_again(tmp_path, retry_failed=True, format=format)
    assert partition.ids == ["no-1"]
    assert fetch_partition(partition).rows == 11
    assert len(rows(tmp_path)) == 51
    assert plan_again(tmp_path, retry_failed=True, format=format) == []
    assert sum(each.rows for each in write_manifest(tmp_path)) == 51


@pytest.mark.usefixtures("environment")
async def test_worker_within_an_event_loop(tmp_path: Path) -> None:
    """A notebook has one."""
    (partition,) = plan(["c-1"], tmp_path)
    assert fetch_partition(partition).rows == 1


def test_worker_without_a_key(tmp_path: Path) -> None:
    """One clear error, and nothing is written."""
    (partition,) = plan(["c-1"], tmp_path / "calls")
    with pytest.raises(ConfigurationError, match="PURETALK_API_KEY is not set"):
        fetch_partition(partition)
    assert list(tmp_path.iterdir()) == []


def test_worker_refuses_what_is_not_a_partition() -> None:
    """With its type."""
    with pytest.raises(ConfigurationError, match="not str"):
        fetch_partition("part-000000")  # type: ignore[arg-type]


class Race:
    """Two exports of the same ids, which both find the target empty, and of which one ends first."""

    def __init__(self, sandbox: Sandbox, target: Path, format: Any) -> None:
        self._sandbox, self._target, self._format = sandbox, target, format
        self._start, self._first_is_done = asyncio.Barrier(2), asyncio.Event()

    async def run(self, lost: Collection[str], *, is_last: bool) -> None:
        """Run one of them, for which the server does not find some calls."""
        has_started = False

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            nonlocal has_started
            if not has_started:
                has_started = True
                await self._start.wait()
            if is_last:
                await self._first_is_done.wait()
            is_lost = scope["path"].rpartition("/")[2] in lost
            await (Response(status_code=404) if is_lost else self._sandbox)(scope, receive, send)

        async with (
            httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as http,
            AsyncPuretalk(self._sandbox.api_key, base_url=self._sandbox.base_url, http_client=http) as client,
        ):
            ids = [f"c-{number}" for number in range(10)]
            await export(client, ids, self._target, format=self._format, resume=True)
        if not is_last:
            self._first_is_done.set()


@both_formats
@pytest.mark.parametrize("good_is_last", [False, True])
async def test_two_workers_on_one_partition(tmp_path: Path, format: Any, good_is_last: bool, sandbox: Sandbox) -> None:
    """No call is lost or doubled: those that the last worker did not get are listed, and those that it got are not."""
    race = Race(sandbox, tmp_path, format)
    await asyncio.gather(race.run((), is_last=good_is_last), race.run(("c-3", "c-4"), is_last=not good_is_last))
    found = [row["call_id"] for row in rows(tmp_path)]
    assert len(found) == len(set(found)) == (10 if good_is_last else 8)
    (report,) = write_manifest(tmp_path)
    assert (report.rows, report.failed) == ((10, 0) if good_is_last else (8, 2))
    assert sum(len(each.ids) for each in plan_again(tmp_path, retry_failed=True, format=format)) == report.failed
