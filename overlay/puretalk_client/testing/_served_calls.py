"""The calls of a sandbox: what it responds to each fetch."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec
from starlette.responses import Response

from .._recorded import RecordedResponse
from ._fault import error_json, to_json
from ._lifecycle import Lifecycle
from ._traffic import running_clock, wall_time


class ServedCall(Protocol):
    """A call, and how far it has advanced."""

    def fetch(self) -> Response:
        """Return the response to a fetch."""
        ...

    def set_recording(self, url: str) -> None:
        """Let the call have its recording at this URL."""
        ...


class ScriptedCall:
    """A call that a test added: its states, and how far it has advanced."""

    def __init__(self, call_id: str, call: Mapping[str, Any], lifecycle: Lifecycle | None) -> None:
        self._call_id, self._call, self._lifecycle = call_id, dict(call), lifecycle
        self._fetches, self._first_fetch = 0, 0.0
        self._wall_start = 0.0
        self._encode()

    def fetch(self) -> Response:
        """Return the response to a fetch."""
        return json_response(200, self._next())

    def set_recording(self, url: str) -> None:
        """Let the call have its recording at this URL; with a lifecycle, when it is due."""
        self._call["call_recording_url"] = url
        if self._lifecycle is not None:
            self._lifecycle.set_recording(url)
        self._encode()

    def _next(self) -> bytes:
        if self._lifecycle is None:
            return self._responses[0]
        position: float = self._fetches
        if self._lifecycle.is_timed:
            now = running_clock() or 0.0
            if self._fetches == 0:
                self._first_fetch, self._wall_start = now, wall_time()
                self._encode()
            position = now - self._first_fetch
        self._fetches += 1
        return self._responses[max(0, bisect(self._lifecycle.starts, position) - 1)]

    def _encode(self) -> None:
        states = [self._call] if self._lifecycle is None else self._lifecycle.states(self._wall_start)
        self._responses = [_success_json({**state, "call_id": self._call_id}) for state in states]


class RecordedCall:
    """The recorded responses to the fetches of a call, in their order; the last one stays."""

    def __init__(self) -> None:
        self._responses: list[RecordedResponse] = []
        self._contents: list[bytes] = []
        self._fetches = 0

    def add(self, recorded: RecordedResponse) -> None:
        """Add the next response."""
        self._responses.append(recorded)
        self._contents.append(recorded.content())

    def fetch(self) -> Response:
        """Return the response to a fetch."""
        position = min(self._fetches, len(self._responses) - 1)
        self._fetches += 1
        recorded, content = self._responses[position], self._contents[position]
        is_json = recorded.text is None and recorded.base64 is None
        response = Response(content, recorded.status, media_type="application/json" if is_json else "text/plain")
        response.headers.update(recorded.headers)
        return response

    def set_recording(self, url: str) -> None:
        """Let the call have its recording at this URL, wherever it had one."""
        self._contents = [
            _with_recording(content, url) if 200 <= recorded.status <= 299 else content
            for recorded, content in zip(self._responses, self._contents, strict=True)
        ]


def _with_recording(content: bytes, url: str) -> bytes:
    """Replace the URL of the recording in a response; all else stays as spelled."""
    try:
        envelope = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
        call = msgspec.json.decode(envelope["results"], type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError):
        return content
    if bytes(call.get("call_recording_url", b"null")) == b"null":
        return content
    call["call_recording_url"] = msgspec.Raw(msgspec.json.encode(url))
    envelope["results"] = msgspec.Raw(msgspec.json.encode(call))
    return msgspec.json.encode(envelope)


def _success_json(call: dict[str, Any]) -> bytes:
    return to_json({"msg": "Success", "err": False, "results": call})


def json_response(status: int, content: bytes) -> Response:
    """Return a response in JSON."""
    return Response(content, status, media_type="application/json")


def error_response(status: int, message: str) -> Response:
    """Return a failure as the API describes it; for a 405, with the methods that are allowed."""
    response = json_response(status, error_json(message))
    if status == 405:
        response.headers["allow"] = "GET"
    return response
