"""Calls and recordings where the environment names a proxy: Squid from Debian (``apt-get install squid``)."""

from __future__ import annotations

import contextlib
import io
import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.faults.gateways import free_port, listening, program
from tests.support.canary import API_KEY
from tests.support.eventually import eventually
from tests.support.process import scripted_server
from tests.support.scripted_server import CERTIFICATE

from puretalk_client import APIConnectionError, AsyncPuretalk, Call

CONFIGURATION = """
http_port 127.0.0.1:{port}
http_access allow all
cache deny all
pid_filename none
access_log stdio:{folder}/access.log
cache_log {folder}/cache.log
coredump_dir {folder}
shutdown_lifetime 0 seconds
pinger_enable off
"""


@contextlib.contextmanager
def squid() -> Iterator[tuple[int, Path]]:
    """Run Squid for the length of a ``with`` block; return its port, and the log of the requests that it saw."""
    executable, port = program("squid"), free_port()
    if executable is None:
        pytest.skip("squid is not installed")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)  # it runs as another user where it is started as root
        path, log = Path(folder, "squid.conf"), Path(folder, "output")
        path.write_text(CONFIGURATION.format(folder=folder, port=port))
        with listening([executable, "-N", "-f", str(path)], port, log):
            yield port, Path(folder, "access.log")


@pytest.mark.parametrize("transport", ["httpx", "aiohttp"])
async def test_calls_pass_the_proxy_and_the_key_does_not_show(transport: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy sees the name of the host and nothing else: TLS begins behind it."""
    trusted = ssl.create_default_context(cafile=str(CERTIFICATE))
    trusted.check_hostname = False
    with squid() as (port, log), scripted_server("tests.faults.scripts") as server:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        url = f"https://localhost:{server.ports['tls']}/good"
        async with AsyncPuretalk(API_KEY, base_url=url, transport=transport, verify=trusted) as client:  # type: ignore[arg-type]
            call = await client.calls.get("good--1")
            assert isinstance(call, Call)
            # Nobody listens where the recording is; and Squid is not asked, as the message says.
            absent = Call(call_id="1", call_recording_url=f"https://localhost:{free_port()}/a.mp3")
            with pytest.raises(APIConnectionError, match="not through the proxy"):
                await client.calls.download_recording(absent, io.BytesIO())
        await eventually(lambda: "CONNECT" in log.read_text())  # it is logged when the tunnel ends
        seen = log.read_text()
    assert seen.count("CONNECT") == 1
    assert f"localhost:{server.ports['tls']}" in seen
    assert API_KEY not in seen
    assert "good--1" not in seen
