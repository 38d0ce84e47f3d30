"""Records the responses that a client receives."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from types import TracebackType
from typing import Self
from urllib.parse import unquote

from puretalk_generated.types import Request, basic_credentials

from .._client import AsyncPuretalk
from .._core.redaction import Secret
from .._core.retry import retry_after
from .._recorded import RecordedResponse, body_fields, is_json
from ._json_text import read_text, rewrite_json, write_text
from ._recording_file import RecorderError, RecordingFile
from ._scrubber import Scrubber

_PARAMETER = re.compile(r"\{([^{}]*)\}")


class Recorder:
    """A context manager that writes the responses of a client to a JSON Lines file.

        with Recorder(client, "calls.jsonl"):
            await client.calls.get(call_id)

    It records every response whose body arrives, failures and retried attempts included, of this client and of all
    that share its connections through ``with_options``. A line has the status, the path template with its parameters,
    Retry-After and the body. No line has a header of a request or the API key: if a body repeats the key, the line has
    ``***``. Downloads of recordings are not recorded.

    Args:
        client: The client whose responses to record.
        path: The file. Only its owner can read it. A response is on the disk when its request returns, and a crash
            leaves complete lines.
        scrub: A ``Scrubber`` that replaces personal data; True for ``Scrubber()``, or False to write responses as
            received.
        append: Write after the lines that the file has. Invented ids differ from those in the file, unless another
            process appends at the same time.
        overwrite: Replace the content of the file.

    Attributes:
        responses: Number of responses recorded.

    Raises:
        RecorderError: On entering the block: the file exists, or the client has a recorder. On leaving it: a response
            could not be written. A request never fails because of the recording.
        OSError: On entering the block: the file cannot be opened.
        ValueError: ``append`` and ``overwrite`` are both true.
        TypeError: ``scrub`` is not a ``Scrubber`` or a bool.
    """

    def __init__(
        self,
        client: AsyncPuretalk,
        path: str | os.PathLike[str],
        *,
        scrub: Scrubber | bool = True,
        append: bool = False,
        overwrite: bool = False,
    ) -> None:
        if append and overwrite:
            raise ValueError("append and overwrite exclude each other")
        if not isinstance(scrub, (Scrubber, bool)):
            raise TypeError(f"scrub must be a Scrubber, True or False, not {type(scrub).__name__}")
        self.responses: int = 0
        self._pool = client._sender.pool
        self._path, self._append, self._overwrite = os.fspath(path), append, overwrite
        self._scrubber = Scrubber() if scrub is True else scrub or None
        self._file: RecordingFile | None = None
        self._failure: str | None = None

    def __repr__(self) -> str:
        return f"<Recorder responses={self.responses}>"

    def __enter__(self) -> Self:
        if self._pool.on_response is not None:
            raise RecorderError("The client has a recorder already")
        self._file = RecordingFile(self._path, append=self._append, overwrite=self._overwrite)
        if self._scrubber is not None:
            self._scrubber.reserve_ids(self._file.known_ids)
        self._pool.on_response = self._record
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._pool.on_response = None
        if self._file is not None:
            self._file.close()
            self._file = None
        failure, self._failure = self._failure, None
        if failure is not None and error is None:
            raise RecorderError(f"{self._path} lacks responses after the first {self.responses}: {failure}")

    def _record(
        self, request: Request, status: int, headers: Mapping[str, str], content: bytes, secret: Secret
    ) -> None:
        if self._failure is not None or self._file is None:
            return
        try:
            seconds = retry_after(headers, self._pool.clock.wall())
            recorded = RecordedResponse(
                puretalk_response=1,
                method=request.method,
                path_template=request.path_template,
                parameters=self._parameters(request, secret),
                status=status,
                headers={} if seconds is None else {"Retry-After": str(math.ceil(seconds))},
                **body_fields(self._body(content, secret)),
            )
            self._file.write(recorded.to_line())
            self.responses += 1
        except OSError as error:
            self._failure = error.strerror or type(error).__name__
        except Exception as error:  # its text may quote anything
            self._failure = type(error).__name__

    def _parameters(self, request: Request, secret: Secret) -> dict[str, str]:
        template = request.path_template or ""
        pattern = "([^/]*)".join(map(re.escape, _PARAMETER.split(template)[::2]))
        found = re.fullmatch(pattern, request.path)
        values = [_strike(unquote(value), secret) for value in found.groups()] if found else []
        if self._scrubber is not None:
            values = [self._scrubber.scrub_id(value) for value in values]
        return dict(zip(_PARAMETER.findall(template), values, strict=False))

    def _body(self, content: bytes, secret: Secret) -> bytes:
        content = _strike_body(content, secret)
        return content if self._scrubber is None else self._scrubber.scrub_body(content)


def _strike_body(content: bytes, secret: Secret) -> bytes:
    """Replace the API key where a body repeats it."""
    text = content.decode(errors="surrogateescape")
    if not is_json(content):
        return _strike(text, secret).encode(errors="surrogateescape")
    if "\\" not in text and _strike(text, secret) == text:
        return content
    is_long = len(secret.reveal()) >= _MIN_KEY

    def name(_: object, name: str) -> str:
        return _strike(name, secret) if is_long else name

    def value(_: object, token: str) -> str:
        if token.startswith('"'):
            text = read_text(token)
            return token if (struck := _strike(text, secret)) == text else write_text(struck)
        return "0" if is_long and _strike(token, secret) != token else token

    return rewrite_json(text, name, value).encode()


def _strike(text: str, secret: Secret) -> str:
    """Replace the API key; unlike in an error, what only ends as the key begins is not the key."""
    key = secret.reveal()
    if not key or not (key.lower() in unquote(unquote(text)).lower() or basic_credentials(key) in text):
        return text
    return secret.strike(text)


_MIN_KEY = 8
"""Characters from which on a key is also looked for in names and numbers; a shorter one is that of a test."""
