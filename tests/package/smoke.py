"""Use the installed package as a program does that depends on it: nothing here is in the repository's environment.

``make test-wheel`` runs this with only the wheel and what its metadata requires, in isolated mode.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import subprocess
import sys
import sysconfig
from importlib.metadata import distribution, requires
from pathlib import Path

import httpx

import puretalk_client
import puretalk_generated
from puretalk_client import AsyncPuretalk, Call, CallStatus, NotFoundError

SITE = Path(sysconfig.get_path("purelib")).resolve()
CALL = {"call_id": "1", "status": "completed", "call_duration_seconds": 61}


def respond(request: httpx.Request) -> httpx.Response:
    """Serve one call."""
    if request.headers["X-API-KEY"] != "key" or not request.url.path.endswith("/calls/1"):
        return httpx.Response(404, json={"err": True, "msg": "no such call"})
    return httpx.Response(200, json={"err": False, "msg": "", "results": CALL})


async def fetch() -> Call:
    """Fetch a call that exists and one that does not."""
    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(respond)) as http,
        AsyncPuretalk("key", base_url="https://api.test", http_client=http) as client,
    ):
        try:
            await client.calls.get("2")
        except NotFoundError as error:
            assert error.msg == "no such call", error
        else:
            raise AssertionError("a missing call raises nothing")
        return await client.calls.get("1")


def without_extra(module: str, name: str, extra: str) -> None:
    """Check that what needs an extra says which."""
    try:
        getattr(importlib.import_module(module), name)
    except ImportError as error:
        assert f"install puretalk-client with the extra '{extra}'" in str(error), error
    else:
        raise AssertionError(f"{module}.{name} needs no extra")


def main() -> None:
    """Check what a fresh environment shows."""
    for package in (puretalk_client, puretalk_generated):
        assert package.__file__ is not None
        folder = Path(package.__file__).resolve().parent
        assert folder.parent == SITE, folder
        assert (folder / "py.typed").is_file(), folder
    installed = distribution("puretalk-client")
    assert installed.version == puretalk_client.__version__
    sboms = [file for file in installed.files or () if ".dist-info/sboms/" in file.as_posix()]
    assert [json.loads(file.read_text())["bomFormat"] for file in sboms] == ["CycloneDX"]

    call = asyncio.run(fetch())
    assert (call.status, call.call_duration_seconds) == (CallStatus.COMPLETED, 61)
    without_extra("puretalk_client.testing", "Sandbox", "testing")
    without_extra("puretalk_client.export", "to_batches", "arrow")

    command = [str(Path(sys.executable).with_name("puretalk")), "--help"]
    assert "puretalk get" in subprocess.run(command, capture_output=True, text=True, check=True).stdout
    names = [name for name in requires("puretalk-client") or () if "extra ==" not in name]
    print(f"puretalk-client {installed.version} works with {', '.join(names)} and nothing else")


if __name__ == "__main__":
    main()
