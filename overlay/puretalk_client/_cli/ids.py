"""Ids of calls from arguments and standard input."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import sys
import threading
from collections.abc import AsyncIterator, Callable, Sequence

from .failures import UsageError

STDIN = "-"
_CHUNK = 1 << 16
_MAX_LINE = 1 << 12
"""Bytes of a line that are kept; an id has at most 256 characters."""


async def read_ids(names: Sequence[str]) -> AsyncIterator[str]:
    """Yield ids. ``-`` stands for those on standard input, one a line.

    Blanks around an id, empty lines and lines that begin with # are skipped. A line that is not UTF-8 becomes an id
    that cannot be sent, so that it counts as a failure.
    """
    for name in names:
        if name != STDIN:
            yield name
            continue
        async for line in _lines():
            text = line.decode(errors="surrogateescape").strip()
            if text and not text.startswith("#"):
                yield text


async def _lines() -> AsyncIterator[bytes]:
    buffer = getattr(sys.stdin, "buffer", None)
    if buffer is None:
        raise UsageError("Standard input is closed")
    # Unbuffered: the process could not end while a thread that holds the buffer's lock is waiting.
    source = getattr(buffer, "raw", buffer)
    rest, is_first = b"", True
    while chunk := await _in_daemon_thread(lambda: source.read(_CHUNK)):
        if is_first:
            if chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                raise UsageError("Standard input is UTF-16; ids must be UTF-8")
            chunk, is_first = chunk.removeprefix(codecs.BOM_UTF8), False
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line
        rest = rest[:_MAX_LINE]
    yield rest


async def _in_daemon_thread(read: Callable[[], bytes]) -> bytes:
    """Run a function that may wait for ever; ``asyncio.to_thread`` would keep Ctrl-C from ending the process."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[bytes] = loop.create_future()

    def finish(content: bytes, error: OSError | None) -> None:
        if not done.done():
            done.set_result(content) if error is None else done.set_exception(error)

    def work() -> None:
        content, error = b"", None
        try:
            content = read()
        except OSError as failure:
            error = failure
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(finish, content, error)

    threading.Thread(target=work, daemon=True).start()
    return await done
