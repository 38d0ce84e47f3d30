"""A sandbox over HTTP/2 and TLS in a process of its own: ``python -m tests.interop.http2_server``.

Hypercorn serves it, so that neither the server nor its loggers are those of the client. The call id may name what
happens: ``KIND--SUFFIX`` with a kind of ``KINDS``; any other id is that of a call that exists. The process writes its
port, and ends with its standard input.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import Awaitable, Callable

from hypercorn.asyncio import serve
from hypercorn.config import Config
from starlette.types import Receive, Scope, Send
from tests.support.canary import WORDS
from tests.support.key import KEY_HEADER
from tests.support.scripted_server import CERTIFICATE, CERTIFICATE_KEY
from tests.support.wire import call

from puretalk_client.testing import Fault, Sandbox

STALLED_BYTES = 64 * 1024
"""What a stalled response sends of its body."""
ECHO_HEADER = b"x-received-key"


class Server:
    """Plays what a call id names, notes the connection of each request, and leaves the rest to a sandbox."""

    def __init__(self, api_key: str) -> None:
        self._sandbox = Sandbox(api_key)
        self._seen: dict[str, list[object]] = {}
        self._kinds: dict[str, Callable[[str, Scope, Receive, Send], Awaitable[None]]] = {
            "stalls-before-head": self._never_respond,
            "stalls-within-body": self._stall,
            "busy-once": self._busy_once,
            "missing": self._missing,
            "of-another-call": self._of_another_call,
            "echoes-key": self._echo_key,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; ``/seen`` lists the HTTP version and the client's port of each request, by call id."""
        if scope["type"] != "http":
            raise NotImplementedError("the sandbox supports HTTP only")
        call_id = scope["path"].rpartition("/")[2]
        if call_id == "seen":
            await _respond(send, json.dumps(self._seen).encode())
            return
        self._seen.setdefault(call_id, []).append([scope["http_version"], scope["client"][1]])
        kind = call_id.partition("--")[0]
        await self._kinds.get(kind, self._good)(call_id, scope, receive, send)

    async def _good(self, call_id: str, scope: Scope, receive: Receive, send: Send) -> None:
        self._sandbox.add_call(call(call_id, transcript=WORDS["transcript"] * 800))
        await self._sandbox(scope, receive, send)

    async def _never_respond(self, call_id: str, scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.Event().wait()

    async def _stall(self, call_id: str, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b" " * STALLED_BYTES, "more_body": True})
        await asyncio.Event().wait()

    async def _busy_once(self, call_id: str, scope: Scope, receive: Receive, send: Send) -> None:
        if len(self._seen[call_id]) == 1:
            self._sandbox.fail_next(Fault(status=429, headers={"Retry-After": "3"}, call_id=call_id))
        await self._good(call_id, scope, receive, send)

    async def _missing(self, call_id: str, scope: Scope, receive: Receive, send: Send) -> None:
        await self._sandbox(scope, receive, send)

    async def _of_another_call(self, call_id: str, scope: Scope, receive: Receive, send: Send) -> None:
        body = {"msg": "Success", "err": False, "results": call("another")}
        self._sandbox.fail_next(Fault(body=body, call_id=call_id))
        await self._sandbox(scope, receive, send)

    async def _echo_key(self, call_id: str, scope: Scope, receive: Receive, send: Send) -> None:
        key = dict(scope["headers"])[KEY_HEADER.lower().encode()]
        await _respond(send, b'{"err":true,"msg":"bad key %s"}' % key, 403, (b"x-request-id", key), (ECHO_HEADER, key))


async def _respond(send: Send, body: bytes, status: int = 200, *headers: tuple[bytes, bytes]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def main(api_key: str) -> None:
    """Serve until standard input ends."""
    loop = asyncio.get_running_loop()
    # The socket names its protocol because asyncio sets TCP_NODELAY only then.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(100)
    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.certfile, config.keyfile = str(CERTIFICATE), str(CERTIFICATE_KEY)
    config.errorlog = config.accesslog = None
    config.graceful_timeout = 0
    config.keep_alive_timeout = 600
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    listener.detach()  # hypercorn closes it
    commands = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    ending = asyncio.create_task(commands.read())
    ending.add_done_callback(lambda _: os._exit(0))  # requests that are in progress need not end in order
    await serve(Server(api_key), config, shutdown_trigger=asyncio.Event().wait)  # type: ignore[arg-type]


if __name__ == "__main__":
    asyncio.run(main(sys.stdin.readline().strip()))
