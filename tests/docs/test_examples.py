"""Every example in the documentation and in docstrings runs, against the sandbox on a loopback socket."""

from __future__ import annotations

import ast
import asyncio
import functools
import inspect
import logging
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any

import httpx
import pytest
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from tests.docs import shell
from tests.docs.markdown import PAGES, Block, blocks, docstring_blocks
from tests.support.telemetry import reset_providers

import puretalk_client
from puretalk_client import AsyncPuretalk
from puretalk_client.testing import SAMPLE_CALL_ID, Sandbox, example_call, running_server, sample_call, virtual_time

EXAMPLES = [block for block in blocks("python") if block.reason is None]
DOCSTRINGS = list(docstring_blocks())
CONSOLE = [block for block in blocks("console") if shell.reason_not_to_run(block) is None]


def with_recordings(sandbox: Sandbox) -> ASGIApp:
    """Add a recording to a sandbox."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        is_recording = scope["path"] == "/recording.wav"
        await (Response(b"RIFF", media_type="audio/wav") if is_recording else sandbox)(scope, receive, send)

    return app


@pytest.fixture
def _sandbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Point the environment to a sandbox, and run in an empty folder."""
    sandbox = Sandbox()
    monkeypatch.chdir(tmp_path)
    reset_providers(monkeypatch)  # an example may set them
    shell.prepare(tmp_path)
    with running_server(with_recordings(sandbox)) as base_url:
        recording = {"call_recording_url": base_url.removesuffix("/api") + "/recording.wav"}
        sandbox.add_call(sample_call() | recording)
        sandbox.add_call(example_call() | recording)
        monkeypatch.setenv("PURETALK_BASE_URL", base_url)
        monkeypatch.setenv("PURETALK_API_KEY", sandbox.api_key)
        yield


def run_with_pytest(example: Block) -> None:
    """Run the tests of an example that use fixtures, in a pytest process of their own."""
    Path("test_example.py").write_text(example.text, encoding="utf-8")
    plugins = ("puretalk_client.testing.pytest_plugin", "anyio")
    options = [option for plugin in plugins for option in ("-p", plugin)]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PURETALK_", "PYTEST_"))
    } | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-W", "error", *options, "test_example.py"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f" {len(re.findall('def test_', example.text))} passed" in done.stdout


@pytest.fixture
def _logging() -> Iterator[None]:
    """Undo what an example changes in the settings of logging."""
    loggers = (logging.getLogger(), logging.getLogger("puretalk_client"))
    before = [(logger, logger.level, logger.handlers[:]) for logger in loggers]
    yield
    for logger, level, handlers in before:
        logger.setLevel(level)
        logger.handlers[:] = handlers


def run(example: Block) -> None:
    """Run an example and the tests that it defines. A fragment has ``AsyncPuretalk``, ``client`` and ``call``."""
    if re.search(r"def test_\w+\([^)]*puretalk_", example.text):
        run_with_pytest(example)
        return
    source = "\n" * (example.line - 1) + example.text
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    code: CodeType = compile(source, example.page, "exec", flags=flags, dont_inherit=True)
    names: dict[str, Any] = {"__name__": "example"}
    if example.page.endswith(".py"):  # a docstring need not repeat the imports of its own package
        names |= {name: getattr(puretalk_client, name) for name in dir(puretalk_client) if name[:1].isupper()}
    if "asyncio.run(" in example.text or "def test_" in example.text:
        exec(code, names)
        for name, value in list(names.items()):
            if name.startswith("test_"):
                value()
    else:
        asyncio.run(run_fragment(code, names))


async def run_fragment(code: CodeType, names: dict[str, Any]) -> None:
    """Run code that can await and use a client."""
    async with AsyncPuretalk() as client:
        call = await client.calls.get(SAMPLE_CALL_ID)
        names |= {"AsyncPuretalk": AsyncPuretalk, "client": client, "call": call}
        result = eval(code, names)
        if code.co_flags & inspect.CO_COROUTINE:
            await result


