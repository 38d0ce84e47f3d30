"""The event loop of virtual time: threads that it waits for, deadlocks, and what it refuses."""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.support.clock import now

from puretalk_client import AsyncPuretalk, Attempt, ConfigurationError
from puretalk_client.testing import (
    VirtualTimeError,
    _virtual_loop,
    virtual_time,
)

DAY = 86400.0


class TestThreads:
    @virtual_time()
    async def test_clock_waits_for_a_job(self) -> None:
        """A job in a thread takes no virtual time, however long it takes, and nothing times out meanwhile."""
        loop, release = asyncio.get_running_loop(), threading.Event()
        threading.Timer(0.2, release.set).start()
        async with asyncio.timeout(0.001):
            assert await asyncio.to_thread(release.wait)
        assert now() == 0
        with ThreadPoolExecutor() as executor:
            async with asyncio.timeout(0.001):
                await loop.run_in_executor(executor, time.sleep, 0.05)
        assert now() == 0
        await asyncio.sleep(5)
        assert now() == 5

    @virtual_time()
    async def test_job_that_fails(self) -> None:
        """After an error in a thread, the clock goes on."""
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(lambda: 1 / 0)
        await asyncio.sleep(DAY)
        assert now() == DAY

    @virtual_time()
    async def test_job_that_is_cancelled(self) -> None:
        """The clock does not wait for a thread whose result nobody awaits any more."""
        release = threading.Event()
        task = asyncio.create_task(asyncio.to_thread(release.wait))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(60)
        assert now() == 60
        release.set()

    @virtual_time()
    async def test_executor_that_refuses(self) -> None:
        """A job that cannot start is not waited for."""
        executor = ThreadPoolExecutor()
        executor.shutdown()
        with pytest.raises(RuntimeError, match="after shutdown"):
            asyncio.get_running_loop().run_in_executor(executor, print)
        await asyncio.sleep(60)
        assert now() == 60

    def test_end_waits_for_threads(self) -> None:
        """The end of an event loop waits for the threads of its executor, without a warning."""
        ended = threading.Event()

        def work(started: threading.Event) -> None:
            started.set()
            time.sleep(0.1)
            ended.set()

        @virtual_time()
        async def leave() -> None:
            started = threading.Event()
            task = asyncio.create_task(asyncio.to_thread(work, started))
            await asyncio.to_thread(started.wait)
            task.cancel()

        leave()
        assert ended.is_set()

    @virtual_time()
    async def test_other_thread_wakes_the_loop(self) -> None:
        """A thread that the event loop does not know of can wake it, if nothing else is to be done."""
        loop, woken = asyncio.get_running_loop(), asyncio.Event()
        threading.Timer(0.1, loop.call_soon_threadsafe, [woken.set]).start()
        await woken.wait()
        assert now() == 0

    def test_thread_that_waits_for_a_timer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A job that waits for a timer of its own event loop comes to an end, in real time."""
        monkeypatch.setattr(_virtual_loop, "_PATIENCE", 0.05)

        @virtual_time()
        async def run() -> float:
            loop = asyncio.get_running_loop()
            sleep = lambda: asyncio.run_coroutine_threadsafe(asyncio.sleep(0.1), loop).result()  # noqa: E731
            await asyncio.to_thread(sleep)
            return now()

        assert run() == 0.1


class TestDeadlock:
    @pytest.fixture(autouse=True)
    def no_patience(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Do not wait for the threads of the test runner, which are idle."""
        monkeypatch.setattr(_virtual_loop, "_PATIENCE", 0.05)

    def test_nothing_can_end_the_wait(self) -> None:
        """It is an error that names the task and the line, not a hang."""

        async def wait_for_nobody() -> None:
            await asyncio.Event().wait()

        with pytest.raises(
            VirtualTimeError, match=r"no timer or thread can end that. Waiting: .*test_virtual_loop\.py"
        ):
            virtual_time()(wait_for_nobody)()

    def test_many_tasks(self) -> None:
        """The message names some of many tasks."""

        @virtual_time()
        async def wait() -> None:
            await asyncio.gather(*(asyncio.Event().wait() for _ in range(1000)))

        with pytest.raises(VirtualTimeError, match="and 996 more") as caught:
            wait()
        assert len(str(caught.value)) < 2000

    def test_alone(self) -> None:
        """In a process without other threads, the error comes at once: no thread could wake the event loop."""
        code = (
            "import asyncio, time\n"
            "from puretalk_client.testing import _virtual_loop as v, virtual_time\n"
            "v._PATIENCE = 1e6\n"
            "virtual_time()(asyncio.Event().wait)()\n"
        )
        result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert "VirtualTimeError: Everything waits" in result.stderr

    def test_sleeps_for_ever(self) -> None:
        """A sleep that never ends is a deadlock too."""
        with pytest.raises(VirtualTimeError, match="Everything waits"), virtual_time():
            asyncio.run(asyncio.sleep(math.inf))


