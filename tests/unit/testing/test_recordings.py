"""Recordings in the sandbox, in process and on loopback."""

from __future__ import annotations

import contextlib
import io
import os
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.key import KEY_HEADER
from tests.unit.testing.recording import record

from puretalk_client import (
    APIConnectionError,
    APITimeoutError,
    AsyncPuretalk,
    DownloadError,
    NotFoundError,
    PuretalkError,
    ServerError,
)
from puretalk_client.testing import (
    EXAMPLE_CALL_ID,
    SAMPLE_CALL_ID,
    Fault,
    Sandbox,
    Scrubber,
    example_call,
    sample_call,
    serve,
    virtual_time,
)
from puretalk_client.testing._recordings import wav

WAYS = ["in process", "httpx", "aiohttp"]


@contextlib.asynccontextmanager
async def client_of(sandbox: Sandbox, way: str) -> AsyncIterator[AsyncPuretalk]:
    """Open a client of a sandbox, in process or with a transport."""
    if way == "in process":
        async with (
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app=sandbox), cookies={"a": "b"}, headers={"X-Own": "1"}
            ) as http,
            AsyncPuretalk(sandbox.api_key, base_url=sandbox.base_url, http_client=http) as client,
        ):
            yield client
    else:
        async with serve(sandbox) as url, AsyncPuretalk(sandbox.api_key, base_url=url, transport=way) as client:  # type: ignore[arg-type]
            yield client


async def download(client: AsyncPuretalk, call_id: str = SAMPLE_CALL_ID, **options: Any) -> bytes:
    """Fetch a call and download its recording."""
    file = io.BytesIO()
    call = await client.calls.get(call_id)
    assert await client.calls.download_recording(call, file, **options) == len(file.getvalue())
    return file.getvalue()