@pytest.mark.usefixtures("_sandbox", "_logging")
@pytest.mark.parametrize("example", [*EXAMPLES, *DOCSTRINGS], ids=str)
def test_example_runs(example: Block) -> None:
    """The example raises no error."""
    run(example)


@pytest.mark.usefixtures("_sandbox")
@pytest.mark.parametrize("example", CONSOLE, ids=str)
def test_console_example_runs(example: Block, tmp_path: Path) -> None:
    """Every command of the block succeeds."""
    shell.run(example, tmp_path)


def test_no_example_is_overlooked() -> None:
    """Every fence that begins a Python or console block is an example, or says why it is not."""
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    # tests/engines runs these.
    assert {block.page for block in blocks("py")} == {"docs/how-to/engines.md"}
    for language, run in (("python", EXAMPLES), ("console", CONSOLE)):
        found = list(blocks(language))
        assert len(found) == text.count(f"```{language}\n")
        assert {block for block in found if block not in run} == {
            block for block in found if block.reason or (language == "console" and shell.reason_not_to_run(block))
        }
    assert len(EXAMPLES) > 60
    assert len(CONSOLE) > 10
    assert len(DOCSTRINGS) >= 3


def test_a_command_that_cannot_run_stands_alone() -> None:
    """A block has no commands that are left out beside some that run, ``pip install`` excepted."""
    for block in CONSOLE:
        others = [line for line in shell.commands(block) if not line.startswith("pip install")]
        assert all(line.startswith(("puretalk ", "python ")) for line in others), block


@virtual_time()
async def test_nightly_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """The example of at most twelve lines counts 5,000 calls at 50 per second, and survives an outage of minutes."""
    (example,) = (example for example in EXAMPLES if "def report" in example.text)
    assert len(example.text.splitlines()) <= 12
    names: dict[str, Any] = {}
    sandbox, loop = Sandbox(), asyncio.get_running_loop()
    call_ids = [sandbox.add_call(sample_call(call_id=str(number))) for number in range(4990)]
    arrivals: list[float] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        arrivals.append(loop.time())
        is_down = 30 <= loop.time() < 210
        await (Response(status_code=503) if is_down else sandbox)(scope, receive, send)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as http:
        client = functools.partial(AsyncPuretalk, sandbox.api_key, base_url=sandbox.base_url, http_client=http)
        monkeypatch.setattr(puretalk_client, "AsyncPuretalk", client)
        exec(compile(example.text, example.page, "exec", dont_inherit=True), names)
        start = loop.time()
        found = await names["report"]([*call_ids, *(f"no-{number}" for number in range(10))])
    assert found == {"completed": 4990, "NotFoundError": 10}
    assert loop.time() - start == pytest.approx(5000 / 50 + 180, abs=60)
    assert max(Counter(map(int, arrivals)).values()) <= 51


@pytest.mark.usefixtures("_sandbox")
@pytest.mark.parametrize(
    "text",
    [
        "1 / 0",
        "await client.calls.get('x')",
        "import asyncio\ndef test_it():\n    asyncio.run(1 / 0)",
        "def test_it(puretalk_client):\n    1 / 0",
    ],
)
def test_a_wrong_example_fails(text: str) -> None:
    """Control: an error in a statement, in a request or in a test of an example is raised."""
    with pytest.raises(Exception, match=r"division|Call not found"):
        run(Block("page.md", 1, text))


@pytest.mark.usefixtures("_sandbox")
@pytest.mark.parametrize(
    "text", ["puretalk get no-such-call", "puretalk nothing\npuretalk --version", "puretalk get --raw - < no"]
)
def test_a_wrong_command_fails(text: str, tmp_path: Path) -> None:
    """Control: a command that fails is an error, also before one that succeeds."""
    with pytest.raises(RuntimeError, match=r"page\.md:1: exit code"):
        shell.run(Block("page.md", 1, text), tmp_path)
