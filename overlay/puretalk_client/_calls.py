"""The operations on calls: ``client.calls``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from puretalk_generated.api.calls import get_call
from puretalk_generated.models import GetCallResponse
from puretalk_generated.types import Responses

from ._config import check_call_id
from .errors import ResponseDecodeError
from .models import Call, CallEnvelope

if TYPE_CHECKING:
    from ._client import AsyncPuretalk

GET_CALL: Responses[CallEnvelope] = Responses(
    tuple(
        evolve(answer, type=CallEnvelope) if answer.type is GetCallResponse else answer
        for answer in get_call.RESPONSES.answers
    )
)


class Calls:
    """Operations on phone calls. Reach it as ``client.calls``."""

    def __init__(self, client: AsyncPuretalk) -> None:
        self._client = client

    async def get(self, call_id: str) -> Call:
        """Fetch a call (openapi.yaml: ``GET /calls/{call_id}``).

        Args:
            call_id: The call's id; any text of up to 256 characters that can be one path segment.

        Raises:
            InvalidCallIdError: The id cannot be sent.
            NotFoundError: No call has this id.
            PuretalkError: Anything else that went wrong; see ``puretalk_client.errors``.
        """
        envelope = await self._client.send(get_call.request(check_call_id(call_id)), GET_CALL, check=_is_call)
        assert envelope.results is not None  # send refuses an envelope without results
        return envelope.results


def _is_call(envelope: CallEnvelope) -> None:
    if not isinstance(envelope.results, Call):
        raise ResponseDecodeError("the envelope's results is no object")
