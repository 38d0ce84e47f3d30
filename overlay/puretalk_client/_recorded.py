"""The lines of a recording: ``testing.Recorder`` writes them, the sandbox and ``drift`` read them."""

from __future__ import annotations

import base64
import codecs
from typing import Any, ClassVar

import msgspec

from ._core.decoding import parse_json


class RecordedResponse(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A response, on a line of its own.

    Attributes:
        puretalk_response: The version of this format.
        method: HTTP method of the request.
        path_template: The path as in the document; None if the request came from no operation of it.
        parameters: The parameters in the path.
        status: HTTP status code.
        headers: Those that matter to a client: Retry-After.
        body: The JSON text of the body, with the numbers as they were spelled.
        text: A body that is not JSON.
        base64: A body that is not UTF-8.
    """

    MARK: ClassVar[bytes] = b'{"puretalk_response":'

    puretalk_response: int = msgspec.field()
    method: str = msgspec.field()
    path_template: str | None = None
    parameters: dict[str, str] = {}
    status: int = msgspec.field()
    headers: dict[str, str] = {}
    body: msgspec.Raw = msgspec.Raw()
    text: str | None = None
    base64: str | None = None

    def __repr__(self) -> str:
        return f"<RecordedResponse {self.status}>"  # the rest may be personal

    def to_line(self) -> bytes:
        """Return the line."""
        return msgspec.json.encode(self) + b"\n"

    @classmethod
    def read(cls, line: bytes) -> RecordedResponse | None:
        """Read a line; None if it is something else.

        Raises:
            ValueError: It begins like a recorded response, but is not one.
        """
        if not line.startswith(cls.MARK):
            return None
        try:
            recorded = cls._decode(line)
            if recorded.puretalk_response == 1 and 200 <= recorded.status <= 999:
                recorded.content()
                return recorded
        except (ValueError, RecursionError):  # msgspec's errors are ValueErrors; their text may quote the line
            pass
        raise ValueError("not a recorded response")

    @classmethod
    def _decode(cls, line: bytes) -> RecordedResponse:
        try:
            return msgspec.json.decode(line, type=cls)
        except msgspec.DecodeError:
            # The body may have what the grammar allows and msgspec does not: half a surrogate pair, or 1e999.
            head, _, body = line.rstrip().partition(b',"body":')
            if not body.endswith(b"}") or not is_json(body[:-1]):
                raise
        return msgspec.structs.replace(msgspec.json.decode(head + b"}", type=cls), body=msgspec.Raw(body[:-1]))

    def content(self) -> bytes:
        """Return the body."""
        if self.base64 is not None:
            return base64.b64decode(self.base64, validate=True)
        return self.text.encode() if self.text is not None else bytes(self.body)


def body_fields(content: bytes) -> dict[str, Any]:
    """Return the field of a ``RecordedResponse`` that holds this body, which stays on one line."""
    if not content:
        return {}
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}
    if not is_json(content):
        return {"text": text}
    # In JSON, line breaks are only between tokens.
    return {"body": msgspec.Raw(content.replace(b"\n", b" ").replace(b"\r", b" "))}


def is_json(content: bytes) -> bool:
    """Whether a body is a JSON text in UTF-8."""
    if content.startswith(codecs.BOM_UTF8):
        return False
    try:
        content.decode()
        parse_json(content)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    return True
