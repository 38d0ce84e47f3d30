"""Targets: a file is there completely or not at all, and what cannot be used is one clear error."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow.fs
import pytest
from tests.support.exports import contents, rows
from tests.support.process import ROOT

from puretalk_client import AsyncPuretalk, Retries
from puretalk_client.export import ExportError, export, fetch_partition, plan
from puretalk_client.export._fetch import Fetcher, fetch_into
from puretalk_client.export._inventory import Inventory
from puretalk_client.export._target import ABANDONED_AFTER, Folder, ObjectStore, Target, open_target

NAME = "part-000000-695b18eebe40267502ef.jsonl"


@pytest.fixture(params=["folder", "store"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Target:
    """Return a target in ``tmp_path / "calls"``."""
    if request.param == "folder":
        return Folder(tmp_path / "calls")
    (tmp_path / "calls").mkdir()  # a store has no folders
    filesystem = pyarrow.fs.SubTreeFileSystem(str(tmp_path), pyarrow.fs.LocalFileSystem())
    return ObjectStore(filesystem, "calls/", "s3://bucket/calls")


def store(target: Target, name: str, content: bytes) -> None:
    """Store a file."""
    with target.new_file(name) as path:
        Path(path).write_bytes(content)


def test_stores_lists_reads_and_removes(target: Target) -> None:
    """The same bytes."""
    assert (target.sizes(), target.names(), target.has(NAME)) == ({}, [], False)
    store(target, NAME, b"one")
    assert (target.names(), target.has(NAME)) == ([NAME], True)
    store(target, NAME, b"two\nthree")
    with target.open(NAME) as file:
        assert file.read() == b"two\nthree"
    assert target.sizes() == {NAME: 9}
    target.remove(NAME)
    target.remove(NAME)
    assert target.sizes() == {}


def test_a_file_that_fails_is_not_there(target: Target, tmp_path: Path) -> None:
    """The one before stays, and nothing is left."""
    store(target, NAME, b"one")

    def fail() -> None:
        with target.new_file(NAME) as path:
            Path(path).write_bytes(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert contents(tmp_path / "calls") == {NAME: b"one"}


def test_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """First the content, then the name, then the folder."""
    events: list[str] = []

    def record(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def recorded(*arguments: Any, **options: Any) -> Any:
            is_folder = name == "fsync" and stat.S_ISDIR(os.fstat(arguments[0]).st_mode)
            events.append(f"{name} folder" if is_folder else name)
            return function(*arguments, **options)

        return recorded

    monkeypatch.setattr(os, "fsync", record("fsync", os.fsync))
    monkeypatch.setattr(Path, "replace", record("replace", Path.replace))
    store(Folder(tmp_path), NAME, b"one")
    assert events == ["fsync", "replace", "fsync folder"]


def test_abandoned_files_are_removed(tmp_path: Path) -> None:
    """Those of a killed run, not those that another worker is writing, nor of anybody else."""
    folder = Folder(tmp_path)
    names = [f".{NAME}.0123456789ab.tmp", f".{NAME}.0123456789ac.tmp", ".vimrc.tmp"]
    for name in names:
        (tmp_path / name).write_bytes(b"")
    old = time.time() - ABANDONED_AFTER - 60
    for name in (names[0], names[2]):
        os.utime(tmp_path / name, (old, old))
    folder.remove_abandoned()
    assert sorted(contents(tmp_path)) == sorted(names[1:])


async def test_an_object_store_gets_each_file_at_once(
    client: AsyncPuretalk, ids: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through ``pyarrow.fs``; a run goes on there, too."""
    filesystem = pyarrow.fs.SubTreeFileSystem(str(tmp_path), pyarrow.fs.LocalFileSystem())
    (tmp_path / "calls").mkdir()
    monkeypatch.setattr(pyarrow.fs, "FileSystem", SimpleNamespace(from_uri=lambda uri: (filesystem, "calls")))
    report = await export(client, ids, "s3://key:secret@bucket/calls?region=x", rows=20, retry_failed=True)
    assert report.rows == 50
    assert sorted(row["call_id"] for row in rows(tmp_path / "calls")) == sorted(ids)
    (tmp_path / "calls" / "other.txt").write_text("")
    with pytest.raises(ExportError, match=r"^s3://bucket/calls holds something else"):
        await export(client, ids, "s3://key:secret@bucket/calls?region=x", resume=True)