async def subprocess_exec() -> object:
    """Start a process."""
    return await asyncio.create_subprocess_exec(sys.executable, "-c", "")


def datagram_endpoint() -> Awaitable[object]:
    """Open a UDP socket."""
    loop = asyncio.get_running_loop()
    return loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0))


REFUSED: dict[str, Callable[[socket.socket], Awaitable[object]]] = {
    "create_connection": lambda _: asyncio.open_connection("127.0.0.1", 9),
    "create_server": lambda _: asyncio.start_server(print, "127.0.0.1", 0),
    "create_unix_connection": lambda _: asyncio.open_unix_connection("/nowhere"),
    "create_datagram_endpoint": lambda _: datagram_endpoint(),
    "subprocess_exec": lambda _: subprocess_exec(),
    "subprocess_shell": lambda _: asyncio.create_subprocess_shell("true"),
    "getaddrinfo": lambda _: asyncio.get_running_loop().getaddrinfo("127.0.0.1", 9),
    "sock_connect": lambda sock: asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", 9)),
    "sock_accept": lambda sock: asyncio.get_running_loop().sock_accept(sock),
    "sock_recv": lambda sock: asyncio.get_running_loop().sock_recv(sock, 1),
    "sock_sendall": lambda sock: asyncio.get_running_loop().sock_sendall(sock, b"x"),
    "connect_read_pipe": lambda sock: asyncio.get_running_loop().connect_read_pipe(asyncio.Protocol, sock),
}


class TestRefusals:
    @pytest.mark.parametrize("name", REFUSED)
    def test_sockets_and_subprocesses(self, name: str) -> None:
        """The error names what was refused and what to do, and no socket is left open."""

        @virtual_time()
        async def use() -> None:
            with contextlib.closing(socket.socket()) as sock:
                sock.setblocking(False)
                with pytest.raises(VirtualTimeError, match=rf"\({name}\).*Use the sandbox in process"):
                    await REFUSED[name](sock)

        use()

    @virtual_time()
    async def test_file_descriptors(self) -> None:
        """Waiting for a file descriptor is refused as well."""
        with contextlib.closing(socket.socket()) as sock:
            for method in (asyncio.get_running_loop().add_reader, asyncio.get_running_loop().add_writer):
                with pytest.raises(RuntimeError, match="file descriptor"):
                    method(sock, print)

    @pytest.mark.parametrize("transport", ["httpx", "aiohttp"])
    @pytest.mark.parametrize("url", ["http://127.0.0.1:9/api", "https://nowhere.test/api"])
    def test_client(self, transport: Any, url: str) -> None:
        """A request over a real transport fails at once with that message: it is not a failure to retry."""
        attempts: list[Attempt] = []

        @virtual_time()
        async def fetch() -> None:
            async with AsyncPuretalk("key", base_url=url, transport=transport, on_attempt=attempts.append) as client:
                with pytest.raises(ConfigurationError, match="No sockets and subprocesses in virtual time"):
                    await client.calls.get("1")

        fetch()
        assert len(attempts) == 1
