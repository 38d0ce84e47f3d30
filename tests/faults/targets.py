"""Where the client of a row connects, and connections that fail until they are turned on."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import ssl
import warnings
from collections.abc import Iterator
from typing import Any
from unittest import mock

from attrs import define, field
from tests.support.clock import movable_loop, run_turns
from tests.support.eventually import eventually
from tests.support.process import ServerProcess
from tests.support.scripted_server import CERTIFICATE

from puretalk_client import APIConnectionError, AsyncPuretalk

from .requests import new_id, result_of
from .rows import Row


def base_url(server: ServerProcess, row: Row) -> str:
    """Return the URL that the client of a row uses, whose port need not be turned on."""
    ports = server.ports
    address = {
        "plain": f"http://127.0.0.1:{ports['plain']}",
        "refused": f"http://127.0.0.1:{ports['refused']}",
        "unresolvable": "https://nowhere.invalid",
        "tls": f"https://127.0.0.1:{ports['tls']}",
        "tls-trusted": f"https://127.0.0.1:{ports['tls']}",
        "tls-to-plain": f"https://127.0.0.1:{ports['plain']}",
        "tls-to-silent": f"https://127.0.0.1:{ports['silent']}",
    }[row.target]
    return f"{address}/{row.name}"


@define
class Target:
    """Where the client of a row connects.

    ``http`` or ``https`` as the target of a row, followed by a colon and a kind of ``switch.Switch``, is a port of
    its own. Two kinds more are failures of the client: ``name`` does not resolve, and ``untrusted`` does not trust
    the certificate of the server.

    Attributes:
        url: The base URL.
        options: Options that the client needs for it.
        port: The port, if it can be turned on.
    """

    row: Row
    server: ServerProcess
    kind: str = field(init=False, default="")
    url: str = field(init=False, default="")
    options: dict[str, Any] = field(init=False, factory=dict)
    port: int | None = field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        """Open the port of the row, if it has its own."""
        scheme, separator, self.kind = self.row.target.partition(":")
        if separator:
            kind = "none" if self.kind in ("name", "untrusted") else self.kind
            self.port = self.server.ask(f"switch {kind} {scheme}")
            host = "localhost" if self.kind == "name" else "127.0.0.1"
            self.url = f"{scheme}://{host}:{self.port}/{self.row.name}"
        else:
            self.url = base_url(self.server, self.row)
        if self.row.target == "tls-trusted" or scheme == "https":
            # Without the certificates of the system, which take 50 ms to read.
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = not separator
            if self.kind != "untrusted":
                context.load_verify_locations(CERTIFICATE)
            self.options["verify"] = context

    @contextlib.contextmanager
    def opened(self) -> Iterator[None]:
        """Let the target fail for as long as this lasts in what is not the server's."""
        with names_fail() if self.row.target == "unresolvable" else contextlib.nullcontext():
            yield
        if self.row.target == "tls-to-silent" or self.kind == "silent":
            collect_half_open()

    async def fail_first(self, client: AsyncPuretalk) -> list[str]:
        """Send the requests that fail to connect, one after the other, then turn the port on; return problems."""
        problems = []
        with names_fail() if self.kind == "name" else contextlib.nullcontext():
            for number in range(1, self.row.failures + 1):
                task = asyncio.create_task(result_of(client.calls.get(new_id("good"), timeout=self.row.timeout)))
                if self.kind == "silent":
                    await eventually(lambda: self.server.ask(f"begun {self.port}") >= number)  # noqa: B023
                    await run_turns()
                    movable_loop().move(self.row.options["connect_timeout"] + 1)  # aiohttp rounds it up
                result = await task
                if not isinstance(result, APIConnectionError):
                    problems.append(f"failure {number} is {type(result).__name__}")
        if self.row.failures:
            self.server.ask(f"on {self.port}")
        if self.kind == "untrusted":
            self.options["verify"].load_verify_locations(CERTIFICATE)
        return problems


@contextlib.contextmanager
def names_fail() -> Iterator[None]:
    """Let no name resolve on the running loop: tests must not depend on the machine's resolver."""
    with mock.patch.object(asyncio.get_running_loop(), "getaddrinfo"):
        fail_to_resolve()
        yield


def fail_to_resolve() -> None:
    """Let no name resolve on the running loop any more."""

    async def getaddrinfo(*_: object, **__: object) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    asyncio.get_running_loop().getaddrinfo = getaddrinfo  # type: ignore[method-assign]


def collect_half_open() -> None:
    """Collect sockets whose TLS handshake was cancelled.

    httpcore 1.0.9 closes them on an Exception, not on a CancelledError, and so leaves them to the collector.
    Everything else must be closed without it: an unclosed socket fails the test in which it is found.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