@pytest.mark.parametrize("uri", ["s4://bucket/calls", "://calls"])
def test_unknown_uri(uri: str) -> None:
    """It is named."""
    with pytest.raises(ExportError, match="Could not use"):
        open_target(uri)


@pytest.mark.parametrize("format", ["parquet", "jsonl"])
async def test_full_disk(
    client: AsyncPuretalk, ids: list[str], tmp_path: Path, format: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says so, what was stored stays, and the run goes on when there is space."""
    await export(client, ids[:20], tmp_path, rows=10, format=format)
    before = contents(tmp_path)

    def is_full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", is_full)
        with pytest.raises(ExportError, match=r"^Could not write to .*: No space left on device$") as caught:
            await export(client, ids[:25], tmp_path, rows=10, format=format, resume=True)
    assert caught.value.__cause__ is None
    assert contents(tmp_path) == before
    report = await export(client, ids[:25], tmp_path, rows=10, format=format, resume=True)
    assert [each.written for each in report.partitions] == [False, False, True]


@pytest.mark.parametrize("format", ["parquet", "jsonl"])
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
async def test_disk_that_fills_up_while_calls_are_written(
    client: AsyncPuretalk, ids: list[str], tmp_path: Path, format: Any
) -> None:
    """Not only at the end: /dev/full takes nothing at all."""

    class Full(Folder):
        def new_file(self, name: str) -> Any:
            return contextlib.nullcontext("/dev/full")

    (partition,) = plan(ids, tmp_path, format=format)
    with pytest.raises(ExportError, match="No space left on device"):
        await fetch_into(Fetcher(client, Retries()), partition, Inventory.of(Full(tmp_path)))


LIMITED = """
import asyncio, resource, signal, sys
import httpx
from puretalk_client import AsyncPuretalk
from puretalk_client.export import ExportError, export
from puretalk_client.testing import Sandbox, sample_call

async def main(target, format):
    sandbox = Sandbox()
    ids = [sandbox.add_call(sample_call(call_id=f"c-{number}")) for number in range(300)]
    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(app=sandbox)) as http,
        AsyncPuretalk(sandbox.api_key, base_url=sandbox.base_url, http_client=http) as client,
    ):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        try:
            await export(client, ids, target, format=format)
        except ExportError as error:
            print(error)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        print((await export(client, ids, target, format=format, resume=True)).rows)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize("format", ["parquet", "jsonl"])
@pytest.mark.skipif(sys.platform == "win32", reason="needs limits of the size of files")
def test_file_that_the_system_does_not_let_grow(tmp_path: Path, format: str) -> None:
    """One line; nothing half-written has the name of a part, and the run goes on when it can."""
    command = [sys.executable, "-c", LIMITED, str(tmp_path / "calls"), format]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == [f"Could not write to {tmp_path / 'calls'}: File too large", "300"]
    assert len(rows(tmp_path / "calls")) == 300


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc, where not even root can make a folder")
async def test_unwritable_folder(client: AsyncPuretalk) -> None:
    """It is named."""
    with pytest.raises(ExportError, match=r"^Could not write to /proc/calls: No such file"):
        await export(client, ["c-1"], "/proc/calls")


async def test_target_below_a_file(client: AsyncPuretalk, tmp_path: Path) -> None:
    """Neither a file nor a folder in one can be a target."""
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ExportError, match="file is not a folder"):
        await export(client, ["c-1"], tmp_path / "file", overwrite=True)
    with pytest.raises(ExportError, match=r"Could not .*: Not a directory"):
        await export(client, ["c-1"], tmp_path / "file" / "calls")
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.usefixtures("environment")
def test_partition_in_the_folder_of_another_run(ids: list[str], tmp_path: Path) -> None:
    """A worker refuses it, and changes nothing."""
    fetch_partition(plan(ids, tmp_path)[0])
    before = contents(tmp_path)
    with pytest.raises(ExportError, match="holds another run"):
        fetch_partition(plan(ids[1:], tmp_path)[0])
    assert contents(tmp_path) == before


