"""The sandbox on a real socket: what it answers there, and what it leaves behind (nothing)."""

from __future__ import annotations

import asyncio
import http.client
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from urllib.parse import quote, urlsplit

import httpx
import pytest

from puretalk_client.testing import (
    EXAMPLE_CALL_ID,
    SAMPLE_CALL_ID,
    Fault,
    Sandbox,
    running_server,
    sample_call,
    serve,
)

KEY = {"X-API-KEY": "sandbox-key"}
PATIENCE = 30.0  # seconds; only a server that hangs needs them


async def until(condition: Callable[[], object]) -> None:
    """Let other tasks run until the condition holds."""
    while not condition():
        await asyncio.sleep(0)


def address(base_url: str) -> tuple[str, int]:
    """Host and port of a URL."""
    parts = urlsplit(base_url)
    assert parts.hostname is not None
    assert parts.port is not None
    return parts.hostname, parts.port


def fetch(
    base_url: str, path: str, method: str = "GET", body: bytes | None = None
) -> tuple[int, bytes, http.client.HTTPMessage]:
    """One request; the path is sent exactly as written."""
    connection = http.client.HTTPConnection(*address(base_url), timeout=PATIENCE)
    try:
        connection.request(method, path, body=body, headers=KEY)
        response = connection.getresponse()
        return response.status, response.read(), response.headers
    finally:
        connection.close()


def is_refused(base_url: str) -> bool:
    """Whether nobody listens there."""
    with socket.socket() as probe:
        probe.settimeout(PATIENCE)
        return probe.connect_ex(address(base_url)) != 0


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    """The sandbox behind ``base_url``."""
    return Sandbox()


@pytest.fixture(scope="module")
def base_url(sandbox: Sandbox) -> Iterator[str]:
    """A server that all tests of this module share."""
    with running_server(sandbox) as url:
        yield url


