"""Connections that break while the sandbox responds."""

from __future__ import annotations

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

BREAK_CONNECTION = "puretalk_client.break_connection"
"""The ASGI extension with which ``serve`` lets an app close or reset its connection."""


async def reset_connection(scope: Scope, receive: Receive) -> None:
    """Reset the connection instead of a response."""
    await _break(scope, receive, reset=True)


async def cut_connection(response: Response, size: int, scope: Scope, receive: Receive, send: Send) -> None:
    """Send the head of a response and so many bytes of its body, and close the connection."""
    head = {"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers}
    await send(head)
    await send({"type": "http.response.body", "body": bytes(response.body)[:size], "more_body": True})
    await _break(scope, receive, reset=False)


async def _break(scope: Scope, receive: Receive, *, reset: bool) -> None:
    break_connection = scope.get("extensions", {}).get(BREAK_CONNECTION)
    if break_connection is None:
        # In process. A server that does not know the extension closes the connection.
        raise ConnectionResetError("The sandbox broke the connection, as scripted")
    break_connection(reset=reset)
    while (await receive())["type"] != "http.disconnect":
        pass