def frames(content: bytes) -> tuple[int, int]:
    """Return how many frames a WAV file has, and how many in a second."""
    with wave.open(io.BytesIO(content)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        assert len(file.readframes(file.getnframes())) == 2 * file.getnframes()
        return file.getnframes(), file.getframerate()


class TestDownload:
    @pytest.mark.parametrize("way", WAYS)
    @pytest.mark.parametrize("content", [b"", b"ID3\x00", os.urandom(300_000)], ids=["empty", "short", "long"])
    async def test_content(self, way: str, content: bytes, tmp_path: Path) -> None:
        """The bytes arrive as they are."""
        sandbox = Sandbox()
        sandbox.add_recording(SAMPLE_CALL_ID, content)
        async with client_of(sandbox, way) as client:
            assert await download(client) == content
            call = await client.calls.get(SAMPLE_CALL_ID)
            await client.calls.download_recording(call, tmp_path / "call.wav")
        assert (tmp_path / "call.wav").read_bytes() == content

    @pytest.mark.parametrize("way", WAYS)
    async def test_seconds(self, way: str) -> None:
        """A valid WAV file of this length, also of a call whose id needs quoting and that had no recording."""
        sandbox = Sandbox()
        call_id = sandbox.add_call({"call_id": 'a/b "ü" %2F?#', "call_recording_url": None})
        sandbox.add_recording(call_id, seconds=2.5)
        async with client_of(sandbox, way) as client:
            assert frames(await download(client, call_id)) == (20_000, 8000)

    @pytest.mark.parametrize("way", WAYS)
    async def test_key_stays_away(self, way: str) -> None:
        """The host of the recordings gets neither the key nor anything else of the client's requests."""
        sandbox = Sandbox()
        sandbox.add_recording(SAMPLE_CALL_ID)
        async with client_of(sandbox, way) as client:
            await download(client)  # the sandbox would respond with a 400
        request = sandbox.requests[-1]
        assert (request.path, request.call_id) == (f"/recordings/{SAMPLE_CALL_ID}", SAMPLE_CALL_ID)
        assert set(request.headers) <= {"host", "accept-encoding"}

    @pytest.mark.parametrize("way", WAYS)
    async def test_other_clients(self, way: str) -> None:
        """A request with the key is refused; so are other methods, other paths and calls without a recording."""
        sandbox = Sandbox()
        sandbox.add_recording(SAMPLE_CALL_ID, b"sound")
        async with client_of(sandbox, way) as client:
            url = str((await client.calls.get(SAMPLE_CALL_ID)).call_recording_url)
            transport = httpx.ASGITransport(app=sandbox) if way == "in process" else None
            async with httpx.AsyncClient(transport=transport) as http:
                statuses = [
                    (await http.get(url)).status_code,
                    (await http.get(url, headers={KEY_HEADER: sandbox.api_key})).status_code,
                    (await http.post(url)).status_code,
                    (await http.get(url + "x")).status_code,
                    (await http.get(url.replace("recordings/", "recordings/%ff"))).status_code,
                    (await http.get(url.replace("/recordings/", "/api/calls/"))).status_code,
                ]
                assert statuses == [200, 400, 405, 404, 404, 404]
                assert sandbox.api_key not in str(sandbox.requests)
                await http.get(url)

    @pytest.mark.parametrize("way", WAYS)
    async def test_faults(self, way: str) -> None:
        """Redirects, slow and broken recordings, scripted as other faults are."""
        sandbox = Sandbox()
        sandbox.add_recording(SAMPLE_CALL_ID, b"x" * 100_000)

        def script(**fault: Any) -> None:
            sandbox.fail_next(Fault(recording=True, call_id=SAMPLE_CALL_ID, **fault))

        async with client_of(sandbox, way) as client:
            script(status=302, headers={"Location": f"/recordings/{SAMPLE_CALL_ID}?signed=1"})
            script(status=307, headers={"Location": f"{SAMPLE_CALL_ID}"})
            script(delay=0.01)
            assert len(await download(client)) == 100_000
            assert sandbox.requests[-1].query == ""
            for fault, kind in (
                ({"status": 403}, PuretalkError),
                ({"status": 500}, ServerError),
                ({"status": 302}, DownloadError),
                ({"reset": True}, APIConnectionError),
                ({"cut_after": 0}, APIConnectionError),
                ({"cut_after": 50_000}, APIConnectionError),
                ({"headers": {"Content-Encoding": "gzip"}}, DownloadError),
                ({"status": 302, "headers": {"Location": "ftp://x.test/"}}, DownloadError),
            ):
                script(**fault)
                with pytest.raises(kind):
                    await download(client)
            sandbox.fail_for(3600, Fault(status=302, headers={"Location": "?again"}, recording=True))
            with pytest.raises(DownloadError, match="more than 5 times"):
                await download(client)

    async def test_faults_of_the_api_are_others(self) -> None:
        """A fault applies to the API or to recordings, and a rate limit to the API only."""
        sandbox = Sandbox()
        sandbox.add_recording(SAMPLE_CALL_ID, b"sound")
        sandbox.fail_next(Fault(status=404, recording=True), Fault(status=503, headers={"Retry-After": "0"}))
        async with client_of(sandbox, "in process") as client:
            with pytest.raises(NotFoundError, match="download"):
                await download(client)
            sandbox.set_rate_limit(1, burst=1)
            call = await client.calls.get(SAMPLE_CALL_ID)
            for _ in range(3):
                await client.calls.download_recording(call, io.BytesIO())

    @virtual_time()
    async def test_slow_recording_in_virtual_time(self) -> None:
        """A download times out without taking any real time."""
        sandbox = Sandbox()
        sandbox.add_recording(SAMPLE_CALL_ID)
        sandbox.fail_next(Fault(delay=400, recording=True), Fault(delay=200, recording=True))
        async with client_of(sandbox, "in process") as client:
            with pytest.raises(APITimeoutError, match="300 s"):
                await download(client)
            assert frames(await download(client)) == (8000, 8000)


class TestCalls:
    @pytest.mark.parametrize("way", WAYS)
    async def test_lifecycle(self, way: str) -> None:
        """The URL is there when the recording is due."""
        sandbox = Sandbox()
        sandbox.add_lifecycle(sample_call(call_id="life", call_recording_url=None), ["ringing", "completed"])
        sandbox.add_recording("life", b"sound")
        async with client_of(sandbox, way) as client:
            states = [await client.calls.get("life") for _ in range(3)]
            assert [call.call_recording_url is None for call in states] == [True, True, False]
            assert await download(client, "life") == b"sound"

    @virtual_time()
    async def test_lifecycle_by_the_clock(self) -> None:
        """Also if the recording is added while the call is in progress."""
        sandbox = Sandbox()
        sandbox.add_lifecycle(sample_call(call_id="life"), {0: "ringing", 10: "completed"}, recording_after=5)
        async with client_of(sandbox, "in process") as client:
            assert (await client.calls.get("life")).status == "ringing"
            sandbox.add_recording("life", seconds=1)
            call = await client.calls.wait("life", until="recording")
            await client.calls.download_recording(call, io.BytesIO())

    async def test_one_sandbox_both_ways(self) -> None:
        """Each client gets a URL that it can reach, and other calls stay as they are."""
        sandbox = Sandbox()
        sandbox.add_recording(SAMPLE_CALL_ID, b"sound")
        for way in WAYS:
            async with client_of(sandbox, way) as client:
                assert await download(client) == b"sound"
                call = await client.calls.get(EXAMPLE_CALL_ID)
                assert call.call_recording_url == example_call()["call_recording_url"]

    @pytest.mark.parametrize("way", WAYS)
    async def test_recorded_call(self, way: str, tmp_path: Path) -> None:
        """A call of a recording gets the URL in the place of its own, and keeps the spelling of its numbers."""
        recorded = Sandbox()
        recorded.add_call(sample_call(call_id="without", call_recording_url=None))
        scrubber = Scrubber(ids="keep", keep=["call_analysis"])
        await record(tmp_path / "calls.jsonl", recorded, SAMPLE_CALL_ID, "without", "none", scrub=scrubber)
        sandbox = Sandbox.from_recording(tmp_path / "calls.jsonl")
        for call_id in (SAMPLE_CALL_ID, "without", "none"):
            sandbox.add_recording(call_id, b"sound")
        async with client_of(sandbox, way) as client:
            assert await download(client) == b"sound"
            content = (await client.calls.with_raw_response.get(SAMPLE_CALL_ID)).content
            assert b'"value": 4.0' in content
            with pytest.raises(DownloadError, match="no recording"):
                await download(client, "without")
            with pytest.raises(NotFoundError):
                await client.calls.get("none")

    def test_wrong_arguments(self) -> None:
        """They are refused, and leave the call as it was."""
        sandbox = Sandbox()
        with pytest.raises(ValueError, match="no such call"):
            sandbox.add_recording("none")
        with pytest.raises(ValueError, match="content or seconds"):
            sandbox.add_recording(SAMPLE_CALL_ID, b"", seconds=1)
        with pytest.raises(TypeError, match="not str"):
            sandbox.add_recording(SAMPLE_CALL_ID, "sound")  # type: ignore[arg-type]
        for seconds in (-1, float("nan"), float("inf"), 3601):
            with pytest.raises(ValueError, match="seconds must be from 0 to 3600"):
                sandbox.add_recording(SAMPLE_CALL_ID, seconds=seconds)

    @pytest.mark.parametrize(
        ("seconds", "count"), [(0, 0), (1, 8000), (0.00001, 0), (3600, 28_800_000), (1.2345, 9876)]
    )
    def test_lengths(self, seconds: float, count: int) -> None:
        """To the sample."""
        assert frames(wav(seconds)) == (count, 8000)
