"""The pytest plugin, over test files of its users, each in a pytest process of its own."""

from __future__ import annotations

import importlib
import subprocess
import sys
import tomllib

import pytest
from tests.support.process import ROOT

pytest_plugins = ["pytester"]

CODE = """\
import asyncio
import pytest
from puretalk_client import AsyncPuretalk, NotFoundError
from puretalk_client.testing import SAMPLE_CALL_ID, Fault

async def status_of(call_id=SAMPLE_CALL_ID, transport=None):
    async with AsyncPuretalk(transport=transport) as client:
        return (await client.calls.get(call_id)).status
"""
PYTEST_ASYNCIO = ("-p", "pytest_asyncio.plugin", "-o", "asyncio_default_fixture_loop_scope=function")
NO_LOOP = "*No event loop began in virtual time*"


@pytest.fixture(autouse=True)
def _installed(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install the entry points of pyproject.toml beside the package, and load no plugin that a test does not name."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
    folder = pytester.mkdir("site") / "puretalk_client-0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: puretalk-client\nVersion: 0\n", encoding="utf-8")
    (folder / "entry_points.txt").write_text(
        "".join(
            f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
            for group, entries in groups.items()
        ),
        encoding="utf-8",
    )
    monkeypatch.setenv("PYTHONPATH", ":".join([str(folder.parent), *filter(None, sys.path)]))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def run(pytester: pytest.Pytester, tests: str, *arguments: str) -> pytest.RunResult:
    """Run the tests of a user, with warnings as errors."""
    pytester.makepyfile(CODE + tests)
    return pytester.runpytest_subprocess("-p", "puretalk_client", "-W", "error", *arguments)


SYNC = """
def test_server(puretalk_server):
    assert asyncio.run(status_of()) == asyncio.run(status_of(transport="aiohttp")) == "completed"
    assert len(puretalk_server.requests) == 2
    assert puretalk_server.base_url.startswith("http://127.0.0.1:")

def test_client(puretalk_client, puretalk_sandbox):
    puretalk_sandbox.fail_next(Fault(status=404))
    with pytest.raises(NotFoundError):
        asyncio.run(puretalk_client.calls.get(SAMPLE_CALL_ID))
    assert asyncio.run(puretalk_client.calls.get(SAMPLE_CALL_ID)).status == "completed"

def test_server_and_client(puretalk_client, puretalk_server):
    assert asyncio.run(puretalk_client.calls.get(SAMPLE_CALL_ID)).status == asyncio.run(status_of())
    assert len(puretalk_server.requests) == 2

def test_environment_is_restored(monkeypatch):
    import os
    assert "PURETALK_BASE_URL" not in os.environ

def test_client_closed_by_the_test(puretalk_client):
    asyncio.run(puretalk_client.aclose())

def test_virtual_time(puretalk_client, puretalk_sandbox, puretalk_virtual_time):
    puretalk_sandbox.fail_next(Fault(delay=25))
    asyncio.run(puretalk_client.calls.get(SAMPLE_CALL_ID))
    assert 25 <= puretalk_virtual_time.elapsed < 26
"""


def async_tests(marker: str, fixture: str) -> str:
    """Write tests for a plugin that runs async tests and fixtures."""
    return f"""
@{fixture}
async def call(puretalk_client):
    return await puretalk_client.calls.get(SAMPLE_CALL_ID)

{marker}
async def test_client(puretalk_client, call):
    assert await puretalk_client.calls.get(SAMPLE_CALL_ID) == call

{marker}
async def test_server(puretalk_server):
    assert await status_of() == "completed"

{marker}
async def test_virtual_time(puretalk_virtual_time, puretalk_client, puretalk_sandbox, call):
    puretalk_sandbox.fail_next(Fault(delay=25))
    await puretalk_client.calls.get(SAMPLE_CALL_ID)
    assert 25 <= puretalk_virtual_time.elapsed < 26

{marker}
async def test_leftover(puretalk_sandbox):
    puretalk_sandbox.fail_next(Fault(status=503))

{marker}
async def test_next(call):
    assert call.status == "completed"
"""


