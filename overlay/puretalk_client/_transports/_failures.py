"""What HTTP libraries raise and log, made safe to show."""

from __future__ import annotations

import contextlib
import contextvars
import logging
from collections.abc import Iterator

import httpx


def chain(error: BaseException) -> list[BaseException]:
    """List an exception with its causes and contexts, each once."""
    found: list[BaseException] = []
    pending: list[BaseException | None] = [error]
    while pending:
        link = pending.pop()
        if link is not None and all(link is not other for other in found):
            found.append(link)
            pending += [link.__cause__, link.__context__]
    return found


def without_secrets(error: Exception) -> Exception:
    """Take off an exception what leads to a header or a body.

    That is the frames of its traceback, the request that httpx keeps with it, and the text of errors that may
    quote what was read. What the operating system and TLS say stays.

    Returns:
        The exception; or one that only names it, where its attributes hold headers or bytes (aiohttp's do).
    """
    for link in chain(error):
        if type(link).__module__.startswith("aiohttp") and not isinstance(link, OSError):
            return ConnectionError(type(error).__name__)
        link.__traceback__ = None
        if isinstance(link, httpx.RequestError):
            link._request = None
        if not isinstance(link, (OSError, httpx.NetworkError, httpx.TimeoutException, httpx.ProxyError)):
            link.args = ()
    return error


_sending: contextvars.ContextVar[bool] = contextvars.ContextVar("puretalk_sending", default=False)


@contextlib.contextmanager
def quiet_logs() -> Iterator[None]:
    """While this lasts, HTTP libraries log what they do in this task, but not with what.

    At DEBUG they log the headers of answers and pieces of broken ones.
    """
    token = _sending.set(True)
    try:
        yield
    finally:
        _sending.reset(token)


class _NameOnly(logging.Filter):
    """Cuts records that are made on our behalf down to the name of the event."""

    def filter(self, record: logging.LogRecord) -> bool:
        if _sending.get():
            record.msg = str(record.msg).partition(" ")[0]
            record.args, record.exc_info = (), None
        return True


LOGGERS = ("httpx", *(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy", "socks")))

for _name in LOGGERS:
    logging.getLogger(_name).addFilter(_NameOnly())
