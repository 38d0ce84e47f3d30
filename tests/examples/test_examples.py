"""The examples run, each against a sandbox on a loopback socket, over its own HTTP library."""

from __future__ import annotations

import asyncio
import importlib.util
import io
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import httpx
import nbclient
import nbformat
import pytest
from aiohttp.test_utils import TestClient, TestServer
from fastapi import FastAPI

from puretalk_client import AsyncPuretalk
from puretalk_client.testing import SAMPLE_CALL_ID, Fault, Sandbox, running_server, sample_call, virtual_time

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def example(name: str) -> ModuleType:
    """Import an example."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # FastAPI looks annotations up there
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """Point the environment to a sandbox."""
    sandbox = Sandbox()
    with running_server(sandbox) as base_url:
        monkeypatch.setenv("PURETALK_BASE_URL", base_url)
        monkeypatch.setenv("PURETALK_API_KEY", sandbox.api_key)
        yield sandbox


def test_every_example_is_listed() -> None:
    """With a line in README.md of the folder."""
    listed = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    files = {path.name for path in EXAMPLES.iterdir() if path.suffix in (".py", ".ipynb")}
    assert {name for name in files if f"({name})" not in listed} == set()


async def test_fastapi_service(sandbox: Sandbox) -> None:
    """It responds with the call as the API writes it, and with statuses of its own for errors."""
    app: FastAPI = example("fastapi_service").app
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://a.test")
    async with app.router.lifespan_context(app), http:
        response = await http.get(f"/calls/{SAMPLE_CALL_ID}")
        assert (response.status_code, response.json()["call_id"]) == (200, SAMPLE_CALL_ID)
        assert response.json()["call_analysis"]["post_analysis_data"]
        assert (await http.get("/calls/unknown")).status_code == 404
        assert (await http.get(f"/calls/{'x' * 300}")).status_code == 404
        sandbox.fail_next(Fault(status=401, body={"err": True, "msg": "words of the vendor"}))
        response = await http.get(f"/calls/{SAMPLE_CALL_ID}")
        assert response.status_code == 502
        assert "words of the vendor" not in response.text
        sandbox.fail_next(Fault(status=429, headers={"Retry-After": "500"}))
        response = await http.get(f"/calls/{SAMPLE_CALL_ID}")
        assert (response.status_code, response.headers["Retry-After"]) == (503, "500")
        document = (await http.get("/openapi.json")).json()
        responses = document["paths"]["/calls/{call_id}"]["get"]["responses"]
        assert "call_id" in json.dumps([responses["200"], document["components"]])


async def test_aiohttp_service(sandbox: Sandbox) -> None:
    """Likewise."""
    async with TestClient(TestServer(example("aiohttp_service").make_app())) as http:
        response = await http.get(f"/calls/{SAMPLE_CALL_ID}")
        assert (response.status, (await response.json())["call_id"]) == (200, SAMPLE_CALL_ID)
        assert (await http.get("/calls/unknown")).status == 404
        sandbox.fail_next(Fault(status=401))
        assert (await http.get(f"/calls/{SAMPLE_CALL_ID}")).status == 502


@virtual_time()
async def test_wait_worker_reports_calls_as_they_end() -> None:
    """Ids that come while it works are taken up, and each call is reported once, in the order in which they end."""
    module, sandbox = example("wait_worker"), Sandbox()
    long = sandbox.add_lifecycle(sample_call(call_id="long"), {0: "queued", 5: "in progress", 600: "completed"})
    reported: list[dict[str, Any]] = []

    async def ids() -> AsyncIterator[str]:
        yield long
        yield "unknown"
        await asyncio.sleep(30)
        yield SAMPLE_CALL_ID

    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(app=sandbox)) as http,
        AsyncPuretalk(sandbox.api_key, base_url=sandbox.base_url, http_client=http) as client,
    ):
        await module.work(client, ids(), reported.append)
    assert [outcome["call_id"] for outcome in reported] == ["unknown", SAMPLE_CALL_ID, "long"]
    assert reported[0] == {"call_id": "unknown", "error": "NotFoundError"}
    assert reported[2]["status"] == "completed"


async def test_wait_worker_reads_a_pipe(sandbox: Sandbox) -> None:
    """As a command: it ends when its input ends, and prints lines of JSON."""
    command = [sys.executable, str(EXAMPLES / "wait_worker.py")]
    done = await asyncio.to_thread(
        subprocess.run, command, input=f"{SAMPLE_CALL_ID}\n\n", capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == {"call_id": SAMPLE_CALL_ID, "status": "completed", "booked": True}


async def test_wait_worker_reads_without_blocking() -> None:
    """Blank lines are left out."""
    module = example("wait_worker")
    assert [each async for each in module.ids_from(io.StringIO("a\n\n b \n"))] == ["a", "b"]


async def test_nightly_export(sandbox: Sandbox, tmp_path: Path) -> None:
    """A second run fetches what failed, and stores nothing twice; nothing that was said is in the files."""
    module = example("nightly_export")
    ids, folder = tmp_path / "ids.txt", tmp_path / "night"
    ids.write_text(f"{SAMPLE_CALL_ID}\nlater\n", encoding="utf-8")
    first = await module.export_night(str(ids), str(folder))
    assert (first.rows, first.failed) == (1, 1)
    sandbox.add_call(sample_call(call_id="later"))
    second = await module.export_night(str(ids), str(folder))
    assert (second.rows, second.failed) == (2, 0)
    query = f"SELECT count(*), count(DISTINCT call_id), count(transcript) FROM '{folder}/*.parquet'"
    assert duckdb.execute(query).fetchall() == [(2, 2, 0)]


def test_notebook(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every cell runs in a kernel; only the page shows what was said. The committed file has no outputs."""
    notebook = nbformat.read(EXAMPLES / "calls.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    assert not any(cell.get("outputs") for cell in notebook.cells)
    sandbox.add_call(sample_call(call_id="5d1c2c0e-7a54-4c39-9a57-0e5b7f2c6d31"))
    nbclient.NotebookClient(notebook, timeout=None, kernel_name="python3").execute()
    shown = [output["data"] for cell in notebook.cells for output in cell.get("outputs", ()) if "data" in output]
    fact, page, frame = shown
    assert fact.keys() == {"text/plain"}
    assert "Transcript (" in page["text/html"]
    assert "RenderedCall" in page["text/plain"]
    assert "mean" in frame["text/html"]
