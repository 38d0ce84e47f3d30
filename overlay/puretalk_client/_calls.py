"""The operations on calls: ``client.calls``."""

from __future__ import annotations

import functools
import uuid
from typing import Any

from puretalk_generated.api.calls import get_call

from ._core.download import Target, download
from ._core.options import Retries, validate_request_options
from ._core.redaction import Secret
from ._core.sender import Sender
from ._core.telemetry import Operation
from ._envelope import check_call, results_of, validate_call_id
from ._many import CallIds, FetchResults, default_concurrency
from ._raw_calls import RawCalls
from ._until import Until
from ._wait import CallWatch, Poller
from .errors import DownloadError
from .models import Call


class CallsResource:
    """Operations on phone calls, as ``client.calls``."""

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
    ) -> Call:
        """Fetch a call (openapi.yaml: ``GET /calls/{call_id}``).

        Args:
            call_id: The call's id: a UUID, or up to 256 characters that can be one path segment.
            timeout: Seconds for the request with all its attempts. Default: the client's.
            max_retries: How often a transient failure is retried. Default: the client's.
            retries: Limits of retries, in place of ``max_retries``. Default: the client's.

        Raises:
            InvalidCallIdError: The id cannot be sent.
            NotFoundError: No call has this id.
            CallIdMismatchError: The response has the id of another call.
            PuretalkError: Anything else failed; see ``puretalk_client.errors``.
        """
        text = validate_call_id(call_id)
        envelope = await self._sender.send(
            get_call.request(text),
            get_call.RESPONSES,
            check=functools.partial(check_call, expected_id=text if self._verify_call_id else None),
            **validate_request_options(timeout, max_retries, retries),
        )
        return results_of(envelope)

    def get_many(
        self,
        ids: CallIds,
        *,
        concurrency: int | None = None,
        ordered: bool = False,
        retries: Retries | None = None,
        timeout: float | None = None,
    ) -> FetchResults:
        """Fetch many calls concurrently, and return an async iterator over the results.

        For example::

            async for result in client.calls.get_many(["be8b84ed-16d8-459e-b71c-b0f54fce5ec1", "no-such-call"]):
                print(result.call or result.error)

        If one call fails, its result has the error, and the iteration goes on. A 401, a 403, and a ConfigurationError,
        such as that of a closed client, end the iteration. So does an exception of ``ids``.

        If you leave the loop, with ``break`` or an exception, the requests in progress end a moment later. To end them
        before the next line runs, use ``async with client.calls.get_many(ids) as results:``.

        Args:
            ids: The calls' ids, any number of them: an iterable, or an async iterable. It is read lazily, in the event
                loop. An id that occurs again while it is being fetched is not fetched twice; each occurrence gets the
                result.
            concurrency: How many ids to read ahead of the results that you have taken, at least 1. Default: the
                client's ``max_connections``, or fewer if requests would wait for a numeric ``rate_limit`` for more
                than half of their time.
            ordered: Yield the results in the order of ``ids``, instead of as they arrive.
            retries: Limits of the retries of each request. With a ``deadline``, a batch survives an outage. Default:
                the client's.
            timeout: Seconds for each request. Default: the client's.

        Raises:
            ConfigurationError: An option cannot be used, or ``ids`` is a text or cannot be iterated. While iterating:
                the client is closed, or its key cannot be used.
            AuthenticationError: While iterating: the API key is wrong.
            PermissionDeniedError: While iterating: the API key may not read a call.
        """
        options = validate_request_options(timeout, None, retries)
        if concurrency is None:
            concurrency = default_concurrency(self._sender, options["timeout"], retries)
        return FetchResults(
            functools.partial(self.get, timeout=options["timeout"], retries=retries),
            ids,
            concurrency,
            ordered=ordered,
            operation=Operation(self._sender.telemetry, "calls.get_many"),
        )

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
        """Poll a call until it is over and analysed, and return it.

        The document lists the statuses, and says that ``call_analysis`` and ``call_recording_url`` can be null. It
        does not say which statuses are final, nor when analysis and recording appear. This client assumes:

        - Completed, failed, busy, no-answer and canceled are final. An unknown status is not.
        - ``until="final"`` is reached when the status is final.
        - ``until="analysis"`` is reached when the status is final and ``call_analysis`` has a value. It is also reached
          without a value by a call that ended, but was not completed, and by any call ``analysis_grace`` seconds after
          its end. The end is when this client first saw it, or the server's ``end_time``, if the Date of the response
          agrees with this machine's clock.
        - ``until="recording"`` is reached when the status is final and ``call_recording_url`` has a value. It is also
          reached without a value by a call that ended, but was not completed, and by one whose
          ``call_recording_enabled`` is false.

        A call that failed is returned too: look at its status. If a final status changes, or a time goes backwards, the
        client accepts it and reports a ``Drift``; with ``strict=True`` it raises.

        Each poll is a request with the timeout, the retries and the rate limit of the client. Connection errors,
        timeouts, 429 and 5xx do not end the wait. A Retry-After replaces the next delay.

        Args:
            call_id: As for ``get``.
            until: One of the states above; or a function, which may be async, that receives each fetched call and
                returns whether to stop. Its exceptions are raised unchanged.
            timeout: Seconds for everything: all polls, the delays, and an async ``until``.
            poll_interval: Seconds from the first poll to the second. The delay then grows by half with each poll. Each
                delay is shortened at random, by up to a half.
            max_interval: Longest delay in seconds, at least ``poll_interval``.
            not_found_for: Seconds from the start during which a 404 does not end the wait: the call may not exist yet.
            analysis_grace: Seconds after the end of a call to wait for its analysis.

        Raises:
            WaitTimeoutError: The time ran out. ``error.call`` is the call as last seen.
            ConfigurationError: An option cannot be used, or the client is closed.
            InvalidCallIdError: The id cannot be sent.
            NotFoundError: No call has this id.
            PuretalkError: A failure that is not transient, such as AuthenticationError, PermissionDeniedError,
                CallIdMismatchError and ResponseDecodeError.
        """
        poller = self._poller(
            call_id,
            until=until,
            timeout=timeout,
            poll_interval=poll_interval,
            max_interval=max_interval,
            not_found_for=not_found_for,
            analysis_grace=analysis_grace,
        )
        with Operation(self._sender.telemetry, "calls.wait"):
            return await poller.wait()

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
        """Return an async iterator over the states of a call, which ends where ``wait`` would return.

        It yields the call whenever it differs from the one before. You can leave the loop at any time. The time begins
        with the first iteration. The arguments are those of ``wait``.

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

    def wait_many(
        self,
        ids: CallIds,
        *,
        until: Until = "analysis",
        timeout: float = 900.0,
        poll_interval: float = 1.0,
        max_interval: float = 20.0,
        not_found_for: float = 0.0,
        analysis_grace: float = 120.0,
        concurrency: int = 1000,
        ordered: bool = False,
    ) -> FetchResults:
        """Wait for many calls, as ``wait`` does for one, and return an async iterator over the results.

        The iteration works as for ``get_many``.

        Args:
            ids: As for ``get_many``. The time of a call begins when its id is read.
            until: See ``wait``. An exception of your function ends the iteration.
            timeout: Seconds for each call. The result of a call that needs longer has a WaitTimeoutError.
            poll_interval: See ``wait``.
            max_interval: See ``wait``.
            not_found_for: See ``wait``.
            analysis_grace: See ``wait``.
            concurrency: How many ids to read ahead of the results that you have taken, at least 1. Between two polls,
                a call needs some kilobytes of memory and no connection.
            ordered: See ``get_many``.

        Raises:
            ConfigurationError: As for ``get_many``.
            AuthenticationError: As for ``get_many``.
            PermissionDeniedError: As for ``get_many``.
        """
        options: dict[str, Any] = {
            "until": until,
            "timeout": timeout,
            "poll_interval": poll_interval,
            "max_interval": max_interval,
            "not_found_for": not_found_for,
            "analysis_grace": analysis_grace,
        }
        self._poller("-", **options)  # refuses what cannot work, before an id is read
        operation = Operation(self._sender.telemetry, "calls.wait_many")
        return FetchResults(
            functools.partial(self.wait, **options), ids, concurrency, ordered=ordered, operation=operation
        )

    def _poller(self, call_id: str | uuid.UUID, **options: Any) -> Poller:
        return Poller(self._sender, validate_call_id(call_id), verify_call_id=self._verify_call_id, **options)

    @property
    def with_raw_response(self) -> RawCalls:
        """The same operations, returning the response as received."""
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

        The URL comes from the server and is not trusted. The client uses https only, refuses hosts that resolve to a
        private, loopback or link-local address, and sends the API key to the API's own origin only. It follows up to
        five redirects under the same rules. If the base URL is on loopback, the recording may be there, too.

        The download uses the client's TLS settings, also those of your own ``http_client``, but no proxy: a proxy would
        resolve the host itself. If only a proxy leads outside, fetch ``call.call_recording_url`` with your own client.
        An ``http_client`` with an ``httpx.ASGITransport``, which leads to an app in this process, is used as it is.

        Args:
            call: A fetched call.
            target: A file open for writing bytes; or a path. The file at the path is complete or is not changed, and
                only its owner can read it.
            max_bytes: Largest size of the recording, in bytes. Default: 512 MiB.
            timeout: Seconds for the whole download.

        Returns:
            The size of the recording in bytes.

        Raises:
            DownloadError: The call has no recording, or its URL cannot be trusted.
            ResponseTooLargeError: The recording is larger than ``max_bytes``.
            PuretalkError: The network or the server failed.
            OSError: The target cannot be written.
        """
        if call.call_recording_url is None:
            raise DownloadError("The call has no recording")
        url = Secret(call.call_recording_url)
        with Operation(self._sender.telemetry, "calls.download_recording"):
            return await download(self._sender, url, target, max_bytes=max_bytes, timeout=timeout)
