"""The protocol through which every operation sends its request."""

from __future__ import annotations

from typing import Protocol, TypeVar

from .types import Request, Responses

T = TypeVar("T")


class Sender(Protocol):
    """Sends requests and decodes their responses. Operations accept any object that has this method.

    ``client.Client`` is the plain implementation. ``puretalk_client.AsyncPuretalk`` adds deadlines, retries and errors
    to every operation, including those that a later document adds.
    """

    async def send(self, request: Request, responses: Responses[T]) -> T:
        """Send ``request`` and return the decoded body of the response.

        Args:
            request: The return value of an operation's ``request`` function.
            responses: The ``RESPONSES`` of that operation.

        Raises:
            Exception: The response is not a documented success; which exception is up to the implementation.
        """
        ...
