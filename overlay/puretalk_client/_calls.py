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
            timeout: Seconds for the request with all its attempts; else the client's.
            max_retries: How often it is sent again after a transient failure; else the client's.
            retries: In place of ``max_retries``, how patient it is; else the client's.

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
        """Fetch many calls, some of them at a time, and return an async iterator over the results.

        For example::

            async for result in client.calls.get_many(["be8b84ed-16d8-459e-b71c-b0f54fce5ec1", "no-such-call"]):
                print(result.call or result.error)

        The failure of one call is a result like any other. 401, 403, a ConfigurationError and a client that is closed
        end the iteration with that error, and what ``ids`` raises ends it likewise.

        Leaving the loop, with ``break`` or an exception, ends the requests in progress, a moment later. With
        ``async with client.calls.get_many(ids) as results:``, they have ended when the block has.

        Args:
            ids: The calls' ids, any number of them: an iterable, or an async iterable. It is read lazily, in the event
                loop. An id that is being fetched is not fetched again; each occurrence gets its result.
            concurrency: How many ids are read ahead of the results that you have taken; else the client's
                ``max_connections``, or fewer where a number as ``rate_limit`` would let requests wait for half of
                their time.
            ordered: Whether results come in the order of ``ids``, and not as they arrive.
            retries: How patient each request is; else the client's. With a ``deadline``, a batch survives an outage.
            timeout: Seconds for each request; else the client's.

        Raises:
            ConfigurationError: An option cannot be used, or ``ids`` is a text or cannot be iterated; while iterating,
                what every request would end with.
            AuthenticationError: While iterating: the API key is wrong.
            PermissionDeniedError: While iterating: the API key is not for these calls.
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
        """Wait for many calls, and return an async iterator over the results; all else is as for ``get_many``.

        Args:
            ids: As for ``get_many``. The time of a call begins to run when its id is read.
            until: As for ``wait``, like the options that follow. What a function raises ends the iteration.
            timeout: Seconds for each call; a call that needs longer is a result with a WaitTimeoutError.
            poll_interval: See ``wait``.
            max_interval: See ``wait``.
            not_found_for: See ``wait``.
            analysis_grace: See ``wait``.
            concurrency: How many ids are read ahead of the results that you have taken. A call that is waited for
                needs no connection, but some kilobytes of memory and a request every 20 s.
            ordered: As for ``get_many``.

        Raises:
            ConfigurationError: As for ``get_many``, which has the other errors as well.
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
        An external client with an ``httpx.ASGITransport``, which leads to an app in this process, is used as it is.

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
        with Operation(self._sender.telemetry, "calls.download_recording"):
            return await download(self._sender, url, target, max_bytes=max_bytes, timeout=timeout)
