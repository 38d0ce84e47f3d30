"""The sandbox on a loopback socket: its responses, and that it leaves nothing behind."""

from __future__ import annotations

import asyncio
import http.client
import logging
import signal
import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

import httpx
import pytest
from tests.support.eventually import PATIENCE, eventually
from tests.unit.testing.in_process import KEY, get

from puretalk_client.testing import (
    EXAMPLE_CALL_ID,
    SAMPLE_CALL_ID,
    Fault,
    Sandbox,
    running_server,
    sample_call,
    serve,
)


def address(base_url: str) -> tuple[str, int]:
    """Return host and port of a URL."""
    parts = urlsplit(base_url)
    assert parts.hostname is not None
    assert parts.port is not None
    return parts.hostname, parts.port


def fetch(
    base_url: str, path: str, method: str = "GET", body: bytes | None = None
) -> tuple[int, bytes, http.client.HTTPMessage]:
    """Send a request with exactly this path."""
    connection = http.client.HTTPConnection(*address(base_url), timeout=PATIENCE)
    try:
        connection.request(method, path, body=body, headers=KEY)
        response = connection.getresponse()
        return response.status, response.read(), response.headers
    finally:
        connection.close()


def async_client(timeout: httpx.Timeout | None = None) -> httpx.AsyncClient:
    """Make a client without a proxy and, by default, without a timeout."""
    return httpx.AsyncClient(headers=KEY, trust_env=False, timeout=timeout)


def is_closed(base_url: str) -> bool:
    """Whether the port refuses connections."""
    with socket.socket() as probe:
        probe.settimeout(PATIENCE)
        return probe.connect_ex(address(base_url)) != 0


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    """The sandbox behind ``base_url``."""
    return Sandbox()


@pytest.fixture(scope="module")
def base_url(sandbox: Sandbox) -> Iterator[str]:
    """A server that the tests of this module share."""
    with running_server(sandbox) as url:
        yield url


class TestResponses:
    def test_base_url(self, base_url: str) -> None:
        """The base URL is plain http on loopback, a free port, and the spec's /api."""
        assert base_url == f"http://127.0.0.1:{address(base_url)[1]}/api"

    @pytest.mark.parametrize("call_id", [EXAMPLE_CALL_ID, SAMPLE_CALL_ID, "unknown"])
    async def test_same_bytes_as_in_process(self, sandbox: Sandbox, base_url: str, call_id: str) -> None:
        """Status, body and Content-Type are the same over a socket and in process."""
        status, body, headers = await asyncio.to_thread(fetch, base_url, f"/api/calls/{call_id}")
        response = await get(sandbox, call_id)
        assert (status, body) == (response.status_code, response.content)
        assert headers["content-type"] == response.headers["content-type"]

    @pytest.mark.parametrize(
        "call_id",
        ["a/b", "..", ".", "%2F", "100%", "a b", "a?b#c", "日本語", "e\u0301", "\0", "a\r\nb", "x" * 256],
    )
    @pytest.mark.parametrize("dot", [".", "%2E"])
    def test_any_text_is_an_id(self, sandbox: Sandbox, base_url: str, call_id: str, dot: str) -> None:
        """Ids are received unchanged, as in process. An unencoded dot segment is an id here as well."""
        sandbox.add_call({"call_id": call_id})
        status, _, _ = fetch(base_url, "/api/calls/" + quote(call_id, safe="").replace(".", dot))
        assert status == 200
        assert sandbox.requests[-1].call_id == call_id

    @pytest.mark.parametrize("status", [204, 304, 302, 429, 499, 503, 599])
    def test_faults(self, sandbox: Sandbox, base_url: str, status: int) -> None:
        """A scripted status and header arrive in a complete response, and the next response is normal."""
        sandbox.fail_next(Fault(status=status, headers={"Retry-After": "2"}))
        actual, body, headers = fetch(base_url, f"/api/calls/{SAMPLE_CALL_ID}")
        assert (actual, headers["retry-after"]) == (status, "2")
        assert (body == b"") == (status in (204, 304))
        assert fetch(base_url, f"/api/calls/{SAMPLE_CALL_ID}")[0] == 200

    @pytest.mark.parametrize(("method", "body"), [("HEAD", None), ("POST", b"x" * 100_000), ("DELETE", None)])
    def test_other_methods(self, base_url: str, method: str, body: bytes | None) -> None:
        """A method that the spec lacks is a 405, with or without a body."""
        status, _, headers = fetch(base_url, f"/api/calls/{SAMPLE_CALL_ID}", method, body)
        assert (status, headers["allow"]) == (405, "GET")

    def test_scripting_while_it_runs(self, sandbox: Sandbox, base_url: str) -> None:
        """Another thread can add calls while the server runs."""
        call_id = sandbox.add_lifecycle(sample_call(call_id="while-it-runs"), ["queued", "completed"])
        for status in (b'"queued"', b'"completed"'):
            assert status in fetch(base_url, f"/api/calls/{call_id}")[1]

    def test_many_threads(self, sandbox: Sandbox, base_url: str) -> None:
        """With many threads, each scripted fault applies once and no request is lost."""
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

    async def test_concurrent_requests(self) -> None:
        """A hundred concurrent requests in one event loop all receive complete responses."""
        sandbox = Sandbox()
        async with serve(sandbox) as url, async_client() as client:
            responses = await asyncio.gather(*(client.get(f"{url}/calls/{SAMPLE_CALL_ID}") for _ in range(100)))
        assert all(response.json()["results"] == sample_call() for response in responses)
        assert len(sandbox.requests) == 100