@pytest.fixture
def listings(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return the folders that were listed, as they are."""
    listed: list[Path] = []
    names = Folder.names

    def record(self: Folder) -> list[str]:
        listed.append(Path(self.label))
        return names(self)

    monkeypatch.setattr(Folder, "names", record)
    return listed


async def test_a_run_lists_its_target_once(
    client: AsyncPuretalk, ids: list[str], tmp_path: Path, listings: list[Path]
) -> None:
    """At its start, and for the sizes in the manifest: not for each of 20,000 partitions."""
    for _ in range(2):
        listings.clear()
        await export(client, ids, tmp_path, rows=1, format="jsonl", resume=True)
        assert len(listings) <= 3


@pytest.mark.usefixtures("environment")
def test_a_run_sees_what_a_worker_stored(ids: list[str], tmp_path: Path) -> None:
    """After its listing: one look at the file of a partition says so."""
    inventory = Inventory.of(Folder(tmp_path))
    first, second, *_ = plan(ids, tmp_path, rows=10, format="jsonl")
    assert fetch_partition(first).rows == 10
    assert inventory.done(second) is None
    report = inventory.done(first)
    assert report is not None
    assert (report.rows, report.written) == (10, False)


@pytest.mark.usefixtures("environment")
def test_a_worker_sees_what_others_did(ids: list[str], tmp_path: Path) -> None:
    """Files that are stored or removed meanwhile."""
    first, second, third, *_ = plan(ids, tmp_path, rows=10, format="jsonl")
    assert fetch_partition(first).written
    assert fetch_partition(second).written
    assert not fetch_partition(first).written
    (tmp_path / first.name).unlink()
    assert fetch_partition(first).written
    (tmp_path / third.name).write_bytes(b'{"call_id":"a"}\n')  # by another worker
    assert (fetch_partition(third).written, fetch_partition(third).rows) == (False, 1)


def test_two_runs_in_one_folder(tmp_path: Path) -> None:
    """Workers that raced with different plans."""
    for name in (NAME, NAME.replace("695b18", "000000")):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(ExportError, match="holds two runs"):
        Inventory.of(Folder(tmp_path))


def test_side_file_of_something_else(tmp_path: Path) -> None:
    """It is named."""
    side = "_failed-000000-695b18eebe40267502ef-0123456789ab.jsonl"
    (tmp_path / NAME).write_bytes(b"")
    (tmp_path / side).write_bytes(b"not JSON\n")
    with pytest.raises(ExportError, match="is not a file of this package"):
        Inventory.of(Folder(tmp_path)).report(NAME)


WITHOUT_PYARROW = """
import asyncio, sys
sys.modules["pyarrow"] = None
import httpx
from puretalk_client import AsyncPuretalk, Retries
from puretalk_client.testing import SAMPLE_CALL_ID, Sandbox
from puretalk_client import export

async def main():
    sandbox = Sandbox()
    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(app=sandbox)) as http,
        AsyncPuretalk(sandbox.api_key, base_url=sandbox.base_url, http_client=http) as client,
    ):
        report = await export.export(client, [SAMPLE_CALL_ID], sys.argv[1], format="jsonl")
        print(report.rows)
        for use in (
            lambda: export.schema,
            lambda: export.to_batches,
            lambda: export.fetch_partition,
        ):
            try:
                use()
            except ImportError as error:
                print(error)
        try:
            await export.export(client, [SAMPLE_CALL_ID], sys.argv[1] + "2")
        except ImportError as error:
            print(error)

asyncio.run(main())
"""


def test_without_pyarrow(tmp_path: Path) -> None:
    """JSON Lines work, and all else says what to install."""
    command = [sys.executable, "-c", WITHOUT_PYARROW, str(tmp_path / "calls")]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    install = "needs pyarrow: install puretalk-client with the extra 'arrow'"
    assert ran.stdout.splitlines() == [
        "1",
        f"puretalk_client.export.schema {install}",
        f"puretalk_client.export.to_batches {install}",
        "Parquet files need pyarrow: install puretalk-client with the extra 'arrow'",
    ]


@pytest.mark.parametrize("module", ["puretalk_client", "puretalk_client.export"])
def test_imports_no_pyarrow(module: str) -> None:
    """Which takes 0.2 s and 60 MB."""
    code = f"import sys, {module}; sys.exit('pyarrow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
