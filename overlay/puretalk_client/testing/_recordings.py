"""Recordings of calls, on a host of their own, which must not get the API key."""

from __future__ import annotations

import array
import io
import math
import sys
import wave
from urllib.parse import quote, unquote_to_bytes

from starlette.responses import Response
from starlette.types import Scope

from ._key import has_key
from ._served_calls import error_response

IN_PROCESS = "https://recordings.sandbox.test"
"""Where recordings are for a client that reaches the sandbox in process."""

RECORDINGS_SERVER = "puretalk_client.recordings_server"
"""The ASGI extension with which ``serve`` says where recordings are: ``http://127.0.0.1`` and another port."""

_PATH = b"/recordings/"
_RATE = 8000  # as in telephony
_MAX_SECONDS = 3600.0


class Recordings:
    """The recordings of a sandbox."""

    def __init__(self) -> None:
        self._contents: dict[str, bytes] = {}

    def add(self, call_id: str, content: bytes | None, seconds: float | None) -> str:
        """Add a recording, or replace the one of the same call; return its URL for a client in process."""
        if content is not None and seconds is not None:
            raise ValueError("a recording has content or seconds")
        if content is not None and not isinstance(content, (bytes, bytearray, memoryview)):
            raise TypeError(f"content must be bytes, not {type(content).__name__}")
        self._contents[call_id] = bytes(content) if content is not None else wav(1.0 if seconds is None else seconds)
        return f"{IN_PROCESS}{_PATH.decode()}{quote(call_id, safe='')}"

    def respond(self, scope: Scope, call_id: str | None, api_key: str) -> Response:
        """Return the response to a request for a recording."""
        if has_key(scope, api_key):
            return error_response(400, "The API key was sent to the host of the recordings")
        content = self._contents.get(call_id) if call_id is not None else None
        if content is None:
            return error_response(404, "No such recording")
        if scope["method"] != "GET":
            return error_response(405, "Method not allowed")
        is_wav = content[:4] == b"RIFF"
        response = Response(content, media_type="audio/wav" if is_wav else "application/octet-stream")
        response.headers["accept-ranges"] = "none"
        return response

    def relocate(self, response: Response, scope: Scope) -> Response:
        """Let the URL of a recording lead to where the client of this request can reach it."""
        server = scope.get("extensions", {}).get(RECORDINGS_SERVER)
        if server is None or not self._contents or IN_PROCESS.encode() not in bytes(response.body):
            return response
        start = (IN_PROCESS + _PATH.decode()).encode()
        content = bytes(response.body).replace(start, server.encode() + _PATH)
        relocated = Response(content, response.status_code, media_type=response.media_type)
        relocated.headers.update({name: text for name, text in response.headers.items() if name != "content-length"})
        return relocated


def is_for_recordings(scope: Scope) -> bool:
    """Whether a request is for the host of the recordings."""
    host, port = scope.get("server") or (None, None)
    server = scope.get("extensions", {}).get(RECORDINGS_SERVER)
    if server is not None:
        return str(server).endswith(f":{port}")
    return str(host).lower() == IN_PROCESS.partition("://")[2]


def recorded_call(path: bytes) -> str | None:
    """Return the id of the call whose recording is at a percent-encoded path."""
    if not path.startswith(_PATH):
        return None
    try:
        return unquote_to_bytes(path.removeprefix(_PATH)).decode()
    except UnicodeDecodeError:
        return None


def wav(seconds: float) -> bytes:
    """Make a WAV file: a quiet tone, 8,000 samples of 16 bits in a second, one channel.

    Raises:
        ValueError: ``seconds`` is not from 0 to 3600.
    """
    if not (math.isfinite(seconds) and 0 <= seconds <= _MAX_SECONDS):
        raise ValueError(f"seconds must be from 0 to {_MAX_SECONDS:g}, not {seconds}")
    count = round(seconds * _RATE)
    # 400 Hz: a period is 20 samples.
    period = array.array("h", (round(3000 * math.sin(2 * math.pi * sample / 20)) for sample in range(20)))
    if sys.byteorder == "big":
        period.byteswap()
    frames = (period.tobytes() * (count // 20 + 1))[: 2 * count]
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(_RATE)
        writer.writeframes(frames)
    return file.getvalue()
