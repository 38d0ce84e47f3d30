"""Keeps the API key, and what people said, out of every repr, log, exception and traceback.

Three parts: ``Secret`` holds the key; ``contain`` is the boundary that every exception of a request passes on its
way out; ``quiet_logs`` covers what HTTP libraries log meanwhile.
"""

from __future__ import annotations

import contextvars
import logging
import os
import socket
import ssl
import traceback
from pathlib import PurePath
from typing import Any, NoReturn

from ..errors import PuretalkError

MAX_EXCERPT = 500  # characters of the server's own text that an error keeps


class Secret:
    """A text that shows only where ``reveal`` is written."""

    __slots__ = ("_text",)

    def __init__(self, text: Any) -> None:
        self._text = text

    def reveal(self) -> Any:
        """Return the text."""
        return self._text

    def strike(self, text: str) -> str:
        """Return ``text`` with ``***`` in place of the secret, also where the text ends within it."""
        if not isinstance(self._text, str) or not self._text:
            return text
        text = text.replace(self._text, "***")
        for length in range(min(len(self._text), len(text)), 3, -1):
            if text.endswith(self._text[:length]):
                return text[:-length] + "***"
        return text

    def excerpt(self, text: Any) -> str | None:
        """Return what an error may repeat of a server's text: one printable, bounded line without the secret."""
        if not isinstance(text, str) or not text.strip():
            return None
        line = " ".join(self.strike(text).split())
        printable = "".join(character if character.isprintable() else "?" for character in line)
        return printable if len(printable) <= MAX_EXCERPT else printable[: MAX_EXCERPT - 1] + "…"

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


_sending: contextvars.ContextVar[bool] = contextvars.ContextVar("puretalk_sending", default=False)


class quiet_logs:  # used as a function; a generator takes three times as long
    """Let HTTP libraries log only the names of events while this lasts, in this task and those that it starts.

    At DEBUG they log headers, and pieces of malformed responses.
    """

    def __enter__(self) -> None:
        self._token = _sending.set(True)

    def __exit__(self, *exc_info: object) -> None:
        _sending.reset(self._token)


class _EventNameOnly(logging.Filter):
    """Cuts records that are made during a request down to the name of the event."""

    def filter(self, record: logging.LogRecord) -> bool:
        if _sending.get():
            record.msg = str(record.msg).partition(" ")[0]
            record.args, record.exc_info = (), None
        return True


LOGGERS = ("httpx", *(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy", "socks")))
_FILTER = _EventNameOnly()


def install_log_filters() -> None:
    """Make ``quiet_logs`` work. Called when a client is made, not at import; calling it again changes nothing."""
    for name in LOGGERS:
        logging.getLogger(name).addFilter(_FILTER)
