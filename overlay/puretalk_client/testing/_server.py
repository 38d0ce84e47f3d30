"""The sandbox on a real socket, on loopback only."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Generator, Iterator

import uvicorn
from anyio.from_thread import start_blocking_portal
from starlette.types import ASGIApp


class _LoopbackServer(uvicorn.Server):
    """uvicorn as a guest in someone else's process: it takes no signals and ends at once."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave SIGINT and SIGTERM to the process that runs the test."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Tell when it is up: uvicorn has only a flag to poll."""
        try:
            await super().startup(sockets)
        finally:
            self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drop open connections, so that an answer that is held back holds back nothing else."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await super().shutdown(sockets)


@contextlib.asynccontextmanager
async def serve(app: ASGIApp) -> AsyncIterator[str]:
    """Serve a sandbox on a free port of 127.0.0.1, in the running event loop.

    Leaving the block closes every connection and the port; no task is left behind. Nothing is logged
    above the level INFO, and signal handlers stay as they are.

    Args:
        app: A ``Sandbox``, or an ASGI app around one.

    Yields:
        The base URL, e.g. ``http://127.0.0.1:54321/api``.
    """
    # Bound here and handed over: a port that was looked up first could be taken before its use.
    # With its protocol, by which asyncio knows to set TCP_NODELAY: else each answer on a kept connection waits 40 ms.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        config = uvicorn.Config(
            app, http="h11", ws="none", lifespan="off", log_config=None, access_log=False, server_header=False
        )
        config.load()  # here, so that what fails in it is raised here
        server = _LoopbackServer(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await server.ready.wait()
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/api"
        finally:
            server.should_exit = True
            await serving


@contextlib.contextmanager
def running_server(app: ASGIApp) -> Iterator[str]:
    """``serve`` for code without an event loop: the server runs in a thread of its own.

    Args:
        app: A ``Sandbox``, or an ASGI app around one.

    Yields:
        The base URL, e.g. ``http://127.0.0.1:54321/api``.
    """
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(serve(app)) as base_url:
        yield base_url