class TestAnswers:
    def test_base_url(self, base_url: str) -> None:
        """The base URL is plain http on loopback, a free port, and the spec's /api."""
        assert base_url == f"http://127.0.0.1:{address(base_url)[1]}/api"

    def test_same_bytes_as_in_process(self, sandbox: Sandbox, base_url: str) -> None:
        """Socket and process give the same status, body and Content-Type."""

        async def in_process(path: str) -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app=sandbox), headers=KEY) as client:
                return await client.get(f"https://sandbox.test{path}")

        for call_id in (EXAMPLE_CALL_ID, SAMPLE_CALL_ID, "unknown"):
            path = f"/api/calls/{call_id}"
            status, body, headers = fetch(base_url, path)
            response = asyncio.run(in_process(path))
            assert (status, body) == (response.status_code, response.content)
            assert headers["content-type"] == response.headers["content-type"]

    @pytest.mark.parametrize(
        "call_id",
        ["a/b", "..", ".", "%2F", "100%", "a b", "a?b#c", "日本語", "e\u0301", "\0", "a\r\nb", "x" * 256],
    )
    @pytest.mark.parametrize("dots", [".", "%2E"])
    def test_any_text_is_an_id(self, sandbox: Sandbox, base_url: str, call_id: str, dots: str) -> None:
        """Ids go round over a socket as in process; a bare dot segment is an id here as well."""
        sandbox.add_call({"call_id": call_id})
        status, _, _ = fetch(base_url, "/api/calls/" + quote(call_id, safe="").replace(".", dots))
        assert status == 200
        assert sandbox.requests[-1].call_id == call_id

    @pytest.mark.parametrize("status", [204, 304, 302, 429, 499, 503, 599])
    def test_faults(self, sandbox: Sandbox, base_url: str, status: int) -> None:
        """A scripted status and header arrive, on an answer that is whole."""
        sandbox.fail_next(Fault(status=status, headers={"Retry-After": "2"}))
        got, body, headers = fetch(base_url, f"/api/calls/{SAMPLE_CALL_ID}")
        assert (got, headers["retry-after"]) == (status, "2")
        assert (body == b"") == (status in (204, 304))
        assert fetch(base_url, f"/api/calls/{SAMPLE_CALL_ID}")[0] == 200

    @pytest.mark.parametrize(("method", "body"), [("HEAD", None), ("POST", b"x" * 100_000), ("DELETE", None)])
    def test_other_methods(self, base_url: str, method: str, body: bytes | None) -> None:
        """A method that the spec does not have is a 405, and its body disturbs nothing."""
        status, _, headers = fetch(base_url, f"/api/calls/{SAMPLE_CALL_ID}", method, body)
        assert (status, headers["allow"]) == (405, "GET")

    def test_scripted_while_it_runs(self, sandbox: Sandbox, base_url: str) -> None:
        """The test's thread adds calls to a server that is up."""
        call_id = sandbox.add_lifecycle(sample_call(call_id="while-it-runs"), ["queued", "completed"])
        for status in (b'"queued"', b'"completed"'):
            assert status in fetch(base_url, f"/api/calls/{call_id}")[1]

    def test_many_threads(self, sandbox: Sandbox, base_url: str) -> None:
        """Each scripted fault is met once, and no request is lost, with many fetches at once."""
        sandbox.fail_next(*[Fault(status=429)] * 20)
        statuses: list[int] = []
        threads = [
            threading.Thread(target=lambda: statuses.append(fetch(base_url, "/api/calls/unknown")[0]))
            for _ in range(50)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(statuses) == [404] * 30 + [429] * 20

    def test_concurrent_fetches(self) -> None:
        """A hundred fetches at once in one event loop all come whole."""
        sandbox = Sandbox()

        async def run() -> list[httpx.Response]:
            async with serve(sandbox) as url, httpx.AsyncClient(headers=KEY, trust_env=False) as client:
                return await asyncio.gather(
                    *(client.get(f"{url}/calls/{SAMPLE_CALL_ID}") for _ in range(100))
                )

        assert all(response.json()["results"] == sample_call() for response in asyncio.run(run()))
        assert len(sandbox.requests) == 100


class TestNothingIsLeft:
    def test_async(self) -> None:
        """After the block: no task, no thread, and the port is closed, though a client stays connected."""

        async def run() -> None:
            tasks, threads = asyncio.all_tasks(), set(threading.enumerate())
            async with httpx.AsyncClient(headers=KEY, trust_env=False) as client:
                async with serve(Sandbox()) as url:
                    assert (await client.get(f"{url}/calls/{SAMPLE_CALL_ID}")).status_code == 200
                assert asyncio.all_tasks() == tasks
                assert set(threading.enumerate()) == threads
                assert is_refused(url)

        asyncio.run(run())

    def test_sync(self) -> None:
        """After the block: no thread, and the port is closed, though a client stays connected."""
        threads = set(threading.enumerate())
        with httpx.Client(headers=KEY, trust_env=False) as client:
            with running_server(Sandbox()) as url:
                assert client.get(f"{url}/calls/{SAMPLE_CALL_ID}").status_code == 200
            assert set(threading.enumerate()) == threads
            assert is_refused(url)

    def test_unused(self) -> None:
        """A server that nobody talks to stops as well."""

        async def run() -> str:
            async with asyncio.timeout(PATIENCE), serve(Sandbox()) as url:
                return url

        assert is_refused(asyncio.run(run()))
        with running_server(Sandbox()) as url:
            pass
        assert is_refused(url)

    def test_two_at_once(self) -> None:
        """Two servers have two ports and two sandboxes; one ending leaves the other up."""
        with running_server(Sandbox("one")) as outer:
            with running_server(Sandbox()) as inner:
                assert outer != inner
                assert fetch(inner, f"/api/calls/{SAMPLE_CALL_ID}")[0] == 200
                assert fetch(outer, f"/api/calls/{SAMPLE_CALL_ID}")[0] == 401
            assert is_refused(inner)
            assert fetch(outer, f"/api/calls/{SAMPLE_CALL_ID}")[0] == 401

    def test_an_answer_held_back_does_not_hold_the_end(self) -> None:
        """The block ends though an answer is due in an hour; its client sees the connection break."""
        sandbox = Sandbox()
        sandbox.fail_next(Fault(delay=3600))

        async def run() -> None:
            tasks = asyncio.all_tasks()
            async with asyncio.timeout(PATIENCE), httpx.AsyncClient(timeout=None, trust_env=False) as client:
                async with serve(sandbox) as url:
                    waiting = asyncio.create_task(client.get(f"{url}/calls/1"))
                    await until(lambda: sandbox.requests)
                with pytest.raises(httpx.TransportError):
                    await waiting
            assert asyncio.all_tasks() == tasks

        asyncio.run(run())

    def test_client_that_gives_up(self) -> None:
        """A client that times out during a delay leaves no task in the server."""
        sandbox = Sandbox()
        sandbox.fail_next(Fault(delay=3600))

        async def run() -> None:
            async with asyncio.timeout(PATIENCE), serve(sandbox) as url:
                tasks = asyncio.all_tasks()
                async with httpx.AsyncClient(timeout=0.05, trust_env=False) as client:
                    with pytest.raises(httpx.ReadTimeout):
                        await client.get(f"{url}/calls/1")
                await until(lambda: asyncio.all_tasks() == tasks)

        asyncio.run(run())

    @pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, asyncio.CancelledError])
    def test_error_in_the_block(self, error: type[BaseException]) -> None:
        """What the block raises comes out as it was, and the server is gone."""
        urls: list[str] = []

        async def run() -> None:
            async with serve(Sandbox()) as url:
                urls.append(url)
                raise error

        with pytest.raises(error):
            asyncio.run(run())

        def run_sync() -> None:
            with running_server(Sandbox()) as url:
                urls.append(url)
                raise error

        with pytest.raises(error):
            run_sync()
        assert len(urls) == 2
        assert all(map(is_refused, urls))

    def test_cancelled(self) -> None:
        """Cancelling the task that serves stops the server and nothing else."""
        urls: list[str] = []

        async def serve_for_ever() -> None:
            async with serve(Sandbox()) as url:
                urls.append(url)
                await asyncio.Event().wait()

        async def run() -> None:
            task = asyncio.create_task(serve_for_ever())
            await until(lambda: urls)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert asyncio.all_tasks() == {asyncio.current_task()}

        asyncio.run(run())
        assert is_refused(urls[0])