def test_without_a_plugin_for_async_tests(pytester: pytest.Pytester) -> None:
    """Every fixture works with ``asyncio.run``, with both transports, and none leaves a warning behind."""
    run(pytester, SYNC).assert_outcomes(passed=6)


@pytest.mark.parametrize("mode", ["auto", "strict"])
def test_with_pytest_asyncio(pytester: pytest.Pytester, mode: str) -> None:
    """In both modes; only the test with a leftover fails."""
    is_auto = mode == "auto"
    fixture = "pytest.fixture" if is_auto else "__import__('pytest_asyncio').fixture"
    tests = async_tests("" if is_auto else "@pytest.mark.asyncio", fixture)
    result = run(pytester, tests, *PYTEST_ASYNCIO, "-o", f"asyncio_mode={mode}")
    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines(["FAILED *::test_leftover*"])


@pytest.mark.parametrize("mode", ["auto", "strict"])
def test_with_anyio(pytester: pytest.Pytester, mode: str) -> None:
    """In both modes; only the test with a leftover fails."""
    pytester.makeconftest("import pytest\n@pytest.fixture\ndef anyio_backend():\n    return 'asyncio'\n")
    tests = async_tests("" if mode == "auto" else "@pytest.mark.anyio", "pytest.fixture")
    result = run(pytester, tests, "-p", "anyio", "-o", f"anyio_mode={mode}")
    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines(["FAILED *::test_leftover*"])


def test_with_unittest(pytester: pytest.Pytester) -> None:
    """A fixture that a class uses works in its async tests."""
    tests = """
import unittest

@pytest.mark.usefixtures("puretalk_server")
class Test(unittest.IsolatedAsyncioTestCase):
    async def test_it(self):
        assert await status_of() == "completed"

    async def test_missing(self):
        with self.assertRaises(NotFoundError):
            await status_of("nobody")
"""
    run(pytester, tests).assert_outcomes(passed=1, failed=1)


def test_loop_in_real_time(pytester: pytest.Pytester) -> None:
    """A test in a loop that is older than the fixture fails, instead of waiting in real time."""
    tests = """
import pytest_asyncio

@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def early():
    pass

@pytest.mark.asyncio(loop_scope="module")
async def test_module(early, puretalk_virtual_time):
    pass

def test_no_loop(puretalk_virtual_time):
    pass

def test_own_failure(puretalk_virtual_time):
    assert False
"""
    result = run(pytester, tests, *PYTEST_ASYNCIO)
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines([NO_LOOP, NO_LOOP, "*    assert False", NO_LOOP])


LEFTOVERS = """
def fetch(client, call_id):
    with pytest.raises(NotFoundError):
        asyncio.run(client.calls.get(call_id))

def test_a_fault(puretalk_sandbox):
    puretalk_sandbox.fail_next(*[Fault(status=503)] * 7)

def test_b_next(puretalk_client):
    asyncio.run(puretalk_client.calls.get(SAMPLE_CALL_ID))

def test_c_unknown_call(puretalk_client):
    fetch(puretalk_client, "nobody")

def test_d_next(puretalk_client):
    asyncio.run(puretalk_client.calls.get(SAMPLE_CALL_ID))

def test_e_own_failure(puretalk_client):
    fetch(puretalk_client, "nobody")
    assert not "own"

@pytest.mark.xfail(strict=True)
def test_f_expected(puretalk_sandbox):
    puretalk_sandbox.fail_next(Fault(status=503))

def test_g_skipped(puretalk_sandbox):
    puretalk_sandbox.fail_next(Fault(status=503))
    pytest.skip("no need")

@pytest.fixture
def late(puretalk_client):
    yield
    fetch(puretalk_client, "late")

def test_h_fixture(late):
    pass

@pytest.fixture
def broken(puretalk_sandbox):
    puretalk_sandbox.fail_next(Fault(status=503))
    raise OSError("broken")

def test_i_never_ran(broken):
    pass

def test_j_outage(puretalk_sandbox):
    puretalk_sandbox.fail_for(60, Fault(status=503))

def test_k_other_paths(puretalk_server):
    import httpx
    headers = {"x-api-key": puretalk_server.api_key, "authorization": "Bearer " + puretalk_server.api_key}
    key = {"params": {"key": puretalk_server.api_key}, "headers": headers, "trust_env": False}
    httpx.post(puretalk_server.base_url + "/calls/1", **key)
    httpx.get(puretalk_server.base_url + "/agents", **key)
"""


