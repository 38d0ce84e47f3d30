"""What the sandbox reads from a connection, and connections that break while it responds."""

from __future__ import annotations

import asyncio

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

BREAK_CONNECTION = "puretalk_client.break_connection"
"""The ASGI extension with which ``serve`` lets an app close or reset its connection."""

_MAX_BODY_BYTES = 1 << 20


async def reset_connection(scope: Scope, receive: Receive) -> None:
    """Reset the connection instead of a response."""
    await _break(scope, receive, reset=True)


async def cut_connection(response: Response, size: int, scope: Scope, receive: Receive, send: Send) -> None:
    """Send the head of a response and so many bytes of its body, and close the connection."""
    head = {"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers}
    await send(head)
    await send({"type": "http.response.body", "body": bytes(response.body)[:size], "more_body": True})
    await _break(scope, receive, reset=False)


async def read_body(receive: Receive) -> bytes:
    """Read the whole body of a request and return its first mebibyte."""
    body = b""
    while (message := await receive())["type"] == "http.request":
        body = (body + message.get("body", b""))[:_MAX_BODY_BYTES]
        if not message.get("more_body"):
            break
    return body


async def disconnects_within(seconds: float, receive: Receive) -> bool:
    """Wait, and return early if the client disconnects."""
    try:
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return False
    return True


async def _break(scope: Scope, receive: Receive, *, reset: bool) -> None:
    break_connection = scope.get("extensions", {}).get(BREAK_CONNECTION)
    if break_connection is None:
        # In process. A server that does not know the extension closes the connection.
        raise ConnectionResetError("The sandbox broke the connection, as scripted")
    break_connection(reset=reset)
    while (await receive())["type"] != "http.disconnect":
        pass