class TestNothingIsLeftBehind:
    async def test_async(self) -> None:
        """After the block there is no task and no thread, and the port is closed, even if a client is connected."""
        tasks, threads = asyncio.all_tasks(), set(threading.enumerate())
        async with async_client() as client:
            async with serve(Sandbox()) as url:
                assert (await client.get(f"{url}/calls/{SAMPLE_CALL_ID}")).status_code == 200
            assert asyncio.all_tasks() == tasks
            assert set(threading.enumerate()) == threads
            assert is_closed(url)

    def test_sync(self) -> None:
        """After the block there is no thread, and the port is closed, even if a client is connected."""
        threads = set(threading.enumerate())
        with httpx.Client(headers=KEY, trust_env=False, timeout=None) as client:
            with running_server(Sandbox()) as url:
                assert client.get(f"{url}/calls/{SAMPLE_CALL_ID}").status_code == 200
            assert set(threading.enumerate()) == threads
            assert is_closed(url)

    async def test_unused_async(self) -> None:
        """A server without any request stops."""
        async with asyncio.timeout(PATIENCE), serve(Sandbox()) as url:
            pass
        assert is_closed(url)

    def test_unused_sync(self) -> None:
        """A server without any request stops in a thread as well."""
        with running_server(Sandbox()) as url:
            pass
        assert is_closed(url)

    def test_two_servers(self) -> None:
        """Two servers have separate ports and sandboxes. When one stops, the other continues."""
        with running_server(Sandbox("one")) as outer:
            with running_server(Sandbox()) as inner:
                assert outer != inner
                assert fetch(inner, f"/api/calls/{SAMPLE_CALL_ID}")[0] == 200
                assert fetch(outer, f"/api/calls/{SAMPLE_CALL_ID}")[0] == 401
            assert is_closed(inner)
            assert fetch(outer, f"/api/calls/{SAMPLE_CALL_ID}")[0] == 401

    async def test_delayed_response(self) -> None:
        """A response that is due in an hour does not delay the end. Its client sees the connection break."""
        sandbox = Sandbox()
        sandbox.fail_next(Fault(delay=3600))
        tasks = asyncio.all_tasks()
        async with asyncio.timeout(PATIENCE), async_client() as client:
            async with serve(sandbox) as url:
                waiting = asyncio.create_task(client.get(f"{url}/calls/1"))
                await eventually(lambda: sandbox.requests)
            with pytest.raises(httpx.TransportError):
                await waiting
        assert asyncio.all_tasks() == tasks

    async def test_client_timeout(self) -> None:
        """A client that times out during a delay leaves no task in the server."""
        sandbox = Sandbox()
        sandbox.fail_next(Fault(delay=3600))
        async with serve(sandbox) as url:
            tasks = asyncio.all_tasks()
            async with async_client(httpx.Timeout(None, read=0.05)) as client:
                with pytest.raises(httpx.ReadTimeout):
                    await client.get(f"{url}/calls/1")
            await eventually(lambda: asyncio.all_tasks() == tasks)

    @pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, asyncio.CancelledError])
    async def test_error_in_the_block_async(self, error: type[BaseException]) -> None:
        """An error in the block propagates unchanged, and the server stops."""
        urls: list[str] = []

        async def fail() -> None:
            async with serve(Sandbox()) as url:
                urls.append(url)
                raise error

        with pytest.raises(error):
            await fail()
        assert is_closed(urls[0])

    @pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, asyncio.CancelledError])
    def test_error_in_the_block_sync(self, error: type[BaseException]) -> None:
        """An error in the block propagates unchanged, and the server in the thread stops."""
        urls: list[str] = []

        def fail() -> None:
            with running_server(Sandbox()) as url:
                urls.append(url)
                raise error

        with pytest.raises(error):
            fail()
        assert is_closed(urls[0])

    async def test_cancellation(self) -> None:
        """Cancelling the task that serves stops the server and cancels nothing else."""
        urls: list[str] = []

        async def serve_forever() -> None:
            async with serve(Sandbox()) as url:
                urls.append(url)
                await asyncio.Event().wait()

        tasks = asyncio.all_tasks()
        task = asyncio.create_task(serve_forever())
        await eventually(lambda: urls)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert asyncio.all_tasks() == tasks
        assert is_closed(urls[0])


class TestProcess:
    async def test_signal_handlers(self) -> None:
        """The server changes no handler of SIGINT or SIGTERM, neither while it runs nor afterwards."""

        def handlers() -> list[object]:
            return [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

        before = handlers()
        async with serve(Sandbox()) as url:
            assert not is_closed(url)
            assert handlers() == before
        assert handlers() == before

    def test_output(self, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
        """The server prints nothing and logs no warning, even for aborted and faulty requests."""
        sandbox = Sandbox()
        sandbox.fail_next(Fault(status=500), Fault(status=204), Fault(delay=3600))
        with caplog.at_level(logging.DEBUG), running_server(sandbox) as url:
            for number, path in enumerate(("/api/calls/1", "/api/calls/2", "/"), 1):
                with socket.create_connection(address(url), PATIENCE) as connection:
                    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                    while len(sandbox.requests) < number:
                        time.sleep(0.001)
            fetch(url, "/api/calls/3")
        warnings = [record.message for record in caplog.records if record.levelno >= logging.WARNING]
        # asyncio's debug mode warns of a callback that takes long, as any does on a busy machine.
        assert [message for message in warnings if not message.startswith("Executing ")] == []
        assert capfd.readouterr() == ("", "")

    def test_logging_configuration(self) -> None:
        """The server changes no levels and handlers of uvicorn's loggers, except for the access log."""
        loggers = [logging.getLogger(name) for name in ("uvicorn", "uvicorn.error", "uvicorn.asgi")]
        before = [(logger.level, list(logger.handlers), logger.propagate) for logger in loggers]
        with running_server(Sandbox()):
            pass
        assert [(logger.level, list(logger.handlers), logger.propagate) for logger in loggers] == before
