"""The sandbox: an ASGI app that behaves as openapi.yaml describes, and can be scripted."""

from __future__ import annotations

import threading
import uuid
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from typing import Any, Self
from urllib.parse import quote, unquote_to_bytes

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from puretalk_generated.api.calls import get_call

from ..models import Call
from ._connection import cut_connection, disconnects_within, read_body, reset_connection
from ._fault import Fault
from ._key import is_authorized, without_key
from ._lifecycle import Lifecycle, Statuses
from ._recording_file import read_recording
from ._recordings import Recordings, is_for_recordings, recorded_call
from ._samples import example_call, sample_call
from ._served_calls import RecordedCall, ScriptedCall, ServedCall, error_response, json_response
from ._traffic import Outage, RateLimit, Traffic, running_clock

_GET_CALL = get_call.request("id")
*_CALLS, _ = f"/api{_GET_CALL.path}".encode().split(b"/")
_MAX_REQUESTS = 1000
_MAX_SHOWN = 5


@dataclass(frozen=True)
class ReceivedRequest:
    """A request as the sandbox received it.

    Attributes:
        method: HTTP method, e.g. ``GET``.
        path: Path as sent, percent-encoded, e.g. ``/api/calls/a%2Fb``.
        call_id: The decoded id, e.g. ``a/b``; None if the path is not that of a call or of a recording.
        headers: Header fields without the API key. Look names up in any case.
        query: The query string, percent-encoded, without the question mark and the API key.
        body: The body, up to its first mebibyte.
    """

    method: str
    path: str
    call_id: str | None
    headers: Headers
    query: str = field(default="", repr=False)
    body: bytes = field(default=b"", repr=False)


