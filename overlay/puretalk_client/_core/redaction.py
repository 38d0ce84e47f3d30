"""Keeps the API key, and what people said, out of every repr, log, exception and traceback.

Three parts: ``Secret`` holds the key; ``contain`` is the boundary that every exception of a request passes on its
way out; ``quiet_logs`` covers what HTTP libraries log meanwhile.
"""

from __future__ import annotations

import contextvars
import logging
import os
import re
import socket
import ssl
import traceback
from pathlib import PurePath
from typing import Any, NoReturn
from urllib.parse import unquote

from puretalk_generated.types import basic_credentials

from ..errors import PuretalkError

MAX_EXCERPT = 500  # characters of the server's own text that an error keeps
MAX_TEXT = 4000  # characters of it that are looked at


class Secret:
    """A text that shows only where ``reveal`` is written."""

    __slots__ = ("_text",)

    def __init__(self, text: Any) -> None:
        self._text = text

    def reveal(self) -> Any:
        """Return the text."""
        return self._text

    def strike(self, text: str) -> str:
        """Return ``text`` with ``***`` in place of the secret.

        In any case, percent-encoded, as credentials of HTTP Basic, or cut off at the end.
        """
        if not isinstance(self._text, str) or not self._text:
            return text
        text = text.replace(basic_credentials(self._text), "***")
        secret = self._text.lower()
        once, twice = unquote(text), unquote(unquote(text))  # a proxy may have encoded what was encoded before
        text = next((decoded for decoded in (once, twice) if secret in decoded.lower()), text)
        text = re.sub(re.escape(secret), "***", text, flags=re.IGNORECASE)
        for length in range(min(len(secret), len(text)), 3, -1):
            if text.lower().endswith(secret[:length]):
                return text[:-length] + "***"
        return text

    def excerpt(self, text: Any) -> str | None:
        """Return what an error may repeat of a server's text: one printable, bounded line without the secret."""
        if not isinstance(text, str) or not text.strip():
            return None
        line = " ".join(text[:MAX_TEXT].split())
        # Characters that are not printable go first: a zero-width space within the secret would hide it.
        line = self.strike("".join(filter(str.isprintable, line)))
        if not line:
            return None
        return line if len(line) <= MAX_EXCERPT else line[: MAX_EXCERPT - 1] + "…"

    def __repr__(self) -> str:
        return "Secret('***')"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret cannot be pickled")


def contain(error: BaseException, *, also: tuple[type[Exception], ...] = ()) -> BaseException:
    """Return the exception that may leave a request in place of ``error``.

    The frames below a request hold headers and bodies in their locals, and so do those of the exceptions that were
    handled there. Errors of this package, of the types in ``also``, and what is not an Exception, such as a
    cancellation, pass without them. Anything else is a defect: only its type and its place in the code remain.
    """
    if isinstance(error, Exception) and not isinstance(error, (PuretalkError, *also)):
        place = traceback.extract_tb(error.__traceback__)[-1:]
        where = "".join(f" in {PurePath(frame.filename).name}:{frame.lineno}" for frame in place)
        error = PuretalkError(f"Unexpected {type(error).__name__}{where}; please report this")
    elif not isinstance(error, PuretalkError):
        error.__cause__ = None
    error.__context__ = None
    return error.with_traceback(None)


def chain(error: BaseException) -> list[BaseException]:
    """List an exception with its causes, its contexts and the members of groups, each once."""
    found: list[BaseException] = []
    pending: list[BaseException | None] = [error]
    while pending:
        link = pending.pop(0)
        if link is not None and all(link is not other for other in found):
            found.append(link)
            pending += [link.__cause__, link.__context__]
            pending += link.exceptions if isinstance(link, BaseExceptionGroup) else ()
    return found


def reason(error: BaseException) -> Exception | None:
    """Return why a connection failed, in the words of the operating system, of OpenSSL or of an import.

    A new exception: those of HTTP libraries hold requests and responses, and their text may quote either.
    """
    links = chain(error)
    if tls := [link for link in links if isinstance(link, ssl.SSLError)]:
        # Those of aiohttp inherit from those of ssl, but lack their attributes.
        if texts := [text for link in tls if (text := getattr(link, "verify_message", None))]:
            return ssl.SSLCertVerificationError(1, f"certificate verify failed: {texts[0]}")
        names = [name for link in tls if (name := getattr(link, "reason", None))]
        return ssl.SSLError(1, names[0].replace("_", " ").lower() if names else "no reason given")
    for link in links:
        if isinstance(link, socket.gaierror):
            return socket.gaierror(link.errno or socket.EAI_FAIL, link.strerror or "the name does not resolve")
        if isinstance(link, ImportError):
            return ImportError(*link.args)
    for link in links:
        if isinstance(link, OSError) and link.errno is not None and link.errno > 0:
            return OSError(link.errno, os.strerror(link.errno))
    return None


def words(cause: Exception | None) -> str:
    """Return the text of what ``reason`` returned, to follow a colon."""
    if cause is None:
        return "no reason given"
    text = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)
    return text[:1].lower() + text[1:]


LIBRARIES = frozenset(
    {
        *("httpx", "httpx2", "httpcore", "httpcore2", "h11", "h2", "hpack", "hyperframe", "socksio", "anyio"),
        *("aiohttp", "aiohappyeyeballs", "yarl"),
    }
)
"""Roots of the loggers below which HTTP libraries may log a request."""

SHARED_STATE = "hpack"
"""Root of the loggers that show headers of earlier requests: the header table belongs to a connection of HTTP/2.

Another request of an external client, which is none of ours, may evict the API key from it (hpack 4.2.0)."""

_sending: contextvars.ContextVar[bool] = contextvars.ContextVar("puretalk_sending", default=False)


class quiet_logs:  # used as a function; a generator takes three times as long
    """Let HTTP libraries log only the names of events while this lasts, in this task and those that it starts.

    At DEBUG they log headers, and pieces of malformed responses.
    """

    def __enter__(self) -> None:
        self._token = _sending.set(True)

    def __exit__(self, *exc_info: object) -> None:
        _sending.reset(self._token)


def install_log_filters() -> None:
    """Make ``quiet_logs`` work. Called when a client is made, not at import; calling it again changes nothing.

    Filters of loggers would miss those that do not exist yet: httpx imports h2 with the first client that uses
    HTTP/2. The factory of log records sees the records of all loggers. Where an application replaced it without
    calling the one before, the next client wraps it again.
    """
    make = logging.getLogRecordFactory()
    probe = make(SHARED_STATE, logging.DEBUG, "", 0, "event text", (), None)
    if probe.msg == "event text":
        logging.setLogRecordFactory(lambda *args, **kwargs: _keep_event_name(make(*args, **kwargs)))


def _keep_event_name(record: logging.LogRecord) -> logging.LogRecord:
    """Cut a record that an HTTP library makes during a request down to the name of the event."""
    root = str(record.name).partition(".")[0]  # logging.makeLogRecord makes records without a name
    if root == SHARED_STATE or (root in LIBRARIES and _sending.get()):
        record.msg = str(record.msg).partition(" ")[0]
        record.args, record.exc_info, record.exc_text = (), None, None
    return record
