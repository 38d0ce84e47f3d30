"""The sandbox: an ASGI app that answers as openapi.yaml says, and can be scripted."""

from __future__ import annotations

import asyncio
import hmac
import threading
import uuid
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from puretalk_client.testing._fault import Fault, error_json, to_json
from puretalk_client.testing._lifecycle import lifecycle
from puretalk_client.testing._samples import example_call, sample_call

_KEY_HEADER = "x-api-key"
_REQUESTS_KEPT = 1000
_BODY_KEPT = 1 << 20


@dataclass(frozen=True)
class ReceivedRequest:
    """One request as it reached the sandbox.

    Attributes:
        method: HTTP method, e.g. ``GET``.
        path: Path as it was sent, percent-encoded, e.g. ``/api/calls/a%2Fb``.
        call_id: The decoded id, e.g. ``a/b``; None where the path is not that of a call.
        headers: Header fields, names in any case, without X-API-KEY.
        query: What stood behind the question mark, percent-encoded.
        body: The first mebibyte of it.
    """

    method: str
    path: str
    call_id: str | None
    headers: Headers
    query: str = field(default="", repr=False)
    body: bytes = field(default=b"", repr=False)


class Sandbox:
    """A double of the Puretalk API that holds its calls in memory.

    It is an ASGI app: hand it to ``httpx.ASGITransport(app=sandbox)`` with ``base_url`` below, or to
    ``serve`` for a real socket. It answers ``GET /api/calls/{call_id}`` and knows ``EXAMPLE_CALL_ID`` and
    ``SAMPLE_CALL_ID``. Any thread may script it while it answers.

    Args:
        api_key: The only value of X-API-KEY that it accepts; any other gets a 401.

    Attributes:
        api_key: As given.
        base_url: Base URL for use in process.

    Raises:
        ValueError: The key is empty or cannot be a header value.
    """

    base_url = "https://sandbox.test/api"

    def __init__(self, api_key: str = "sandbox-key") -> None:
        if not (api_key.strip() == api_key != "" and api_key.isascii() and api_key.isprintable()):
            raise ValueError("api_key must be printable ASCII text without spaces around it")
        self.api_key = api_key
        self._lock = threading.Lock()
        self._answers: dict[str, deque[bytes]] = {}
        self._faults: list[Fault] = []
        self._requests: deque[ReceivedRequest] = deque(maxlen=_REQUESTS_KEPT)
        self.add_call(example_call())
        self.add_call(sample_call())

    def __repr__(self) -> str:
        return f"<Sandbox calls={len(self._answers)} faults={len(self._faults)}>"

    @property
    def requests(self) -> list[ReceivedRequest]:
        """The last 1000 requests, oldest first, whatever they were answered."""
        with self._lock:
            return list(self._requests)

    def add_call(self, call: Mapping[str, Any]) -> str:
        """Make a call known, in place of one with the same id.

        Args:
            call: The call in the API's JSON shape (``Call`` in openapi.yaml). It need not be valid: a
                test may want to see what a client makes of it. Later changes to it are not seen.

        Returns:
            Its ``call_id``, a new one where it has none.

        Raises:
            ValueError: The ``call_id`` is not a text or is empty, or a value cannot be JSON.
            TypeError: A value is of a type that JSON does not know.
        """
        return self._add([dict(call)])

    def add_lifecycle(
        self,
        call: Mapping[str, Any],
        statuses: Sequence[str] = ("queued", "ringing", "in progress", "completed"),
        analysis_after: int = 1,
    ) -> str:
        """Make a call known that goes one step further with each fetch.

        Queued and ringing: no start time, no transcript. In progress: started, with the first half of
        the transcript. Any other status: over, all but the analysis. At the end: ``call`` as given, with
        the last status. ``sentiment`` comes with the analysis.

        Args:
            call: The finished call, e.g. ``sample_call(call_id="42")``.
            statuses: What the fetches see, one status each.
            analysis_after: How many fetches see the last status before the analysis is there.

        Returns:
            Its ``call_id``, a new one where it has none.

        Raises:
            ValueError: As for ``add_call``; no status, or a negative number of fetches.
            TypeError: As for ``add_call``.
        """
        return self._add(lifecycle(call, statuses, analysis_after))

    def fail_next(self, *faults: Fault) -> None:
        """Script the next answers, first in, first out.

        Args:
            *faults: Each is used up by one request: the next, or the next one for its ``call_id``.
        """
        with self._lock:
            self._faults.extend(faults)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI 3, HTTP only)."""
        if scope["type"] != "http":
            # ASGI, "Lifespan Protocol": an app without one raises, and the server goes on.
            raise NotImplementedError("the sandbox speaks HTTP only")
        # The decoded path cannot tell a/b from a%2Fb; raw_path can, but an ASGI server may leave it out.
        path: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
        known_path, call_id = _parse_path(path)
        body = await _read_body(receive)
        with self._lock:
            self._requests.append(_received(scope, path, call_id, body))
            fault = self._take_fault(call_id)
        if fault.delay and not await _outlasts(fault.delay, receive):
            return
        if fault.replaces_answer:
            response = _json_response(fault.status or 200, fault.content())
        else:
            response = self._answer(scope, known_path, call_id)
        response.headers.update(fault.headers)
        await response(scope, receive, send)

    def _add(self, steps: Sequence[dict[str, Any]]) -> str:
        call_id = steps[0].get("call_id", str(uuid.uuid4()))
        if not isinstance(call_id, str) or not call_id:
            raise ValueError("call_id must be a text that is not empty")
        answers = deque(_success_json({**step, "call_id": call_id}) for step in steps)
        with self._lock:
            self._answers[call_id] = answers
        return call_id

    def _take_fault(self, call_id: str | None) -> Fault:
        for index, fault in enumerate(self._faults):
            if fault.call_id is None or fault.call_id == call_id:
                return self._faults.pop(index)
        return Fault()

    def _answer(self, scope: Scope, known_path: bool, call_id: str | None) -> Response:
        # A key sent twice is joined as RFC 9110, section 5.3 has it, and so is a wrong one.
        key = ", ".join(Headers(scope=scope).getlist(_KEY_HEADER))
        if not hmac.compare_digest(key.encode(), self.api_key.encode()):
            return _json_response(401, error_json("Missing or invalid API key"))
        if known_path and scope["method"] != "GET":
            response = _json_response(405, error_json("Method not allowed"))
            response.headers["allow"] = "GET"
            return response
        with self._lock:
            answers = self._answers.get(call_id) if call_id is not None else None
            if answers is None:
                return _json_response(404, error_json("Call not found" if known_path else "Not found"))
            return _json_response(200, answers.popleft() if len(answers) > 1 else answers[0])


def _parse_path(path: bytes) -> tuple[bool, str | None]:
    """Whether a percent-encoded path is that of a call, and the id; None where that is not UTF-8."""
    match [unquote_to_bytes(segment) for segment in path.split(b"/")]:
        case [b"", b"api", b"calls", call_id] if call_id:
            try:
                return True, call_id.decode()
            except UnicodeDecodeError:
                return True, None
    return False, None


async def _read_body(receive: Receive) -> bytes:
    """Read the body of a request to its end, and keep the front of it."""
    body = b""
    while (message := await receive())["type"] == "http.request":
        body = (body + message.get("body", b""))[:_BODY_KEPT]
        if not message.get("more_body"):
            break
    return body


def _received(scope: Scope, path: bytes, call_id: str | None, body: bytes) -> ReceivedRequest:
    headers = [(name, value) for name, value in scope["headers"] if name.decode("latin-1") != _KEY_HEADER]
    query = scope.get("query_string", b"").decode("latin-1")
    return ReceivedRequest(
        scope["method"], path.decode("latin-1"), call_id, Headers(raw=headers), query, body
    )


def _success_json(call: dict[str, Any]) -> bytes:
    return to_json({"msg": "Success", "err": False, "results": call})


def _json_response(status: int, content: bytes) -> Response:
    return Response(content, status, media_type="application/json")


async def _outlasts(seconds: float, receive: Receive) -> bool:
    """Wait; False when the client goes away before the time is over."""
    try:
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return True
    return False
