"""Recording what a client receives, and serving it again."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from starlette.responses import Response
from tests.support.canary import API_KEY, WORDS
from tests.support.exposure import Exposures
from tests.unit.testing.in_process import KEY
from tests.unit.testing.recording import PARAMETER, TEMPLATE, client_of, lines_of, record

from puretalk_client import AsyncPuretalk, NotFoundError, PuretalkError, ServerError
from puretalk_client._cli.drift_files import compare_files
from puretalk_client._recorded import RecordedResponse
from puretalk_client.drift import drift_report
from puretalk_client.testing import (
    EXAMPLE_CALL_ID,
    SAMPLE_CALL_ID,
    Fault,
    Recorder,
    RecorderError,
    Sandbox,
    Scrubber,
    running_server,
    sample_call,
)
from puretalk_generated.types import Request

NOW = {"Retry-After": "0"}


async def fetch(sandbox: Sandbox, call_id: str) -> bytes:
    """Return the body of a fetch."""
    async with client_of(sandbox) as client:
        return (await client.calls.with_raw_response.get(call_id)).content


def reading_error(path: Path) -> RecorderError:
    """Read a file in vain; its traceback shows no locals of a test."""
    with pytest.raises(RecorderError) as caught:
        Sandbox.from_recording(path)
    return caught.value


class TestRecorder:
    async def test_lines(self, tmp_path: Path) -> None:
        """Status, template, parameters, Retry-After and body: of a failure that is retried, of a success, of a 404."""
        path, sandbox = tmp_path / "calls.jsonl", Sandbox()
        sandbox.fail_next(Fault(status=503, headers={"Retry-After": "0", "Set-Cookie": "a=b", "X-Request-ID": "r"}))
        async with client_of(sandbox, default_headers={"X-Tenant": "secret-tenant"}) as client:
            with Recorder(client, path, scrub=False) as recorder:
                await client.with_options(max_retries=1).calls.get(SAMPLE_CALL_ID)
                with pytest.raises(NotFoundError):
                    await client.calls.get("a/b")
            await client.calls.get(EXAMPLE_CALL_ID)  # not recorded any more
        fixed = {"puretalk_response": 1, "method": "GET", "path_template": TEMPLATE}
        sample = {"parameters": {PARAMETER: SAMPLE_CALL_ID}}
        assert lines_of(path) == [
            {**fixed, **sample, "status": 503, "headers": NOW, "body": {"err": True, "msg": "Service Unavailable"}},
            {**fixed, **sample, "status": 200, "body": {"msg": "Success", "err": False, "results": sample_call()}},
            {**fixed, "parameters": {PARAMETER: "a/b"}, "status": 404, "body": {"err": True, "msg": "Call not found"}},
        ]
        assert (recorder.responses, repr(recorder)) == (3, "<Recorder responses=3>")
        assert "secret-tenant" not in path.read_text()

    async def test_scrubbed_by_default(self, tmp_path: Path) -> None:
        """Nobody has to ask for it."""
        path = tmp_path / "calls.jsonl"
        (line,) = await record(path, Sandbox(), SAMPLE_CALL_ID)
        assert line["body"]["results"]["call_id"] == line["parameters"][PARAMETER] != SAMPLE_CALL_ID
        text = path.read_text()
        assert not [word for word in ("Mara", "Riverbend", "+15550142", "riverbend", SAMPLE_CALL_ID) if word in text]

    async def test_numbers_keep_their_spelling(self, tmp_path: Path) -> None:
        """As received, byte for byte apart from line breaks."""
        body = b'{\r\n"results": {"metadata":\n{"a": 4.0, "b": 1E5, "c": 314159265358979323846264338327}}}'

        path, app = tmp_path / "calls.jsonl", Response(body)
        await record(path, app, "x", scrub=False)
        recorded = RecordedResponse.read(path.read_bytes())
        assert recorded is not None
        assert recorded.content() == body.replace(b"\r", b" ").replace(b"\n", b" ")

    @pytest.mark.parametrize(
        ("content", "field"),
        [(b"", None), (b"<html>Mara</html>", "text"), (b"\xff\x00Mara", "base64"), (b"null", "body"),
         (b'{"a": 1e999, "b": "\\ud83d"}', "body"), (b'\xef\xbb\xbf{"a": 1}', "text"), (b"[" * 5000, "text"),
         (b'"\xe2\x80\xa8\\n"', "body")],
    )  # fmt: skip
    @pytest.mark.parametrize("scrub", [False, True])
    async def test_any_body(self, content: bytes, field: str | None, scrub: bool, tmp_path: Path) -> None:
        """It is one line, it comes back as received, and the sandbox serves it."""
        path = tmp_path / "calls.jsonl"
        (line,) = await record(path, Response(content, 400), "x", scrub=scrub)
        assert {"body", "text", "base64"} & line.keys() == ({field} if field else set())
        recorded = RecordedResponse.read(path.read_bytes())
        assert recorded is not None
        assert len(recorded.content()) == len(content) or field == "body"
        assert (recorded.content() == content) or scrub
        assert not scrub or b"Mara" not in recorded.content()
        async with client_of(Sandbox.from_recording(path)) as client:
            with pytest.raises(PuretalkError) as caught:
                await client.calls.get(line["parameters"][PARAMETER])
        assert caught.value.status == 400

    @pytest.mark.parametrize(
        "scrub", [False, True, Scrubber(keep=["note", "metadata", "msg"])], ids=["no", "yes", "keep"]
    )
    @pytest.mark.parametrize("status", [200, 400])
    async def test_never_the_key(self, scrub: bool | Scrubber, status: int, tmp_path: Path) -> None:
        """Not even where a server repeats it: in a text, in capitals, escaped, as a name, or outside of JSON."""
        escaped = "".join(f"\\u{ord(char):04x}" for char in API_KEY)
        texts = [API_KEY, API_KEY.upper(), escaped, f"key={API_KEY}&x=1", f"a%2f{API_KEY}"]
        fields = ", ".join(f'"note": "{text}"' for text in texts)
        for content in (f'{{"{API_KEY}": 1, "results": {{{fields}}}, "msg": "{API_KEY}"}}', f"<p>{API_KEY}</p>"):
            path = tmp_path / f"{len(content)}.jsonl"
            lines = await record(path, Response(content, status), "x", API_KEY, key=API_KEY, scrub=scrub)
            assert len(lines) == 2
            exposures = Exposures()
            exposures.add("file", path.read_text() + json.dumps(lines))
            assert not exposures.of_key()

    async def test_a_text_that_ends_like_the_key_stays(self, tmp_path: Path) -> None:
        """Only the complete key is the key."""
        body = {"results": {"transcript": "He lives by the sandb", "call_id": "x"}}
        (line,) = await record(tmp_path / "calls.jsonl", Response(json.dumps(body)), "x", scrub=False)
        assert line["body"] == body

    @pytest.mark.parametrize(
        ("value", "recorded"),
        [
            ("7", "7"),
            ("1.5", "2"),
            ("Wed, 21 Oct 2015 07:28:00 GMT", "0"),
            ("Mara", None),
            ("-1", None),
            ("9" * 30, None),
        ],
    )
    async def test_retry_after(self, value: str, recorded: str | None, tmp_path: Path) -> None:
        """As seconds; a text that is not a time could be anything."""
        app = Response(b"{}", 429, headers={"Retry-After": value})
        async with client_of(app, max_retries=0) as client:
            with Recorder(client, tmp_path / "calls.jsonl"), pytest.raises(PuretalkError):
                await client.calls.get("x")
        (line,) = lines_of(tmp_path / "calls.jsonl")
        assert line.get("headers", {}).get("Retry-After") == recorded

    async def test_requests_without_template(self, tmp_path: Path) -> None:
        """A path that somebody wrote by hand may be personal: it is not recorded."""
        path = tmp_path / "calls.jsonl"
        async with client_of(Sandbox()) as client:
            with Recorder(client, path), pytest.raises(NotFoundError):
                await client.send(Request(method="GET", path="/people/mara"), None)  # type: ignore[arg-type]
        assert "mara" not in path.read_text()
        assert lines_of(path)[0]["status"] == 404
        Sandbox.from_recording(path)

    async def test_concurrent_requests(self, tmp_path: Path) -> None:
        """Each response is one line."""
        sandbox, path = Sandbox(), tmp_path / "calls.jsonl"
        ids = [sandbox.add_call(sample_call(call_id=f"call-{number}")) for number in range(50)]
        async with client_of(sandbox) as client:
            with Recorder(client, path, scrub=Scrubber(ids="keep")):
                async for result in client.calls.get_many(ids):
                    assert result.call is not None
        assert {line["parameters"][PARAMETER] for line in lines_of(path)} == set(ids)

    @pytest.mark.parametrize("transport", ["httpx", "aiohttp"])
    async def test_transports(self, transport: Any, tmp_path: Path) -> None:
        """Over sockets, with each transport."""
        sandbox, path = Sandbox(), tmp_path / "calls.jsonl"
        with running_server(sandbox) as url:
            async with AsyncPuretalk(sandbox.api_key, base_url=url, transport=transport) as client:
                with Recorder(client, path, scrub=False):
                    await client.calls.get(SAMPLE_CALL_ID)
        assert lines_of(path)[0]["body"]["results"] == sample_call()

    async def test_broken_response_is_not_recorded(self, tmp_path: Path) -> None:
        """A body that did not arrive completely is not recorded; the status of a failure counts without its body."""
        sandbox, path = Sandbox(), tmp_path / "calls.jsonl"
        sandbox.fail_next(Fault(cut_after=100), Fault(status=500, body="x" * 500, cut_after=100))
        with running_server(sandbox) as url:
            async with AsyncPuretalk(sandbox.api_key, base_url=url, max_retries=0) as client:
                with Recorder(client, path):
                    for _ in range(2):
                        with pytest.raises(PuretalkError):
                            await client.calls.get(SAMPLE_CALL_ID)
        assert [(line["status"], "text" in line) for line in lines_of(path)] == [(500, False)]


class TestExposure:
    @pytest.mark.parametrize("scrub", [False, True])
    async def test_nothing_shows(self, scrub: bool, tmp_path: Path) -> None:
        """Neither in reprs nor in logs, errors and tracebacks, of recording and of reading, also a broken file."""
        call = sample_call(
            call_id="c", transcript=WORDS["transcript"], from_number=WORDS["from_number"],
            call_recording_url=f"https://media.test/{WORDS['recording']}", metadata={"note": WORDS["metadata"]},
        )  # fmt: skip
        path, sandbox, exposures = tmp_path / "calls.jsonl", Sandbox(), Exposures()
        sandbox.add_call(call)
        with exposures.capture_logs():
            async with client_of(sandbox, max_retries=0) as client:
                with Recorder(client, path, scrub=scrub) as recorder:
                    exposures.inspect_client(client)
                    await client.calls.get("c")
                exposures.inspect_result(recorder)
            content = path.read_bytes()
            recorded = RecordedResponse.read(content)
            exposures.inspect_result(recorded)
            exposures.inspect_result(Sandbox.from_recording(path))
            for broken in (content[:-2], content[:-2] + b"\n", content.replace(b'"status":200', b'"status":"200"')):
                path.write_bytes(content + broken)
                error = reading_error(path)
                exposures.inspect_result(error)
                assert str(error) == f"{path}, line 2: not a recorded response"
        assert not exposures.of_words()


class TestReplay:
    async def test_a_sandbox_responds_as_recorded(self, tmp_path: Path) -> None:
        """Failures, Retry-After and bodies in their order for each call; the last response stays."""
        path, sandbox = tmp_path / "calls.jsonl", Sandbox()
        sandbox.add_lifecycle(sample_call(call_id="life"))
        sandbox.fail_next(Fault(status=503, headers=NOW), Fault(status=429, headers=NOW))
        lines = await record(path, sandbox, *["life"] * 6, EXAMPLE_CALL_ID, "none")
        assert [line["status"] for line in lines] == [503, 429, *[200] * 6, 200, 404][: len(lines)]
        replayed, again = Sandbox.from_recording(path), tmp_path / "again.jsonl"
        ids = list(dict.fromkeys(line["parameters"][PARAMETER] for line in lines))
        repeated = await record(again, replayed, *[ids[0]] * 6, *ids[1:], scrub=False)
        assert repeated == lines
        assert await fetch(replayed, ids[0]) == await fetch(replayed, ids[0])

    async def test_calls_of_the_client(self, tmp_path: Path) -> None:
        """Waiting for a recorded call works as it did."""
        path, sandbox = tmp_path / "calls.jsonl", Sandbox()
        sandbox.add_lifecycle(sample_call(call_id="life"))
        await record(path, sandbox, *["life"] * 6)
        (call_id,) = {line["parameters"][PARAMETER] for line in lines_of(path)}
        async with client_of(Sandbox.from_recording(path)) as client:
            states = [call.status async for call in client.calls.watch(call_id, poll_interval=0.001, timeout=60)]
            assert states[0] == "queued"
            assert states[-1] == "completed"
            call = await client.calls.get(call_id)
        assert call.call_analysis is not None
        assert len(call.transcript_object or ()) == 40

    async def test_key_and_other_calls(self, tmp_path: Path) -> None:
        """The sandbox is like any other."""
        path = tmp_path / "calls.jsonl"
        (line,) = await record(path, Sandbox(), SAMPLE_CALL_ID, scrub=Scrubber(ids="keep"))
        sandbox = Sandbox.from_recording(path, api_key="other")
        async with client_of(sandbox, "other") as client:
            call = await client.calls.get(SAMPLE_CALL_ID)
            assert call.assistant_name == line["body"]["results"]["assistant_name"]
            assert (await client.calls.get(EXAMPLE_CALL_ID)).assistant_name == "Appointment Setter"
            sandbox.fail_next(Fault(status=500))
            with pytest.raises(ServerError):
                await client.with_options(max_retries=0).calls.get(SAMPLE_CALL_ID)
            sandbox.add_call(sample_call())
            assert (await client.calls.get(SAMPLE_CALL_ID)).assistant_name == "Riverbend Dental Reception"

    @pytest.mark.parametrize(
        "line",
        [b"{}", b"[]", b'{"puretalk_response":2,"method":"GET","status":200}', b'{"puretalk_response":1}',
         b'{"puretalk_response":1,"method":"GET","status":99}',
         b'{"puretalk_response":1,"method":"GET","status":200,"base64":"!"}',
         b'{"puretalk_response":1,"method":"GET","status":200,"body":{}',
         b'{"puretalk_response":' + b"[" * 100_000, b"\xff",
         b'{"puretalk_response":1,"method":"GET","status":200,"text":"\\ud800"}'],
    )  # fmt: skip
    def test_other_files(self, line: bytes, tmp_path: Path) -> None:
        """They are refused, with the line."""
        path = tmp_path / "calls.jsonl"
        path.write_bytes(b"\n" + line + b"\n")
        with pytest.raises(RecorderError, match="line 2: not a recorded response"):
            Sandbox.from_recording(path)

    def test_no_file(self, tmp_path: Path) -> None:
        """It is the error of the operating system; an empty file is an empty recording."""
        with pytest.raises(FileNotFoundError):
            Sandbox.from_recording(tmp_path / "no.jsonl")
        (tmp_path / "empty.jsonl").touch()
        Sandbox.from_recording(tmp_path / "empty.jsonl")


class TestDrift:
    async def test_same_report(self, tmp_path: Path) -> None:
        """The command reads the file, finds the same drifts as in the bodies, and passes over failures."""
        drifting = sample_call(call_id="d", status="voicemail", queue={"a": 1}, call_duration_seconds="318")
        del drifting["transcript_object"][0]["content"]
        sandbox = Sandbox()
        sandbox.add_call(drifting)
        sandbox.fail_next(Fault(status=503, headers=NOW))
        bodies = [
            await fetch(Sandbox(), EXAMPLE_CALL_ID),
            msgspec.json.encode({"msg": "Success", "err": False, "results": drifting}),
        ]
        expected = drift_report(bodies)
        assert expected.drifts
        for scrub in (False, True):
            path = tmp_path / f"{scrub}.jsonl"
            await record(path, sandbox, EXAMPLE_CALL_ID, "d", "none", scrub=scrub)
            report = compare_files([str(path)])
            assert (report.drifts, report.responses, report.unreadable) == (expected.drifts, 2, ())
            assert drift_report(path.read_text().splitlines()) == report

    def test_other_lines(self, tmp_path: Path) -> None:
        """Other operations do not count, and what cannot be read is named."""
        path = tmp_path / "calls.jsonl"
        path.write_text(
            '{"puretalk_response":1,"method":"GET","path_template":"/x","status":200,"body":{"a":1}}\n'
            f'{{"puretalk_response":1,"method":"GET","path_template":"{TEMPLATE}","status":200,"text":"Mara"}}\n'
            f'{{"puretalk_response":1,"method":"GET","path_template":"{TEMPLATE}","status":200}}\n'
            '{"puretalk_response":1,"method":7}\n'
        )
        report = compare_files([str(path)])
        assert (report.responses, report.drifts) == (0, ())
        assert [text.partition(", ")[2] for text in report.unreadable] == [
            "line 2: not JSON", "line 3: empty", "line 4: not a recorded response",
        ]  # fmt: skip


def test_asyncio_is_not_needed_to_read(tmp_path: Path) -> None:
    """``from_recording`` works where no event loop runs, and serves several threads."""
    path = tmp_path / "calls.jsonl"
    asyncio.run(record(path, Sandbox(), SAMPLE_CALL_ID, scrub=Scrubber(ids="keep")))
    with running_server(Sandbox.from_recording(path)) as url:
        response = httpx.get(f"{url}/calls/{SAMPLE_CALL_ID}", headers=KEY)
    assert response.json()["results"]["call_id"] == SAMPLE_CALL_ID
