"""The operations on calls: ``client.calls``."""

from __future__ import annotations

import functools
import uuid
from typing import TYPE_CHECKING

from msgspec.structs import replace

from puretalk_generated.api.calls import get_call
from puretalk_generated.models import GetCallResponse
from puretalk_generated.types import Responses

from ._config import check_call_id
from .errors import ResponseDecodeError, WrongCallError
from .models import Call, CallEnvelope

if TYPE_CHECKING:
    from ._client import AsyncPuretalk
    from ._recordings import Target

GET_CALL: Responses[CallEnvelope] = Responses(
    tuple(
        replace(answer, type=CallEnvelope) if answer.type is GetCallResponse else answer
        for answer in get_call.RESPONSES.answers
    )
)


class Calls:
    """Operations on phone calls. Reach it as ``client.calls``."""

    def __init__(self, client: AsyncPuretalk) -> None:
        self._client = client

    async def get(self, call_id: str, *, timeout: float | None = None) -> Call:
        """Fetch a call (openapi.yaml: ``GET /calls/{call_id}``).

        Args:
            call_id: The call's id; any text of up to 256 characters that can be one path segment.
            timeout: Seconds that this may take with all retries; else the client's.

        Raises:
            InvalidCallIdError: The id cannot be sent.
            NotFoundError: No call has this id.
            WrongCallError: The answer is another call's.
            PuretalkError: Anything else that went wrong; see ``puretalk_client.errors``.
        """
        request = get_call.request(check_call_id(call_id))
        asked = call_id if self._client.verify_call_id else None
        envelope = await self._client.send(
            request, GET_CALL, check=functools.partial(check_call, asked=asked), timeout=timeout
        )
        assert envelope.results is not None  # send refuses an envelope without results
        return envelope.results

    async def download_recording(
        self,
        call: Call,
        target: Target,
        *,
        max_bytes: int = 512 * 1024 * 1024,
        timeout: float = 300.0,
    ) -> int:
        """Download the recording of a call (openapi.yaml: ``Call.call_recording_url``).

        The address comes from the server, so it is not trusted: only https, no host that resolves to a private,
        loopback or link-local address, and the API key goes to the API's own origin only. Up to five redirects
        are followed under the same rules. A client that itself points at loopback may also fetch from there.

        Args:
            call: A fetched call.
            target: A path, which gets the whole recording or is left untouched; or a file open for writing bytes.
            max_bytes: Bytes that the recording may have.
            timeout: Seconds that all of it may take.

        Returns:
            The size of the recording in bytes.

        Raises:
            RecordingError: The call has no recording, or its address is not to be trusted.
            ResponseTooLargeError: The recording is larger than ``max_bytes``.
            PuretalkError: Anything else that went wrong with the network or the server.
            OSError: The target cannot be written.
        """
        from ._recordings import download  # here, since few programs download and all import this

        return await download(
            self._client._sender, call.call_recording_url, target, max_bytes=max_bytes, timeout=timeout
        )


def check_call(envelope: CallEnvelope, asked: str | None) -> None:
    """Refuse results that are no call, or that are another call than the one asked for.

    Answers can be swapped on a connection that lost step. An answer without an id is taken at its word.
    """
    if not isinstance(envelope.results, Call):
        raise ResponseDecodeError("the envelope's results is no object")
    got = envelope.results.call_id
    if asked is None or got is None or got == asked:
        return
    if canonical_id(got) != canonical_id(asked):
        raise WrongCallError("the answer carries another call's id", request_sent=True)


def canonical_id(call_id: object) -> object:
    """Return what two spellings of an id have in common: the UUID, or the text without regard to case."""
    text = str(call_id)
    try:
        return uuid.UUID(text)
    except ValueError:
        return text.casefold()
