"""The operations on calls: ``client.calls``."""

from __future__ import annotations

import functools
import re
import uuid
from typing import Any

from puretalk_generated.api.calls import get_call
from puretalk_generated.models import GetCallResponse

from ._core.download import Target, download
from ._core.options import validate_request_options
from ._core.raw import RawResponse
from ._core.redaction import Secret
from ._core.sender import Sender
from ._envelope import check_call
from ._until import Until
from ._wait import CallWatch, Poller
from .errors import DownloadError, InvalidCallIdError
from .models import Call

MAX_CALL_ID_LENGTH = 256

_UNSENDABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters and surrogates (Unicode's categories Cc and Cs)."""


class CallsResource:
    """Operations on phone calls, as ``client.calls``."""

    def __init__(self, sender: Sender, *, verify_call_id: bool) -> None:
        self._sender = sender
        self._verify_call_id = verify_call_id

    async def get(
        self, call_id: str | uuid.UUID, *, timeout: float | None = None, max_retries: int | None = None
    ) -> Call:
        """Fetch a call (openapi.yaml: ``GET /calls/{call_id}``).

        Args:
            call_id: The call's id: a UUID, or up to 256 characters that can be one path segment.
            timeout: Seconds for the request with all its attempts; else the client's.
            max_retries: How often it is sent again after a transient failure; else the client's.

        Raises:
            InvalidCallIdError: The id cannot be sent.
            NotFoundError: No call has this id.
            CallIdMismatchError: The response is another call's.
            PuretalkError: Anything else that failed; see ``puretalk_client.errors``.
        """
        text = validate_call_id(call_id)
        envelope = await self._sender.send(
            get_call.request(text),
            get_call.RESPONSES,
            check=functools.partial(check_call, expected_id=text if self._verify_call_id else None),
            **validate_request_options(timeout, max_retries),
        )
        return _results(envelope)

    async def wait(
        self,
        call_id: str | uuid.UUID,
        *,
        until: Until = "analysis",
        timeout: float = 900.0,
        poll_interval: float = 1.0,
        max_interval: float = 20.0,
        not_found_for: float = 0.0,
        analysis_grace: float = 120.0,
    ) -> Call:
        """Fetch a call again and again until it is over and analysed, and return it.

        The document lists the statuses, and says that ``call_analysis`` and ``call_recording_url`` can be null. It
        does not say which statuses are final, nor when analysis and recording come. That is this client's reading:

        - Completed, failed, busy, no-answer and canceled are final. An unknown status is not.
        - ``until="final"``: the status is final.
        - ``until="analysis"``: and ``call_analysis`` has a value. Calls with another final status than completed get
          none, nor do those that have none ``analysis_grace`` seconds after their end. The end is when this client
          first saw it, or the server's ``end_time``, if the Date of the response agrees with this machine's clock.
        - ``until="recording"``: the status is final and ``call_recording_url`` has a value. Calls with another final
          status than completed get none, nor do those whose ``call_recording_enabled`` is false.

        A call that failed is returned like any other: look at its status. A final status that changes and a time that
        goes backwards are followed, and reported as a ``Drift``, which raises under ``strict``.

        Each poll is a request with the timeout, the retries and the rate limit of the client. Connection errors,
        timeouts, 429 and 5xx do not end the wait; a Retry-After replaces the delay.

        Args:
            call_id: As for ``get``.
            until: See above; or a function, which may be async, that says of each fetched call whether it is as you
                want it. What it raises comes out as it is.
            timeout: Seconds for everything: all polls, the delays, and an async ``until``.
            poll_interval: Seconds from the first poll to the second. The delay then grows by half with each poll. Each
                is shortened at random, by up to a half.
            max_interval: Seconds of the longest delay.
            not_found_for: Seconds in which a 404 means that the call is not there yet.
            analysis_grace: Seconds after the end of a call after which an analysis is no longer expected.

        Raises:
            WaitTimeoutError: The time ran out. It has the call as last seen.
            ConfigurationError: An option cannot be used, or the client is closed.
            InvalidCallIdError: The id cannot be sent.
            NotFoundError: No call has this id.
            PuretalkError: A failure that is not transient, such as AuthenticationError, PermissionDeniedError,
                CallIdMismatchError and ResponseDecodeError.
        """
        return await self._poller(
            call_id,
            until=until,
            timeout=timeout,
            poll_interval=poll_interval,
            max_interval=max_interval,
            not_found_for=not_found_for,
            analysis_grace=analysis_grace,
        ).wait()

    def watch(
        self,
        call_id: str | uuid.UUID,
        *,
        until: Until = "analysis",
        timeout: float = 900.0,
        poll_interval: float = 1.0,
        max_interval: float = 20.0,
        not_found_for: float = 0.0,
        analysis_grace: float = 120.0,
    ) -> CallWatch:
        """Return an async iterator over the states of a call, from the first poll to where ``wait`` returns.

        It yields the call whenever it is not equal to the one before. It can be left at any time. The time begins to
        run with the first item that you request. All else is as for ``wait``.

        Raises:
            ConfigurationError: An option cannot be used; while iterating: the client is closed.
            InvalidCallIdError: The id cannot be sent.
            WaitTimeoutError: While iterating: the time ran out.
            PuretalkError: While iterating: as for ``wait``.
        """
        return CallWatch(
            self._poller(
                call_id,
                until=until,
                timeout=timeout,
                poll_interval=poll_interval,
                max_interval=max_interval,
                not_found_for=not_found_for,
                analysis_grace=analysis_grace,
            )
        )

    def _poller(self, call_id: str | uuid.UUID, **options: Any) -> Poller:
        return Poller(self._sender, validate_call_id(call_id), verify_call_id=self._verify_call_id, **options)

    @property
    def with_raw_response(self) -> RawCalls:
        """The same operations, which return the response as received."""
        return RawCalls(self._sender, verify_call_id=self._verify_call_id)

    async def download_recording(
        self,
        call: Call,
        target: Target,
        *,
        max_bytes: int = 512 * 1024 * 1024,
        timeout: float = 300.0,
    ) -> int:
        """Download the recording of a call (openapi.yaml: ``Call.call_recording_url``).

        The URL comes from the server, so it is not trusted: only https, no host that resolves to a private,
        loopback or link-local address, and the API key is sent to the API's own origin only. Up to five redirects
        are followed under the same rules. A client whose base URL is on loopback may also download from there.

        The connection uses the TLS settings of the client, an external one's too, but no proxy, which would look up
        the host itself: where only a proxy leads outside, fetch ``call.call_recording_url`` with your own client.

        Args:
            call: A fetched call.
            target: A path, which gets the complete recording or stays as it is, readable by its owner only; or a
                file open for writing bytes.
            max_bytes: Largest size of the recording, in bytes.
            timeout: Seconds for the whole download.

        Returns:
            The size of the recording in bytes.

        Raises:
            DownloadError: The call has no recording, or its URL is not to be trusted.
            ResponseTooLargeError: The recording is larger than ``max_bytes``.
            PuretalkError: The network or the server failed.
            OSError: The target cannot be written.
        """
        if call.call_recording_url is None:
            raise DownloadError("The call has no recording")
        url = Secret(call.call_recording_url)
        return await download(self._sender, url, target, max_bytes=max_bytes, timeout=timeout)


class RawCalls:
    """Operations on phone calls that return the response as received, as ``client.calls.with_raw_response``."""

    def __init__(self, sender: Sender, *, verify_call_id: bool) -> None:
        self._sender = sender
        self._verify_call_id = verify_call_id

    async def get(
        self, call_id: str | uuid.UUID, *, timeout: float | None = None, max_retries: int | None = None
    ) -> RawResponse[Call]:
        """Fetch a call (openapi.yaml: ``GET /calls/{call_id}``); ``parse()`` of the response returns it.

        Args:
            call_id: The call's id: a UUID, or up to 256 characters that can be one path segment.
            timeout: Seconds for the request with all its attempts; else the client's.
            max_retries: How often it is sent again after a transient failure; else the client's.

        Raises:
            InvalidCallIdError: The id cannot be sent.
            NotFoundError: No call has this id.
            PuretalkError: Anything else that failed; see ``puretalk_client.errors``. Whether the body can be trusted
                is for ``parse()`` to say.
        """
        text = validate_call_id(call_id)
        response = await self._sender.send_raw(
            get_call.request(text),
            get_call.RESPONSES,
            check=functools.partial(check_call, expected_id=text if self._verify_call_id else None),
            **validate_request_options(timeout, max_retries),
        )
        return response.map(_results)


def _results(envelope: GetCallResponse) -> Call:
    assert isinstance(envelope.results, Call)  # check_call refuses anything else
    return envelope.results


def validate_call_id(call_id: str | uuid.UUID) -> str:
    """Return ``call_id`` as text if it can be one path segment of a request.

    Raises:
        InvalidCallIdError: It is empty, a dot segment (RFC 3986, section 5.2.4), longer than 256 characters,
            or holds a control character or a lone surrogate.
    """
    if isinstance(call_id, uuid.UUID):
        return str(call_id)
    if not isinstance(call_id, str):
        raise InvalidCallIdError(f"A call id must be a str or a UUID, not {type(call_id).__name__}")
    if call_id in ("", ".", "..") or len(call_id) > MAX_CALL_ID_LENGTH:
        raise InvalidCallIdError(f"The call id is empty, '.', '..' or longer than {MAX_CALL_ID_LENGTH} characters")
    if _UNSENDABLE.search(call_id):
        raise InvalidCallIdError("The call id holds a control character or a lone surrogate")
    return call_id
