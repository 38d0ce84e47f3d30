"""Sends requests: only values and errors of this package leave it."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

from puretalk_generated.types import Request, Responses

from .channel import Channel
from .exchange import Exchange
from .options import Options, Retries
from .raw import RawResponse
from .response import Check, Conventions

T = TypeVar("T")


class Sender(Channel):
    """Sends the requests of one client."""

    def with_options(self, options: Options, conventions: Conventions) -> Sender:
        """Return a sender over the same connections."""
        limit = self.limit if options.rate_limit is self.options.rate_limit else None
        return Sender(options, self.pool, conventions, limit)

    def send(
        self,
        request: Request,
        responses: Responses[T],
        *,
        timeout: float | None = None,
        retries: int | Retries | None = None,
        check: Check[T] | None = None,
    ) -> Coroutine[Any, Any, T]:
        """Send ``request`` until it succeeds, must not be repeated, or ``timeout`` seconds are over.

        ``check`` raises a PuretalkError if the decoded body cannot be trusted. Nothing but a PuretalkError or a
        cancellation leaves the coroutine.
        """
        return Exchange(self, request, responses, check, timeout, retries).run()

    async def send_raw(
        self,
        request: Request,
        responses: Responses[T],
        *,
        timeout: float | None = None,
        retries: int | Retries | None = None,
        check: Check[T] | None = None,
    ) -> RawResponse[T]:
        """Send ``request`` as ``send`` does, and return the successful response as received."""
        exchange = Exchange(self, request, None, None, timeout, retries)
        content: bytes = await exchange.run()

        def parse() -> tuple[T, None] | tuple[None, BaseException]:
            try:
                value, drifts = self.reader.read(responses, check, exchange.status or 0, content)
                if drifts:
                    self.drift.report(drifts)
                return value, None
            except BaseException as error:
                return None, exchange.fail(error)

        return RawResponse(
            status_code=exchange.status or 0,
            headers={name.lower(): value for name, value in exchange.headers.items()},
            content=content,
            request_id=exchange.request_id,
            attempts=exchange.attempts,
            elapsed=exchange.elapsed,
            parse=parse,
        )

    async def aclose(self) -> None:
        """Close the connections, which clients of ``with_options`` share. Requests that wait for one fail."""
        await self.pool.aclose()
