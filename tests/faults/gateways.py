"""nginx and HAProxy in front of a server that is killed and started again.

Debian's packages are used as they are (``apt-get install nginx haproxy``). Each gateway is a child process with a
configuration in a temporary folder, listens on 127.0.0.1, and ends with this process.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from tests.support.process import EXIT_SECONDS, ROOT

from puretalk_client import Call, PuretalkError

from .harness import result_of
from .leaks import CONCURRENT, TIMEOUT, Tally, count_descriptors, resident_bytes, settle
from .transports import TRANSPORTS

NGINX = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/log;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {folder}/client;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  keepalive_requests 100;
  upstream behind {{ server 127.0.0.1:{upstream} max_fails=0; keepalive 16; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://behind; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }}
}}
"""
HAPROXY = """
global
  maxconn 1024
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend front
  bind 127.0.0.1:{port}
  default_backend behind
backend behind
  server upstream 127.0.0.1:{upstream}
"""
GATEWAYS = {"nginx": (NGINX, ("-c",)), "haproxy": (HAPROXY, ("-db", "-f"))}
"""Configurations, and the arguments before their path. Both gateways have their defaults apart from these."""

UNTIL_INPUT_ENDS = '"$@" </dev/null & read -r _; kill "$!"; wait "$!"'
"""A shell script that runs a program which does not end with its parent by itself."""

MAX_PATIENCE = 60.0
CONNECTIONS = 32
"""Half as many as requests at a time. With more, httpcore 1.0.9 takes most of the time to look for an idle one."""
PAUSE = 0.5
"""Seconds after a failure before the next request: gateways refuse thousands a second while the server is gone."""
RECOVERED = 100
"""Requests after the last restart, all of which have to succeed."""


def program(name: str) -> str | None:
    """Return the path of a gateway; Debian keeps them outside of the PATH of users."""
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"]))


class Upstream:
    """The server behind the gateway.

    Attributes:
        port: Its port, also after it was restarted.
    """

    def __init__(self) -> None:
        self._process, self.port = _start_upstream(0)

    def kill(self) -> None:
        """End it without a goodbye: the kernel resets what was not sent or read."""
        self._process.kill()
        self._process.communicate()

    def start(self) -> None:
        """Start it again; its port is free, or soon will be."""
        self._process, _ = _start_upstream(self.port)


def _start_upstream(port: int) -> tuple[subprocess.Popen[str], int]:
    command = [sys.executable, "-m", "tests.faults.upstream", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port


@contextlib.contextmanager
def listening(command: list[str], port: int, log: Path) -> Iterator[None]:
    """Run a program for the length of a ``with`` block, which begins when it listens; ``log`` has what it prints."""
    with (
        log.open("wb") as output,
        subprocess.Popen(
            ["sh", "-c", UNTIL_INPUT_ENDS, "sh", *command], stdin=subprocess.PIPE, stdout=output, stderr=output
        ) as process,
    ):
        try:
            wait_for(port, process, log)
            yield
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(EXIT_SECONDS)


@contextlib.contextmanager
def gateway(name: str, upstream: int) -> Iterator[int]:
    """Run a gateway for the length of a ``with`` block; return its port."""
    configuration, arguments = GATEWAYS[name]
    executable, port = program(name), free_port()
    assert executable is not None
    with tempfile.TemporaryDirectory() as folder:
        path, log = Path(folder, "configuration"), Path(folder, "log")
        path.write_text(configuration.format(folder=folder, port=port, upstream=upstream))
        with listening([executable, *arguments, str(path)], port, log):
            yield port


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a program listens; ``log`` says why where it does not."""
    end = time.monotonic() + MAX_PATIENCE
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=MAX_PATIENCE).close()
            return
        time.sleep(0.01)
    raise AssertionError(f"the gateway does not listen: {log.read_text(errors='replace')}")


async def fetch_through(name: str, transport: str, *, fetches: int, restarts: int) -> Tally:
    """Fetch calls through a gateway, ``CONCURRENT`` at a time, while the server behind it is restarted.

    Every call has to be the one that was fetched, every failure one that may be transient; when the server is back,
    every request has to succeed; and nothing may be left behind.
    """
    tally, numbers = Tally(), iter(range(fetches))
    milestones = {fetches * number // (restarts + 1): asyncio.Event() for number in range(1, restarts + 1)}
    baseline = count_descriptors()
    upstream = Upstream()
    try:
        with gateway(name, upstream.port) as port:
            held = count_descriptors()
            url = f"http://127.0.0.1:{port}/api"
            async with TRANSPORTS[transport](base_url=url, max_connections=CONNECTIONS) as client:

                async def fetch() -> bool:
                    call_id = uuid.uuid4().hex
                    result = await result_of(client.calls.get(call_id, timeout=TIMEOUT))
                    kind = type(result).__name__
                    tally.results[kind] += 1
                    is_right = isinstance(result, Call) and result.call_id == call_id
                    if not is_right and not (isinstance(result, PuretalkError) and result.retryable):
                        tally.problems.append(f"{kind}: {result if isinstance(result, Exception) else 'another call'}")
                    return is_right

                async def worker() -> None:
                    for number in numbers:
                        if number == fetches // 2:
                            tally.resident.append(resident_bytes())
                        if number in milestones:
                            milestones[number].set()
                        if not await fetch():
                            await asyncio.sleep(PAUSE)

                async def restart() -> None:
                    for milestone in milestones.values():
                        await milestone.wait()
                        await asyncio.to_thread(upstream.kill)
                        await asyncio.to_thread(upstream.start)

                tally.resident.append(resident_bytes())
                async with asyncio.TaskGroup() as group:
                    group.create_task(restart())
                    for _ in range(CONCURRENT):
                        group.create_task(worker())
                failures = tally.results.total() - tally.results["Call"]
                for _ in range(RECOVERED):
                    await fetch()
                if tally.results.total() - tally.results["Call"] > failures:
                    tally.problems.append("requests fail though the server is back")
                tally.resident.append(resident_bytes())
            left = await settle(held) - held
            if left > 0:
                tally.problems.append(f"{left} descriptors left open")
    finally:
        upstream.kill()
    if count_descriptors() > baseline:
        tally.problems.append("descriptors of the gateway left open")
    return tally