class TestGuest:
    def test_signals_stay(self) -> None:
        """SIGINT and SIGTERM are handled as before, while it runs and after."""

        def handlers() -> list[object]:
            return [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

        async def run() -> None:
            before = handlers()
            async with serve(Sandbox()) as url:
                assert not is_refused(url)
                assert handlers() == before
            assert handlers() == before

        asyncio.run(run())

    def test_quiet(self, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
        """Nothing is printed, and nothing logged as a warning or worse, whatever the requests were."""
        sandbox = Sandbox()
        sandbox.fail_next(Fault(status=500), Fault(status=204), Fault(delay=3600))
        with caplog.at_level(logging.DEBUG), running_server(sandbox) as url:
            for path in ("/api/calls/1", "/api/calls/2", "/"):
                with socket.create_connection(address(url), PATIENCE) as connection:
                    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                    if path != "/":
                        connection.recv(100)
            fetch(url, "/api/calls/3")
        assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == []
        assert capfd.readouterr() == ("", "")

    def test_logging_stays(self) -> None:
        """The levels and handlers of uvicorn's own loggers are not touched, but for its access log."""
        loggers = [logging.getLogger(name) for name in ("uvicorn", "uvicorn.error", "uvicorn.asgi")]
        before = [(logger.level, list(logger.handlers), logger.propagate) for logger in loggers]
        with running_server(Sandbox()):
            pass
        assert [(logger.level, list(logger.handlers), logger.propagate) for logger in loggers] == before
