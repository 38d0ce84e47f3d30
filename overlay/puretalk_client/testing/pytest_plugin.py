"""The pytest plugin: fixtures for tests of code that uses Puretalk.

pytest loads it by the name ``puretalk_client`` wherever the package is installed, so it imports nothing else until a
test uses a fixture. The fixtures need the extra ``testing``, and pytest 8 or later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from puretalk_client import AsyncPuretalk

    from . import Sandbox, VirtualClock

_HINT = "puretalk_client.testing needs starlette and uvicorn: install puretalk-client with the extra 'testing'"
_CHECKS: pytest.StashKey[list[Callable[[], None]]] = pytest.StashKey()
"""What must hold at the end of a test. Each check raises an AssertionError where it does not."""
_HAS_PASSED: pytest.StashKey[bool] = pytest.StashKey()


@pytest.fixture
def puretalk_sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """A fresh ``Sandbox`` of the Puretalk API, an ASGI app that is not connected to anything.

    The test fails if no request used a fault of ``fail_next``, or if the sandbox received an unexpected request: to a
    path or with a method that the API does not have, or for a call that was never added. In a test of a missing call,
    script a 404.
    """
    _skip_without_extra()
    from . import Sandbox

    sandbox = Sandbox()
    _check_at_end(request, sandbox.verify)
    return sandbox


@pytest.fixture
def puretalk_server(puretalk_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """``puretalk_sandbox`` on a loopback socket, with its address and key in the environment.

    ``PURETALK_BASE_URL`` and ``PURETALK_API_KEY`` are set, so that the code under test needs no change: its
    ``AsyncPuretalk()`` reads them, whatever its transport. ``puretalk_server.base_url`` is the address.
    """
    from . import running_server

    with running_server(puretalk_sandbox) as base_url:
        puretalk_sandbox.base_url = base_url
        monkeypatch.setenv("PURETALK_BASE_URL", base_url)
        monkeypatch.setenv("PURETALK_API_KEY", puretalk_sandbox.api_key)
        yield puretalk_sandbox


@pytest.fixture
def puretalk_client(puretalk_sandbox: Sandbox) -> Iterator[AsyncPuretalk]:
    """An ``AsyncPuretalk`` whose requests go to ``puretalk_sandbox`` in process, without a socket.

    It is not an async fixture, and works with pytest-asyncio, anyio and ``asyncio.run``. It is closed after the test.
    """
    from . import in_process_client

    client = in_process_client(puretalk_sandbox)
    yield client
    # It has no connections, so that closing it waits for nothing and needs no event loop.
    with pytest.raises(StopIteration):
        client.aclose().send(None)


@pytest.fixture
def puretalk_virtual_time(request: pytest.FixtureRequest) -> Iterator[VirtualClock]:
    """Virtual time: in event loops that begin during the test, sleeps, timeouts and polling take no real time.

    The fixture returns their ``VirtualClock``. It works with ``asyncio.run``, anyio and pytest-asyncio if each test has
    an event loop of its own. Name it before async fixtures. If no event loop begins in virtual time, for example
    because the loop has the scope of the module, the test fails. Virtual time refuses sockets: use it with
    ``puretalk_client``, not with ``puretalk_server``.
    """
    _skip_without_extra()
    from . import virtual_time

    block = virtual_time()
    with block as clock:
        entered = block._entered[-1]

        def check() -> None:
            if not entered.has_loop:
                raise AssertionError(
                    "No event loop began in virtual time: name puretalk_virtual_time before async fixtures, and run "
                    "the test in an asyncio event loop of its own"
                )

        _check_at_end(request, check)
        yield clock
        entered.has_loop = True  # the test has failed already, which says more than a warning


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail the test itself rather than its teardown."""
    checks = item.stash.get(_CHECKS, [])
    try:
        result = yield
        item.stash[_HAS_PASSED] = True
        for check in checks:
            _run(check)
    except BaseException as error:
        item.stash[_HAS_PASSED] = False
        if not isinstance(error, pytest.fail.Exception):
            _add_section(item, checks)
        raise
    return result


def _skip_without_extra() -> None:
    for module in ("starlette", "uvicorn"):
        pytest.importorskip(module, reason=_HINT)


def _check_at_end(request: pytest.FixtureRequest, check: Callable[[], None]) -> None:
    """Run a check after the test, and again after the fixtures that depend on this one, if the test passed."""
    item: pytest.Item = request.node
    item.stash[_HAS_PASSED] = False
    checks = item.stash.setdefault(_CHECKS, [])
    checks.append(check)

    def run_again() -> None:
        checks.remove(check)
        if item.stash[_HAS_PASSED]:
            _run(check)

    request.addfinalizer(run_again)


def _run(check: Callable[[], None]) -> None:
    message = _message(check)
    if message is not None:
        pytest.fail(message, pytrace=False)


def _add_section(item: pytest.Item, checks: list[Callable[[], None]]) -> None:
    """Add to the report of a failure what else is wrong, which may be its cause."""
    for check in checks:
        message = _message(check)
        if message is not None:
            item.add_report_section("call", "puretalk", message)


def _message(check: Callable[[], None]) -> str | None:
    try:
        check()
    except AssertionError as error:
        return str(error)
    return None