def test_leftovers_fail_the_test_that_left_them(pytester: pytest.Pytester) -> None:
    """With what was left in the message; beside another failure they are a section, and they raise no second error."""
    result = run(pytester, LEFTOVERS, "-rA")
    result.assert_outcomes(passed=4, failed=4, xfailed=1, skipped=1, errors=2)
    failed = ("a_fault", "c_unknown_call", "e_own_failure", "k_other_paths")
    result.stdout.fnmatch_lines_random([f"FAILED *::test_{name} - *" for name in failed])
    result.stdout.fnmatch_lines_random(["ERROR *::test_h_fixture*", "ERROR *::test_i_never_ran - *"])
    result.stdout.fnmatch_lines_random(["*Captured puretalk call*", "*and 2 more", "*GET '/api/calls/nobody'*404*"])
    result.stdout.fnmatch_lines_random(["*POST '/api/calls/1', GET '/api/agents'*"])


def test_with_xdist(pytester: pytest.Pytester) -> None:
    """The same tests fail in other processes."""
    result = run(pytester, LEFTOVERS, "-p", "xdist", "-n", "2")
    result.assert_outcomes(passed=4, failed=4, xfailed=1, skipped=1, errors=2)


@pytest.mark.parametrize("missing", ["starlette", "uvicorn"])
def test_without_the_extra(pytester: pytest.Pytester, missing: str) -> None:
    """Every fixture skips with the hint; tests without fixtures run."""
    pytester.makeconftest(f"import sys\nsys.modules[{missing!r}] = None\n")
    names = ("sandbox", "server", "client", "virtual_time")
    tests = "".join(f"def test_{name}(puretalk_{name}): pass\n" for name in names) + "def test_other(): pass\n"
    pytester.makepyfile(tests)
    result = pytester.runpytest_subprocess("-p", "puretalk_client", "-rs")
    result.assert_outcomes(passed=1, skipped=4)
    result.stdout.fnmatch_lines(["SKIPPED *install puretalk-client with the extra 'testing'"])


def test_fixtures_are_documented(pytester: pytest.Pytester) -> None:
    """``pytest --fixtures`` lists them with their docstrings."""
    result = pytester.runpytest_subprocess("-p", "puretalk_client", "--fixtures")
    for name in ("sandbox", "server", "client", "virtual_time"):
        result.stdout.fnmatch_lines([f"puretalk_{name} -- *pytest_plugin.py:*", "    [A-Z`]*"])
    assert "no docstring" not in result.stdout.str()


def test_loads_by_itself_and_can_be_turned_off(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pytest finds the entry point; ``-p no:puretalk_client`` leaves it out."""
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    pytester.makepyfile("def test_it(puretalk_sandbox):\n    assert puretalk_sandbox.requests == []\n")
    others = ("-p", "no:schemathesis", "-p", "no:hypothesispytest")
    pytester.runpytest_subprocess(*others).assert_outcomes(passed=1)
    result = pytester.runpytest_subprocess(*others, "-p", "no:puretalk_client")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'puretalk_sandbox' not found"])


def test_loading_imports_nothing_but_pytest() -> None:
    """Not even the package's own models: every pytest process of a user pays for it."""
    source = """
import pytest, sys, typing, collections.abc
before = set(sys.modules)
import puretalk_client.testing.pytest_plugin
print(*sorted(set(sys.modules) - before))
"""
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    expected = ["puretalk_client", "puretalk_client._version", "puretalk_client.testing"]
    assert done.stdout.split() == [*expected, "puretalk_client.testing.pytest_plugin"]


def test_the_package_is_lazy() -> None:
    """It has the plugin and the public names, and raises AttributeError for others."""
    package = importlib.import_module("puretalk_client.testing")
    assert package.pytest_plugin.__name__ == "puretalk_client.testing.pytest_plugin"
    assert {"Sandbox", "make_call", "virtual_time"} <= set(dir(package))
    with pytest.raises(AttributeError, match="nothing"):
        _ = package.nothing