class Sandbox:
    """An in-memory test double of the Puretalk API.

    It is an ASGI app: pass it to ``httpx.ASGITransport(app=sandbox)`` and use ``base_url``, or pass it to
    ``serve`` or ``running_server`` for a real socket. It implements ``GET /api/calls/{call_id}`` and contains
    the calls ``EXAMPLE_CALL_ID`` and ``SAMPLE_CALL_ID``. Any thread may script it while it runs.

    Args:
        api_key: The only API key that it accepts. Any other value results in a 401.

    Attributes:
        api_key: The accepted key.
        base_url: The base URL for use in process.

    Raises:
        ValueError: The key is empty or is not a valid header value.
    """

    base_url = "https://sandbox.test/api"

    def __init__(self, api_key: str = "sandbox-key") -> None:
        if not (api_key.strip() == api_key != "" and api_key.isascii() and api_key.isprintable()):
            raise ValueError("api_key must be printable ASCII text without spaces around it")
        self.api_key = api_key
        self._lock = threading.Lock()
        self._calls: dict[str, ServedCall] = {}
        self._recordings = Recordings()
        self._traffic = Traffic()
        self._requests: deque[ReceivedRequest] = deque(maxlen=_MAX_REQUESTS)
        self._unexpected: deque[str] = deque(maxlen=_MAX_REQUESTS)
        self.add_call(example_call())
        self.add_call(sample_call())

    @classmethod
    def from_recording(cls, path: str | PathLike[str], *, api_key: str = "sandbox-key") -> Self:
        """Make a sandbox that serves the responses that a ``Recorder`` wrote to a file.

        Each fetch of a call gets the next of its recorded responses, failures and Retry-After included. After the last
        one, every fetch gets that. Responses of other operations than ``GET /calls/{call_id}`` are ignored.

        Args:
            path: The file.
            api_key: As for ``Sandbox``.

        Raises:
            RecorderError: A ``Recorder`` did not write the file, or its last line is not complete.
            OSError: The file cannot be read.
        """
        sandbox, calls = cls(api_key), dict[str, RecordedCall]()
        for recorded in read_recording(path):
            if (recorded.method, recorded.path_template) == (_GET_CALL.method, _GET_CALL.path_template):
                call_id = next(iter(recorded.parameters.values()), "")  # the only parameter, whatever its name
                calls.setdefault(call_id, RecordedCall()).add(recorded)
        sandbox._calls.update(calls)
        return sandbox

    def __repr__(self) -> str:
        return f"<Sandbox calls={len(self._calls)} faults={len(self._traffic.faults)}>"

    @property
    def requests(self) -> list[ReceivedRequest]:
        """The last 1000 requests, oldest first, including those that failed."""
        with self._lock:
            return list(self._requests)

    def add_call(self, call: Mapping[str, Any] | Call) -> str:
        """Add a call, or replace the call with the same id.

        Args:
            call: A ``Call``, or a call in the API's JSON format (``Call`` in openapi.yaml). The sandbox does not
                validate it, so that tests can use calls that do not match the spec. It keeps a copy.

        Returns:
            The ``call_id``, a new one if the call has none.

        Raises:
            ValueError: The ``call_id`` is not a text or is empty, or JSON cannot represent a value.
            TypeError: A value has a type that JSON does not support.
        """
        return self._add(_to_dict(call), None)

    def add_lifecycle(
        self,
        call: Mapping[str, Any] | Call,
        statuses: Statuses = ("queued", "ringing", "in progress", "completed"),
        analysis_after: float = 1,
        recording_after: float = 1,
    ) -> str:
        """Add a call that advances with each fetch, or with the clock of the event loop.

        With a list of statuses, each fetch returns the next one, and ``analysis_after`` and ``recording_after`` count
        fetches. With a mapping such as ``{0: "queued", 5: "in progress", 30: "completed"}``, all numbers are seconds
        from the first fetch on, and the call starts and ends by that clock. In virtual time, it takes no real time.

        A queued or ringing call has no start time and no transcript. A call in progress has started and has
        the first half of its transcript. A call with the status no-answer, busy, failed or canceled has ended, and
        never gets a start time, a duration, a transcript, an analysis or a recording. With any other status, the call
        has ended and lacks only its analysis, ``sentiment`` and recording, which follow after the last status.

        Args:
            call: The finished call, e.g. ``make_call(call_id="42")``.
            statuses: The statuses that consecutive fetches return; or a mapping from the second in which a status
                begins to the status.
            analysis_after: Fetches or seconds from the last status to the analysis, at least 0.
            recording_after: Fetches or seconds from the last status to the recording, at least 0.

        Returns:
            The ``call_id``, a new one if the call has none.

        Raises:
            ValueError: As for ``add_call``; ``statuses`` is empty, a single text or does not begin with second 0; or
                a number is negative or not finite.
            TypeError: As for ``add_call``.
        """
        call = _to_dict(call)
        return self._add(call, Lifecycle(call, statuses, analysis_after, recording_after))

    def add_recording(self, call_id: str, content: bytes | None = None, *, seconds: float | None = None) -> None:
        """Add or replace the recording of a call, and set its ``call_recording_url``.

        The URL is on another host or port than the API. In process, ``download_recording`` reaches it through the
        ``http_client`` with its ``httpx.ASGITransport``; on loopback, through the socket of ``serve`` or
        ``running_server``. A request that has the API key gets a 400. Faults with ``recording=True`` apply to it.

        Args:
            call_id: A call of this sandbox. A call with a lifecycle has the URL once its recording is due, and a call
                of ``from_recording`` has it wherever it had a URL.
            content: The bytes of the recording. Default: a WAV file with a quiet tone.
            seconds: Duration of the WAV file, from 0 to 3600. Default: 1.

        Raises:
            ValueError: There is no such call; ``seconds`` is not from 0 to 3600; or both are passed.
            TypeError: ``content`` is not bytes.
        """
        with self._lock:
            if call_id not in self._calls:
                raise ValueError("there is no such call: add it first")
            self._calls[call_id].set_recording(self._recordings.add(call_id, content, seconds))

    def fail_next(self, *faults: Fault) -> None:
        """Script the next responses, first in, first out.

        Args:
            *faults: Each applies to one request: the next one, or the next one for its ``call_id``.
        """
        with self._lock:
            self._traffic.faults.extend(faults)

    def fail_for(self, seconds: float, fault: Fault) -> None:
        """Script an outage: every request gets this fault for a time, unless ``fail_next`` has another one.

        The outage begins now, or with the first request if no event loop is running.

        Args:
            seconds: Duration by the clock of the event loop, above 0.
            fault: The fault.

        Raises:
            ValueError: ``seconds`` is not a positive number.
        """
        outage = Outage(fault, seconds, running_clock())
        with self._lock:
            self._traffic.outages.append(outage)

    def set_rate_limit(self, rate: float | None, *, burst: int | None = None) -> None:
        """Refuse requests that come too fast, as a gateway does: with status 429 and Retry-After.

        Args:
            rate: Requests per second by the clock of the event loop, above 0. None removes the limit.
            burst: Number of requests that may come at once after a pause, at least 1. Default: those of one second.

        Raises:
            ValueError: The rate is not a positive number, or the burst is less than one.
        """
        limit = None if rate is None else RateLimit(rate, burst)
        with self._lock:
            self._traffic.rate_limit = limit

    def verify(self) -> None:
        """Check at the end of a test that everything went as scripted. The fixture ``puretalk_sandbox`` does.

        A request is unexpected if it got a 404 or a 405 that no fault scripted: its path or method is not in the API,
        or no call has its id. Outages and rate limits need not have met a request.

        Raises:
            AssertionError: A fault of ``fail_next`` was not used, or a request was unexpected.
        """
        with self._lock:
            unused, unexpected = list(self._traffic.faults), list(self._unexpected)
        problems = []
        if unused:
            problems.append(f"Faults that no request used: {_enumerate([repr(fault) for fault in unused])}")
        if unexpected:
            hint = "If a call is missing on purpose, script fail_next(Fault(status=404))"
            problems.append(f"Unexpected requests: {_enumerate(unexpected)}. {hint}")
        if problems:
            raise AssertionError("\n".join(problems))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request (ASGI 3, HTTP only)."""
        if scope["type"] != "http":
            # ASGI, "Lifespan Protocol": an app that does not support it raises, and the server continues.
            raise NotImplementedError("the sandbox supports HTTP only")
        # Only raw_path distinguishes a/b from a%2Fb, but ASGI servers may omit it.
        path: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
        known_path, call_id = _parse_path(path)
        is_recording = is_for_recordings(scope)
        if is_recording:
            call_id = recorded_call(path)
        body = await read_body(receive)
        with self._lock:
            self._requests.append(_received(scope, path, call_id, body))
            fault = self._traffic.take_fault(call_id, is_recording=is_recording)
        if fault.delay and await disconnects_within(fault.delay, receive):
            return
        if fault.reset:
            await reset_connection(scope, receive)
            return
        if fault.replaces_content:
            response = json_response(fault.status or 200, fault.content())
        elif is_recording:
            response = self._recordings.respond(scope, call_id, self.api_key)
        else:
            response = self._respond(scope, known_path, call_id)
        response.headers.update(fault.headers)
        if fault.cut_after is not None and fault.cut_after < len(response.body):
            await cut_connection(response, fault.cut_after, scope, receive, send)
        else:
            await response(scope, receive, send)

    def _add(self, call: Mapping[str, Any], lifecycle: Lifecycle | None) -> str:
        call_id = call.get("call_id", str(uuid.uuid4()))
        if not isinstance(call_id, str) or not call_id:
            raise ValueError("call_id must be a text that is not empty")
        added = ScriptedCall(call_id, call, lifecycle)
        with self._lock:
            self._calls[call_id] = added
        return call_id

    def _respond(self, scope: Scope, known_path: bool, call_id: str | None) -> Response:
        if not is_authorized(scope, self.api_key):
            return error_response(401, "Missing or invalid API key")
        line = f"{scope['method']} {scope['path']!r}"
        if known_path and scope["method"] != "GET":
            self._unexpected.append(line)
            return error_response(405, "Method not allowed")
        with self._lock:
            call = self._calls.get(call_id) if call_id is not None else None
            if call is None:
                self._unexpected.append(line)
                return error_response(404, "Call not found" if known_path else "Not found")
            return self._recordings.relocate(call.fetch(), scope)


def _to_dict(call: Mapping[str, Any] | Call) -> Mapping[str, Any]:
    return call.to_dict() if isinstance(call, Call) else call


def _enumerate(texts: list[str]) -> str:
    more = f" and {len(texts) - _MAX_SHOWN} more" if len(texts) > _MAX_SHOWN else ""
    return ", ".join(texts[:_MAX_SHOWN]) + more


def _parse_path(path: bytes) -> tuple[bool, str | None]:
    """Return whether a percent-encoded path is the path of a call, and its id; None if the id is not UTF-8."""
    *before, call_id = (unquote_to_bytes(segment) for segment in path.split(b"/"))
    if before != _CALLS or not call_id:
        return False, None
    try:
        return True, call_id.decode()
    except UnicodeDecodeError:
        return True, None


def _received(scope: Scope, path: bytes, call_id: str | None, body: bytes) -> ReceivedRequest:
    headers, query = without_key(scope)
    return ReceivedRequest(scope["method"], path.decode("latin-1"), call_id, headers, query, body)
