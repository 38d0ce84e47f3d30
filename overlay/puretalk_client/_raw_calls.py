"""The operations on calls that return the response as received: ``client.calls.with_raw_response``."""

from __future__ import annotations

import functools
import uuid

from puretalk_generated.api.calls import get_call

from ._core.options import Retries, validate_request_options
from ._core.raw import RawResponse
from ._core.sender import Sender
from ._envelope import check_call, results_of, validate_call_id
from .models import Call


class RawCalls:
    """Operations on phone calls that return the response as received, as ``client.calls.with_raw_response``."""

    def __init__(self, sender: Sender, *, verify_call_id: bool) -> None:
        self._sender = sender
        self._verify_call_id = verify_call_id

    async def get(
        self,
        call_id: str | uuid.UUID,
        *,
        timeout: float | None = None,
        max_retries: int | None = None,
        retries: Retries | None = None,
    ) -> RawResponse[Call]:
        """Fetch a call (openapi.yaml: ``GET /calls/{call_id}``); ``response.parse()`` returns it.

        Args:
            call_id: The call's id: a UUID, or up to 256 characters that can be one path segment.
            timeout: Seconds for the request with all its attempts. Default: the client's.
            max_retries: How often a transient failure is retried. Default: the client's.
            retries: Limits of retries, in place of ``max_retries``. Default: the client's.

        Raises:
            InvalidCallIdError: The id cannot be sent.
            NotFoundError: No call has this id.
            PuretalkError: Anything else failed; see ``puretalk_client.errors``. Errors in the body are raised by
                ``parse()`` instead.
        """
        text = validate_call_id(call_id)
        response = await self._sender.send_raw(
            get_call.request(text),
            get_call.RESPONSES,
            check=functools.partial(check_call, expected_id=text if self._verify_call_id else None),
            **validate_request_options(timeout, max_retries, retries),
        )
        return response.map(results_of)
