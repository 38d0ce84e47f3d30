"""The file of a recording: who can read it, what may be in it before, and how it survives what cuts it off."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.unit.testing.recording import PARAMETER, client_of, lines_of, record

from puretalk_client import NotFoundError
from puretalk_client.testing import (
    EXAMPLE_CALL_ID,
    SAMPLE_CALL_ID,
    Recorder,
    RecorderError,
    Sandbox,
    Scrubber,
)


class TestFile:
    @pytest.mark.skipif(os.name != "posix", reason="needs POSIX permissions")
    @pytest.mark.parametrize("options", [{}, {"append": True}, {"overwrite": True}])
    async def test_private(self, options: dict[str, Any], tmp_path: Path) -> None:
        """Only the owner can read it, also if others could before."""
        path = tmp_path / "calls.jsonl"
        if options:
            path.touch(0o644)
        await record(path, Sandbox(), SAMPLE_CALL_ID, **options)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    async def test_existing_file(self, tmp_path: Path) -> None:
        """It is refused, appended to, or replaced."""
        path, sandbox = tmp_path / "calls.jsonl", Sandbox()
        await record(path, sandbox, SAMPLE_CALL_ID)
        before = path.read_bytes()
        with pytest.raises(RecorderError, match="exists: pass append=True or overwrite=True"):
            await record(path, sandbox, EXAMPLE_CALL_ID)
        assert path.read_bytes() == before
        lines = await record(path, sandbox, EXAMPLE_CALL_ID, append=True)
        assert path.read_bytes().startswith(before)
        assert len({line["parameters"][PARAMETER] for line in lines}) == 2, "a new scrubber invents other ids"
        assert len(await record(path, sandbox, EXAMPLE_CALL_ID, overwrite=True)) == 1

    @pytest.mark.parametrize(
        "content", ['{"results": {}}\n', "Mara\n", '{"puretalk_response":1,"method":"GET","status":200}']
    )
    async def test_appending_to_something_else(self, content: str, tmp_path: Path) -> None:
        """It is refused, and nothing of it is quoted; so is a line that is not complete."""
        path = tmp_path / "calls.jsonl"
        path.write_text(content)
        with pytest.raises(RecorderError) as caught:
            await record(path, Sandbox(), SAMPLE_CALL_ID, append=True)
        assert str(caught.value) == f"{path}, line 1: not a recorded response"
        assert path.read_text() == content

    async def test_not_a_file(self, tmp_path: Path) -> None:
        """A pipe is refused, rather than waited for, and a folder that is not there is an OSError."""
        if hasattr(os, "mkfifo"):
            os.mkfifo(tmp_path / "pipe")
            with pytest.raises(RecorderError, match="is not a regular file"):
                await record(tmp_path / "pipe", Sandbox(), append=True)
        with pytest.raises(RecorderError, match="is not a regular file"):
            await record(tmp_path, Sandbox(), overwrite=True)
        with pytest.raises(FileNotFoundError):
            await record(tmp_path / "no" / "calls.jsonl", Sandbox())

    async def test_wrong_options(self, tmp_path: Path) -> None:
        """They are refused, and the client records nothing."""
        async with client_of(Sandbox()) as client:
            with pytest.raises(ValueError, match="exclude each other"):
                Recorder(client, tmp_path / "a", append=True, overwrite=True)
            with pytest.raises(TypeError, match="not str"):
                Recorder(client, tmp_path / "a", scrub="no")  # type: ignore[arg-type]
            with Recorder(client, tmp_path / "a"):
                with pytest.raises(RecorderError, match="has a recorder already"):
                    Recorder(client.with_options(timeout=1), tmp_path / "b").__enter__()
                await client.calls.get(SAMPLE_CALL_ID)
            assert len(lines_of(tmp_path / "a")) == 1
            assert not (tmp_path / "b").exists()

    async def test_full_disk(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """No request fails, the file has complete lines only, and the end of the recording says what is missing."""
        path, write, writes = tmp_path / "calls.jsonl", os.write, []

        def full_after_a_while(file: int, content: bytes) -> int:
            writes.append(len(content))
            if len(writes) == 1:
                return write(file, content)
            if len(writes) == 2:
                return write(file, content[:10])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        async with client_of(Sandbox()) as client:
            recorder = Recorder(client, path).__enter__()
            monkeypatch.setattr(os, "write", full_after_a_while)
            for _ in range(3):
                await client.calls.get(SAMPLE_CALL_ID)
            with pytest.raises(RecorderError) as caught:
                recorder.__exit__(None, None, None)
        assert str(caught.value) == f"{path} lacks responses after the first 1: No space left on device"
        assert len(lines_of(path)) == 1
        assert len(writes) == 3, "the third response is not tried: a recording has no gaps"

    async def test_defect_of_a_scrubber(self, tmp_path: Path) -> None:
        """It is not quoted, and no request fails; an error of the block comes out as it is."""

        class Broken(Scrubber):
            def scrub_body(self, content: bytes) -> bytes:
                raise KeyError(content)

        async with client_of(Sandbox()) as client:
            with (
                pytest.raises(RecorderError, match=r"after the first 0: KeyError$"),
                Recorder(client, tmp_path / "a", scrub=Broken()),
            ):
                await client.calls.get(SAMPLE_CALL_ID)
            with pytest.raises(NotFoundError), Recorder(client, tmp_path / "b", scrub=Broken()):
                await client.calls.get("none")
            await client.calls.get(SAMPLE_CALL_ID)

    @pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
    def test_killed(self, tmp_path: Path) -> None:
        """Every response is on the disk, in complete lines."""
        path = tmp_path / "calls.jsonl"
        program = f"""
import asyncio, httpx
from puretalk_client import AsyncPuretalk
from puretalk_client.testing import Recorder, Sandbox, SAMPLE_CALL_ID
async def main():
    sandbox = Sandbox()
    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(app=sandbox)) as http,
        AsyncPuretalk(sandbox.api_key, base_url=sandbox.base_url, http_client=http) as client,
    ):
        with Recorder(client, {str(path)!r}):
            while True:
                await client.calls.get(SAMPLE_CALL_ID)
                print("fetched", flush=True)
asyncio.run(main())
"""
        with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            for _ in range(5):
                assert process.stdout.readline() == b"fetched\n"
            process.kill()
            process.communicate()
        assert len(lines_of(path)) >= 5
        Sandbox.from_recording(path)
