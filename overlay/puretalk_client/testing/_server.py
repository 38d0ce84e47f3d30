"""Serving the sandbox on a loopback socket."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
import struct
from collections.abc import AsyncIterator, Generator, Iterator

import uvicorn
from anyio.from_thread import start_blocking_portal
from starlette.types import ASGIApp, Receive, Scope, Send

from ._connection import BREAK_CONNECTION
from ._recordings import RECORDINGS_SERVER


class _LoopbackServer(uvicorn.Server):
    """A uvicorn server inside the process of a test: it installs no signal handlers and stops at once."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave SIGINT and SIGTERM to the test's process."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Set ``ready``, since uvicorn only has a flag to poll."""
        try:
            await super().startup(sockets)
        finally:
            self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Abort open connections, so that a delayed response does not delay the shutdown."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await super().shutdown(sockets)

    def break_connection(self, client: tuple[str, int] | None, *, reset: bool) -> None:
        """Close the connection of a client after what was sent; or reset it, with a RST."""
        for connection in list(self.server_state.connections):
            transport = connection.transport
            if transport.get_extra_info("peername") == client:
                if reset:  # to linger for 0 seconds is to send a RST
                    sock = transport.get_extra_info("socket")
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    transport.abort()
                else:
                    transport.close()


def _listen() -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
    except BaseException:
        listener.close()
        raise
    return listener


@contextlib.asynccontextmanager
async def serve(app: ASGIApp) -> AsyncIterator[str]:
    """Serve a sandbox on a free port of 127.0.0.1, in the running event loop: an async context manager.

    The end of the block closes all connections and the port, and leaves no task behind. The server logs nothing above
    the level INFO, and installs no signal handlers.

    Args:
        app: A ``Sandbox``, or an ASGI app around one.

    Yields:
        The base URL, e.g. ``http://127.0.0.1:54321/api``.
    """
    # The socket is bound here because another process could take a port that was only looked up.
    # It names its protocol because asyncio sets TCP_NODELAY only then. Without TCP_NODELAY, each response on
    # a kept-alive connection waits 40 ms.
    # Recordings have a port of their own, and so another origin, to which clients do not send the API key.
    with _listen() as listener, _listen() as recordings:

        async def with_connection(scope: Scope, receive: Receive, send: Send) -> None:
            break_connection = functools.partial(server.break_connection, scope.get("client"))
            extensions = {
                **scope.get("extensions", {}),
                BREAK_CONNECTION: break_connection,
                RECORDINGS_SERVER: f"http://127.0.0.1:{recordings.getsockname()[1]}",
            }
            await app({**scope, "extensions": extensions}, receive, send)

        config = uvicorn.Config(
            with_connection,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
        )
        config.load()  # raises errors in the configuration here, not in the task
        server = _LoopbackServer(config)
        serving = asyncio.create_task(server.serve(sockets=[listener, recordings]))
        try:
            await server.ready.wait()
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/api"
        finally:
            server.should_exit = True
            await serving


@contextlib.contextmanager
def running_server(app: ASGIApp) -> Iterator[str]:
    """Serve a sandbox from synchronous code, as ``serve`` does, in a thread of its own: a context manager.

    Args:
        app: A ``Sandbox``, or an ASGI app around one.

    Yields:
        The base URL, e.g. ``http://127.0.0.1:54321/api``.
    """
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(serve(app)) as base_url:
        yield base_url
